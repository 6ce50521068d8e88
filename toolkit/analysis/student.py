"""The normal law where accounts (or leads) are many, Student's t and F where they are few.

Everything here rests on a number of *equal* accounts: that many accounts of equal weight would tell
as much (Kish 1965). Variances over accounts are estimated from them, so they, less one, are the
degrees of freedom (Carter, Schnepel and Steigerwald 2017). One account shows no variance: NaN.
"""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

from toolkit.analysis.intervals import FEW

if TYPE_CHECKING:
    from toolkit.analysis.cells import Floats

__all__ = ["ALONE", "joint_p", "score_p", "student_p", "student_quantile"]

ALONE = 1 + 1e-9
"""Not more equal accounts than this: one account, rounding aside."""
_SAME = 1e-9
"""Share of the number of accounts by which a score statistic may miss it by rounding."""


def student_quantile(equal_accounts: Floats | float, side: float) -> Floats:
    """Standard errors in half an interval that leaves out `side` on each side, entry by entry.

    >>> student_quantile(np.array([1.0, 2.0, 40.0]), 0.025).round(2).tolist()
    [nan, 12.71, 1.96]
    """
    equal = np.asarray(equal_accounts, dtype=np.float64)
    few = stdtrit(np.maximum(equal - 1, 1e-9), 1 - side)
    found = np.where(equal >= FEW, -ndtri(side), few)
    return np.where(equal > ALONE, found, np.nan)


def student_p(z: Floats | float, equal_accounts: Floats | float) -> Floats:
    """Two-sided p-value of an estimate over its standard error, entry by entry.

    >>> student_p(np.array([12.71, 1.96]), np.array([2.0, 40.0])).round(3).tolist()
    [0.05, 0.05]
    """
    equal = np.asarray(equal_accounts, dtype=np.float64)
    away = -np.abs(np.asarray(z, dtype=np.float64))
    p = 2 * np.where(equal >= FEW, ndtr(away), stdtr(np.maximum(equal - 1, 1e-9), away))
    return np.where(equal > ALONE, p, np.nan)


def joint_p(statistic: float, df: int, equal_accounts: float) -> float:
    """p-value of a Wald statistic of `df` estimates: chi-squared, or Hotelling's T-squared.

    With few accounts statistic (G-df)/((G-1) df) is compared with F on df and G-df degrees of
    freedom; NaN where these are not above 0. Source: Hotelling (1931).

    >>> round(joint_p(5.991, 2, 40.0), 3), round(joint_p(161.4, 1, 2.0), 3)
    (0.05, 0.05)
    """
    if equal_accounts >= FEW:
        return float(chdtrc(df, statistic))
    left = equal_accounts - df
    return (
        float(fdtrc(df, left, statistic * left / ((equal_accounts - 1) * df))) if left > 0 else nan
    )


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
    left = freedom - degrees + 1
    if not (degrees > 0 and left >= 1 and statistic < accounts * (1 - _SAME)):
        return nan
    squared = (accounts - 1) * statistic / (accounts - statistic)
    return float(fdtrc(degrees, left, squared * left / (degrees * freedom)))
