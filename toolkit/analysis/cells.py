"""Counts as plain arrays by score level, the form in which the statistics want them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.counts import STATES
from toolkit.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from toolkit.counts import AccountPairs, ScoreCounts

__all__ = ["MOST_UNWORKED", "Cells", "Floats", "Ints", "Pairs", "read_cells", "suffix_sum"]

MOST_UNWORKED = 0.05
"""Up to this share of the mature leads may be unworked before a question cannot be told."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """The entries of the account-pair matrix M between judged cells.

    `a`, `b` are positions in `Cells.levels`; `a_hit`, `b_hit` say whether the cell is the converted
    one; `n` is the sum over accounts of the product of the account's two counts (a float: the
    square of ten thousand million leads does not fit an integer of 64 bits).
    """

    a: Ints
    b: Ints
    a_hit: NDArray[np.bool_]
    b_hit: NDArray[np.bool_]
    n: Floats
    judged: int
    converted: int
    not_converted: int


@dataclass(frozen=True)
class Cells:
    """Leads by score level (ascending) and state; every level with any lead is there.

    Without slots: what is asked for again and again is kept beside the fields.
    """

    levels: Ints
    converted: Ints
    not_converted: Ints
    immature: Ints
    unworked: Ints
    pairs: Pairs | None

    @property
    def judged(self) -> Ints:
        """Leads at each level whose outcome is known."""
        return self.converted + self.not_converted

    @property
    def unworked_share(self) -> float:
        """Share of the mature leads (judged or unworked) that were never worked; 0 for none."""
        unworked = int(self.unworked.sum())
        return unworked / max(unworked + int(self.judged.sum()), 1)

    @property
    def leads(self) -> Ints:
        """All leads at each level, whatever became of them."""
        return self.judged + self.immature + self.unworked

    @cached_property
    def account_matrix(self) -> csr_array:
        """M over the 2K cells: all levels converted, then all levels not converted."""
        from scipy.sparse import coo_array, diags_array  # noqa: PLC0415 - slow to load, seldom needed

        levels, pairs = len(self.levels), self.pairs
        if pairs is None:
            leads = np.concatenate([self.converted, self.not_converted])
            return diags_array(leads.astype(np.float64)).tocsr()
        row = pairs.a + levels * ~pairs.a_hit
        column = pairs.b + levels * ~pairs.b_hit
        return coo_array((pairs.n, (row, column)), shape=(2 * levels, 2 * levels)).tocsr()


Number = TypeVar("Number", np.int64, np.float64)


def suffix_sum(values: NDArray[Number]) -> NDArray[Number]:
    """Sum over each level and all higher ones, with a last 0 for "above every level".

    >>> suffix_sum(np.array([1, 2, 3])).tolist()
    [6, 5, 3, 0]
    """
    return np.append(np.cumsum(values[::-1], dtype=values.dtype)[::-1], values.dtype.type(0))


def read_cells(counts: ScoreCounts) -> Cells:
    """Lay the counts out by score level, groups of `by` added together.

    Raises DataError where the frame holds a state or a score that does not belong there, or where
    the account pairs belong to other counts.
    """
    frame = counts.frame
    levels, row = np.unique(_whole(frame["score"], "score"), return_inverse=True)
    code = _state_codes(frame["state"])
    n = _whole(frame["n"], "n")
    if (n < 0).any():
        raise DataError(f"the counts hold {n.min()} leads in a cell: expected 0 or more")
    table = np.zeros((len(STATES), len(levels)), dtype=np.int64)
    np.add.at(table, (code, row), n)
    pairs = None if counts.accounts is None else _read_pairs(counts.accounts, levels)
    cells = Cells(levels, table[0], table[1], table[2], table[3], pairs)
    _check_pairs(cells)
    return cells


def _whole(column: pd.Series, name: str) -> Ints:
    if column.dtype.kind in "iu":
        return column.to_numpy(dtype=np.int64)
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    odd = np.isnan(numbers) | (numbers != np.trunc(numbers))
    if odd.any():
        raise DataError(
            f"the column '{name}' of the counts holds {column[odd].iloc[0]!r}: expected whole "
            "numbers; leave out leads without a score, and round or rescale the score, "
            "before counting"
        )
    return numbers.astype(np.int64)


def _state_codes(column: pd.Series) -> Ints:
    code = pd.Index(STATES).get_indexer(pd.Index(column.astype(str)))
    if (code < 0).any():
        found = sorted(set(column.astype(str)) - set(STATES))
        raise DataError(f"unknown state {found} in the counts: expected one of {list(STATES)}")
    return code.astype(np.int64)


def _read_pairs(accounts: AccountPairs, levels: Ints) -> Pairs:
    frame = accounts.frame
    judged = STATES[:2]
    used = frame[frame["state_a"].isin(judged) & frame["state_b"].isin(judged)]
    return Pairs(
        a=_positions(used["score_a"], levels),
        b=_positions(used["score_b"], levels),
        a_hit=(used["state_a"] == STATES[0]).to_numpy(dtype=np.bool_),
        b_hit=(used["state_b"] == STATES[0]).to_numpy(dtype=np.bool_),
        n=used["n"].to_numpy(dtype=np.float64),
        judged=accounts.judged,
        converted=accounts.converted,
        not_converted=accounts.not_converted,
    )


def _positions(scores: pd.Series, levels: Ints) -> Ints:
    code = pd.Index(levels).get_indexer(pd.Index(_whole(scores, "score")))
    if (code < 0).any():
        raise DataError(
            "the account pairs name a score that no counted lead has: "
            "they belong to other counts; count leads and accounts together"
        )
    return code.astype(np.int64)


def _check_pairs(cells: Cells) -> None:
    # An account of n leads adds n*n, so the pairs can never add up to less than the leads.
    if cells.pairs is not None and cells.pairs.n.sum() < cells.judged.sum() * (1 - 1e-9):
        raise DataError(
            f"the account pairs cover {cells.pairs.n.sum():.0f} pairs of leads, fewer than the "
            f"{cells.judged.sum()} judged leads: they belong to other counts; count leads and "
            "accounts together"
        )
