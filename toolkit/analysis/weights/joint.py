"""Every term free at once: what each adds beside the others, on the scale of today's points."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan

import numpy as np
from numpy.typing import NDArray

from toolkit.analysis.cells import Floats
from toolkit.analysis.weights.degrees import account_quantile, column_degrees
from toolkit.analysis.weights.design import Design
from toolkit.analysis.weights.firth import fit_firth, flic_intercept, profile_interval
from toolkit.analysis.weights.implied import one_side
from toolkit.analysis.weights.logistic import (
    Fit,
    FitMethod,
    fit_logistic,
    independent_columns,
    information,
    likelihood,
    robust_covariance,
)
from toolkit.analysis.weights.products import Columns, columns_of, with_constant
from toolkit.analysis.weights.ratios import fieller_interval

__all__ = ["JointFit", "fit_joint", "no_joint", "spread_out"]


@dataclass(frozen=True, slots=True)
class JointFit:
    """Every term free: logit p = intercept + units x coefficients + scale x (rest of the score).

    Entries of `coefficients` are NaN for terms that cannot be told apart from the others.
    """

    intercept: float
    """After Firth the intercept of FLIC, so that mean probability = rate."""
    coefficients: Floats
    standard_errors: Floats
    low: Floats
    high: Floats
    points: Floats
    """Coefficients on the scale of today's points."""
    points_low: Floats
    points_high: Floats
    covariance: Floats = field(repr=False)
    """Of all coefficients, over accounts where they are known; NaN after Firth."""
    direction: Floats = field(repr=False)
    """Weights of the coefficients in `per_point`; NaN for terms without one."""
    per_point: float
    log_likelihood: float
    probability: Floats = field(repr=False)
    method: FitMethod


def fit_joint(design: Design, scale: Fit, aside: NDArray[np.bool_], confidence: float) -> JointFit:
    """Fit all terms but those set aside; `scale` is the fit of today's score."""
    ones = np.ones((len(design.n), 1))
    weight = design.n * scale.probability * (1 - scale.probability)
    used = ~aside & independent_columns(design.units, weight, given=ones)
    columns = with_constant(design.units, used)
    # What no criterion explains (recorded points, limits) enters at the price of today's score.
    offset = scale.coefficients[1] * design.other
    fit = None
    if all(one_side(x, design) is None for x in columns_of(design.units, used).T):
        fit = fit_logistic(columns, design, offset=offset)
    if fit is None or not fit.finite:
        return _joint_firth(design, columns, offset, used, confidence)
    covariance = robust_covariance(fit, columns, design)
    errors = np.sqrt(np.diag(covariance))
    quantiles = _quantiles(design, columns, confidence)
    half = quantiles * errors
    lows, highs = fit.coefficients - half, fit.coefficients + half
    k, direction = _joint_scale(design, columns, fit.probability, fit.coefficients, used)
    points = _points(fit.coefficients[1:], covariance[1:, 1:], direction, quantiles[1:])
    return JointFit(
        intercept=float(fit.coefficients[0]),
        coefficients=spread_out(fit.coefficients[1:], used),
        standard_errors=spread_out(errors[1:], used),
        low=spread_out(lows[1:], used),
        high=spread_out(highs[1:], used),
        points=spread_out(points[0], used),
        points_low=spread_out(points[1], used),
        points_high=spread_out(points[2], used),
        covariance=_spread_matrix(covariance, used),
        direction=spread_out(direction, used),
        per_point=k,
        log_likelihood=fit.log_likelihood,
        probability=fit.probability,
        method=likelihood(design),
    )


def fit_overlap(
    design: Design, scale: Fit, aside: NDArray[np.bool_], confidence: float
) -> tuple[JointFit, Design] | None:
    """Fit the leads that no term separates, without the terms that do; None where that is no fit.

    As the coefficient of a term runs off, its leads tell nothing of the others, whose estimates
    approach those of the leads that it leaves over. Source: Albert and Anderson (1984).
    """
    gone = aside.copy()
    while True:
        sides = {j: one_side(design.units[:, j], design) for j in np.flatnonzero(~gone)}
        apart = next(((j, side) for j, side in sides.items() if side is not None), None)
        if apart is None:
            break
        gone[apart[0]] = True
        design = design.among(~apart[1])
        if not 0 < design.hits.sum() < design.n.sum():
            return None
    joint = fit_joint(design, scale, gone, confidence)
    return None if joint.method == "Firth" else (joint, design)


def _joint_firth(
    design: Design,
    columns: Columns,
    offset: Floats,
    used: NDArray[np.bool_],
    confidence: float,
) -> JointFit:
    """Wald errors mean nothing here: profile intervals, divided by the scale as if it were known."""
    fit = fit_firth(columns, design, offset=offset)
    ends = np.array([
        profile_interval(columns, design, fit, j, q=float(q))
        for j, q in enumerate(_quantiles(design, columns, confidence)) if j
    ]).reshape(-1, 2)  # fmt: skip
    k, direction = _joint_scale(design, columns, fit.probability, fit.coefficients, used)
    beta = fit.coefficients[1:]
    none = np.full(len(used), nan)
    over = k if k > 0 else nan
    size = len(used) + 1
    return JointFit(
        intercept=flic_intercept(columns, design, fit),
        coefficients=spread_out(beta, used),
        standard_errors=none,
        low=spread_out(ends[:, 0], used),
        high=spread_out(ends[:, 1], used),
        points=spread_out(beta / over, used),
        points_low=spread_out(ends[:, 0] / over, used),
        points_high=spread_out(ends[:, 1] / over, used),
        covariance=np.full((size, size), nan),
        direction=spread_out(direction, used),
        per_point=k,
        log_likelihood=fit.penalised,
        probability=fit.probability,
        method="Firth",
    )


def _quantiles(design: Design, columns: Columns, confidence: float) -> Floats:
    """Half-width of the interval of each coefficient in standard errors."""
    degrees = column_degrees(design, columns)
    return np.array([account_quantile(float(each), confidence) for each in degrees])


def _joint_scale(
    design: Design, columns: Columns, probability: Floats, beta: Floats, used: NDArray[np.bool_]
) -> tuple[float, Floats]:
    """The common scale k = w'I b / w'I w of the coefficients b, w today's points, I the information.

    The k of the nearest k x w in the metric of the data: one Newton step from b to today's score.
    """
    inside = information(columns, design.n, probability)
    schur = inside[1:, 1:] - np.outer(inside[1:, 0], inside[0, 1:]) / inside[0, 0]
    pull = schur @ design.points[used]
    weight = float(pull @ design.points[used])
    direction: Floats = pull / weight if weight > 0 else np.full(len(pull), nan)
    return float(direction @ beta[1:]), direction


def _points(
    beta: Floats, covariance: Floats, direction: Floats, quantiles: Floats
) -> tuple[Floats, Floats, Floats]:
    """Coefficients in points, with Fieller intervals that allow for the scale's own error."""
    k = float(direction @ beta)
    if not k > 0:
        none = np.full(len(beta), nan)
        return none, none, none
    with_k = covariance @ direction
    ends = np.array([
        fieller_interval(
            float(b), k, var_part=float(covariance[j, j]), cov=float(with_k[j]),
            var_whole=float(direction @ with_k), q=float(quantiles[j]),
        )
        for j, b in enumerate(beta)
    ]).reshape(-1, 2)  # fmt: skip
    return beta / k, ends[:, 0], ends[:, 1]


def spread_out(values: Floats, used: NDArray[np.bool_]) -> Floats:
    """Values of the used terms at their places, NaN elsewhere."""
    out = np.full(len(used), nan)
    out[used] = values
    return out


def _spread_matrix(matrix: Floats, used: NDArray[np.bool_]) -> Floats:
    place = np.concatenate([[True], used])
    out = np.full((len(place), len(place)), nan)
    out[np.ix_(place, place)] = matrix
    return out


def no_joint(terms: int) -> JointFit:
    """Say nothing of any term."""
    none = np.full(terms, nan)
    matrix = np.full((terms + 1, terms + 1), nan)
    return JointFit(
        intercept=nan,
        coefficients=none,
        standard_errors=none,
        low=none,
        high=none,
        points=none,
        points_low=none,
        points_high=none,
        covariance=matrix,
        direction=none,
        per_point=nan,
        log_likelihood=nan,
        probability=np.zeros(0),
        method="none",
    )
