"""Which leads two models would work: at thresholds, or the same number of leads by each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit.analysis.cells import Floats
from toolkit.analysis.robust import Clusters, read_clusters
from toolkit.counts import STATES
from toolkit.errors import DataError, QuestionError

if TYPE_CHECKING:
    from toolkit.counts import PairCounts

__all__ = [
    "Choices",
    "Marks",
    "Selection",
    "equal_threshold",
    "read_choices",
    "select_best",
    "select_from",
]


Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Choices:
    """The cells of a pair table as arrays."""

    champion: Floats = field(repr=False)
    challenger: Floats = field(repr=False)
    n: Floats = field(repr=False)
    hit: Marks = field(repr=False)
    judged: Marks = field(repr=False)
    unworked: Marks = field(repr=False)
    clusters: Clusters = field(repr=False)

    @property
    def miss(self) -> Marks:
        """Judged and not converted."""
        return self.judged & ~self.hit

    def total(self, share: Floats, used: Marks | None = None) -> float:
        """Leads, each counted by its share, in the cells that are used."""
        weight = self.n if used is None else self.n * used
        return float(weight @ share)


@dataclass(frozen=True, slots=True)
class Selection:
    """The share of each cell's leads that a model works, and the score at which it stops."""

    share: Floats = field(repr=False)
    threshold: float
    """Lowest score of which all leads are worked; infinite where not even the best score is."""
    tied_share: float
    """Share of the leads tied at the next score down; 0 where none is needed."""


def read_choices(pairs: PairCounts) -> Choices:
    """Lay the cells out; DataError for a state that does not exist."""
    frame = pairs.frame
    unknown = sorted(set(frame["state"].astype(str)) - set(STATES))
    if unknown:
        raise DataError(f"unknown state {unknown} in the counts: expected one of {list(STATES)}")
    state = frame["state"].to_numpy()
    return Choices(
        champion=frame["champion"].to_numpy(dtype=np.float64),
        challenger=frame["challenger"].to_numpy(dtype=np.float64),
        n=frame["n"].to_numpy(dtype=np.float64),
        hit=state == STATES[0],
        judged=np.isin(state, STATES[:2]),
        unworked=state == STATES[3],
        clusters=read_clusters(frame["n"].to_numpy(dtype=np.int64), pairs.accounts),
    )


def select_from(score: Floats, threshold: float) -> Selection:
    """Work every lead at or above a threshold."""
    return Selection((score >= threshold).astype(np.float64), float(threshold), 0.0)


def select_best(score: Floats, n: Floats, workload: float) -> Selection:
    """Work the best `workload` leads; of leads tied at the end the share that fills it.

    >>> found = select_best(np.array([3.0, 2.0, 1.0]), np.array([4.0, 4.0, 4.0]), 6)
    >>> found.share.tolist(), found.threshold
    ([1.0, 0.5, 0.0], 3.0)
    """
    if not workload >= 0:
        raise QuestionError(f"workload is {workload}: expected a number of leads")
    levels, at = np.unique(-score, return_inverse=True)
    leads = np.bincount(at, weights=n, minlength=len(levels))
    left = np.clip(workload - (np.cumsum(leads) - leads), 0.0, leads)
    filled = np.divide(left, leads, out=np.zeros_like(leads), where=leads > 0)
    whole = np.flatnonzero(filled >= 1)
    partly = filled[(filled > 0) & (filled < 1)]
    lowest = float(-levels[whole[-1]]) if len(whole) else np.inf
    return Selection(filled[at], lowest, float(partly[0]) if len(partly) else 0.0)


def equal_threshold(score: Floats, n: Floats, workload: float) -> float:
    """Threshold with the volume nearest to the workload; of two as near the higher one.

    >>> equal_threshold(np.array([3.0, 2.0, 1.0]), np.array([4.0, 4.0, 4.0]), 7)
    2.0
    """
    levels, at = np.unique(-score, return_inverse=True)
    volume = np.cumsum(np.bincount(at, weights=n, minlength=len(levels)))
    return float(-levels[int(np.argmin(np.abs(volume - workload)))])
