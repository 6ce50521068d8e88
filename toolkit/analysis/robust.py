"""Variances of sums of influence values, over accounts where these are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.intervals import account_factor, tail
from toolkit.analysis.student import student_quantile
from toolkit.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.analysis.cells import Floats, Ints
    from toolkit.counts import AccountCells

    Marks = NDArray[np.bool_]

__all__ = ["Clusters", "read_clusters"]


@dataclass(frozen=True, slots=True)
class Clusters:
    """The leads of each cell, and which of them belong together.

    `account`, `cell`, `together` list the leads of accounts with several; every other lead of a
    cell is an account of its own. Without accounts the lists are empty and every lead stands alone.
    """

    n: Floats
    account: Ints
    cell: Ints
    together: Floats
    known: bool

    @property
    def alone(self) -> Floats:
        """Leads of each cell that are an account of their own."""
        return self.n - np.bincount(self.cell, weights=self.together, minlength=len(self.n))

    def accounts(self, used: Marks | None = None) -> int | None:
        """Accounts with a lead in the cells that `used` marks (all by default); None if unknown."""
        if not self.known:
            return None
        keep = np.ones(len(self.n), dtype=np.bool_) if used is None else used
        return int(self.alone[keep].sum()) + len(np.unique(self.account[keep[self.cell]]))

    def equal_accounts(self, weight: Marks | Floats) -> float:
        """Accounts of equal weight that carry as much information: total^2 / sum of squares.

        `weight` is that of a lead of each cell: marks (1 or 0) for accounts of equal size, the
        leverage of a lead for what a slope rests on. Source: Kish (1965); Carter, Schnepel and
        Steigerwald (2017).
        """
        value = np.asarray(weight, dtype=np.float64)
        squares = float(self.covariance(value[:, None])[0, 0])
        return float(self.n @ value) ** 2 / squares if squares > 0 else 0.0

    def carriers(self, value: Floats) -> float:
        """Accounts of equal share in a variance: (sum of v)^2 / sum of v^2, v their parts of it.

        The part of an account is the larger of the squared sum of its leads' values (they share their
        fate) and the sum of their squares (they do not). Without end where no account is known.
        Source: Carter, Schnepel and Steigerwald (2017).
        """
        if not self.known:
            return np.inf
        part = value[self.cell] * self.together
        size = int(self.account.max(initial=-1)) + 1
        sums, squares = (
            np.bincount(self.account, weights=each, minlength=size)
            for each in (part, part * value[self.cell])
        )
        shares = np.maximum(sums**2, squares)
        total = float(shares.sum() + self.alone @ value**2)
        return total**2 / float((shares**2).sum() + self.alone @ value**4) if total > 0 else 0.0

    def covariance(self, values: Floats) -> Floats:
        """Sum over accounts of the outer products of U_g = sum of the values of its leads.

        `values` has one row per cell and one column per statistic.
        """
        own: Floats = values.T @ (values * self.alone[:, None])
        if not len(self.account):
            return own
        sums = np.zeros((int(self.account.max()) + 1, values.shape[1]))
        np.add.at(sums, self.account, values[self.cell] * self.together[:, None])
        return own + sums.T @ sums

    def variances(self, values: Floats) -> Floats:
        """Variance of each statistic from its influence values: G/(G-1) * sum of U_g^2."""
        squares = values**2
        total: Floats = squares.T @ self.alone
        if len(self.account):
            for column in range(values.shape[1]):
                weights = values[self.cell, column] * self.together
                sums = np.bincount(self.account, weights=weights)
                total[column] += float(sums @ sums)
        return total * account_factor(self.accounts())

    def freedom(self, weight: Marks | Floats) -> float:
        """Equal accounts behind an estimate; without end where no account is known."""
        return self.equal_accounts(weight) if self.known else np.inf

    def quantile(self, weight: Marks | Floats, confidence: float) -> float:
        """Half-width of an interval in standard errors: t where accounts are few, else normal.

        NaN for one account.
        """
        return float(student_quantile(self.freedom(weight), tail(confidence)))


def read_clusters(n: Ints, accounts: AccountCells | None) -> Clusters:
    """Lay out the accounts of a count table; DataError where they belong to another one."""
    none = np.zeros(0, dtype=np.int64)
    if accounts is None:
        return Clusters(n.astype(np.float64), none, none, none.astype(np.float64), known=False)
    cell = accounts.frame["cell"].to_numpy(dtype=np.int64)
    together = accounts.frame["n"].to_numpy(dtype=np.float64)
    outside = len(cell) > 0 and (cell.min() < 0 or cell.max() >= len(n))
    if outside or (np.bincount(cell, weights=together, minlength=len(n)) > n).any():
        raise DataError(
            "the accounts name cells or leads that the counts do not have: they belong to other "
            "counts; count leads and accounts together"
        )
    _, number = np.unique(accounts.frame["account"].to_numpy(dtype=np.int64), return_inverse=True)
    return Clusters(n.astype(np.float64), number.astype(np.int64), cell, together, known=True)
