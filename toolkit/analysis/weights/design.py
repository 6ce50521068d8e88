"""Pattern counts as arrays: what a regression on patterns reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from toolkit.analysis.cells import Floats, Ints
from toolkit.analysis.weights.merging import Numbered, number_rows
from toolkit.analysis.weights.products import Columns, linear, small_whole, weighted_products
from toolkit.counts import STATES, Term
from toolkit.errors import DataError

if TYPE_CHECKING:
    from toolkit.counts import PatternCounts

__all__ = [
    "Accounts",
    "Design",
    "lead_products",
    "paid_units",
    "read_design",
    "score_products",
    "score_squares",
]


@dataclass(frozen=True, slots=True)
class Accounts:
    """How the judged leads of accounts with several of them lie over the patterns."""

    leads: csr_array = field(repr=False)
    """Accounts x patterns."""
    hits: csr_array = field(repr=False)
    alone: Floats = field(repr=False)
    """By pattern, judged leads that are an account of their own."""
    alone_hits: Floats = field(repr=False)
    number: int
    """Accounts with a judged lead; a lead without account is one of its own."""

    def among(self, kept: NDArray[np.bool_]) -> Accounts:
        """The same of the leads of some patterns; the others stay as patterns without a lead."""
        leads, hits = (
            csr_array((t.data * kept[t.indices], t.indices, t.indptr), shape=t.shape)
            for t in (self.leads, self.hits)
        )
        alone = self.alone * kept
        number = int((leads.sum(axis=1) > 0).sum() + alone.sum())
        return Accounts(leads, hits, alone, self.alone_hits * kept, number)


@dataclass(frozen=True, slots=True)
class Design:
    """Judged leads by pattern.

    `units` are those *paid* of every term (what decay took off is taken off here), so that
    score = units @ points + other. Where all are small whole numbers they stand as such, in an
    eighth of the memory: it is the largest table of a fit without accounts.
    """

    units: Columns = field(repr=False)
    extras: Floats = field(repr=False)
    score: Floats = field(repr=False)
    taken: Floats = field(repr=False)
    """Points that limits of groups, dimensions and the total, and rounding, took off."""
    n: Floats = field(repr=False)
    hits: Floats = field(repr=False)
    terms: tuple[Term, ...]
    points: Floats
    """What each term adds to `score` per unit: today's points, 0 for a term set aside."""
    accounts: Accounts | None = field(default=None, repr=False)
    period: Ints | None = field(default=None, repr=False)
    """Number of the period of each pattern, in order of its name, where they were kept apart."""

    @property
    def other(self) -> Floats:
        """What the score holds besides the terms: base, recorded points, limits and rounding."""
        rest: Floats = self.score - linear(self.units, self.points)
        return rest

    @property
    def groups(self) -> int:
        """Accounts, or leads where no account is known: what is drawn independently."""
        return int(self.n.sum()) if self.accounts is None else self.accounts.number

    def carriers(self, column: Columns) -> int:
        """Accounts (or leads) that have the column at all."""
        met = column != 0
        if self.accounts is None:
            return int(self.n[met].sum())
        return int(((self.accounts.leads @ met) > 0).sum() + self.accounts.alone[met].sum())

    def among(self, kept: NDArray[np.bool_]) -> Design:
        """The leads of some patterns alone; the others stay as patterns without a lead."""
        accounts = None if self.accounts is None else self.accounts.among(kept)
        return replace(self, n=self.n * kept, hits=self.hits * kept, accounts=accounts)

    def merged(self, columns: Columns) -> tuple[Design, Ints]:
        """The leads by these columns alone, as units; and the pattern that stands for each row.

        What one account's leads have in common is lost.
        """
        same = number_rows(columns.T, len(columns))
        first = same.first
        none = np.zeros(len(first))
        small = replace(
            self, units=columns[first], extras=np.zeros((len(first), 0)), score=none, taken=none,
            n=same.totals(self.n), hits=same.totals(self.hits), accounts=None, period=None,
        )  # fmt: skip
        return small, first

    def without(self, dropped: NDArray[np.bool_]) -> Design:
        """The design with the points of some terms taken out of the score."""
        gone = np.where(dropped, self.points, 0.0)
        return replace(self, score=self.score - linear(self.units, gone), points=self.points - gone)


def read_design(patterns: PatternCounts, *, by: str | None = None) -> Design:
    """Lay the judged leads out by pattern (and by one axis), all else added together.

    Raises DataError where the frame holds a state that does not exist or a count below 0.
    """
    frame = patterns.frame
    _check(frame)
    judged = frame["state"].isin(STATES[:2]).to_numpy()
    terms, extras = len(patterns.terms), len(patterns.extras)
    names = [*(f"t{i}" for i in range(terms)), *(f"x{i}" for i in range(extras)), "offset", "score"]
    rows = np.flatnonzero(judged)
    keys = names if by is None else [by, *names]
    same = number_rows((frame[name].to_numpy()[rows] for name in keys), len(rows))
    first, seen = same.first, rows[same.first]
    period = None if by is None else np.unique(frame[by].to_numpy()[rows], return_inverse=True)[1]
    n = frame["n"].to_numpy(dtype=np.float64)[rows]
    hit = (frame["state"] == STATES[0]).to_numpy()[rows]
    points = np.array([term.points for term in patterns.terms], dtype=np.float64)
    more = _extras(patterns, seen)
    offset, score = (frame[name].to_numpy(dtype=np.float64)[seen] for name in names[-2:])
    limits = more[:, [extra.kind == "limit" for extra in patterns.extras]].sum(axis=1)
    units = _paid(patterns, seen, more)
    return Design(
        units=units,
        extras=more,
        taken=patterns.base + linear(units, points) - limits + offset - score,
        score=score,
        n=same.totals(n),
        hits=same.totals(n * hit),
        terms=patterns.terms,
        points=points,
        accounts=_accounts(patterns, judged, same, n=n, hit=hit),
        period=None if period is None else period[first].astype(np.int64),
    )


def paid_units(patterns: PatternCounts) -> Columns:
    """Units of every term that are paid for, in each row of the frame: those met, less decay."""
    every = np.arange(len(patterns.frame))
    return _paid(patterns, every, _extras(patterns, every))


def _extras(patterns: PatternCounts, rows: Ints) -> Floats:
    """Points of each extra in some rows."""
    names = [f"x{i}" for i in range(len(patterns.extras))]
    found: Floats = patterns.frame[names].to_numpy(dtype=np.float64)[rows]
    return found


def _check(frame: pd.DataFrame) -> None:
    unknown = sorted(set(frame["state"].unique()) - set(STATES))
    if unknown:
        raise DataError(f"unknown state {unknown} in the counts: expected one of {list(STATES)}")
    if (frame["n"] < 0).any():
        raise DataError(f"the counts hold {frame['n'].min()} leads in a cell: expected 0 or more")


def _paid(patterns: PatternCounts, rows: Ints, extras: Floats) -> Columns:
    """Units of each term less those that decay took off, in some rows; column by column in memory."""
    found = [
        small_whole(_paid_units(patterns, j, rows, extras)) for j in range(len(patterns.terms))
    ]
    out = np.empty((len(rows), len(found)), dtype=np.result_type(np.int8, *found), order="F")
    for j, column in enumerate(found):
        out[:, j] = column
    return out


def _paid_units(patterns: PatternCounts, j: int, rows: Ints, extras: Floats) -> Floats:
    term = patterns.terms[j]
    units = patterns.frame[f"t{j}"].to_numpy(dtype=np.float64)[rows]
    for i, extra in enumerate(patterns.extras):
        if extra.kind == "decay" and term.criterion == extra.criterion and term.points:
            units = units - extras[:, i] / term.points
    return units


def _accounts(
    patterns: PatternCounts,
    judged: NDArray[np.bool_],
    same: Numbered,
    *,
    n: Floats,
    hit: NDArray[np.bool_],
) -> Accounts | None:
    if patterns.accounts is None:
        return None
    cells = patterns.accounts.frame
    place = np.full(len(judged), -1, dtype=np.int64)
    place[judged] = np.arange(len(n))
    cell = place[cells["cell"].to_numpy(dtype=np.int64)]
    known = cell >= 0
    cell, leads = cell[known], cells["n"].to_numpy(dtype=np.float64)[known]
    _, account = np.unique(cells["account"].to_numpy()[known], return_inverse=True)
    groups = int(account.max()) + 1 if len(account) else 0
    shape = (groups, len(same.first))
    listed = np.bincount(cell, weights=leads, minlength=len(n))
    if (listed > n).any():
        raise DataError(
            "the accounts hold more leads of a pattern than were counted: they belong to other "
            "counts; count leads and accounts together"
        )
    alone = n - listed
    # Half the memory of usual numbers: this is the largest table that a fit reads.
    entries = (account.astype(np.int32), same.number[cell].astype(np.int32))
    return Accounts(
        leads=csr_array((leads, entries), shape=shape),
        hits=csr_array((leads * hit[cell], entries), shape=shape),
        alone=same.totals(alone),
        alone_hits=same.totals(alone * hit),
        number=groups + round(float(alone.sum())),
    )


def score_products(design: Design, columns: Columns, probability: Floats) -> Floats:
    """Sum over accounts g of U_g U_g', with U_g the sum of its leads' (y - p) x columns.

    Without accounts every lead is one of its own. Source: Liang and Zeger (1986).
    """
    k = columns.shape[1]
    products: Floats = np.zeros((k, k))
    for sums in _residual_sums(design.accounts, columns, probability, block=_PRODUCTS // k**2):
        products = products + sums.T @ sums
    return products + weighted_products(columns, _lone_squares(design, probability))


def score_squares(design: Design, columns: Columns, probability: Floats) -> Floats:
    """The diagonal of `score_products`: of each column on its own."""
    k = columns.shape[1]
    squares: Floats = np.einsum("i,ij,ij->j", _lone_squares(design, probability), columns, columns)
    for sums in _residual_sums(design.accounts, columns, probability, block=_PRODUCTS // k):
        squares = squares + np.einsum("gj,gj->j", sums, sums)
    return squares


def lead_products(accounts: Accounts, marks: NDArray[np.bool_]) -> tuple[float, Floats, Floats]:
    """Sums over accounts of (its leads)^2; of (those marked)^2; of the one times the other.

    `marks` has a column for each choice of patterns.
    """
    alone = accounts.alone @ marks
    whole, inside, both = float(accounts.alone.sum()), alone, alone.copy()
    columns = np.column_stack([np.ones(len(marks)), marks])
    block = _PRODUCTS // columns.shape[1]
    for sums in _account_sums(accounts.leads, accounts.leads.data, columns, block=block):
        every, marked = sums[:, 0], sums[:, 1:]
        whole += float(every @ every)
        inside = inside + np.einsum("gj,gj->j", marked, marked)
        both = both + np.einsum("g,gj->j", every, marked)
    return whole, inside, both


_PRODUCTS = 1 << 17
"""Multiplications of a block of accounts: so few that the linear algebra below uses one thread."""


def _residual_sums(
    accounts: Accounts | None, columns: Columns, probability: Floats, *, block: int
) -> Iterator[Floats]:
    """U_g of the accounts with several leads, a block of accounts at a time."""
    if accounts is None:
        return
    # Both tables have an entry for the same cells, so one product serves.
    leads = accounts.leads
    data = accounts.hits.data - leads.data * probability[leads.indices]
    yield from _account_sums(leads, data, columns, block=block)


def _account_sums(
    table: csr_array, data: Floats, columns: Columns, *, block: int
) -> Iterator[Floats]:
    """Sums of the columns by account, weighted by `data` in the cells of the table.

    A block of accounts (at least one) at a time, which copies nothing of the table.
    """
    rows, step = np.ascontiguousarray(columns, dtype=np.float64), max(block, 1)
    for start in range(0, table.shape[0], step):
        ends = table.indptr[start : start + step + 1]
        part = slice(ends[0], ends[-1])
        some = csr_array(
            (data[part], table.indices[part], ends - ends[0]),
            shape=(len(ends) - 1, table.shape[1]),
        )
        yield np.asarray(some @ rows)


def _lone_squares(design: Design, probability: Floats) -> Floats:
    """Sum of (y - p)^2 over the leads of each pattern that are an account of their own."""
    found = design.accounts
    n, hits = (design.n, design.hits) if found is None else (found.alone, found.alone_hits)
    squares: Floats = hits * (1 - probability) ** 2 + (n - hits) * probability**2
    return squares
