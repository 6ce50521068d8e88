"""The funnel: what sales said, and which stages a lead reached, each in its own time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from toolkit.backtest.counting.cells import check_same, count_cells, end_of_data, stage_reached
from toolkit.backtest.counting.dimensions import dimension_bands
from toolkit.backtest.counting.scores import has_points
from toolkit.backtest.moments import DAY
from toolkit.backtest.outcomes import evidence_of_work, stage_label
from toolkit.backtest.result import Backtest
from toolkit.backtest.sql import column_names, seconds
from toolkit.counts import FunnelStage, StageCounts
from toolkit.crm import Crm
from toolkit.errors import QuestionError, nearest_first

__all__ = ["count_stages"]

_USUAL = {"accepted": 30, "sql": 90, "won": 180}
_COMMON = 5
"""A reason given less often is not named: it may say who the lead is."""


def count_stages(
    backtest: Backtest,
    crm: Crm,
    *,
    stages: Mapping[str, int] | None = None,
    decide_within_days: int = 30,
    hand_raisers: Sequence[str] = (),
    fit_starts: Sequence[int] | None = None,
    behavior_starts: Sequence[int] | None = None,
    auto_accept_reasons: Sequence[str] = ("auto", "auto_accept", "auto_accepted", "sla"),
) -> StageCounts:
    """Count leads by score, fit, behavior, decision of sales and stages reached.

    Parameters
    ----------
    backtest, crm
        Scored leads, and the CRM they come from.
    stages
        The stages in their order, with the days after the moment in which each may be reached; by
        default accepted within 30, sql within 90 and won within 180 days, as far as they exist.
        The state of a stage is that of a backtest with that outcome: judged once the window has
        passed and sales acted, immature or unworked before.
    decide_within_days
        How long sales has to decide; before that a lead is pending.
    hand_raisers
        Criteria (ids) by which a lead asks to be called, such as a demo request.
    fit_starts, behavior_starts
        Lowest points of the bands of each dimension; by default the model's grades, and without
        any three bands with about equally many leads.
    auto_accept_reasons
        Reason codes of acceptances that a rule made; the source `automation` of a stage change
        says the same.

    Raises
    ------
    QuestionError
        The CRM is another one; a stage or criterion does not exist; no stage is left.
    """
    check_same(backtest, crm)
    windows = _windows(crm, stages)
    chosen = tuple(
        FunnelStage(name, stage_label(crm, name), days) for name, days in windows.items()
    )
    fit = dimension_bands(backtest, "fit", fit_starts)
    behavior = dimension_bands(backtest, "behavior", behavior_starts)
    with ExitStack() as stack:
        schemas = [
            stack.enter_context(stage_reached(backtest, crm, each.name, each.within_days))
            for each in chosen
        ]
        _make_decisions(backtest, crm, schemas[0], auto_accept_reasons)
        states = "".join(
            f", coalesce(state{i}.state, 'already') as stage_{i}" for i in range(len(chosen))
        )
        joined = "".join(
            f" join {schema}.state as state{i} on state{i}.l = sc.l and state{i}.k = sc.k"
            for i, schema in enumerate(schemas)
        )
        rows = f"""
            select sc.score, sc.cluster, {fit.sql} as fit_band, {behavior.sql} as behavior_band,
              {has_points(backtest, hand_raisers)} as hand_raiser,
              {_disposition(end_of_data(crm), decide_within_days, known=evidence_of_work(crm).known)}
                as disposition,
              case when said.t <= sc.s + {decide_within_days * DAY}
                and sc.s + {decide_within_days * DAY} <= {end_of_data(crm)}
                and said.decision in ('rejected', 'recycled') then said.reason else '' end
                as given_reason{states}
            from {backtest.schema}.scored as sc{joined}
            left join {schemas[0]}.said as said on said.l = sc.l and said.k = sc.k
            left join {schemas[0]}.work as work on work.l = sc.l and work.k = sc.k"""
        keys = [
            "score", "fit_band", "behavior_band", "hand_raiser", "disposition", "given_reason",
            *(f"stage_{i}" for i in range(len(chosen))),
        ]  # fmt: skip
        frame, accounts = count_cells(crm.connection, rows, keys)
    names = {f"stage_{i}": each.column for i, each in enumerate(chosen)}
    return StageCounts(
        frame=frame.rename(columns=names).assign(
            score=frame["score"].astype("int64"),
            fit_band=[fit.names[place] for place in frame["fit_band"]],
            behavior_band=[behavior.names[place] for place in frame["behavior_band"]],
        ),
        provenance=backtest.provenance,
        stages=chosen,
        fit_bands=fit.names,
        behavior_bands=behavior.names,
        decide_within_days=decide_within_days,
        hand_raisers=tuple(hand_raisers),
        accounts=accounts,
    )


def _windows(crm: Crm, stages: Mapping[str, int] | None) -> Mapping[str, int]:
    if stages is not None:
        if not stages:
            raise QuestionError("count_stages(stages): expected at least one stage, found none")
        return stages
    known = {
        row[0]
        for row in crm.connection.execute("""
        select distinct stage from stage_changes
        union select 'accepted' from sales_feedback where decision = 'accepted'""").fetchall()
    }
    found = {name: days for name, days in _USUAL.items() if name in known}
    if not found:
        raise QuestionError(
            f"no lead ever entered one of the usual stages {', '.join(_USUAL)}: "
            f"{nearest_first('sql', [name for name in known if name])}. Name them in `stages`"
        )
    return found


def _disposition(until: int, days: int, *, known: bool) -> str:
    end = f"sc.s + {days * DAY}"
    untouched = f"when work.t is null or work.t > {end} then 'untouched'" if known else ""
    return f"""case when {end} > {until} then 'pending'
        when said.t <= {end} then
          case when said.decision = 'accepted' and said.auto then 'auto_accepted'
            else said.decision end
        {untouched} else 'undecided' end"""


def _make_decisions(
    backtest: Backtest, crm: Crm, schema: str, auto_accept_reasons: Sequence[str]
) -> None:
    """Make `<schema>.said(l, k, t, decision, reason, auto)`: the first decision from the moment on.

    The stage `accepted` is a decision too; a decision in the feedback at the same second comes
    first, because it has a reason.
    """
    source = "source" in column_names(crm.connection, "stage_changes")
    automated = "lower(cast(source as varchar)) = 'automation'" if source else "false"
    crm.connection.execute(
        f"""create table {schema}.said as
        with given as (
          select lead_id, {seconds("decided_at")} as t, decision,
            lower(trim(cast(reason_code as varchar))) as reason, 0 as later
          from sales_feedback where decision is not null and decided_at is not null
          union all
          select lead_id, {seconds("entered_at")}, 'accepted',
            case when {automated} then '<auto>' end, 1
          from stage_changes where stage = 'accepted' and entered_at is not null),
        firsts as (
          select sc.l, sc.k, given.t, given.decision, given.reason,
            max(case when given.reason = '<auto>' or given.reason in (select unnest($auto))
                then 1 else 0 end)
              over (partition by sc.l, sc.k, given.t) = 1 as auto,
            row_number() over (partition by sc.l, sc.k
              order by given.t, given.later, given.decision, given.reason) as place
          from {backtest.schema}.scored as sc join given
            on given.lead_id = sc.lead_id and given.t >= sc.s)
        select l, k, t, decision, auto, coalesce(
          case when reason = '' then null
               when count(*) over (partition by reason) >= {_COMMON} then reason
               when reason is not null then 'other reason' end, 'no reason given') as reason
        from firsts where place = 1""",
        {"auto": [reason.lower() for reason in auto_accept_reasons]},
    )
