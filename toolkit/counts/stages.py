"""Leads by score, grade, decision of sales and every stage of the funnel."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from toolkit.counts.accounts import AccountCells
from toolkit.counts.provenance import Provenance

__all__ = ["DISPOSITIONS", "Disposition", "FunnelStage", "StageCounts"]

Disposition = Literal[
    "accepted",
    "auto_accepted",
    "rejected",
    "recycled",
    "no_response",
    "undecided",
    "untouched",
    "pending",
]
DISPOSITIONS: tuple[Disposition, ...] = (
    "accepted",
    "auto_accepted",
    "rejected",
    "recycled",
    "no_response",
    "undecided",
    "untouched",
    "pending",
)
"""What sales did with a lead within the time it has to decide.

The first decision counts. `auto_accepted`: a rule of the CRM accepted, not a person. `undecided`:
sales acted and did not decide. `untouched`: neither. `pending`: the time to decide has not passed,
whatever was decided so far (counting early decisions alone would flatter the quick ones).
"""


@dataclass(frozen=True, slots=True)
class FunnelStage:
    """One stage of the funnel and the time a lead has to reach it."""

    name: str
    label: str
    within_days: int

    @property
    def column(self) -> str:
        """The column of `StageCounts.frame` that holds its state."""
        return f"stage_{self.name}"


@dataclass(frozen=True, slots=True)
class StageCounts:
    """Leads by score, grade, decision and stages reached.

    `frame` has the columns `score` (int), `fit_band`, `behavior_band` (grades, or ranges of
    points), `hand_raiser` (bool: earned points of a criterion by which a lead asks to be called),
    `disposition` (one of `DISPOSITIONS`), `given_reason` (of a rejection or recycling, else empty), one
    column per stage (`stage_sql`), and `n`. The state of a stage is one of the four states with
    the stage's own window, or `already` where it was reached before the moment.
    """

    frame: pd.DataFrame = field(repr=False)
    provenance: Provenance
    stages: tuple[FunnelStage, ...]
    fit_bands: tuple[str, ...]
    """Highest first."""
    behavior_bands: tuple[str, ...]
    """Highest first."""
    decide_within_days: int
    hand_raisers: tuple[str, ...] = ()
    """The criteria by which a lead asks to be called."""
    accounts: AccountCells | None = field(default=None, repr=False)

    @property
    def n(self) -> int:
        """All leads counted."""
        return int(self.frame["n"].sum())

    def only(self, *, hand_raisers: bool) -> StageCounts:
        """The leads that asked to be called, or all others."""
        kept = self.frame["hand_raiser"].to_numpy(dtype=bool) == hand_raisers
        place = np.cumsum(kept) - 1
        accounts = self.accounts
        if accounts is not None:
            cells = accounts.frame
            cells = cells[kept[cells["cell"].to_numpy()]]
            accounts = AccountCells(
                cells.assign(cell=place[cells["cell"].to_numpy()]).reset_index(drop=True)
            )
        return replace(self, frame=self.frame[kept].reset_index(drop=True), accounts=accounts)
