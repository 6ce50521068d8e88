"""Leads by the scores that two models gave them at the same moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from toolkit.counts.accounts import AccountCells
from toolkit.counts.provenance import Provenance
from toolkit.counts.states import State

__all__ = ["FITTED_ON", "FittedOn", "PairCounts"]

FittedOn = Literal["these leads", "other leads", "nothing", "unknown"]
FITTED_ON: tuple[FittedOn, ...] = ("these leads", "other leads", "nothing", "unknown")
"""On which leads the points of a challenger were fitted.

`these leads`: at least one counted lead took part; a comparison then flatters the challenger.
`other leads`: earlier ones, or each lead was scored by a fit without it and its account.
`nothing`: points that people set. `unknown`: nobody said.
"""


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Leads by champion score, challenger score and state.

    `frame` has the columns `champion`, `challenger` (the two scores, int), `state`, `n` (int), one
    row per non-empty cell, sorted. `accounts` says how the leads of each account fall together
    (its `cell` is the row number in `frame`); None where no account is known.
    """

    frame: pd.DataFrame = field(repr=False)
    provenance: Provenance
    """Of the champion; its flow names the leads that only one of the two models scored."""
    challenger: str
    """Name and version of the challenger, or what its scores are called."""
    fitted_on: FittedOn = "unknown"
    accounts: AccountCells | None = field(default=None, repr=False)

    @property
    def n(self) -> int:
        """All leads counted, whatever their state."""
        return int(self.frame["n"].sum())

    def total(self, *states: State) -> int:
        """Leads in the given states."""
        return int(self.frame.loc[self.frame["state"].isin(states), "n"].sum())
