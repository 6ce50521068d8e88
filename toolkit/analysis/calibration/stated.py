"""Read a stated mapping of scores to probabilities beside the counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from toolkit.analysis.cells import Cells, Floats, Ints, read_cells
from toolkit.analysis.points import PointsFit
from toolkit.errors import QuestionError

if TYPE_CHECKING:
    from toolkit.counts import ScoreCounts

__all__ = ["ProbabilityOf", "Stated", "read_stated"]

ProbabilityOf = Mapping[int, float] | PointsFit
"""A probability for every score, or a line fitted by `fit_points` on other leads."""


@dataclass(frozen=True, slots=True)
class Stated:
    """The scores that judged leads have, and the probability stated for each."""

    cells: Cells
    """Only levels with judged leads."""
    probability: Floats

    @property
    def expected(self) -> float:
        """Conversions that the mapping promises."""
        return float(self.cells.judged @ self.probability)


def read_stated(counts: ScoreCounts, probability: ProbabilityOf) -> Stated:
    """Lay the stated probabilities beside the levels with judged leads.

    Raises QuestionError where a score has none, or one outside 0 to 1.
    """
    cells = _judged_levels(read_cells(counts))
    if isinstance(probability, PointsFit):
        stated = expit(probability.intercept + probability.slope * cells.levels)
    else:
        stated = _looked_up(cells.levels, probability)
    if not ((stated >= 0) & (stated <= 1)).all():
        odd = int(np.flatnonzero(~((stated >= 0) & (stated <= 1)))[0])
        raise QuestionError(
            f"the probability stated for score {cells.levels[odd]} is {stated[odd]}: "
            "expected a number from 0 to 1"
        )
    return Stated(cells, stated)


def _looked_up(levels: Ints, probability: Mapping[int, float]) -> Floats:
    missing = [level for level in levels.tolist() if level not in probability]
    if missing:
        raise QuestionError(
            f"no probability is stated for score {missing[0]}"
            f"{f' and {len(missing) - 1} more' if len(missing) > 1 else ''}: expected one for "
            "every score that a judged lead has"
        )
    return np.array([probability[level] for level in levels.tolist()], dtype=np.float64)


def _judged_levels(cells: Cells) -> Cells:
    used = cells.judged > 0
    number = np.cumsum(used) - 1
    pairs = cells.pairs
    if pairs is not None:
        pairs = type(pairs)(
            number[pairs.a],
            number[pairs.b],
            pairs.a_hit,
            pairs.b_hit,
            pairs.n,
            pairs.judged,
            pairs.converted,
            pairs.not_converted,
        )
    return Cells(
        cells.levels[used],
        cells.converted[used],
        cells.not_converted[used],
        cells.immature[used],
        cells.unworked[used],
        pairs,
    )
