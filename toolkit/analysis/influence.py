"""Variances of anything that is a sum over leads, with accounts or without.

A statistic is a sum of influence values u, one for a converted and one for another lead at each
score level; its variance over accounts is Var = c * sum over accounts of (sum of u)(sum of u)',
a quadratic form in the account table of the counts. Without accounts every lead is its own.
"""

from __future__ import annotations

import numpy as np

from toolkit.analysis.cells import Cells, Floats

__all__ = ["account_products", "mean_of_leads", "robust_factor"]


def account_products(cells: Cells, hit: Floats, miss: Floats) -> Floats:
    """Sum over accounts of U U', U the sum of an account's influence values.

    `hit` and `miss` hold one row for each level of the cells, and as many columns as there are
    statistics; the result is square in these.
    """
    if cells.pairs is None:
        weighted = hit.T * cells.converted, miss.T * cells.not_converted
        without: Floats = weighted[0] @ hit + weighted[1] @ miss
        return without
    pairs = cells.pairs
    one = np.where(pairs.a_hit[:, None], hit[pairs.a], miss[pairs.a])
    two = np.where(pairs.b_hit[:, None], hit[pairs.b], miss[pairs.b])
    total: Floats = (one.T * pairs.n) @ two
    return (total + total.T) / 2


def robust_factor(cells: Cells, parameters: int) -> float:
    """G/(G-1) * (n-1)/(n-k) for G accounts; 1 without accounts (or with one, NaN of which follows).

    Source: the small-sample factor of Stata and statsmodels for clustered regression.
    """
    if cells.pairs is None or cells.pairs.judged <= 1:
        return 1.0
    n, accounts = int(cells.judged.sum()), cells.pairs.judged
    return accounts / (accounts - 1) * ((n - 1) / (n - parameters) if n > parameters else 1.0)


def mean_of_leads(cells: Cells, hit: Floats, miss: Floats) -> tuple[float, float]:
    """Mean over judged leads of a value given to each, and its standard error."""
    n = int(cells.judged.sum())
    mean = float((cells.converted @ hit + cells.not_converted @ miss) / n)
    products = account_products(cells, (hit - mean)[:, None] / n, (miss - mean)[:, None] / n)
    return mean, float(np.sqrt(max(products[0, 0], 0.0) * robust_factor(cells, 1)))
