"""Variances of whatever is a sum of influence values by cell (level x converted or not).

    Cov(s, t) = G/(G-1) * sum over accounts of U_gs U_gt,  U_g = sum of u over the account's leads,

is the quadratic form u_s' M u_t in the account-pair matrix M (without accounts M is the diagonal of
the counts). The influence values of an estimate add up to 0 over its leads.
"""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.intervals import Family, account_factor

if TYPE_CHECKING:
    from toolkit.analysis.cells import Cells, Floats

__all__ = [
    "account_products",
    "between",
    "covariance",
    "masked_family",
    "masked_share",
    "mean_of_leads",
    "robust_factor",
]


def account_products(cells: Cells, hit: Floats, miss: Floats) -> Floats:
    """Sum over accounts of U U', U the sum of an account's influence values.

    `hit` and `miss` hold one row for each level of the cells, and as many columns as there are
    statistics; the result is square in these.
    """
    values = np.concatenate([hit, miss])
    total = np.asarray(values.T @ (cells.account_matrix @ values), dtype=np.float64)
    symmetric: Floats = (total + total.T) / 2
    return symmetric


def covariance(cells: Cells, hit: Floats, miss: Floats) -> Floats:
    """Covariances of T estimates; `hit`, `miss`: T x K influence values of a lead of each level.

    Source: the ratio estimator of survey statistics (Cochran 1977, chapter 6).
    """
    accounts = None if cells.pairs is None else cells.pairs.judged
    spread: Floats = account_products(cells, hit.T, miss.T) * account_factor(accounts)
    return spread


def between(cells: Cells, one: Floats, two: Floats, *, hits: tuple[bool, bool]) -> Floats:
    """Sum over accounts of (its leads of the first kind in `one`) x (of the second in `two`).

    `one`, `two`: T x K weights of the levels; a kind is True for converted.
    """
    levels = len(cells.levels)
    matrix = cells.account_matrix
    rows, columns = (slice(0, levels) if hit else slice(levels, None) for hit in hits)
    part = matrix[rows, :][:, columns]
    return np.asarray(((one @ part) * two).sum(axis=1), dtype=np.float64)


def masked_family(cells: Cells, masks: Floats) -> Family:
    """Conversion of the judged leads of some levels; `masks` is T x K, weights from 0 to 1."""
    weights = np.asarray(masks, dtype=np.float64)
    return Family(
        hits=weights @ cells.converted,
        misses=weights @ cells.not_converted,
        hits_hits=between(cells, weights, weights, hits=(True, True)),
        hits_misses=between(cells, weights, weights, hits=(True, False)),
        misses_misses=between(cells, weights, weights, hits=(False, False)),
        accounts=None if cells.pairs is None else cells.pairs.judged,
    )


def masked_share(cells: Cells, masks: Floats, *, hit: bool) -> Family:
    """Converted leads (or not converted) of some levels, as a share of all judged leads."""
    weights = np.asarray(masks, dtype=np.float64)
    every = np.ones_like(weights)
    inside = weights @ (cells.converted if hit else cells.not_converted)
    both = between(cells, weights, weights, hits=(hit, hit))
    one = between(cells, weights, every, hits=(hit, True))
    one = one + between(cells, weights, every, hits=(hit, False))
    total = float(cells.account_matrix.sum())
    return Family(
        hits=inside.astype(np.float64),
        misses=cells.judged.sum() - inside.astype(np.float64),
        hits_hits=both,
        hits_misses=one - both,
        misses_misses=total - 2 * one + both,
        accounts=None if cells.pairs is None else cells.pairs.judged,
    )


def robust_factor(cells: Cells, parameters: int) -> float:
    """G/(G-1) * (n-1)/(n-k) for G accounts; 1 without accounts, NaN for one: it shows no variance.

    Source: the small-sample factor of Stata and statsmodels for clustered regression.
    """
    if cells.pairs is None:
        return 1.0
    if cells.pairs.judged <= 1:
        return nan
    n, accounts = int(cells.judged.sum()), cells.pairs.judged
    return accounts / (accounts - 1) * ((n - 1) / (n - parameters) if n > parameters else 1.0)


def mean_of_leads(cells: Cells, hit: Floats, miss: Floats) -> tuple[float, float]:
    """Mean over judged leads of a value given to each, and its standard error."""
    n = int(cells.judged.sum())
    mean = float((cells.converted @ hit + cells.not_converted @ miss) / n)
    products = account_products(cells, (hit - mean)[:, None] / n, (miss - mean)[:, None] / n)
    return mean, float(np.sqrt(max(products[0, 0], 0.0) * robust_factor(cells, 1)))
