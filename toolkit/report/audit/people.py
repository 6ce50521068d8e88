"""Who was counted, and what is odd about the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.counts import flow_table
from toolkit.report.display import Bullets, Column, Paragraph, Section, Table, table_of
from toolkit.report.wording import count, plural

if TYPE_CHECKING:
    from toolkit.counts import Provenance
    from toolkit.report.audit.prepared import Audit

__all__ = ["flow_step", "show_data_health", "show_flow"]

_STATES = {
    "converted": "judged: reached the outcome in time",
    "not_converted": "judged: did not reach it in time",
    "immature": "too young to judge: the outcome window is still open",
    "unworked": "never worked by sales: nobody knows what would have become of them",
}


def show_flow(audit: Audit) -> Section:
    """Account for every imported lead, in each design."""
    tables = [_flow(audit.ranking.provenance, "Ranking, bands and thresholds")]
    if audit.handoffs is not None:
        tables.append(_flow(audit.handoffs.provenance, f"{audit.words.handed} quality"))
    facts: dict[str, object] = {
        "flow.imported": audit.ranking.provenance.flow[0].n
        if audit.ranking.provenance.flow
        else None,
        "flow.counted": audit.ranking.n,
        "flow.judged": audit.ranking.total("converted", "not_converted"),
        "flow.too_young": audit.ranking.total("immature"),
        "flow.never_worked": audit.ranking.total("unworked"),
    }
    return Section((*tables, _definitions(audit)), facts)


def _flow(provenance: Provenance, what: str) -> Table:
    frame = flow_table(provenance)
    if provenance.first_moment is None:  # a flat file knows no windows, and nobody's work
        frame = frame[(frame["kind"] != "state") | (frame["n"] > 0)].reset_index(drop=True)
    columns = [
        Column("Step", lambda row: flow_step(str(row["kind"]), str(row["step"])), "left"),
        Column("Leads", lambda row: count(row["n"])),
        Column("Left", lambda row: "" if row["kind"] == "state" else count(row["remaining"])),
    ]
    starts = [i for i, kind in enumerate(frame["kind"]) if kind == "start"]
    return table_of(frame, columns, caption=f"{what}: {_moment(provenance)}", marked=starts)


def _moment(provenance: Provenance) -> str:
    dated = provenance.first_moment is not None
    return f"scored at {provenance.moment}" if dated else "rows of the file"


def flow_step(kind: str, step: str) -> str:
    """Write a step of `flow_table` in the reader's words."""
    if kind == "state":
        return f"of these {_STATES.get(step, step)}"
    said = step.replace("observed_until", "the end of the export")
    return f"set aside: {said}" if kind == "excluded" else said


def _definitions(audit: Audit) -> Bullets:
    words = audit.words
    if audit.kind == "flat":
        said = "Judged: every row with a score and an outcome; the file does not say more."
        return Bullets("Definitions", (said,))
    items = [
        f"Judged: worked by sales, and its time to {words.to_become} is over.",
        "Too young leads are never counted as failures, and never as early successes.",
        "Never worked leads are unknown: they are in no rate.",
    ]
    if audit.handoffs is not None:
        items.append(
            f"{words.handed}: the lead's first recorded entry into that stage; its score does not"
            " enter this definition."
        )
    return Bullets("Definitions", tuple(items))


def show_data_health(audit: Audit) -> Section:
    """List what is odd about the export, the gravest first; lead ids stay out of the page."""
    facts: dict[str, object] = {
        f"health.{level}s": int((audit.health["level"] == level).sum())
        for level in ("error", "warning", "note")
    }
    if audit.kind == "flat":
        said = "Nothing can be checked across tables: a flat file has no dates and no history."
        return Section((Paragraph(said, "note"),), facts)
    if audit.health.empty:
        return Section((Paragraph("Nothing odd was found in the tables of the export."),), facts)
    errors = int((audit.health["level"] == "error").sum())
    columns = [
        Column("Gravity", lambda row: str(row["level"]), "left"),
        Column("Table", lambda row: str(row["table"]), "left"),
        Column("What was found", lambda row: str(row["text"]), "left"),
        Column("Rows", lambda row: count(row["n"]) if row["n"] else ""),
    ]
    table = table_of(audit.health, columns, caption="What does not fit in the export")
    warned = (
        (
            Paragraph(
                f"{plural(errors, 'finding')} must be mended before the numbers are used.",
                "warning",
                "Errors in the data.",
            ),
        )
        if errors
        else ()
    )
    return Section((*warned, table), facts)
