"""When a score reaches a threshold, and when it falls below it again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from toolkit.backtest.kernel import Bools, Ints, Points, narrowed
from toolkit.backtest.timeline.known import NEVER, starts_of
from toolkit.backtest.timeline.paths import instants, opened
from toolkit.backtest.timeline.there import crossings_there
from toolkit.crm import Crm
from toolkit.crm.engines import is_remote
from toolkit.errors import QuestionError
from toolkit.model import Model

__all__ = ["crossings_of", "settled_thresholds", "threshold_crossings"]


def threshold_crossings(
    model: Model, crm: Crm, thresholds: Sequence[int] | None = None
) -> pd.DataFrame:
    """Give every time that a lead's score reaches a threshold from below, the first and later ones.

    A lead crosses at the first instant with score >= threshold (for one created above it: at its
    creation) and leaves at the first later instant with score < threshold. An episode is the time
    between the two; a lead that crosses, goes quiet and crosses again has two. A survivor may cross
    at a merge. Gates and exceptions of bands are not looked at; fields and merges are as in
    `score_timeline`.

    Columns: `lead_id`, `threshold`, `episode` (1, 2, ... of this lead and threshold), `crossed_at`
    (UTC), `score` (on crossing), `left_at` (UTC; when the lead fell below or was merged away; NaT
    if still above at `observed_until`); in order of threshold, lead_id and episode.

    Parameters
    ----------
    thresholds
        Whole points; by default where the bands of the model begin.

    Raises
    ------
    QuestionError
        There is no threshold, or one is no whole number.
    """
    chosen = settled_thresholds(model, thresholds)
    if is_remote(crm.connection):
        return crossings_there(model, crm, chosen)
    with opened(model, crm) as paths:
        parts = list(paths.each(lambda points, score: crossings_of(points, score, chosen)))
        found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        left = np.where(found["left"] == NEVER, paths.gone[found["lead"]], found["left"])
        frame = pd.DataFrame({
            "lead_id": paths.ids[found["lead"]],
            "threshold": found["threshold"],
            "episode": found["episode"],
            "crossed_at": instants(found["crossed"]),
            "score": found["score"],
            "left_at": instants(left),
        })  # fmt: skip
    return frame.iloc[
        np.lexsort((found["crossed"], found["lead"], found["threshold"]))
    ].reset_index(drop=True)


def settled_thresholds(model: Model, thresholds: Sequence[int] | None) -> tuple[int, ...]:
    """The thresholds to look at, each once, lowest first."""
    if thresholds is None:
        thresholds = [band.start for band in model.bands if band.start is not None]
    for value in thresholds:
        if isinstance(value, bool) or int(value) != value:
            raise QuestionError(
                f"thresholds: expected whole numbers of points, found {value!r}; a score is whole"
            )
    if len(thresholds) == 0:
        raise QuestionError(
            "there is no threshold: the model has no band that begins anywhere. Give some, as in "
            "thresholds=[50]"
        )
    return tuple(sorted({int(value) for value in thresholds}))


def crossings_of(points: Points, score: Ints, thresholds: Sequence[int]) -> dict[str, Ints]:
    """Find the episodes on some paths, by threshold, lead and time: one look at each change.

    A change from below n of the thresholds to above them steps over each of these once, and the
    steps of a lead over one threshold alternate, beginning upwards: the next one ends the episode.

    >>> path = Points(np.array([0, 0, 0, 0]), np.array([1, 4, 6, 9]))
    >>> found = crossings_of(path, np.array([0, 50, 40, 60]), [50])
    >>> found["crossed"].tolist(), found["left"].tolist()[0], found["episode"].tolist()
    ([4, 9], 6, [1, 2])
    """
    was, now = _levels(points, score, sorted(thresholds))
    row, step = _steps(was, now)
    lead, time = points.lead[row], points.time[row]
    up = np.flatnonzero(now[row] > was[row])
    goes_on = ~(starts_of(lead) | starts_of(step))
    ends = np.where(np.append(goes_on[1:], False), np.append(time[1:], NEVER), NEVER)
    return {
        "lead": lead[up],
        "threshold": np.sort(np.array(thresholds, dtype=np.int64))[step[up]],
        "episode": 1 + _place(~goes_on)[up] // 2,
        "crossed": time[up],
        "score": score[row[up]],
        "left": ends[up],
    }


def _levels(points: Points, score: Ints, thresholds: Sequence[int]) -> tuple[Ints, Ints]:
    """How many thresholds (lowest first) are reached before and after each change.

    >>> path = Points(np.array([3, 3, 8]), np.array([1, 2, 2]))
    >>> [level.tolist() for level in _levels(path, np.array([9, 10, 35]), [10, 20, 30])]
    [[0, 0, 0], [0, 1, 3]]
    """
    low, high = int(score.min(initial=0)), int(score.max(initial=0))
    # Scores of many leads are few different numbers: each is looked up once.
    level_of = np.searchsorted(thresholds, np.arange(low, high + 1), side="right")
    now: Ints = level_of[score - low]
    was = np.concatenate([now[:0], np.zeros(min(len(now), 1), dtype=now.dtype), now[:-1]])
    was[starts_of(points.lead)] = 0
    return was, now


def _steps(was: Ints, now: Ints) -> tuple[Ints, Ints]:
    """The change and the threshold of each step, by threshold and place.

    >>> [part.tolist() for part in _steps(np.array([0, 0, 2]), np.array([0, 2, 1]))]
    [[1, 1, 2], [0, 1, 1]]
    """
    # Most changes of a score pass no threshold at all.
    moved = np.flatnonzero(was != now)
    size = np.abs(now - was)[moved]
    row = np.repeat(moved, size)
    within = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
    step = np.minimum(was, now)[row] + within
    order = np.argsort(narrowed(step), kind="stable")
    return row[order], step[order]


def _place(starts: Bools) -> Ints:
    """How many rows of the same run come before each.

    >>> _place(np.array([True, False, False, True, True, False])).tolist()
    [0, 1, 2, 0, 0, 1]
    """
    row = np.arange(len(starts))
    return row - np.maximum.accumulate(np.where(starts, row, 0))
