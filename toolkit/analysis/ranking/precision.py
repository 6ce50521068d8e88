"""How pure the top of the list is, over all thresholds: average precision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.bootstrap import SEED, judged_cells, replicate_or_reason, spread
from toolkit.analysis.cells import Floats, read_cells
from toolkit.analysis.intervals import tail
from toolkit.analysis.ranking.placements import logit_interval, no_area, selected

if TYPE_CHECKING:
    from toolkit.counts import ReplicateCounts, ScoreCounts

__all__ = ["AveragePrecision", "average_precision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragePrecision:
    """The mean precision met by the converted leads, beside the rate of all leads."""

    estimate: float = nan
    low: float = nan
    high: float = nan
    standard_error: float = nan
    base_rate: float = nan
    """Converted / judged leads: the average precision of a score that says nothing."""
    positives: int
    negatives: int
    method: str
    reason: str | None


def average_precision(
    counts: ScoreCounts,
    *,
    confidence: float = 0.95,
    replicates: int | ReplicateCounts = 2000,
    seed: int = SEED,
) -> AveragePrecision:
    """Average, over the converted leads, of the precision at each one's own score.

    Precision at a score is converted / judged leads with that score or a higher one. A sum over
    scores, never a trapezoid: between two points of a precision-recall curve there is no straight
    line. It depends on the base rate, so two periods or segments cannot be compared by it. The
    standard error is that of the bootstrap, of accounts where they are known; the interval is
    symmetric on the logit scale.

    NaN with a reason for an empty class or a single score. Source: Davis and Goadrich (2006);
    Boyd, Eng and Page (2013).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(1, "converted", 1), (2, "not_converted", 1), (3, "converted", 1)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> average_precision(counts, replicates=10).estimate == (1 / 1 + 2 / 3) / 2
    True
    """
    cells, side = read_cells(counts), tail(confidence)
    positives, negatives = int(cells.converted.sum()), int(cells.not_converted.sum())
    empty = AveragePrecision(
        base_rate=positives / (positives + negatives) if positives + negatives else nan,
        positives=positives,
        negatives=negatives,
        method="bootstrap" if cells.pairs is None else "bootstrap of accounts",
        reason=no_area(cells),
    )
    if empty.reason is not None:
        return empty
    estimate = float(_average(judged_cells(cells))[0])
    drawn, why = replicate_or_reason(counts, replicates, seed)
    error = nan if drawn is None else spread(_average(drawn))
    low, high, note = logit_interval(estimate, error, cells, side)
    reason = (
        "; ".join(part for part in (selected(cells.unworked_share), why or note) if part) or None
    )
    return replace(
        empty, estimate=estimate, low=low, high=high, standard_error=error, reason=reason
    )


def _average(drawn: Floats) -> Floats:
    """One replicate a row; NaN where nothing converted."""
    above = np.cumsum(drawn[:, ::-1], axis=1)
    taken = above.sum(axis=2)
    precision = np.divide(above[..., 0], taken, out=np.zeros_like(taken), where=taken > 0)
    hits = drawn[:, ::-1, 0]
    total = hits.sum(axis=1)
    average: Floats = (hits * precision).sum(axis=1) / np.where(total > 0, total, np.nan)
    return average
