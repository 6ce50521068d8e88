"""Which moments can be used, and why the others cannot: each lead is counted once."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.backtest.moments import (
    DAY,
    AtAge,
    AtCrossing,
    AtHandoff,
    AtMoments,
    AtScoreChange,
    Moment,
    Outcome,
)
from toolkit.backtest.outcomes.candidates import candidates_sql
from toolkit.backtest.outcomes.stages import OUTCOME
from toolkit.counts import FlowStep
from toolkit.crm import Crm
from toolkit.errors import DataError

__all__ = ["Placed", "before_sql", "place_moments"]


@dataclass(frozen=True, slots=True)
class Placed:
    """What placing the moments found; `<schema>.mo(l, k, s)` holds those that can be used."""

    excluded: tuple[FlowStep, ...]
    """Leads without any moment that can be used, by the reason of the first."""
    several: bool
    """Whether some lead has more than one moment, be it one that cannot be used."""
    texts: dict[str, str]
    """The words of each reason; `<schema>.unused(l, k, why)` holds the moments."""


def before_sql(when: str, moment: str) -> str:
    """Whether an entry (alias `when`: t, d) cannot be taken as later than a moment.

    An entry with a date and no time lies somewhere in its day: it is later than a moment at the
    first second of that day, and whether it is later than one inside the day cannot be told.
    """
    return f"({when}.t < {moment} or ({when}.t = {moment} and {when}.d = 0))"


def place_moments(
    crm: Crm,
    schema: str,
    moment: Moment,
    outcome: Outcome,
    *,
    handoff_stage: str,
    label: str,
    until: int,
) -> Placed:
    """Make `<schema>.mo(l, k, s)` and say which leads have no moment, and why.

    A lead that reached the outcome at or before its moment is no longer a prediction; one whose
    outcome is dated on a day before its creation contradicts itself.
    """
    connection = crm.connection
    candidates = candidates_sql(crm, schema, moment, until=until)
    reached = "false"
    if outcome.entry == "first":
        reached = f"coalesce({before_sql('o', 'm.s')}, false)"
    # Days are compared, not seconds: an outcome that carries only a date means its first second.
    connection.execute(f"""
        create table {schema}.placed as
        select m.l, m.k, m.s, case
            when o.t is not null and o.t // {DAY} < lead.c // {DAY} then 'contradiction'
            when m.reason is not null then m.reason
            when gone.t <= m.s then 'merged'
            when {reached} and o.d = 1 and m.s < o.t + {DAY} then 'day'
            when {reached} or ({outcome.entry == "first"} and passed.t <= m.s) then 'earlier'
          end as why
        from ({candidates}) as m join {schema}.lead as lead on lead.l = m.l
        left join {schema}.entry as o on o.l = m.l and o.stage = {OUTCOME}
        left join {schema}.passed as passed on passed.l = m.l and passed.stage = {OUTCOME}
        left join {schema}.gone as gone on gone.l = m.l""")
    connection.execute(
        f"create table {schema}.mo as select l, k, s from {schema}.placed where why is null"
    )
    connection.execute(
        f"create table {schema}.unused as select l, k, why from {schema}.placed where why is not null"
    )
    several = connection.execute(
        f"select coalesce(count(*) > count(distinct l), false) from {schema}.placed"
    ).fetchall()
    connection.execute(f"drop table {schema}.placed")
    texts = _texts(moment, handoff_stage, label)
    return Placed(_exclusions(crm, schema, texts), bool(several[0][0]), texts)


def _texts(moment: Moment, handoff_stage: str, label: str) -> dict[str, str]:
    texts = {
        "contradiction": f"{label} dated on a day before the lead was created",
        "earlier": f"{label} reached before the moment of scoring",
        "day": f"{label} dated on the day of the moment, before or after it cannot be told",
        "merged": "merged into another lead before the moment of scoring",
        "never": f"never entered the stage '{handoff_stage}'",
        "before": f"entered the stage '{handoff_stage}' before the lead was created",
        "closed": "no period ended while the lead was open",
        "none": _none(moment),
        "early": "the moment is before the lead was created",
        "late": "the moment is after observed_until",
    }
    if isinstance(moment, AtAge):
        texts["young"] = f"younger than {moment.days} days at observed_until"
    return texts


def _none(moment: Moment) -> str:
    if isinstance(moment, AtCrossing):
        return f"the replayed score never reached {moment.threshold}"
    if isinstance(moment, AtScoreChange):
        return "no change of the score was recorded"
    return "no moment was given" if isinstance(moment, AtMoments | AtHandoff) else "no moment"


def _exclusions(crm: Crm, schema: str, texts: dict[str, str]) -> tuple[FlowStep, ...]:
    """Count each lead once, by the reason of its first unusable moment."""
    rows = crm.connection.execute(f"""
        select why, count(*) from (
          select l, arg_min(why, k) as why from {schema}.unused
          where l not in (select l from {schema}.mo) group by l)
        group by why""").fetchall()
    counts = {str(why): int(n) for why, n in rows}
    if crm.connection.execute(f"select count(*) from {schema}.mo").fetchall()[0][0] == 0:
        reasons = "; ".join(f"{n:,} {texts[why]}" for why, n in sorted(counts.items()))
        raise DataError(
            f"no lead is left to score ({reasons}). Expected at least one; check the moment, "
            "the stages and observed_until"
        )
    return tuple(FlowStep("excluded", texts[why], counts[why]) for why in texts if counts.get(why))
