"""Leads by score and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from toolkit.counts.accounts import AccountPairs
from toolkit.counts.provenance import Provenance
from toolkit.counts.states import State
from toolkit.errors import QuestionError, nearest_first

__all__ = ["ScoreCounts"]


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """Leads by score and state (and by period or segment), with the account structure.

    `frame` has the columns `score` (int), `state`, the names in `by`, `n` (int), one row per
    non-empty cell, sorted. `accounts` holds the pooled account pairs, `accounts_by` those inside
    each group (keys as in `groups()`); both are None/empty where no account is known.
    `accounts_across` has the products of an account's judged leads in different groups (`group_a`,
    `score_a`, `state_a`, `group_b`, `score_b`, `state_b`, `n`; both halves stored); None where
    they were not counted, or accounts are not known.
    """

    frame: pd.DataFrame = field(repr=False)
    provenance: Provenance
    by: tuple[str, ...] = ()
    accounts: AccountPairs | None = field(default=None, repr=False)
    accounts_by: Mapping[tuple[str, ...], AccountPairs] = field(default_factory=dict, repr=False)
    accounts_across: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def n(self) -> int:
        """All leads counted, whatever their state."""
        return int(self.frame["n"].sum())

    def total(self, *states: State) -> int:
        """Leads in the given states."""
        return int(self.frame.loc[self.frame["state"].isin(states), "n"].sum())

    def groups(self) -> Iterator[tuple[tuple[str, ...], ScoreCounts]]:
        """Each group of `by` with its own counts, in sorted order."""
        if not self.by:
            yield (), self
            return
        for key, part in self.frame.groupby(list(self.by), sort=True):
            labels = tuple(str(label) for label in (key if isinstance(key, tuple) else (key,)))
            yield labels, self._group(labels, part)

    def group(self, *labels: str) -> ScoreCounts:
        """The counts of one group, e.g. `counts.group("2026Q3")`."""
        for key, part in self.groups():
            if key == labels:
                return part
        names = [" / ".join(key) for key, _ in self.groups()]
        wanted = " / ".join(labels)
        axes = " / ".join(self.by) or "no axis"
        raise QuestionError(
            f"no leads counted for '{wanted}' ({axes}): {nearest_first(wanted, names)}"
        )

    def _group(self, labels: tuple[str, ...], part: pd.DataFrame) -> ScoreCounts:
        cells = part.drop(columns=list(self.by)).reset_index(drop=True)
        own = self.accounts_by.get(labels)
        return replace(self, frame=cells, by=(), accounts=own, accounts_by={}, accounts_across=None)
