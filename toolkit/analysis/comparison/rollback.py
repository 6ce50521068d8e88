"""When to return to the old points, agreed before they are changed; and what that rule would see."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
from scipy.special import bdtr

from toolkit.analysis.intervals import wilson_interval
from toolkit.analysis.rates import Rate

__all__ = ["rollback_power", "rolls_back", "seen_rate"]

POWER = 0.8


def rolls_back(before: Rate, after: Rate) -> bool:
    """Whether the new points go: the interval of their rate lies below that of the rate before.

    Rates are of judged leads that were handed over, intervals over accounts where known. An
    interval that is not known sends nothing back.

    >>> def shown(low, high):
    ...     return Rate((low + high) / 2, low, high, 20, 100, 100.0, "Wilson", None)
    >>> rolls_back(shown(0.2, 0.4), shown(0.05, 0.19)), rolls_back(shown(0.2, 0.4), shown(0.1, 0.3))
    (True, False)
    """
    return after.high < before.low


def rollback_power(before: Rate, *, leads: float, rate: float) -> float:
    """Chance that so many judged leads with this true rate send the new points back.

    Leads are worth as much as those before (n_effective / n). The old interval is taken as it is:
    P(X <= k), X binomial on the effective number, k the largest with an upper Wilson end below the
    old lower end. NaN where there was no rate, or no lead comes.

    >>> before = Rate(0.4, 0.309, 0.498, 40, 100, 100.0, "Wilson", None)
    >>> round(rollback_power(before, leads=10, rate=0.1), 3)  # none of 10: its upper end is 0.278
    0.349
    """
    if isnan(before.low) or not before.n or not leads > 0:
        return nan
    n = max(round(leads * before.n_effective / before.n), 1)
    _, high = wilson_interval(np.arange(n + 1), n, confidence=before.confidence)
    below = int((high < before.low).sum())
    return float(bdtr(below - 1, n, rate)) if below else 0.0


def seen_rate(before: Rate, *, leads: float) -> float:
    """Give the highest true rate that is sent back with probability 0.8, to a tenth of a percent.

    NaN where even a rate of 0 is not.

    >>> before = Rate(0.4, 0.309, 0.498, 40, 100, 100.0, "Wilson", None)
    >>> seen_rate(before, leads=10)
    0.022
    """
    rates = np.arange(0, 1000) / 1000
    found = [r for r in rates if rollback_power(before, leads=leads, rate=float(r)) >= POWER]
    return float(max(found, default=nan))
