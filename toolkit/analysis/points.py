"""What a point is worth: the probability of conversion as a function of the score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isnan, log, nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import chdtrc, expit, fdtrc, logit

from toolkit.analysis.cells import Cells, Floats, read_cells
from toolkit.analysis.influence import account_products
from toolkit.analysis.intervals import tail
from toolkit.analysis.logistic import fit_logistic
from toolkit.analysis.ranking.placements import class_carriers, no_area, quantile, selected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.counts import ScoreCounts

__all__ = ["PointsFit", "fit_points", "line_design", "no_line", "points_table", "shape_table"]

_LEAST_EXPECTED = 5
_FAR = 30.0
"""Log odds of no lead: a fit that reaches them goes on for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsFit:
    """log odds = intercept + slope * score, and the points that double the odds."""

    intercept: float = nan
    slope: float = nan
    """Log odds per point."""
    slope_low: float = nan
    slope_high: float = nan
    covariance: tuple[tuple[float, float], tuple[float, float]] = ((nan, nan), (nan, nan))
    """Of intercept and slope, over accounts where they are known."""
    double_odds: float = nan
    """Points that double the odds of conversion: log(2) / slope. NaN unless the slope is above 0."""
    double_odds_low: float = nan
    double_odds_high: float = nan
    """NaN where the slope may be 0: then no number of points surely doubles the odds."""
    log_likelihood: float = nan
    quantile: float = nan
    """Standard errors in half an interval."""
    lowest: int | None = None
    highest: int | None = None
    """Scores between which judged leads were seen; beyond them the line is a guess."""
    positives: int
    n: int
    method: str
    reason: str | None


def fit_points(counts: ScoreCounts, *, confidence: float = 0.95) -> PointsFit:
    """Fit the log odds of conversion as a straight line in the score, among judged leads.

    Maximum likelihood (a binomial regression with logit link). Where accounts are known the
    covariance is the sandwich over accounts, with factor G/(G-1) * (n-1)/(n-2); intervals are
    normal, t where a class comes from fewer than 40 (equal) accounts.

    NaN with a reason where a class is empty, all leads have one score, or the score separates the
    classes (no finite slope is then likeliest). Source: Cox (1958); Liang and Zeger (1986).

    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(0, "converted", 1), (0, "not_converted", 4),
    ...          (10, "converted", 2), (10, "not_converted", 4)]
    >>> fit = fit_points(ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None))
    >>> round(fit.double_odds, 9)  # the odds go from 1/4 to 2/4
    10.0
    """
    cells, side = read_cells(counts), tail(confidence)
    empty = PointsFit(
        positives=int(cells.converted.sum()),
        n=int(cells.judged.sum()),
        method="logistic regression" if cells.pairs is None else "logistic regression (accounts)",
        reason=no_line(cells),
    )
    if empty.reason is not None:
        return empty
    fit = fit_logistic(cells, line_design(cells))
    slope, error = float(fit.coefficients[1]), float(np.sqrt(fit.covariance[1, 1]))
    factor, few = quantile(class_carriers(cells), side, accounts=cells.pairs is not None)
    low, high = slope - factor * error, slope + factor * error
    notes = (selected(cells.unworked_share), few, _no_doubling(slope, low))
    (a, b), (c, d) = fit.covariance.tolist()
    return replace(
        empty,
        intercept=float(fit.coefficients[0]),
        slope=slope,
        slope_low=low,
        slope_high=high,
        covariance=((a, b), (c, d)),
        double_odds=log(2) / slope if slope > 0 else nan,
        double_odds_low=log(2) / high if high > 0 else nan,
        double_odds_high=log(2) / low if low > 0 else nan,
        log_likelihood=fit.log_likelihood,
        quantile=factor,
        lowest=int(cells.levels[cells.judged > 0][0]),
        highest=int(cells.levels[cells.judged > 0][-1]),
        reason="; ".join(note for note in notes if note) or None,
    )


def line_design(cells: Cells) -> Floats:
    """A column of ones and the score."""
    return np.column_stack([np.ones(len(cells.levels)), cells.levels.astype(np.float64)])


def _no_doubling(slope: float, low: float) -> str | None:
    if slope <= 0:
        return "more points do not mean better odds here"
    if isnan(low) or low > 0:
        return None
    return "the slope may be 0: no number of points surely doubles the odds"


def no_line(cells: Cells) -> str | None:
    """Why no straight line can be fitted; None where one can."""
    reason = no_area(cells)
    if reason is not None:
        return reason
    up, down = (cells.levels[n > 0] for n in (cells.converted, cells.not_converted))
    if up.min() >= down.max() or down.min() >= up.max():
        return "the score separates the two classes: no finite slope is likeliest"
    return None


def points_table(fit: PointsFit, scores: Sequence[int] | None = None) -> pd.DataFrame:
    """Probability of conversion that the line gives each score, with the interval of the line.

    `scores` are by default the whole scores from the lowest to the highest that a judged lead had.
    The interval is of the mean of all leads with that score, if the line is right; see
    `shape_table` for whether it is.

    Columns: `score`; `probability`, `low`, `high`; `seen` (False where no judged lead had a score
    as low or as high).

    Source: McCullagh and Nelder (1989), section 4.4: the interval of the linear predictor, carried
    to the probability.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(0, "converted", 1), (0, "not_converted", 4),
    ...          (10, "converted", 2), (10, "not_converted", 4)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> from toolkit.analysis import fit_points
    >>> table = points_table(fit_points(counts), scores=[0, 10, 20])
    >>> table[["score", "probability", "seen"]].round(9).values.tolist()  # odds 1/4, 1/2, 1
    [[0, 0.2, True], [10, 0.333333333, True], [20, 0.5, False]]
    """
    if scores is None:
        scores = (
            [] if fit.lowest is None or fit.highest is None else range(fit.lowest, fit.highest + 1)
        )
    at = np.asarray(scores, dtype=np.float64)
    design = np.column_stack([np.ones(len(at)), at])
    middle = design @ np.array([fit.intercept, fit.slope])
    spread = np.sqrt(((design @ np.array(fit.covariance)) * design).sum(axis=1)) * fit.quantile
    low, high = (
        (np.inf, -np.inf)
        if fit.lowest is None or fit.highest is None
        else (fit.lowest, fit.highest)
    )
    return pd.DataFrame(
        {
            "score": np.asarray(scores, dtype=np.int64),
            "probability": expit(middle),
            "low": expit(middle - spread),
            "high": expit(middle + spread),
            "seen": (at >= low) & (at <= high),
        }
    )


def shape_table(counts: ScoreCounts) -> pd.DataFrame:
    """Test whether the log odds of conversion are a straight line in the score.

    Rows: `curve` (a term score^2 beside the line, 1 degree of freedom) and `any shape` (one free
    rate per score, neighbours pooled until at least 5 conversions and 5 others are expected in
    each; their number less 2 degrees of freedom). Without accounts likelihood-ratio tests; where
    accounts are known score tests with the variance over accounts, as Hotelling's T-squared.

    A large p-value does not prove the line; a small one among many leads may be a bend too slight
    to matter: look at `calibration_table` beside `points_table`.

    Columns: `test`, `statistic`, `df`, `p_value`, `method`, `reason` (why a test is NaN, else None).
    Source: McCullagh and Nelder (1989); Boos (1992) for the score test.

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(score, state, n) for score, hits in ((0, 10), (20, 40), (40, 10))
    ...          for state, n in (("converted", hits), ("not_converted", 100 - hits))]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> table = shape_table(counts)  # up and down again is no line
    >>> table[["test", "df"]].values.tolist(), bool((table["p_value"] < 1e-6).all())
    ([['curve', 1], ['any shape', 1]], True)
    """
    cells = read_cells(counts)
    why = no_line(cells)
    if why is not None:
        return _shape_rows([("curve", nan, 0, nan, "", why), ("any shape", nan, 0, nan, "", why)])
    fit = fit_logistic(cells, line_design(cells))
    pools = _pools(cells, fit.probability)
    free = np.eye(pools.max() + 1)[pools]
    # The line itself takes two of the free rates.
    tests = (("curve", _curve(cells), 1), ("any shape", free, free.shape[1] - 2))
    return _shape_rows(
        [(name, *_shape_test(cells, fit.probability, *each)) for name, *each in tests]
    )


def _shape_rows(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    columns = ["test", "statistic", "df", "p_value", "method", "reason"]
    return pd.DataFrame(rows, columns=columns).astype({"reason": object})


def _curve(cells: Cells) -> Floats:
    """The square of the score, centred and scaled so that it stays apart from the line."""
    x = cells.levels - np.average(cells.levels, weights=cells.judged)
    curve: Floats = (x / np.abs(x).max())[:, None] ** 2
    return curve


def _pools(cells: Cells, p: Floats) -> np.ndarray:
    """Number the pools of neighbouring scores; a small rest at the end joins the last pool."""
    pool, pools, hits, misses = 0, np.zeros(len(p), dtype=np.int64), 0.0, 0.0
    for i, (n, rate) in enumerate(zip(cells.judged.tolist(), p.tolist(), strict=True)):
        pools[i] = pool
        hits, misses = hits + n * rate, misses + n * (1 - rate)
        if min(hits, misses) >= _LEAST_EXPECTED:
            pool, hits, misses = pool + 1, 0.0, 0.0
    return np.minimum(pools, max(pool - 1, 0))


def _shape_test(
    cells: Cells, p: Floats, extra: Floats, df: int
) -> tuple[float, int, float, str, str | None]:
    """Test columns beside the line: statistic, degrees of freedom, p-value, method, reason."""
    seen = np.count_nonzero(cells.judged)
    if df < 1 or seen < 3:  # noqa: PLR2004 - two points always lie on a line
        return nan, max(df, 0), nan, "", "too few scores with enough leads to see a bend"
    if cells.pairs is None:
        value = _gain(cells, p, extra)
        reason = (
            "a bend separates the two classes: too few leads to see one" if isnan(value) else None
        )
        return value, df, float(chdtrc(df, value)), "likelihood ratio", reason
    accounts = float(class_carriers(cells).min())
    value = _score_statistic(cells, p, extra)
    if accounts <= df + 1:
        return nan, df, nan, "score (accounts)", "fewer accounts than the test has to tell apart"
    return value, df, _hotelling(value, df, accounts), "score (accounts)", None


def _gain(cells: Cells, p: Floats, extra: Floats) -> float:
    """Twice the log likelihood won by the columns; NaN where a curve rises for ever."""
    if extra.shape[1] == 1:
        line = fit_logistic(cells, line_design(cells)).log_likelihood
        bent = _bent(cells, extra)
        return bent if isnan(bent) else max(2 * (bent - line), 0.0)
    found = [extra.T @ cells.converted, extra.T @ cells.not_converted]
    expected = [extra.T @ (cells.judged * p), extra.T @ (cells.judged * (1 - p))]
    return float(
        2
        * sum(
            np.sum(np.where(n > 0, n * np.log(np.maximum(n, 1) / e), 0.0))
            for n, e in zip(found, expected, strict=True)
        )
    )


def _bent(cells: Cells, extra: Floats) -> float:
    """Log likelihood of the line with a curve; NaN where the two classes are separated by one."""
    try:
        found = fit_logistic(cells, np.column_stack([line_design(cells), extra]))
    except np.linalg.LinAlgError:
        return nan
    away = np.abs(logit(found.probability[cells.judged > 0])).max()
    return found.log_likelihood if away < _FAR else nan


def _score_statistic(cells: Cells, p: Floats, extra: Floats) -> float:
    """U'V^-U, with the columns freed of what the line already explains."""
    line = line_design(cells)
    weight = (cells.judged * p * (1 - p))[:, None]
    known = np.linalg.lstsq(np.sqrt(weight) * line, np.sqrt(weight) * extra, rcond=None)[0]
    free = extra - line @ known
    value = free.T @ (cells.converted - cells.judged * p)
    products = account_products(cells, free * (1 - p)[:, None], -free * p[:, None])
    return float(value @ np.linalg.pinv(products, rcond=1e-10, hermitian=True) @ value)


def _hotelling(statistic: float, df: int, accounts: float) -> float:
    """Chance of a statistic as large when sums of so many accounts have no mean.

    With products about 0 rather than about the mean, T^2 = (G-1) Q / (G-Q), and
    F = T^2 (G-df) / ((G-1) df).
    """
    if statistic >= accounts:
        return 0.0
    ratio = statistic / (accounts - statistic) * (accounts - df) / df
    return float(fdtrc(df, accounts - df, ratio))
