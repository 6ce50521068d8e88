"""Re-estimate only what is proven; leave every other term at today's points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit

from toolkit.analysis.cells import Floats
from toolkit.analysis.proposal.integers import (
    RoundedPoints,
    descend,
    judge_rounding,
    null_deviance,
    score_deviance,
)
from toolkit.analysis.weights.design import Design
from toolkit.analysis.weights.fit import Weights, is_policy
from toolkit.analysis.weights.implied import base_columns
from toolkit.analysis.weights.logistic import fit_logistic, independent_columns
from toolkit.analysis.weights.products import Columns, beside, linear

__all__ = ["Selected", "grid_points", "policy_columns", "select_terms"]


@dataclass(frozen=True, slots=True)
class Selected:
    """The changed terms free beside today's score, the others at k x their points."""

    terms: tuple[int, ...]
    implied: Floats
    """Points that the changed terms should pay, before shrinkage."""
    shrunk: Floats
    """Drawn toward today's points: now + shrinkage x (implied - now)."""
    target: Design = field(repr=False)
    """The leads with the shrunk fit's expected conversions in place of those seen."""


def policy_columns(weights: Weights) -> Columns:
    """Units of the terms of policy that can be told apart from the score."""
    design, p = weights.design, weights.scale.fit.probability
    chosen = [
        j for j, t in enumerate(weights.terms) if is_policy(t) and t.id not in weights.after_contact
    ]
    columns = design.units[:, chosen]
    kept = independent_columns(columns, design.n * p * (1 - p), given=base_columns(design, ()))
    return columns[:, kept]


def select_terms(weights: Weights, terms: Sequence[int], shrinkage: float) -> Selected | None:
    """Free the terms beside today's score; None where their likelihood has no maximum.

    Terms of policy are free as well, so that a price paid on purpose misleads nobody. The target
    has the conversions that the shrunk points lead one to expect: without shrinkage a score in the
    span of the fit has the same deviance on it as on the leads, up to a constant.
    """
    design, chosen = weights.design, list(terms)
    policy = policy_columns(weights)
    columns = beside(base_columns(design, chosen), policy)
    fit = fit_logistic(columns, design)
    k = float(fit.coefficients[1])
    if not (fit.finite and k > 0):
        return None
    departures = fit.coefficients[2 : 2 + len(chosen)] / k
    now = design.points[chosen]
    shrunk = now + shrinkage * departures
    score = design.score + linear(design.units[:, chosen], shrunk - now)
    columns = beside(np.array([np.ones(len(score)), score]).T, policy)
    eta = linear(columns, fit_logistic(columns, design).coefficients)
    target = replace(design, hits=design.n * expit(eta))
    return Selected(tuple(chosen), now + departures, shrunk, target)


def grid_points(
    weights: Weights, found: Selected, *, grid: int, low: Floats, high: Floats
) -> RoundedPoints:
    """Put the shrunk points on the grid, today's scale kept: plain rounding, then descent."""
    chosen, now = list(found.terms), weights.design.points[list(found.terms)]
    target = found.target
    columns = beside(target.score[:, None], target.units[:, chosen], policy_columns(weights))
    design, _ = target.merged(columns)
    score, changing, fixed = np.split(design.units, [1, 1 + len(chosen)], axis=1)

    def deviance(points: Floats) -> float:
        return score_deviance(design, score[:, 0] + linear(changing, points - now), fixed)

    # Whole steps only, also where a limit lies between two of them.
    bottom, top = grid * np.ceil(low / grid), grid * np.floor(high / grid)
    start = grid * np.round(found.shrunk / grid)
    points, least = descend(deviance, start, grid=grid, low=bottom, high=top)
    best = deviance(found.shrunk)
    made = RoundedPoints(points, grid, least, best, null_deviance(design), accepted=False)
    return judge_rounding(made, len(chosen))
