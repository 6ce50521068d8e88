"""What the platform wrote down: recorded scores with or without a fault, a field filled too late."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .behavior import Log, merge_logs
from .plan import (
    CRITERIA,
    DAY,
    NEVER,
    OBSERVED_UNTIL,
    Bools,
    DemoPlan,
    Ints,
    Texts,
    as_utc,
    coin,
)
from .scoring import Scorer, rises, score_units

if TYPE_CHECKING:
    from .people import People
    from .sales import Fates, Moments

__all__ = ["draw_leak", "draw_recorded"]

_POINTS = {planted.id: planted.points for planted in CRITERIA}
_QUIET = 30 * DAY
_NAME = "demo score"
_TOLD = 0.97
_SHIFT = 1 << 33


def draw_leak(
    people: People, fates: Fates, plan: DemoPlan, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Add the field that sales fills when the outcome is known, with its history."""
    if not plan.leaking_field:
        return people.leads, None
    n = len(people.created)
    noted = coin(n, _TOLD, rng)
    won = noted & (fates.sql < OBSERVED_UNTIL)
    failed = noted & ~won & (fates.decided < OBSERVED_UNTIL) & (fates.sql == NEVER)
    value = np.full(n, None, dtype=object)
    value[won], value[failed] = "confirmed", "none"
    at = np.where(won, fates.sql, fates.decided) + 600
    rows = np.flatnonzero(won | failed)
    ids = people.leads["lead_id"].to_numpy(dtype=object)
    changes = pd.DataFrame(
        {
            "lead_id": ids[rows],
            "field": "project_fit",
            "value": value[rows],
            "valid_from": as_utc(at[rows]),
        }
    )
    return people.leads.assign(project_fit=value), changes


@dataclass(frozen=True, slots=True)
class _Records:
    """Recorded scores, in order of lead and time."""

    lead: Ints
    at: Ints
    value: Ints
    reason: Texts

    def edited(self, when: Ints, by: Ints, reason: str) -> _Records:
        """Add a row at `when` of each lead (NEVER: of none), and `by` to it and to all later ones."""
        who = np.flatnonzero(when < OBSERVED_UNTIL)
        key = self.lead * _SHIFT + self.at
        before = np.searchsorted(key, who * _SHIFT + when[who], side="right") - 1
        lead, at = np.concatenate([self.lead, who]), np.concatenate([self.at, when[who]])
        value = np.concatenate([self.value, self.value[before]])
        told = np.concatenate([self.reason, np.full(len(who), reason, dtype=object)])
        order = np.lexsort((at, lead))
        lead, at = lead[order], at[order]
        return _Records(
            lead, at, value[order] + np.where(at >= when[lead], by[lead], 0), told[order]
        )

    def table(self, ids: Texts, kept: Bools) -> pd.DataFrame:
        """List what is new: a lead's first row, each other than the one before, and those kept."""
        new = np.ones(len(self.lead), dtype=np.bool_)
        new[1:] = (np.diff(self.lead) != 0) | (np.diff(self.value) != 0) | kept[self.lead[1:]]
        return pd.DataFrame(
            {
                "lead_id": ids[self.lead[new]],
                "score_name": _NAME,
                "changed_at": as_utc(self.at[new]),
                "new_value": self.value[new],
                "reason": self.reason[new],
            }
        )


def draw_recorded(
    scorer: Scorer, moments: Moments, fates: Fates, plan: DemoPlan, rng: np.random.Generator
) -> pd.DataFrame | None:
    """List the recorded scores: at the creation, and whenever one of them is new.

    The platform looks when a lead does something, and when its silence has lasted for 30 days. Where
    it writes today's score over the past, the past keeps its instants.
    """
    if plan.recorded == "none":
        return None
    n = len(scorer.people.created)
    struck = coin(n, plan.recorded_fault_share, rng)
    lead, at = _looks(scorer)
    value = _values(scorer, plan, struck, lead, at)
    records = _Records(lead, at, value, np.full(len(lead), None, dtype=object))
    if plan.recorded == "manual_edit":
        when = _between(records, struck, rng)
        by = rng.integers(5, 41, size=n) * rng.choice([-1, 1, 1], size=n)
        records = records.edited(when, by, "manual")
    elif plan.recorded == "reset":
        rejected = struck & moments.worked & ~fates.accepted & (fates.decided < OBSERVED_UNTIL)
        when = np.where(rejected, fates.decided + 60, NEVER)
        records = records.edited(when, _down_to_zero(scorer, when), "rejected")
    kept = struck & (plan.recorded == "rescored")
    return records.table(scorer.people.leads["lead_id"].to_numpy(dtype=object), kept)


def _looks(scorer: Scorer) -> tuple[Ints, Ints]:
    """Every instant at which a score may be new, and ends of 30 days of silence, each once, in order."""
    changes, log = scorer.changes, scorer.log
    seen = [_silences(scorer, log), rises(scorer)]
    if changes.merged.any():
        seen.append(_silences(scorer, merge_logs([log, changes.taken_over(log)])))
    lead, at = (np.concatenate([part[i] for part in seen]) for i in range(2))
    once = np.unique(np.stack([lead, at], axis=1)[at < changes.gone[lead]], axis=0)
    return once[:, 0], once[:, 1]


def _silences(scorer: Scorer, log: Log) -> tuple[Ints, Ints]:
    """When 30 days after the creation or an activity have passed without another."""
    created = scorer.people.created
    lead = np.concatenate([np.arange(len(created)), log.lead])
    at = np.concatenate([created, np.maximum(log.at, created[log.lead])])
    once = np.unique(np.stack([lead, at], axis=1), axis=0)
    lead, at = once[:, 0], once[:, 1]
    end = np.full(len(at), OBSERVED_UNTIL)
    end[:-1] = np.where(lead[1:] == lead[:-1], at[1:], OBSERVED_UNTIL)
    silent = at + _QUIET < end
    return lead[silent], at[silent] + _QUIET


def _values(scorer: Scorer, plan: DemoPlan, struck: Bools, lead: Ints, at: Ints) -> Ints:
    if plan.recorded == "double_count":
        scorer = replace(scorer, twice=struck)
    elif plan.recorded == "missing_decay":
        scorer = replace(scorer, forever=struck)
    elif plan.recorded == "rescored":
        at = np.where(struck[lead], OBSERVED_UNTIL, at)
    return score_units(scorer.units(lead, at), _POINTS)


def _between(records: _Records, struck: Bools, rng: np.random.Generator) -> Ints:
    """Draw an instant between the first and the last row of each lead that has lived for a while."""
    first, last = np.full(len(struck), NEVER), np.zeros(len(struck), dtype=np.int64)
    np.minimum.at(first, records.lead, records.at)
    np.maximum.at(last, records.lead, records.at)
    when = first + (rng.random(len(struck)) * (last - first)).astype(np.int64) + 1
    return np.where(struck & (last > first + 2 * DAY), when, NEVER)


def _down_to_zero(scorer: Scorer, when: Ints) -> Ints:
    who = np.flatnonzero(when < OBSERVED_UNTIL)
    by = np.zeros(len(when), dtype=np.int64)
    by[who] = -score_units(scorer.units(who, when[who]), _POINTS)
    return by
