"""The funnel by band and by grade: each step with its own denominator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.cells import _whole
from toolkit.analysis.funnel.cell_rates import cell_rates
from toolkit.analysis.rates import rate_reasons, with_unworked
from toolkit.analysis.robust import Clusters, read_clusters
from toolkit.analysis.score_groups import ScoreGroup, score_groups
from toolkit.counts import STATES
from toolkit.errors import DataError, QuestionError, nearest_first

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.bands import BandLike
    from toolkit.counts import FunnelStage, StageCounts

__all__ = ["funnel_table", "grade_funnel_table", "hand_raiser_table", "read_stage", "stage_named"]


def funnel_table(
    counts: StageCounts, bands: Sequence[BandLike] | None = None, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Share of leads that reached each stage, by band, highest band first.

    Each stage has two rows. `of` = `judged leads`: of leads that sales worked and whose window for
    this stage has closed. `of` = the stage before: of those among them that had reached it in its
    own window. Windows run from the moment, each as long as its stage has; a stage may be reached
    in any order, and who skipped the one before is counted in `skipped`. Immature leads, unworked
    leads and leads that were there before the moment are in no denominator and are shown beside
    it. Wilson intervals, over accounts where they are known.

    Columns: `band`, `start`, `stop` (scores; NaN where open), `stage`, `label`, `within_days`,
    `of`, `leads` (all of the band), `n` (the denominator), `positives`, `rate`, `low`, `high`,
    `immature`, `unworked`, `already` (reached before the moment), `skipped`, `reason`.

    Source of the intervals: Wilson (1927) on the effective number of leads, Korn and Graubard (1998).

    >>> import pandas as pd
    >>> from toolkit.counts import FunnelStage, Provenance, StageCounts
    >>> frame = pd.DataFrame({"score": [60, 60, 60], "fit_band": "A", "behavior_band": "1",
    ...     "hand_raiser": False, "disposition": "accepted", "given_reason": "",
    ...     "stage_accepted": ["converted", "converted", "not_converted"],
    ...     "stage_sql": ["converted", "not_converted", "not_converted"], "n": [1, 2, 1]})
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> stages = (FunnelStage("accepted", "accepted", 30), FunnelStage("sql", "SQL", 90))
    >>> counts = StageCounts(frame, origin, stages, ("A",), ("1",), 30)
    >>> funnel_table(counts)[["stage", "of", "n", "positives"]].to_dict("split")["data"]
    [['accepted', 'judged leads', 4, 3], ['sql', 'judged leads', 4, 1], ['sql', 'accepted', 3, 1]]
    """
    score = _whole(counts.frame["score"], "score")
    return _table(counts, score_groups(score, bands), confidence)


def grade_funnel_table(counts: StageCounts, *, confidence: float = 0.95) -> pd.DataFrame:
    """Share of leads that reached each stage, by grade: fit and behavior together, best first.

    Columns as in `funnel_table`; `band` is the grade of fit and that of behavior, as in `A1`, or
    both ranges of points where the model has no grades; `start` and `stop` are NaN.

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
    >>> table = grade_funnel_table(counts)
    >>> table[["band", "n", "positives", "rate"]].values.tolist()
    [['A1', 4, 3, 0.75], ['B1', 6, 0, 0.0]]
    """
    frame = counts.frame
    groups = [
        ScoreGroup(_grade(fit, behavior), np.nan, np.nan, inside)
        for fit in counts.fit_bands
        for behavior in counts.behavior_bands
        for inside in [
            ((frame["fit_band"] == fit) & (frame["behavior_band"] == behavior)).to_numpy(bool)
        ]
    ]
    return _table(counts, groups, confidence)


def _grade(fit: str, behavior: str) -> str:
    short = len(fit) <= 2 and len(behavior) <= 2  # noqa: PLR2004 - A1, A+3
    return f"{fit}{behavior}" if short else f"fit {fit}, behavior {behavior}"


def hand_raiser_table(
    counts: StageCounts, bands: Sequence[BandLike] | None = None, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Funnel of all leads, of those that did not ask to be called, and of those that did.

    A lead that asked for a demo tells sales more than a score does: what is left without them is
    what the other points are worth. Columns as in `funnel_table`, with `who` first: `all leads`,
    `without hand-raisers`, `hand-raisers`. Raises QuestionError where no criterion was named when
    counting.

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
    >>> table = hand_raiser_table(counts)
    >>> table[["who", "n", "positives"]].drop_duplicates().values.tolist()
    [['all leads', 10, 3], ['without hand-raisers', 7, 0], ['hand-raisers', 3, 3]]
    """
    if not counts.hand_raisers:
        raise QuestionError(
            "no criterion says who asked to be called: name its id in "
            "count_stages(hand_raisers=...), such as the demo request"
        )
    parts = {
        "all leads": counts,
        "without hand-raisers": counts.only(hand_raisers=False),
        "hand-raisers": counts.only(hand_raisers=True),
    }
    tables = []
    for who, part in parts.items():
        table = funnel_table(part, bands, confidence=confidence)
        table.insert(0, "who", who)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def stage_named(counts: StageCounts, name: str) -> FunnelStage:
    """Find a stage by its name; QuestionError names the nearest."""
    found = next((stage for stage in counts.stages if stage.name == name), None)
    if found is None:
        known = nearest_first(name, [stage.name for stage in counts.stages])
        raise QuestionError(f"the stage '{name}' was not counted: {known}")
    return found


def read_stage(counts: StageCounts, stage: FunnelStage) -> dict[str, NDArray[np.bool_]]:
    """Cells by state of a stage: the four states and `already`."""
    column = counts.frame[stage.column].astype(str)
    known = (*STATES, "already")
    odd = sorted(set(column) - set(known))
    if odd:
        raise DataError(f"unknown state {odd} of the stage '{stage.name}': expected {list(known)}")
    return {state: (column == state).to_numpy(dtype=np.bool_) for state in known}


def _table(counts: StageCounts, groups: list[ScoreGroup], confidence: float) -> pd.DataFrame:
    clusters = read_clusters(_whole(counts.frame["n"], "n"), counts.accounts)
    parts, before = [], None
    for stage in counts.stages:
        states = read_stage(counts, stage)
        every = np.ones(len(clusters.n), dtype=np.bool_)
        parts.append(_step(clusters, groups, stage, states, ("judged leads", every), confidence))
        if before is not None:
            earlier, reached = before
            base = (earlier.label, reached["converted"] | reached["already"])
            parts.append(_step(clusters, groups, stage, states, base, confidence))
        before = stage, states
    table = pd.concat(parts, ignore_index=True)
    place = {group.name: number for number, group in enumerate(groups)}
    return table.sort_values("band", key=lambda band: band.map(place), kind="stable",
                             ignore_index=True)  # fmt: skip


def _step(  # noqa: PLR0917 - one private step of one table
    clusters: Clusters,
    groups: list[ScoreGroup],
    stage: FunnelStage,
    states: dict[str, NDArray[np.bool_]],
    base: tuple[str, NDArray[np.bool_]],
    confidence: float,
) -> pd.DataFrame:
    of, among = base
    judged = (states["converted"] | states["not_converted"]) & among
    domains = [(states["converted"], judged & group.inside) for group in groups]
    family, rates = cell_rates(clusters, domains, confidence=confidence)

    def sums(cells: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.array([clusters.n @ (cells & g.inside) for g in groups]).astype(np.int64)

    unworked = sums(states["unworked"] & among)
    reasons = with_unworked(rate_reasons(family.n, rates), family.n, unworked)
    return pd.DataFrame(
        {
            "band": [group.name for group in groups],
            "start": [group.start for group in groups],
            "stop": [group.stop for group in groups],
            "stage": stage.name,
            "label": stage.label,
            "within_days": stage.within_days,
            "of": of,
            "leads": sums(np.ones_like(among)),
            "n": family.n.astype(np.int64),
            "positives": family.hits.astype(np.int64),
            "rate": rates.estimate,
            "low": rates.low,
            "high": rates.high,
            "immature": sums(states["immature"] & among),
            "unworked": unworked,
            "already": sums(states["already"] & among),
            "skipped": sums(states["converted"] & ~among),
            "reason": pd.Series(reasons, dtype=object),
        }
    )
