"""What became of the leads handed over: stage by stage, decision by decision, fit by behavior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from toolkit.analysis import (
    ScoreBand,
    disposition_table,
    funnel_table,
    grid_table,
    hand_raiser_table,
    stall_table,
)
from toolkit.report.audit.common import rate_cell, small
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_dispositions, plot_funnel, plot_grid, plot_stalls
from toolkit.report.findings import fact
from toolkit.report.sentences import FEWEST
from toolkit.report.wording import count, percent

if TYPE_CHECKING:
    from toolkit.counts import StageCounts
    from toolkit.report.audit.prepared import Audit

__all__ = ["occurring", "show_handed"]


def show_handed(audit: Audit) -> Section:
    """The funnel by band, what sales decided and why, and the grid of fit and behavior."""
    counts = audit.stages
    if counts is None or counts.frame.empty:
        text = f"No dated stages say what became of each {audit.words.handed}."
        if audit.kind == "flat":
            text = "The file has no dates: it does not say which leads were handed over."
        return Section((Paragraph(text, "note", "Cannot be told from this data."),))
    scores = counts.frame["score"]
    funnel = occurring(funnel_table(counts, audit.bands), scores)
    decided = occurring(disposition_table(counts, audit.bands), scores)
    parts: list[Part] = [
        Picture(plot_funnel(funnel)),
        Picture(plot_dispositions(decided)),
        Paragraph(_TWO_BASES, "note"),
    ]
    reasons = _reasons(counts)
    if reasons is not None:
        parts.append(reasons)
    parts.append(Paragraph(_warning(audit), "note"))
    asked = _asked(counts, audit)
    if asked is not None:
        parts.append(asked)
    parts += _grid(counts, audit)
    stalls = _stalls(audit)
    if stalls["rate"].notna().any():
        parts.append(Picture(plot_stalls(stalls, words=audit.words)))
    return Section(tuple(parts), _facts(funnel) | _stall_facts(stalls))


_TWO_BASES = (
    "The two shares of accepted leads differ because of their bases: of judged leads, which sales"
    " worked, and of all whose time to decide has passed, those without a response included."
)


def _stalls(audit: Audit) -> pd.DataFrame:
    """`stall_table`, the stages that leads leave; no share of fewer than five leads."""
    if audit.stays is None:
        return pd.DataFrame(columns=["stage", "rate"])
    table = stall_table(audit.stays)
    few = table["n"] < FEWEST
    return (
        table.assign(
            **{name: table[name].mask(few) for name in ("positives", "rate", "low", "high")},
            reason=table["reason"].mask(few & (table["n"] > 0), f"under {FEWEST} leads"),
        )
        .query("moved_on > 0")
        .reset_index(drop=True)
    )


def _stall_facts(table: pd.DataFrame) -> dict[str, object]:
    return {
        f"stalled.{row['stage']}.{name}": fact(float(row[name]))
        for row in table.to_dict("records")
        for name in ("limit_days", "rate", "low", "high")
    }


def occurring(table: pd.DataFrame, score: pd.Series) -> pd.DataFrame:
    """Leave out the bands in which no lead was handed over."""
    # NaN is an open end: no comparison with it holds.
    kept = [
        bool((~(score < row["start"]) & ~(score >= row["stop"])).any())
        for row in table.to_dict("records")
    ]
    return table[kept].reset_index(drop=True)


def _warning(audit: Audit) -> str:
    many = audit.words.handed_many
    return (
        f"All {many} of the export, by the score when they were handed over: rates by the score at a"
        " fixed age are of other leads. Rejected is not the same as"
        " badly scored: sales rejects for reasons that no score knows, and what nobody decided says"
        " nothing about the lead."
    )


def _reasons(counts: StageCounts) -> Table | None:
    """Why leads were rejected or recycled, the most frequent reason first."""
    table = disposition_table(counts, [ScoreBand("all", None)])
    given = table[(table["given_reason"] != "") & (table["leads"] > 0)]
    if given.empty:
        return None
    columns = [
        Column("Decision", lambda row: str(row["disposition"]), "left"),
        Column("Reason given", lambda row: str(row["given_reason"]), "left"),
        Column("Leads", lambda row: small(row["leads"])),
        Column(
            "Share, of leads whose time to decide has passed",
            lambda row: "hidden" if row["leads"] < FEWEST else percent(float(row["share"])),
        ),
    ]
    return table_of(
        given.sort_values(["leads", "given_reason"], ascending=[False, True]),
        columns,
        caption="Why sales turned leads down",
    )


def _asked(counts: StageCounts, audit: Audit) -> Table | None:
    """Leads that asked to be called, apart from the others; None where no criterion says who did."""
    if not counts.hand_raisers:
        return None
    table = hand_raiser_table(counts, [ScoreBand("all", None)])
    judged = table[(table["of"] == "judged leads") & (table["label"] == audit.words.outcome)]
    if judged.empty or judged["n"].between(1, FEWEST - 1).any():
        # What is hidden of one part would follow from the others.
        return None
    columns = [
        Column(audit.words.handed_many, lambda row: _WHO[row["who"]], "left"),
        Column("Leads", lambda row: count(row["leads"])),
        Column("Judged", lambda row: count(row["n"])),
        Column(f"{audit.words.became} (of judged)", lambda row: count(row["positives"])),
        Column(f"{audit.words.rate} (95% interval), of judged", rate_cell),
    ]
    return table_of(
        judged,
        columns,
        caption="Apart from leads that asked to be called",
        note=f"Asked to be called: {', '.join(counts.hand_raisers)}. Sales would call them at any"
        " score; what the rest became is what the other points are worth.",
    )


_WHO = {
    "all leads": "all",
    "without hand-raisers": "did not ask to be called",
    "hand-raisers": "asked to be called",
}


def _grid(counts: StageCounts, audit: Audit) -> list[Part]:
    """The grid for the outcome that is audited, where it is a stage that was counted."""
    found = [stage for stage in counts.stages if stage.label == audit.words.outcome]
    if not found:
        return []
    table = grid_table(counts, stage=found[0].name)
    note = (
        f"{found[0].label} within {found[0].within_days} days of the hand-off. Among so many cells"
        " one stands out by chance."
    )
    return [Picture(plot_grid(table, words=audit.words, note=note))]


def _facts(funnel: pd.DataFrame) -> dict[str, object]:
    judged = funnel[(funnel["of"] == "judged leads") & (funnel["n"] >= FEWEST)]
    return {
        f"funnel.{row['band']}.{row['stage']}.{name}": fact(float(row[name]))
        for row in judged.to_dict("records")
        for name in ("n", "rate", "low", "high")
    }
