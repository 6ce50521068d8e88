"""When things happen in a company: weekdays, business hours, seasons."""

from __future__ import annotations

import numpy as np

from .plan import DAY, FIRST_SECOND, OBSERVED_UNTIL, Floats, Ints, coin

__all__ = ["after_working_time", "creation_days", "instants", "off_weekend"]

_MONTH_WEIGHT = np.array([0.95, 1.05, 1.12, 1.02, 1.03, 1.0, 0.86, 0.82, 1.1, 1.12, 1.06, 0.78])
_HOUR_WEIGHT = np.array(
    [1, 1, 1, 1, 1, 2, 4, 10, 30, 60, 70, 60, 40, 55, 65, 60, 45, 25, 12, 9, 8, 7, 4, 2],
    dtype=float,
)
_MONDAY_SHIFT = 3  # 1970-01-01 was a Thursday
_SATURDAY = 5


def _weekday(days: Ints) -> Ints:
    return (days + _MONDAY_SHIFT) % 7


def creation_days(n: int, rng: np.random.Generator) -> Ints:
    """Draw creation days (since 1970): more on weekdays, fewer in summer, growing slowly."""
    days = np.arange(FIRST_SECOND // DAY, OBSERVED_UNTIL // DAY)
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    weight = _MONTH_WEIGHT[month] * np.where(_weekday(days) < _SATURDAY, 1.0, 0.18)
    weight *= np.linspace(0.9, 1.15, len(days))
    return rng.choice(days, size=n, p=weight / weight.sum())


def off_weekend(days: Ints, rng: np.random.Generator, *, share: float = 0.8) -> Ints:
    """Move that share of the weekend days to the Monday after."""
    late = _weekday(days) - _SATURDAY
    moved = (late >= 0) & coin(len(days), share, rng)
    return np.where(moved, days + 2 - late, days)


def instants(days: Ints, hours_behind: Ints, rng: np.random.Generator) -> Ints:
    """Draw seconds in the local working day; `hours_behind` UTC may be negative."""
    hour = rng.choice(24, size=len(days), p=_HOUR_WEIGHT / _HOUR_WEIGHT.sum())
    second = rng.integers(0, 3600, size=len(days))
    return days * DAY + (hour + hours_behind) * 3600 + second


def after_working_time(moments: Ints, delay_days: Floats, hours_behind: Ints) -> Ints:
    """Add a delay, then wait for the desk to be staffed: Monday to Friday, 8 to 18 local time."""
    local = moments + (delay_days * DAY).astype(np.int64) - hours_behind * 3600
    second = local % DAY
    # A nightly hour is folded into the next working day, so that nothing piles up at 8:00:00.
    folded = 8 * 3600 + second % (10 * 3600)
    early, late = second < 8 * 3600, second >= 18 * 3600
    local = np.where(early | late, local - second + late * DAY + folded, local)
    weekend = np.maximum(0, 7 - _weekday(local // DAY)) * (_weekday(local // DAY) >= _SATURDAY)
    staffed: Ints = local + weekend * DAY + hours_behind * 3600
    return staffed
