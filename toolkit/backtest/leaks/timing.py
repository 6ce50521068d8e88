"""What was recorded on which side of a lead's hand-off and outcome."""

from __future__ import annotations

import pandas as pd

from toolkit.backtest.moments import DAY
from toolkit.backtest.outcomes import HANDOFF, OUTCOME
from toolkit.backtest.reconcile.recorded import history_sql
from toolkit.backtest.sql import seconds
from toolkit.counts import TimingCounts
from toolkit.crm import Crm

__all__ = ["count_timing"]

_SPAN = 30 * DAY
_WEEK = 7 * DAY
_COLUMNS = ["about", "name", "question", "n", "late", "accounts"]
_GROUP = "coalesce('in ' || lead.account, 'lead ' || lead.lead_id)"


def count_timing(crm: Crm, schema: str, *, handoff: bool, until: int) -> TimingCounts:
    """Count on `<schema>.lead`, `<schema>.entry` and `<schema>.state`; see TimingCounts."""
    parts, unknown = [], []
    if "lead_changes" in crm.tables:
        parts.append(_first_set(crm, schema))
    else:
        unknown.append("when fields were first set (no table lead_changes)")
    if "activities" in crm.tables:
        parts.append(_activities(crm, schema, OUTCOME, until))
        if handoff:
            parts.append(_activities(crm, schema, HANDOFF, until))
        else:
            unknown.append("which activities follow the hand-off (no hand-off is recorded)")
    else:
        unknown.append("which activities follow the hand-off (no table activities)")
    if "score_history" in crm.tables:
        parts.append(_moved(crm, schema))
    else:
        unknown.append("whether scores moved after the outcome (no table score_history)")
    filled = [part for part in parts if len(part)]
    frame = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=_COLUMNS)
    return TimingCounts(frame[_COLUMNS], tuple(unknown))


def _first_set(crm: Crm, schema: str) -> pd.DataFrame:
    """Of the converted leads in which a field was ever set: those with it first set too late.

    A first recorded change that replaces a value proves that there was one before it.
    """
    return crm.connection.execute(f"""
        select 'field' as about, field as name, 'first_set' as question, count(*) as n,
          count(*) filter ({_late("first", "o")}) as late, count(distinct g) as accounts
        from (
          select change.field, {_GROUP} as g, e.t as o, e.d,
            case when bool_or(change.old_value is not null and change.valid_from = f.begun) then lead.c
                 else min({seconds("change.valid_from")}) filter (change.value is not null) end as first
          from lead_changes as change
          join (select lead_id, field, min(valid_from) as begun from lead_changes group by all) as f
            on f.lead_id = change.lead_id and f.field = change.field
          join {schema}.lead as lead on lead.lead_id = change.lead_id
          join {schema}.entry as e on e.l = lead.l and e.stage = {OUTCOME}
          join {schema}.state as state on state.l = lead.l and state.state = 'converted'
          where change.field is not null and change.valid_from is not null
          group by change.field, lead.lead_id, lead.account, lead.c, e.t, e.d)
        where first is not null group by field order by field""").df()


def _late(first: str, outcome: str) -> str:
    """At or after, to the second; where one of them is a date only, on a later day.

    A change of which only the date is known counts from the last second of its day.
    """
    dated = f"(d = 1 or {first} % {DAY} = {DAY - 1})"
    return f"case when {dated} then {first} // {DAY} > {outcome} // {DAY} else {first} >= {outcome} end"


def _activities(crm: Crm, schema: str, stage: int, until: int) -> pd.DataFrame:
    """Of the leads with a type of activity on one side only of a stage: those with it after.

    Both sides are equally long: as long as the lead is old and has been seen, 30 days at most.
    """
    # What happens in the very second lifts a lead over the bar, but follows from an outcome.
    after = "a.t >= e.t" if stage == OUTCOME else "a.t > e.t"
    question = "after_outcome" if stage == OUTCOME else "after_handoff"
    return crm.connection.execute(f"""
        with e as (
          select lead.l, lead.lead_id, {_GROUP} as g, e.t,
            least({_SPAN}, e.t - lead.c, {until} - e.t) as w
          from {schema}.entry as e join {schema}.lead as lead on lead.l = e.l
          where e.stage = {stage}),
        a as (select lead_id, activity_type as name, {seconds("occurred_at")} as t from activities
              where occurred_at is not null and activity_type is not null
                and not coalesce(is_machine, false)),
        s as (select e.l, e.g, a.name, bool_or({after}) as late, bool_or(not ({after})) as early
              from e join a on a.lead_id = e.lead_id
              where e.w > 0 and a.t >= e.t - e.w and a.t <= e.t + e.w
              group by e.l, e.g, a.name)
        select 'activity' as about, name, '{question}' as question, count(*) as n,
          count(*) filter (late) as late, count(distinct g) as accounts
        from s where late <> early group by name order by name""").df()


def _moved(crm: Crm, schema: str) -> pd.DataFrame:
    """Of the converted leads whose score changed on one of two days only: those on the later."""
    return crm.connection.execute(f"""
        with r as ({history_sql()}),
        c as (select lead_id, name, t from (
                select *, lag(value) over (partition by lead_id, name order by t) as before from r)
              where before is not null and value <> before),
        s as (select lead.l, {_GROUP} as g, c.name,
                bool_or(c.t >= e.t) as late, bool_or(c.t < e.t) as early
              from c join {schema}.lead as lead on lead.lead_id = c.lead_id
              join {schema}.entry as e on e.l = lead.l and e.stage = {OUTCOME}
              join {schema}.state as state on state.l = lead.l and state.state = 'converted'
              where lead.c <= e.t - {_WEEK}
                and (c.t between e.t and e.t + {DAY - 1}
                     or c.t between e.t - {_WEEK} and e.t - {_WEEK - DAY + 1})
              group by lead.l, g, c.name)
        select 'score' as about, name, 'moved' as question, count(*) as n,
          count(*) filter (late) as late, count(distinct g) as accounts
        from s where late <> early group by name order by name""").df()
