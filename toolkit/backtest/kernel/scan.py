"""From the engine's tables to chunks of arrays: one scan, one number for each activity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb
import numpy as np

from toolkit.backtest.core import ActivityRule, FitRule, LedgerRule, Plan, look_back
from toolkit.backtest.kernel.chunk import Bools, Chunk, Ints
from toolkit.backtest.sql import column_names

__all__ = ["CHUNK", "Leads", "Rows", "chunks_of", "read_activities", "read_leads"]

CHUNK = 250_000
"""About so many activities at a time: they and what is made of them stay in the cache."""

_TIME_BITS = 33
_BITS = 63


@dataclass(frozen=True, slots=True)
class Rows:
    """Activities in order of lead and time, and what their codes mean.

    `keys` hold number of the lead, seconds since `low` and code in one number each; where they do
    not fit, or buckets and deltas are needed, `wide` has a column of each instead.
    """

    keys: Ints | None
    low: int
    code_bits: int
    wide: Mapping[str, Ints]
    flags: Mapping[str, Bools]


@dataclass(frozen=True, slots=True)
class Leads:
    """Number, creation and points of the fit criteria of the leads that are read."""

    number: Ints
    created: Ints
    fit: tuple[Ints, ...]


def read_leads(
    connection: duckdb.DuckDBPyConnection, schema: str, plan: Plan, *, chosen: str = ""
) -> Leads:
    """Read the leads in order of their numbers; `chosen` is a table with a column `l` of them."""
    fit = [rule.source for rule in plan.rules if isinstance(rule, FitRule)]
    columns = "".join(f", f{i}" for i in fit)
    only = f"where l in (select l from {chosen})" if chosen else ""
    found = _fetch(connection, f"select l, c{columns} from {schema}.ld {only} order by l")
    return Leads(found["l"], found["c"], tuple(found[f"f{i}"] for i in fit))


def _fetch(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Ints]:
    found = connection.execute(sql).fetchnumpy()
    return {
        name: np.ma.filled(column, -1).astype(np.int64, copy=False)
        for name, column in found.items()
    }


def read_activities(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    plan: Plan,
    *,
    until: int,
    asked: str = "",
) -> Rows:
    """Read the activities that some rule can see, sorted by lead and time.

    `asked` is a table `l, low, high` of leads and their first and last moment: what is later
    than the last, or too old for the first, is left in the engine.
    """
    if all(isinstance(rule, FitRule) for rule in plan.rules):
        return Rows(np.zeros(0, dtype=np.int64), 0, 0, {}, {})
    flags = _flags(connection, schema)
    source = f"{schema}.ev as e"
    seen = f"e.t <= {until}"
    if asked:
        source += f" join {asked} as m on m.l = e.l"
        seen = "e.t <= m.high"
        reach = look_back(plan)
        seen += "" if reach is None else f" and e.t > m.low - {reach}"
    extra = _extra(plan)
    code_bits = max((len(next(iter(flags.values()))) - 1).bit_length(), 1)
    low = until + 1 - (1 << _TIME_BITS)
    most = connection.execute(f"select coalesce(max(l), 0) from {schema}.ld").fetchall()[0][0]
    if not extra and int(most).bit_length() + _TIME_BITS + code_bits <= _BITS:
        keys = _packed(connection, source, seen, low, code_bits)
        if keys is not None:
            return Rows(keys, low, code_bits, {}, flags)
    wide = _fetch(
        connection,
        f"select e.l, e.t, e.code{''.join(f', e.{name}' for name in extra)} "
        f"from {source} where {seen}",
    )
    order = np.lexsort((wide["t"], wide["l"]))
    return Rows(None, low, code_bits, {name: part[order] for name, part in wide.items()}, flags)


def _extra(plan: Plan) -> list[str]:
    """Columns besides lead, time and code that the plan needs."""
    buckets = {
        rule.bucket.column
        for rule in plan.rules
        if isinstance(rule, ActivityRule) and rule.bucket is not None
    }
    names = [f"g{column}" for column in sorted(c for c in buckets if c is not None)]
    return [*names, *["d"] * any(isinstance(rule, LedgerRule) for rule in plan.rules)]


def _flags(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, Bools]:
    """What each code means: one array of truth per flag."""
    names = [n for n in column_names(connection, f"{schema}.kind") if n[0] in "qrz" and n != "role"]
    listed = ", ".join(f"any_value({name}) as {name}" for name in names)
    found = _fetch(
        connection, f"select code, {listed} from {schema}.kind group by code order by code"
    )
    size = int(found["code"].max(initial=0)) + 1
    flags = {name: np.zeros(size, dtype=np.bool_) for name in names}
    for name in names:
        flags[name][found["code"]] = found[name] == 1
    return flags


def _packed(
    connection: duckdb.DuckDBPyConnection, source: str, seen: str, low: int, code_bits: int
) -> Ints | None:
    """Fetch sorted keys; None if a time is too long ago to be packed."""
    span = 1 << _TIME_BITS
    time = f"case when e.t < {low} then 0 else e.t - ({low}) end"
    keys = _fetch(
        connection,
        f"select (cast(e.l as bigint) * {span} + {time}) * {1 << code_bits} + e.code as key "
        f"from {source} where {seen}",
    )["key"]
    keys.sort()
    if bool(((keys >> code_bits) & (span - 1) == 0).any()):
        return None
    return keys


def chunks_of(
    leads: Leads, rows: Rows, *, until: int, size: int = CHUNK
) -> Iterator[tuple[slice, Chunk]]:
    """Give the leads in pieces of about `size` activities, each with its place among all leads."""
    ends = _ends(leads.number, rows)
    begin = 0
    while begin < len(leads.number):
        before = ends[begin - 1] if begin else 0
        # A lead without activities weighs something as well.
        weight = ends[begin:] - before + np.arange(1, len(ends) - begin + 1)
        end = begin + max(int(np.searchsorted(weight, size, side="right")), 1)
        yield slice(begin, end), _chunk(leads, rows, slice(begin, end), ends, until)
        begin = end


def _ends(numbers: Ints, rows: Rows) -> Ints:
    """Where the activities of each lead end."""
    if rows.keys is None:
        return np.searchsorted(rows.wide["l"], numbers, side="right")
    return np.searchsorted(rows.keys, (numbers + 1) << (_TIME_BITS + rows.code_bits))


def _chunk(leads: Leads, rows: Rows, part: slice, ends: Ints, until: int) -> Chunk:
    inside = slice(int(ends[part.start - 1]) if part.start else 0, int(ends[part.stop - 1]))
    lead, time, code = _columns(rows, inside)
    numbers = leads.number[part]
    return Chunk(
        created=leads.created[part],
        fit=tuple(points[part] for points in leads.fit),
        lead=_position(numbers, lead),
        time=time,
        code=code,
        flags=rows.flags,
        until=until,
        extra={name: column[inside] for name, column in rows.wide.items() if name[0] in "gd"},
    )


def _position(numbers: Ints, lead: Ints) -> Ints:
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return lead - numbers[0]
    return np.searchsorted(numbers, lead)


def _columns(rows: Rows, inside: slice) -> tuple[Ints, Ints, Ints]:
    if rows.keys is None:
        return rows.wide["l"][inside], rows.wide["t"][inside], rows.wide["code"][inside]
    keys = rows.keys[inside]
    time = ((keys >> rows.code_bits) & ((1 << _TIME_BITS) - 1)) + rows.low
    return keys >> (_TIME_BITS + rows.code_bits), time, keys & ((1 << rows.code_bits) - 1)
