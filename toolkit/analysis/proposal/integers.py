"""Whole points: rounding coefficients to a grid, and what that loses.

The score is then a whole number, at the price of a slightly worse fit. Plain rounding comes first;
coordinate descent moves one term by one step of the grid while the deviance falls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import isnan, log, nan

import numpy as np
from scipy.special import chdtri

from toolkit.analysis.cells import Floats
from toolkit.analysis.weights.design import Design
from toolkit.analysis.weights.fit import Weights
from toolkit.analysis.weights.logistic import fit_logistic
from toolkit.analysis.weights.products import Columns, linear
from toolkit.errors import QuestionError

__all__ = ["RoundedPoints", "descend", "integer_points", "judge_rounding", "score_deviance"]

LOSS = 0.01
"""Share of what the points explain that rounding may lose."""
_ROUNDS = 200
_SMALL = 1e-4


@dataclass(frozen=True, slots=True)
class RoundedPoints:
    """Points on a grid, and what the rounding costs in deviance (-2 log-likelihood of the leads)."""

    points: Floats
    grid: float
    deviance: float
    """Of intercept and slope refitted on the whole-number score."""
    best_deviance: float
    """Of the points before they were rounded."""
    null_deviance: float
    accepted: bool
    """Loss under 1% of what the points explain, and under the median of chi-squared with one
    degree per rounded term."""
    reason: str | None = field(default=None)

    @property
    def loss(self) -> float:
        """Deviance that rounding adds."""
        return self.deviance - self.best_deviance

    @property
    def loss_share(self) -> float:
        """Loss as a share of (null - best) deviance: of all that the points explain."""
        explained = self.null_deviance - self.best_deviance
        return self.loss / explained if explained > 0 else nan


def score_deviance(design: Design, score: Floats, beside: Columns | None = None) -> float:
    """Deviance of logit p = a + k score (+ free columns beside it); infinite if k is not above 0."""
    columns = np.column_stack([np.ones(len(score)), score])
    columns = columns if beside is None else np.column_stack([columns, beside])
    if not np.ptp(score[design.n > 0]) > 0:
        return null_deviance(design)
    fit = fit_logistic(columns, design)
    return -2 * fit.log_likelihood if fit.coefficients[1] > 0 else np.inf


def null_deviance(design: Design) -> float:
    """Deviance of one rate for all."""
    hits, n = float(design.hits.sum()), float(design.n.sum())
    parts = ((count, count / n) for count in (hits, n - hits) if count > 0)
    return -2 * sum(count * log(share) for count, share in parts)


def descend(
    deviance: Callable[[Floats], float],
    start: Floats,
    *,
    grid: float,
    low: Floats,
    high: Floats,
) -> tuple[Floats, float]:
    """Move the coordinate whose step of the grid lowers the deviance most, until none does.

    >>> best, least = descend(
    ...     lambda p: float((p[0] - 7) ** 2), np.array([0.0]), grid=5, low=np.array([-9.0]),
    ...     high=np.array([99.0]))
    >>> best.tolist(), least
    ([5.0], 4.0)
    """
    at = np.clip(start, low, high)
    here = deviance(at)
    for _ in range(_ROUNDS):
        found = _neighbours(at, grid, low, high)
        values = [deviance(each) for each in found]
        if not values or min(values) >= here - 1e-9 * (abs(here) + 1):
            break
        best = int(np.argmin(values))
        at, here = found[best], values[best]
    return at, here


def _neighbours(at: Floats, grid: float, low: Floats, high: Floats) -> list[Floats]:
    """One step of one coordinate, or of two at once in opposite directions."""
    steps = np.eye(len(at)) * grid
    moves = [*steps, *-steps]
    moves += [a - b for i, a in enumerate(steps) for j, b in enumerate(steps) if i != j]
    return [at + m for m in moves if ((at + m >= low) & (at + m <= high)).all()]


def judge_rounding(rounded: RoundedPoints, terms: int) -> RoundedPoints:
    """Accept the loss, or say why not."""
    share, most = rounded.loss_share, float(chdtri(max(terms, 1), 0.5))
    if isnan(share):
        return replace(rounded, accepted=False, reason="the points explain nothing")
    if share < LOSS and rounded.loss < most:
        return replace(rounded, accepted=True, reason=None)
    small = "under 0.01%" if share < _SMALL else f"{share:.2%}"
    text = (
        f"whole steps of {rounded.grid:g} lose {small} of what the points explain "
        f"({rounded.loss:.2f} of deviance; accepted are under {LOSS:.0%} and under {most:.2f})"
    )
    return replace(rounded, accepted=False, reason=text)


def integer_points(
    weights: Weights,
    *,
    grid: int = 1,
    points_to_double: float | None = None,
    least: int | None = None,
    most: int | None = None,
) -> RoundedPoints:
    """Write a whole new card: every term's fitted points on a grid of whole numbers.

    points = grid x round(coefficient x points_to_double / ln 2 / grid), then coordinate descent.
    Without `points_to_double` (the points that double the odds; a choice) scales are searched
    within `least` and `most` points. Terms that cannot be told apart get 0; all are NaN, with a reason,
    where nothing could be fitted. Raises QuestionError for a grid under 1, or neither scale nor `most`.
    Source: Siddiqi (2017); Sullivan et al. (2004).

    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> integer_points(fit_weights(tiny_patterns()), points_to_double=20).points.tolist()
    [20.0, 20.0]
    """
    if grid < 1:
        raise QuestionError(f"grid is {grid}: expected a whole number of points from 1")
    if points_to_double is None and most is None:
        raise QuestionError("give points_to_double or most: without a scale points mean nothing")
    if weights.joint.method == "none":
        none = np.full(len(weights.terms), nan)
        return RoundedPoints(none, grid, nan, nan, nan, accepted=False, reason=weights.reason)
    beta, design = np.nan_to_num(weights.joint.coefficients), weights.design
    high = np.full(len(beta), np.inf if most is None else float(most))
    low = np.full(len(beta), -high if least is None else float(least))
    rest = design.other - design.other.mean()
    scale = weights.scale.per_point

    def deviance_at(per_point: float) -> Callable[[Floats], float]:
        return lambda points: score_deviance(
            design, linear(design.units, points) + rest * scale * per_point
        )

    found = [
        descend(deviance_at(factor), grid * np.round(beta * factor / grid), grid=grid, low=low,
                high=high)
        for factor in _factors(beta, points_to_double, most, grid)
    ]  # fmt: skip
    points, deviance = min(found, key=lambda each: each[1])
    best = score_deviance(design, linear(design.units, beta) + rest * scale)
    made = RoundedPoints(points, grid, deviance, best, null_deviance(design), accepted=False)
    return judge_rounding(made, int((beta != 0).sum()))


def _factors(
    beta: Floats, points_to_double: float | None, most: int | None, grid: int
) -> Sequence[float]:
    """Points per unit of log-odds: as asked, or so that the largest term gets each whole number."""
    if points_to_double is not None:
        return [points_to_double / log(2)]
    largest = float(np.abs(beta).max())
    sizes = np.arange(grid, (most or grid) + 1, grid)
    return [float(size / largest) for size in sizes] if largest > 0 else [1.0]
