"""Moments per lead, and what became of each lead after its moment: one of four states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from toolkit.backtest.moments import DAY, AtAge, AtHandoff, Moment, Outcome
from toolkit.backtest.sql import seconds
from toolkit.counts import FlowStep
from toolkit.crm import Crm
from toolkit.errors import DataError, QuestionError, nearest_first

OUTCOME, HANDOFF = 0, 1
"""Positions of the two stages in `<schema>.entry`."""

_ABBREVIATION = 3

__all__ = [
    "Evidence",
    "evidence_of_work",
    "place_moments",
    "place_outcomes",
    "stage_label",
    "stage_times",
]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves that sales acted on a lead; empty means that all leads count as worked."""

    feedback: bool = False
    activity: bool = False
    stages: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether any table says which leads sales worked."""
        return self.feedback or self.activity or bool(self.stages)

    def words(self) -> str:
        """In the words of a reader."""
        parts = ["a decision in the sales feedback"] * self.feedback
        parts += ["a sales activity"] * self.activity
        parts += [f"entry into the stage '{stage}'" for stage in self.stages]
        return " or ".join(parts)


def evidence_of_work(crm: Crm) -> Evidence:
    """Read what was settled when connecting, from the mapping or from the tables there are."""
    words = crm.worked_by
    if "all" in words:
        return Evidence()
    stages = tuple(word.removeprefix("stage:") for word in words if word.startswith("stage:"))
    return Evidence("feedback" in words, "sales_activity" in words, stages)


def stage_label(crm: Crm, stage: str) -> str:
    """The team's word for a stage; a short one without a word is an abbreviation."""
    plain = stage.upper() if len(stage) <= _ABBREVIATION else stage.replace("_", " ")
    return crm.mapping.labels.get(stage, plain)


def stage_times(crm: Crm, schema: str, stages: Sequence[str], *, until: int) -> None:
    """Make `<schema>.entry(l, stage, t)`: the first entry into each stage asked for.

    `stage` is the position in `stages`, so that no name is ever part of an SQL text.
    `accepted` is also read from the sales feedback, where it is a decision rather than a stage.
    """
    query = f"""
        select lead_id, stage, {seconds("entered_at")} as t from stage_changes
        union all
        select lead_id, 'accepted', {seconds("decided_at")} from sales_feedback
        where decision = 'accepted'"""
    known = [
        row[0]
        for row in crm.connection.execute(
            f"select distinct stage from ({query}) where stage is not null"
        ).fetchall()
    ]
    for stage in stages:
        if stage not in known:
            raise QuestionError(
                f"no lead ever entered a stage '{stage}': {nearest_first(stage, known)}. "
                "Name one of these, or say in crm.yaml under 'stages' which of your stages it is"
            )
    crm.connection.execute(
        f"""create table {schema}.entry as
        select lead.l, cast(list_position($stages, e.stage) - 1 as integer) as stage, min(e.t) as t
        from ({query}) as e join {schema}.lead as lead on lead.lead_id = e.lead_id
        where e.stage in (select unnest($stages)) and e.t <= {until} group by lead.l, e.stage""",
        {"stages": list(stages)},
    )


def place_moments(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    moment: Moment,
    *,
    handoff_stage: str,
    label: str,
    until: int,
) -> tuple[FlowStep, ...]:
    """Make `<schema>.mo(l, k, s)` and say which leads have no moment, and why.

    A lead that reached the outcome at or before its moment is no longer a prediction; one whose
    outcome is dated on a day before its creation contradicts itself.
    """
    candidates = _candidates_sql(schema, moment, until)
    connection.execute(
        f"""create table {schema}.candidate as
        select m.l, m.k, m.s, m.reason as why, out.t as o, lead.c
        from ({candidates}) as m join {schema}.lead as lead on lead.l = m.l
        left join {schema}.entry as out on out.l = m.l and out.stage = {OUTCOME}"""
    )
    # Days are compared, not seconds: an outcome that carries only a date means its first second.
    connection.execute(f"""
        create table {schema}.placed as
        select l, k, s, case when o is not null and o // {DAY} < c // {DAY} then 'contradiction'
            when why is not null then why when o <= s then 'earlier' end as why
        from {schema}.candidate""")
    connection.execute(
        f"create table {schema}.mo as select l, k, s from {schema}.placed where why is null"
    )
    return _exclusions(connection, schema, _texts(moment, handoff_stage, label))


def _candidates_sql(schema: str, moment: Moment, until: int) -> str:
    """Every moment a lead might have; `reason` says why one cannot be used."""
    if isinstance(moment, AtAge):
        return f"""
            select l, 0 as k, c + {moment.days * DAY} as s,
              case when c + {moment.days * DAY} > {until} then 'young' end as reason
            from {schema}.lead"""
    if isinstance(moment, AtHandoff):
        return f"""
            select lead.l, 0 as k, e.t as s, case when e.t is null then 'never'
              when e.t < lead.c then 'before' end as reason
            from {schema}.lead as lead
            left join {schema}.entry as e on e.l = lead.l and e.stage = {HANDOFF}"""
    oldest = (
        "" if moment.max_age_days is None else f"and p.s <= lead.c + {moment.max_age_days * DAY}"
    )
    step = "3 months" if moment.period == "quarter" else "1 month"
    # The last second of a period, so that a moment belongs to the period it closes.
    return f"""
        with span as (select min(c) as first from {schema}.lead),
        p as (select row_number() over (order by ending) as k, epoch_us(ending) // 1000000 - 1 as s
              from (select unnest(generate_series(
                date_trunc('{moment.period}', make_timestamp(span.first * 1000000)) + interval {step},
                make_timestamp(cast({until + 1} as bigint) * 1000000), interval {step})) as ending from span))
        select lead.l, coalesce(p.k, 0) as k, p.s, case when p.s is null then 'closed' end as reason
        from {schema}.lead as lead
        left join p on p.s >= lead.c {oldest}"""


def _texts(moment: Moment, handoff_stage: str, label: str) -> dict[str, str]:
    texts = {
        "contradiction": f"{label} dated on a day before the lead was created",
        "earlier": f"{label} reached before the moment of scoring",
        "never": f"never entered the stage '{handoff_stage}'",
        "before": f"entered the stage '{handoff_stage}' before the lead was created",
        "closed": "no period ended while the lead was open",
    }
    if isinstance(moment, AtAge):
        texts["young"] = f"younger than {moment.days} days at observed_until"
    return texts


def _exclusions(
    connection: duckdb.DuckDBPyConnection, schema: str, texts: dict[str, str]
) -> tuple[FlowStep, ...]:
    """Count each lead once, by the reason of its first unusable moment."""
    rows = connection.execute(f"""
        select why, count(*) from (
          select l, arg_min(why, k) as why from {schema}.placed
          where l not in (select l from {schema}.mo) group by l)
        group by why""").fetchall()
    counts = {str(why): int(n) for why, n in rows}
    connection.execute(f"drop table {schema}.candidate; drop table {schema}.placed")
    if connection.execute(f"select count(*) from {schema}.mo").fetchall()[0][0] == 0:
        reasons = "; ".join(f"{n:,} {texts[why]}" for why, n in sorted(counts.items()))
        raise DataError(
            f"no lead is left to score ({reasons}). Expected at least one; check the moment, "
            "the stages and observed_until"
        )
    return tuple(FlowStep("excluded", texts[why], counts[why]) for why in texts if counts.get(why))


def place_outcomes(
    crm: Crm, schema: str, outcome: Outcome, evidence: Evidence, *, until: int
) -> None:
    """Make `<schema>.state(l, k, state, organic, decision)` of every moment.

    Worked means that sales acted before the outcome (or, without one, before the window closed).
    The outcome itself is no proof of work: if it were, the unworked leads that convert on their
    own would count and those that do not would be left out, and every rate below the bar would
    be 100%. They are `unworked`, flagged `organic`.
    """
    window = outcome.within_days * DAY
    crm.connection.execute(
        f"create table {schema}.work as {_work_sql(schema, evidence)}",
        {"stages": list(evidence.stages)} if evidence.stages else None,
    )
    crm.connection.execute(
        f"""create table {schema}.state as
        select mo.l, mo.k,
          case when mo.s + {window} > {until} then 'immature'
               when {_worked(evidence, window)} then
                 case when out.t <= mo.s + {window} then 'converted' else 'not_converted' end
               else 'unworked' end as state,
          coalesce(out.t <= mo.s + {window}, false) as organic,
          coalesce(said.decision, 'pending') as decision
        from {schema}.mo as mo
        left join {schema}.entry as out on out.l = mo.l and out.stage = {OUTCOME}
        left join {schema}.work as work on work.l = mo.l
        left join ({_decision_sql(schema)}) as said on said.l = mo.l and said.k = mo.k"""
    )


def _worked(evidence: Evidence, window: int) -> str:
    if not evidence.known:
        return "true"
    return f"work.t <= case when out.t <= mo.s + {window} then out.t else mo.s + {window} end"


def _work_sql(schema: str, evidence: Evidence) -> str:
    """The first time that sales acted on each lead."""
    parts = ["select null::varchar as lead_id, null::bigint as t where false"]
    if evidence.feedback:
        parts.append(f"""select lead_id, {seconds("decided_at")} from sales_feedback
            where decision in ('accepted', 'rejected', 'recycled')""")
    if evidence.activity:
        parts.append(
            f"select lead_id, {seconds('occurred_at')} from activities where role = 'sales'"
        )
    if evidence.stages:
        parts.append(f"""select lead_id, {seconds("entered_at")} from stage_changes
            where stage in (select unnest($stages))""")
    return f"""select lead.l, min(acts.t) as t from ({" union all ".join(parts)}) as acts
        join {schema}.lead as lead on lead.lead_id = acts.lead_id group by lead.l"""


def _decision_sql(schema: str) -> str:
    """The first decision of sales at or after the moment."""
    return f"""select mo.l, mo.k, first(f.decision order by f.t, f.decision) as decision
        from (select lead_id, decision, {seconds("decided_at")} as t from sales_feedback
              where decision is not null and decided_at is not null) as f
        join {schema}.lead as lead on lead.lead_id = f.lead_id
        join {schema}.mo as mo on mo.l = lead.l and f.t >= mo.s group by mo.l, mo.k"""
