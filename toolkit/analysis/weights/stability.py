"""Whether a departure holds in every period, and the fit on other leads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan

import numpy as np
import pandas as pd
from scipy.special import expit

from toolkit.analysis.cells import Floats
from toolkit.analysis.multiplicity import holm
from toolkit.analysis.weights.degrees import account_quantile, column_degrees
from toolkit.analysis.weights.design import Design, read_design, score_products
from toolkit.analysis.weights.fit import Weights
from toolkit.analysis.weights.logistic import Fit, fit_logistic
from toolkit.analysis.weights.products import column_totals, linear, weighted_products
from toolkit.analysis.weights.scoretests import residual_columns, score_test
from toolkit.counts import PatternCounts
from toolkit.errors import QuestionError

__all__ = ["Optimism", "optimism", "period_table", "stability_table"]


def period_table(patterns: PatternCounts, weights: Weights) -> pd.DataFrame:
    """Estimate every term's departure in each period. One row per term and period.

    One Newton step from logit p = a_period + k S, all periods together, so that a period without
    conversions does no harm. Patterns must be counted by one axis (`by="quarter"`). Columns:
    `term`, `period`, `n_with`, `positives_with` (judged leads of the period that have it),
    `departure`, `low`, `high` (points from today's; over accounts where they are known, NaN where these
    are worth fewer than two of equal size).

    Source: Rao (1948) for the step.

    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> patterns = tiny_patterns(by="quarter")  # two halves that are alike
    >>> table = period_table(patterns, fit_weights(patterns))
    >>> table[["term", "period", "n_with", "positives_with"]].to_numpy().tolist()[:2]
    [['a', '1', 160, 60], ['a', '2', 160, 60]]
    >>> bool(np.ptp(table.loc[table["term"] == "a", "departure"]) < 1e-9)
    True
    """
    columns = ["term", "period", "n_with", "positives_with", "departure", "low", "high"]
    if weights.reason is not None:
        return pd.DataFrame(columns=columns)
    case = _Periods.make(patterns, weights)
    rows = [row for j in range(len(weights.terms)) for row in case.rows(j)]
    return pd.DataFrame(rows, columns=columns)


def stability_table(patterns: PatternCounts, weights: Weights) -> pd.DataFrame:
    """Summarise over the periods. One row per term.

    Columns: `term`, `periods` (those in which a judged lead has it), `same_sign` (of these, the
    ones whose departure has the sign of that of all others together), `earlier` and `last`
    (departure before the last period, and in it: out of time), `holds` (whether they have one
    sign), `p_periods` (score test of criterion x period, over accounts where known),
    `p_periods_holm`.

    Source: Boos (1992) for p_periods.

    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> patterns = tiny_patterns(by="quarter")
    >>> table = stability_table(patterns, fit_weights(patterns))
    >>> table[["term", "periods", "same_sign", "holds"]].to_numpy().tolist()
    [['a', 2, 2, True], ['b', 2, 2, True]]
    """
    columns = ["term", "periods", "same_sign", "earlier", "last", "holds", "p_periods"]
    if weights.reason is not None:
        return pd.DataFrame(columns=[*columns, "p_periods_holm"])
    case = _Periods.make(patterns, weights)
    rows = [case.summary(j) for j in range(len(weights.terms))]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(p_periods_holm=holm(frame["p_periods"].to_numpy(dtype=np.float64)))


@dataclass(frozen=True, slots=True)
class _Periods:
    weights: Weights
    design: Design
    names: tuple[str, ...]
    base: Floats
    """A constant for each period, and the score."""
    fit: Fit

    @classmethod
    def make(cls, patterns: PatternCounts, weights: Weights) -> _Periods:
        if len(patterns.by) != 1:
            raise QuestionError(
                f"the patterns are counted by {patterns.by or 'nothing'}: expected one axis; "
                "write count_patterns(backtest, by='quarter')"
            )
        aside = np.array([t.id in weights.after_contact for t in weights.terms], dtype=np.bool_)
        whole = read_design(patterns, by=patterns.by[0]).without(aside)
        judged = patterns.judged.frame[patterns.by[0]]
        names = tuple(str(name) for name in np.unique(judged))
        period = np.zeros(0, np.int64) if whole.period is None else whole.period
        constants = (period[:, None] == np.arange(len(names))).astype(np.float64)
        base = np.column_stack([constants, whole.score])
        return cls(weights, whole, names, base, fit_logistic(base, whole))

    @property
    def per_point(self) -> float:
        k = float(self.fit.coefficients[-1])
        return k if k > 0 else nan

    def split(self, j: int) -> Floats:
        """The term's units, one column for each period."""
        return self.base[:, :-1] * self.design.units[:, [j]]

    def steps(self, columns: Floats) -> tuple[Floats, Floats]:
        """One Newton step for each column in points, and its standard error; NaN where none."""
        left = residual_columns(columns, self.base, self.fit, self.design)
        weight = self.design.n * self.fit.probability * (1 - self.fit.probability)
        inside = weighted_products(left, weight)
        used = np.diag(inside) > 0
        step, error = np.full(len(used), nan), np.full(len(used), nan)
        if used.any():
            bread = np.linalg.pinv(inside[np.ix_(used, used)], hermitian=True)
            slope = column_totals(left, self.design.hits - self.design.n * self.fit.probability)
            spread = score_products(self.design, left[:, used], self.fit.probability)
            meat = bread if self.design.accounts is None else bread @ spread @ bread
            step[used] = bread @ slope[used]
            error[used] = np.sqrt(np.diag(meat))
        return step / self.per_point, error / self.per_point

    def quantiles(self, columns: Floats) -> Floats:
        """Half-width of each column's interval in standard errors; NaN from too few accounts."""
        degrees = column_degrees(self.design, columns)
        return np.array([account_quantile(float(v), self.weights.confidence) for v in degrees])

    def rows(self, j: int) -> list[dict[str, object]]:
        columns = self.split(j)
        step, error = self.steps(columns)
        half = self.quantiles(columns) * error
        met = columns != 0
        return [
            {
                "term": self.weights.terms[j].id,
                "period": name,
                "n_with": int(self.design.n[met[:, q]].sum()),
                "positives_with": int(self.design.hits[met[:, q]].sum()),
                "departure": step[q],
                "low": step[q] - half[q],
                "high": step[q] + half[q],
            }
            for q, name in enumerate(self.names)
        ]

    def summary(self, j: int) -> dict[str, object]:
        columns = self.split(j)
        step, _ = self.steps(columns)
        known = np.flatnonzero(~np.isnan(step))
        # Each period against all others: the period's own leads must not vote on themselves.
        others = [self._rest(columns, int(q)) for q in known]
        same = sum(np.sign(step[q]) == np.sign(o) for q, o in zip(known, others, strict=True))
        last = len(self.names) - 1
        earlier = self._rest(columns, last)
        return {
            "term": self.weights.terms[j].id,
            "periods": len(known),
            "same_sign": int(same),
            "earlier": earlier,
            "last": step[last],
            "holds": _agree(earlier, step[last]),
            "p_periods": self._interaction(j, columns),
        }

    def _rest(self, columns: Floats, q: int) -> float:
        """The departure in all periods but one."""
        rest = columns.sum(axis=1) - columns[:, q]
        return float(self.steps(np.column_stack([rest, columns[:, q]]))[0][0])

    def _interaction(self, j: int, columns: Floats) -> float:
        x = self.design.units[:, [j]]
        if not np.any(residual_columns(x, self.base, self.fit, self.design)):
            return nan
        base = np.column_stack([self.base, x])
        start = np.append(self.fit.coefficients, 0.0)
        fit = fit_logistic(base, self.design, start=start)
        return score_test(columns, base, fit, self.design).p if fit.finite else nan


def _agree(one: float, other: float) -> bool | None:
    if np.isnan(one) or np.isnan(other):
        return None
    return bool(np.sign(one) == np.sign(other))


# --- optimism -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Optimism:
    """How much better the joint fit looks on its own leads than it will on others."""

    table: pd.DataFrame
    """Rows `auc`, `brier`, `slope`; columns `apparent`, `optimism`, `corrected`."""
    runs: int
    """Resamples that gave a finite fit."""


def optimism(weights: Weights, *, runs: int = 200, seed: int = 1) -> Optimism:
    """Correct the joint fit's performance for having been measured on its own leads.

    corrected = apparent - mean(value on the resample - value of the resample's fit on all leads);
    whole accounts are drawn with replacement. Source: Harrell, Lee and Mark (1996).

    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> found = optimism(fit_weights(tiny_patterns()), runs=5)
    >>> found.table.loc[["auc", "slope"], "apparent"].round(4).tolist()
    [0.625, 1.0]
    >>> bool(found.table.loc["slope", "corrected"] < 1)
    True
    """
    design = weights.design
    used = ~np.isnan(weights.joint.coefficients)
    columns = np.column_stack([np.ones(len(design.n)), design.units[:, used]])
    known = weights.reason is None
    offset = weights.scale.per_point * design.other if known else np.zeros(len(design.n))
    eta = (
        weights.joint.intercept + linear(columns[:, 1:], weights.joint.coefficients[used]) + offset
    )
    own = _performance(eta, design) if weights.reason is None else np.full(3, nan)
    rng = np.random.default_rng(seed)
    gains = []
    for _ in range(runs if weights.reason is None else 0):
        n, hits = _resample(design, rng)
        drawn = replace(design, n=n, hits=hits, accounts=None)
        fit = fit_logistic(columns, drawn, offset=offset)
        if fit.finite:
            there = linear(columns, fit.coefficients) + offset
            gains.append(_performance(there, drawn) - _performance(there, design))
    mean = np.mean(gains, axis=0) if gains else np.full(3, nan)
    table = pd.DataFrame(
        {"apparent": own, "optimism": mean, "corrected": own - mean},
        index=pd.Index(["auc", "brier", "slope"], name="measure"),
    )
    return Optimism(table, len(gains))


def _resample(design: Design, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw as many accounts as there are, with replacement; only their sums are needed."""
    found = design.accounts
    alone, alone_hits = (
        (design.n, design.hits) if found is None else (found.alone, found.alone_hits)
    )
    singles = np.concatenate([alone_hits, alone - alone_hits])
    listed = 0 if found is None else found.leads.shape[0]
    total = listed + round(float(singles.sum()))
    inside = int(rng.binomial(total, listed / total)) if listed else 0
    drawn = rng.multinomial(total - inside, singles / singles.sum()) if singles.sum() else singles
    hits, misses = drawn[: len(alone)].astype(np.float64), drawn[len(alone) :].astype(np.float64)
    n = hits + misses
    if found is not None and listed:
        times = rng.multinomial(inside, np.full(listed, 1 / listed)).astype(np.float64)
        n, hits = n + times @ found.leads, hits + times @ found.hits
    return n, hits


def _performance(eta: Floats, design: Design) -> Floats:
    """AUC, Brier score and calibration slope of a linear predictor on patterns."""
    p, n, hits = expit(eta), design.n, design.hits
    misses = n - hits
    order = np.unique(eta, return_inverse=True)[1]
    good, bad = np.bincount(order, weights=hits), np.bincount(order, weights=misses)
    below = np.cumsum(bad) - bad
    area = float(good @ (below + bad / 2)) / (hits.sum() * misses.sum())
    brier = float(hits @ (1 - p) ** 2 + misses @ p**2) / n.sum()
    slope = fit_logistic(np.column_stack([np.ones(len(eta)), eta]), design).coefficients[1]
    return np.array([area, brier, float(slope)])
