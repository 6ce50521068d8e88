"""Products of counts within accounts, of leads given as two columns of whole numbers.

With n_ga the leads of account g in cell a, the product of cells a and b is the sum over g of n_ga n_gb.
That is the number of ordered pairs of leads of one account that stand in a and in b, a lead with
itself included. Most accounts have a few leads: those of m leads are laid side by side, m columns, and
any two columns hold one pair of each account. The pairs of an account grow with the square of its
leads, so large accounts are counted by cell first and multiplied as a sparse matrix; so is everything
where there are so many cells that a table of all their pairs would not stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["FEW", "Grouped", "Laid", "Numbers", "group_leads", "lay_out", "multiply"]

FEW = 32
"""Accounts of more leads are counted by cell first."""
MOST_CELLS = 1_500
"""With more cells, pairs are not counted in a full table."""
MOST_PRODUCTS = 200_000_000
"""Products of different cells that are held at once: some 3 GB."""
PAIRS_AT_ONCE = 100_000
"""So few stay in the processor's cache."""

Numbers = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Grouped:
    """Leads, account after account: `cell` of each lead, `ends` where accounts begin and end.

    An account may have no lead.
    """

    ends: Numbers
    cell: Numbers

    @property
    def size(self) -> Numbers:
        """Leads of each account."""
        return np.diff(self.ends)


@dataclass(frozen=True, slots=True)
class Laid:
    """The leads of some accounts, as they are multiplied.

    `few` has one array for each number m of leads up to `FEW`, m x accounts: their cells; `many` is
    the larger accounts x cells: how many leads.
    """

    few: tuple[Numbers, ...]
    many: csr_array


def group_leads(account: Numbers, cell: Numbers) -> Grouped:
    """Bring leads of one account together; accounts and cells are numbered from 0.

    >>> found = group_leads(np.array([1, 0, 1]), np.array([5, 6, 7]))
    >>> found.ends.tolist(), found.cell.tolist()
    ([0, 1, 3], [6, 5, 7])
    """
    from scipy.sparse import csc_array  # noqa: PLC0415 - slow to load, needed for accounts only

    # Accounts x leads with one entry for each lead: its cell. From columns to rows in linear time.
    each = np.arange(len(account) + 1, dtype=np.int32)
    shape = (int(account.max(initial=-1)) + 1, len(account))
    leads = csc_array((cell, account, each), shape=shape).tocsr()
    return Grouped(leads.indptr, leads.data)


def lay_out(leads: Grouped, cells: int) -> Laid:
    """Accounts of few leads side by side, the others counted by cell.

    >>> laid = lay_out(group_leads(np.array([0, 0, 1]), np.array([0, 1, 1])), 2)
    >>> [columns.tolist() for columns in laid.few]
    [[[1]], [[0], [1]]]
    """
    few = FEW if cells <= MOST_CELLS else 0
    size = np.minimum(leads.size, few + 1).astype(np.uint8)
    order = np.argsort(size, kind="stable")
    ends = np.cumsum(np.bincount(size, minlength=few + 2)).tolist()
    first = [leads.ends[order[start:stop]] for start, stop in pairwise(ends[:-1])]
    columns = (
        leads.cell.take(begin + np.arange(m)[:, None])
        for m, begin in enumerate(first, 1)
        if len(begin)
    )
    return Laid(tuple(columns), _counted(leads, order[ends[-2] :], cells))


def multiply(laid: Sequence[Laid], n: NDArray[np.int64]) -> csr_array:
    """The products of all pairs of cells, both halves; `n` has the leads of each cell.

    >>> laid = lay_out(group_leads(np.array([0, 0, 1]), np.array([0, 1, 1])), 2)
    >>> multiply([laid], np.array([1, 2])).toarray().tolist()  # one in both, one in cell 1
    [[1, 1], [1, 2]]
    """
    from scipy.sparse import csr_array, diags_array  # noqa: PLC0415 - see `group_leads`

    cells = len(n)
    _check_room(laid)
    products = csr_array((cells, cells), dtype=np.int64)
    for part in laid:
        if part.many.nnz:
            products = products + part.many.T @ part.many
            n = n - part.many.sum(axis=0)
    # What is left of n is in accounts of few leads, each lead once beside itself.
    products = products + diags_array(n, dtype=np.int64)
    if cells > MOST_CELLS:
        return products
    above = _above([beside for part in laid for beside in part.few], cells)
    return products + csr_array(above + above.T)


def _check_room(laid: Sequence[Laid]) -> None:
    """Refuse products that no memory holds: those of an account grow with the square of its cells."""
    widest = max((int(np.diff(part.many.indptr).max(initial=0)) for part in laid), default=0)
    entries = sum(float((np.diff(part.many.indptr).astype(np.float64) ** 2).sum()) for part in laid)
    if entries > MOST_PRODUCTS:
        raise QuestionError(
            f"one account has leads at {widest:,} different combinations of score and state, which "
            f"makes {entries:,.0f} pairs with those of other large accounts (up to {MOST_PRODUCTS:,} "
            "are counted): round the score to fewer values, or leave the account out"
        )


def _above(few: Sequence[Numbers], cells: int) -> NDArray[np.int64]:
    """Pairs of different leads of an account, each once, as a full table."""
    table = np.zeros(cells * cells, dtype=np.int64)
    waiting: list[NDArray[np.uint32]] = []
    at_once = max(PAIRS_AT_ONCE, cells * cells)
    for codes in _pair_codes(few, cells, at_once):
        waiting.append(codes)
        if sum(map(len, waiting)) >= at_once:
            table += np.bincount(np.concatenate(waiting), minlength=len(table))
            waiting = []
    if waiting:
        table += np.bincount(np.concatenate(waiting), minlength=len(table))
    return table.reshape(cells, cells)


def _pair_codes(few: Sequence[Numbers], cells: int, most: int) -> Iterator[NDArray[np.uint32]]:
    """The cells of each two leads side by side as one number, at most about so many at a time."""
    for beside in few:
        step = max(most // len(beside), 1)
        for begin in range(0, beside.shape[1], step):
            cell = beside[:, begin : begin + step].astype(np.uint32)
            first = cell * np.uint32(cells)
            for i in range(len(cell) - 1):
                yield (first[i] + cell[i + 1 :]).ravel()


def _counted(leads: Grouped, accounts: NDArray[np.intp], cells: int) -> csr_array:
    """Accounts x cells: leads of each of these accounts in each cell."""
    from scipy.sparse import csr_array  # noqa: PLC0415 - see `group_leads`

    size = leads.size[accounts]
    ends = np.append(0, np.cumsum(size))
    place = np.arange(ends[-1]) + np.repeat(leads.ends[accounts] - ends[:-1], size)
    ones = np.ones(len(place), dtype=np.int64)
    counted = csr_array((ones, leads.cell[place], ends), shape=(len(accounts), cells))
    # However many leads an account has, its square is that of the cells it is in.
    counted.sum_duplicates()
    return counted
