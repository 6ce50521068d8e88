"""How the leads of one account fall together: products of its counts in any two cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.backtest.counting.there import CELL_CODE, STATE_CODES, account_pairs_there
from toolkit.backtest.counting.within import Grouped, Numbers, group_leads, multiply
from toolkit.backtest.kernel.threads import spread
from toolkit.backtest.result import Backtest
from toolkit.counts import AccountPairs
from toolkit.crm.engines import is_remote

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["account_pairs", "has_accounts"]

ACCOUNTS_AT_ONCE, MOST_PIECES = 1_000_000, 8
"""Each piece of the accounts is one more look at all rows."""

_JUDGED = ("converted", "not_converted")


def account_pairs(
    backtest: Backtest, rows: str, counted: pd.DataFrame, axis: str | None = None
) -> Mapping[str, AccountPairs]:
    """The account pairs, pooled (key "") or inside each value of an axis; none without accounts.

    `counted` is the rows by `score`, `state` and, for an axis, its value `v`. The engine gives the
    account and the cell of each lead as numbers. An account in several values of the axis is one
    account in each; a lead without an account is one of its own.
    """
    if not has_accounts(backtest, rows):
        return {}
    if is_remote(backtest.connection):
        return account_pairs_there(backtest, rows, axis)
    cells = _place_cells(backtest, rows, counted, axis)
    products, sizes = _diagonal(cells), [_sizes_alone(cells)]
    pieces = _pieces(backtest, rows, axis)
    for more, size in spread(pieces, lambda piece: _part(cells, *piece)):
        products = products + more
        sizes.append(size)
    backtest.connection.unregister("cell")
    together = {"judged": "sum", "converted": "sum", "not_converted": "sum", "largest": "max"}
    size = pd.concat(sizes).groupby(level=0).agg(together)
    return {
        str(value): AccountPairs(part.reset_index(drop=True), **size.loc[value].to_dict())
        for value, part in _frames(cells, products)
    }


def has_accounts(backtest: Backtest, rows: str) -> bool:
    """Whether an account is known of any of the rows."""
    query = f"select 1 from {rows} where cluster is not null limit 1"
    return bool(backtest.connection.execute(query).fetchall())


# --- from the engine -----------------------------------------------------------------------------


def _place_cells(
    backtest: Backtest, rows: str, counted: pd.DataFrame, axis: str | None
) -> pd.DataFrame:
    """Show the engine the cells; return them with `alone`, their leads without an account."""
    valued = counted if axis else counted.assign(v="")
    cells = valued[["v", "score", "state"]].drop_duplicates()
    cells = cells.sort_values(["v", "score", "state"], ignore_index=True)
    cells["number"] = np.arange(len(cells), dtype=np.int32)
    cells["code"] = cells["score"].astype("int64") * len(STATE_CODES) + cells["state"].map(
        STATE_CODES
    )
    backtest.connection.register("cell", cells)
    alone = backtest.connection.execute(f"""
        select cell.number, count(*) as n from {_placed(rows, axis)}
        where s.g is null group by cell.number""").df()
    cells["alone"] = (
        alone.set_index("number")["n"].reindex(cells["number"], fill_value=0).to_numpy()
    )
    return cells


def _placed(rows: str, axis: str | None) -> str:
    """The rows beside their cell."""
    value, same = (f", {axis} as value", " and cell.v = s.value") if axis else ("", "")
    return f"""(select g, {CELL_CODE} as code{value} from {rows}) as s
        join cell on cell.code = s.code{same}"""


def _pieces(backtest: Backtest, rows: str, axis: str | None) -> Iterator[tuple[Numbers, Numbers]]:
    """Account (from 0) and cell of each lead with an account, some accounts at a time."""
    last = int(backtest.connection.execute(f"select max(g) from {rows}").fetchall()[0][0])
    step = max(ACCOUNTS_AT_ONCE, -(-(last + 1) // MOST_PIECES))
    for start in range(0, last + 1, step):
        found = backtest.connection.sql(f"""
            select cast(s.g - {start} as integer) as account, cell.number as cell
            from {_placed(rows, axis)}
            where s.g >= {start} and s.g < {start + step}""").to_arrow_table()
        yield found["account"].to_numpy(), found["cell"].to_numpy()


# --- of one piece of the accounts ----------------------------------------------------------------


def _part(cells: pd.DataFrame, account: Numbers, cell: Numbers) -> tuple[csr_array, pd.DataFrame]:
    """Products and sizes of some accounts."""
    value = pd.factorize(cells["v"])[0]
    if value[-1]:
        pair = account * np.int64(value[-1] + 1) + value[cell]
        account = np.unique(pair, return_inverse=True)[1].astype(np.int32)
    leads = group_leads(account, cell)
    return multiply(leads, len(cells)), _sizes(cells, value, leads)


def _sizes(cells: pd.DataFrame, value: Numbers, leads: Grouped) -> pd.DataFrame:
    """By value: accounts with leads of a kind, and judged leads of the largest account."""
    hit, miss = (leads.those_in((cells["state"] == state).to_numpy()) for state in _JUDGED)
    there = np.flatnonzero(leads.size)
    owner = value[leads.cell[leads.ends[there]]]
    groups = int(value[-1]) + 1
    kinds = {"judged": hit + miss, "converted": hit, "not_converted": miss}
    some = {k: np.bincount(owner, weights=n[there] > 0, minlength=groups) for k, n in kinds.items()}
    largest = np.zeros(groups, dtype=np.int64)
    np.maximum.at(largest, owner, kinds["judged"][there])
    sizes = pd.DataFrame(some, dtype="int64").assign(largest=largest)
    return sizes.set_axis(cells["v"].unique())


def _sizes_alone(cells: pd.DataFrame) -> pd.DataFrame:
    """The same of the leads without an account."""
    hit, miss = (cells["alone"] * (cells["state"] == state) for state in _JUDGED)
    leads = pd.DataFrame({"judged": hit + miss, "converted": hit, "not_converted": miss})
    found = leads.groupby(cells["v"]).sum()
    return found.assign(largest=(found["judged"] > 0).astype("int64"))


def _diagonal(cells: pd.DataFrame) -> csr_array:
    """The products of the leads without an account."""
    from scipy.sparse import diags_array  # noqa: PLC0415 - slow to load, needed for accounts only

    products: csr_array = diags_array(cells["alone"].to_numpy(), dtype=np.int64).tocsr()
    return products


def _frames(cells: pd.DataFrame, products: csr_array) -> Iterator[tuple[Any, pd.DataFrame]]:
    """The frame of `AccountPairs` for each value, sorted (as the cells are numbered)."""
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
