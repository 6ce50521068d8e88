"""Where the conversions lie along the score: gains, and the widest gap between the classes."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.cells import read_cells, suffix_sum
from toolkit.analysis.ranking.placements import no_area, selected

if TYPE_CHECKING:
    from toolkit.counts import ScoreCounts

__all__ = ["Gap", "gains_table", "largest_gap"]


@dataclass(frozen=True, slots=True)
class Gap:
    """The largest difference between the share of one class and of the other above a threshold."""

    estimate: float
    threshold: int | None
    """Where it is, among all thresholds: found by looking for it, so nothing to act upon."""
    positives: int
    negatives: int
    reason: str | None


def largest_gap(counts: ScoreCounts) -> Gap:
    """Kolmogorov-Smirnov distance between the scores of converted and other judged leads.

    The maximum, over all thresholds, of |share of the converted leads at or above it - share of
    the other judged leads at or above it|. No interval and no p-value: the usual ones hold for
    scores without ties and for leads without accounts. NaN with a reason for an empty class or a
    single score. Source: Kolmogorov (1933); Smirnov (1948).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(1, "not_converted", 3), (2, "not_converted", 1), (2, "converted", 2)]
    >>> gap = largest_gap(ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None))
    >>> gap.estimate == 2 / 2 - 1 / 4, gap.threshold
    (True, 2)
    """
    cells = read_cells(counts)
    positives, negatives = int(cells.converted.sum()), int(cells.not_converted.sum())
    reason = no_area(cells)
    if reason is not None:
        return Gap(nan, None, positives, negatives, reason)
    above = suffix_sum(cells.converted) / positives, suffix_sum(cells.not_converted) / negatives
    gap = (above[0] - above[1])[:-1][cells.judged > 0]
    at = int(np.argmax(np.abs(gap)))
    notes = [selected(cells.unworked_share)]
    if gap[at] < 0:
        notes.append("upside down there: the leads that did not convert score higher")
    reason = "; ".join(note for note in notes if note) or None
    threshold = int(cells.levels[cells.judged > 0][at])
    return Gap(float(abs(gap[at])), threshold, positives, negatives, reason)


def gains_table(counts: ScoreCounts) -> pd.DataFrame:
    """Show what share of the conversions lies in the best-scored share of the judged leads.

    One row per score that a judged lead has, best first: a threshold can only be drawn between
    scores, so these are the only points of the curve; between them it is a straight line.

    Columns: `threshold` (score at or above which leads are taken), `leads` (judged leads taken),
    `leads_share` (of all judged leads), `positives` (converted leads taken), `positives_share` (of
    all converted leads; NaN without any), `lift` (positives_share / leads_share).

    Source: definition (the curve of Lorenz 1905, as used in direct marketing).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> table = gains_table(counts)
    >>> table[["threshold", "leads_share", "positives_share", "lift"]].values.tolist()
    [[60.0, 0.5, 0.8, 1.6], [40.0, 1.0, 1.0, 1.0]]
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
