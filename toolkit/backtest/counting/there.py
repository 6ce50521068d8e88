"""Products of counts within accounts, computed by the engine that holds the rows.

In this process they are a sparse product of lists, one for each account; from another engine no list
of an account is fetched, so it joins the cells of each account with themselves. That is linear in
the leads as long as an account spans few cells, and never more than the square of the number of
cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from toolkit.backtest.result import Backtest
from toolkit.counts import STATES, AccountPairs

__all__ = ["CELL_CODE", "STATE_CODES", "account_pairs_there"]

STATE_CODES = {str(state): i for i, state in enumerate(STATES)}
CELL_CODE = (
    f"cast(score as bigint) * {len(STATES)} + case state "
    + " ".join(f"when '{state}' then {i}" for state, i in STATE_CODES.items())
    + " end"
)
"""Score and state as one whole number, in SQL."""


def account_pairs_there(
    backtest: Backtest, rows: str, axis: str | None
) -> Mapping[str, AccountPairs]:
    """The pairs of `account_pairs`, of rows that have accounts."""
    _number_cells(backtest, rows, axis or "''")
    together = " and a.v = b.v" if axis else ""
    found = backtest.connection.execute(f"""
        select a.v, a.code as code_a, b.code as code_b, cast(sum(a.n * b.n) as bigint) as n
        from cell as a join cell as b on a.g = b.g{together} group by all""").df()
    # In the order of the fields of AccountPairs.
    sizes = backtest.connection.execute(f"""
        select v, cast(sum(case when c + d > 0 then 1 else 0 end) as bigint) as judged,
          cast(sum(case when c > 0 then 1 else 0 end) as bigint) as converted,
          cast(sum(case when d > 0 then 1 else 0 end) as bigint) as not_converted,
          cast(max(c + d) as bigint) as largest
        from (select v, g, sum(case when code % {len(STATES)} = 0 then n else 0 end) as c,
                sum(case when code % {len(STATES)} in (1, 1 - {len(STATES)}) then n else 0 end) as d
              from cell group by v, g) group by v""").fetchall()
    backtest.connection.execute("drop table cell")
    pairs = _decoded(found)
    frames = {str(value): part.drop(columns="v") for value, part in pairs.groupby("v", sort=True)}
    return {
        str(value): AccountPairs(frames[str(value)].reset_index(drop=True), *map(int, size))
        for value, *size in sizes
    }


def _number_cells(backtest: Backtest, rows: str, value: str) -> None:
    """Make `cell(v, g, code, n)`: whole numbers for accounts and cells are joined fastest."""
    backtest.connection.execute(f"""
        create or replace temp table cell as
        select {value} as v, coalesce(g, -1 - l) as g, {CELL_CODE} as code, count(*) as n
        from {rows} as s group by all""")


def _decoded(found: pd.DataFrame) -> pd.DataFrame:
    """Scores and states instead of the numbers of cells, sorted."""
    states = np.array(STATES, dtype=object)
    made: dict[str, Any] = {"v": found["v"]}
    for end in ("a", "b"):
        code = found[f"code_{end}"].to_numpy(dtype=np.int64)
        made[f"score_{end}"] = code // len(STATES)
        made[f"state_{end}"] = states[code % len(STATES)]
    frame = pd.DataFrame({**made, "n": found["n"]})
    return frame.sort_values(list(made), ignore_index=True)
