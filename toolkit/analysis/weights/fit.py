"""Fit the weights: today's score, every term free, each term alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit.analysis.cells import Floats
from toolkit.analysis.intervals import tail
from toolkit.analysis.weights.degrees import account_quantile, score_degrees
from toolkit.analysis.weights.design import Design, read_design
from toolkit.analysis.weights.firth import fit_firth
from toolkit.analysis.weights.implied import NO_SCALE, base_columns, one_side
from toolkit.analysis.weights.joint import JointFit, fit_joint, no_joint, spread_out
from toolkit.analysis.weights.logistic import (
    Fit,
    fit_logistic,
    independent_columns,
    robust_covariance,
)
from toolkit.analysis.weights.products import (
    Columns,
    beside,
    column_totals,
    columns_of,
    weighted_products,
    with_constant,
)
from toolkit.analysis.weights.scoretests import ScoreTest, score_test
from toolkit.counts import Extra, Provenance, Term
from toolkit.errors import QuestionError, nearest_first

if TYPE_CHECKING:
    from toolkit.counts import PatternCounts
    from toolkit.model import Model

__all__ = ["ScaleFit", "Weights", "fit_weights", "is_policy"]


@dataclass(frozen=True, slots=True)
class ScaleFit:
    """Today's score as a predictor: logit p = intercept + per_point x score."""

    intercept: float
    per_point: float
    low: float
    high: float
    standard_error: float
    fit: Fit = field(repr=False)

    @property
    def points_to_double(self) -> float:
        """Points that double the odds; NaN where the score does not raise them."""
        return float(np.log(2) / self.per_point) if self.per_point > 0 else nan


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Weights:
    """What the data say about the points of a model, before any verdict.

    Two of them are equal only if they are the same object: what follows from one can be kept.
    """

    terms: tuple[Term, ...]
    design: Design = field(repr=False)
    scale: ScaleFit
    joint: JointFit
    alone: Floats
    """Points of each term fitted without any other (one at a time), on today's scale."""
    linear: Floats
    """Coefficients of the linear-probability model: a cross-check of signs."""
    global_test: ScoreTest
    """That all terms but those of policy are worth today's points, up to one common scale."""
    positives: int
    n: int
    reason: str | None
    """Why no term can be judged; None where some can."""
    after_contact: frozenset[str]
    """Terms set aside: recorded after sales contact; their points are out of the score used."""
    extras: tuple[Extra, ...]
    provenance: Provenance
    grouping: str | None
    confidence: float = 0.95


def is_policy(term: Term) -> bool:
    """Whether a term's points are a choice (policy, compliance) that no evidence may move."""
    return term.basis != "evidence"


def fit_weights(
    patterns: PatternCounts,
    model: Model | None = None,
    *,
    after_contact: Collection[str] = (),
    confidence: float = 0.95,
) -> Weights:
    """Fit the criteria's worth on judged leads: worked by sales, outcome window closed.

    Logistic regression on patterns, equal to the fit on rows. Covariance over accounts where they
    are known; Firth's estimate where the outcomes are separated. Leads that nobody worked are
    left out: being worked itself raises conversion, and would pass for the worth of the points
    that led to it.

    Parameters
    ----------
    patterns
        From `count_patterns`.
    model
        The model that was scored; another one is refused.
    after_contact
        Ids of criteria recorded after sales contact (leaks): their points are taken out of the
        score, and nothing is proposed for them.
    confidence
        Of every interval.

    Raises
    ------
    QuestionError
        The patterns belong to another model, or a name in `after_contact` does not exist.

    Source: McCullagh and Nelder (1989) for the fit; Liang and Zeger (1986) over accounts.

    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> found = fit_weights(tiny_patterns())  # a and b double the odds each
    >>> found.joint.coefficients.round(3).tolist(), found.n, found.positives
    ([0.693, 0.693], 580, 180)
    """
    tail(confidence)
    _check_model(patterns, model)
    known = {term.criterion for term in patterns.terms}
    for name in after_contact:
        if name not in known:
            raise QuestionError(
                f"after_contact names '{name}', no criterion of these patterns: "
                f"{nearest_first(name, known)}"
            )
    aside = np.array([term.criterion in after_contact for term in patterns.terms], dtype=np.bool_)
    design = read_design(patterns).without(aside)
    return _fitted(patterns, design, aside, confidence)


def _check_model(patterns: PatternCounts, model: Model | None) -> None:
    scored = patterns.provenance.model_hash
    if model is not None and scored is not None and model.hash != scored:
        raise QuestionError(
            f"the patterns were counted under {patterns.provenance.model} ({scored}), the model "
            f"given is {model.name} {model.version} ({model.hash}): count the patterns of a "
            "backtest of the same model"
        )


def _fitted(
    patterns: PatternCounts, design: Design, aside: NDArray[np.bool_], confidence: float
) -> Weights:
    positives, n = int(design.hits.sum()), int(design.n.sum())
    reason = _nothing(design, positives, n)
    terms = design.terms
    scale = _scale(design, confidence) if reason is None else _NO_SCALE_FIT
    if reason is None and not scale.fit.finite:
        scale, reason = (
            _NO_SCALE_FIT,
            "the score separates the leads that converted from the others",
        )
    usable = reason is None
    if usable and not scale.per_point > 0:
        reason = NO_SCALE
    joint = fit_joint(design, scale.fit, aside, confidence) if usable else no_joint(len(terms))
    return Weights(
        terms=terms,
        design=design,
        scale=scale,
        joint=joint,
        alone=_alone(design, joint.per_point, aside) if usable else np.full(len(terms), nan),
        linear=_linear(design, aside) if usable else np.full(len(terms), nan),
        global_test=_global(design, scale.fit, aside) if usable else _NO_TEST,
        positives=positives,
        n=n,
        reason=reason,
        after_contact=frozenset(t.id for t, out in zip(terms, aside, strict=True) if out),
        extras=patterns.extras,
        provenance=patterns.provenance,
        grouping=patterns.grouping,
        confidence=confidence,
    )


def _nothing(design: Design, positives: int, n: int) -> str | None:
    if n == 0:
        return "no judged leads"
    if positives in (0, n):
        return f"{'all' if positives else 'none'} of {n} judged leads converted"
    if not np.ptp(design.score[design.n > 0]) > 0:
        return "all judged leads have the same score"
    return None


def _scale(design: Design, confidence: float) -> ScaleFit:
    columns = base_columns(design, ())
    fit = fit_logistic(columns, design)
    error = float(np.sqrt(robust_covariance(fit, columns, design)[1, 1]))
    half = account_quantile(score_degrees(design), confidence) * error
    a, k = map(float, fit.coefficients)
    return ScaleFit(a, k, k - half, k + half, error, fit)


def _global(design: Design, fit: Fit, aside: NDArray[np.bool_]) -> ScoreTest:
    """Beside the score, the terms of policy are free: nobody proposes to move them."""
    chosen = np.array([is_policy(term) for term in design.terms], dtype=np.bool_)
    policy, tested = chosen & ~aside, ~chosen & ~aside
    base, fitted = base_columns(design, ()), fit
    if policy.any():
        weight = design.n * fit.probability * (1 - fit.probability)
        extra = design.units[:, policy]
        extra = extra[:, independent_columns(extra, weight, given=base)]
        base = beside(base, extra)
        start = np.append(fit.coefficients, np.zeros(extra.shape[1]))
        fitted = fit_logistic(base, design, start=start)
        if not fitted.finite:
            base, fitted = base_columns(design, ()), fit
    return score_test(columns_of(design.units, tested), base, fitted, design)


# --- beside it ------------------------------------------------------------------------------------


def _alone(design: Design, per_point: float, aside: NDArray[np.bool_]) -> Floats:
    """Points of each term with no other in the model: what a table of one criterion suggests."""
    out = np.full(len(design.terms), nan)
    for j, x in enumerate(design.units.T):
        if aside[j] or _same(x[design.n > 0]) or not per_point > 0:
            continue
        small, _ = design.merged(np.array([np.ones(len(x)), x]).T)
        columns = small.units
        apart = one_side(columns[:, 1], small) is not None
        fit = None if apart else fit_logistic(columns, small)
        found = fit if fit is not None and fit.finite else fit_firth(columns, small)
        out[j] = found.coefficients[1] / per_point
    return out


def _same(x: Columns) -> bool:
    return bool(x.min() == x.max())


def _linear(design: Design, aside: NDArray[np.bool_]) -> Floats:
    """Least squares on the probability itself: another model whose signs should agree."""
    ones = np.ones((len(design.n), 1))
    used = ~aside & independent_columns(design.units, design.n, given=ones)
    columns = with_constant(design.units, used)
    inside = weighted_products(columns, design.n)
    found = np.linalg.lstsq(inside, column_totals(columns, design.hits), rcond=None)[0]
    return spread_out(np.asarray(found[1:], dtype=np.float64), used)


_NO_FIT = Fit(np.full(2, nan), np.full((2, 2), nan), np.zeros(0), nan, finite=False)
_NO_SCALE_FIT = ScaleFit(nan, nan, nan, nan, nan, _NO_FIT)
_NO_TEST = ScoreTest(nan, 0, nan, robust=False)
