"""Quarter by quarter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.analysis import auc, rate
from toolkit.report.audit.common import among, counted, masked, rate_cell, small
from toolkit.report.audit.quarters import is_closed
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_quarters
from toolkit.report.findings import fact
from toolkit.report.sentences import FEWEST
from toolkit.report.wording import count

if TYPE_CHECKING:
    from toolkit.counts import ScoreCounts
    from toolkit.report.audit.prepared import Audit

__all__ = ["quarter_table", "show_quarters"]


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
        note=f"Not known: fewer than {FEWEST} leads that converted, or that did not."
        if table["rate"].isna().any()
        else "",
        marked=marked,
    )
