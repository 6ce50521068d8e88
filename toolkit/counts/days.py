"""Leads by score, day and what happened on it: the waist of everything about time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from toolkit.counts.accounts import AccountCells
from toolkit.counts.provenance import Provenance

__all__ = ["DAY_STATUSES", "DayCounts", "DayStatus", "StayCounts"]

DayStatus = Literal["converted", "disqualified", "open", "unworked"]
DAY_STATUSES: tuple[DayStatus, ...] = ("converted", "disqualified", "open", "unworked")
"""How the days of a lead end, whichever comes first.

`converted`: reached the outcome. `disqualified`: turned down, disqualified or recycled first.
`open`: neither, when what is known of the lead ends. `unworked`: the same, and sales never acted.
"""


@dataclass(frozen=True, slots=True)
class DayCounts:
    """Leads by score, last day and status.

    `frame` has the columns `score` (int), `day` (whole days since the moment), `status` (one of
    `DAY_STATUSES`) and `n`, one row per non-empty cell, sorted. Something that happened more than
    d-1 and at most d days after the moment has day d; a lead that was followed for d whole days
    without it is open at day d. So "converted by day 90" is "within 90 days" to the second, and on
    one day events come before the end of what is known.
    """

    frame: pd.DataFrame = field(repr=False)
    provenance: Provenance
    accounts: AccountCells | None = field(default=None, repr=False)
    """Which cells the leads of an account fall in; None where no account is known."""

    @property
    def n(self) -> int:
        """All leads counted."""
        return int(self.frame["n"].sum())


@dataclass(frozen=True, slots=True)
class StayCounts:
    """Stays of leads in stages, by length and whether the lead has moved on.

    `frame` has the columns `stage`, `days` (whole days in the stage so far, rounded down),
    `moved` (True: the lead went on to another stage or left this one) and `n`.
    """

    frame: pd.DataFrame = field(repr=False)
    provenance: Provenance
    accounts: AccountCells | None = field(default=None, repr=False)
