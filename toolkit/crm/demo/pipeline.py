"""The traces that sales leaves: stages, decisions with reasons, calls and meetings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .behavior import CALL, MEETING, Log, log_of, merge_logs
from .calendar import after_working_time
from .plan import DAY, NEVER, OBSERVED_UNTIL, Bools, Floats, Ints, coin
from .sales import WAYS, Fates, Moments

if TYPE_CHECKING:
    from .people import People

__all__ = ["REASONS", "STAGES", "Trail", "draw_trail"]

STAGES = ("MQL", "Accepted", "SQL", "Opportunity", "Won", "Lost", "Recycled", "Disqualified")
_MQL, _ACCEPTED, _SQL, _OPPORTUNITY, _WON, _LOST, _RECYCLED, _DISQUALIFIED = range(8)
REASONS = (
    "no_budget",
    "not_reachable",
    "no_need",
    "wrong_timing",
    "duplicate",
    "competitor",
    "wrong_region",
    "student",
    "too_small",
)
_USUAL = (0.29, 0.28, 0.19, 0.15, 0.06, 0.03)
_TIMING, _REGION, _STUDENT, _SMALL = 3, 6, 7, 8
_SMALL_COMPANY = 20
_SLA_DAYS = 14


@dataclass(frozen=True, slots=True)
class Trail:
    """The rows that sales leaves in the CRM, up to the end of what the export saw."""

    stages: Log
    """`kind` is the position in STAGES."""
    feedback: pd.DataFrame
    """lead (number), at (seconds), decision, reason_code."""
    contacts: Log
    """Calls and meetings."""


def draw_trail(people: People, moments: Moments, fates: Fates, rng: np.random.Generator) -> Trail:
    """Draw stages, decisions and contacts that agree with each lead's fate."""
    reason = _reasons(people, rng)
    recycled = reason == _TIMING
    stages = _stages(people, moments, fates, recycled, rng)
    contacts = [_calls(people, moments, fates, rng), _meetings(people, fates, rng)]
    return Trail(stages, _feedback(moments, fates, reason), merge_logs(contacts))


def _reasons(people: People, rng: np.random.Generator) -> Ints:
    """Draw the reason that sales would give, mostly one that the lead's fields suggest."""
    n = len(people.created)
    reason = rng.choice(len(_USUAL), size=n, p=_USUAL)
    size = people.leads["employees"].fillna(10**9).to_numpy(dtype=np.int64)
    region = people.leads["region"].to_numpy().astype(str)
    for code, holds, share in (
        (_SMALL, size < _SMALL_COMPANY, 0.3),
        (_REGION, np.isin(region, ["apac", "latam"]), 0.45),
        (_STUDENT, people.student, 0.8),
    ):
        reason = np.where(holds & coin(n, share, rng), code, reason)
    return reason


def _later(after: Ints, happens: Bools, days: Floats, people: People) -> Ints:
    """Give the instant that follows `after` by so many days, NEVER where it does not happen."""
    begun = happens & (after < NEVER)
    start = np.where(begun, after, 0)
    return np.where(begun, after_working_time(start, days, people.hours_behind), NEVER)


def _stages(
    people: People, moments: Moments, fates: Fates, recycled: Bools, rng: np.random.Generator
) -> Log:
    n = len(people.created)
    handed_over = np.isin(moments.way, [WAYS.index("handed_over")])
    refused = moments.worked & ~fates.accepted
    fades = fates.accepted & (fates.sql == NEVER) & coin(n, 0.7, rng)
    ignored = handed_over & ~moments.worked & (fates.sql == NEVER)
    opportunity = _later(fates.sql, coin(n, 0.6, rng), rng.gamma(1.6, 9.0, size=n), people)
    wins = coin(n, np.where(people.target_icp, 0.36, 0.24), rng)
    loses = ~wins & coin(n, 0.65, rng)
    entered = {
        _MQL: np.where(handed_over, moments.when, NEVER),
        _ACCEPTED: np.where(fates.accepted, fates.decided, NEVER),
        _SQL: fates.sql,
        _OPPORTUNITY: opportunity,
        _WON: _later(opportunity, wins, rng.gamma(2.2, 26.0, size=n), people),
        _LOST: _later(opportunity, loses, rng.gamma(1.8, 34.0, size=n), people),
        _RECYCLED: np.where(
            refused & recycled,
            fates.decided,
            np.where(
                ignored,
                moments.when + _SLA_DAYS * DAY,
                _later(fates.decided, fades, rng.uniform(35, 85, size=n), people),
            ),
        ),
        _DISQUALIFIED: np.where(refused & ~recycled, fates.decided, NEVER),
    }
    leads = np.arange(n)
    return merge_logs(log_of(leads, at, stage) for stage, at in entered.items())


def _feedback(moments: Moments, fates: Fates, reason: Ints) -> pd.DataFrame:
    """List one decision per lead that came to sales; untouched ones get `no_response` in time."""
    untouched = np.isin(moments.way, [WAYS.index("handed_over")]) & ~moments.worked
    at = np.where(untouched, moments.when + _SLA_DAYS * DAY, fates.decided)
    refusal = np.where(reason == _TIMING, "recycled", "rejected")
    decision = np.where(untouched, "no_response", np.where(fates.accepted, "accepted", refusal))
    given = np.array(REASONS, dtype=object)[reason]
    given[untouched | fates.accepted] = None
    lead = np.flatnonzero(at < OBSERVED_UNTIL)
    return pd.DataFrame(
        {
            "lead": lead,
            "at": at[lead],
            "decision": decision[lead].astype(object),
            "reason_code": given[lead],
        }
    )


def _calls(people: People, moments: Moments, fates: Fates, rng: np.random.Generator) -> Log:
    """Draw calls: one at the decision, others between the moment and some days after it."""
    worked = np.flatnonzero(moments.worked)
    first = fates.decided[worked] - rng.integers(180, 1500, size=len(worked))
    lead = np.repeat(worked, rng.poisson(2.4, size=len(worked)))
    waited = (fates.decided[lead] - moments.when[lead]) / DAY
    delay = rng.random(len(lead)) * (waited + 12 * fates.accepted[lead])
    at = after_working_time(moments.when[lead], delay, people.hours_behind[lead])
    at_work = fates.accepted[lead] | (at < fates.decided[lead])
    return merge_logs([log_of(worked, first, CALL), log_of(lead[at_work], at[at_work], CALL)])


def _meetings(people: People, fates: Fates, rng: np.random.Generator) -> Log:
    """Draw meetings of accepted leads; those that become SQL have more, before it."""
    becomes = fates.accepted & (fates.sql < NEVER)
    mean = np.where(becomes, 1.3, np.where(fates.accepted, 0.35, 0.0))
    lead = np.repeat(np.arange(len(mean)), rng.poisson(mean))
    days = np.where(becomes, (np.where(becomes, fates.sql, 0) - fates.decided) / DAY, 30.0)[lead]
    start = fates.decided[lead]
    at = after_working_time(start, rng.random(len(lead)) * days, people.hours_behind[lead])
    in_time = at < fates.sql[lead]
    return log_of(lead[in_time], at[in_time], MEETING)
