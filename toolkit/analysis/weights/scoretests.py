"""Score tests: may a column be added to the model? Only the model without it is fitted.

x~ is the column less its weighted regression on the fitted columns, U = sum x~ (y - p). Model:
U' (X~'WX~)^-1 U; over accounts: U' (sum_g U_g U_g')^-1 U, with the reference of `score_p` where
they are few or unequal. Criteria that all or none of whose leads converted do no harm. Source: Rao
(1948); Boos (1992); Rotnitzky and Jewell (1990).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from toolkit.analysis.cells import Floats
from toolkit.analysis.student import score_p
from toolkit.analysis.weights.degrees import few_accounts_words, joint_degrees
from toolkit.analysis.weights.design import Design, score_products, score_squares
from toolkit.analysis.weights.logistic import Fit
from toolkit.analysis.weights.products import (
    Columns,
    column_totals,
    linear,
    residual_products,
    weighted_products,
)

__all__ = ["ScoreTest", "residual_columns", "score_test", "score_tests"]

_SMALL = 1e-9
"""Share of the largest eigenvalue under which a direction counts as empty."""


@dataclass(frozen=True, slots=True)
class ScoreTest:
    """A chi-squared statistic; NaN where there is nothing to test."""

    statistic: float
    degrees: int
    p: float
    robust: bool
    """Whether it allows for accounts."""
    freedom: float = inf
    """Degrees of freedom of its variance over accounts; infinite where none is known."""
    reason: str | None = None
    """Why p is NaN."""


def residual_columns(added: Columns, fitted: Columns, fit: Fit, design: Design) -> Floats:
    """What the fitted columns do not explain of the added ones, in the weights of the fit."""
    weight = design.n * fit.probability * (1 - fit.probability)
    left = linear(fitted, _explained(added, fitted, weight))
    np.subtract(added, left, out=left)
    left[:, _nothing_left(_squares(left, weight), _squares(added, weight))] = 0.0
    return left


def _explained(added: Columns, fitted: Columns, weight: Floats) -> Floats:
    """Coefficients of the weighted regressions of the added columns on the fitted ones."""
    inside = weighted_products(fitted, weight)
    found = np.linalg.lstsq(inside, weighted_products(fitted, weight, added), rcond=None)[0]
    return np.asarray(found, dtype=np.float64)


def _squares(columns: Columns, weight: Floats) -> Floats:
    squares: Floats = np.einsum("i,ij,ij->j", weight, columns, columns)
    return squares


def _nothing_left(left: Floats, whole: Floats) -> NDArray[np.bool_]:
    """By squares: of a column that the fitted ones make up exactly rounding noise is left."""
    return left <= (1e-8) ** 2 * np.where(whole > 0, whole, 1.0)


def score_test(added: Columns, fitted: Columns, fit: Fit, design: Design) -> ScoreTest:
    """Test that the added columns have no coefficient; over accounts where they are known."""
    apart = design.hits - design.n * fit.probability
    if design.accounts is not None:
        left = residual_columns(added, fitted, fit, design)
        statistic, degrees = _quadratic(
            column_totals(left, apart), score_products(design, left, fit.probability)
        )
        return _over_accounts(statistic, degrees, design, joint_degrees(design, added))
    weight = design.n * fit.probability * (1 - fit.probability)
    coefficients = _explained(added, fitted, weight)
    slope, spread = residual_products(added, fitted, coefficients, weight=weight, values=apart)
    none = _nothing_left(np.diag(spread), _squares(added, weight))
    slope[none] = spread[none] = spread[:, none] = 0.0
    statistic, degrees = _quadratic(slope, spread)
    if not degrees:
        return ScoreTest(np.nan, 0, np.nan, robust=False, reason=_MADE_UP)
    return ScoreTest(statistic, degrees, float(chdtrc(degrees, statistic)), robust=False)


def score_tests(
    added: Columns, fitted: Columns, fit: Fit, design: Design, *, freedom: Floats
) -> list[ScoreTest]:
    """Test each of the added columns on its own, over accounts: one pass over them serves all.

    `freedom`: their `column_degrees`, which no fit changes.
    """
    left = residual_columns(added, fitted, fit, design)
    slope = column_totals(left, design.hits - design.n * fit.probability)
    squares = score_squares(design, left, fit.probability)
    return [
        _over_accounts(*_quadratic(u, v), design, float(free))
        for u, v, free in zip(slope[:, None], squares[:, None, None], freedom, strict=True)
    ]


_MADE_UP = "what is already in the model makes it up"


def _over_accounts(statistic: float, degrees: int, design: Design, freedom: float) -> ScoreTest:
    if not degrees:
        return ScoreTest(np.nan, 0, np.nan, robust=True, freedom=freedom, reason=_MADE_UP)
    p = score_p(statistic, degrees, accounts=design.groups, freedom=freedom)
    reason = None
    if isnan(p):
        few = few_accounts_words(freedom) or "the accounts show no variation"
        reason = few if degrees == 1 else f"{few}, for a test of {degrees} columns"
    return ScoreTest(statistic, degrees, p, robust=True, freedom=freedom, reason=reason)


def _quadratic(slope: Floats, spread: Floats) -> tuple[float, int]:
    """U'V^+U, and the rank of V (0, NaN where nothing varies); columns are first put on one scale."""
    size = np.sqrt(np.diag(spread))
    used = size > 0
    if not used.any():
        return np.nan, 0
    scaled = spread[np.ix_(used, used)] / np.outer(size[used], size[used])
    values, vectors = np.linalg.eigh(scaled)
    kept = values > _SMALL * values.max()
    along = vectors[:, kept].T @ (slope[used] / size[used])
    return float(along**2 @ (1 / values[kept])), int(kept.sum())
