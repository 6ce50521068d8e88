"""From the engine's tables to chunks of arrays: one scan, one number for each activity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from toolkit.backtest.core import ActivityRule, FitRule, LedgerRule, Plan, look_back
from toolkit.backtest.kernel.chunk import FAR, Bools, Chunk, Ints
from toolkit.backtest.sql import column_names

__all__ = ["CHUNK", "Asked", "Leads", "Rows", "chunks_of", "read_activities", "read_leads"]

CHUNK = 250_000
"""About so many activities at a time: they and what is made of them stay in the cache."""

_TIME_BITS = 33
_BITS = 63
_SLICE = 2_000_000
_THREADS = 2
# Below one lead in so many the engine picks out the activities of those asked for.
_FEW = 8


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


@dataclass(frozen=True, slots=True)
class Asked:
    """The leads that are asked for, in order of their numbers, with first and last moment."""

    number: Ints
    low: Ints
    high: Ints


def read_leads(
    connection: duckdb.DuckDBPyConnection, schema: str, plan: Plan, asked: Asked | None = None
) -> Leads:
    """Read the leads in order of their numbers."""
    fit = [rule.source for rule in plan.rules if isinstance(rule, FitRule)]
    columns = "".join(f", f{i}" for i in fit)
    found = _fetch(connection, f"select l, c{columns} from {schema}.ld order by l")
    if asked is not None:
        rows = np.searchsorted(found["l"], asked.number)
        found = {name: column[rows] for name, column in found.items()}
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
    asked: Asked | None = None,
) -> Rows:
    """Read the activities that some rule can see, sorted by lead and time.

    Of leads that are `asked` for, what is later than the last moment or too old for the first is
    left out.
    """
    if all(isinstance(rule, FitRule) for rule in plan.rules):
        return Rows(np.zeros(0, dtype=np.int64), 0, 0, {}, {})
    flags = _flags(connection, schema)
    extra = _extra(plan)
    code_bits = max((len(next(iter(flags.values()))) - 1).bit_length(), 1)
    low = until + 1 - (1 << _TIME_BITS)
    most = int(connection.execute(f"select coalesce(max(l), 0) from {schema}.ld").fetchall()[0][0])
    sight = None if asked is None else _Sight(asked, look_back(plan), most)
    with _seen(connection, schema, until, sight) as source:
        if not extra and most.bit_length() + _TIME_BITS + code_bits <= _BITS:
            keys = _packed(connection, source, low, code_bits, sight)
            if keys is not None:
                return Rows(keys, low, code_bits, {}, flags)
        columns = "".join(f", e.{name}" for name in extra)
        wide = _fetch(connection, f"select e.l, e.t, e.code{columns} from {source}")
    if sight is not None:
        kept = sight.sees(wide["l"], wide["t"])
        wide = {name: column[kept] for name, column in wide.items()}
    order = np.lexsort((wide["t"], wide["l"]))
    return Rows(None, low, code_bits, {name: part[order] for name, part in wide.items()}, flags)


class _Sight:
    """Which activities can matter to the moments that are asked for."""

    def __init__(self, asked: Asked, reach: int | None, most: int) -> None:
        self.asked = asked
        self.few = _FEW * len(asked.number) < most
        self.last = int(asked.high.max(initial=-FAR))
        self.first = None if reach is None else int(asked.low.min(initial=FAR)) - reach
        # Lead numbers begin with 1; who is not asked for sees nothing.
        self.high = np.full(most + 1, -FAR)
        self.high[asked.number] = asked.high
        self.low = np.full(most + 1, -FAR)
        if reach is not None:
            self.low[asked.number] = asked.low - reach

    def sees(self, lead: Ints, time: Ints) -> Ints:
        """Where activities are not later than the last moment and young enough for the first."""
        past = np.flatnonzero(time <= self.high[lead])
        return past[time[past] > self.low[lead[past]]]


@contextmanager
def _seen(
    connection: duckdb.DuckDBPyConnection, schema: str, until: int, sight: _Sight | None
) -> Iterator[str]:
    """Give what the engine can leave out cheaply: by one bound for all, or by a few leads."""
    bounds = f"e.t <= {until if sight is None else sight.last}"
    if sight is not None and sight.first is not None:
        bounds += f" and e.t > {sight.first}"
    if sight is None or not sight.few:
        yield f"{schema}.ev as e where {bounds}"
        return
    name = f"{schema}_asked"
    connection.register(name, pa.table({"l": pa.array(sight.asked.number)}))
    try:
        yield f"{schema}.ev as e join {name} as m on m.l = e.l where {bounds}"
    finally:
        connection.unregister(name)


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
    names = [name for name in column_names(connection, f"{schema}.kind") if name[0] in "qrz"]
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
    connection: duckdb.DuckDBPyConnection,
    source: str,
    low: int,
    code_bits: int,
    sight: _Sight | None,
) -> Ints | None:
    """Fetch sorted keys; None if a time is too long ago to be packed."""
    span = 1 << _TIME_BITS
    time = f"case when e.t < {low} then 0 else e.t - ({low}) end"
    keys = _fetch(
        connection,
        f"select (cast(e.l as bigint) * {span} + {time}) * {1 << code_bits} + e.code as key "
        f"from {source}",
    )["key"]
    slices = [keys[begin : begin + _SLICE] for begin in range(0, len(keys), _SLICE)]
    with ThreadPoolExecutor(_THREADS) as pool:
        parts = list(pool.map(lambda part: _sighted(part, low, code_bits, sight), slices))
        if any(part is None for part in parts):
            return None
        kept = np.concatenate([keys[:0], *(part for part in parts if part is not None)])
        # Sorted by halves of the leads, which two threads can do at once.
        middle = np.int64((int(kept.max(initial=0)) + int(kept.min(initial=0))) // 2)
        halves = [kept[kept < middle], kept[kept >= middle]]
        del keys, parts, slices, kept
        list(pool.map(lambda half: half.sort(), halves))
    return np.concatenate(halves)


def _sighted(keys: Ints, low: int, code_bits: int, sight: _Sight | None) -> Ints | None:
    """Those keys that matter; None if a time is too long ago."""
    time = (keys >> code_bits) & ((1 << _TIME_BITS) - 1)
    if not time.all():
        return None
    if sight is None:
        return keys
    return keys[sight.sees(keys >> (_TIME_BITS + code_bits), time + low)]


def chunks_of(
    leads: Leads, rows: Rows, *, until: int, size: int = CHUNK, owner: Ints | None = None
) -> Iterator[tuple[slice, Chunk]]:
    """Give the leads in pieces of about `size` activities, each with its place among all leads.

    Neighbours of one `owner` (numbers in ascending order) are in one piece.
    """
    ends = _ends(leads.number, rows)
    # A lead without activities weighs something as well.
    weight = ends + np.arange(1, len(ends) + 1)
    begin = 0
    while begin < len(ends):
        before = int(weight[begin - 1]) if begin else 0
        end = max(int(np.searchsorted(weight, before + size, side="right")), begin + 1)
        if owner is not None:
            end = int(np.searchsorted(owner, owner[end - 1], side="right"))
        yield slice(begin, end), _chunk(leads, rows, slice(begin, end), ends, until)
        begin = end


def _ends(numbers: Ints, rows: Rows) -> Ints:
    """Where the activities of each lead end."""
    if rows.keys is None:
        ends = np.searchsorted(rows.wide["l"], numbers, side="right")
    else:
        ends = np.searchsorted(rows.keys, (numbers + 1) << (_TIME_BITS + rows.code_bits))
    return np.asarray(ends, dtype=np.int64)


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
        return np.asarray(lead - numbers[0], dtype=np.int64)
    return np.asarray(np.searchsorted(numbers, lead), dtype=np.int64)


def _columns(rows: Rows, inside: slice) -> tuple[Ints, Ints, Ints]:
    if rows.keys is None:
        return rows.wide["l"][inside], rows.wide["t"][inside], rows.wide["code"][inside]
    keys = rows.keys[inside]
    time = ((keys >> rows.code_bits) & ((1 << _TIME_BITS) - 1)) + rows.low
    return keys >> (_TIME_BITS + rows.code_bits), time, keys & ((1 << rows.code_bits) - 1)
