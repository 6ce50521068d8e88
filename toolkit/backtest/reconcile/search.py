"""Try each change on a sample of scores: which of them gives what the platform recorded.

Every score looked at becomes a lead of its own, with the activities up to its moment, so that a
change may speak of "the latest activity", and one statement scores them all.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

from toolkit.backtest.core import Plan, as_of_sql
from toolkit.backtest.reconcile.hypotheses import Hypothesis
from toolkit.backtest.sql import column_names
from toolkit.backtest.staging import Staged

__all__ = ["search"]

_SAMPLE = 2_000
_HISTORY = ("edited", "reset_recorded")


def search(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    staged: Staged,
    changes: Sequence[Hypothesis],
    *,
    until: int,
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[int, int]]:
    """Return `hypotheses`, `patterns` and `looked_at` of DifferenceCounts.

    Needs `<schema>.compared(l, entry, k, s, lead_id, value, replayed, edited, reset_recorded)`,
    `ld`, `ev` of leads as exported, and what was staged at the moments.
    """
    plan = staged.plan
    _draw(connection, schema, staged.history.schema)
    n = connection.execute(
        f"select count(*) filter (value <> replayed), count(*) filter (value = replayed) "
        f"from {schema}.drawn"
    ).fetchall()[0]
    looked_at = (int(n[0]), int(n[1]))
    columns = []
    for i, change in enumerate(changes):
        _score(connection, schema, change, f"h{i}")
        columns.append((change.code, change.criterion or "", change.label))
    _score_later(connection, schema, plan, until, f"h{len(columns)}")
    columns += [("rescored", "", "the score"), ("lagging", "", "the score")]
    _score_lagging(connection, schema, plan, f"h{len(columns) - 1}")
    if staged.history.split:
        _score_as_exported(connection, schema, plan, f"h{len(columns)}")
        columns.append(("fields_of_export", "", "the score"))
    for name in _HISTORY:
        connection.execute(
            f"create table {schema}.h{len(columns)} as select n, case when {name} then value "
            f"else replayed end as score from {schema}.drawn"
        )
        columns.append((name, "", "the score"))
    contradicted, patterns = _patterns(connection, schema, len(columns))
    hypotheses = pd.DataFrame(columns, columns=["code", "criterion", "label"])
    return hypotheses.assign(contradicted=contradicted), patterns, looked_at


def _draw(connection: duckdb.DuckDBPyConnection, schema: str, known: str) -> None:
    """Number the scores looked at, and give each the lead as it was known, with its activities."""
    connection.execute(f"""
        create table {schema}.drawn as
        select cast(row_number() over (order by value = replayed, lead_id, s) as integer) as n, *
        from (select *, row_number() over (partition by value = replayed
                order by md5(lead_id || ' ' || s), lead_id, s) as place from {schema}.compared)
        where place <= {_SAMPLE}""")
    connection.execute(f"""
        create table {schema}.drawn_ev as
        select d.n as l, e.* exclude (l) from {known}.ev as e
        join {schema}.drawn as d on d.entry = e.l and e.t <= d.s""")
    connection.execute(f"""
        create table {schema}.drawn_ld as
        select d.n as l, ld.* exclude (l) from {known}.ld as ld
        join {schema}.drawn as d on d.entry = ld.l""")


def _score(
    connection: duckdb.DuckDBPyConnection, schema: str, change: Hypothesis, table: str
) -> None:
    events = f"select * from {schema}.drawn_ev"
    if change.events is not None:
        events = _events_sql(connection, schema, change.events, change.source or 0)
    connection.execute(f"""
        create table {schema}.{table} as
        with ld as (select * from {schema}.drawn_ld), ev as ({events}),
          mo as (select n as l, 0 as k, s from {schema}.drawn), score as ({as_of_sql(change.plan)})
        select l as n, score from score""")


def _events_sql(
    connection: duckdb.DuckDBPyConnection, schema: str, events: str, source: int
) -> str:
    """Activities that one criterion sees otherwise than all others do."""
    table, flag = f"{schema}.drawn_ev", f"r{source}"
    names = column_names(connection, table)
    latest = f"row_number() over (partition by l, {flag} order by t desc)"
    numbered = f"(select *, {latest} as place from {table})"
    if events == "latest_missing":
        return (
            f"select * exclude (place) replace (case when place = 1 then 0 else {flag} end as {flag}) "
            f"from {numbered}"
        )
    others = ", ".join(
        f"0 as {name}" for name in names if name != flag and (name == "q" or name[0] in "rz")
    )
    copied = "" if events == "twice" else " and place = 1"
    replaced = f" replace ({others})" if others else ""
    return (
        f"select * from {table} union all select * exclude (place){replaced} "
        f"from {numbered} where {flag} = 1{copied}"
    )


def _score_later(
    connection: duckdb.DuckDBPyConnection, schema: str, plan: Plan, until: int, table: str
) -> None:
    """The score as of the export: what a platform shows that scores again in place."""
    connection.execute(f"""
        create table {schema}.{table} as
        with ld as (select * from {schema}.ld), ev as (select * from {schema}.ev),
          mo as (select distinct l, 0 as k, cast({until} as bigint) as s from {schema}.drawn),
          score as ({as_of_sql(plan)})
        select d.n, score.score from {schema}.drawn as d join score on score.l = d.l""")


def _score_lagging(
    connection: duckdb.DuckDBPyConnection, schema: str, plan: Plan, table: str
) -> None:
    """The score before what happened in the very second."""
    connection.execute(f"""
        create table {schema}.{table} as
        with ld as (select * from {schema}.drawn_ld), ev as (select * from {schema}.drawn_ev),
          mo as (select n as l, 0 as k, s - 1 as s from {schema}.drawn), score as ({as_of_sql(plan)})
        select l as n, score from score""")


def _score_as_exported(
    connection: duckdb.DuckDBPyConnection, schema: str, plan: Plan, table: str
) -> None:
    """The score at the moment with the fields of the export: made anew when a field changed."""
    connection.execute(f"""
        create table {schema}.{table} as
        with ld as (select * from {schema}.ld), ev as (select * from {schema}.ev),
          mo as (select l, k, s from {schema}.drawn), score as ({as_of_sql(plan)})
        select d.n, score.score from {schema}.drawn as d
        join score on score.l = d.l and score.k = d.k""")


def _patterns(
    connection: duckdb.DuckDBPyConnection, schema: str, hypotheses: int
) -> tuple[list[int], pd.DataFrame]:
    tables = " union all ".join(
        f"select {i} as h, n, score from {schema}.h{i}" for i in range(hypotheses)
    )
    broken = dict(
        connection.execute(f"""
            select h, count(*) from ({tables}) as x join {schema}.drawn as d on d.n = x.n
            where d.value = d.replayed and x.score <> d.value group by h""").fetchall()
    )
    patterns = connection.execute(f"""
        select explained_by, difference, count(*) as n from (
          select d.n, d.value - d.replayed as difference,
            coalesce(list(x.h order by x.h) filter (x.score = d.value), []) as explained_by
          from {schema}.drawn as d left join ({tables}) as x on x.n = d.n
          where d.value <> d.replayed group by d.n, d.value, d.replayed)
        group by all order by n desc, difference, explained_by""").df()
    explained = patterns["explained_by"].map(lambda found: tuple(int(h) for h in found))
    return [int(broken.get(i, 0)) for i in range(hypotheses)], patterns.assign(
        explained_by=explained
    )
