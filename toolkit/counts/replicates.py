"""Judged leads by score, drawn anew many times by giving every account a weight."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from toolkit.counts.provenance import Provenance

__all__ = ["ReplicateCounts"]


@dataclass(frozen=True, slots=True)
class ReplicateCounts:
    """What the engine counts when each account counts Poisson(1) times, again and again.

    `frame` has the columns `replicate` (0, 1, ...), `score`, `state` (`converted` or
    `not_converted`), `n` (weighted leads), one row per non-empty cell, sorted.
    """

    frame: pd.DataFrame = field(repr=False)
    replicates: int
    """How often the leads were drawn; a replicate without any lead has no row."""
    seed: int
    provenance: Provenance
