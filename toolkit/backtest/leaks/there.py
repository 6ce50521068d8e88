"""Levels of fields in another engine: counts come back, and are grouped here.

How a field is grouped depends on what its texts are (numbers, times, words), which engines judge
differently. So each different text comes here once, with its leads by fold and outcome; it is
grouped by the statements of this room, in the engine of this process, on rows that are made from
these counts; the groups go back as a small dictionary, for the accounts in each to be counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pandas as pd

from toolkit.backtest.sql import make_table

__all__ = ["accounts_there", "rows_of_counts"]


@contextmanager
def rows_of_counts(
    connection: duckdb.DuckDBPyConnection, table: str, column: str
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection with `judged(<column>, fold, y, g)`: the leads, told apart no further."""
    counts = connection.execute(f"""
        select {column}, fold, y, count(*) as n from {table} group by {column}, fold, y""").df()
    with duckdb.connect() as inside:
        make_table(inside, "cell", counts)
        inside.execute(f"""
            create table judged as
            select {column}, fold, y, 0 as g from cell cross join lateral unnest(range(n)) as r(i)""")
        yield inside


def accounts_there(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    levels: pd.DataFrame,
    groups: pd.DataFrame,
) -> pd.DataFrame:
    """Put the number of accounts beside each level; `groups` says in which level a text is.

    `groups` has the columns `text` and `value`, both texts or missing.
    """
    make_table(connection, "level_of_text", groups)
    found = connection.execute(f"""
        select x.value, x.fold, count(distinct x.g) as accounts
        from (select d.value, t.fold, t.g from {table} as t
              join level_of_text as d on d.text is not distinct from t.{column}) as x
        group by x.value, x.fold""").df()
    connection.execute("drop table level_of_text")
    kept = levels.drop(columns="accounts")
    made = kept.merge(found, on=["value", "fold"], how="left", validate="one_to_one")
    return made[list(levels.columns)]
