"""Whether every unit is worth the same, caps and decay are right, and one term beats another."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import isnan, nan

import numpy as np
import pandas as pd

from toolkit.analysis.cells import Floats, Ints
from toolkit.analysis.multiplicity import holm
from toolkit.analysis.weights.degrees import (
    account_quantile,
    column_degrees,
    few_accounts_words,
    wald_p,
)
from toolkit.analysis.weights.design import Design
from toolkit.analysis.weights.fit import Weights
from toolkit.analysis.weights.implied import NO_SCALE, base_columns
from toolkit.analysis.weights.joint import JointFit, fit_overlap
from toolkit.analysis.weights.logistic import Fit, fit_logistic, robust_covariance
from toolkit.analysis.weights.products import Columns
from toolkit.analysis.weights.ratios import fieller_interval
from toolkit.analysis.weights.scoretests import score_test
from toolkit.errors import QuestionError, nearest_first
from toolkit.model import ActivityCriterion, decay_steps

__all__ = [
    "Contrast",
    "dose_table",
    "fitted_half_life",
    "order_table",
    "rule_table",
    "weight_contrast",
]

_MOST_LEVELS = 8
_DAY = 86_400
_NOISE = 1e-9


def dose_table(weights: Weights) -> pd.DataFrame:
    """Show what 1, 2, 3, ... units of a criterion are worth. One row per counted term and level.

    logit p = a + k S + a departure of each level from the points paid for it, the leads with none
    as the base. Columns: `term`, `units` (least of the level; the last holds all above), `n`,
    `positives`, `rate` (of judged leads with so many units), `now` (mean points paid), `implied`,
    `low`, `high` (points in all), `p_shape` (score test that each unit is worth the same), `p_holm`
    (the same, corrected for the number of terms so tested).

    Source: Fieller (1954); Rao (1948) for p_shape.

    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> table = dose_table(fit_weights(tiny_patterns(kind="units")))
    >>> table[["term", "units", "n", "positives", "rate"]].to_numpy().tolist()
    [['a', 1, 320, 120, 0.375], ['b', 1, 320, 120, 0.375]]
    """
    rows: list[dict[str, object]] = []
    if weights.reason is None:
        for j, term in enumerate(weights.terms):
            if term.kind == "units" and term.id not in weights.after_contact:
                rows += _doses(weights, j)
    columns = [
        "term", "units", "n", "positives", "rate", "now", "implied", "low", "high", "p_shape",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    tested = frame.drop_duplicates("term")
    corrected = holm(tested["p_shape"].to_numpy(dtype=np.float64))
    by_term = dict(zip(tested["term"], corrected, strict=True))
    return frame.assign(p_holm=frame["term"].map(by_term).astype(np.float64))


def _doses(weights: Weights, j: int) -> list[dict[str, object]]:
    design, term = weights.design, weights.terms[j]
    units = design.units[:, j]
    level = np.minimum(np.ceil(np.maximum(units, 0) - 1e-9), _MOST_LEVELS).astype(np.int64)
    levels = [int(v) for v in np.unique(level[design.n > 0]) if v > 0]
    if not levels:
        return []
    dummies = np.column_stack([(level == v).astype(np.float64) for v in levels])
    found = _beside_score(weights, dummies)
    shape = _shape(weights, units, dummies)
    rows = []
    for v, (estimate, low, high) in zip(levels, found, strict=True):
        inside = level == v
        n, hits = design.n[inside].sum(), design.hits[inside].sum()
        now = term.points * float(np.average(units[inside], weights=design.n[inside]))
        rows.append({
            "term": term.id, "units": v, "n": int(n), "positives": int(hits), "rate": hits / n,
            "now": now, "implied": now + estimate, "low": now + low, "high": now + high,
            "p_shape": shape,
        })  # fmt: skip
    return rows


def _beside_score(weights: Weights, added: Floats) -> list[tuple[float, float, float]]:
    """Coefficients of columns beside the score, in points, with Fieller intervals."""
    design = weights.design
    columns = np.column_stack([base_columns(design, ()), added])
    size = added.shape[1]
    fit = _fit_if_estimable(weights, columns, size)
    if fit is None:
        return [(nan, nan, nan)] * size
    v, k = robust_covariance(fit, columns, design), float(fit.coefficients[1])
    found = []
    for j, freedom in enumerate(column_degrees(design, added), start=2):
        ends = fieller_interval(
            float(fit.coefficients[j]), k,
            var_part=float(v[j, j]), cov=float(v[j, 1]), var_whole=float(v[1, 1]),
            q=account_quantile(float(freedom), weights.confidence),
        )  # fmt: skip
        found.append((float(fit.coefficients[j]) / k, *ends))
    return found


def _fit_if_estimable(weights: Weights, columns: Floats, size: int) -> Fit | None:
    """None where a column is made up of the others, or the outcomes are separated."""
    design = weights.design
    if np.linalg.matrix_rank(columns * np.sqrt(design.n)[:, None]) < columns.shape[1]:
        return None
    start = np.append(weights.scale.fit.coefficients, np.zeros(size))
    fit = fit_logistic(columns, design, start=start)
    return fit if fit.finite and fit.coefficients[1] > 0 else None


def _shape(weights: Weights, units: Columns, dummies: Floats) -> float:
    """P-value that the levels say no more than the number of units."""
    if dummies.shape[1] < 2:  # noqa: PLR2004 - one level has no shape
        return nan
    columns = np.column_stack([base_columns(weights.design, ()), units])
    fit = _fit_if_estimable(weights, columns, 1)
    return nan if fit is None else score_test(dummies, columns, fit, weights.design).p


# --- caps, limits, decay --------------------------------------------------------------------------


def rule_table(weights: Weights) -> pd.DataFrame:
    """Ask of every cap, limit and decay whether what it takes off should be taken off.

    The points that the rule takes off are added to logit p = a + k S; `given_back` is their
    coefficient / k: 0 if the rule is right, 1 if what it takes off is worth its full price.
    Columns: `rule` (excess: units beyond a cap; limit: a limit on the criterion's sum; decay;
    other: limits of group, dimension and total, and rounding), `criterion` (blank for other),
    `n_with` (judged leads that it touches), `points` (mean points it takes off them),
    `given_back`, `low`, `high`, `p` (score test, over accounts where known), `p_holm`.

    Source: Rao (1948); Fieller (1954).

    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> table = rule_table(fit_weights(tiny_patterns()))  # no cap, limit or decay at all
    >>> table["rule"].tolist(), table["n_with"].tolist()
    (['other'], [0])
    """
    rows = []
    if weights.reason is None:
        rows = [_rule(weights, *each) for each in _rules(weights)]
    columns = ["rule", "criterion", "n_with", "points", "given_back", "low", "high", "p"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(p_holm=holm(frame["p"].to_numpy(dtype=np.float64)))


def _rules(weights: Weights) -> list[tuple[str, str, Floats]]:
    found = [
        (str(extra.kind), extra.criterion, weights.design.extras[:, i])
        for i, extra in enumerate(weights.extras)
    ]
    return [*found, ("other", "", weights.design.taken)]


def _rule(weights: Weights, rule: str, criterion: str, taken: Floats) -> dict[str, object]:
    design = weights.design
    touched = (np.abs(taken) > _NOISE) & (design.n > 0)
    found, p, mean = (nan, nan, nan), nan, nan
    if touched.any():
        mean = float(np.average(taken[touched], weights=design.n[touched]))
        base = base_columns(design, ())
        p = score_test(taken[:, None], base, weights.scale.fit, design).p
        found = _beside_score(weights, taken[:, None])[0]
    return {
        "rule": rule, "criterion": criterion, "n_with": int(design.n[touched].sum()),
        "points": mean, "given_back": found[0], "low": found[1], "high": found[2], "p": p,
    }  # fmt: skip


def fitted_half_life(
    criterion: ActivityCriterion, *, given_back: float
) -> tuple[float | None, float | None]:
    """Age in days at which half of a unit's points are gone: by the rule, and by the data.

    The data take off the share 1 - given_back of what the rule does; None: half are never gone.

    >>> slow = ActivityCriterion(id="c", activity="form", points=10,
    ...                          decay={"percent": 10, "every": "10d"})
    >>> fitted_half_life(slow, given_back=0.0), fitted_half_life(slow, given_back=0.5)
    ((50.0, 50.0), (50.0, 100.0))

    Source: definition.
    """
    return _half_life(criterion, 1.0), _half_life(criterion, 1 - given_back)


def _half_life(criterion: ActivityCriterion, faded: float) -> float | None:
    steps, rest = decay_steps(criterion.points, criterion.decay)
    values = [*(value for _, value in steps[1:]), rest]
    for (age, _), value in zip(steps, values, strict=True):
        lost = 1 - value / Fraction(criterion.points)
        if faded * float(lost) >= 0.5 - 1e-12:
            return age / _DAY
    return None


# --- two terms ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contrast:
    """How many points more one term is worth than another, all terms free."""

    a: str
    b: str
    now: float
    estimate: float
    low: float
    high: float
    p: float
    reason: str | None


def weight_contrast(weights: Weights, *, a: str, b: str) -> Contrast:
    """Compare what a unit of one term is worth with a unit of another, a minus b, in points.

    From the joint fit: (beta_a - beta_b) / k with Fieller's interval; p of the difference by Wald's
    test over accounts where they are known (t on the fewer of the two terms' `column_degrees`; NaN with
    a reason where these are too few). Where all or none with some term
    converted, the others are compared on the leads that it leaves over: as its coefficient runs
    off, theirs approach that fit. Raises QuestionError for a term that does not exist.

    Source: Fieller (1954); Albert and Anderson (1984) for separated outcomes.

    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> found = weight_contrast(fit_weights(tiny_patterns()), a="a", b="b")
    >>> found.now, abs(round(found.estimate, 6)), round(found.p, 6)  # paid 10 apart, worth the same
    (10.0, 0.0, 1.0)
    """
    names = [term.id for term in weights.terms]
    for name in (a, b):
        if name not in names:
            raise QuestionError(f"there is no term '{name}': {nearest_first(name, names)}")
    return _contrast(weights, _told(weights), names.index(a), names.index(b))


Told = tuple[JointFit, Design]


def _told(weights: Weights) -> Told:
    """The joint fit and its leads: where a term separates the outcomes those that it leaves over."""
    aside = np.array([term.id in weights.after_contact for term in weights.terms], dtype=np.bool_)
    found = None
    if weights.joint.method == "Firth":
        found = fit_overlap(weights.design, weights.scale.fit, aside, weights.confidence)
    return found or (weights.joint, weights.design)


def _contrast(weights: Weights, told: Told, i: int, j: int) -> Contrast:
    joint, terms = told[0], weights.terms
    named = (terms[i].id, terms[j].id, terms[i].points - terms[j].points)
    used = ~np.isnan(joint.coefficients)
    if not (used[i] and used[j]) or np.isnan(joint.covariance[i + 1, i + 1]):
        reason = weights.reason or "one of the two has no standard error in the joint fit"
        return Contrast(*named, nan, nan, nan, nan, reason)
    pick = np.zeros(len(terms))
    pick[i], pick[j] = 1.0, -1.0
    return _compared(named, told, pick[used], np.flatnonzero(used), weights.confidence)


def _compared(
    named: tuple[str, str, float], told: Told, pick: Floats, used: Ints, confidence: float
) -> Contrast:
    joint, design = told
    v = joint.covariance[np.ix_(used + 1, used + 1)]
    beta, direction = joint.coefficients[used], joint.direction[used]
    part, whole = float(pick @ beta), float(direction @ beta)
    if not whole > 0:
        return Contrast(*named, nan, nan, nan, nan, "the joint fit has no scale")
    freedom = float(column_degrees(design, design.units[:, used[pick != 0]]).min())
    low, high = fieller_interval(
        part, whole, var_part=float(pick @ v @ pick), cov=float(pick @ v @ direction),
        var_whole=float(direction @ v @ direction), q=account_quantile(freedom, confidence),
    )  # fmt: skip
    p = wald_p(part / float(np.sqrt(pick @ v @ pick)), freedom)
    reason = few_accounts_words(freedom) if isnan(p) else NO_SCALE if isnan(low) else None
    return Contrast(*named, part / whole, low, high, p, reason)


def order_table(weights: Weights) -> pd.DataFrame:
    """Ask whether what pays more is worth more. One row per neighbouring pair of today's points.

    Within a dimension terms stand in order of their points per unit; each is compared with the
    next one that pays less (`weight_contrast`, all terms free). Terms that are set aside, or that
    the joint fit cannot tell apart, are left out. Columns: `a`, `b` (a pays more), `now` (how much
    more), `estimate`, `low`, `high` (how much more a unit of a is worth, Fieller's interval), `p`
    (Wald's test of no difference, over accounts where known), `p_holm` (corrected for the number of
    pairs). A pair with `high` under 0 stands in the wrong order.

    Source: Fieller (1954); Holm (1979).

    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> table = order_table(fit_weights(tiny_patterns()))
    >>> table[["a", "b", "now"]].to_numpy().tolist(), table["estimate"].abs().round(6).tolist()
    ([['a', 'b', 10.0]], [0.0])
    """
    told = _told(weights)
    rows = [_contrast(weights, told, i, j) for i, j in _neighbours(weights, told[0])]
    known = [each for each in rows if not np.isnan(each.p)]
    columns = ["a", "b", "now", "estimate", "low", "high", "p"]
    frame = pd.DataFrame(
        [[getattr(each, name) for name in columns] for each in known], columns=columns
    )
    return frame.assign(p_holm=holm(frame["p"].to_numpy(dtype=np.float64)))


def _neighbours(weights: Weights, joint: JointFit) -> list[tuple[int, int]]:
    terms = weights.terms
    told = [
        j for j, beta in enumerate(joint.coefficients)
        if not np.isnan(beta) and terms[j].id not in weights.after_contact
    ]  # fmt: skip
    pairs = []
    for dimension in dict.fromkeys(terms[j].dimension for j in told):
        mine = (j for j in told if terms[j].dimension == dimension)
        ranked = sorted(mine, key=lambda j: -terms[j].points)
        pairs += [(i, j) for i, j in pairwise(ranked) if terms[i].points > terms[j].points]
    return pairs
