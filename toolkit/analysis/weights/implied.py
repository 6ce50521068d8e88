"""Implied points: what one term should pay if all others keep today's points.

logit p = a + k S + delta x: the term departs from its points by delta / k. The scale k is set by
the other criteria, so a departure is relative to them. Where all or none with the term converted,
delta is Firth's, with its profile interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf, isnan, nan

import numpy as np
from numpy.typing import NDArray

from toolkit.analysis.cells import Floats
from toolkit.analysis.weights.degrees import account_quantile, few_accounts_words
from toolkit.analysis.weights.design import Design
from toolkit.analysis.weights.firth import fit_firth, penalised_p, profile_interval
from toolkit.analysis.weights.logistic import (
    Fit,
    FitMethod,
    fit_logistic,
    independent_columns,
    likelihood,
    robust_covariance,
)
from toolkit.analysis.weights.products import Columns, beside
from toolkit.analysis.weights.ratios import fieller_interval
from toolkit.analysis.weights.scoretests import ScoreTest, score_test

__all__ = ["NO_SCALE", "NO_VARIATION", "Departure", "base_columns", "departure", "one_side"]


@dataclass(frozen=True, slots=True)
class Departure:
    """How far a term's implied points lie from today's; NaN with a reason where it is unknown."""

    estimate: float
    low: float
    high: float
    low_inner: float
    """Ends at 1 - 2 x (1 - confidence): the interval of two one-sided tests."""
    high_inner: float
    p: float
    """Score test of no departure, over accounts where they are known."""
    standard_error: float
    method: FitMethod
    reason: str | None = None
    freedom: float = inf
    """Degrees of freedom of its errors over accounts; infinite where none is known."""


def _unknown(reason: str) -> Departure:
    return Departure(nan, nan, nan, nan, nan, nan, nan, "none", reason)


def _unscaled(test: ScoreTest) -> Departure:
    return Departure(
        nan, nan, nan, nan, nan, test.p, nan, "no scale", NO_SCALE, freedom=test.freedom
    )


def base_columns(design: Design, freed: Sequence[int]) -> Columns:
    """The constant, the score, and the terms that are free to differ from their points."""
    own = np.array([np.ones(len(design.n)), design.score]).T
    return beside(own, design.units[:, list(freed)])


def one_side(x: Columns, design: Design) -> NDArray[np.bool_] | None:
    """The patterns that have a term, or lack a yes/no one, if all or none of their leads converted."""
    known = design.n > 0
    sides: list[NDArray[np.bool_]] = [x != 0]
    if len(np.unique(x[known & (x != 0)])) <= 1:
        sides.append(x == 0)
    for met in sides:
        hits, n = design.hits[met].sum(), design.n[met].sum()
        if n > 0 and hits in (0, n):
            return met
    return None


@dataclass(frozen=True, slots=True)
class _Case:
    """One term beside the columns already fitted."""

    design: Design = field(repr=False)
    columns: Columns = field(repr=False)
    """Fitted columns, then the term's."""
    confidence: float
    test: ScoreTest

    @property
    def levels(self) -> tuple[float, float]:
        """Of the interval, and of the one of two one-sided tests."""
        return self.confidence, 2 * self.confidence - 1


def departure(
    design: Design,
    base: Columns,
    fit: Fit,
    term: int,
    *,
    confidence: float = 0.95,
    test: ScoreTest | None = None,
) -> Departure:
    """Estimate the departure of a term beside the columns of a fit, with a Fieller interval.

    Over accounts where they are known: t on the term's `column_degrees`. `test` is the term's score
    test beside these columns, where it was made with those of others. Source: Fieller (1954).
    """
    x = design.units[:, [term]]
    if not (x[design.n > 0] != 0).any():
        return _unknown("no judged lead has it")
    if design.accounts is None:
        # Nothing but these columns matters, and of them there are few different rows.
        design, first = design.merged(beside(base, x))
        base, x = design.units[:, :-1], design.units[:, -1:]
        fit = replace(fit, probability=fit.probability[first])
    weight = design.n * fit.probability * (1 - fit.probability)
    if not independent_columns(x, weight, given=base)[0]:
        return _unknown("it cannot be told apart from the rest of the score")
    case = _Case(design, beside(base, x), confidence, test or score_test(x, base, fit, design))
    if one_side(x[:, 0], design) is None:
        found = fit_logistic(case.columns, design, start=np.append(fit.coefficients, 0.0))
        if found.finite:
            return _by_likelihood(case, found)
    return _by_firth(case, np.append(fit.coefficients, 0.0))


def _by_likelihood(case: _Case, fit: Fit) -> Departure:
    k, delta = float(fit.coefficients[1]), float(fit.coefficients[-1])
    if k <= 0:
        return _unscaled(case.test)
    v = robust_covariance(fit, case.columns, case.design)
    spread = {"var_part": float(v[-1, -1]), "cov": float(v[-1, 1]), "var_whole": float(v[1, 1])}
    ends: list[float] = []
    for level in case.levels:
        q = account_quantile(case.test.freedom, level)
        ends += fieller_interval(delta, k, **spread, q=q)
    ratio = delta / k
    variance = v[-1, -1] - 2 * ratio * v[-1, 1] + ratio**2 * v[1, 1]
    reason = None
    if isnan(ends[0]):
        none = NO_VARIATION if isnan(v[1, 1] + v[-1, -1]) else NO_SCALE
        reason = few_accounts_words(case.test.freedom) or none
    error = float(np.sqrt(variance)) / k
    return _departure(case, ratio, ends, error, method=likelihood(case.design), reason=reason)


def _by_firth(case: _Case, start: Floats) -> Departure:
    fit = fit_firth(case.columns, case.design, start=start)
    k, last = float(fit.coefficients[1]), case.columns.shape[1] - 1
    if k <= 0:
        return _unscaled(case.test)
    estimate, freedom = float(fit.coefficients[-1]) / k, case.test.freedom
    ends: list[float] = []
    for level in case.levels:
        q = account_quantile(freedom, level)
        low, high = profile_interval(case.columns, case.design, fit, last, q=q)
        ends += [low / k, high / k]
    if case.design.accounts is None and isnan(case.test.p):
        p = penalised_p(case.columns, case.design, fit, last)
        case = replace(case, test=replace(case.test, p=p))
    reason = "all or none with it (or without it) converted: Firth's estimate"
    if np.isnan(ends).any():
        reason = few_accounts_words(freedom) or reason
    half = (ends[3] - ends[2]) / (2 * account_quantile(freedom, case.levels[1]))
    return _departure(case, estimate, ends, half, method="Firth", reason=reason)


def _departure(
    case: _Case,
    estimate: float,
    ends: list[float],
    error: float,
    *,
    method: FitMethod,
    reason: str | None,
) -> Departure:
    return Departure(
        estimate=estimate,
        low=ends[0],
        high=ends[1],
        low_inner=ends[2],
        high_inner=ends[3],
        p=case.test.p,
        standard_error=error,
        method=method,
        reason=reason,
        freedom=case.test.freedom,
    )


NO_VARIATION = "no interval: the accounts show no variation"
NO_SCALE = "a point of the score is not seen to raise the odds, so nothing can be put on its scale"
