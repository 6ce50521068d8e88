"""When a score reaches a threshold, and when it falls below it again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from toolkit.backtest.kernel import Bools, Ints, Points
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
    """Find the episodes on some paths: a running look at each pair of neighbours.

    >>> path = Points(np.array([0, 0, 0, 0]), np.array([1, 4, 6, 9]))
    >>> found = crossings_of(path, np.array([0, 50, 40, 60]), [50])
    >>> found["crossed"].tolist(), found["left"].tolist()[0], found["episode"].tolist()
    ([4, 9], 6, [1, 2])
    """
    level = np.zeros(len(score), dtype=np.int64)
    for threshold in thresholds:
        level += score >= threshold
    before = np.concatenate([[0], level[:-1]])
    before[starts_of(points.lead)] = 0
    # Most changes of a score pass no threshold at all.
    moved = np.flatnonzero(level != before)
    points, score = Points(points.lead[moved], points.time[moved]), score[moved]
    starts = starts_of(points.lead)
    parts = [_episodes(points, score, starts, threshold) for threshold in thresholds]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _nth(lead: Ints) -> Ints:
    """How many rows of the same lead come before each.

    >>> _nth(np.array([3, 3, 3, 8, 9, 9])).tolist()
    [0, 1, 2, 0, 0, 1]
    """
    row = np.arange(len(lead))
    return row - np.maximum.accumulate(np.where(starts_of(lead), row, 0))


def _episodes(points: Points, score: Ints, starts: Bools, threshold: int) -> dict[str, Ints]:
    above = score >= threshold
    before = np.zeros(len(above), dtype=np.bool_)
    before[1:] = above[:-1]
    before[starts] = False
    up = np.flatnonzero(above & ~before)
    down = np.flatnonzero(before & ~above)
    lead = points.lead[up]
    # Ups and downs of a lead alternate, beginning with an up: the next down after an up is its own.
    after = np.searchsorted(down, up)
    owner = np.append(points.lead[down], -1)[after]
    left = np.where(owner == lead, np.append(points.time[down], NEVER)[after], NEVER)
    return {
        "lead": lead,
        "threshold": np.full(len(up), threshold),
        "episode": 1 + _nth(lead),
        "crossed": points.time[up],
        "score": score[up],
        "left": left,
    }
