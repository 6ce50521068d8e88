"""The part of the ROC curve where few of the other leads are taken along."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.bootstrap import SEED, judged_cells, replicate_or_reason, spread
from toolkit.analysis.cells import Floats, read_cells
from toolkit.analysis.intervals import tail
from toolkit.analysis.ranking.placements import logit_interval, no_area, selected
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from toolkit.counts import ReplicateCounts, ScoreCounts

__all__ = ["PartialAuc", "partial_auc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialAuc:
    """The area under the ROC curve up to a false-positive rate."""

    estimate: float = nan
    """At most `max_fpr`; max_fpr^2 / 2 for a score that says nothing."""
    low: float = nan
    high: float = nan
    standard_error: float = nan
    standardized: float = nan
    """McClish: 1/2 for a score that says nothing, 1 for one that separates the classes."""
    standardized_low: float = nan
    standardized_high: float = nan
    max_fpr: float
    positives: int
    negatives: int
    method: str
    reason: str | None


def partial_auc(
    counts: ScoreCounts,
    *,
    max_fpr: float = 0.1,
    confidence: float = 0.95,
    replicates: int | ReplicateCounts = 2000,
    seed: int = SEED,
) -> PartialAuc:
    """Area under the ROC curve of judged leads for false-positive rates from 0 to `max_fpr`.

    The false-positive rate is the share, of the judged leads that did not convert, that score at
    or above the threshold. The curve is a straight line between its points, so a tied score that
    lies across `max_fpr` is cut in proportion. The standard error is that of the bootstrap, of
    accounts where they are known; the interval is symmetric on the logit scale of estimate /
    max_fpr. `standardized` = (1 + (a - f^2/2) / (f - f^2/2)) / 2 with area a up to f.

    NaN with a reason for an empty class or a single score. Raises QuestionError unless
    0 < max_fpr <= 1. Source: McClish (1989); Dodd and Pepe (2003).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(1, "not_converted", 3), (2, "not_converted", 1), (2, "converted", 2)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> partial_auc(counts, max_fpr=0.125, replicates=10).estimate == 0.125 * 0.5 / 2
    True
    """
    if not 0 < max_fpr <= 1:
        raise QuestionError(
            f"max_fpr is {max_fpr}: expected a rate above 0 and up to 1, such as 0.1"
        )
    cells, side = read_cells(counts), tail(confidence)
    empty = PartialAuc(
        max_fpr=max_fpr,
        positives=int(cells.converted.sum()),
        negatives=int(cells.not_converted.sum()),
        method="bootstrap" if cells.pairs is None else "bootstrap of accounts",
        reason=no_area(cells),
    )
    if empty.reason is not None:
        return empty
    estimate = float(_area(judged_cells(cells), max_fpr)[0])
    drawn, why = replicate_or_reason(counts, replicates, seed)
    error = nan if drawn is None else spread(_area(drawn, max_fpr))
    low, high, note = logit_interval(estimate, error, cells, side, most=max_fpr)
    return replace(
        empty,
        estimate=estimate,
        low=low,
        high=high,
        standard_error=error,
        standardized=_mcclish(estimate, max_fpr),
        standardized_low=_mcclish(low, max_fpr),
        standardized_high=_mcclish(high, max_fpr),
        reason="; ".join(part for part in (selected(cells.unworked_share), why or note) if part)
        or None,
    )


def _mcclish(area: float, rate: float) -> float:
    chance = rate**2 / 2
    return (1 + (area - chance) / (rate - chance)) / 2


def _area(drawn: Floats, rate: float) -> Floats:
    """Trapezoids under the ROC polygon, one replicate a row; NaN where a class is empty."""
    totals = drawn.sum(axis=1, keepdims=True)
    totals = np.where(totals > 0, totals, np.nan)
    # Best score first; each level is one straight piece of the curve, from `start` to `end`.
    end = np.cumsum(drawn[:, ::-1], axis=1) / totals
    start = end - drawn[:, ::-1] / totals
    run, rise = (end - start)[..., 1], (end - start)[..., 0]
    width = np.clip(rate - start[..., 1], 0.0, np.maximum(run, 0.0))
    slope = np.divide(rise, run, out=np.zeros_like(run), where=run > 0)
    area: Floats = (width * (start[..., 0] + slope * width / 2)).sum(axis=1)
    return area
