"""Day counts as arrays: who is at risk on which day, and what happens on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.cells import _whole
from toolkit.analysis.robust import Clusters, read_clusters
from toolkit.counts import DAY_STATUSES
from toolkit.errors import DataError, QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.analysis.cells import Floats, Ints
    from toolkit.counts import DayCounts

__all__ = ["Life", "Lives", "check_days", "life_of", "read_lives"]


@dataclass(frozen=True, slots=True)
class Lives:
    """The cells of day counts, one entry each."""

    score: Ints
    day: Ints
    converted: NDArray[np.bool_]
    rival: NDArray[np.bool_]
    unworked: NDArray[np.bool_]
    n: Floats
    clusters: Clusters

    @property
    def ended(self) -> NDArray[np.bool_]:
        """Whether the cell's leads were followed to an event, of either kind."""
        return self.converted | self.rival


@dataclass(frozen=True, slots=True)
class Life:
    """Days on which anything ends, ascending, and what happens on them.

    On one day conversions and disqualifications come before the end of what is known, so a lead
    that is open at day d is at risk on day d.
    """

    days: Ints
    at_risk: Floats
    converted: Floats
    rivals: Floats
    open: Floats

    @property
    def hazard(self) -> Floats:
        """Share of those at risk that end on each day, by either event."""
        share: Floats = (self.converted + self.rivals) / np.maximum(self.at_risk, 1)
        return share

    @property
    def staying(self) -> Floats:
        """Share that neither event has reached, after each day (Kaplan and Meier 1958)."""
        return np.cumprod(1 - self.hazard, dtype=np.float64)

    @property
    def before(self) -> Floats:
        """The same before each day."""
        return np.append(1.0, self.staying[:-1])


def read_lives(days: DayCounts) -> Lives:
    """Lay day counts out as arrays; DataError where a cell does not belong there."""
    frame = days.frame
    day, n = _whole(frame["day"], "day"), _whole(frame["n"], "n")
    if (day < 0).any() or (n < 0).any():
        raise DataError("the day counts hold a negative day or number of leads: count again")
    status = frame["status"].astype(str)
    unknown = sorted(set(status) - set(DAY_STATUSES))
    if unknown:
        raise DataError(f"unknown status {unknown} in day counts: expected {list(DAY_STATUSES)}")
    converted, rival = (_is(status, name) for name in ("converted", "disqualified"))
    if (day[converted | rival] == 0).any():
        raise DataError(
            "the day counts hold an event on day 0: what happens on the first day has day 1, and "
            "what had happened before the moment is no outcome"
        )
    return Lives(
        score=_whole(frame["score"], "score"),
        day=day,
        converted=converted,
        rival=rival,
        unworked=_is(status, "unworked"),
        n=n.astype(np.float64),
        clusters=read_clusters(n, days.accounts),
    )


def _is(status: pd.Series, name: str) -> NDArray[np.bool_]:
    return (status == name).to_numpy(dtype=np.bool_)


def life_of(lives: Lives, inside: NDArray[np.bool_]) -> Life:
    """Add up the cells that `inside` marks by day."""
    days, place = np.unique(lives.day[inside], return_inverse=True)
    n = lives.n[inside]

    def total(kind: NDArray[np.bool_]) -> Floats:
        return np.bincount(place, weights=n * kind[inside], minlength=len(days)).astype(np.float64)

    ends = np.bincount(place, weights=n, minlength=len(days)).astype(np.float64)
    at_risk = np.cumsum(ends[::-1], dtype=np.float64)[::-1]
    return Life(days, at_risk, total(lives.converted), total(lives.rival), total(~lives.ended))


def check_days(at_days: Sequence[int]) -> Ints:
    """Refuse days that are none."""
    if not len(at_days) or min(at_days) < 1:
        raise QuestionError(f"at_days is {list(at_days)}: expected whole days from 1 on")
    return np.asarray(at_days, dtype=np.int64)
