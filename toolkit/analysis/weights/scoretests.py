"""Score tests: may a column be added to the model? Only the model without it is fitted.

x~ is the column less its weighted regression on the fitted columns, U = sum x~ (y - p). Model:
U' (X~'WX~)^-1 U; over accounts: U' (sum_g U_g U_g')^-1 U. Criteria that all or none of whose leads
converted do no harm. Source: Rao (1948); Boos (1992); Rotnitzky and Jewell (1990).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from toolkit.analysis.cells import Floats
from toolkit.analysis.weights.design import Design, score_products, score_squares
from toolkit.analysis.weights.logistic import Fit
from toolkit.analysis.weights.products import column_totals, linear, weighted_products

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


def residual_columns(added: Floats, fitted: Floats, fit: Fit, design: Design) -> Floats:
    """What the fitted columns do not explain of the added ones, in the weights of the fit."""
    weight = design.n * fit.probability * (1 - fit.probability)
    inside = weighted_products(fitted, weight)
    slope = np.linalg.lstsq(inside, weighted_products(fitted, weight, added), rcond=None)[0]
    left = linear(fitted, np.asarray(slope, dtype=np.float64))
    np.subtract(added, left, out=left)
    # A column that the fitted ones make up exactly leaves rounding noise, which is no evidence.
    size, rest = (np.sqrt(np.einsum("i,ij,ij->j", weight, x, x)) for x in (added, left))
    left[:, rest <= 1e-8 * np.where(size > 0, size, 1.0)] = 0.0
    return left


def score_test(
    added: Floats, fitted: Floats, fit: Fit, design: Design, *, robust: bool | None = None
) -> ScoreTest:
    """Test that the added columns have no coefficient; over accounts where they are known."""
    over = design.accounts is not None if robust is None else robust
    left = residual_columns(added, fitted, fit, design)
    slope = column_totals(left, design.hits - design.n * fit.probability)
    if over:
        spread = score_products(design, left, fit.probability)
    else:
        weight = design.n * fit.probability * (1 - fit.probability)
        spread = weighted_products(left, weight)
    return _quadratic(slope, spread, robust=over)


def score_tests(added: Floats, fitted: Floats, fit: Fit, design: Design) -> list[ScoreTest]:
    """Test each of the added columns on its own, over accounts: one pass over them serves all."""
    left = residual_columns(added, fitted, fit, design)
    slope = column_totals(left, design.hits - design.n * fit.probability)
    squares = score_squares(design, left, fit.probability)
    return [
        _quadratic(u, v, robust=True)
        for u, v in zip(slope[:, None], squares[:, None, None], strict=True)
    ]


def _quadratic(slope: Floats, spread: Floats, *, robust: bool) -> ScoreTest:
    """U'V^+U on the rank of V; columns are first put on one scale."""
    size = np.sqrt(np.diag(spread))
    used = size > 0
    if not used.any():
        return ScoreTest(np.nan, 0, np.nan, robust)
    scaled = spread[np.ix_(used, used)] / np.outer(size[used], size[used])
    values, vectors = np.linalg.eigh(scaled)
    kept = values > _SMALL * values.max()
    along = vectors[:, kept].T @ (slope[used] / size[used])
    statistic = float(along**2 @ (1 / values[kept]))
    degrees = int(kept.sum())
    return ScoreTest(statistic, degrees, float(chdtrc(degrees, statistic)), robust)
