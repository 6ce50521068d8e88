"""Where counts come from, and how every lead is accounted for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import pandas as pd

__all__ = ["FlowStep", "Provenance", "flow_table"]


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
    accounts_known: bool = True
    """False when no account is known: what is drawn together are then leads that were merged, or the
    moments of one lead."""
    merged: int = 0
    """Leads that were merged into others; each counts with its survivor as one."""
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

    >>> from dataclasses import replace
    >>> from toolkit.counts import FlowStep, Provenance
    >>> flow = (FlowStep("start", "lead rows imported", 60), FlowStep("excluded", "too young", 3))
    >>> origin = Provenance("rows", "none", None, None, "m", "SQL", "SQL", 90, None, None, None)
    >>> flow_table(replace(origin, flow=flow)).to_dict("split")["data"]
    [['start', 'lead rows imported', 60, 60], ['excluded', 'too young', 3, 57]]
    """
    rows, remaining = [], 0
    for step in provenance.flow:
        if step.kind == "start":
            remaining = step.n
        elif step.kind == "excluded":
            remaining -= step.n
        rows.append({"kind": step.kind, "step": step.reason, "n": step.n, "remaining": remaining})
    return pd.DataFrame(rows, columns=["kind", "step", "n", "remaining"])
