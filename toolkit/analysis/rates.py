"""One conversion rate with its interval, and the difference of two."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, isnan, nan
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.cells import MOST_UNWORKED, Floats, Ints, read_cells
from toolkit.analysis.intervals import (
    FEW,
    Family,
    RateArrays,
    group_family,
    precision_family,
    rate_arrays,
    tail,
)
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from toolkit.counts import ScoreCounts

__all__ = [
    "Difference",
    "Rate",
    "few_accounts",
    "rate",
    "rate_difference",
    "rate_reasons",
    "with_unworked",
]


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate of judged leads; NaN with a reason where there is none."""

    estimate: float
    low: float
    high: float
    positives: int
    n: int
    n_effective: float
    """Independent leads that would give an interval of this width."""
    method: str
    reason: str | None
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two rates, first minus second."""

    estimate: float
    low: float
    high: float
    reason: str | None


def rate(
    counts: ScoreCounts,
    *,
    at_least: int | None = None,
    below: int | None = None,
    confidence: float = 0.95,
) -> Rate:
    """Conversion rate of judged leads with `at_least <= score < below`.

    The denominator is every lead that sales worked and whose outcome window has closed. Wilson
    interval; where accounts are known it rests on the effective number of leads, because leads of
    one account tend to share their fate. Source: Wilson (1927); Korn and Graubard (1998).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> found = rate(counts, at_least=60)
    >>> found.positives, found.n, found.estimate
    (4, 10, 0.4)
    >>> round(found.low, 4), round(found.high, 4)
    (0.1682, 0.6873)
    """
    cells = read_cells(counts)
    inside = np.ones(len(cells.levels), dtype=np.bool_)
    if at_least is not None:
        inside &= cells.levels >= at_least
    if below is not None:
        inside &= cells.levels < below
    family = group_family(cells, np.where(inside, 0, -1), 1)
    rates = rate_arrays(family, confidence=confidence, pool=precision_family(cells))
    unworked = np.array([cells.unworked[inside].sum()])
    reasons = with_unworked(rate_reasons(family.n, rates), family.n, unworked)
    return _one_rate(family, rates, reasons[0], confidence)


def _one_rate(family: Family, rates: RateArrays, reason: str | None, confidence: float) -> Rate:
    return Rate(
        estimate=float(rates.estimate[0]),
        low=float(rates.low[0]),
        high=float(rates.high[0]),
        positives=int(family.hits[0]),
        n=int(family.n[0]),
        n_effective=float(rates.n_effective[0]),
        method="Wilson" if family.accounts is None else "Wilson on the effective n (accounts)",
        reason=reason,
        confidence=confidence,
    )


def rate_reasons(
    n: Floats, rates: RateArrays, *, nobody: str = "no judged leads"
) -> list[str | None]:
    """Why a rate is NaN, or what a reader of its interval must know; None where nothing is.

    `nobody` says that the denominator is empty.
    """
    if rates.equal_accounts is None:
        return [None if size > 0 else nobody for size in n]
    return [
        nobody if size <= 0 else few_accounts(accounts, size)
        for size, accounts in zip(n, rates.equal_accounts, strict=True)
    ]


def with_unworked(reasons: list[str | None], n: Floats, unworked: Ints) -> list[str | None]:
    """Add whose rate it is not: unworked leads may differ, whatever the interval says."""
    mature = np.maximum(n + unworked, 1)
    notes = [
        f"judged leads only: {left / all_:.0%} of the leads old enough to judge were never worked"
        if size > 0 and left > MOST_UNWORKED * all_
        else None
        for left, all_, size in zip(unworked, mature, n, strict=True)
    ]
    return [
        "; ".join(part for part in parts if part) or None
        for parts in zip(reasons, notes, strict=True)
    ]


def few_accounts(equal_accounts: float, n: float) -> str | None:
    """Word that leads come from few accounts; None where there are enough."""
    if equal_accounts >= FEW or equal_accounts > 0.9 * n:
        return None
    return (
        f"few accounts: these {n:.0f} leads weigh as much as {equal_accounts:.1f} accounts "
        "of equal size"
    )


def rate_difference(a: Rate, b: Rate, *, confidence: float = 0.95) -> Difference:
    """Difference `a - b` of the rates of two groups of leads that share no lead.

    Hybrid score interval: the distances from each estimate to its own ends, added as squares. Where
    both groups hold leads of the same accounts the interval is, if anything, too wide. Raises
    QuestionError when a rate was made at another confidence. Source: Newcombe (1998), method 10.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> found = rate_difference(rate(counts, at_least=60), rate(counts, below=60))
    >>> round(found.estimate, 4), round(found.low, 4), round(found.high, 4)
    (0.3, -0.0824, 0.5988)
    """
    tail(confidence)
    if {a.confidence, b.confidence} != {confidence}:
        raise QuestionError(
            f"the rates were made at confidence {a.confidence} and {b.confidence}, the difference "
            f"is asked at {confidence}: make all three with the same confidence"
        )
    if isnan(a.estimate) or isnan(b.estimate):
        return Difference(nan, nan, nan, a.reason if isnan(a.estimate) else b.reason)
    middle = a.estimate - b.estimate
    low = middle - hypot(a.estimate - a.low, b.high - b.estimate)
    high = middle + hypot(a.high - a.estimate, b.estimate - b.low)
    return Difference(middle, max(low, -1.0), min(high, 1.0), a.reason or b.reason)
