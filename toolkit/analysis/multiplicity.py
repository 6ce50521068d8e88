"""p-values adjusted for looking at many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from toolkit.analysis.cells import Floats

__all__ = ["benjamini_hochberg", "holm"]


def holm(p_values: ArrayLike) -> Floats:
    """Adjust so that the chance of any wrong rejection stays below the level; NaN stays NaN.

    The i-th smallest of m is multiplied by m - i + 1, and no smaller than the one before it.
    Source: Holm (1979).

    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    return _adjusted(p_values, lambda p: np.maximum.accumulate(p * np.arange(len(p), 0, -1)))


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjust so that the expected share of wrong rejections stays below the level; NaN stays NaN.

    The i-th smallest of m is multiplied by m / i, and no larger than the one after it. For
    exploring, not for deciding. Source: Benjamini and Hochberg (1995).

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    return _adjusted(
        p_values,
        lambda p: np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1],
    )


def _adjusted(p_values: ArrayLike, rule: Callable[[Floats], Floats]) -> Floats:
    given = np.asarray(p_values, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(given[known], kind="stable")]
    out = np.full(given.shape, np.nan)
    out[order] = np.minimum(rule(given[order]), 1.0)
    return out
