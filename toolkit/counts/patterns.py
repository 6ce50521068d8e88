"""Leads by what they met of each criterion, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.counts.accounts import AccountCells
from toolkit.counts.provenance import Provenance
from toolkit.counts.states import STATES

__all__ = ["Extra", "PatternCounts", "Term", "TermKind"]

TermKind = Literal["flag", "case", "value", "tier", "units", "silence"]
"""A criterion that is met or not; one case, value or tier of several; units; spells of silence."""


@dataclass(frozen=True, slots=True)
class Term:
    """What has points of its own: a criterion, or one case, value or tier of a criterion."""

    id: str
    """The criterion's id, with the case, value or tier where there are several: `size[1]`."""
    criterion: str
    label: str
    points: float
    """What a unit adds to the score today: points x weight of criterion and dimension / scale."""
    kind: TermKind = "flag"
    basis: str = "evidence"
    dimension: str = "fit"


@dataclass(frozen=True, slots=True)
class Extra:
    """What a criterion's units would have paid without one of its rules, in score points.

    `excess`: the units beyond the cap, which `t0`, ... do not count. `limit`: what a limit on the
    sum took off the cases or values, which `t0`, ... do count. `decay`: what age took off the units
    counted.
    """

    kind: Literal["excess", "limit", "decay"]
    criterion: str

    @property
    def counted(self) -> bool:
        """Whether these points are part of points x units, and so missing from the score."""
        return self.kind != "excess"


@dataclass(frozen=True, slots=True)
class PatternCounts:
    """Leads by pattern (the units met of every term) and state.

    `frame` has one row per pattern, state and value of `by`, with the columns

    - `t0`, `t1`, ...: units met of each of `terms`, at most the cap, whatever their age;
    - `x0`, `x1`, ...: score points of each of `extras`;
    - `offset`: recorded (ledger) points, which no rule can replay and nothing is fitted to;
    - `score`: the score as reported (the mean of the rows where patterns were grouped);
    - `state`, the names in `by`, `fold` where asked for, and `n` (leads).

    Units and points stand in whole numbers where all of a column are whole.

    What the other limits (group, dimension, total) and rounding took off is what is left:
    `rest` = base + sum of points x units - limits - decay + offset - score.
    """

    frame: pd.DataFrame = field(repr=False)
    terms: tuple[Term, ...]
    provenance: Provenance
    extras: tuple[Extra, ...] = ()
    base: float = 0.0
    by: tuple[str, ...] = ()
    accounts: AccountCells | None = field(default=None, repr=False)
    """The accounts of the rows of `frame`; None where no account is known."""
    grouping: str | None = None
    """How patterns were grouped because there were too many; None: they are exact."""

    @property
    def n(self) -> int:
        """All leads counted, whatever their state."""
        return int(self.frame["n"].sum())

    @property
    def rest(self) -> NDArray[np.float64]:
        """Points that limits of groups, dimensions and the total, and rounding, took off."""
        points = np.array([term.points for term in self.terms])
        units = self.frame[[f"t{i}" for i in range(len(self.terms))]].to_numpy(dtype=np.float64)
        taken = [f"x{i}" for i, extra in enumerate(self.extras) if extra.counted]
        lost = self.frame[taken].sum(axis=1).to_numpy(dtype=np.float64)
        kept = (self.frame["offset"] - self.frame["score"]).to_numpy(dtype=np.float64)
        gone: NDArray[np.float64] = self.base + units @ points - lost + kept
        return gone

    def part(self, rows: NDArray[np.bool_]) -> PatternCounts:
        """The counts of some rows of `frame`, accounts included."""
        frame = self.frame[rows].reset_index(drop=True)
        if self.accounts is None:
            return replace(self, frame=frame)
        # An account with one lead left in these rows is listed all the same, which changes no sum.
        place = np.cumsum(rows) - 1
        cells = self.accounts.frame
        kept = cells[rows[cells["cell"].to_numpy()]]
        moved = kept.assign(cell=place[kept["cell"].to_numpy()]).reset_index(drop=True)
        return replace(self, frame=frame, accounts=AccountCells(moved))

    @property
    def judged(self) -> PatternCounts:
        """The leads that were worked and whose outcome window has closed."""
        return self.part(self.frame["state"].isin(STATES[:2]).to_numpy())
