"""Volumes by week: how many leads each threshold would have sent, week after week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.cells import Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.counts import WeekCounts

__all__ = ["Weeks", "quantile", "read_weeks", "weekly_volumes"]


@dataclass(frozen=True, slots=True)
class Weeks:
    """Whole weeks (Mondays) in order, levels ascending, and the leads of each (W x K)."""

    mondays: pd.DatetimeIndex
    levels: Ints
    leads: Ints
    cut: int
    """Leads of the weeks at either end of which the span shows only a part."""


def read_weeks(weeks: WeekCounts) -> Weeks:
    """Lay the counts out by week and level; weeks without a lead are there, as zeros.

    Only weeks that lie wholly inside the observed span count: a week cut short is no volume.
    """
    frame, provenance = weeks.frame, weeks.provenance
    levels = np.unique(frame["score"].to_numpy(dtype=np.int64))
    first, last = provenance.first_moment, provenance.last_moment
    if first is None or last is None:
        return Weeks(pd.DatetimeIndex([]), levels, np.zeros((0, len(levels)), np.int64), 0)
    start = first + timedelta(days=-first.weekday() % 7)
    mondays = pd.date_range(start, last - timedelta(days=6), freq="W-MON")
    week = mondays.get_indexer(pd.DatetimeIndex(frame["week"]))
    level = np.searchsorted(levels, frame["score"].to_numpy(dtype=np.int64))
    n, inside = frame["n"].to_numpy(dtype=np.int64), week >= 0
    leads = np.zeros((len(mondays), len(levels)), dtype=np.int64)
    np.add.at(leads, (week[inside], level[inside]), n[inside])
    return Weeks(mondays, levels, leads, int(n[~inside].sum()))


def weekly_volumes(weeks: WeekCounts, thresholds: Sequence[int] | Ints) -> Ints:
    """Leads at or above each threshold (columns) in each whole week (rows)."""
    found = read_weeks(weeks)
    above = found.levels[:, None] >= np.asarray(thresholds, dtype=np.int64)[None, :]
    return np.asarray(found.leads @ above.astype(np.int64), dtype=np.int64)


def quantile(volumes: Ints, q: float) -> Floats:
    """Quantile over the weeks, straight lines between the weeks; NaN without a week."""
    if not len(volumes):
        return np.full(volumes.shape[1], np.nan)
    return np.asarray(np.quantile(volumes, q, axis=0), dtype=np.float64)
