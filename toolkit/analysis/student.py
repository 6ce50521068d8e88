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

__all__ = ["ALONE", "joint_p", "student_p", "student_quantile"]

ALONE = 1 + 1e-9
"""Not more equal accounts than this: one account, rounding aside."""


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
