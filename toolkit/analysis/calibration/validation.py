"""Whether a stated probability comes true: on average, in its spread, and lead by lead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log, nan
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit, xlogy

from toolkit.analysis.calibration.stated import ProbabilityOf, Stated, read_stated
from toolkit.analysis.cells import Floats
from toolkit.analysis.influence import account_products, mean_of_leads, robust_factor
from toolkit.analysis.intervals import tail
from toolkit.analysis.logistic import fit_logistic, log_likelihood
from toolkit.analysis.points import no_line
from toolkit.analysis.ranking.placements import class_carriers, quantile, selected
from toolkit.analysis.student import joint_p, student_p

if TYPE_CHECKING:
    from toolkit.counts import ScoreCounts

__all__ = ["Estimate", "MappingCheck", "MappingScores", "check_mapping", "score_mapping"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval, and the p-value of its ideal."""

    estimate: float = nan
    low: float = nan
    high: float = nan
    standard_error: float = nan
    p_value: float = nan


_UNKNOWN = Estimate()


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingCheck:
    """Whether log odds = a + b * (stated log odds) has a = 0 and b = 1."""

    in_the_large: Estimate = _UNKNOWN
    """a where b is held at 1; ideal 0. Above 0: more conversions than promised."""
    slope: Estimate = _UNKNOWN
    """b; ideal 1. Below 1: the promises are too far apart."""
    intercept: Estimate = _UNKNOWN
    """a beside b; ideal 0 together with b = 1."""
    observed_expected: Estimate = _UNKNOWN
    """Conversions / conversions promised; ideal 1."""
    joint_statistic: float = nan
    """Of a = 0 and b = 1 together, 2 degrees of freedom."""
    joint_p_value: float = nan
    positives: int
    n: int
    expected: float
    method: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingScores:
    """How far the stated probabilities are from what happened, lead by lead."""

    brier: Estimate = _UNKNOWN
    """Mean squared distance of probability and outcome; lower is better."""
    brier_skill: float = nan
    """1 - brier / brier of the base rate: 0 is worth nothing, below 0 harms."""
    log_loss: Estimate = _UNKNOWN
    spiegelhalter_z: float = nan
    """Brier score against its expectation if the probabilities are true, in standard errors."""
    spiegelhalter_p: float = nan
    positives: int
    n: int
    method: str
    reason: str | None


def check_mapping(
    counts: ScoreCounts, probability: ProbabilityOf, *, confidence: float = 0.95
) -> MappingCheck:
    """Compare a stated probability of each score with what became of other, judged leads.

    The mapping must be fitted on other leads (last quarter's, say): on its own leads it is right by
    construction. With x the stated log odds, log odds = a + b x is fitted: `in_the_large` is a with
    b = 1, `slope` and `intercept` are b and a together, and the joint test is of (a, b) = (0, 1) with
    2 degrees of freedom: likelihood ratio without accounts, Wald with the covariance over accounts
    where they are known. `observed_expected` is sum(y) / sum(p), interval on the log scale with
    the variance of a ratio.

    NaN with a reason for an empty class, one stated probability, or a stated 0 or 1. Source: Cox
    (1958); Miller, Langefeld, Tierney, Hui and McDonald (1993); Van Calster et al. (2016).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> found = check_mapping(counts, pd.Series({40: 0.05, 60: 0.2}))
    >>> found.observed_expected.estimate  # 5 conversions, 10 * 0.05 + 10 * 0.2 stated
    2.0
    """
    stated, side = read_stated(counts, probability), tail(confidence)
    cells = stated.cells
    empty = MappingCheck(
        positives=int(cells.converted.sum()),
        n=int(cells.judged.sum()),
        expected=stated.expected,
        method="likelihood ratio" if cells.pairs is None else "Wald (accounts)",
        reason=_no_check(stated),
    )
    if empty.reason is not None:
        return replace(empty, observed_expected=_observed_expected(stated, side))
    carriers, clustered = class_carriers(cells), cells.pairs is not None
    factor, few = quantile(carriers, side, accounts=clustered)
    df = float(carriers.min()) - 1
    linear = logit(stated.probability)
    ones = np.ones(len(linear))
    large = fit_logistic(cells, ones[:, None], offset=linear)
    both = fit_logistic(cells, np.column_stack([ones, linear]))
    gain = 2 * (both.log_likelihood - log_likelihood(cells, linear))
    away = both.coefficients - np.array([0.0, 1.0])
    joint = float(away @ np.linalg.solve(both.covariance, away)) if clustered else max(gain, 0.0)
    errors = np.sqrt(np.diag(both.covariance))
    notes = (selected(read_unworked(counts)), few)
    return replace(
        empty,
        in_the_large=_wald(
            float(large.coefficients[0]), float(np.sqrt(large.covariance[0, 0])), 0.0, factor, df
        ),
        intercept=_wald(float(both.coefficients[0]), float(errors[0]), 0.0, factor, df),
        slope=_wald(float(both.coefficients[1]), float(errors[1]), 1.0, factor, df),
        observed_expected=_observed_expected(stated, side),
        joint_statistic=joint,
        joint_p_value=joint_p(joint, 2, df + 1 if clustered else np.inf),
        reason="; ".join(note for note in notes if note) or None,
    )


def read_unworked(counts: ScoreCounts) -> float:
    """Share of the mature leads that were never worked."""
    unworked = counts.total("unworked")
    return unworked / max(unworked + counts.total("converted", "not_converted"), 1)


def _no_check(stated: Stated) -> str | None:
    reason = no_line(stated.cells)
    if reason is not None:
        return reason
    if not ((stated.probability > 0) & (stated.probability < 1)).all():
        return "a probability of 0 or 1 is stated: one lead to the contrary refutes it altogether"
    if len(np.unique(stated.probability)) == 1:
        return "one probability is stated for all leads"
    return None


def _wald(estimate: float, error: float, ideal: float, factor: float, df: float) -> Estimate:
    z = -abs(estimate - ideal) / error if error > 0 else nan
    p = float(student_p(z, df + 1))
    return Estimate(estimate, estimate - factor * error, estimate + factor * error, error, p)


def _observed_expected(stated: Stated, side: float) -> Estimate:
    """sum(y) / sum(p): influence (y - ratio p) / sum(p)."""
    cells, expected = stated.cells, stated.expected
    if not expected > 0:
        return _UNKNOWN
    ratio = float(cells.converted.sum()) / expected
    taken = ratio * stated.probability
    products = account_products(
        cells, ((1 - taken) / expected)[:, None], (-taken / expected)[:, None]
    )
    error = float(np.sqrt(max(products[0, 0], 0.0) * robust_factor(cells, 1)))
    if not (ratio > 0 and error > 0):
        return Estimate(ratio)
    carriers = np.array([class_carriers(cells)[0], np.inf])
    factor, _ = quantile(carriers, side, accounts=cells.pairs is not None)
    step = factor * error / ratio
    p = _wald(log(ratio), error / ratio, 0.0, factor, float(carriers[0]) - 1).p_value
    return Estimate(ratio, ratio * exp(-step), ratio * exp(step), error, p)


def score_mapping(
    counts: ScoreCounts, probability: ProbabilityOf, *, confidence: float = 0.95
) -> MappingScores:
    """Score a stated probability of each score by what became of the judged leads.

    Brier score: mean of (y - p)^2; its skill against always stating the base rate; log loss: mean
    of -log of the probability given to what happened. Spiegelhalter's z: sum of (y - p)(1 - 2p) over
    its standard error if the probabilities are true, sqrt(sum (1 - 2p)^2 p(1 - p)); where accounts
    are known the standard error is that of the sums by account. Intervals of means over accounts.

    NaN with a reason without judged leads. Source: Brier (1950); Spiegelhalter (1986).

    >>> import pandas as pd
    >>> from toolkit.counts import ScoreCounts
    >>> cells = [(40, "converted", 1), (40, "not_converted", 9),
    ...          (60, "converted", 4), (60, "not_converted", 6)]
    >>> counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), None)
    >>> found = score_mapping(counts, pd.Series({40: 0.1, 60: 0.4}))
    >>> round(found.brier.estimate, 9)  # (10 * 0.09 + 10 * 0.24) / 20
    0.165
    """
    stated, side = read_stated(counts, probability), tail(confidence)
    cells, p = stated.cells, stated.probability
    n, positives = int(cells.judged.sum()), int(cells.converted.sum())
    empty = MappingScores(
        positives=positives,
        n=n,
        method="leads" if cells.pairs is None else "accounts",
        reason=selected(read_unworked(counts)) if n else "no judged leads",
    )
    if not n:
        return empty
    brier = _mean(stated, (1 - p) ** 2, p**2, side)
    base = positives / n * (1 - positives / n)
    with np.errstate(divide="ignore"):
        loss = _mean(stated, -np.log(p), -np.log1p(-p), side) if _finite(stated) else _worst(stated)
    z = _spiegelhalter(stated)
    return replace(
        empty,
        brier=brier,
        brier_skill=1 - brier.estimate / base if base > 0 else nan,
        log_loss=loss,
        spiegelhalter_z=z,
        spiegelhalter_p=_wald(z, 1.0, 0.0, nan, _equal_accounts(stated) - 1).p_value,
    )


def _finite(stated: Stated) -> bool:
    return bool(((stated.probability > 0) & (stated.probability < 1)).all())


def _worst(stated: Stated) -> Estimate:
    """A stated 0 or 1 costs nothing while it holds, and without end once it does not."""
    p, cells = stated.probability, stated.cells
    total = -(xlogy(cells.converted, p) + xlogy(cells.not_converted, 1 - p)).sum()
    return Estimate(float(total / cells.judged.sum()))


def _mean(stated: Stated, hit: Floats, miss: Floats, side: float) -> Estimate:
    mean, error = mean_of_leads(stated.cells, hit, miss)
    carriers = np.array([_equal_accounts(stated), np.inf])
    factor, _ = quantile(carriers, side, accounts=stated.cells.pairs is not None)
    return Estimate(mean, mean - factor * error, mean + factor * error, error)


def _equal_accounts(stated: Stated) -> float:
    n = float(stated.cells.judged.sum())
    return n if stated.cells.pairs is None else n**2 / float(stated.cells.pairs.n.sum())


def _spiegelhalter(stated: Stated) -> float:
    cells, p = stated.cells, stated.probability
    if cells.pairs is not None and cells.pairs.judged <= 1:
        return nan
    total = float((cells.converted - cells.judged * p) @ (1 - 2 * p))
    if cells.pairs is None:
        variance = float(cells.judged @ ((1 - 2 * p) ** 2 * p * (1 - p)))
    else:
        hit, miss = (1 - p) * (1 - 2 * p), -p * (1 - 2 * p)
        variance = float(account_products(cells, hit[:, None], miss[:, None])[0, 0])
    return total / variance**0.5 if variance > 0 else nan
