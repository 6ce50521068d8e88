"""Variances of sums of influence values, over accounts where these are known."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf, isnan, nan
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.intervals import FEW, account_factor, tail
from toolkit.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.analysis.cells import Floats, Ints
    from toolkit.counts import AccountCells

    Marks = NDArray[np.bool_]

__all__ = [
    "Clusters",
    "account_quantile",
    "few_accounts_words",
    "read_clusters",
    "score_p",
    "wald_p",
]

_SAME = 1e-9
"""Distance of a score statistic from the number of accounts that is rounding."""


def account_quantile(freedom: float, confidence: float) -> float:
    """Half-width of an interval in standard errors: t on so many degrees; normal on infinitely many.

    NaN under 1 degree: from fewer than two equal accounts no variance can be told.

    >>> round(account_quantile(inf, 0.95), 2), round(account_quantile(1.0, 0.95), 1)
    (1.96, 12.7)
    """
    from scipy.special import ndtri, stdtrit  # noqa: PLC0415 - only intervals need them

    side = tail(confidence)
    if isinf(freedom):
        return -float(ndtri(side))
    return float(stdtrit(freedom, 1 - side)) if freedom >= 1 else nan


def wald_p(distance: float, freedom: float) -> float:
    """Two-sided p of a distance in standard errors: t on so many degrees; NaN under 1.

    >>> round(wald_p(12.7062, 1.0), 4), wald_p(1.0, 0.5)
    (0.05, nan)
    """
    from scipy.special import ndtr, stdtr  # noqa: PLC0415 - only tests need them

    if isinf(freedom):
        return 2 * float(ndtr(-abs(distance)))
    return 2 * float(stdtr(freedom, -abs(distance))) if freedom >= 1 else nan


def score_p(statistic: float, degrees: int, *, accounts: int, freedom: float) -> float:
    """P-value of a score statistic U'(sum of U_g U_g')^-1 U over accounts.

    The sums are not about their mean, so the statistic T is at most the number G of accounts. About
    it they give Hotelling's T2 = (G-1) T / (G - T), which is v q / (v - q + 1) times an F on q and
    v - q + 1 degrees: exactly so for normal U_g of G equal accounts and v = G - 1. Of unequal ones
    v = `freedom`. With many accounts it is chi-squared on q = `degrees`.

    NaN where v - q + 1 is under 1, and where T = G: the accounts then show no variation.
    Source: Hotelling (1931).

    >>> round(score_p(3.841459, 1, accounts=10**9, freedom=1e9), 4)
    0.05
    >>> round(score_p(4 * 3**2 / (3 + 3**2), 1, accounts=4, freedom=3.0), 4)  # |t| = 3 on 3 degrees
    0.0577
    """
    from scipy.special import fdtrc  # noqa: PLC0415 - only tests need it

    left = freedom - degrees + 1
    if not (degrees > 0 and left >= 1 and statistic < accounts * (1 - _SAME)):
        return nan
    squared = (accounts - 1) * statistic / (accounts - statistic)
    return float(fdtrc(degrees, left, squared * left / (degrees * freedom)))


def few_accounts_words(freedom: float) -> str | None:
    """Word that an interval rests on few accounts, or that there is none; None from 40 on.

    >>> few_accounts_words(3.2), few_accounts_words(100.0)
    ('few accounts: it rests on as much as 4.2 of equal size', None)
    """
    if freedom + 1 >= FEW:
        return None
    if freedom < 1:
        return f"too few accounts: it rests on as much as {freedom + 1:.1f} of equal size, under 2"
    return f"few accounts: it rests on as much as {freedom + 1:.1f} of equal size"


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

    def equal_accounts(self, used: Marks) -> float:
        """Accounts of equal size that carry as much information: n^2 / sum of squared sizes."""
        size = float(self.n[used].sum())
        squares = float(self.covariance(used[:, None].astype(np.float64))[0, 0])
        return size**2 / squares if squares > 0 else 0.0

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

    def freedom(self, used: Marks) -> float:
        """Degrees of freedom of a variance over accounts: equal accounts less 1.

        Infinite from 40 equal accounts on, and where none is known.
        """
        equal = self.equal_accounts(used) if self.known else inf
        return inf if equal >= FEW else equal - 1

    def quantile(self, used: Marks, confidence: float) -> float:
        """Half-width of an interval in standard errors: t where accounts are few, else normal."""
        found = account_quantile(self.freedom(used), confidence)
        return inf if isnan(found) else found


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
