"""Counts at or above and below each threshold, and how much of either side was never worked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.cells import MOST_UNWORKED, suffix_sum
from toolkit.analysis.intervals import ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.analysis.cells import Cells, Floats, Ints

__all__ = ["Split", "positions", "share", "split_counts"]


@dataclass(frozen=True, slots=True)
class Split:
    """Counts at or above and below each asked threshold."""

    tp: Ints
    fp: Ints
    fn: Ints
    tn: Ints
    leads: Ints
    unworked_above: Ints
    unworked_below: Ints

    @property
    def n(self) -> Ints:
        """Judged leads at or above."""
        return self.tp + self.fp

    @property
    def unworked_share_above(self) -> Floats:
        """Share of mature leads at or above that were never worked; 0 where there is none."""
        return np.nan_to_num(share(self.unworked_above, self.n + self.unworked_above))

    @property
    def unworked_share_below(self) -> Floats:
        """Share of mature leads below that were never worked; 0 where there is none."""
        mature = self.fn + self.tn + self.unworked_below
        return np.nan_to_num(share(self.unworked_below, mature))

    @property
    def hidden_above(self) -> NDArray[np.bool_]:
        """Whether too many leads at or above were never worked."""
        return self.unworked_share_above > MOST_UNWORKED

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """Whether too many leads were never worked, on either side of the threshold."""
        return self.hidden_above | (self.unworked_share_below > MOST_UNWORKED)


def positions(cells: Cells, thresholds: Sequence[int] | None) -> tuple[Ints, Ints]:
    """Asked thresholds (ascending; by default every score) and their places among the levels.

    Suffix sums from a place are "at or above".
    """
    asked = cells.levels if thresholds is None else np.unique(np.asarray(thresholds, np.int64))
    return asked, np.searchsorted(cells.levels, asked, side="left").astype(np.int64)


def split_counts(cells: Cells, at: Ints) -> Split:
    """Count on both sides of the thresholds at these places."""

    def above(values: Ints) -> Ints:
        return suffix_sum(values)[at].astype(np.int64)

    tp, fp, unworked = above(cells.converted), above(cells.not_converted), above(cells.unworked)
    return Split(
        tp=tp,
        fp=fp,
        fn=cells.converted.sum() - tp,
        tn=cells.not_converted.sum() - fp,
        leads=above(cells.leads),
        unworked_above=unworked,
        unworked_below=cells.unworked.sum() - unworked,
    )


def share(part: Ints, whole: Ints | np.int64) -> Floats:
    """Part / whole, NaN where the whole is empty."""
    return ratio(np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64))
