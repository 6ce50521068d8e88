"""Leads by the value of each field and their outcome, one pass over the rows per field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import duckdb
import pandas as pd

from toolkit.backtest.leaks.there import accounts_there, rows_of_counts
from toolkit.counts import FieldCounts
from toolkit.crm.engines import is_remote

__all__ = ["FOLDS", "count_levels", "fold_of"]

FOLDS = 20
_FEW_NUMBERS = 50
"""Numbers and times with more different values are grouped."""
_RANGES = 20
_MANY = 1_000
"""A field with more different values is counted by the rates of its values."""
_LISTED = 60
_OWN = 0.9
"""From this share of different values on, a value says nothing about another lead."""
_SUPPORT = 10
"""A level with fewer leads is not looked at."""
_LEVEL_COLUMNS = ["field", "value", "fold", "converted", "not_converted", "accounts"]
_AREA_COLUMNS = ["field", "bucket", "fold", "converted", "not_converted"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """How the values of a field are grouped; `sql` is the text of a level."""

    name: str
    sql: str


def fold_of(text: str) -> str:
    """SQL of a fold that depends on nothing but the text: no row order, no engine version."""
    return f"cast(md5_number_lower({text}) % {FOLDS} as integer)"


def count_levels(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    fields: Sequence[str],
    *,
    source: str,
    outcome: str,
) -> FieldCounts:
    """Count the table `(y, g, fold, known, x0, x1, ...)`; x<i> is the text of field number i.

    y is 1 for a converted lead, g names its account (or itself), `known` says whether accounts
    are.
    """
    count = _field_there if is_remote(connection) else _field
    parts = [count(connection, table, i, name) for i, name in enumerate(fields)]
    totals = connection.execute(
        f"select coalesce(sum(y), 0), count(*), count(distinct g), coalesce(bool_or(known), false) "
        f"from {table}"
    ).fetchall()[0]
    converted, n, accounts = (int(value) for value in totals[:3])
    return FieldCounts(
        levels=_stacked([levels for levels, _, _ in parts], _LEVEL_COLUMNS),
        areas=_stacked([areas for _, areas, _ in parts], _AREA_COLUMNS),
        kinds=pd.DataFrame([kind for _, _, kind in parts], columns=["field", "kind", "tested"]),
        source=source,
        outcome=outcome,
        converted=converted,
        not_converted=n - converted,
        accounts=accounts if totals[3] else None,
    )


def _stacked(frames: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return (
        pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)
    )


def _field(
    connection: duckdb.DuckDBPyConnection, table: str, i: int, name: str
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, str, int]]:
    kind = _kind_of(connection, table, f"x{i}")
    nothing = pd.DataFrame()
    if kind.name in ("constant", "own"):
        return nothing, nothing, (name, kind.name, 0)
    counted = f"(select {kind.sql} as value, fold, y, g from {table})"
    tested = connection.execute(
        f"select count(*) from (select 1 from {counted} group by value having count(*) >= {_SUPPORT})"
    ).fetchall()[0][0]
    few = _furthest(counted) if kind.name == "many" else counted
    areas = _areas(connection, counted) if kind.name == "many" else nothing
    levels = _levels(connection, few)
    return levels.assign(field=name), areas.assign(field=name), (name, kind.name, int(tested))


def _field_there(
    connection: duckdb.DuckDBPyConnection, table: str, i: int, name: str
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, str, int]]:
    """The same of a table in another engine."""
    with rows_of_counts(connection, table, f"x{i}") as inside:
        levels, areas, kind = _field(inside, "judged", i, name)
        if levels.empty:
            return levels, areas, kind
        sql = _kind_of(inside, "judged", f"x{i}").sql
        groups = inside.execute(f"select distinct x{i} as text, {sql} as value from judged").df()
    return accounts_there(connection, table, f"x{i}", levels, groups), areas, kind


def _kind_of(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> _Kind:
    found = connection.execute(f"""
        select sum(n) filter (v is not null), sum(n) filter (v is null), count(v),
          sum(n) filter (isfinite(try_cast(v as double))),
          sum(n) filter (try_cast(v as timestamp) is not null)
        from (select {column} as v, count(*) as n from {table} group by v)""").fetchall()[0]
    filled, missing, different, numbers, times = (int(value or 0) for value in found)
    if different == 0 or (different == 1 and not missing):
        return _Kind("constant", column)
    if different > _FEW_NUMBERS and numbers == filled:
        return _Kind("ranges", _range_sql(connection, table, column))
    if different > _FEW_NUMBERS and times == filled:
        return _Kind("months", f"strftime(cast({column} as timestamp), '%Y-%m')")
    if different > _OWN * filled and different > _FEW_NUMBERS:
        return _Kind("own", column)
    return _Kind("many" if different > _MANY else "values", column)


def _range_sql(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> str:
    """Ranges of about equal size, closed below."""
    at = ", ".join(f"{i / _RANGES}" for i in range(1, _RANGES))
    found = connection.execute(
        f"select quantile_disc(cast({column} as double), [{at}]) from {table} where {column} is not null"
    ).fetchall()[0][0]
    edges = sorted(set(found))
    value = f"cast({column} as double)"
    inner = "".join(
        f" when {value} < {high!r} then '{low:.12g} to under {high:.12g}'"
        for low, high in pairwise(edges)
    )
    first, last = edges[0], edges[-1]
    return (
        f"case when {column} is null then null when {value} < {first!r} then 'under {first:.12g}'"
        f"{inner} else '{last:.12g} and more' end"
    )


def _levels(connection: duckdb.DuckDBPyConnection, counted: str) -> pd.DataFrame:
    return connection.execute(f"""
        select value, fold, cast(sum(y) as bigint) as converted,
          cast(sum(1 - y) as bigint) as not_converted, count(distinct g) as accounts
        from {counted} group by value, fold order by value nulls last, fold""").df()


def _furthest(counted: str) -> str:
    """Keep the levels whose rates lie furthest from that of all leads, in standard errors."""
    return f"""(
        select c.value, c.fold, c.y, c.g from {counted} as c semi join (
          select value from (select value, count(*) as n, sum(y) as k from {counted} group by value),
            (select avg(y) as p from {counted}) where n >= {_SUPPORT} or value is null
          order by abs(k - n * p) / sqrt(n) desc, value limit {_LISTED}
        ) as f on f.value is not distinct from c.value)"""


def _areas(connection: duckdb.DuckDBPyConnection, counted: str) -> pd.DataFrame:
    """Leads by the rate of their value outside their own fold, shrunk by one lead to that of all."""
    return connection.execute(f"""
        with c as (select value, fold, sum(y) as k, count(*) as n from {counted} group by value, fold),
        v as (select value, sum(k) as k, sum(n) as n from c group by value),
        f as (select fold, sum(k) as k, sum(n) as n from c group by fold),
        b as (select f.fold, (t.k - f.k + 1) / (t.n - f.n + 2) as p
              from f, (select sum(k) as k, sum(n) as n from f) as t),
        r as (select c.fold, c.k, c.n, (v.k - c.k + b.p) / (v.n - c.n + 1) as r
              from c join v on v.value is not distinct from c.value join b on b.fold = c.fold)
        select cast(floor(10 * ln(r / (1 - r))) as integer) as bucket, fold,
          cast(sum(k) as bigint) as converted, cast(sum(n - k) as bigint) as not_converted
        from r group by all order by all""").df()
