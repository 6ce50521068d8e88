"""How much faster leads with more points convert: one slope, from counts (Cox 1972)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.intervals import tail
from toolkit.analysis.student import ALONE, student_p, student_quantile
from toolkit.analysis.survival.life import Lives, read_lives
from toolkit.analysis.survival.slopes import few_carriers, ratio_of_ten, slope_freedom

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.analysis.cells import Floats, Ints
    from toolkit.counts import DayCounts

__all__ = ["RUNAWAY", "CoxSlope", "cox_slope", "why_no_slope"]

_STEPS = 50
_FEWEST = 5
_NUMBERS = (
    "slope", "standard_error", "ratio", "low", "high", "log_likelihood", "early", "late",
    "p_changes",
)  # fmt: skip
_ADDED_UP = 10_000
"""Conversions of one day up to which ties are added up one by one."""
RUNAWAY = 30.0
"""A slope that makes the best leads e^30 times as fast as the worst fits no data: it ran away."""


@dataclass(frozen=True, slots=True)
class CoxSlope:
    """What a point of the score does to the speed of conversion.

    `slope` is the log of the ratio of speeds for one point; `ratio`, `low`, `high` are the ratio for
    ten points with its interval.
    """

    slope: float
    standard_error: float
    ratio: float
    low: float
    high: float
    log_likelihood: float
    positives: int
    n: int
    early: float
    """Slope on the days up to the median conversion."""
    late: float
    """Slope on the days after it."""
    p_changes: float
    """p-value of the difference of the two: small if the slope does not hold over time."""
    method: str
    reason: str | None


def cox_slope(days: DayCounts, *, confidence: float = 0.95) -> CoxSlope:
    """Fit the speed of conversion among open leads as exp(slope x score) times a common speed.

    Partial likelihood with Efron's handling of ties, from counts: the leads of a cell enter by
    their number. Disqualified leads leave the risk set, so the slope is of the cause-specific
    speed: it does not by itself say how many convert in the end. The standard error is the model's;
    where accounts are known it is that of the score residuals summed by account (Lin and Wei 1989)
    times G/(G-1), and the interval takes Student's t on the accounts of equal weight (see
    `slope_freedom`) where these are fewer than 40. `early` and `late` fit the slope on both sides of the
    median conversion day; if they differ, one slope is an average over time. Recent leads are used
    for as long as they were followed.

    NaN with a reason without a conversion, with one score only, or where all conversions have the
    highest (or lowest) score of those open, so that no finite slope fits; no interval where one
    account carries the slope. Source: Cox (1972); Efron (1977); Lin and Wei (1989); Carter, Schnepel
    and Steigerwald (2017) for the accounts of equal weight.

    >>> import pandas as pd
    >>> from toolkit.counts import DayCounts, Provenance
    >>> frame = pd.DataFrame({"score": [1, 0, 1, 0], "day": [1, 2, 3, 4],
    ...     "status": ["converted", "converted", "converted", "open"], "n": 1})
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> found = cox_slope(DayCounts(frame, origin))
    >>> round(found.slope, 4)  # largest r^2 / (2 (1+r)^2 (2+r)): r = (1 + 17^0.5)/2, slope log r
    0.9406
    """
    lives = read_lives(days)
    method = "Efron, over accounts" if lives.clusters.known else "Efron"
    every = np.ones(len(lives.n), dtype=np.bool_)
    reason = why_no_slope(lives)
    fit = None if reason else _fit(lives, every, lives.converted)
    if fit is None:
        why = reason or "conversions always have the highest or lowest score: no finite slope fits"
        return _slope(lives, method, reason=why)
    freedom = slope_freedom(lives, lives.converted)
    error = _error(lives, fit) if freedom > ALONE else np.nan
    half = float(student_quantile(freedom, tail(confidence))) * error
    ratio, low, high = ratio_of_ten(fit.slope, half)
    early, late, p_value = _over_time(lives)
    return replace(
        _slope(lives, method, reason=few_carriers(freedom)),
        slope=fit.slope,
        standard_error=error,
        ratio=ratio,
        low=low,
        high=high,
        log_likelihood=fit.log_likelihood,
        early=early,
        late=late,
        p_changes=p_value,
    )


def _slope(lives: Lives, method: str, *, reason: str | None) -> CoxSlope:
    """Begin with nothing known."""
    unknown = dict.fromkeys(_NUMBERS, np.nan)
    hits = int(lives.n[lives.converted].sum())
    return CoxSlope(**unknown, positives=hits, n=int(lives.n.sum()), method=method, reason=reason)


def why_no_slope(lives: Lives) -> str | None:
    """Why no slope can be fitted to these leads, or None."""
    if not lives.n.sum():
        return "no leads"
    if not lives.n[lives.converted].sum():
        return "no lead converted"
    return None if len(np.unique(lives.score[lives.n > 0])) > 1 else "all leads have one score"


@dataclass(frozen=True, slots=True)
class _Fit:
    """A slope with its information and the score residual of a lead of each cell."""

    slope: float
    information: float
    log_likelihood: float
    residual: Floats


def _error(lives: Lives, fit: _Fit) -> float:
    if not lives.clusters.known:
        return float(fit.information**-0.5)
    values = fit.residual[:, None] / fit.information
    return float(np.sqrt(lives.clusters.variances(values)[0]))


def _fit(lives: Lives, inside: NDArray[np.bool_], event: NDArray[np.bool_]) -> _Fit | None:
    """Newton's method with halved steps; None where the slope runs away."""
    table = _Table.of(lives, inside, event)
    if table is None:
        return None
    slope, (value, gradient, information) = 0.0, table.at(0.0)
    for _ in range(_STEPS):
        if information <= 1e-12 * table.scale:
            return None
        step = gradient / information
        while (new := table.at(slope + step))[0] < value - 1e-9 * abs(value):
            step /= 2
        slope, (value, gradient, information) = slope + step, new
        if abs(step) * table.span < 1e-11:  # noqa: PLR2004 - as near as doubles go
            break
    if abs(slope) * table.span > RUNAWAY:
        return None
    return _Fit(slope, information, value, table.residuals(slope))


@dataclass(frozen=True, slots=True)
class _Table:
    """Cells by day, and how many conversions fall on each day."""

    x: Floats
    n: Floats
    place: Ints
    event: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    tied: Floats
    """Conversions of each day with any."""
    on: Ints
    """Position of each such day."""
    days: int

    @classmethod
    def of(cls, lives: Lives, inside: NDArray[np.bool_], event: NDArray[np.bool_]) -> _Table | None:
        """Lay the cells out; None without an event or with one score."""
        n = lives.n * inside
        days, place = np.unique(lives.day, return_inverse=True)
        tied = np.bincount(place, weights=n * event, minlength=len(days))
        scores = lives.score[n > 0]
        if not tied.sum() or scores.min() == scores.max():
            return None
        x = (lives.score - (lives.score * n).sum() / n.sum()).astype(np.float64)
        on = np.flatnonzero(tied)
        return cls(x, n, place, event, inside, tied[on].astype(np.float64), on, len(days))

    @property
    def span(self) -> float:
        """Width of the scores: a slope is judged by what it does over it."""
        used = self.x[self.n > 0]
        return float(used.max() - used.min())

    @property
    def scale(self) -> float:
        """Information is judged against this."""
        return float(self.tied.sum() * self.span**2)

    def _sums(self, weight: Floats) -> tuple[Floats, Floats]:
        """Sums over the leads at risk, and over those that convert, on each day with conversions."""
        total = np.bincount(self.place, weights=self.n * weight, minlength=self.days)
        event = np.bincount(self.place, weights=self.n * weight * self.event, minlength=self.days)
        at_risk = np.cumsum(total[::-1], dtype=np.float64)[::-1]
        return at_risk[self.on], event[self.on].astype(np.float64)

    def _parts(self, slope: float, top: float) -> _Parts:
        risk = np.exp(slope * self.x - top)
        sums = [self._sums(risk * self.x**power) for power in (0, 1, 2)]
        (s0, d0), (s1, d1), (s2, d2) = sums
        r1, r2 = d1 / d0, d2 / d0
        return _Parts(s0, d0, r1, s1 - s0 * r1, r2, s2 - s0 * r2, *_tie_sums(s0, d0, self.tied))

    def at(self, slope: float) -> tuple[float, float, float]:
        """Log-likelihood, its gradient and the information."""
        top = float(np.max(slope * self.x[self.n > 0]))
        p, d = self._parts(slope, top), self.tied
        seen = float((self.n * self.x * self.event).sum())
        squares = d * p.r1**2 + 2 * p.r1 * p.c1 * p.h1 + p.c1**2 * p.h2
        return (
            slope * seen - float(p.h0.sum()) - top * float(d.sum()),
            seen - float((d * p.r1 + p.c1 * p.h1).sum()),
            float((d * p.r2 + p.c2 * p.h1 - squares).sum()),
        )

    def residuals(self, slope: float) -> Floats:
        """Score residual of a lead of each cell: observed less expected, over its days at risk."""
        top = float(np.max(slope * self.x[self.n > 0]))
        p, d = self._parts(slope, top), self.tied
        risk = np.exp(slope * self.x - top)
        mean = p.r1 * p.h1 + p.c1 * p.h2
        upto0, upto1 = (np.cumsum(self._by_day(each))[self.place] for each in (p.h1, mean))
        # Of its own day a conversion takes only the share 1 - l/d, l = (s0 - s0_l) d / d0.
        own0 = self._by_day((p.s0 * p.h1 - d) / p.d0)[self.place] * self.event
        own1 = (p.r1 * (p.s0 * p.h1 - d) + p.c1 * (p.s0 * p.h2 - p.h1)) / p.d0
        own1 = self._by_day(own1)[self.place] * self.event
        expected = risk * (self.x * (upto0 - own0) - (upto1 - own1))
        average = self._by_day(p.r1 + p.c1 * p.h1 / d)[self.place]
        seen = np.where(self.event, self.x - average, 0.0)
        return np.where(self.inside, seen - expected, 0.0)

    def _by_day(self, values: Floats) -> Floats:
        out = np.zeros(self.days)
        out[self.on] = values
        return out


@dataclass(frozen=True, slots=True)
class _Parts:
    """What Efron's sums over the d conversions of a day need, with s_l = s0 - (l/d) d0.

    A mean at the l-th of them is (s1 - (l/d) d1)/s_l = r1 + c1/s_l, so that every sum follows from
    h0 = sum of log s_l, h1 = sum of 1/s_l, h2 = sum of 1/s_l^2.
    """

    s0: Floats
    d0: Floats
    r1: Floats
    c1: Floats
    r2: Floats
    c2: Floats
    h0: Floats
    h1: Floats
    h2: Floats


def _tie_sums(s0: Floats, d0: Floats, tied: Floats) -> tuple[Floats, Floats, Floats]:
    """h0, h1, h2 of each day: added up where conversions are few, by gamma functions elsewhere."""
    few = tied <= _ADDED_UP
    out = np.zeros((3, len(tied)))
    count = tied[few].astype(np.int64)
    day = np.repeat(np.arange(len(count), dtype=np.int64), count)
    first = np.repeat(np.cumsum(count) - count, count)
    part = (np.arange(len(day)) - first) / count[day]
    left = s0[few][day] - part * d0[few][day]
    for row, values in enumerate((np.log(left), 1 / left, 1 / left**2)):
        out[row, few] = np.bincount(day, weights=values, minlength=len(count))
    if not few.all():
        out[:, ~few] = _gamma_sums(s0[~few], d0[~few], tied[~few])
    return out[0], out[1], out[2]


def _gamma_sums(s0: Floats, d0: Floats, tied: Floats) -> tuple[Floats, Floats, Floats]:
    """With s_l = (d0/d)(a - l), a = d s0/d0: sums over l are differences of gamma functions."""
    from scipy.special import digamma, gammaln, zeta  # noqa: PLC0415 - needed for huge counts only

    unit = d0 / tied
    a = np.maximum(s0 / unit, tied)
    low, high = a - tied + 1, a + 1
    return (
        tied * np.log(unit) + gammaln(high) - gammaln(low),
        (digamma(high) - digamma(low)) / unit,
        (zeta(2, low) - zeta(2, high)) / unit**2,
    )


def _over_time(lives: Lives) -> tuple[float, float, float]:
    """Slopes before and after the median conversion day, and the p-value of their difference."""
    hits = np.bincount(lives.day, weights=lives.n * lives.converted)
    if not hits.sum():
        return np.nan, np.nan, np.nan
    middle = int(np.searchsorted(np.cumsum(hits), hits.sum() / 2))
    soon = lives.converted & (lives.day <= middle)
    counts = [float(lives.n[each].sum()) for each in (soon, lives.converted & ~soon)]
    if min(counts) < _FEWEST:
        return np.nan, np.nan, np.nan
    every = np.ones(len(lives.n), dtype=np.bool_)
    early = _fit(_cut(lives, middle), every, soon)
    late = _fit(lives, lives.day > middle, lives.converted & ~soon)
    if early is None or late is None:
        return np.nan, np.nan, np.nan
    if lives.clusters.known:
        values = early.residual / early.information - late.residual / late.information
        variance = float(lives.clusters.variances(values[:, None])[0])
    else:
        variance = 1 / early.information + 1 / late.information
    z = (early.slope - late.slope) / np.sqrt(variance) if variance > 0 else np.nan
    freedom = min(slope_freedom(lives, each) for each in (soon, lives.converted & ~soon))
    return early.slope, late.slope, float(student_p(z, freedom))


def _cut(lives: Lives, middle: int) -> Lives:
    """The same leads, followed up to a day at most."""
    return replace(lives, day=np.minimum(lives.day, middle))
