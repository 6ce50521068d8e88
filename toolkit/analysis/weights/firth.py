"""Firth's penalised likelihood: finite points where all or none with a criterion converted.

The penalty half the log-determinant of the information (Jeffreys' prior) keeps every coefficient
finite. The score becomes U_r = sum [k - n p + h (1/2 - p)] x_r, h the hat value summed over the
pattern's n rows. Wald intervals are meaningless there; intervals are of the profile likelihood.
Source: Firth (1993); Heinze and Schemper (2002); Puhr et al. (2017) for the probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, expit, log_expit

from toolkit.analysis.cells import Floats
from toolkit.analysis.weights.design import Design
from toolkit.analysis.weights.logistic import information
from toolkit.analysis.weights.products import Columns, column_totals, dot, linear

__all__ = ["FirthFit", "fit_firth", "flic_intercept", "penalised_p", "profile_interval"]

_STEPS = 400
_CLOSE = 1e-9
_FARTHEST = 32.0
"""Log-odds from the estimate beyond which no end is sought."""
_LONGEST = 5.0
"""Longest step of one coefficient, in log-odds, as in logistf."""


@dataclass(frozen=True, slots=True)
class FirthFit:
    """Coefficients of greatest penalised likelihood."""

    coefficients: Floats
    probability: Floats = field(repr=False)
    penalised: float
    """The penalised log-likelihood at its maximum."""
    offset: Floats = field(repr=False)


def _penalised(columns: Columns, design: Design, beta: Floats, offset: Floats) -> float:
    eta = linear(columns, beta) + offset
    known = dot(design.hits, log_expit(eta)) + dot(design.n - design.hits, log_expit(-eta))
    sign, size = np.linalg.slogdet(information(columns, design.n, expit(eta)))
    return float(known + size / 2) if sign > 0 else -np.inf


def fit_firth(
    columns: Columns,
    design: Design,
    *,
    offset: Floats | None = None,
    fixed: tuple[int, float] | None = None,
    start: Floats | None = None,
) -> FirthFit:
    """Maximise the penalised likelihood, one coefficient held at a value if `fixed` says so."""
    known = np.zeros(len(design.n)) if offset is None else offset
    beta = np.zeros(columns.shape[1]) if start is None else start.copy()
    free = np.ones(columns.shape[1], dtype=np.bool_)
    if fixed is not None:
        free[fixed[0]], beta[fixed[0]] = False, fixed[1]
    value = _penalised(columns, design, beta, known)
    for _ in range(_STEPS):
        step = np.zeros(len(beta))
        step[free] = _newton_step(columns, design, beta, known, free)
        size = np.abs(step).max(initial=0.0)
        if size < _CLOSE:
            break
        beta, new = _improve(
            columns, design, known, (beta, value), step * min(1.0, _LONGEST / size)
        )
        if new == value:
            break
        value = new
    return FirthFit(beta, expit(linear(columns, beta) + known), value, known)


def _newton_step(
    columns: Columns, design: Design, beta: Floats, offset: Floats, free: NDArray[np.bool_]
) -> Floats:
    p = expit(linear(columns, beta) + offset)
    inside = information(columns, design.n, p)
    half = np.linalg.solve(inside, columns.T).T
    hat = design.n * p * (1 - p) * np.einsum("ij,ij->i", columns, half)
    slope = column_totals(columns, design.hits - design.n * p + hat * (0.5 - p))
    step = np.linalg.solve(inside[np.ix_(free, free)], slope[free])
    return np.asarray(step, dtype=np.float64)


def _improve(
    columns: Columns, design: Design, offset: Floats, at: tuple[Floats, float], step: Floats
) -> tuple[Floats, float]:
    """Halve the step while the likelihood falls by more than rounding noise."""
    beta, value = at
    for _ in range(20):
        new = _penalised(columns, design, beta + step, offset)
        if new > value - 1e-10 * (abs(value) + 1):
            return beta + step, new
        step = step / 2
    return beta, value


def profile_interval(
    columns: Columns, design: Design, fit: FirthFit, term: int, *, q: float
) -> tuple[float, float]:
    """Values of a coefficient that the penalised likelihood ratio does not reject.

    2 (max - max with the coefficient held) <= q^2, the others re-maximised at each value; q is the
    quantile that stands for the confidence, and NaN gives NaN. Source: Heinze and Schemper (2002).
    """
    if isnan(q):
        return nan, nan
    drop, middle = q**2 / 2, float(fit.coefficients[term])

    def short(value: float) -> float:
        held = _held(columns, design, fit, term, value)
        return fit.penalised - held.penalised - drop

    met = columns[:, term] != 0
    farthest = _FARTHEST / float(np.abs(columns[met, term]).min())
    ends = [_end_or_none(short, middle, way, farthest) for way in (-1.0, 1.0)]
    return ends[0], ends[1]


def _held(columns: Columns, design: Design, fit: FirthFit, term: int, value: float) -> FirthFit:
    return fit_firth(
        columns, design, offset=fit.offset, fixed=(term, value), start=fit.coefficients
    )


def _end_or_none(
    short: Callable[[float], float], middle: float, way: float, farthest: float
) -> float:
    """NaN where the end lies so far out that every probability is 0 or 1 in the computer."""
    try:
        return _end(short, middle, way, farthest)
    except np.linalg.LinAlgError:
        return nan


def _end(short: Callable[[float], float], middle: float, way: float, farthest: float) -> float:
    far = min(1.0, farthest)
    while short(middle + way * far) < 0:
        far *= 2
        if far > farthest:
            return nan
    low, high = sorted((middle, middle + way * far))
    return _root(short, low, high, xtol=1e-8, rtol=1e-10)


def penalised_p(columns: Columns, design: Design, fit: FirthFit, term: int) -> float:
    """P-value of the penalised likelihood ratio test that a coefficient is 0."""
    held = _held(columns, design, fit, term, 0.0)
    return float(chdtrc(1, max(2 * (fit.penalised - held.penalised), 0.0)))


def flic_intercept(columns: Columns, design: Design, fit: FirthFit) -> float:
    """The intercept that makes the mean probability the rate seen (FLIC; column 0 is constant).

    Firth's own probabilities are drawn to 1/2. Source: Puhr, Heinze, Nold, Lusa and Geroldinger
    (2017).
    """
    slopes = linear(columns[:, 1:], fit.coefficients[1:]) + fit.offset
    hits = design.hits.sum()

    def short(intercept: float) -> float:
        return float(design.n @ expit(intercept + slopes) - hits)

    low, high = -slopes.max() - 40, -slopes.min() + 40
    if not 0 < hits < design.n.sum():
        return float(fit.coefficients[0])
    return _root(short, low, high, xtol=1e-12, rtol=1e-14)


def _root(
    short: Callable[[float], float], low: float, high: float, *, xtol: float, rtol: float
) -> float:
    from scipy.optimize import brentq  # noqa: PLC0415 - slow to load, and few fits are separated

    return float(brentq(short, low, high, xtol=xtol, rtol=rtol))
