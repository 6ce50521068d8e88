"""Which cells of a count table belong to which band of the score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.bands import _ordered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.bands import BandLike
    from toolkit.analysis.cells import Ints

__all__ = ["ScoreGroup", "score_groups"]


@dataclass(frozen=True, slots=True)
class ScoreGroup:
    """A band with the cells whose scores lie in it: start inclusive, stop exclusive, NaN open."""

    name: str
    start: float
    stop: float
    inside: NDArray[np.bool_]

    @property
    def head(self) -> dict[str, object]:
        """As the first columns of a table."""
        return {"band": self.name, "start": self.start, "stop": self.stop}


def score_groups(score: Ints, bands: Sequence[BandLike] | None) -> list[ScoreGroup]:
    """Give each band its cells, highest band first; without bands all leads are one.

    Cells under the lowest start make a last group `below all bands`.
    """
    if bands is None:
        return [ScoreGroup("all leads", np.nan, np.nan, np.ones(len(score), dtype=np.bool_))]
    names, starts = _ordered(bands)
    if len(score) and score.min() < starts[-1]:
        names, starts = [*names, "below all bands"], np.append(starts, -np.inf)
    stops = np.append(np.inf, starts[:-1])
    return [
        ScoreGroup(name, _end(start), _end(stop), (score >= start) & (score < stop))
        for name, start, stop in zip(names, starts, stops, strict=True)
    ]


def _end(score: float) -> float:
    return np.nan if np.isinf(score) else float(score)
