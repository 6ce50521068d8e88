"""The waist: everything below it is a pure function of the small tables defined here.

Rows live above, in an engine; statistics and drawing live below. A `ScoreCounts` says how many
leads stood at each score and what became of them, how those leads are spread over accounts, and
where the numbers come from.

The account table is the sum, over accounts, of the products of an account's counts in any two
cells (score, state). With it the account-robust variance of *every* statistic that is a sum of
influence values by cell -- a rate in any band or above any threshold, a difference of two rates,
net benefit, the area under the ROC curve -- is one quadratic form u'Mu, with no second pass over
the rows (Var = G/(G-1) * sum_g U_g^2, U_g = sum over the account's leads of u).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import pandas as pd

from toolkit.errors import QuestionError, nearest_first

__all__ = [
    "STATES",
    "AccountPairs",
    "FlowStep",
    "Provenance",
    "ScoreCounts",
    "State",
    "flow_table",
]

State = Literal["converted", "not_converted", "immature", "unworked"]
STATES: tuple[State, ...] = ("converted", "not_converted", "immature", "unworked")
"""What became of a lead. Never folded into two before an analysis says how.

`converted` / `not_converted`: worked by sales, outcome window closed ("judged").
`immature`: the window has not closed at `observed_until`, whatever happened so far.
`unworked`: the window has closed, but sales never acted on the lead: unknown, not a failure.
"""


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One line of the flow: `start`, `excluded` (with its reason) or `state` (of what is left)."""

    kind: Literal["start", "excluded", "state"]
    reason: str
    n: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a count comes from; printed in every report, never a name, address or full path."""

    source: str
    """Base name of the file or folder, or `data frames`."""
    engine: str
    model: str | None
    """`name version`, or None for a flat file with a score column."""
    model_hash: str | None
    moment: str
    """The moment rule in words, e.g. `14 days after creation`."""
    outcome: str
    """The outcome in words, e.g. `SQL within 90 days`."""
    outcome_label: str
    """The team's word for a positive, e.g. `SQL`."""
    outcome_window_days: int | None
    observed_until: date | None
    first_moment: date | None
    last_moment: date | None
    unit: str = "lead"
    """What one count is: `lead`, or `lead and quarter` for a panel of period ends."""
    point_in_time: bool = True
    """False when the score is not known to precede the outcome."""
    worked_known: bool = True
    """False when no table says which leads sales worked, so all are taken as worked."""
    caveats: tuple[str, ...] = ()
    """What a reader must know, one sentence each."""
    flow: tuple[FlowStep, ...] = ()

    @property
    def weeks(self) -> float | None:
        """Length of the observed span of moments in weeks, both end days included."""
        if self.first_moment is None or self.last_moment is None:
            return None
        return ((self.last_moment - self.first_moment).days + 1) / 7


def flow_table(provenance: Provenance) -> pd.DataFrame:
    """Account for every imported lead.

    Columns: `step` (text), `n` (leads at this step), `remaining` (leads left after it; the states
    at the end split the last `remaining` and add up to it).
    """
    rows, remaining = [], 0
    for step in provenance.flow:
        if step.kind == "start":
            remaining = step.n
        elif step.kind == "excluded":
            remaining -= step.n
        rows.append({"kind": step.kind, "step": step.reason, "n": step.n, "remaining": remaining})
    return pd.DataFrame(rows, columns=["kind", "step", "n", "remaining"])


@dataclass(frozen=True, slots=True)
class AccountPairs:
    """How leads of one account fall together, summed over accounts.

    `frame` has the columns `score_a`, `state_a`, `score_b`, `state_b`, `n`: the sum over accounts
    of (leads of the account in cell a) x (leads of the account in cell b), symmetric, both halves
    stored. A lead without an account is an account of its own.
    """

    frame: pd.DataFrame = field(repr=False)
    judged: int
    """Accounts with at least one judged lead."""
    converted: int
    """Accounts with at least one converted lead."""
    not_converted: int
    """Accounts with at least one lead that was judged and did not convert."""
    largest: int
    """Judged leads of the largest account."""


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """Leads by score and state (and by period or segment), with the account structure.

    `frame` has the columns `score` (int), `state`, the names in `by`, `n` (int), one row per
    non-empty cell, sorted. `accounts` holds the pooled account pairs, `accounts_by` those inside
    each group (keys as in `groups()`); both are None/empty where no account is known.
    """

    frame: pd.DataFrame = field(repr=False)
    provenance: Provenance
    by: tuple[str, ...] = ()
    accounts: AccountPairs | None = field(default=None, repr=False)
    accounts_by: Mapping[tuple[str, ...], AccountPairs] = field(default_factory=dict, repr=False)

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
        return replace(
            self, frame=cells, by=(), accounts=self.accounts_by.get(labels), accounts_by={}
        )
