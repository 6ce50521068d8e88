"""When each lead entered the stages that matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from toolkit.backtest.moments import DAY, Outcome
from toolkit.backtest.sql import make_table, seconds
from toolkit.crm import Crm
from toolkit.errors import QuestionError, nearest_first

__all__ = ["HANDOFF", "OUTCOME", "Wanted", "further_position", "stage_times"]

OUTCOME, HANDOFF = 0, 1
"""Positions of the two stages in `<schema>.entry`; further outcomes follow."""


def further_position(i: int) -> int:
    """Position of the further outcome number i (from 0)."""
    return HANDOFF + 1 + i


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stage that is asked for, and the later ones that say it was passed."""

    position: int
    stage: str
    later: tuple[str, ...] = ()

    @classmethod
    def of(cls, crm: Crm, position: int, outcome: Outcome) -> Wanted:
        """Read what else counts as having passed the stage of an outcome."""
        order = crm.mapping.stage_order
        if outcome.skipped == "missed" or outcome.stage not in order:
            return cls(position, outcome.stage)
        return cls(position, outcome.stage, order[order.index(outcome.stage) + 1 :])


def entered_sql() -> str:
    """Every entry into a stage; acceptance may be a decision rather than a stage."""
    return f"""
        select lead_id, stage, {seconds("entered_at")} as t, is_date_only as d from stage_changes
        union all
        select lead_id, 'accepted', {seconds("decided_at")}, is_date_only from sales_feedback
        where decision = 'accepted'"""


def stage_times(crm: Crm, schema: str, stages: Sequence[Wanted | str], *, until: int) -> None:
    """Make `<schema>.entries(l, stage, t, d, direct)`, `.entry` (the first ones) and `.passed`.

    `stage` is the position asked for (of a mere name its place in the list), so that no name is
    ever part of an SQL text. d is 1 where t
    is the start of a day and the time of day is not known; such an entry on the day of creation
    is not before the creation. `direct` is 0 where a later stage says that this one was passed.
    `passed(l, stage, t)`: since when a survivor is known to have entered it as the lead that was
    merged into it.
    """
    wanted = [
        each if isinstance(each, Wanted) else Wanted(i, each) for i, each in enumerate(stages)
    ]
    _refuse_unknown(crm, wanted)
    names = pd.DataFrame(
        [(each.position, name, int(name == each.stage)) for each in wanted
         for name in (each.stage, *each.later)],
        columns=["position", "name", "direct"],
    )  # fmt: skip
    make_table(crm.connection, f"{schema}.wanted", names)
    dated = f"e.d and e.t < lead.c and lead.c < e.t + {DAY}"
    crm.connection.execute(f"""
        create table {schema}.entries as
        select ids.l, cast(wanted.position as integer) as stage,
          case when {dated} then lead.c else e.t end as t, cast(e.d as integer) as d,
          cast(wanted.direct as integer) as direct
        from ({entered_sql()}) as e join {schema}.wanted as wanted on wanted.name = e.stage
          join {schema}.ids as ids on ids.lead_id = e.lead_id and e.t >= ids.m
          join {schema}.lead as lead on lead.l = ids.l
        where e.t <= {until}""")
    # The same entry is often there twice: as a date, and with its time of day.
    crm.connection.execute(f"""
        delete from {schema}.entries as day where d = 1 and exists (
          select 1 from {schema}.entries as exact
          where exact.l = day.l and exact.stage = day.stage and exact.d = 0
            and exact.t >= day.t and exact.t < day.t + {DAY})""")
    crm.connection.execute(f"""
        create table {schema}.entry as
        select l, stage, min(t) as t, cast(arg_min(d, 2 * t + d) as integer) as d,
          cast(arg_min(direct, 2 * t + 1 - direct) as integer) as direct
        from {schema}.entries group by l, stage""")
    crm.connection.execute(f"""
        create table {schema}.passed as
        select ids.l, cast(wanted.position as integer) as stage, min(ids.m) as t
        from ({entered_sql()}) as e join {schema}.wanted as wanted on wanted.name = e.stage
          join {schema}.ids as ids on ids.lead_id = e.lead_id and ids.inherits = 1 and e.t < ids.m
        group by all""")


def _refuse_unknown(crm: Crm, wanted: Sequence[Wanted]) -> None:
    known = [
        row[0]
        for row in crm.connection.execute(
            f"select distinct stage from ({entered_sql()}) where stage is not null"
        ).fetchall()
    ]
    for each in wanted:
        if each.stage not in known:
            raise QuestionError(
                f"no lead ever entered a stage '{each.stage}': {nearest_first(each.stage, known)}. "
                "Name one of these, or say in crm.yaml under 'stages' which of your stages it is"
            )
