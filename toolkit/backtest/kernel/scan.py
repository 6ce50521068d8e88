"""From the engine's tables to arrays: one scan, one number for each activity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import numpy as np
import pyarrow as pa

from toolkit.backtest.core import ActivityRule, FitRule, LedgerRule, Plan, look_back
from toolkit.backtest.kernel.chunk import Bools, Ints
from toolkit.backtest.kernel.cut import ONE_RANGE, Code, Leads, Rows
from toolkit.backtest.kernel.sight import Asked, Sight
from toolkit.backtest.kernel.threads import spread
from toolkit.backtest.sql import column_names

__all__ = ["read_activities", "read_leads"]

# Activities are put in order by ranges of leads: 64 at most, and not too small.
_RANGES_BITS = 6
LEAST_RANGE_BITS = 12


def read_leads(
    connection: duckdb.DuckDBPyConnection, schema: str, plan: Plan, asked: Asked | None = None
) -> Leads:
    """Read the leads in order of their numbers."""
    fit = [rule.source for rule in plan.rules if isinstance(rule, FitRule)]
    columns = "".join(f", f{i}" for i in fit)
    paid = _fetch(connection, f"select n{columns} from {schema}.fit_points order by n")
    found = connection.execute(f"select l, c, n from {schema}.fit_of").fetchnumpy()
    # Numbers are dense: a place for each is quicker than a sort.
    lead = np.asarray(found["l"])
    place = np.full(int(lead.max(initial=0)) + 1, -1)
    place[lead] = np.arange(len(lead))
    rows = place[place >= 0] if asked is None else place[asked.number]
    created, kind = (np.asarray(found[name])[rows] for name in ("c", "n"))
    number = lead[rows].astype(np.int64)
    return Leads(number, created, kind, tuple(paid[f"f{i}"] for i in fit))


def _fetch(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Ints]:
    found = connection.execute(sql).fetchnumpy()
    return {
        name: np.ma.filled(column, -1).astype(np.int64, copy=False)
        for name, column in found.items()
    }


def _whole(column: pa.Array) -> Ints:
    column = column.fill_null(-1) if column.null_count else column
    return np.asarray(column.to_numpy(zero_copy_only=False)).astype(np.int64, copy=False)


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
        return Rows(({"key": np.zeros(0, dtype=np.int64)},), ONE_RANGE, Code(0, 0), {})
    flags, extra = _flags(connection, schema), _extra(plan)
    sight = _sight(connection, schema, plan, until=until, asked=asked)
    code = Code.of(until, len(next(iter(flags.values()))))
    if not extra and code.holds(sight.most):
        range_bits = max(sight.most.bit_length() - _RANGES_BITS, LEAST_RANGE_BITS)
        with _batches(connection, schema, sight, ["code"]) as batches:
            keys = _packed(batches, sight, code, range_bits)
        if keys is not None:
            return Rows(tuple({"key": part} for part in keys), range_bits, code, flags)
    with _batches(connection, schema, sight, ["code", *extra]) as batches:
        wide = _wide(batches, sight, ["l", "t", "code", *extra])
    return Rows((wide,), ONE_RANGE, code, flags)


def _sight(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    plan: Plan,
    *,
    until: int,
    asked: Asked | None,
) -> Sight:
    known = _fetch(connection, f"select key, l from {schema}.id_key")
    return Sight(known["key"], known["l"], until=until, asked=asked, reach=look_back(plan))


@contextmanager
def _batches(
    connection: duckdb.DuckDBPyConnection, schema: str, sight: Sight, columns: Sequence[str]
) -> Iterator[Iterator[dict[str, Ints]]]:
    """Give activities some at a time, so that the engine's copy of them is never whole.

    The engine leaves out what it can cheaply: by one bound for all, or by a few leads.
    """
    chosen = ", ".join(f"e.{name}" for name in ("key", "t", *columns))
    bounds = f"e.t <= {sight.last}" + ("" if sight.first is None else f" and e.t > {sight.first}")
    name, join = f"{schema}_asked", ""
    if sight.few is not None:
        connection.register(name, pa.table({"key": pa.array(sight.few)}))
        join = f" join {name} as m on m.key = e.key"
    found = connection.sql(f"select {chosen} from {schema}.ev_key as e{join} where {bounds}")
    try:
        with pa.RecordBatchReader.from_stream(found) as reader:
            yield ({x: _whole(batch.column(x)) for x in batch.schema.names} for batch in reader)
    finally:
        if join:
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
    batches: Iterator[dict[str, Ints]], sight: Sight, code: Code, range_bits: int
) -> tuple[Ints, ...] | None:
    """Sorted keys, an array for each range of leads; None if a time is too long ago."""
    ranges = [_Growing() for _ in range((sight.most >> range_bits) + 1)]

    def pack(batch: dict[str, Ints]) -> list[Ints] | None:
        seen = sight.seen(batch)
        if not code.reaches(seen["t"]):
            return None
        keys = code.packed(seen["l"], seen["t"], seen["code"])
        # Of bytes numpy makes a stable order by counting.
        home = (seen["l"] >> range_bits).astype(np.uint8)
        ends = np.cumsum(np.bincount(home, minlength=len(ranges)))
        return np.split(keys[np.argsort(home, kind="stable")], ends[:-1])

    for parts in spread(batches, pack):
        if parts is None:
            return None
        for known, part in zip(ranges, parts, strict=True):
            known.add(part)
    return tuple(spread(iter(ranges), _Growing.ordered))


class _Growing:
    """An array that is added to: it grows where it is, so that nothing is there twice."""

    def __init__(self) -> None:
        self.rows = np.zeros(0, dtype=np.int64)
        self.n = 0

    def add(self, part: Ints) -> None:
        """Put some at the end."""
        end = self.n + len(part)
        if end > len(self.rows):
            self.rows.resize(max(end, len(self.rows) * 9 // 8), refcheck=False)
        self.rows[self.n : end] = part
        self.n = end

    def ordered(self) -> Ints:
        """All of it, sorted."""
        self.rows.resize(self.n, refcheck=False)
        self.rows.sort()
        return self.rows


def _wide(
    batches: Iterator[dict[str, Ints]], sight: Sight, names: Sequence[str]
) -> dict[str, Ints]:
    """Read a column of each, in order of lead and time."""
    parts = list(spread(batches, sight.seen))
    columns = {
        name: np.concatenate([np.zeros(0, dtype=np.int64), *(part[name] for part in parts)])
        for name in names
    }
    order = np.lexsort((columns["t"], columns["l"]))
    return {name: column[order] for name, column in columns.items()}
