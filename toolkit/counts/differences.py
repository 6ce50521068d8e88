"""Recorded scores against replayed ones."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from toolkit.counts.provenance import FlowStep

__all__ = ["DifferenceCounts"]


@dataclass(frozen=True, slots=True)
class DifferenceCounts:
    """How recorded scores differ from replayed ones, and which single change would explain it.

    `frame`: `difference` (recorded - replayed, points) and `n` (recorded scores).
    `accounts`: `rows`, `matched` and `accounts`: so many accounts have so many recorded scores of
    which so many agree. A lead without an account is one of its own, with all its scores.
    `hypotheses`: one row per change tried on the model: `code`, `criterion` (id; blank where it is
    not about one), `label`, and `contradicted`: of the agreeing scores looked at, those that the
    change would make disagree.
    `patterns`: differing scores looked at, by the set of changes that give the recorded value:
    `explained_by` (tuple of row numbers of `hypotheses`), `difference`, `n`.
    `looked_at`: differing and agreeing scores on which changes were tried (a sample by hash of the
    lead and the moment where there are more).
    """

    frame: pd.DataFrame = field(repr=False)
    accounts: pd.DataFrame = field(repr=False)
    hypotheses: pd.DataFrame = field(repr=False)
    patterns: pd.DataFrame = field(repr=False)
    looked_at: tuple[int, int]
    leads: int
    """Leads with at least one recorded score that was compared."""
    differing_leads: int
    score: str
    """Name of the recorded score."""
    model: str
    source: str
    accounts_known: bool
    flow: tuple[FlowStep, ...] = ()
