"""Leads a week at or above a threshold, and the queue that a capacity leaves of them."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import betainc, pdtrc

from toolkit.analysis.intervals import wilson_interval
from toolkit.analysis.questions import check_thresholds
from toolkit.analysis.volumes import quantile, read_weeks
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.analysis.cells import Floats, Ints
    from toolkit.analysis.volumes import Weeks
    from toolkit.counts import WeekCounts

__all__ = [
    "capacity_table",
    "check_capacity",
    "few_weeks",
    "replay_queue",
    "sla_table",
    "volumes_above",
]

ENOUGH_WEEKS = 26
"""With fewer whole weeks the chance of overflow is read off a fitted distribution."""


def capacity_table(
    weeks: WeekCounts,
    *,
    capacity_per_week: float,
    thresholds: Sequence[int] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Weekly volume at or above each threshold, chance of overflow, and the queue it would leave.

    One row per threshold, ascending (by default every score that occurs). Only whole weeks inside
    the observed span count, weeks without a lead included.

    Columns: `threshold`; `weeks` (whole weeks); `mean`, `median`, `p90`, `most` (leads a week);
    `overflow_rate` (of weeks: more leads than `capacity_per_week`) with `_low`, `_high`
    (Wilson; NaN for a fitted distribution); `overflow_method` (`empirical` from 26 weeks on;
    `negative binomial`, fitted by mean and variance, or `Poisson` where the variance is no larger,
    below that); `backlog_mean`, `backlog_most`, `backlog_end` (leads waiting at the end of a week
    when each week's leads and the backlog are worked up to capacity, starting empty);
    `weeks_with_backlog`; `reason`. Weeks are taken as independent in the Wilson interval.
    Sources: Lindley (1952) for the queue.

    >>> import pandas as pd
    >>> from datetime import date
    >>> from toolkit.counts import Provenance, WeekCounts
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None,
    ...     date(2026, 1, 5), date(2026, 1, 25))
    >>> frame = pd.DataFrame({"week": pd.to_datetime(["2026-01-05", "2026-01-12", "2026-01-19"]),
    ...     "score": 60, "n": [5, 1, 3]})
    >>> weeks = WeekCounts(frame, origin)
    >>> table = capacity_table(weeks, capacity_per_week=3)
    >>> table.loc[0, ["weeks", "mean", "most", "backlog_most", "backlog_end"]].tolist()
    [3.0, 3.0, 5.0, 2.0, 0.0]
    """
    check_capacity(capacity_per_week)
    check_thresholds(thresholds)
    found = read_weeks(weeks)
    asked = found.levels if thresholds is None else np.unique(np.asarray(thresholds, np.int64))
    volumes = volumes_above(found, asked)
    backlog = _queue(volumes, capacity_per_week)
    known = len(volumes) > 0
    chance, low, high, method = _overflow(volumes, capacity_per_week, confidence)
    return pd.DataFrame(
        {
            "threshold": asked,
            "weeks": len(volumes),
            "mean": volumes.mean(axis=0) if known else nan,
            "median": quantile(volumes, 0.5),
            "p90": quantile(volumes, 0.9),
            "most": quantile(volumes, 1.0),
            "overflow_rate": chance,
            "overflow_rate_low": low,
            "overflow_rate_high": high,
            "overflow_method": method,
            "backlog_mean": backlog.mean(axis=0) if known else nan,
            "backlog_most": backlog.max(axis=0) if known else nan,
            "backlog_end": backlog[-1] if known else nan,
            "weeks_with_backlog": (backlog > 0).sum(axis=0),
            "reason": few_weeks(len(volumes)),
        }
    )


def check_capacity(capacity: float) -> None:
    """Refuse a capacity that is no number of leads a week above 0."""
    if not (capacity > 0 and np.isfinite(capacity)):
        raise QuestionError(f"capacity_per_week is {capacity}: expected leads per week, above 0")


def volumes_above(found: Weeks, asked: Ints) -> Ints:
    """Leads at or above each threshold asked for: one row per week."""
    above = (found.levels[:, None] >= asked[None, :]).astype(np.int64)
    return np.asarray(found.leads @ above, dtype=np.int64)


def few_weeks(weeks: int) -> str | None:
    """What a reader of so few whole weeks must know; None for enough."""
    if weeks == 0:
        return "no whole week in the observed span"
    if weeks < ENOUGH_WEEKS:
        return f"only {weeks} whole weeks: the chance of overflow is that of a fitted distribution"
    return None


def _queue(volumes: Ints, capacity: float) -> Floats:
    """Backlog at the end of each week: max(0, backlog before + volume - capacity)."""
    backlog, waiting = np.zeros(volumes.shape), np.zeros(volumes.shape[1])
    for week, volume in enumerate(volumes):
        waiting = np.maximum(waiting + volume - capacity, 0.0)
        backlog[week] = waiting
    return backlog


def _overflow(
    volumes: Ints, capacity: float, confidence: float
) -> tuple[Floats, Floats, Floats, list[str]]:
    weeks, asked = volumes.shape
    unknown = np.full(asked, nan)
    if weeks >= ENOUGH_WEEKS:
        over = (volumes > capacity).sum(axis=0)
        low, high = wilson_interval(over, np.full(asked, weeks), confidence=confidence)
        return over / weeks, low, high, ["empirical"] * asked
    if weeks <= 1:
        return unknown, unknown, unknown, ["none"] * asked
    mean, variance = volumes.mean(axis=0), volumes.var(axis=0, ddof=1)
    wide = variance > mean
    method = np.where(wide, "negative binomial", "Poisson").tolist()
    return _chance_above(mean, variance, capacity), unknown, unknown, method


def _chance_above(mean: Floats, variance: Floats, capacity: float) -> Floats:
    """P(X > capacity): negative binomial with this mean and variance, Poisson where not wider."""
    most = np.floor(capacity)
    wide = variance > mean
    spread = np.where(wide, variance - mean, 1.0)
    size = np.where(wide, mean**2, 1.0) / spread
    share = size / (size + np.where(wide, mean, 1.0))
    broad = betainc(most + 1, np.maximum(size, 1e-300), 1 - share)
    return np.asarray(np.where(wide, broad, pdtrc(most, mean)), dtype=np.float64)


def replay_queue(weeks: WeekCounts, *, threshold: int, capacity_per_week: float) -> pd.DataFrame:
    """Week by week what a threshold would have sent, and what would have been left waiting.

    One row per whole week in order. Columns: `week` (its Monday), `leads` (at or above the
    threshold), `worked` (up to `capacity_per_week`, the backlog included), `backlog` (waiting at
    the end of the week; the queue starts empty).

    Source: Lindley (1952), the recursion of the queue.

    >>> import pandas as pd
    >>> from datetime import date
    >>> from toolkit.counts import Provenance, WeekCounts
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None,
    ...     date(2026, 1, 5), date(2026, 1, 25))
    >>> frame = pd.DataFrame({"week": pd.to_datetime(["2026-01-05", "2026-01-12", "2026-01-19"]),
    ...     "score": 60, "n": [5, 1, 3]})
    >>> weeks = WeekCounts(frame, origin)
    >>> table = replay_queue(weeks, threshold=50, capacity_per_week=3)
    >>> table[["leads", "worked", "backlog"]].values.tolist()
    [[5.0, 3.0, 2.0], [1.0, 3.0, 0.0], [3.0, 3.0, 0.0]]
    """
    check_capacity(capacity_per_week)
    found = read_weeks(weeks)
    volumes = volumes_above(found, np.asarray([threshold]))
    backlog = _queue(volumes, capacity_per_week)[:, 0]
    before = np.append(0.0, backlog)[: len(backlog)]
    leads = volumes[:, 0]
    return pd.DataFrame(
        {
            "week": found.mondays,
            "leads": leads,
            "worked": before + leads - backlog,
            "backlog": backlog,
        }
    )


def sla_table(
    weeks: WeekCounts,
    *,
    thresholds: Sequence[int],
    hours_per_lead: Sequence[float] | float = nan,
) -> pd.DataFrame:
    """Weekly load of each tier between thresholds, for promises on response time.

    A tier holds scores from its threshold (inclusive) to the next higher one (exclusive); leads
    below the lowest threshold are in none. One row per tier, highest first. `hours_per_lead`: one
    number, or one for each threshold, ascending.

    Columns: `tier_from`, `tier_to` (scores, inclusive; NaN: open), `weeks`, `mean`, `median`,
    `p90`, `most` (leads a week), `hours_mean`, `hours_p90` (times hours per lead), `reason`. Promise
    by the 90th percentile: the mean is exceeded in about half of the weeks.

    Source: definition (empirical quantiles of whole weeks).

    >>> import pandas as pd
    >>> from datetime import date
    >>> from toolkit.counts import Provenance, WeekCounts
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None,
    ...     date(2026, 1, 5), date(2026, 1, 25))
    >>> frame = pd.DataFrame({"week": pd.to_datetime(["2026-01-05", "2026-01-12", "2026-01-19"]),
    ...     "score": 60, "n": [5, 1, 3]})
    >>> weeks = WeekCounts(frame, origin)
    >>> table = sla_table(weeks, thresholds=[50], hours_per_lead=2)
    >>> table[["tier_from", "weeks", "mean", "most", "hours_mean"]].values.tolist()
    [[50.0, 3.0, 3.0, 5.0, 6.0]]
    """
    check_thresholds(thresholds)
    starts = np.unique(np.asarray(thresholds, dtype=np.int64))
    hours = np.broadcast_to(np.asarray(hours_per_lead, dtype=np.float64), len(starts))
    found = read_weeks(weeks)
    above = np.column_stack([volumes_above(found, starts), np.zeros(len(found.leads), np.int64)])
    volumes = above[:, :-1] - above[:, 1:]
    mean = volumes.mean(axis=0) if len(volumes) else np.full(len(starts), nan)
    p90 = quantile(volumes, 0.9)
    table = pd.DataFrame(
        {
            "tier_from": starts,
            "tier_to": np.append(starts[1:] - 1.0, nan),
            "weeks": len(volumes),
            "mean": mean,
            "median": quantile(volumes, 0.5),
            "p90": p90,
            "most": quantile(volumes, 1.0),
            "hours_mean": mean * hours,
            "hours_p90": p90 * hours,
            "reason": None if len(volumes) else "no whole week in the observed span",
        }
    )
    return table.iloc[::-1].reset_index(drop=True)
