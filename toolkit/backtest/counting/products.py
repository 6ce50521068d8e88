"""How the leads of one account fall together: products of its counts in any two cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.backtest.counting.there import account_pairs_there
from toolkit.backtest.result import Backtest
from toolkit.counts import AccountPairs
from toolkit.crm.engines import is_remote

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["account_pairs", "has_accounts"]

ACCOUNTS_AT_ONCE = 50_000
"""So few that their cells stay in the processor's cache: a product then takes a quarter."""

_JUDGED = ("converted", "not_converted")


def account_pairs(backtest: Backtest, rows: str, axis: str | None) -> Mapping[str, AccountPairs]:
    """The account pairs, pooled (key "") or inside each value of an axis; none without accounts.

    The engine lists the cells of each account's leads. With C the accounts x cells matrix of counts
    the pairs are C'C: the work of an account is the square of the cells that it is in. Cells of
    different values of the axis never share a list, so one product serves all values.
    """
    if not has_accounts(backtest, rows):
        return {}
    if is_remote(backtest.connection):
        return account_pairs_there(backtest, rows, axis)
    value = axis or "''"
    run = backtest.connection.execute
    run(f"""
        create or replace temp table cell as
        select v, score, state, alone, row_number() over (order by v, score, state) - 1 as number
        from (select {value} as v, score, state, count(*) filter (cluster is null) as alone
              from {rows} group by all)""")
    cells = run("select v, score, state, alone from cell order by number").df()
    lists = backtest.connection.sql(f"""
        select list(cast(cell.number as integer)) as cells
        from (select {value} as v, cluster, score, state from {rows} where cluster is not null) as s
        join cell on cell.v = s.v and cell.score = s.score and cell.state = s.state
        group by s.v, s.cluster""").to_arrow_table()
    run("drop table cell")
    return _by_group(cells, lists["cells"].combine_chunks())


def has_accounts(backtest: Backtest, rows: str) -> bool:
    """Whether an account is known of any of the rows."""
    query = f"select 1 from {rows} where cluster is not null limit 1"
    return bool(backtest.connection.execute(query).fetchall())


def _by_group(cells: pd.DataFrame, lists: Any) -> dict[str, AccountPairs]:
    """Pairs and sizes of each group; a lead without an account is an account of its own."""
    from scipy.sparse import diags_array  # noqa: PLC0415 - slow to load, needed for accounts only

    products = diags_array(cells["alone"].to_numpy(), dtype=np.int64).tocsr()
    sizes = [_sizes_alone(cells)]
    for start in range(0, len(lists), ACCOUNTS_AT_ONCE):
        counted = _counted(lists.slice(start, ACCOUNTS_AT_ONCE), len(cells))
        products = products + counted.T @ counted
        sizes.append(_sizes(cells, counted))
    together = {"judged": "sum", "converted": "sum", "not_converted": "sum", "largest": "max"}
    size = pd.concat(sizes).groupby(level=0).agg(together)
    return {
        str(value): AccountPairs(part.reset_index(drop=True), **size.loc[value].to_dict())
        for value, part in _frames(cells, products)
    }


def _counted(lists: Any, cells: int) -> csr_array:
    """Accounts x cells, from one list for each account with a cell for each of its leads."""
    from scipy.sparse import csr_array  # noqa: PLC0415 - slow to load, needed for accounts only

    place = lists.flatten().to_numpy()
    ends = np.append(0, np.cumsum(lists.value_lengths().to_numpy()))
    ones = np.ones(len(place), dtype=np.int64)
    counted = csr_array((ones, place, ends), shape=(len(lists), cells))
    # However many leads an account has, its square is that of the cells it is in.
    counted.sum_duplicates()
    return counted


def _sizes(cells: pd.DataFrame, counted: csr_array) -> pd.DataFrame:
    """By group: accounts with leads of a kind, and judged leads of the largest account."""
    hit, miss = (counted @ (cells["state"] == state).to_numpy() for state in _JUDGED)
    kinds = pd.DataFrame(
        {
            "judged": hit + miss > 0, "converted": hit > 0, "not_converted": miss > 0,
            "largest": hit + miss,
        }
    )  # fmt: skip
    groups = kinds.groupby(cells["v"].to_numpy()[counted.indices[counted.indptr[:-1]]])
    return groups.sum().assign(largest=groups["largest"].max())


def _sizes_alone(cells: pd.DataFrame) -> pd.DataFrame:
    """The same of the leads without an account."""
    hit, miss = (cells["alone"] * (cells["state"] == state) for state in _JUDGED)
    leads = pd.DataFrame({"judged": hit + miss, "converted": hit, "not_converted": miss})
    found = leads.groupby(cells["v"]).sum()
    return found.assign(largest=(found["judged"] > 0).astype("int64"))


def _frames(cells: pd.DataFrame, products: csr_array) -> Iterator[tuple[Any, pd.DataFrame]]:
    """The frame of `AccountPairs` for each group, sorted (as the cells are numbered)."""
    products.sort_indices()
    both = products.tocoo()
    a, b = (cells.take(place) for place in both.coords)
    frame = pd.DataFrame(
        {
            "score_a": a["score"].to_numpy(), "state_a": a["state"].to_numpy(),
            "score_b": b["score"].to_numpy(), "state_b": b["state"].to_numpy(),
            "n": both.data,
        }
    )  # fmt: skip
    yield from frame.groupby(a["v"].to_numpy(), sort=True)
