"""Count rows by cell, and say which cells the leads of one account fall in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pandas as pd

from toolkit.backtest.moments import Outcome
from toolkit.backtest.outcomes import OUTCOME, Wanted, evidence_of_work, place_outcomes, stage_times
from toolkit.backtest.result import Backtest, new_schema
from toolkit.backtest.sql import quoted
from toolkit.counts import AccountCells
from toolkit.crm import Crm
from toolkit.errors import QuestionError

__all__ = ["check_same", "count_cells", "end_of_data", "stage_reached"]


def check_same(backtest: Backtest, crm: Crm) -> None:
    """Refuse a CRM other than the one that was backtested."""
    if backtest.connection is not crm.connection:
        raise QuestionError(
            "the backtest was not made from this CRM: give the one that run_backtest was given "
            "(a flat file has no stages, so nothing can be counted from it)"
        )


def end_of_data(crm: Crm) -> int:
    """Last second (UTC) that the export saw."""
    return int(crm.connection.execute(
        "select cast(floor(epoch_us(cast(? as timestamp)) / 1000000) as bigint)",
        [crm.observed_until],
    ).fetchall()[0][0])  # fmt: skip


@contextmanager
def stage_reached(backtest: Backtest, crm: Crm, stage: str, within_days: int) -> Iterator[str]:
    """Make a schema for one more outcome of the same moments, and drop it afterwards.

    It has `state(l, k, state, ...)`, `entry(l, stage, t, d, ...)` and `work(l, k, t)` as a backtest
    of that outcome would have them, so the states are the same by construction; there is no state
    where the stage was reached at or before the moment.
    """
    schema, run = new_schema(crm.connection), crm.connection.execute
    until = end_of_data(crm)
    try:
        for table in ("lead", "ids"):
            run(f"create view {schema}.{table} as select * from {backtest.moments_schema}.{table}")
        run(f"create table {schema}.mo as select l, k, s from {backtest.schema}.scored")
        outcome = Outcome(stage, within_days)
        stage_times(crm, schema, (Wanted.of(crm, OUTCOME, outcome),), until=until)
        place_outcomes(
            crm,
            schema,
            outcome,
            evidence_of_work(crm),
            until=until,
            episodes=backtest.provenance.unit == "lead and hand-off",
        )
        yield schema
    finally:
        run(f"drop schema {schema} cascade")


def count_cells(
    connection: duckdb.DuckDBPyConnection, rows: str, keys: Sequence[str]
) -> tuple[pd.DataFrame, AccountCells | None]:
    """Count the rows of a query by `keys`; it must also give `cluster` (null: on its own)."""
    names = ", ".join(quoted(key) for key in keys)
    connection.execute(f"""
        create or replace temp table placed as
        select *, dense_rank() over (order by {names}) - 1 as cell from ({rows})""")
    frame = connection.execute(
        f"select {names}, count(*) as n from placed group by cell, {names} order by cell"
    ).df()
    # Numbered by a hash of the name, so that the order tells nothing of the accounts.
    cells = connection.execute("""
        select cast(dense_rank() over (order by md5(cluster), cluster) - 1 as bigint) as account,
          cell, count(*) as n
        from placed where cluster in
          (select cluster from placed where cluster is not null group by cluster having count(*) > 1)
        group by cluster, cell order by account, cell""").df()
    known = connection.execute("select 1 from placed where cluster is not null limit 1").fetchall()
    connection.execute("drop table placed")
    accounts = AccountCells(cells.astype("int64")) if known else None
    return frame.astype({"n": "int64"}), accounts
