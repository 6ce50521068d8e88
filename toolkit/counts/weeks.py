"""Leads by the week of their moment and by score."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from toolkit.counts.provenance import Provenance

__all__ = ["WeekCounts"]


@dataclass(frozen=True, slots=True)
class WeekCounts:
    """All leads by week and score, whatever became of them.

    `frame` has the columns `week` (datetime64: the Monday, UTC, on which the week of the moment
    begins), `score` (int), `n` (int), one row per non-empty cell, sorted. The first and the last
    week of the observed span may be cut short; `provenance` says where the span begins and ends.
    """

    frame: pd.DataFrame = field(repr=False)
    provenance: Provenance
