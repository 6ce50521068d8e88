"""Does a higher score mean a likelier conversion? Ranking statistics of judged leads."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri, stdtrit

from toolkit.analysis.cells import MOST_UNWORKED, Cells, Floats, Ints, Pairs, read_cells, suffix_sum
from toolkit.analysis.intervals import FEW, tail

if TYPE_CHECKING:
    from toolkit.counts import ScoreCounts

__all__ = ["Auc", "auc", "gains_table"]


@dataclass(frozen=True, slots=True)
class Auc:
    """How often a converted lead outscored one that did not convert, ties counting half."""

    estimate: float
    low: float
    high: float
    standard_error: float
    positives: int
    negatives: int
    method: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class _Placements:
    """Where each level stands among the other class, less the mean of that (which is the AUC)."""

    area: float
    perfect: bool
    of_converted: Floats
    of_not_converted: Floats
    positives: int
    negatives: int


def auc(counts: ScoreCounts, *, confidence: float = 0.95) -> Auc:
    """Area under the ROC curve of the score among judged leads, ties counting half.

    The probability that a converted lead, drawn at random, scores higher than a judged lead that
    did not convert. Variance: DeLong, or Obuchowski's where accounts are known; interval on the
    logit scale. At 0 and 1 one end is exact: all of m independent pairs agree with probability
    at most A^m, so A >= (tail probability)^(1/m).

    NaN with a reason for an empty class or a single score. Source: DeLong, DeLong and
    Clarke-Pearson (1988); Obuchowski (1997); Pepe (2003) for the logit interval.
    """
    cells = read_cells(counts)
    side = tail(confidence)
    method = "DeLong" if cells.pairs is None else "Obuchowski (accounts)"
    positives, negatives = int(cells.converted.sum()), int(cells.not_converted.sum())
    reason = _no_area(cells, positives, negatives)
    if reason is not None:
        return Auc(nan, nan, nan, nan, positives, negatives, method, reason)
    places = _placements(cells, positives, negatives)
    error = _standard_error(cells, places)
    low, high, note = _interval(cells, places, error, side)
    reason = "; ".join(part for part in (_selected(cells), note) if part) or None
    return Auc(places.area, low, high, error, positives, negatives, method, reason)


def _no_area(cells: Cells, positives: int, negatives: int) -> str | None:
    if positives + negatives == 0:
        return "no judged leads"
    if positives == 0:
        return f"none of {negatives} judged leads converted"
    if negatives == 0:
        return f"all of {positives} judged leads converted"
    if np.count_nonzero(cells.judged) == 1:
        return "all judged leads have the same score"
    return None


def _selected(cells: Cells) -> str | None:
    if cells.unworked_share <= MOST_UNWORKED:
        return None
    return f"judged leads only: {cells.unworked_share:.0%} of mature leads were never worked"


def _placements(cells: Cells, positives: int, negatives: int) -> _Placements:
    hits, misses = cells.converted, cells.not_converted
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
    return _Placements(
        area=area,
        perfect=twice in (0, 2 * positives * negatives),
        of_converted=(lower_misses + misses / 2) / negatives - area,
        of_not_converted=(higher_hits + hits / 2) / positives - area,
        positives=positives,
        negatives=negatives,
    )


def _standard_error(cells: Cells, places: _Placements) -> float:
    if places.perfect:
        return nan
    pairs = cells.pairs
    variance = _delong(cells, places) if pairs is None else _obuchowski(pairs, places)
    return float(np.sqrt(variance)) if variance > 0 else nan


def _delong(cells: Cells, places: _Placements) -> float:
    n1, n0 = places.positives, places.negatives
    if n1 == 1 or n0 == 1:
        return nan
    hit = np.sum(cells.converted / n1 * places.of_converted**2) / (n1 - 1)
    miss = np.sum(cells.not_converted / n0 * places.of_not_converted**2) / (n0 - 1)
    return float(hit + miss)


def _obuchowski(pairs: Pairs, places: _Placements) -> float:
    if pairs.converted <= 1 or pairs.not_converted <= 1:
        return nan
    by_account = {
        (a, b): _products(pairs, places, a_hit=a, b_hit=b)
        for a, b in ((True, True), (True, False), (False, False))
    }
    return (
        pairs.converted / (pairs.converted - 1) * by_account[True, True]
        + pairs.not_converted / (pairs.not_converted - 1) * by_account[False, False]
        + 2 * pairs.judged / (pairs.judged - 1) * by_account[True, False]
    )


def _products(pairs: Pairs, places: _Placements, *, a_hit: bool, b_hit: bool) -> float:
    used = (pairs.a_hit == a_hit) & (pairs.b_hit == b_hit)
    a = _influence(places, pairs.a[used], hit=a_hit)
    b = _influence(places, pairs.b[used], hit=b_hit)
    return float(np.sum(pairs.n[used] * a * b))


def _influence(places: _Placements, level: Ints, *, hit: bool) -> Floats:
    if hit:
        return places.of_converted[level] / places.positives
    return places.of_not_converted[level] / places.negatives


def _interval(
    cells: Cells, places: _Placements, error: float, side: float
) -> tuple[float, float, str | None]:
    if places.perfect:
        return _exact_interval(cells, places, side)
    if isnan(error):
        return nan, nan, _no_error(cells)
    quantile, reason = _quantile(cells, places, side)
    if isnan(quantile):
        return nan, nan, reason
    step = quantile * error / (places.area * (1 - places.area))
    middle = float(logit(places.area))
    return float(expit(middle - step)), float(expit(middle + step)), reason


def _exact_interval(
    cells: Cells, places: _Placements, side: float
) -> tuple[float, float, str | None]:
    pairs = _independent_pairs(cells, places)
    if pairs == 0:
        return nan, nan, "all judged leads belong to one account"
    bound = side ** (1 / pairs)
    if places.area == 1:
        return bound, 1.0, f"the score separates the two classes: exact bound from {pairs} pairs"
    return 0.0, 1 - bound, f"the score is upside down: exact bound from {pairs} pairs"


def _independent_pairs(cells: Cells, places: _Placements) -> int:
    """Pairs (converted, not converted) of which no two share a lead or an account."""
    if cells.pairs is None:
        return min(places.positives, places.negatives)
    return min(cells.pairs.converted, cells.pairs.not_converted, cells.pairs.judged // 2)


def _no_error(cells: Cells) -> str:
    unit = "lead" if cells.pairs is None else "account"
    return f"no interval: one {unit} alone carries a class, or the {unit}s show no variation"


def _quantile(cells: Cells, places: _Placements, side: float) -> tuple[float, str | None]:
    """z, or t where the smaller class comes from fewer than 40 leads (or equal accounts)."""
    n = np.array([places.positives, places.negatives], dtype=np.float64)
    carriers = n if cells.pairs is None else n**2 / _squares(cells.pairs)
    fewest = float(carriers.min())
    if fewest >= FEW:
        return -float(ndtri(side)), None
    unit = "leads" if cells.pairs is None else "accounts of equal size"
    which = "converted leads" if carriers[0] <= carriers[1] else "leads that did not convert"
    if fewest < 1 + 1e-9:
        return nan, f"no interval: the {which} all belong to one account"
    reason = f"few cases: the {which} weigh as much as {fewest:.0f} {unit}; t interval"
    return float(stdtrit(fewest - 1, 1 - side)), reason


def _squares(pairs: Pairs) -> Floats:
    """Sum of squared account sizes, of converted and of not converted leads."""
    return np.array([pairs.n[(pairs.a_hit == hit) & (pairs.b_hit == hit)].sum() for hit in (1, 0)])


def gains_table(counts: ScoreCounts) -> pd.DataFrame:
    """Show what share of the conversions lies in the best-scored share of the judged leads.

    One row per score that a judged lead has, best first: a threshold can only be drawn between
    scores, so these are the only points of the curve; between them it is a straight line.

    Columns: `threshold` (score at or above which leads are taken), `leads` (judged leads taken),
    `leads_share` (of all judged leads), `positives` (converted leads taken), `positives_share` (of
    all converted leads; NaN without any), `lift` (positives_share / leads_share).
    """
    cells = read_cells(counts)
    used = cells.judged > 0
    leads = suffix_sum(cells.judged)[:-1][used][::-1]
    positives = suffix_sum(cells.converted)[:-1][used][::-1]
    leads_share = leads / max(int(cells.judged.sum()), 1)
    total = int(cells.converted.sum())
    positives_share = positives / total if total else np.full(len(leads), np.nan)
    return pd.DataFrame(
        {
            "threshold": cells.levels[used][::-1],
            "leads": leads,
            "leads_share": leads_share,
            "positives": positives,
            "positives_share": positives_share,
            "lift": positives_share / leads_share,
        }
    )
