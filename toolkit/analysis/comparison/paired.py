"""Tests of two selections from the same leads.

McNemar's test compares recalls (among the converted) or false-positive rates (among the others):
both selections are then of the same leads. It never compares precisions, whose denominators
differ: that takes the weighted generalised score test.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isnan, log, nan, sqrt

import numpy as np
from scipy.special import bdtr, chdtrc

from toolkit.analysis.cells import Floats
from toolkit.analysis.comparison.worked import Choices, Marks, Selection
from toolkit.analysis.student import ALONE, score_p, student_p

__all__ = ["McNemar", "PrecisionTest", "compare_precision", "mcnemar", "rate_influences"]

_EXACT = 25


@dataclass(frozen=True, slots=True)
class McNemar:
    """Whether one side has more of the leads of a class that only one of the two selects."""

    both: int
    champion_only: int
    challenger_only: int
    neither: int
    statistic: float
    """(b - c)^2 / (b + c); over accounts the squared sum of differences by its variance."""
    p: float
    """Exact binomial under 25 leads that differ where no account is known."""
    method: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class PrecisionTest:
    """Precision of the challenger's selection against the champion's."""

    champion: float
    challenger: float
    statistic: float
    """Weighted generalised score statistic of equal precisions."""
    p: float
    p_robust: float
    """Wald's test over accounts where they are known, t from few equal ones; NaN otherwise."""
    relative: float
    """Challenger / champion, with its interval (over accounts where they are known)."""
    low: float
    high: float
    reason: str | None


def mcnemar(
    choices: Choices, champion: Selection, challenger: Selection, *, converted: bool
) -> McNemar:
    """Compare recalls (`converted`) or false-positive rates of two selections of whole scores.

    Over accounts p is that of `score_p`, on the equal accounts of the leads that one of the two alone
    selects. Source: McNemar (1947); over accounts the sum by account as in Obuchowski (1998).
    """
    used = choices.hit if converted else choices.miss
    one, two = champion.share > 0, challenger.share > 0
    cells = [round(choices.total((one == a) & (two == b), used)) for a in (1, 0) for b in (1, 0)]
    both, only_one, only_two, neither = cells
    apart = only_one + only_two
    if not apart:
        reason = "no lead of this class is selected by one of the two alone"
        return McNemar(both, only_one, only_two, neither, nan, nan, "none", reason)
    why: str | None = None
    if choices.clusters.known:
        statistic, p, why = _over_accounts(choices, used & (one != two), two)
        method = "chi-squared over accounts"
    else:
        statistic = (only_one - only_two) ** 2 / apart
        exact = apart < _EXACT
        p = _exact_p(only_one, apart) if exact else float(chdtrc(1, statistic))
        method = "exact binomial" if exact else "chi-squared"
    return McNemar(both, only_one, only_two, neither, statistic, p, method, why)


def _over_accounts(
    choices: Choices, apart: Marks, challenger: Marks
) -> tuple[float, float, str | None]:
    """Statistic and p of the leads that one side alone selects, and why there is none."""
    clusters = choices.clusters
    gain = np.where(apart, np.where(challenger, 1.0, -1.0), 0.0)
    spread = float(clusters.covariance(gain[:, None])[0, 0])
    statistic = float(choices.n @ gain) ** 2 / spread if spread > 0 else nan
    accounts, equal = clusters.accounts(apart) or 0, clusters.freedom(apart)
    p = score_p(statistic, 1, accounts=accounts, freedom=equal - 1)
    if not isnan(p):
        return statistic, p, None
    return statistic, p, ONE_ACCOUNT if equal <= ALONE else "too few accounts, or they do not vary"


ALIKE = "both select the same judged leads"
ONE_ACCOUNT = "no interval and no test: one account is all there is"


def _exact_p(count: int, n: int) -> float:
    return min(1.0, 2 * float(bdtr(min(count, n - count), n, 0.5)))


@dataclass(frozen=True, slots=True)
class _Selected:
    """True and false positives of a selection."""

    tp: float
    fp: float

    @property
    def n(self) -> float:
        return self.tp + self.fp

    @property
    def precision(self) -> float:
        return self.tp / self.n if self.n > 0 else nan


def compare_precision(
    choices: Choices, champion: Selection, challenger: Selection, *, confidence: float = 0.95
) -> PrecisionTest:
    """Test that the leads which two models select convert equally often.

    With pooled precision p of the n_A + n_B selections and the leads that both select,
    C = [(1-p)^2 TP_both + p^2 FP_both] / (n_A + n_B) and
    T = (p_A - p_B)^2 / [(p (1-p) - 2 C) (1/n_A + 1/n_B)], chi-squared on 1 degree. The relative
    precision has a log-normal interval from the influence of each lead (or account) on both. Over
    accounts the difference is compared with its variance by t on the equal accounts of the leads
    selected; NaN with a reason where one account is all there is.
    Source: Kosinski (2013) for T; Moskowitz and Pepe (2006) for the relative precision.
    """
    a, b, both = (
        _Selected(choices.total(s, choices.hit), choices.total(s, choices.miss))
        for s in (champion.share, challenger.share, champion.share * challenger.share)
    )
    if not (a.n > 0 and b.n > 0):
        none = "one of the two selects no judged lead"
        return PrecisionTest(a.precision, b.precision, nan, nan, nan, nan, nan, nan, none)
    statistic = _weighted_score(a, b, both)
    spread = _influences(choices, champion, a) - _influences(choices, challenger, b)
    variance = float(choices.clusters.variances(spread[:, None])[0])
    used = choices.judged & ((champion.share > 0) | (challenger.share > 0))
    equal = choices.clusters.freedom(used)
    known = variance > 0 and choices.clusters.known
    low, high = _relative(choices, (champion, a), (challenger, b), confidence)
    reason = ONE_ACCOUNT if equal <= ALONE else None if a.tp and b.tp else _NO_RATIO
    return PrecisionTest(
        champion=a.precision,
        challenger=b.precision,
        statistic=statistic,
        p=float(chdtrc(1, statistic)),
        p_robust=_wald_p(b.precision - a.precision, variance, equal) if known else nan,
        relative=b.precision / a.precision if a.tp > 0 else nan,
        low=low,
        high=high,
        reason=reason if spread.any() or reason else ALIKE,
    )


_NO_RATIO = "no interval of the relative precision: one of the two selects no lead that converted"


def _wald_p(gap: float, variance: float, equal_accounts: float) -> float:
    return float(student_p(gap / sqrt(variance), equal_accounts))


def _weighted_score(a: _Selected, b: _Selected, both: _Selected) -> float:
    n = a.n + b.n
    p = (a.tp + b.tp) / n
    shared = ((1 - p) ** 2 * both.tp + p**2 * both.fp) / n
    spread = (p * (1 - p) - 2 * shared) * (1 / a.n + 1 / b.n)
    return (a.precision - b.precision) ** 2 / spread if spread > 1e-15 else nan  # noqa: PLR2004 - rounding


def _influences(choices: Choices, chosen: Selection, found: _Selected) -> Floats:
    """Influence of a lead of each cell on the precision of a selection."""
    return rate_influences(choices.hit, choices.judged, chosen.share, found.precision, found.n)


def rate_influences(hit: Marks, judged: Marks, share: Floats, rate: float, n: float) -> Floats:
    """Influence of a lead on sum(share x hit) / sum(share): share x (hit - rate) / n."""
    return np.where(judged, share * (hit - rate) / n, 0.0)


def _relative(
    choices: Choices,
    champion: tuple[Selection, _Selected],
    challenger: tuple[Selection, _Selected],
    confidence: float,
) -> tuple[float, float]:
    if not (champion[1].tp > 0 and challenger[1].tp > 0):
        return nan, nan
    one, two = (
        _influences(choices, chosen, found) / found.precision
        for chosen, found in (champion, challenger)
    )
    error = sqrt(float(choices.clusters.variances((two - one)[:, None])[0]))
    middle = log(challenger[1].precision / champion[1].precision)
    used = choices.judged & ((champion[0].share > 0) | (challenger[0].share > 0))
    wide = choices.clusters.quantile(used, confidence) * error
    return exp(middle - wide), exp(middle + wide)
