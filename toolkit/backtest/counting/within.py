"""Products of counts within accounts, of leads given as two columns of whole numbers.

With n_ga the leads of account g in cell a, the product of cells a and b is the sum over g of n_ga n_gb.
That is the number of ordered pairs of leads of one account that stand in a and in b, a lead with
itself included. Most accounts have a few leads: those of m leads are laid side by side, m columns, and
any two columns hold one pair of each account. The pairs of an account grow with the square of its
leads, so large accounts are counted by cell first and multiplied as a sparse matrix; so is everything
where there are so many cells that a table of all their pairs would not stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Grouped", "group_leads", "multiply"]

FEW = 32
"""Accounts of more leads are counted by cell first."""
MOST_CELLS = 1_500
"""With more cells, pairs are not counted in a full table."""
PAIRS_AT_ONCE, ACCOUNTS_AT_ONCE = 100_000, 50_000
"""So few stay in the processor's cache."""

Numbers = NDArray[np.signedinteger[Any]]


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

    def those_in(self, chosen: NDArray[np.bool_]) -> Numbers:
        """Leads of each account in the cells that are chosen (one truth for each cell)."""
        before = np.cumsum(chosen[self.cell], dtype=self.ends.dtype)
        return np.diff(np.append(0, before)[self.ends])


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


def multiply(leads: Grouped, cells: int) -> csr_array:
    """The products of all pairs of cells, both halves.

    >>> leads = group_leads(np.array([0, 0, 1]), np.array([0, 1, 1]))  # one in both, one in cell 1
    >>> multiply(leads, 2).toarray().tolist()
    [[1, 1], [1, 2]]
    """
    from scipy.sparse import csr_array  # noqa: PLC0415 - slow to load, needed for accounts only

    few = FEW if cells <= MOST_CELLS else 0
    products = csr_array((cells, cells), dtype=np.int64)
    if few:
        products = csr_array(_side_by_side(leads, few, cells))
    many = np.flatnonzero(leads.size > few)
    for start in range(0, len(many), ACCOUNTS_AT_ONCE):
        counted = _counted(leads, many[start : start + ACCOUNTS_AT_ONCE], cells)
        products = products + counted.T @ counted
    return products


def _side_by_side(leads: Grouped, few: int, cells: int) -> NDArray[np.int64]:
    """Products of accounts of `few` leads at most, as a full table."""
    above = np.zeros(cells * cells, dtype=np.int64)
    alone = np.zeros(cells, dtype=np.int64)
    for beside in _columns(leads, few, max(PAIRS_AT_ONCE, cells * cells)):
        one, two = np.triu_indices(len(beside), 1)
        alone += np.bincount(beside.ravel(), minlength=cells)
        above += np.bincount((beside[one] * cells + beside[two]).ravel(), minlength=len(above))
    table = above.reshape(cells, cells)
    return table + table.T + np.diag(alone)


def _columns(leads: Grouped, few: int, pairs: int) -> Iterator[NDArray[np.intp]]:
    """Cells of accounts of m leads, m x accounts, about so many pairs of leads at a time."""
    size = np.minimum(leads.size, few + 1).astype(np.uint8)
    order = np.argsort(size, kind="stable")
    ends = np.searchsorted(size, np.arange(1, few + 2), sorter=order)
    for m, (start, stop) in enumerate(pairwise(ends.tolist()), 1):
        step = max(pairs // max(m * (m - 1) // 2, 1), 1)
        for begin in range(start, stop, step):
            first = leads.ends[order[begin : min(begin + step, stop)]]
            yield leads.cell[first + np.arange(m)[:, None]].astype(np.intp)


def _counted(leads: Grouped, accounts: NDArray[np.intp], cells: int) -> csr_array:
    """Accounts x cells: leads of each of these accounts in each cell."""
    from scipy.sparse import csr_array  # noqa: PLC0415 - slow to load, needed for accounts only

    size = leads.size[accounts]
    ends = np.append(0, np.cumsum(size))
    place = np.arange(ends[-1]) + np.repeat(leads.ends[accounts] - ends[:-1], size)
    ones = np.ones(len(place), dtype=np.int64)
    counted = csr_array((ones, leads.cell[place], ends), shape=(len(accounts), cells))
    # However many leads an account has, its square is that of the cells it is in.
    counted.sum_duplicates()
    return counted
