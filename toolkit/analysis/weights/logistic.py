"""Logistic regression on patterns: exactly the fit on rows, at a cost that does not grow with them.

With k of n leads of a pattern converted, the log-likelihood of the rows is
sum k log p + (n - k) log(1 - p): the binomial one without its constant.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from toolkit.analysis.cells import Floats
from toolkit.analysis.weights.design import Design, score_products

__all__ = ["Fit", "fit_logistic", "independent_columns", "information", "robust_covariance"]

_STEPS = 60
_HALVINGS = 30
_CLOSE = 1e-11
"""Decrease of the log-likelihood (relative) at which Newton's method has arrived."""
_FAR = 18.0
"""Log-odds beyond which a fitted probability is 0 or 1 to eight digits."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A maximum-likelihood fit; `covariance` is the inverse information."""

    coefficients: Floats
    covariance: Floats = field(repr=False)
    probability: Floats = field(repr=False)
    log_likelihood: float
    finite: bool
    """False where the likelihood rises for ever: a combination of terms separates the outcomes."""


def information(columns: Floats, n: Floats, probability: Floats) -> Floats:
    """X'WX with W = n p (1 - p)."""
    weight = n * probability * (1 - probability)
    return columns.T @ (weight[:, None] * columns)


def fit_logistic(
    columns: Floats, design: Design, *, offset: Floats | None = None, start: Floats | None = None
) -> Fit:
    """Maximise the likelihood by Newton's method, steps halved while it falls.

    `columns` must be linearly independent. Source: McCullagh and Nelder (1989), 4.4.
    """
    fixed = np.zeros(len(design.n)) if offset is None else offset
    beta = np.zeros(columns.shape[1]) if start is None else start
    value = _log_likelihood(columns @ beta + fixed, design)
    finite = False
    for _ in range(_STEPS):
        p = expit(columns @ beta + fixed)
        step = _solve(information(columns, design.n, p), columns.T @ (design.hits - design.n * p))
        beta, new = _improve(design, columns, fixed, (beta, value), step)
        finite = abs(new - value) <= _CLOSE * (abs(new) + 1)
        value = new
        if finite:
            break
    eta = columns @ beta + fixed
    p = expit(eta)
    spread = np.abs(eta[design.n > 0]).max(initial=0.0)
    covariance = _inverse(information(columns, design.n, p))
    return Fit(
        beta, covariance, p, value, bool(finite and spread < _FAR and np.isfinite(beta).all())
    )


def _log_likelihood(eta: Floats, design: Design) -> float:
    misses = design.n - design.hits
    return float(design.hits @ log_expit(eta) + misses @ log_expit(-eta))


def _improve(
    design: Design, columns: Floats, fixed: Floats, at: tuple[Floats, float], step: Floats
) -> tuple[Floats, float]:
    beta, value = at
    for _ in range(_HALVINGS):
        new = _log_likelihood(columns @ (beta + step) + fixed, design)
        if new >= value - 1e-12 * (abs(value) + 1):
            return beta + step, new
        step = step / 2
    return beta, value


def _solve(matrix: Floats, vector: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(matrix, vector, rcond=None)[0], dtype=np.float64)


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.pinv(matrix, hermitian=True), dtype=np.float64)


def robust_covariance(fit: Fit, columns: Floats, design: Design) -> Floats:
    """Covariance over accounts: B M B with M the sum of U_g U_g', times G/(G-1) x (n-1)/(n-k).

    The inverse information where no account is known. Source: Liang and Zeger (1986); the factor is
    that of statsmodels and Stata.
    """
    if design.accounts is None:
        return fit.covariance
    g, n, k = design.groups, design.n.sum(), columns.shape[1]
    factor = g / max(g - 1, 1) * (n - 1) / max(n - k, 1)
    meat = score_products(design, columns, fit.probability)
    covariance: Floats = fit.covariance @ meat @ fit.covariance * factor
    return covariance


def independent_columns(
    columns: Floats, weight: Floats, *, given: Floats | None = None
) -> NDArray[np.bool_]:
    """Mark the columns that are no linear combination of `given` and of those before them.

    Gram-Schmidt in the inner product of `weight`; what is left of a column must be a millionth of
    it at least.
    """
    root = np.sqrt(weight)[:, None]
    basis = np.linalg.qr(root * given)[0] if given is not None else np.zeros((len(weight), 0))
    kept = np.zeros(columns.shape[1], dtype=np.bool_)
    for j, column in enumerate((root * columns).T):
        left = column - basis @ (basis.T @ column)
        left -= basis @ (basis.T @ left)  # twice is enough (Kahan)
        size = np.linalg.norm(left)
        if size > 1e-6 * np.linalg.norm(column) and size > 0:
            kept[j] = True
            basis = np.column_stack([basis, left / size])
    return kept
