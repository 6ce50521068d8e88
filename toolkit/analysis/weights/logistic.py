"""Logistic regression on patterns: exactly the fit on rows, at a cost that does not grow with them.

With k of n leads of a pattern converted, the log-likelihood of the rows is
sum k log p + (n - k) log(1 - p): the binomial one without its constant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.analysis.cells import Floats
from toolkit.analysis.weights.design import Design, score_products
from toolkit.analysis.weights.products import (
    Columns,
    column_totals,
    dot,
    linear,
    weighted_products,
)

__all__ = [
    "Fit",
    "FitMethod",
    "fit_logistic",
    "independent_columns",
    "information",
    "likelihood",
    "robust_covariance",
]

_STEPS = 60
_HALVINGS = 30
_CLOSE = 1e-10
"""Twice the rise of the log-likelihood that a step promises when Newton's method has arrived."""
_FAR = 18.0
"""Log-odds beyond which a fitted probability is 0 or 1 to eight digits."""
_LEFT = 1e-10
_NONE = 1e-9

FitMethod = Literal["likelihood", "likelihood (accounts)", "Firth", "no scale", "none"]
"""How an estimate was made; `no scale` where a point of the score is not seen to raise the odds."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A maximum-likelihood fit; `covariance` is the inverse information."""

    coefficients: Floats
    covariance: Floats = field(repr=False)
    probability: Floats = field(repr=False)
    log_likelihood: float
    finite: bool
    """False where the likelihood rises for ever: a combination of terms separates the outcomes."""


def likelihood(design: Design) -> FitMethod:
    """Maximum likelihood, its errors over accounts where they are known."""
    return "likelihood" if design.accounts is None else "likelihood (accounts)"


def information(columns: Columns, n: Floats, probability: Floats) -> Floats:
    """X'WX with W = n p (1 - p)."""
    return weighted_products(columns, n * probability * (1 - probability))


def fit_logistic(
    columns: Columns, design: Design, *, offset: Floats | None = None, start: Floats | None = None
) -> Fit:
    """Maximise the likelihood by Newton's method, steps halved while it falls.

    `columns` must be linearly independent. Source: McCullagh and Nelder (1989), 4.4.
    """
    fixed = np.zeros(len(design.n)) if offset is None else offset
    beta = np.zeros(columns.shape[1]) if start is None else start
    at = _look(linear(columns, beta) + fixed, design)
    finite = False
    for _ in range(_STEPS):
        p = at.probability
        slope = column_totals(columns, design.hits - design.n * p)
        step = _solve(information(columns, design.n, p), slope)
        beta, at = _improve(design, columns, fixed, (beta, at), step)
        finite = bool(slope @ step <= _CLOSE)
        if finite:
            break
    finite = finite and at.farthest < _FAR and bool(np.isfinite(beta).all())
    covariance = _inverse(information(columns, design.n, at.probability))
    return Fit(beta, covariance, at.probability, at.log_likelihood, finite)


@dataclass(frozen=True, slots=True)
class _Look:
    """What one linear predictor gives."""

    probability: Floats
    log_likelihood: float
    farthest: float
    """Greatest absolute log-odds of a pattern with leads."""


def _look(eta: Floats, design: Design) -> _Look:
    # One exponential serves both: p = 1 / (1 + e^-eta), log p = min(eta, 0) - log(1 + e^-|eta|),
    # and log(1 - p) = log p - eta.
    size = np.abs(eta)
    small = np.exp(-size)
    p = np.where(eta >= 0, 1.0, small) / (1 + small)
    log_p = np.minimum(eta, 0.0) - np.log1p(small)
    value = dot(design.n, log_p) - dot(design.n - design.hits, eta)
    return _Look(p, value, float(size.max(where=design.n > 0, initial=0.0)))


def _improve(
    design: Design, columns: Columns, fixed: Floats, at: tuple[Floats, _Look], step: Floats
) -> tuple[Floats, _Look]:
    """Go the whole step, or half of it, a quarter, ... while the likelihood would fall."""
    beta, here = at
    least = here.log_likelihood - 1e-12 * (abs(here.log_likelihood) + 1)
    for _ in range(_HALVINGS):
        new = _look(linear(columns, beta + step) + fixed, design)
        if new.log_likelihood >= least:
            return beta + step, new
        step = step / 2
    return beta, here


def _solve(matrix: Floats, vector: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(matrix, vector, rcond=None)[0], dtype=np.float64)


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.pinv(matrix, hermitian=True), dtype=np.float64)


def robust_covariance(fit: Fit, columns: Columns, design: Design) -> Floats:
    """Covariance over accounts: B M B with M the sum of U_g U_g', times G/(G-1) x (n-1)/(n-k).

    The inverse information where no account is known; NaN for a coefficient in which the accounts
    show no variation. Source: Liang and Zeger (1986); the factor is that of statsmodels and Stata.
    """
    if design.accounts is None:
        return fit.covariance
    g, n, k = design.groups, design.n.sum(), columns.shape[1]
    factor = g / max(g - 1, 1) * (n - 1) / max(n - k, 1)
    meat = score_products(design, columns, fit.probability)
    covariance: Floats = fit.covariance @ meat @ fit.covariance * factor
    # Few accounts may show no variation at all; that is no certainty.
    none = np.diag(covariance) <= _NONE * np.diag(fit.covariance)
    covariance[none, :] = covariance[:, none] = np.nan
    return covariance


def independent_columns(
    columns: Columns, weight: Floats, *, given: Columns | None = None
) -> NDArray[np.bool_]:
    """Mark the columns that are no linear combination of `given` and of those before them.

    Cholesky's decomposition of X'WX, column by column: of a column at least 1e-5 of its length must
    be left.
    """
    known = 0 if given is None else given.shape[1]
    gram = weighted_products(columns, weight)
    if given is not None:
        cross = weighted_products(given, weight, columns)
        gram = np.block([[weighted_products(given, weight), cross], [cross.T, gram]])
    factor = np.zeros((len(gram), 0))
    kept = np.zeros(len(gram), dtype=np.bool_)
    for j in range(len(gram)):
        left = gram[:, j] - factor @ factor[j]
        if left[j] > _LEFT * gram[j, j]:
            kept[j] = True
            factor = np.column_stack([factor, left / np.sqrt(left[j])])
    return kept[known:]
