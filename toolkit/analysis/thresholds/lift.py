"""How many times as often the leads at or above a threshold convert as all judged leads do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.cells import suffix_sum
from toolkit.analysis.intervals import account_factor, precision_family, ratio, tail
from toolkit.analysis.student import ALONE, student_quantile

if TYPE_CHECKING:
    from toolkit.analysis.cells import Cells, Floats, Ints
    from toolkit.analysis.intervals import Family

__all__ = ["Lifts", "lifts"]

_NONE = 1e-18
"""A relative variance that is rounding."""


@dataclass(frozen=True, slots=True)
class Lifts:
    """Precision / conversion rate of all judged leads, threshold by threshold."""

    estimate: Floats
    low: Floats
    high: Floats
    reason: list[str | None]
    """Why there is no interval; None where there is one, or no judged lead."""


def lifts(cells: Cells, at: Ints, confidence: float) -> Lifts:
    """Lift at these places of the levels, with an interval that is symmetric on the log scale.

    Var(log lift) = Var(p)/p^2 + Var(base)/base^2 - 2 Cov(p, base)/(p base); z, or over accounts t on
    the equal accounts at or above the threshold, or of all judged leads where these are fewer. At
    p = 0 or 1 the leads above show no variance: no interval. All leads together have a lift of 1. Source: Katz et al. (1978); Kish (1965)
    for the equal accounts.
    """
    family = precision_family(cells)
    p, base = family.share, family.share[0]
    variance = family.variance()
    relative = ratio(variance, p**2) + ratio(variance[0], base**2)
    relative -= 2 * ratio(_with_base(cells, family), p * base)
    equal = np.minimum(family.freedom, family.freedom[0])
    wide = student_quantile(equal, tail(confidence)) * np.sqrt(np.maximum(relative, 0.0))
    mixed = (family.hits > 0) & (family.misses > 0)
    moved = (relative > _NONE) | (family.n == family.n[0])
    with np.errstate(over="ignore"):
        step = np.where(mixed & moved, np.exp(wide), np.nan)[at]
    lift = ratio(p, base)[at]
    high = np.where(np.isinf(step), np.nan, lift * step)
    reasons = [_reason(*row) for row in zip(family.n, equal, mixed, moved, strict=True)]
    return Lifts(lift, lift / step, high, [reasons[place] for place in at])


def _reason(n: float, equal: float, mixed: bool, moved: bool) -> str | None:  # noqa: FBT001 - columns of a row
    if n == 0:
        return None
    if not mixed:
        return "no interval of lift: all leads at or above have the same outcome"
    if equal <= ALONE:
        return "no interval of lift: one account is all there is"
    return None if moved else "no interval of lift: the accounts show no variation"


def _with_base(cells: Cells, above: Family) -> Floats:
    """Covariance of precision at each level with the conversion rate of all judged leads."""
    base, total = above.share[0], above.n[0]
    if cells.pairs is None:
        hit, miss = above.hits * (1 - base), -above.misses * base
    else:
        pairs, size = cells.pairs, len(cells.levels)
        value = pairs.n * (pairs.b_hit - base)
        hit, miss = (
            suffix_sum(np.bincount(pairs.a[used], weights=value[used], minlength=size))
            for used in (pairs.a_hit, ~pairs.a_hit)
        )
    p = above.share
    return ratio((1 - p) * hit - p * miss, above.n * total) * account_factor(above.accounts)
