"""What became of each lead after each of its moments: one of four states."""

from __future__ import annotations

from toolkit.backtest.moments import DAY, Outcome
from toolkit.backtest.outcomes.evidence import Evidence, work_sql
from toolkit.backtest.outcomes.placing import before_sql
from toolkit.backtest.outcomes.stages import OUTCOME
from toolkit.backtest.sql import seconds
from toolkit.crm import Crm

__all__ = ["place_outcomes", "place_states", "place_work"]


def place_outcomes(
    crm: Crm,
    schema: str,
    outcome: Outcome,
    evidence: Evidence,
    *,
    until: int,
    episodes: bool = False,
) -> None:
    """Make `<schema>.state` of the first outcome."""
    place_work(crm, schema, evidence, episodes=episodes)
    place_states(crm, schema, outcome, evidence, name="state", position=OUTCOME, until=until)


def place_work(crm: Crm, schema: str, evidence: Evidence, *, episodes: bool) -> None:
    """Make `<schema>.work(l, k, t)` and `<schema>.verdict(l, k, decision)`.

    `t` is the first time that sales acted on the lead. Work of an earlier episode is no work of a
    later one: from the second hand-off on it counts from the hand-off. `decision` is the first of
    sales at or after the moment.
    """
    since = "where mo.k = 0 or acts.t >= mo.s" if episodes else ""
    crm.connection.execute(
        f"""create table {schema}.work as
        with acts as (
          select ids.l, {"acts.t" if episodes else "min(acts.t) as t"}
          from ({work_sql(evidence)}) as acts
          join {schema}.ids as ids on ids.lead_id = acts.lead_id and acts.t >= ids.m
          {"" if episodes else "group by ids.l"})
        select mo.l, mo.k, min(acts.t) as t from {schema}.mo as mo join acts on acts.l = mo.l
        {since} group by mo.l, mo.k""",
        {"stages": list(evidence.stages)} if evidence.stages else None,
    )
    crm.connection.execute(f"""
        create table {schema}.verdict as
        select mo.l, mo.k, first(f.decision order by f.t, f.decision) as decision
        from (select lead_id, decision, {seconds("decided_at")} as t from sales_feedback
              where decision is not null and decided_at is not null) as f
        join {schema}.ids as ids on ids.lead_id = f.lead_id and f.t >= ids.m
        join {schema}.mo as mo on mo.l = ids.l and f.t >= mo.s group by mo.l, mo.k""")


def place_states(
    crm: Crm,
    schema: str,
    outcome: Outcome,
    evidence: Evidence,
    *,
    name: str,
    position: int,
    until: int,
) -> None:
    """Make `<schema>.<name>(l, k, state, organic, decision, o, direct)` of every moment.

    Worked means that sales acted before the outcome (or, without one, before the window closed).
    The outcome itself is no proof of work: if it were, the unworked leads that convert on their
    own would count and those that do not would be left out, and every rate below the bar would
    be 100%. They are `unworked`, flagged `organic`. `o` is the second at which the outcome was
    reached after the moment, whenever that was. Of a further outcome the rows that had reached it
    at or before the moment have no state.
    """
    window = outcome.within_days * DAY
    reached = f"out.t <= mo.s + {window}"
    table, known = _entry_sql(schema, position, outcome)
    worked = "true"
    if evidence.known:
        worked = f"work.t <= case when {reached} then out.t else mo.s + {window} end"
    crm.connection.execute(f"""
        create table {schema}.{name} as
        select mo.l, mo.k,
          case when {known} then null
               when mo.s + {window} > {until} then 'immature'
               when {worked} then case when {reached} then 'converted' else 'not_converted' end
               else 'unworked' end as state,
          coalesce({reached}, false) as organic,
          coalesce(verdict.decision, 'pending') as decision, out.t as o, out.direct
        from {schema}.mo as mo {table}
        left join {schema}.work as work on work.l = mo.l and work.k = mo.k
        left join {schema}.verdict as verdict on verdict.l = mo.l and verdict.k = mo.k""")


def _entry_sql(schema: str, position: int, outcome: Outcome) -> tuple[str, str]:
    """The join that gives `out(t, direct)`, and whether the stage was known to be reached."""
    if outcome.entry == "first":
        join = (
            f"left join {schema}.entry as out on out.l = mo.l and out.stage = {position} "
            f"left join {schema}.passed as passed on passed.l = mo.l and passed.stage = {position}"
        )
        return join, f"coalesce({before_sql('out', 'mo.s')} or passed.t <= mo.s, false)"
    later = f"""
        select m.l, m.k, min(e.t) as t, arg_min(e.direct, 2 * e.t + 1 - e.direct) as direct
        from {schema}.mo as m join {schema}.entries as e
          on e.l = m.l and e.stage = {position} and not {before_sql("e", "m.s")}
        group by m.l, m.k"""
    return f"left join ({later}) as out on out.l = mo.l and out.k = mo.k", "false"
