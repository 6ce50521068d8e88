"""What the tests share: the chance of a false alarm, the least support, exact ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv

if TYPE_CHECKING:
    from toolkit.analysis.cells import Floats

__all__ = ["ERROR", "NO_AREA", "SUPPORT", "exact", "percent"]

ERROR = 0.05 / 3
"""Chance of a false alarm from each of the three kinds of test: levels, areas, instants."""
SUPPORT = 10
"""Leads (accounts, where known) without which nothing is said."""
NO_AREA = (float("nan"), float("nan"), float("nan"))


def exact(hits: Floats, n: Floats, error: float) -> tuple[Floats, Floats]:
    """Clopper-Pearson ends, `error` on each side; 0 to 1 without leads. Counts may be fractions."""
    some, others = np.maximum(hits, 1e-300), np.maximum(n - hits, 1e-300)
    low = np.where(hits > 0, betaincinv(some, n - hits + 1, error), 0.0)
    high = np.where(n - hits > 0, betaincinv(hits + 1, others, 1 - error), 1.0)
    return low, high


def percent(part: int, whole: int) -> str:
    """A rate that is not 0 or 1 is not shown as 0% or 100%."""
    if whole == 0:
        return "none"
    share = part / whole
    digits = next((d for d in range(6) if 0 < round(share, d + 2) < 1), 0)
    return f"{share:.{digits}%}"
