"""Where each score level stands among the other class, and intervals made from that."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from toolkit.analysis.cells import MOST_UNWORKED, Cells, Floats, Ints, Pairs, suffix_sum
from toolkit.analysis.intervals import FEW
from toolkit.analysis.student import ALONE, student_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Placements",
    "class_carriers",
    "influence",
    "logit_interval",
    "no_area",
    "no_spread",
    "placements",
    "quantile",
    "selected",
]


@dataclass(frozen=True, slots=True)
class Placements:
    """Where each level stands among the other class, less the mean of that (which is the AUC)."""

    area: float
    perfect: bool
    of_converted: Floats
    of_not_converted: Floats
    positives: int
    negatives: int


def placements(cells: Cells) -> Placements:
    """Area and placements; needs at least one lead of each class."""
    hits, misses = cells.converted, cells.not_converted
    positives, negatives = int(hits.sum()), int(misses.sum())
    lower_misses = np.cumsum(misses) - misses
    higher_hits = suffix_sum(hits)[1:]
    # Python integers: the product of two large classes does not fit 64 bits.
    twice = sum(
        h * (2 * below + here)
        for h, below, here in zip(
            hits.tolist(), lower_misses.tolist(), misses.tolist(), strict=True
        )
    )
    area = twice / (2 * positives * negatives)
    return Placements(
        area=area,
        perfect=twice in (0, 2 * positives * negatives),
        of_converted=(lower_misses + misses / 2) / negatives - area,
        of_not_converted=(higher_hits + hits / 2) / positives - area,
        positives=positives,
        negatives=negatives,
    )


def influence(places: Placements, level: Ints, hit: NDArray[np.bool_]) -> Floats:
    """What one lead at a level adds to the error of the area (before the factors of classes)."""
    converted = places.of_converted[level] / places.positives
    return np.where(hit, converted, places.of_not_converted[level] / places.negatives)


def no_area(cells: Cells) -> str | None:
    """Why these leads have no ranking to measure; None where they have."""
    positives, negatives = int(cells.converted.sum()), int(cells.not_converted.sum())
    if positives + negatives == 0:
        return "no judged leads"
    if positives == 0:
        return f"none of {negatives} judged leads converted"
    if negatives == 0:
        return f"all of {positives} judged leads converted"
    if np.count_nonzero(cells.judged) == 1:
        return "all judged leads have the same score"
    return None


def selected(unworked_share: float) -> str | None:
    """Whose ranking it is, where many leads were never worked."""
    if unworked_share <= MOST_UNWORKED:
        return None
    return f"judged leads only: {unworked_share:.0%} of mature leads were never worked"


def no_spread(cells: Cells) -> str:
    """Say why there is an estimate but no interval."""
    unit = "lead" if cells.pairs is None else "account"
    return f"no interval: one {unit} alone carries a class, or the {unit}s show no variation"


def class_carriers(cells: Cells) -> Floats:
    """Independent leads (or equal accounts) behind the converted and the not converted leads."""
    n = np.array([cells.converted.sum(), cells.not_converted.sum()], dtype=np.float64)
    if cells.pairs is None:
        return n
    return n**2 / np.maximum(_squares(cells.pairs), 1)  # no lead of a class is no account of it


def _squares(pairs: Pairs) -> Floats:
    """Sum of squared account sizes, of converted and of not converted leads."""
    return np.array([pairs.n[(pairs.a_hit == hit) & (pairs.b_hit == hit)].sum() for hit in (1, 0)])


def quantile(carriers: Floats, side: float, *, accounts: bool) -> tuple[float, str | None]:
    """z, or t where the smaller class comes from fewer than 40 leads (or equal accounts)."""
    fewest = float(carriers.min())
    if fewest >= FEW:
        return float(student_quantile(fewest, side)), None
    unit = "accounts of equal size" if accounts else "leads"
    which = "converted leads" if carriers[0] <= carriers[1] else "leads that did not convert"
    if fewest <= ALONE:
        return nan, f"no interval: the {which} all belong to one account"
    reason = f"few cases: the {which} weigh as much as {fewest:.0f} {unit}; t interval"
    return float(student_quantile(fewest, side)), reason


def logit_interval(
    estimate: float, error: float, cells: Cells, side: float, *, most: float = 1.0
) -> tuple[float, float, str | None]:
    """Interval of a number between 0 and `most` that is symmetric on the logit scale.

    Source: Pepe (2003).
    """
    if isnan(error) or error <= 0 or not 0 < estimate < most:
        return nan, nan, no_spread(cells)
    factor, reason = quantile(class_carriers(cells), side, accounts=cells.pairs is not None)
    if isnan(factor):
        return nan, nan, reason
    share = estimate / most
    step = factor * error / most / (share * (1 - share))
    middle = float(logit(share))
    return most * float(expit(middle - step)), most * float(expit(middle + step)), reason
