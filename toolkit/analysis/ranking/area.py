"""The area under the ROC curve: how often a converted lead outscored another."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.cells import Cells, Pairs, read_cells
from toolkit.analysis.intervals import tail
from toolkit.analysis.ranking.placements import (
    Placements,
    influence,
    logit_interval,
    no_area,
    placements,
    selected,
)

if TYPE_CHECKING:
    from toolkit.counts import ScoreCounts

__all__ = ["Auc", "auc", "class_factors"]


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


def auc(counts: ScoreCounts, *, confidence: float = 0.95) -> Auc:
    """Area under the ROC curve of the score among judged leads, ties counting half.

    The probability that a converted lead, drawn at random, scores higher than a judged lead that
    did not convert. Variance: DeLong, or Obuchowski's where accounts are known; interval on the
    logit scale. At 0 and 1 one end is exact: all of m independent pairs agree with probability
    at most A^m, so A >= (tail probability)^(1/m).

    NaN with a reason for an empty class or a single score. Source: DeLong, DeLong and
    Clarke-Pearson (1988); Obuchowski (1997); Pepe (2003) for the logit interval.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(1, "not_converted", 2), (2, "not_converted", 1), (2, "converted", 2)]
    >>> frame = pd.DataFrame(cells, columns=["score", "state", "n"])
    >>> auc(ScoreCounts(frame, None)).estimate == (2 * 2 + 2 * 1 / 2) / (2 * 3)
    True
    """
    cells = read_cells(counts)
    side = tail(confidence)
    method = "DeLong" if cells.pairs is None else "Obuchowski (accounts)"
    positives, negatives = int(cells.converted.sum()), int(cells.not_converted.sum())
    reason = no_area(cells)
    if reason is not None:
        return Auc(nan, nan, nan, nan, positives, negatives, method, reason)
    places = placements(cells)
    error = _standard_error(cells, places)
    low, high, note = _interval(cells, places, error, side)
    reason = "; ".join(part for part in (selected(cells.unworked_share), note) if part) or None
    return Auc(places.area, low, high, error, positives, negatives, method, reason)


def _standard_error(cells: Cells, places: Placements) -> float:
    if places.perfect:
        return nan
    pairs = cells.pairs
    variance = _delong(cells, places) if pairs is None else _obuchowski(pairs, places)
    return float(np.sqrt(variance)) if variance > 0 else nan


def _delong(cells: Cells, places: Placements) -> float:
    n1, n0 = places.positives, places.negatives
    if n1 == 1 or n0 == 1:
        return nan
    hit = np.sum(cells.converted / n1 * places.of_converted**2) / (n1 - 1)
    miss = np.sum(cells.not_converted / n0 * places.of_not_converted**2) / (n0 - 1)
    return float(hit + miss)


def _obuchowski(pairs: Pairs, places: Placements) -> float:
    factors = class_factors(pairs.converted, pairs.not_converted, pairs.judged)
    product = pairs.n * influence(places, pairs.a, pairs.a_hit)
    product = product * influence(places, pairs.b, pairs.b_hit)
    both, neither = pairs.a_hit & pairs.b_hit, ~pairs.a_hit & ~pairs.b_hit
    parts = [product[used].sum() for used in (both, neither, ~both & ~neither)]
    return float(np.dot(factors, parts))


def class_factors(converted: int, not_converted: int, judged: int) -> list[float]:
    """I/(I-1) of converted, of not converted, and of mixed products; NaN where a class has one.

    >>> class_factors(3, 2, 5)
    [1.5, 2.0, 1.25]
    """
    if converted <= 1 or not_converted <= 1:
        return [nan, nan, nan]
    return [
        converted / (converted - 1),
        not_converted / (not_converted - 1),
        judged / (judged - 1),
    ]


def _interval(
    cells: Cells, places: Placements, error: float, side: float
) -> tuple[float, float, str | None]:
    if places.perfect:
        return _exact_interval(cells, places, side)
    return logit_interval(places.area, error, cells, side)


def _exact_interval(
    cells: Cells, places: Placements, side: float
) -> tuple[float, float, str | None]:
    pairs = _independent_pairs(cells, places)
    if pairs == 0:
        return nan, nan, "all judged leads belong to one account"
    bound = side ** (1 / pairs)
    if places.area == 1:
        return bound, 1.0, f"the score separates the two classes: exact bound from {pairs} pairs"
    return 0.0, 1 - bound, f"the score is upside down: exact bound from {pairs} pairs"


def _independent_pairs(cells: Cells, places: Placements) -> int:
    """Pairs (converted, not converted) of which no two share a lead or an account."""
    if cells.pairs is None:
        return min(places.positives, places.negatives)
    return min(cells.pairs.converted, cells.pairs.not_converted, cells.pairs.judged // 2)
