"""Fit against behavior: a rate for each pair of bands, and none where leads are too few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.cells import _whole
from toolkit.analysis.funnel.cell_rates import cell_rates
from toolkit.analysis.funnel.stages import read_stage, stage_named
from toolkit.analysis.rates import rate_reasons, with_unworked
from toolkit.analysis.robust import read_clusters
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from toolkit.counts import StageCounts

__all__ = ["grid_table"]


def grid_table(
    counts: StageCounts, *, stage: str = "sql", fewer_than: int = 5, confidence: float = 0.95
) -> pd.DataFrame:
    """Share of judged leads that reached a stage, for each pair of bands of fit and behavior.

    The denominator is every lead of the pair that sales worked and whose window has closed. A pair
    with some, but fewer than `fewer_than`, judged leads is suppressed: neither its rate nor its
    counts are given. Wilson intervals, over accounts where they are known; each is for its own
    cell, so a grid of sixteen holds a few surprises by chance.

    Columns: `fit_band`, `behavior_band` (highest first), `leads`, `n` (judged), `positives`, `rate`,
    `low`, `high`, `suppressed` (then `leads`, `n` and `positives` are NaN as well), `reason`.

    Raises QuestionError where the stage was not counted.

    Source of the intervals: Wilson (1927) on the effective number of leads, Korn and Graubard (1998).

    >>> import pandas as pd
    >>> from toolkit.counts import FunnelStage, Provenance, StageCounts
    >>> frame = pd.DataFrame({"score": [60, 60, 40], "fit_band": ["A", "A", "B"],
    ...     "behavior_band": "1", "hand_raiser": [True, False, False],
    ...     "disposition": ["accepted", "untouched", "rejected"],
    ...     "given_reason": ["", "", "budget"],
    ...     "stage_sql": ["converted", "not_converted", "not_converted"], "n": [3, 1, 6]})
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> counts = StageCounts(
    ...     frame, origin, (FunnelStage("sql", "SQL", 90),), ("A", "B"), ("1",), 30, ("demo",)
    ... )
    >>> table = grid_table(counts)  # fewer than 5 judged leads are not shown
    >>> table[["fit_band", "rate", "suppressed"]].values.tolist()
    [['A', nan, True], ['B', 0.0, False]]
    """
    if fewer_than < 1:
        raise QuestionError(f"fewer_than is {fewer_than}: expected at least 1 lead")
    states = read_stage(counts, stage_named(counts, stage))
    judged = states["converted"] | states["not_converted"]
    clusters = read_clusters(_whole(counts.frame["n"], "n"), counts.accounts)
    pairs = [(fit, behavior) for fit in counts.fit_bands for behavior in counts.behavior_bands]
    cells = [
        ((counts.frame["fit_band"] == fit) & (counts.frame["behavior_band"] == behavior)).to_numpy(
            bool
        )
        for fit, behavior in pairs
    ]
    domains = [(states["converted"], judged & inside) for inside in cells]
    family, rates = cell_rates(clusters, domains, confidence=confidence)
    small = (family.n > 0) & (family.n < fewer_than)
    unworked = np.array([clusters.n @ (states["unworked"] & c) for c in cells]).astype(np.int64)
    notes = with_unworked(rate_reasons(family.n, rates), family.n, unworked)
    reasons = [
        f"fewer than {fewer_than} judged leads" if few else note
        for few, note in zip(small, notes, strict=True)
    ]
    hidden = {
        "leads": np.array([clusters.n @ inside for inside in cells]),
        "n": family.n,
        "positives": family.hits,
        "rate": rates.estimate,
        "low": rates.low,
        "high": rates.high,
    }
    return pd.DataFrame(
        {
            "fit_band": [fit for fit, _ in pairs],
            "behavior_band": [behavior for _, behavior in pairs],
            **{name: np.where(small, np.nan, values) for name, values in hidden.items()},
            "suppressed": small,
            "reason": pd.Series(reasons, dtype=object),
        }
    )
