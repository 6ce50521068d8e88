"""What can be told while a table is read: how its times are written, which words it uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.crm.canonical import FALSE_WORDS, FLOATS, TRUE_WORDS, Layout
from toolkit.crm.findings import EXAMPLES, Finding, plural, shown, shown_list
from toolkit.crm.instants import Clock, kind_of_time, shape_of
from toolkit.crm.mapping import STAGE_PREFIX
from toolkit.crm.sources import reading
from toolkit.crm.sql import identifier, literals
from toolkit.crm.tables import DECISIONS, Column
from toolkit.errors import DataError, nearest_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

    from toolkit.crm.mapping import MappingFile

__all__ = ["audit"]

MANY_WORDS = 40
"""A column with more different values than this is listed only in part, or not at all."""


def audit(
    connection: duckdb.DuckDBPyConnection, layout: Layout, given: MappingFile
) -> Iterator[Finding]:
    """Report how one table is read; raise what cannot be read without guessing."""
    yield from layout.source.findings
    yield from layout.findings
    yield from _numbers(connection, layout)
    _float_ids(connection, layout)
    for column in layout.instants():
        yield from _times(connection, layout, column)
    if layout.table.name == "activities":
        yield from _roles(connection, layout, given)
        yield from _flags(connection, layout)
    if layout.table.name == "stage_changes" and layout.stage is None:
        yield from _stages(connection, layout, given)
    if layout.table.name == "sales_feedback":
        _decisions(connection, layout)


def _float_ids(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Refuse ids that a table stored as floating-point numbers and damaged by it."""
    for ours, theirs in layout.columns.items():
        column = layout.table.column(ours)
        if column and column.kind == "id" and layout.type_of(theirs) in FLOATS:
            x = identifier(theirs)
            with reading(layout.source):
                n = connection.execute(
                    f"SELECT count(*) FROM {layout.source.relation} WHERE {x} <> floor({x}) "
                    f"OR abs({x}) >= {2**53} OR isnan({x})"
                ).fetchall()[0][0]
            if n:
                raise DataError(
                    f"{layout.table.name}.{ours} holds floating-point numbers, and {n:,} of them "
                    "are no whole numbers below 2^53, so digits of the ids are lost: read ids as "
                    "text when you export or load them"
                )


# --- times --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Times:
    """How many values of one column were read in one way."""

    n: int = 0
    ids: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """All values of one column of times, by the way they were read."""

    layout: Layout
    column: Column
    clock: Clock
    kinds: dict[str, _Times]

    @property
    def where(self) -> str:
        theirs = self.layout.columns[self.column.name]
        also = "" if theirs == self.column.name else f" (column '{shown(theirs)}')"
        return f"{self.layout.table.name}.{self.column.name}{also}"

    @property
    def filled(self) -> int:
        return sum(times.n for kind, times in self.kinds.items() if kind != "blank")

    def of(self, *kinds: str) -> _Times:
        parts = [self.kinds[kind] for kind in kinds if kind in self.kinds]
        return _Times(
            sum(part.n for part in parts),
            *(
                _first(part, name)
                for part, name in ((parts, "ids"), (parts, "shapes"), (parts, "values"))
            ),
        )

    def finding(self, level: str, code: str, times: _Times, text: str) -> Finding:
        return Finding(
            "warning" if level == "warning" else "note",
            code,
            self.layout.table.name,
            f"{self.where}: {text}",
            times.n,
            times.ids,
        )


def _first(parts: Sequence[_Times], name: str) -> tuple[str, ...]:
    texts = {text for part in parts for text in getattr(part, name)}
    return tuple(sorted(texts)[:EXAMPLES])


def _times(
    connection: duckdb.DuckDBPyConnection, layout: Layout, column: Column
) -> Iterator[Finding]:
    clock = layout.clock(column)
    if not clock.readable:
        raise DataError(
            f"{layout.table.name}.{column.name} is of type {clock.type}: expected a time, a date "
            "or text (numbers of seconds or milliseconds since 1970 need `formats: [epoch_s]` or "
            "`[epoch_ms]` in crm.yaml)"
        )
    zoned = clock.type == "TIMESTAMP WITH TIME ZONE"
    if not clock.dates and (zoned or (_plain(clock) and clock.zone == "UTC")):
        return
    seen = _Seen(layout, column, clock, _count_kinds(connection, layout, clock))
    _refuse(seen)
    yield from _odd(seen)


def _plain(clock: Clock) -> bool:
    return clock.type.startswith("TIMESTAMP") or clock.type not in ("VARCHAR", "DATE")


def _count_kinds(
    connection: duckdb.DuckDBPyConnection, layout: Layout, clock: Clock
) -> dict[str, _Times]:
    value = f"CAST({clock.expression} AS VARCHAR)"
    odd = "CASE WHEN kind IN ('slashed', 'clash', 'bad', 'local', 'date') THEN"
    query = f"""
        SELECT kind, count(*), min(DISTINCT id, {EXAMPLES}),
          min(DISTINCT {odd} {shape_of("value")} END, {EXAMPLES}),
          min(DISTINCT CASE WHEN kind IN ('slashed', 'clash') THEN value END, {EXAMPLES})
        FROM (SELECT {kind_of_time(clock)} AS kind, {value} AS value,
                {layout.identity(layout.columns[layout.table.key])} AS id
              FROM {layout.prepared()}) GROUP BY kind ORDER BY kind"""
    with reading(layout.source):
        rows = connection.execute(query).fetchall()
    return {kind: _Times(n, *(tuple(part or ()) for part in parts)) for kind, n, *parts in rows}


def _refuse(seen: _Seen) -> None:
    if (times := seen.of("slashed")).n:
        raise DataError(_which_order(seen, times))
    if (times := seen.of("clash")).n:
        raise DataError(
            f"{seen.where}: {plural(times.n, 'value')} can be read in two ways by the declared "
            f"formats, e.g. {shown_list(times.values, quote=chr(39))} (leads "
            f"{shown_list(times.ids)}): keep one format per table"
        )
    if (times := seen.of("local", "date", "skipped", "twice")).n and seen.clock.zone is None:
        raise DataError(_no_zone(seen, times))
    bad = seen.of("bad")
    if bad.n * 2 > seen.filled:
        raise DataError(
            f"{seen.where}: {bad.n:,} of {plural(seen.filled, 'value')} cannot be read as a time; "
            f"they look like {shown_list(bad.shapes, quote=chr(39))} (9 is a digit, a is any "
            f"letter; leads {shown_list(bad.ids)}). Is it the right column? Declare how times are "
            'written with `formats`, e.g. formats: ["%m/%d/%Y %H:%M"]'
        )


def _no_zone(seen: _Seen, times: _Times) -> str:
    shapes = f", written like {shown_list(times.shapes, quote=chr(39))}" if times.shapes else ""
    return (
        f"{seen.where}: {times.n:,} of {plural(seen.filled, 'time')} name no time zone{shapes} "
        f"(leads {shown_list(times.ids)}). An hour's error moves leads over thresholds, so the "
        "zone is not guessed: write `time_zone: Europe/Berlin` (or UTC) into crm.yaml, for all "
        'tables or for this one, or connect(..., time_zone="UTC")'
    )


def _which_order(seen: _Seen, times: _Times) -> str:
    hint = _suggested(times.values)
    return (
        f"{seen.where}: {plural(times.n, 'value')} may be day/month or month/day, e.g. "
        f"{shown_list(times.values, quote=chr(39))} (leads {shown_list(times.ids)}). Declare the "
        f"order in crm.yaml, for all tables or for this one: formats: [{hint}]"
    )


def _suggested(values: Sequence[str]) -> str:
    """Offer the formats that fit the first example; the reader knows the order."""
    mark = next((m for m in "/.-" if m in values[0]), "/")
    clock = _clock_format(values[0])
    year = "%Y" if re.search(r"\d{4}", values[0].split(" ")[0]) else "%y"
    month, day = (mark.join(order) + clock for order in (("%m", "%d", year), ("%d", "%m", year)))
    return f'"{month}"] or ["{day}"'


def _clock_format(value: str) -> str:
    _, _, rest = value.partition(" ")
    if not rest:
        return ""
    seconds = ":%S" if rest.count(":") > 1 else ""
    return f" %I:%M{seconds} %p" if rest.upper().endswith("M") else f" %H:%M{seconds}"


def _odd(seen: _Seen) -> Iterator[Finding]:
    bad, dates, skipped, twice = (seen.of(k) for k in ("bad", "date", "skipped", "twice"))
    if bad.n:
        looks = shown_list(bad.shapes, quote="'")
        text = f"{plural(bad.n, 'value')} cannot be read as a time (written like {looks})"
        yield seen.finding("warning", "unreadable_time", bad, f"{text}; taken as missing")
    if dates.n:
        edge = "first" if seen.column.date_only == "start" else "last"
        text = f"{plural(dates.n, 'date')} without a time, taken as the {edge} moment of that day"
        yield seen.finding("note", "date_only", dates, f"{text} in {seen.clock.zone}")
    if skipped.n:
        text = f"{plural(skipped.n, 'local time')} that the clock skipped, moved forward"
        yield seen.finding("warning", "skipped_hour", skipped, text)
    if twice.n:
        text = f"{plural(twice.n, 'local time')} that occurred twice, taken as the second"
        yield seen.finding("note", "repeated_hour", twice, text)


# --- words --------------------------------------------------------------------------------------


def _counted(
    connection: duckdb.DuckDBPyConnection, layout: Layout, expression: str
) -> list[tuple[str, int]]:
    """Different texts of a column, the most frequent first."""
    with reading(layout.source):
        return connection.execute(
            f"SELECT word, n FROM (SELECT {expression} AS word, count(*) AS n "
            f"FROM {layout.source.relation} GROUP BY 1) WHERE word IS NOT NULL ORDER BY n DESC, word"
        ).fetchall()


def _with_counts(words: Sequence[tuple[str, int]]) -> str:
    if len(words) > MANY_WORDS:
        return f"{len(words):,} different ones (is it the right column?)"
    return shown_list(f"{shown(word)} ({n:,})" for word, n in words)


def _roles(
    connection: duckdb.DuckDBPyConnection, layout: Layout, given: MappingFile
) -> Iterator[Finding]:
    if not given.mapping.activity_roles:
        text = (
            "no activity_roles in the mapping: every activity counts as marketing, calls and "
            "meetings of the sales team included"
        )
        yield Finding("note", "no_roles", "activities", text, 0)
        return
    words = _counted(connection, layout, layout.text(layout.columns["activity_type"]))
    unlisted = [(word, n) for word, n in words if word.lower() not in layout.words]
    if unlisted:
        text = f"types without a role, taken as marketing: {_with_counts(unlisted)}"
        n = sum(n for _, n in unlisted)
        yield Finding("warning", "types_without_role", "activities", text, n)
    yield from _unused(layout, words, "activity_roles", given.mapping.activity_roles)


def _unused(
    layout: Layout,
    words: Sequence[tuple[str, int]],
    key: str,
    lists: Mapping[str, tuple[str, ...]],
) -> Iterator[Finding]:
    """Say which of our words no text of the export stands for: probably a slip in the mapping."""
    there = {word.lower() for word, _ in words}
    for ours, texts in lists.items():
        if texts and not there & {ours, *(text.strip().lower() for text in texts)}:
            text = f"{key}: nothing in the export is '{ours}' (looked for {shown_list(texts)})"
            yield Finding("warning", "unused_words", layout.table.name, text, 0)


def _flags(connection: duckdb.DuckDBPyConnection, layout: Layout) -> Iterator[Finding]:
    theirs = layout.columns.get("is_machine")
    if theirs is None or layout.source.types[theirs] == "BOOLEAN":
        return
    text = f"lower({layout.text(theirs)})"
    known = literals((*TRUE_WORDS, *FALSE_WORDS))
    words = _counted(connection, layout, f"CASE WHEN {text} NOT IN ({known}) THEN {text} END")
    if words:
        said = f"is_machine is neither yes nor no, taken as no: {_with_counts(words)}"
        yield Finding("warning", "unknown_flag", "activities", said, sum(n for _, n in words))


def _numbers(connection: duckdb.DuckDBPyConnection, layout: Layout) -> Iterator[Finding]:
    """Count texts that are no numbers where numbers are expected."""
    for column in layout.table.columns:
        theirs = layout.columns.get(column.name)
        if column.kind != "number" or theirs is None or layout.type_of(theirs) != "VARCHAR":
            continue
        text = layout.text(theirs)
        words = _counted(
            connection, layout, f"CASE WHEN TRY_CAST({text} AS DOUBLE) IS NULL THEN {text} END"
        )
        if words:
            n = sum(n for _, n in words)
            said = f"{plural(n, 'value')} of {column.name} that are no numbers, taken as missing"
            yield Finding("warning", "unreadable_number", layout.table.name, said, n)


def _stages(
    connection: duckdb.DuckDBPyConnection, layout: Layout, given: MappingFile
) -> Iterator[Finding]:
    theirs = layout.columns["stage"]
    words = _counted(connection, layout, layout.text(theirs))
    ours = {layout.words.get(word.lower(), word.lower()) for word, _ in words}
    ours |= set(given.mapping.stage_columns)
    unlisted = [(w, n) for w, n in words if w.lower() not in {*layout.words, *given.mapping.stages}]
    if unlisted and given.mapping.stages:
        text = f"stages not in the mapping, kept in lower case: {_with_counts(unlisted)}"
        yield Finding("note", "unlisted_stages", "stage_changes", text, sum(n for _, n in unlisted))
    yield from _unused(layout, words, "stages", given.mapping.stages)
    if words:
        yield from _absent_stages(ours, given)


def _absent_stages(ours: set[str], given: MappingFile) -> Iterator[Finding]:
    wanted = {"hand-off stage": given.mapping.handoff_stage}
    for word in given.mapping.worked_by or ():
        if word.startswith(STAGE_PREFIX):
            wanted["stage of worked_by"] = word.removeprefix(STAGE_PREFIX)
    for what, stage in wanted.items():
        if stage not in ours:
            listed = "" if len(ours) > MANY_WORDS else nearest_first(stage, map(shown, ours))
            text = f"no lead ever enters the {what} '{stage}'; {listed or 'there are many others'}"
            yield Finding("warning", "absent_stage", "stage_changes", text, 0)


def _decisions(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    theirs = layout.columns["decision"]
    words = _counted(connection, layout, layout.text(theirs))
    unknown = [(word, n) for word, n in words if word.lower() not in layout.words]
    if unknown:
        example = "Yes" if len(unknown) > MANY_WORDS else shown(unknown[0][0])
        raise DataError(
            f"sales_feedback.decision (column '{shown(theirs)}') holds {_with_counts(unknown)}; "
            f"expected {', '.join(DECISIONS)}. Say in crm.yaml what they mean, e.g. "
            f"decisions: {{accepted: [{example}], rejected: [...]}}"
        )
