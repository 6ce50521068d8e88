"""How the leads of one account fall together: products of its counts in any two cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from toolkit.backtest.counting.codes import Codes, axis_codes, score_codes
from toolkit.backtest.counting.parts import ACCOUNTS, deal_out, group_part
from toolkit.backtest.counting.sizes import COLUMNS, count_sizes, sum_up
from toolkit.backtest.counting.there import account_pairs_there
from toolkit.backtest.counting.within import Grouped, Numbers, lay_out, multiply
from toolkit.backtest.kernel.threads import spread
from toolkit.backtest.result import Backtest
from toolkit.counts import STATES, AccountPairs
from toolkit.crm.engines import is_remote

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["account_pairs", "count_together", "has_accounts"]

ACCOUNTS_AT_ONCE, MOST_PIECES = 4_000_000, 8
"""Each piece of the accounts is one more look at all rows."""
PARTS_AT_ONCE = 12
"""Parts of a piece whose pairs are counted in one table."""


def count_together(backtest: Backtest, rows: str) -> tuple[pd.DataFrame, AccountPairs | None]:
    """Leads by `score` and `state`, and their pairs where accounts are known.

    Where the leads are here, one look at them gives both.
    """
    known = has_accounts(backtest, rows)
    if known and not is_remote(backtest.connection):
        with score_codes(backtest, rows) as codes:
            tally = _tally(backtest, rows, codes)
        frame = codes.cells[["score", "state"]].assign(n=tally.n)
        return frame[tally.n > 0].reset_index(drop=True), tally.pairs(codes)[""]
    query = f"select score, state, count(*) as n from {rows} group by all order by all"
    frame = backtest.connection.execute(query).df()
    return frame, account_pairs_there(backtest, rows, None)[""] if known else None


def account_pairs(
    backtest: Backtest, rows: str, counted: pd.DataFrame, axis: str
) -> Mapping[str, AccountPairs]:
    """The account pairs inside each value of an axis; none without accounts.

    `counted` is the rows by `score`, `state` and the value `v`. An account in several values of the
    axis is one account in each; a lead without an account is one of its own.
    """
    if not has_accounts(backtest, rows):
        return {}
    if is_remote(backtest.connection):
        return account_pairs_there(backtest, rows, axis)
    with axis_codes(backtest, rows, counted, axis) as codes:
        return _tally(backtest, rows, codes).pairs(codes)


def has_accounts(backtest: Backtest, rows: str) -> bool:
    """Whether an account is known of any of the rows."""
    query = f"select 1 from {rows} where cluster is not null limit 1"
    return bool(backtest.connection.execute(query).fetchall())


# --- what is added up ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tally:
    """Of some leads, by the number of their cell: how many, their products; sizes of accounts."""

    n: NDArray[np.int64]
    products: csr_array
    sizes: Numbers

    def pairs(self, codes: Codes) -> Mapping[str, AccountPairs]:
        """The pairs inside each value, sorted (as the cells are numbered)."""
        self.products.sort_indices()
        both = self.products.tocoo()
        value, score, state = (codes.cells[name].to_numpy() for name in ("value", "score", "state"))
        a, b = both.coords
        # Cells of one value are neighbours, and a product is of two cells of the same.
        ends = np.searchsorted(value[a], np.arange(value[-1] + 2))
        sizes = pd.DataFrame(self.sizes, columns=COLUMNS)
        found = {}
        for number, (start, stop) in enumerate(pairwise(ends.tolist())):
            i, j = a[start:stop], b[start:stop]
            columns = {"score_a": score[i], "state_a": state[i]}
            columns |= {"score_b": score[j], "state_b": state[j], "n": both.data[start:stop]}
            own = sum_up(sizes[sizes["value"] == number])
            found[codes.names[number]] = AccountPairs(pd.DataFrame(columns), **own)
        return found


def _tally(backtest: Backtest, rows: str, codes: Codes) -> _Tally:
    """Add up the leads without an account, and those of some accounts after the other."""
    found = [_alone(backtest, codes)]
    for parts in _pieces(backtest, rows, codes):
        found += spread(_some(parts, PARTS_AT_ONCE), lambda some: _of_parts(codes, some))
    products = sum((each.products for each in found[1:]), start=found[0].products)
    sizes = np.concatenate([each.sizes for each in found])
    return _Tally(np.sum([each.n for each in found], axis=0), products, sizes)


def _some(parts: Iterator[list[Numbers]], number: int) -> Iterator[list[list[Numbers]]]:
    while taken := list(islice(parts, number)):
        yield taken


# --- from the engine -----------------------------------------------------------------------------


def _alone(backtest: Backtest, codes: Codes) -> _Tally:
    """The leads without an account, each an account of its own."""
    from scipy.sparse import diags_array  # noqa: PLC0415 - slow to load, needed for accounts only

    counted = backtest.connection.execute(f"""
        select {codes.number} as number, count(*) as n from {codes.source}
        where g is null group by 1""").df()
    n = np.zeros(len(codes), dtype=np.int64)
    n[counted["number"]] = counted["n"]
    value, state = (codes.cells[name].to_numpy() for name in ("value", "state"))
    sizes = np.column_stack([value, *(state == kind for kind in STATES[:2]), n])
    return _Tally(n, diags_array(n, dtype=np.int64).tocsr(), sizes[n > 0])


def _pieces(backtest: Backtest, rows: str, codes: Codes) -> Iterator[Iterator[list[Numbers]]]:
    """Account (from 0) x cells + cell of each lead with an account, some accounts at a time."""
    ask = backtest.connection.sql
    last = ask(f"select max(g) from {rows}").fetchall()[0][0]
    step = max(ACCOUNTS_AT_ONCE, -(-(last + 1) // MOST_PIECES))
    small = (min(step, last + 1) + ACCOUNTS) * len(codes) < 1 << 32
    kind = "uinteger" if small else "ubigint"
    for start in range(0, last + 1, step):
        account = f"cast(g - {start} as {kind}) * {len(codes)}::{kind}"
        found = ask(f"""
            select {account} + cast({codes.number} as {kind}) as key from {codes.source}
            where g >= {start} and g < {start + step}""")
        with pa.RecordBatchReader.from_stream(found) as reader:
            keys = (batch.column("key").to_numpy() for batch in reader)
            yield deal_out(keys, len(codes), min(step, last + 1 - start))


# --- of some parts of the accounts ---------------------------------------------------------------


def _of_parts(codes: Codes, parts: Sequence[Sequence[Numbers]]) -> _Tally:
    """What some accounts add."""
    value = codes.cells["value"].to_numpy()
    grouped = [group_part(part, value) for part in parts]
    n = np.sum([np.bincount(leads.cell, minlength=len(codes)) for leads in grouped], axis=0)
    there, ends = _by_state(codes, n)
    place = np.zeros(len(codes), dtype=np.min_scalar_type(len(there)))
    place[there] = np.arange(len(there))
    laid = [lay_out(Grouped(leads.ends, place[leads.cell]), len(there)) for leads in grouped]
    sizes = count_sizes(laid, value[there], *ends)
    return _Tally(n, _moved(multiply(laid, n[there]), there, len(codes)), sizes)


def _by_state(codes: Codes, n: NDArray[np.int64]) -> tuple[NDArray[np.intp], tuple[int, int]]:
    """The cells that occur, converted ones first, then the other judged; where each of both ends.

    Of all pairs of codes a table would be too large.
    """
    state = codes.cells["state"].to_numpy()
    kinds = [(n > 0) & (state == kind) for kind in STATES]
    there = np.concatenate([np.flatnonzero(kind) for kind in kinds])
    hits, misses = (int(kind.sum()) for kind in kinds[:2])
    return there, (hits, hits + misses)


def _moved(products: csr_array, place: NDArray[np.intp], size: int) -> csr_array:
    """The same numbers in a larger table, each row and column at its place."""
    from scipy.sparse import csr_array  # noqa: PLC0415 - slow to load, needed for accounts only

    both = products.tocoo()
    at = tuple(place[each] for each in both.coords)
    return csr_array((both.data, at), shape=(size, size))
