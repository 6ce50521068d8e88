"""Counts and audits small enough to redo with a pencil."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd

from toolkit.analysis import ScoreBand
from toolkit.counts import FlowStep, Provenance, ScoreCounts, WeekCounts
from toolkit.crm import findings_table
from toolkit.report.audit import Audit, Policy
from toolkit.report.audit.prepared import mostly_unworked
from toolkit.report.wording import Words

BANDS = (ScoreBand("hot", 80), ScoreBand("warm", 50), ScoreBand("cold", None))


def provenance(*, told: bool = True, dated: bool = True) -> Provenance:
    """Where the hand-made counts pretend to come from."""
    return Provenance(
        source="hand",
        engine="none",
        model="test 1",
        model_hash="0" * 12,
        moment="14 days after creation",
        outcome="SQL within 90 days",
        outcome_label="SQL",
        outcome_window_days=90 if dated else None,
        observed_until=date(2026, 10, 1) if dated else None,
        first_moment=date(2025, 1, 1) if dated else None,
        last_moment=date(2026, 9, 30) if dated else None,
        point_in_time=told,
        flow=(FlowStep("start", "lead rows imported", 1),),
    )


def counts(cells: list[tuple[object, ...]], *by: str, told: bool = True) -> ScoreCounts:
    """Counts from rows of (score, state, *by, n)."""
    frame = pd.DataFrame(cells, columns=["score", "state", *by, "n"])
    return ScoreCounts(frame=frame, provenance=provenance(told=told), by=tuple(by))


def weeks(volumes: list[int], threshold: int) -> WeekCounts:
    """So many leads in each week from Monday 2025-01-06 on."""
    mondays = pd.date_range("2025-01-06", periods=len(volumes), freq="W-MON").astype(
        "datetime64[s]"
    )
    frame = pd.DataFrame({"week": mondays, "score": threshold, "n": volumes})
    origin = replace(
        provenance(),
        first_moment=date(2025, 1, 6),
        last_moment=date(2025, 1, 5) + timedelta(weeks=len(volumes)),
    )
    return WeekCounts(frame=frame[frame["n"] > 0], provenance=origin)


# 300 judged: 40 of 100 hot, 20 of 100 warm, 5 of 100 cold became SQL.
RANKED = [
    (90, "converted", 40), (90, "not_converted", 60),
    (60, "converted", 20), (60, "not_converted", 80),
    (10, "converted", 5), (10, "not_converted", 95),
]  # fmt: skip
UNWORKED = [(10, "unworked", 700)]
# 2025Q2: 30 of 120 became SQL; 2026Q2: 36 of 120, 10 never worked; 2026Q3 is open but for its first 8.
HANDED = [
    (60, "converted", "2025Q2", 30), (60, "not_converted", "2025Q2", 90),
    (60, "converted", "2026Q2", 36), (60, "not_converted", "2026Q2", 84),
    (60, "unworked", "2026Q2", 10), (60, "not_converted", "2026Q3", 8), (60, "immature", "2026Q3", 50),
]  # fmt: skip
DECIDED = [
    (60, "converted", "accepted", 66), (60, "not_converted", "rejected", 22),
    (60, "not_converted", "recycled", 12), (60, "unworked", "no_response", 10),
    (60, "immature", "pending", 50),
]  # fmt: skip


def audit(
    *,
    ranked: list[tuple[object, ...]] | None = None,
    told: bool = True,
    segments: ScoreCounts | None = None,
    policy: Policy = Policy(),  # noqa: B008 - it is frozen
) -> Audit:
    """An audit whose every number can be redone by hand."""
    flat = not told
    cells = [*RANKED, *UNWORKED] if ranked is None else ranked
    whole = counts(cells, told=told)
    over = [cell for cell in cells if cell[0] >= 50]
    return Audit(
        kind="flat" if flat else "crm",
        title="Audit of hand",
        words=Words(),
        ranking=whole,
        ranked=counts(over, told=told) if mostly_unworked(whole) else whole,
        ranked_by_quarter=None,
        handoffs=None if flat else counts(HANDED, "quarter"),
        decisions=None if flat else counts(DECIDED, "decision"),
        segments=segments,
        quarter=None if flat else "2026Q2",
        bands=BANDS,
        few_levels=True,
        threshold=50,
        health=findings_table([]),
        policy=policy,
        settings=(("Quarter", "2026Q2"),),
        prepared_on=date(2026, 10, 5),
    )
