"""How accounts span the groups of an axis: products of counts in different groups."""

from __future__ import annotations

import pandas as pd

from toolkit.backtest.result import Backtest

__all__ = ["pairs_across"]


def pairs_across(backtest: Backtest, rows: str, axis: str) -> pd.DataFrame:
    """Sum over accounts of (judged leads in a cell of one group) x (in a cell of another group).

    Columns: `group_a`, `score_a`, `state_a`, `group_b`, `score_b`, `state_b`, `n`; both halves.
    Products inside a group are the account pairs of that group. Only accounts that are in two
    groups or more take part, mostly few: where an axis is a property of the account, none is.
    """
    frame = backtest.connection.execute(f"""
        with cell as (
          select {axis} as v, cluster as g, score, state, count(*) as n
          from {rows} where cluster is not null and state in ('converted', 'not_converted')
          group by all),
        spanning as (
          select * from cell where g in (select g from cell group by g having min(v) <> max(v)))
        select a.v as group_a, a.score as score_a, a.state as state_a,
          b.v as group_b, b.score as score_b, b.state as state_b,
          cast(sum(a.n * b.n) as bigint) as n
        from spanning as a join spanning as b on a.g = b.g and a.v <> b.v
        group by all order by all""").df()
    return frame.astype({"group_a": str, "group_b": str, "n": "int64"})
