"""How much more of the leads with more points convert in the end: regression of the share itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.intervals import tail
from toolkit.analysis.student import ALONE, student_quantile
from toolkit.analysis.survival.cox import RUNAWAY, why_no_slope
from toolkit.analysis.survival.life import Lives, read_lives
from toolkit.analysis.survival.slopes import few_carriers, ratio_of_ten, slope_freedom

if TYPE_CHECKING:
    from toolkit.analysis.cells import Floats, Ints
    from toolkit.counts import DayCounts

__all__ = ["FineGray", "fine_gray"]

_STEPS = 50
_ENOUGH = 1e-11
"""A step that moves no lead's log-risk by more has arrived."""
_NUMBERS = ("slope", "standard_error", "ratio", "low", "high")


@dataclass(frozen=True, slots=True)
class FineGray:
    """What a point of the score does to the share of leads that convert.

    `slope`: log(1 - F(t)) of a lead with one point more is exp(slope) times as large, on every day
    t. `ratio`, `low`, `high`: the same factor for ten points, with its interval.
    """

    slope: float
    standard_error: float
    ratio: float
    low: float
    high: float
    positives: int
    rivals: int
    """Leads that were disqualified first."""
    n: int
    method: str
    reason: str | None


def fine_gray(days: DayCounts, *, confidence: float = 0.95) -> FineGray:
    """Fit the share converted by each day, F(t) = 1 - (1 - F0(t))^exp(slope x score).

    All leads take part, worked or not. Disqualified leads stay among those that could still
    convert, for they are part of the share: from their last day T on with the weight G(t-)/G(T-)
    of being still followed, G the Kaplan-Meier curve of the end of what is known. Unlike
    `cox_slope` this is about how many convert in the end, and not about how fast the open ones do.
    On one day all conversions count as tied (Breslow).

    The standard error is that of Fine and Gray, the sum of squared influence values, those of G
    included; where accounts are known the values are added up by account first, times G/(G-1), and
    the interval takes Student's t on the accounts of equal weight as in `cox_slope`. That the ratio
    is the same on every day is an assumption that nothing here tests.

    Ties of leaving and censoring, the convention of `cmprsk::crr`: in the curve G a lead that converts
    or is disqualified on the day on which other records end counts as at risk of ending on that day,
    and G(t-) is the curve of the days before t. (`time_auc` lets the events of a day leave first.)

    NaN with a reason without a conversion, with one score only, or where no finite slope fits; no
    interval where one account carries the slope. Source: Fine and Gray (1999), sections 3 and 4.

    >>> import pandas as pd
    >>> from toolkit.counts import DayCounts, Provenance
    >>> frame = pd.DataFrame({"score": [1, 1, 0, 0], "day": [1, 2, 3, 4],
    ...     "status": ["disqualified", "converted", "converted", "open"], "n": 1})
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> found = fine_gray(DayCounts(frame, origin))
    >>> round(float(np.exp(2 * found.slope)), 9)  # r/(r + 1) + r/(r + 2) = 1: the disqualified stays
    2.0
    """
    lives = read_lives(days)
    table = _Table.of(lives)
    begun = FineGray(
        **dict.fromkeys(_NUMBERS, np.nan),
        positives=int(table.n[lives.converted].sum()),
        rivals=int(table.n[lives.rival].sum()),
        n=int(table.n.sum()),
        method="Fine-Gray, over accounts" if lives.clusters.known else "Fine-Gray",
        reason=why_no_slope(lives),
    )
    if begun.reason:
        return begun
    slope = table.slope()
    if slope is None:
        return replace(begun, reason="no finite slope fits: the highest or lowest scores convert")
    values = table.influence(slope)
    freedom = slope_freedom(lives, lives.converted)
    error = float(np.sqrt(lives.clusters.variances(values[:, None])[0]))
    error = error if freedom > ALONE else np.nan
    half = float(student_quantile(freedom, tail(confidence))) * error
    ratio, low, high = ratio_of_ten(slope, half)
    return replace(
        begun,
        slope=slope,
        standard_error=error,
        ratio=ratio,
        low=low,
        high=high,
        reason=few_carriers(freedom),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """Cells by day (`place`), with what happens on each day."""

    lives: Lives
    x: Floats
    n: Floats
    place: Ints
    days: int
    at_risk: Floats
    ended: Floats
    """Leads of which no more is known after the day."""
    followed: Floats
    """G(t-): the share still followed just before each day."""

    @classmethod
    def of(cls, lives: Lives) -> _Table:
        days, place = np.unique(lives.day, return_inverse=True)
        total, ended = (
            np.bincount(place, weights=n, minlength=len(days)).astype(np.float64)
            for n in (lives.n, lives.n * ~lives.ended)
        )
        at_risk = np.cumsum(total[::-1], dtype=np.float64)[::-1]
        followed = np.append(1.0, np.cumprod(1 - ended / np.maximum(at_risk, 1))[:-1])
        x = lives.score - (lives.score * lives.n).sum() / max(lives.n.sum(), 1)
        return cls(lives, x, lives.n, place, len(days), at_risk, ended, followed)

    def _by_day(self, values: Floats) -> Floats:
        return np.bincount(self.place, weights=values, minlength=self.days).astype(np.float64)

    def _rivals(self, values: Floats) -> Floats:
        """Sum over the leads disqualified before each day of their values / G(T-)."""
        weighed = np.where(self.lives.rival, self.n * values / self.followed[self.place], 0.0)
        own = self._by_day(weighed)
        sums: Floats = np.cumsum(own) - own
        return sums

    def _risk_sums(self, slope: float) -> tuple[Floats, Floats, Floats]:
        """Sums of x^k exp(slope x), k = 0, 1, 2, over those who could still convert, by day."""
        risk = np.exp(slope * self.x)
        parts = []
        for power in range(3):
            values = risk * self.x**power
            here = np.cumsum(self._by_day(self.n * values)[::-1])[::-1]
            parts.append(here + self.followed * self._rivals(values))
        return parts[0], parts[1], parts[2]

    @property
    def _converted(self) -> Floats:
        return self._by_day(self.n * self.lives.converted)

    def _at(self, slope: float) -> tuple[float, float, float]:
        """Log partial likelihood, its gradient and its information."""
        s0, s1, s2 = self._risk_sums(slope)
        hits, mean = self._converted, s1 / s0
        seen = float((self.n * self.x * self.lives.converted).sum())
        return (
            slope * seen - float(hits @ np.log(s0)),
            seen - float(hits @ mean),
            float(hits @ (s2 / s0 - mean**2)),
        )

    def slope(self) -> float | None:
        """Newton's method with halved steps; None where the slope runs away."""
        span = float(np.ptp(self.x[self.n > 0]))
        slope, (value, gradient, information) = 0.0, self._at(0.0)
        for _ in range(_STEPS):
            if information <= 0 or abs(slope) * span > RUNAWAY:
                return None
            step = gradient / information
            while (new := self._at(slope + step))[0] < value - 1e-9 * abs(value):
                step /= 2
            slope, (value, gradient, information) = slope + step, new
            if abs(step) * span < _ENOUGH:
                return slope
        return None

    def influence(self, slope: float) -> Floats:
        """Influence of a lead of each cell on the slope: (eta + psi) / information."""
        s0, s1, _ = self._risk_sums(slope)
        mean, speed = s1 / s0, self._converted / s0
        risk, open_to_end = np.exp(slope * self.x), ~self.lives.ended
        # eta: what the lead showed less what was expected of it, its days after a rival included.
        upto, upto_mean = np.cumsum(speed), np.cumsum(speed * mean)
        left, left_mean = (_from(self.followed * each) for each in (speed, speed * mean))
        own = (self.followed * speed)[self.place], (self.followed * speed * mean)[self.place]
        expected = self.x * upto[self.place] - upto_mean[self.place]
        after = self.x * (left[self.place] - own[0]) - (left_mean[self.place] - own[1])
        expected = expected + np.where(self.lives.rival, after / self.followed[self.place], 0.0)
        eta = np.where(self.lives.converted, self.x - mean[self.place], 0.0) - risk * expected
        # psi: what it tells of G, and so of the weights of leads disqualified before its end.
        pull = self._rivals(risk * self.x) * left - self._rivals(risk) * left_mean
        share = pull / self.at_risk
        told = np.cumsum(share * self.ended / self.at_risk)
        psi = np.where(open_to_end, share[self.place], 0.0) - told[self.place]
        values: Floats = (eta + psi) / self._at(slope)[2]
        return values


def _from(values: Floats) -> Floats:
    """Sum over each day and all later ones."""
    sums: Floats = np.cumsum(values[::-1])[::-1]
    return sums
