"""Look through the canonical tables for what does not fit together; count it, drop nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from toolkit.crm.findings import EXAMPLES, Finding, Level, plural
from toolkit.crm.sql import identifier, literal
from toolkit.crm.tables import CONTRACT

if TYPE_CHECKING:
    from toolkit.crm.connect import Crm

__all__ = ["check_tables"]

BULK = 10
"""So many leads in one stage in one second did not get there one by one."""

PLACEHOLDER = "1990-01-01"
"""No CRM recorded anything before; earlier times are placeholders."""


def check_tables(crm: Crm) -> tuple[Finding, ...]:
    """List what was odd while connecting, then what does not fit together in the rows.

    Rows are counted where they are; none is removed or changed. Examples are lead ids, the first
    in order, so shuffling rows changes nothing.
    """
    found = [finding for check in _CHECKS for finding in check(crm)]
    return (*crm.findings, *found)


def _rows(
    crm: Crm, table: str, where: str, *, level: Level, code: str, say: str, of: str = ""
) -> Iterator[Finding]:
    """One finding when any row of `of` (by default the table) meets the condition."""
    key = "lead_id" if of else CONTRACT[table].key
    n, ids = _counted(crm, f"SELECT {key} AS lead_id FROM {of or table} WHERE {where}")
    if n:
        yield Finding(level, code, table, f"{plural(n, 'row')} {say}", n, ids)


def _counted(crm: Crm, query: str) -> tuple[int, tuple[str, ...]]:
    row = crm.connection.execute(
        f"SELECT count(*), min(DISTINCT lead_id, {EXAMPLES}) FROM ({query})"
    ).fetchall()[0]
    return int(row[0]), tuple(row[1] or ())


def _one(crm: Crm, query: str) -> tuple[int, ...]:
    return tuple(int(value or 0) for value in crm.connection.execute(query).fetchall()[0])


# --- single tables ------------------------------------------------------------------------------


def _empty(crm: Crm) -> Iterator[Finding]:
    for name in sorted(crm.tables):
        if not _one(crm, f"SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT 1)")[0]:
            text = f"the table has no rows: {CONTRACT[name].without or 'nothing can be read'}"
            yield Finding("warning", "empty_table", name, text, 0)


def _holes(crm: Crm) -> Iterator[Finding]:
    """Required values that are missing; a lead without them is set aside by a backtest."""
    for name in sorted(crm.tables):
        for column in CONTRACT[name].columns:
            lost = name != "leads" and column.kind in ("id", "instant")
            if column.required:
                yield from _rows(
                    crm,
                    name,
                    f"{column.name} IS NULL",
                    level="warning",
                    code="missing_value",
                    say=f"without {column.name}{'; they count for no lead' if lost else ''}",
                )


def _placeholders(crm: Crm) -> Iterator[Finding]:
    for name, column in _main_times(crm):
        yield from _rows(
            crm,
            name,
            f"{column} < TIMESTAMP '{PLACEHOLDER}'",
            level="warning",
            code="placeholder_time",
            say=f"with {column} before 1990: is it a placeholder? Then list it under `missing`",
        )


def _future(crm: Crm) -> Iterator[Finding]:
    until = f"TIMESTAMP '{crm.observed_until}'"
    for name, column in _main_times(crm):
        yield from _rows(
            crm,
            name,
            f"{column} > {until}",
            level="warning",
            code="after_observed_until",
            say=f"with {column} after observed_until ({crm.observed_until:%Y-%m-%d %H:%M} UTC)",
        )


def _main_times(crm: Crm) -> Iterator[tuple[str, str]]:
    times = {
        "leads": "created_at",
        "activities": "occurred_at",
        "stage_changes": "entered_at",
        "sales_feedback": "decided_at",
        "lead_changes": "valid_from",
        "lead_merges": "merged_at",
        "score_history": "changed_at",
        "moments": "moment",
    }
    return ((name, column) for name, column in times.items() if name in crm.tables)


_IF_DATES = {
    "activities": "an activity counts up to a day before it happened",
    "stage_changes": "a stage entered on the day of the moment seems to precede it",
    "sales_feedback": "a decision on the day of the moment seems to precede it",
}


def _dates_in_disguise(crm: Crm) -> Iterator[Finding]:
    """Typed times that are all midnight: an activity would count up to a day too early."""
    for name, column in _main_times(crm):
        if name not in _IF_DATES:
            continue
        local = f"timezone({literal(_zone(crm, name))}, make_timestamptz(epoch_us({column})))"
        known = "false" if name == "activities" else "is_date_only"
        n, midnight = _one(
            crm,
            "SELECT count(t), count(*) FILTER (local = date_trunc('day', local)) "
            f"FROM (SELECT {column} AS t, {local} AS local FROM {name} WHERE NOT {known})",
        )
        if n >= BULK and midnight * 2 > n:
            text = (
                f"{midnight:,} of {n:,} times are midnight sharp in {_zone(crm, name)}: if they "
                f"are dates, {_IF_DATES[name]}; export the column as a date, or write date_only: "
                f"true under tables: {name}: in crm.yaml"
            )
            yield Finding("warning", "midnight_times", name, text, midnight)


def _zone(crm: Crm, name: str) -> str:
    return crm.mapping.table(name).time_zone or crm.mapping.time_zone or "UTC"


def _repeated_activities(crm: Crm) -> Iterator[Finding]:
    columns = {row[0] for row in crm.connection.execute("DESCRIBE activities").fetchall()}
    if "activity_id" not in columns:
        return
    n, ids = _counted(
        crm,
        "SELECT lead_id FROM (SELECT lead_id, row_number() OVER "
        "(PARTITION BY activity_id ORDER BY lead_id, occurred_at) AS copy FROM activities "
        "WHERE activity_id IS NOT NULL) WHERE copy > 1",
    )
    if n:
        text = f"{plural(n, 'row')} with an activity_id that another row has; one of them counts"
        yield Finding("warning", "repeated_activity", "activities", text, n, ids)


def _duplicate_leads(crm: Crm) -> Iterator[Finding]:
    columns = [row[0] for row in crm.connection.execute("DESCRIBE leads").fetchall()]
    content = ", ".join(identifier(name) for name in columns if name != "row_id")
    versions = (
        f"SELECT lead_id, count(*) AS copies FROM leads WHERE lead_id IN (SELECT lead_id FROM leads "
        f"GROUP BY lead_id HAVING count(*) > 1) GROUP BY {content}"
    )
    shared = f"SELECT lead_id, sum(copies) AS n, count(*) AS contents FROM ({versions}) GROUP BY 1"
    for condition, rows, code, say in (
        ("contents = 1", "n - 1", "identical_leads", "copy an identical row of the same lead"),
        ("contents > 1", "n", "conflicting_leads", "share a lead_id with a row that differs"),
    ):
        n, ids = crm.connection.execute(
            f"SELECT coalesce(sum({rows}), 0)::BIGINT, min(DISTINCT lead_id, {EXAMPLES}) "
            f"FROM ({shared}) WHERE {condition}"
        ).fetchall()[0]
        if n:
            text = f"{plural(n, 'row')} that {say}"
            yield Finding("warning", code, "leads", text, n, tuple(ids))


# --- tables against each other ------------------------------------------------------------------


def _orphans(crm: Crm) -> Iterator[Finding]:
    for name in sorted(crm.tables - {"leads"}):
        # A merged lead is often gone from the lead table; its survivor should be there.
        key = "winner_id" if name == "lead_merges" else "lead_id"
        n, ids = _counted(
            crm, f"SELECT {key} AS lead_id FROM {name} WHERE {key} NOT IN ({_lead_ids()})"
        )
        if not n:
            continue
        filled = _one(crm, f"SELECT count({key}) FROM {name}")[0]
        text = f"{n:,} of {plural(filled, 'row')} belong to no lead of the lead table"
        if n * 2 > filled:
            yield Finding("error", "orphans", name, f"{text}{_lengths(crm, name)}", n, ids)
        else:
            yield Finding("warning", "orphans", name, text, n, ids)


def _lead_ids() -> str:
    """The ids of leads, and those that were merged into others."""
    return (
        "SELECT lead_id FROM leads WHERE lead_id IS NOT NULL UNION "
        "SELECT loser_id FROM lead_merges WHERE loser_id IS NOT NULL"
    )


def _lengths(crm: Crm, name: str) -> str:
    """Say how the ids differ; Salesforce writes the same id with 15 or 18 characters."""
    key = "winner_id" if name == "lead_merges" else "lead_id"
    low, high, here_low, here_high = _one(
        crm,
        "SELECT * FROM (SELECT min(length(lead_id)), max(length(lead_id)) FROM leads), "
        f"(SELECT min(length({key})), max(length({key})) FROM {name})",
    )
    lead, here = _span(low, high), _span(here_low, here_high)
    if lead == here:
        return ": are these ids of the same kind (lead, contact, visitor)?"
    return f": their ids have {here} characters, those of the leads {lead}"


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"


def _before_creation(crm: Crm) -> Iterator[Finding]:
    for name, column in _main_times(crm):
        if name not in ("activities", "stage_changes", "sales_feedback"):
            continue
        joined = (
            f"(SELECT t.lead_id, t.{column} AS happened, c.created_at FROM {name} t JOIN (SELECT lead_id, "
            "min(created_at) AS created_at FROM leads GROUP BY lead_id) c ON c.lead_id = t.lead_id "
            f"WHERE t.{column} < c.created_at)"
        )
        level: Level = "note" if name == "activities" else "warning"
        same_day = "created_at - happened < INTERVAL 24 HOUR"
        tail = "; they count once the lead exists" if name == "activities" else ""
        yield from _rows(
            crm, name, f"NOT ({same_day})", of=joined, level=level, code="before_creation",
            say=f"with {column} a day or more before the lead was created{tail}",
        )  # fmt: skip
        yield from _rows(
            crm, name, same_day, of=joined, level="note", code="shortly_before_creation",
            say=f"with {column} less than 24 hours before the lead was created (a date without "
            f"time, or the order of saving){tail}",
        )  # fmt: skip


# --- bulk imports -------------------------------------------------------------------------------


def _bulk(crm: Crm) -> Iterator[Finding]:
    """Many leads in one second were moved by an import, not by what they did."""
    sources = {
        "stage_changes": ("entered_at", "stage", "entered '{}'"),
        "leads": ("created_at", "''", "were created"),
    }
    for name, (column, word, say) in sources.items():
        if name not in crm.tables:
            continue
        rows = crm.connection.execute(
            f"SELECT n, leads, second, word FROM (SELECT count(*) AS n, count(DISTINCT lead_id) AS "
            f"leads, date_trunc('second', {column}) AS second, {word} AS word FROM {name} "
            f"WHERE {_not_a_date(crm, name, column)} GROUP BY second, word) "
            f"WHERE leads >= {BULK} ORDER BY leads DESC, second, word"
        ).fetchall()
        if rows:
            yield _bulk_finding(name, say, rows)


def _not_a_date(crm: Crm, name: str, column: str) -> str:
    """Leave out dates without time, which share their first moment by construction."""
    local = f"timezone({literal(_zone(crm, name))}, make_timestamptz(epoch_us({column})))"
    return f"{column} IS NOT NULL AND {local} <> date_trunc('day', {local})"


def _bulk_finding(name: str, say: str, rows: list[tuple[int, int, object, str]]) -> Finding:
    listed = "; ".join(
        f"{plural(leads, 'lead')} {say.format(word)} at {second} UTC"
        for _, leads, second, word in rows[:EXAMPLES]
    )
    more = f"; and {plural(len(rows) - EXAMPLES, 'further second')}" if len(rows) > EXAMPLES else ""
    text = f"bulk imports: {listed}{more}"
    return Finding("warning", "bulk_import", name, text, sum(row[0] for row in rows))


_CHECKS: tuple[Callable[[Crm], Iterator[Finding]], ...] = (
    _empty,
    _holes,
    _duplicate_leads,
    _repeated_activities,
    _orphans,
    _before_creation,
    _future,
    _placeholders,
    _dates_in_disguise,
    _bulk,
)
