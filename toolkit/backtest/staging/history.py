"""Leads as they were known at their moments: fields from their history, rows of merged leads.

A lead whose fields changed, or into which another was merged, is a different lead before and
after. `split_leads` makes one entry of each that some moment falls in, `span_leads` one of each
there ever was, so that everything below sees leads that never change: the score stays one function
of fields and activities, whatever the engine. A lead scored once has one entry; where nothing
changes nothing is made.

    value at the moment   that of the last change at or before it
    before the first one  its old_value; none, where the export has no such column
    without any change    that of the export, which has held since the creation
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pandas as pd

from toolkit.backtest.merges import LONG_AGO
from toolkit.backtest.sql import column_names, make_table, quoted, seconds
from toolkit.crm import Crm
from toolkit.model import Model

__all__ = [
    "History",
    "changes_recorded",
    "fields_read",
    "known_schema",
    "span_leads",
    "split_leads",
]

_NO_HISTORY = (
    "The fit part is not point-in-time: lead fields are as of the export, because there is no "
    "history of field changes."
)


@dataclass(frozen=True, slots=True)
class History:
    """Where leads as of their moments are, and which of their fields have a history."""

    schema: str
    """Has `lead`, `mo` and `ids` with one entry per lead and state of knowledge."""
    known: bool = False
    """Whether `<schema>.known` has the columns of `leads` as of the moments."""
    split: bool = False
    """Whether `schema` is one of its own, with `base` in `lead`: the number of the lead."""
    tracked: tuple[str, ...] = ()
    untracked: tuple[str, ...] = ()
    since: date | None = None
    """The day of the first recorded change."""
    before: int = 0
    """Moments before the first recorded change."""
    unknown_before: int = 0
    """Fields of leads at moments before their first change, where no old value is recorded."""
    unreadable: int = 0
    """Recorded values that are none of the column's type, taken as missing."""

    @property
    def fields(self) -> str | None:
        """The relation with the fields of `lead`, or None for the table `leads`."""
        return f"{self.schema}.known" if self.known else None

    def caveats(self) -> tuple[str, ...]:
        """What a reader must know of the fit part, one sentence each."""
        if not self.tracked and not self.untracked:
            return ()
        if not self.tracked:
            return (_NO_HISTORY,)
        return tuple(text for text in (self._which(), *self._gaps()) if text)

    def _which(self) -> str:
        listed = ", ".join(self.tracked)
        if not self.untracked:
            return f"The fit part is point-in-time: {listed} as of the moment."
        return (
            f"The fit part is point-in-time for {listed} only: {', '.join(self.untracked)} as of "
            "the export, because no change of them is recorded."
        )

    def _gaps(self) -> tuple[str, ...]:
        gaps = []
        if self.before:
            gaps.append(
                f"{self.before:,} moments are earlier than the first recorded change of a field "
                f"({self.since}); what changed before that day is not known."
            )
        if self.unknown_before:
            gaps.append(
                f"{self.unknown_before:,} fields were scored as empty, because their first "
                "recorded value is later than the moment and no old value is recorded."
            )
        if self.unreadable:
            gaps.append(
                f"{self.unreadable:,} recorded values of fields do not fit the type of their "
                "column and count as missing."
            )
        return tuple(gaps)


def known_schema(schema: str) -> str:
    """Where the entries of a schema's leads are, if some lead changes."""
    return f"{schema}_known"


def fields_read(model: Model, asked: Sequence[str]) -> tuple[str, ...]:
    """Columns of leads that stand behind the fields of a model, in order."""
    derived = dict(model.derive)
    return tuple(sorted({derived[name].source if name in derived else name for name in asked}))


def split_leads(
    crm: Crm, schema: str, columns: Sequence[str], segments: Sequence[str] = ()
) -> History:
    """Make one entry per lead and state of knowledge at the moments in `<schema>.mo`.

    `columns` are those the score reads, `segments` further ones by which counts are split. Returns
    where to find them: `schema` itself where neither fields nor merges change anything.
    """
    tracked = _tracked(crm, sorted({*columns, *segments}))
    if not tracked and not _any(crm, f"{schema}.ids where m > {LONG_AGO}"):
        return History(schema, untracked=tuple(columns))
    _stage_changes_of(crm, schema, tracked)
    return _entries(crm, schema, columns, tracked)


def span_leads(crm: Crm, schema: str, columns: Sequence[str]) -> History:
    """Make one entry per lead and span of time in which it is known alike, and `<schema>.mo`.

    A span begins with the creation, a change of one of the columns or a merge into the lead, which
    is its moment, and ends with the next one; the last with the merge into another lead, or never.
    """
    tracked = _tracked(crm, columns)
    merged = _any(crm, f"{schema}.ids where m > {LONG_AGO}") or _any(crm, f"{schema}.gone")
    if not tracked and not merged:
        return History(schema, untracked=tuple(columns))
    _stage_changes_of(crm, schema, tracked)
    _place_spans(crm, schema)
    return _entries(crm, schema, columns, tracked)


def _place_spans(crm: Crm, schema: str) -> None:
    """Make `<schema>.mo` of the first second of every span."""
    crm.connection.execute(f"""
        create table {schema}.mo as
        select start.l, 0 as k, start.s
        from (select l, c as s from {schema}.lead
              union select base, t from {known_schema(schema)}.change
              union select l, m from {schema}.ids where inherits = 1) as start
        join {schema}.lead as lead on lead.l = start.l
        left join {schema}.gone as gone on gone.l = start.l
        where start.s >= lead.c and (gone.t is null or start.s < gone.t)""")


def _entries(
    crm: Crm, schema: str, columns: Sequence[str], tracked: dict[str, tuple[str, ...]]
) -> History:
    """Make the entries of the moments in `<schema>.mo`, and their fields where some are tracked."""
    inner = known_schema(schema)
    _number_entries(crm, schema, inner)
    history = History(
        inner,
        known=bool(tracked),
        split=True,
        tracked=tuple(name for name in tracked if name in columns),
        untracked=tuple(name for name in columns if name not in tracked),
    )
    return _with_gaps(crm, schema, history, tracked) if tracked else history


def changes_recorded(crm: Crm, column: str) -> bool:
    """Whether changes of a column of `leads` are recorded, so that it is known as of a moment."""
    return bool(_tracked(crm, [column]))


def _tracked(crm: Crm, columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The columns of which changes are recorded, with the names they have there."""
    if "lead_changes" not in crm.tables:
        return {}
    there = {
        str(row[0])
        for row in crm.connection.execute(
            "select distinct lower(trim(field)) from lead_changes where field is not null "
            "and lead_id is not null and valid_from is not null"
        ).fetchall()
    }
    theirs = crm.mapping.table("leads").columns
    known = set(column_names(crm.connection, "leads"))
    found = {}
    for name in columns:
        names = {name.strip().lower(), theirs.get(name, name).strip().lower()} & there
        if names and name in known:
            found[name] = tuple(sorted(names))
    return found


def _stage_changes_of(crm: Crm, schema: str, tracked: dict[str, tuple[str, ...]]) -> None:
    """Make `<schema>_known.change(base, i, t, o, value, old_value)`, in order of o."""
    inner = known_schema(schema)
    crm.connection.execute(f"create schema {inner}")
    names = pd.DataFrame(
        [(i, name) for i, names in enumerate(tracked.values()) for name in names],
        columns=["i", "name"],
    ).astype({"i": "int64", "name": "string"})
    make_table(crm.connection, f"{inner}.tracked", names)
    until = int(crm.observed_until.replace(tzinfo=UTC).timestamp())
    source = "lead_changes" if "lead_changes" in crm.tables else "(from lead_changes where false)"
    crm.connection.execute(f"""
        create table {inner}.change as
        select lead.l as base, tracked.i, {seconds("c.valid_from")} as t,
          row_number() over (partition by lead.l, tracked.i
            order by c.valid_from, c.value nulls first, c.old_value nulls first) as o,
          c.value, c.old_value
        from {source} as c
        join {inner}.tracked as tracked on tracked.name = lower(trim(c.field))
        join {schema}.lead as lead on lead.lead_id = c.lead_id
        where {seconds("c.valid_from")} <= {until}""")


def _number_entries(crm: Crm, schema: str, inner: str) -> None:
    """Make `<inner>.lead`, `.mo` and `.ids`: moments with the same knowledge share an entry."""
    crm.connection.execute(f"""
        create table {inner}.moment as
        select mo.l as base, mo.k, mo.s,
          (select count(*) from {inner}.change as c where c.base = mo.l and c.t <= mo.s) as changes,
          (select count(*) from {schema}.ids as i
           where i.l = mo.l and i.inherits = 1 and i.m <= mo.s) as merges
        from {schema}.mo as mo""")
    columns = ", ".join(
        f"lead.{quoted(name)}" for name in _columns_of(crm, schema, "lead") if name != "l"
    )
    crm.connection.execute(f"""
        create table {inner}.lead as
        select cast(row_number() over (order by e.base, e.at) as integer) as l, e.base, e.at,
          e.changes, e.merges, {columns}
        from (select base, changes, merges, min(s) as at from {inner}.moment group by all) as e
        join {schema}.lead as lead on lead.l = e.base""")
    crm.connection.execute(f"""
        create table {inner}.mo as select lead.l, m.k, m.s from {inner}.moment as m
        join {inner}.lead as lead on lead.base = m.base and lead.changes = m.changes
          and lead.merges = m.merges""")
    crm.connection.execute(f"""
        create table {inner}.ids as
        select ids.lead_id, lead.l, cast({LONG_AGO} as bigint) as m, 1 as inherits
        from {inner}.lead as lead join {schema}.ids as ids
          on ids.l = lead.base and ids.inherits = 1 and ids.m <= lead.at""")


def _columns_of(crm: Crm, schema: str, table: str) -> list[str]:
    return column_names(crm.connection, f"{schema}.{table}")


def _with_gaps(
    crm: Crm, schema: str, history: History, tracked: dict[str, tuple[str, ...]]
) -> History:
    """Make the fields as of the moments, and count what could not be known or read."""
    inner = history.schema
    unreadable = _stage_known(crm, inner, tracked)
    unknown = 0
    if not _has_old_values(crm):
        unknown = _one(
            crm, f"select count(*) from {inner}.held where seen = 0 and old_value is null"
        )
    first = crm.connection.execute(f"select min(t) from {inner}.change").fetchall()[0][0]
    if first is None:
        return replace(history, unreadable=unreadable, unknown_before=unknown)
    return replace(
        history,
        unreadable=unreadable,
        unknown_before=unknown,
        since=datetime.fromtimestamp(int(first), UTC).date(),
        before=_one(crm, f"select count(*) from {schema}.mo where s < {int(first)}"),
    )


def _any(crm: Crm, relation: str) -> bool:
    return bool(_one(crm, f"select count(*) from (select 1 from {relation} limit 1)"))


def _one(crm: Crm, query: str) -> int:
    return int(crm.connection.execute(query).fetchall()[0][0])


def _stage_known(crm: Crm, inner: str, tracked: dict[str, tuple[str, ...]]) -> int:
    """Make `<inner>.known(l, <columns of leads>)`: the tracked ones as of the entry's moment.

    Returns how many recorded values are none of their column's type.
    """
    types = {
        str(row[0]): str(row[1]) for row in crm.connection.execute("describe leads").fetchall()
    }
    crm.connection.execute(f"""
        create table {inner}.held as
        select lead.l, c.i, count(*) filter (c.t <= lead.at) as seen,
          last(c.value order by c.o) filter (c.t <= lead.at) as value,
          first(c.old_value order by c.o) as old_value
        from {inner}.lead as lead join {inner}.change as c on c.base = lead.base
        group by lead.l, c.i""")
    replaced, joins, lost = [], "", []
    for i, name in enumerate(tracked):
        text = f"case when h{i}.seen > 0 then h{i}.value else h{i}.old_value end"
        typed = _typed(text, types[name])
        replaced.append(
            f"case when h{i}.l is null then leads.{quoted(name)} else {typed} end as {quoted(name)}"
        )
        joins += f" left join {inner}.held as h{i} on h{i}.l = lead.l and h{i}.i = {i}"
        lost.append(f"count(*) filter ({text} is not null and {typed} is null)")
    origin = f"from {inner}.lead as lead join leads on leads.row_id = lead.row_id{joins}"
    others = ", ".join(map(quoted, tracked))
    crm.connection.execute(
        f"create table {inner}.known as select lead.l, leads.* exclude ({others}), "
        f"{', '.join(replaced)} {origin}"
    )
    return _one(crm, f"select {' + '.join(lost)} {origin}")


def _typed(text: str, kind: str) -> str:
    """A recorded value as one of the column's type; null where it is none."""
    if kind == "VARCHAR":
        return f"({text})"
    if kind.endswith("[]"):
        return f"string_split({text}, ';')"
    return f"try_cast({text} as {kind})"


def _has_old_values(crm: Crm) -> bool:
    """Whether the export records what a change replaced: some row does."""
    return _any(crm, "lead_changes where old_value is not null")
