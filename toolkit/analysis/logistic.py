"""Logistic regression of the outcome on columns that depend on the score level alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit

from toolkit.analysis.cells import Cells, Floats
from toolkit.analysis.influence import account_products, robust_factor

__all__ = ["LogisticFit", "fit_logistic", "log_likelihood"]

_MOST_STEPS = 100
_TOLERANCE = 1e-13


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """Coefficients with their covariance (over accounts where they are known)."""

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    probability: Floats
    """At each level of the cells."""
    information: Floats
    """Inverse of the covariance that a model of independent leads would give."""


def fit_logistic(cells: Cells, design: Floats, *, offset: Floats | float = 0.0) -> LogisticFit:
    """Maximum likelihood by Newton steps, halved where they would lose; the fit must exist.

    `design` has a row for each level and a column for each coefficient. Columns are scaled to
    unit spread while fitting, so that scores of any size are fitted alike.
    """
    scale = np.maximum(np.abs(design).max(axis=0), 1e-300)
    x, n = design / scale, cells.judged
    beta = np.zeros(x.shape[1])
    best = log_likelihood(cells, offset + x @ beta)
    for _ in range(_MOST_STEPS):
        p = expit(offset + x @ beta)
        step = np.linalg.solve((x.T * (n * p * (1 - p))) @ x, x.T @ (cells.converted - n * p))
        while (found := log_likelihood(cells, offset + x @ (beta + step))) < best - _slack(best):
            step = step / 2
        beta, best = beta + step, found
        if np.abs(step).max() <= _TOLERANCE * max(np.abs(beta).max(), 1e-3):
            break
    p = expit(offset + x @ beta)
    information = (design.T * (n * p * (1 - p))) @ design
    covariance = _covariance(cells, design, p, information)
    return LogisticFit(beta / scale, covariance, best, p, information)


def _slack(value: float) -> float:
    return 1e-12 * abs(value) + 1e-12


def log_likelihood(cells: Cells, linear: Floats) -> float:
    """Sum over judged leads of the log probability of what became of each.

    >>> from toolkit.analysis.cells import Cells
    >>> one, zero = np.array([1]), np.array([0])
    >>> round(log_likelihood(Cells(zero, one, one, zero, zero, None), np.array([0.0])), 4)
    -1.3863
    """
    return float(cells.converted @ log_expit(linear) + cells.not_converted @ log_expit(-linear))


def _covariance(cells: Cells, design: Floats, p: Floats, information: Floats) -> Floats:
    bread: Floats = np.linalg.inv(information).astype(np.float64)
    if cells.pairs is None:
        return bread
    hit, miss = design * (1 - p)[:, None] @ bread, -design * p[:, None] @ bread
    return account_products(cells, hit, miss) * robust_factor(cells, design.shape[1])
