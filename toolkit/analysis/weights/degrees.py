"""How many accounts a coefficient rests on: the degrees of freedom of its variance over accounts.

The coefficient of a column compares the leads that have it with those that have not. Either side is
worth as many equal accounts as k = n^2 / (sum of squared account sizes) (Kish 1965), and the
variance of a difference of two such means has Welch's degrees of freedom,

    (1/k1 + 1/k2)^2 / [1/(k1^2 (k1 - 1)) + 1/(k2^2 (k2 - 1))],

which are nearly k1 - 1 where the leads with the column come from few accounts. They are at most
k - 1 of all leads, as accounts may lie on both sides; with equal accounts that is G - 1.
Sources: Welch (1947); Kish (1965); Carter, Schnepel and Steigerwald (2017) for equal accounts as
degrees of freedom; Cameron, Gelbach and Miller (2008) on what few accounts do.

Student's t stands at any number of them, unlike that of rates: a term is had by far fewer accounts
than there are. Under 1 degree (two equal accounts) nothing is given: t has no mean there.
"""

from __future__ import annotations

from math import inf, isinf, nan

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from toolkit.analysis.cells import Floats
from toolkit.analysis.intervals import FEW, tail
from toolkit.analysis.weights.design import Design, lead_products
from toolkit.analysis.weights.products import Columns

__all__ = [
    "account_quantile",
    "column_degrees",
    "few_accounts_words",
    "joint_degrees",
    "score_degrees",
    "wald_p",
]


def column_degrees(design: Design, columns: Columns) -> Floats:
    """Degrees of freedom of each column's coefficient; infinite where no account is known.

    >>> from toolkit.analysis.weights.design import read_design
    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> design = read_design(tiny_patterns())
    >>> column_degrees(design, design.units).tolist()
    [inf, inf]
    """
    if design.accounts is None:
        return np.full(columns.shape[1], inf)
    met = (columns != 0) & (design.n > 0)[:, None]
    whole, inside, both = lead_products(design.accounts, met)
    n, n_with = float(design.n.sum()), design.n @ met
    sizes = np.array([n_with, n - n_with, np.full(len(n_with), n)])
    squares = np.array([inside, whole - 2 * both + inside, np.full(len(n_with), whole)])
    equal = np.divide(sizes**2, squares, out=np.zeros_like(sizes), where=squares > 0)
    # A column that all leads have is told by all of them.
    compared = np.where((sizes[:2] > 0).all(axis=0), _welch(equal[0], equal[1]), inf)
    degrees: Floats = np.minimum(compared, equal[2] - 1)
    return degrees


def _welch(one: Floats, two: Floats) -> Floats:
    """Welch's degrees of freedom of a difference of means of so many; 0 where one is of 1."""
    known = np.minimum(one, two) > 1
    a, b = np.where(known, one, 2.0), np.where(known, two, 2.0)
    degrees = (1 / a + 1 / b) ** 2 / (1 / (a**2 * (a - 1)) + 1 / (b**2 * (b - 1)))
    return np.where(known, degrees, 0.0)


def joint_degrees(design: Design, columns: Columns) -> float:
    """Degrees of freedom of a test of all columns at once: of the leads that have any of them."""
    any_of_them = (columns != 0).any(axis=1).astype(np.int8)
    return float(column_degrees(design, any_of_them[:, None])[0])


def score_degrees(design: Design) -> float:
    """Degrees of freedom of what all leads tell, such as the log-odds of a point of the score."""
    return joint_degrees(design, np.ones((len(design.n), 1)))


def account_quantile(freedom: float, confidence: float) -> float:
    """Half-width of an interval in standard errors: t on so many degrees; normal on infinitely many.

    NaN under 1 degree: from fewer than two equal accounts no variance can be told.

    >>> round(account_quantile(inf, 0.95), 2), round(account_quantile(1.0, 0.95), 1)
    (1.96, 12.7)
    """
    side = tail(confidence)
    if isinf(freedom):
        return -float(ndtri(side))
    return float(stdtrit(freedom, 1 - side)) if freedom >= 1 else nan


def wald_p(distance: float, freedom: float) -> float:
    """Two-sided p of a distance in standard errors: t on so many degrees; NaN under 1.

    >>> round(wald_p(12.7062, 1.0), 4), wald_p(1.0, 0.5)
    (0.05, nan)
    """
    if isinf(freedom):
        return 2 * float(ndtr(-abs(distance)))
    return 2 * float(stdtr(freedom, -abs(distance))) if freedom >= 1 else nan


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
