"""Every statistic of ranking in one frame."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.analysis.bootstrap import SEED
from toolkit.analysis.ranking.area import Auc, auc
from toolkit.analysis.ranking.gains import largest_gap
from toolkit.analysis.ranking.partial import PartialAuc, partial_auc
from toolkit.analysis.ranking.precision import average_precision

if TYPE_CHECKING:
    from toolkit.counts import ReplicateCounts, ScoreCounts

__all__ = ["ranking_table"]

_COLUMNS = [
    "statistic", "estimate", "low", "high", "chance", "perfect", "positives", "negatives", "method",
    "reason",
]  # fmt: skip


def ranking_table(
    counts: ScoreCounts,
    *,
    max_fpr: float = 0.1,
    confidence: float = 0.95,
    replicates: int | ReplicateCounts = 2000,
    seed: int = SEED,
) -> pd.DataFrame:
    """All statistics that say how well the score ranks the judged leads, one a row.

    Rows: `auc`; `gini` (2 AUC - 1); `partial_auc` (up to the false-positive rate `max_fpr`) and
    `partial_auc_standardized` (McClish); `average_precision`; `largest_gap` (Kolmogorov-Smirnov,
    without interval). See the functions of these names.

    Columns: `statistic`; `estimate`, `low`, `high` (NaN where the reason says why); `chance`
    (what a score that says nothing would give; NaN for `largest_gap`, which is above 0 by chance
    alone); `perfect` (what a score that separates the classes would give); `positives`,
    `negatives` (converted and other judged leads, the denominators of all); `method`; `reason`
    (why a number is NaN, or what a reader must know; None otherwise).

    Sources: those of `auc`, `partial_auc`, `average_precision` and `largest_gap`.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> table = ranking_table(counts, replicates=100).set_index("statistic")["estimate"]
    >>> float(table["auc"])  # (4 * 9 + (1 * 9 + 4 * 6) / 2) / (5 * 15)
    0.7
    >>> round(float(table["largest_gap"]), 9)  # 4/5 - 6/15
    0.4
    """
    area, gap = auc(counts, confidence=confidence), largest_gap(counts)
    settings = {"confidence": confidence, "replicates": replicates, "seed": seed}
    part = partial_auc(counts, max_fpr=max_fpr, **settings)  # type: ignore[arg-type]
    precision = average_precision(counts, **settings)  # type: ignore[arg-type]
    of_precision = (precision.estimate, precision.low, precision.high, precision.base_rate, 1.0)
    rows = [
        ("auc", area.estimate, area.low, area.high, 0.5, 1.0, area.method, area.reason),
        ("gini", *_gini(area), 0.0, 1.0, area.method, area.reason),
        *_partial_rows(part),
        ("average_precision", *of_precision, precision.method, precision.reason),
        ("largest_gap", gap.estimate, nan, nan, nan, 1.0, "Kolmogorov-Smirnov", gap.reason),
    ]
    n = (area.positives, area.negatives)
    table = pd.DataFrame([(*row[:6], *n, *row[6:]) for row in rows], columns=_COLUMNS)
    return table.astype({"reason": object})


def _gini(area: Auc) -> tuple[float, float, float]:
    return 2 * area.estimate - 1, 2 * area.low - 1, 2 * area.high - 1


def _partial_rows(part: PartialAuc) -> list[tuple[object, ...]]:
    plain = (part.estimate, part.low, part.high, part.max_fpr**2 / 2, part.max_fpr)
    scaled = (part.standardized, part.standardized_low, part.standardized_high, 0.5, 1.0)
    return [
        ("partial_auc", *plain, part.method, part.reason),
        ("partial_auc_standardized", *scaled, part.method, part.reason),
    ]
