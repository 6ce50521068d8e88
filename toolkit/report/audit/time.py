"""Quarter by quarter, and by segment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.analysis import auc, rate
from toolkit.analysis import segment_table as compared_segments
from toolkit.report.audit.common import among, counted, masked, rate_cell, small
from toolkit.report.audit.quarters import is_closed
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_quarters, plot_segments
from toolkit.report.findings import fact
from toolkit.report.sentences import FEWEST
from toolkit.report.wording import count

if TYPE_CHECKING:
    from toolkit.counts import ScoreCounts
    from toolkit.report.audit.prepared import Audit

__all__ = ["quarter_table", "segment_table", "show_quarters", "show_segments"]

_MOST_SEGMENTS = 20
_PAIR = 2


def quarter_table(counts: ScoreCounts) -> pd.DataFrame:
    """Rates of the leads of each quarter; NaN until the last outcome window has closed.

    Columns: quarter, leads, n (judged), positives, rate, low, high, unworked, immature, pending.
    """
    until, window = counts.provenance.observed_until, counts.provenance.outcome_window_days
    table = _rates(counts, "quarter")
    table["pending"] = [not is_closed(name, until, window) for name in table["quarter"]]
    hidden = {name: table[name].mask(table["pending"]) for name in ("rate", "low", "high")}
    return table.assign(**hidden)


def _rates(counts: ScoreCounts, axis: str) -> pd.DataFrame:
    rows = []
    for labels, part in counts.groups():
        found = rate(part)
        rows.append(
            {
                axis: labels[0],
                "leads": part.n,
                "n": found.n,
                "positives": found.positives,
                "rate": found.estimate,
                "low": found.low,
                "high": found.high,
                "unworked": part.total("unworked"),
                "immature": part.total("immature"),
            }
        )
    columns = ["leads", "n", "positives", "rate", "low", "high", "unworked", "immature"]
    return masked(pd.DataFrame(rows, columns=[axis, *columns]))


def show_quarters(audit: Audit) -> Section:
    """How the leads handed over in each quarter did, and how well the score ranked."""
    if audit.kind == "flat":
        return Section((Paragraph("Without dates there are no quarters.", "note"),))
    parts: list[Part] = []
    facts: dict[str, object] = {}
    if audit.handoffs is None:
        text = f"The export records no {audit.words.handed}: no stage change says when a lead was handed over."
        parts.append(Paragraph(text, "note", "Cannot be told from this data."))
    else:
        table = quarter_table(audit.handoffs)
        facts = {
            f"quarter.{row['quarter']}.rate": fact(row["rate"]) for row in table.to_dict("records")
        }
        parts += [Picture(plot_quarters(table, words=audit.words)), _handoff_table(audit, table)]
    if audit.ranked_by_quarter is not None:
        parts.append(_ranking_table(audit, audit.ranked_by_quarter))
    return Section(tuple(parts), facts)


def _handoff_table(audit: Audit, table: pd.DataFrame) -> Table:
    words = audit.words
    columns = [
        Column("Handed over in", lambda row: str(row["quarter"]), "left"),
        Column(words.handed_many, lambda row: count(row["leads"])),
        Column("Never worked (of all)", lambda row: count(row["unworked"])),
        Column("Too young (of all)", lambda row: count(row["immature"])),
        Column("Judged", lambda row: small(row["n"])),
        Column(
            f"{words.became} (of judged)",
            lambda row: "" if row["pending"] else counted(row["positives"]),
        ),
        Column(
            f"{words.rate} (95% interval), of judged",
            lambda row: "pending" if row["pending"] else rate_cell(row),
        ),
    ]
    marked = [i for i, name in enumerate(table["quarter"]) if name == audit.quarter]
    return table_of(
        table,
        columns,
        caption=f"{words.handed_many} by quarter of hand-off",
        note="In bold: the quarter of this audit. Pending: not all outcome windows have closed.",
        marked=marked,
    )


def _ranking_table(audit: Audit, counts: ScoreCounts) -> Table:
    until, window = counts.provenance.observed_until, counts.provenance.outcome_window_days
    rows = []
    for labels, part in counts.groups():
        if is_closed(labels[0], until, window):
            found = auc(part)
            ends = (found.estimate, found.low, found.high)
            few = min(found.positives, found.negatives) < FEWEST
            shown = (math.nan,) * 3 if few else ends
            rows.append((labels[0], found.positives, found.negatives, *shown))
    table = pd.DataFrame(rows, columns=["quarter", "positives", "negatives", "rate", "low", "high"])
    columns = [
        Column("Scored in", lambda row: str(row["quarter"]), "left"),
        Column(f"{audit.words.became} (of judged)", lambda row: small(row["positives"])),
        Column("Did not (of judged)", lambda row: small(row["negatives"])),
        Column("Converting lead scored higher (95% interval), of pairs", rate_cell),
    ]
    marked = [i for i, name in enumerate(table["quarter"]) if name == audit.quarter]
    return table_of(
        table,
        columns,
        caption=f"How well the score ranked, among {among(audit)}",
        note=f"Not known: fewer than {FEWEST} leads that converted, or that did not.",
        marked=marked,
    )


def segment_table(counts: ScoreCounts) -> pd.DataFrame:
    """Rates of the judged leads of each segment, the largest segments first."""
    axis = counts.by[0]
    table = _rates(counts, axis)
    return table.sort_values(["leads", axis], ascending=[False, True]).reset_index(drop=True)


def show_segments(audit: Audit) -> Section:
    """Rates by the segment asked for."""
    if audit.segments is None:
        return Section((Paragraph("No segment was asked for.", "note"),))
    axis = audit.segments.by[0]
    table = segment_table(audit.segments)
    columns = [
        Column(axis, lambda row: str(row[axis]), "left"),
        Column("Leads (all)", lambda row: count(row["leads"])),
        Column("Judged", lambda row: small(row["n"])),
        Column(f"{audit.words.became} (of judged)", lambda row: counted(row["positives"])),
        Column(f"{audit.words.rate} (95% interval), of judged", rate_cell),
    ]
    more = len(table) - _MOST_SEGMENTS
    left_out = f" {more} smaller ones are not shown." if more > 0 else ""
    note = (
        "Exploratory: with many segments one stands out by chance. The figure allows for their number"
        f" (Holm 1979).{left_out}"
    )
    shown = table_of(table.head(_MOST_SEGMENTS), columns, caption=f"By {axis}", note=note)
    compared = compared_segments(audit.segments)
    differing = compared.loc[compared["answer"] == "Yes", "segment"]
    facts: dict[str, object] = {
        "segments.axis": axis,
        "segments.shown": min(len(table), _MOST_SEGMENTS),
        "segments.differing": len(differing),
    }
    if not audit.told or compared["rate"].notna().sum() < _PAIR:
        return Section((shown,), facts)
    figure = plot_segments(compared, words=audit.words, axis=axis, note=_unworked_note(compared))
    return Section((Picture(figure), shown), facts)


def _unworked_note(compared: pd.DataFrame) -> str:
    """Why segments are not called different where their leads were seldom worked."""
    untold = int((compared["answer"] == "Cannot be told from this data").sum())
    if not untold:
        return ""
    whose = "one of them" if untold == 1 else f"{untold} of them"
    return f"Of {whose} too many leads were never worked to say whether they differ."
