"""What each activity, spell of silence or recorded delta adds to one criterion.

The sums are made here once more, for one lead and without the engine's SQL; lines are in units
of the plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.backtest.core import (
    ActivityRule,
    Bounds,
    Bucket,
    FitRule,
    InactivityRule,
    LedgerRule,
    Limits,
    Rule,
    TiersRule,
    Value,
)

__all__ = ["History", "rule_lines"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class History:
    """The activities of one lead up to the moment, latest first; its creation; the moment."""

    activities: pd.DataFrame
    created: int
    second: int

    def reset(self, number: int | None) -> int | None:
        """The time of the last reset."""
        if number is None:
            return None
        times = self.activities.loc[self.activities[f"z{number}"] == 1, "t"]
        return int(times.max()) if len(times) else None

    def rows(self, source: int, within: int | None, reset: int | None) -> pd.DataFrame:
        """The activities that meet a criterion, in its window and after the last reset."""
        met = self.activities[self.activities[f"r{source}"] == 1]
        if within is not None:
            met = met[self.second - met["t"] < within]
        last = self.reset(reset)
        return met if last is None else met[met["t"] > last]


def rule_lines(rule: Rule, points: int, history: History) -> pd.DataFrame:
    """Columns why, since, end, points of the lines of a criterion; `points` is what it pays."""
    bounds = rule.bounds
    if (bounds.since is not None and history.second < bounds.since) or (
        bounds.until is not None and history.second >= bounds.until
    ):
        return _line("out of season", 0)
    if isinstance(rule, FitRule):
        return _line("field", points) if points else _line("not met", 0)
    lines = _rule_lines(rule, history)
    return lines if len(lines) else _line("not met", 0)


def _rule_lines(
    rule: ActivityRule | TiersRule | InactivityRule | LedgerRule, history: History
) -> pd.DataFrame:
    if isinstance(rule, ActivityRule):
        return _activity_lines(rule, history)
    if isinstance(rule, TiersRule):
        return _tier_lines(rule, history)
    if isinstance(rule, InactivityRule):
        return _silence_lines(rule, history)
    rows = history.rows(rule.source, None, rule.reset)
    deltas = rows["d"].to_numpy(np.int64) * rule.factor
    return _added(_times(rows), deltas, np.full(len(rows), "recorded"), rule.bounds)


def _line(why: str, points: int) -> pd.DataFrame:
    return pd.DataFrame({"why": [why], "since": [np.nan], "end": [np.nan], "points": [points]})


def _times(rows: pd.DataFrame) -> Ints:
    return rows["t"].to_numpy(np.int64)


def _added(
    since: Ints,
    values: Ints,
    why: npt.NDArray[np.str_],
    bounds: Bounds,
    end: npt.NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """What each value adds inside the limits, in the order given: the limit cuts the last."""
    running = _clamped(np.cumsum(values, dtype=np.int64), bounds.limits)
    least = int(_clamped(np.zeros(1, dtype=np.int64), bounds.limits)[0])
    added = np.diff(running, prepend=least) * bounds.weight
    lines = pd.DataFrame(
        {
            "why": np.where((added == 0) & (values != 0), "over the limit", why),
            "since": since.astype("float64"),
            "end": np.full(len(since), np.nan) if end is None else end,
            "points": added,
        }
    )
    if least == 0:
        return lines
    return pd.concat([lines, _line("limit", least * bounds.weight)], ignore_index=True)


def _clamped(values: Ints, limits: Limits) -> Ints:
    if limits.low is not None:
        values = np.maximum(values, limits.low)
    return values if limits.high is None else np.minimum(values, limits.high)


def _activity_lines(rule: ActivityRule, history: History) -> pd.DataFrame:
    """What each activity adds, latest first: the limit cuts the oldest."""
    rows = history.rows(rule.source, rule.within, rule.reset)
    times = _times(rows)
    values, expiry = _worth(rule.value, history.second - times)
    enough, kept = _in_buckets(rule.bucket, rows)
    if rule.max_units is not None:
        kept &= np.cumsum(kept) <= rule.max_units
    why = np.where(values == 0, "expired", "activity")
    why = np.where(enough, np.where(kept, why, "over the limit"), "too few")
    if rule.value.rest == 0 and not rule.value.steps:
        why = np.where(why == "expired", "activity", why)
    window = np.inf if rule.within is None else float(rule.within)
    end = times + np.minimum(expiry, window)
    end = np.where(np.isfinite(end), end, np.nan)
    return _added(times, np.where(kept, values, 0), why, rule.bounds, end)


def _worth(value: Value, ages: Ints) -> tuple[Ints, float]:
    """The points of units by their ages, and the age from which they are worth nothing."""
    if not value.steps:
        return np.full(len(ages), value.rest, dtype=np.int64), np.inf
    limits = np.array([until for until, _ in value.steps], dtype=np.int64)
    points = np.array([*(points for _, points in value.steps), value.rest], dtype=np.int64)
    worth = points[np.searchsorted(limits, ages, side="right")]
    return worth, np.inf if value.rest else float(limits[-1])


def _in_buckets(bucket: Bucket | None, rows: pd.DataFrame) -> tuple[Bools, Bools]:
    """Which activities stand in a bucket that is large enough, and which of them make a unit."""
    if bucket is None:
        every = np.ones(len(rows), dtype=np.bool_)
        return every, every.copy()
    if bucket.column is None:
        label = (rows["t"] - bucket.offset) // bucket.span
    else:
        # Without asset or session each activity is alone.
        alone = pd.Series(-1 - np.arange(len(rows)), index=rows.index)
        label = rows[f"g{bucket.column}"].astype("Float64").fillna(alone.astype("Float64"))
    grouped = rows["t"].groupby(label.to_numpy(dtype=np.float64))
    enough = (grouped.transform("size") >= bucket.at_least).to_numpy(dtype=np.bool_)
    most = np.inf if bucket.at_most is None else bucket.at_most
    return enough, enough & (grouped.cumcount() < most).to_numpy(dtype=np.bool_)


def _tier_lines(rule: TiersRule, history: History) -> pd.DataFrame:
    for tier in rule.tiers:
        times = _times(history.rows(rule.source, tier.within, rule.reset))
        if len(times) >= tier.at_least:
            reached = times[tier.at_least - 1]
            end = np.full(1, np.nan if tier.within is None else float(reached + tier.within))
            points = np.array([tier.points], dtype=np.int64)
            return _added(reached[None], points, np.full(1, "tier"), rule.bounds, end)
    nothing = np.zeros(0, dtype=np.int64)
    return _added(nothing, nothing, np.zeros(0, dtype=np.str_), rule.bounds)


def _silence_lines(rule: InactivityRule, history: History) -> pd.DataFrame:
    """Each time the rule has fired, latest first."""
    start = max(history.created, history.reset(rule.reset) or history.created)
    breaks = _times(history.activities[history.activities["q"] == 1])
    starts = np.sort(np.concatenate([[start], breaks[breaks > start]]))
    ends = np.append(starts[1:] - 1, history.second)
    if rule.recover:
        starts, ends = starts[-1:], ends[-1:]
    times = (ends - starts) // rule.after
    if rule.times is not None:
        times = np.minimum(times, rule.times)
    times = np.maximum(times, 0)
    fired = np.repeat(starts, times)
    order = np.arange(len(fired)) - np.repeat(np.cumsum(times) - times, times)
    fired = (fired + (order + 1) * rule.after)[::-1].astype(np.int64)
    values = np.full(len(fired), rule.points, dtype=np.int64)
    return _added(fired, values, np.full(len(fired), "silence"), rule.bounds)
