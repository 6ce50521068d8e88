"""How much of a model must change: nothing, its level, its scale, or its points.

The closed test of Vergouwe et al. (2017): the fullest revision is compared with ever fuller nulls,
and the first null that stands is taken. Each comparison is at the same level; the order closes the
test, so an unchanged truth is left alone with probability 1 - alpha at least.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import Literal

import numpy as np
import pandas as pd

from toolkit.analysis.cells import Floats
from toolkit.analysis.weights.design import Design
from toolkit.analysis.weights.fit import Weights, is_policy
from toolkit.analysis.weights.logistic import Fit, fit_logistic, independent_columns
from toolkit.analysis.weights.products import Columns, beside, columns_of, small_whole
from toolkit.analysis.weights.scoretests import ScoreTest, score_test

__all__ = ["Ladder", "LadderAction", "update_ladder"]

LadderAction = Literal["keep", "intercept", "intercept and slope", "revise"]


@dataclass(frozen=True, slots=True)
class Ladder:
    """What the closed test chooses, and how it got there."""

    action: LadderAction
    table: pd.DataFrame
    """One row per comparison, in order: `null` (keep, intercept, intercept and slope), `degrees`,
    `likelihood_ratio`, `p_likelihood` (leads independent), `score_test`, `p_score` (over accounts
    where they are known), `p` (the one that decides)."""
    intercept: float
    """Of logit p = intercept + slope x stated log-odds; of the score where none is stated."""
    slope: float
    shift: float
    """Intercept alone, the slope left at 1; NaN without stated log-odds."""
    shrinkage: float
    """Heuristic factor max(0, 1 - df / chi-squared) of a full revision, between 0 and 1."""
    method: str
    reason: str | None


def update_ladder(
    weights: Weights,
    *,
    stated: tuple[float, float] | None = None,
    alpha: float | None = None,
) -> Ladder:
    """Say how much of the model the outcomes refute: nothing, its level, its scale, its points.

    `stated` (intercept, log-odds per point) is what the score was said to mean before these leads
    were seen. The steps are then: keep it; move the intercept; intercept and slope; revise the
    points. Without it a score has no level or scale that could be wrong: the points are kept
    unless they are refuted up to one common scale.

    Compared by likelihood ratios; where accounts are known, or a term separates the outcomes, by
    score tests, which need no fit of the revision. Terms of policy are free in every model: their
    points are a choice, so they refute nothing. Source: Vergouwe et al. (2017); Boos (1992) for
    the score tests over accounts; van Houwelingen and le Cessie (1990) for the shrinkage.

    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> found = update_ladder(fit_weights(tiny_patterns()))  # paid 2 to 1, worth 1 to 1
    >>> found.action, found.table["degrees"].tolist(), round(float(found.table["p"].iloc[0]), 2)
    ('keep', [1], 0.1)
    """
    level = 1 - weights.confidence if alpha is None else alpha
    if weights.reason is not None:
        return Ladder("keep", _table([]), nan, nan, nan, nan, "none", weights.reason)
    return _climb(_Models.make(weights, stated), level)


@dataclass(frozen=True, slots=True)
class _Models:
    """The columns of the nulls and of the revision."""

    design: Design
    log_odds: Floats
    nuisance: Columns
    full: Columns
    stated: bool

    @classmethod
    def make(cls, weights: Weights, stated: tuple[float, float] | None) -> _Models:
        design = weights.design
        a, k = (0.0, 1.0) if stated is None else stated
        line = a + k * design.score
        base = np.array([small_whole(each) for each in (np.ones(len(line)), line)]).T
        p = weights.scale.fit.probability
        policy, tested = _split(weights)
        weight = design.n * p * (1 - p)
        nuisance = columns_of(policy, independent_columns(policy, weight, given=base))
        kept = beside(base, nuisance)
        free = columns_of(tested, independent_columns(tested, weight, given=kept))
        return cls(design, line, nuisance, beside(kept, free), stated is not None)

    def null(self, name: LadderAction) -> tuple[Columns, Floats]:
        """Columns and offset of a null."""
        ones, zero = np.ones((len(self.log_odds), 1)), np.zeros(len(self.log_odds))
        if name == "intercept and slope":
            return np.column_stack([ones, self.log_odds, self.nuisance]), zero
        if name == "intercept":
            return np.column_stack([ones, self.nuisance]), self.log_odds
        return self.nuisance, self.log_odds


def _split(weights: Weights) -> tuple[Columns, Columns]:
    """Columns of policy, and those that evidence may move."""
    units = weights.design.units
    inside = np.array([t.id not in weights.after_contact for t in weights.terms], dtype=np.bool_)
    policy = np.array([is_policy(term) for term in weights.terms], dtype=np.bool_)
    return columns_of(units, inside & policy), columns_of(units, inside & ~policy)


def _climb(models: _Models, level: float) -> Ladder:
    full = fit_logistic(models.full, models.design)
    by_score = models.design.accounts is not None or not full.finite
    names: tuple[LadderAction, ...] = ("keep", "intercept", "intercept and slope")
    rows, fits, tests = [], {}, []
    for name in names if models.stated else names[2:]:
        row, fits[name], test = _compared(models, name, full)
        rows.append({**row, "p": row["p_score" if by_score else "p_likelihood"]})
        tests.append(test)
    table = _table(rows)
    last = table.iloc[-1]
    chi = float(last["score_test"] if by_score else last["likelihood_ratio"])
    line = fits["intercept and slope"].coefficients
    return Ladder(
        action=_first_standing(table, level),
        table=table,
        intercept=float(line[0]),
        slope=float(line[1]),
        shift=float(fits["intercept"].coefficients[0]) if models.stated else nan,
        shrinkage=heuristic_shrinkage(chi, int(last["degrees"])),
        method=_method(models.design, by_score=by_score),
        reason=_untold(table, tests) if last["degrees"] else _NO_TERM,
    )


_NO_TERM = "no term can be told apart from the score"


def _untold(table: pd.DataFrame, tests: list[ScoreTest]) -> str | None:
    """Why the null that is taken could not be tested; None where every step was."""
    return tests[int(table["p"].isna().argmax())].reason if table["p"].isna().any() else None


def _method(design: Design, *, by_score: bool) -> str:
    if design.accounts is not None:
        return "score tests (accounts)"
    return "score tests" if by_score else "likelihood ratios"


def _first_standing(table: pd.DataFrame, level: float) -> LadderAction:
    standing = table.loc[~(table["p"] <= level), "null"]
    if standing.empty:
        return "revise"
    # Without a stated mapping there is no level or scale to move: the points simply stay.
    found: LadderAction = standing.iloc[0] if len(table) > 1 else "keep"
    return found


def _compared(
    models: _Models, name: LadderAction, full: Fit
) -> tuple[dict[str, object], Fit, ScoreTest]:
    from scipy.special import chdtrc  # noqa: PLC0415 - only a ladder needs it

    columns, offset = models.null(name)
    fit = fit_logistic(columns, models.design, offset=offset)
    test = score_test(models.full, columns, fit, models.design)
    degrees = models.full.shape[1] - columns.shape[1]
    gain = 2 * (full.log_likelihood - fit.log_likelihood) if full.finite else nan
    row = {
        "null": name,
        "degrees": degrees,
        "likelihood_ratio": gain if degrees else nan,
        "p_likelihood": float(chdtrc(degrees, max(gain, 0.0))) if degrees else nan,
        "score_test": test.statistic,
        "p_score": test.p,
    }
    return row, fit, test


def _table(rows: list[dict[str, object]]) -> pd.DataFrame:
    names = ["null", "degrees", "likelihood_ratio", "p_likelihood", "score_test", "p_score", "p"]
    return pd.DataFrame(rows, columns=names)


def heuristic_shrinkage(chi: float, degrees: int) -> float:
    """Give max(0, 1 - df / chi-squared): the part of a fitted revision that new leads would show.

    Source: van Houwelingen and le Cessie (1990).

    >>> heuristic_shrinkage(40.0, 4)
    0.9
    """
    if isnan(chi) or chi <= 0 or degrees == 0:
        return 0.0
    return max(0.0, 1 - degrees / chi)
