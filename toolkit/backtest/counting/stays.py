"""How long leads stay in a stage, and how soon sales first touches them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from toolkit.backtest.counting.cells import check_same, count_cells, end_of_data
from toolkit.backtest.counting.scores import counts_by
from toolkit.backtest.moments import DAY
from toolkit.backtest.result import Backtest
from toolkit.backtest.sql import column_names, seconds
from toolkit.counts import ScoreCounts, StayCounts
from toolkit.crm import Crm
from toolkit.errors import QuestionError

__all__ = ["count_responses", "count_stays"]


def count_stays(backtest: Backtest, crm: Crm) -> StayCounts:
    """Count the stays of scored leads in stages, by whole days and whether the lead moved on.

    A stay begins with an entry into a stage at or after the (first) moment of a lead and ends
    with its next entry into another stage, or with `left_at` where the table has it; what has not
    ended at `observed_until` is still going on. Entries at the same second are taken in the order
    in which leads usually reach the stages.
    """
    check_same(backtest, crm)
    frame, accounts = count_cells(
        crm.connection, _stays_sql(backtest, crm), ("stage", "days", "moved")
    )
    return StayCounts(frame.astype({"days": "int64"}), backtest.provenance, accounts)


def _stays_sql(backtest: Backtest, crm: Crm) -> str:
    until = end_of_data(crm)
    has_end = "left_at" in column_names(crm.connection, "stage_changes")
    left = seconds("change.left_at") if has_end else "cast(null as bigint)"
    return f"""
        with whom as (
          select l, any_value(lead_id) as lead_id, any_value(cluster) as cluster, min(s) as s
          from {backtest.schema}.scored group by l),
        entered as (
          select whom.l, whom.cluster, change.stage, {seconds("change.entered_at")} as t,
            {left} as left_at, {seconds("change.entered_at")} - whom.s as since
          from whom join stage_changes as change on change.lead_id = whom.lead_id
          where change.stage is not null and change.entered_at is not null
            and {seconds("change.entered_at")} between whom.s and {until}),
        usual as (select *, avg(since) over (partition by stage) as place from entered),
        before as (
          select *, lag(stage) over w as previous from usual
          window w as (partition by l order by t, place, stage)),
        stay as (
          select l, cluster, stage, t, left_at, lead(t) over w as next from before
          where previous is null or previous <> stage
          window w as (partition by l order by t, place, stage)),
        ended as (
          select *, least(next, case when left_at between t and {until} then left_at end) as done
          from stay)
        select stage, cluster, coalesce(done, {until}) - t as length,
          cast((coalesce(done, {until}) - t) // {DAY} as bigint) as days,
          done is not null as moved
        from ended"""


def count_responses(
    backtest: Backtest, crm: Crm, *, hours: Sequence[int] = (1, 4, 24, 72)
) -> ScoreCounts:
    """Count leads by score, state and how soon after the moment sales first touched them.

    The axis `response` has one value per span of `hours` (each ends inclusive), `later`, `before
    the moment` and `never`. A touch is a sales activity; where the export has none, a decision in
    the sales feedback. Only a touch before the outcome makes a lead judged, as everywhere.

    How soon sales calls is their choice: they may call the leads first that look best, or that
    picked up the phone. Rates by response say what went together, never what a faster call would
    do.

    Raises
    ------
    QuestionError
        The CRM is another one, the spans do not rise, or nothing says when sales touched a lead.
    """
    check_same(backtest, crm)
    if not hours or any(a >= b for a, b in zip((0, *hours), hours, strict=False)):
        raise QuestionError(
            f"hours is {tuple(hours)}: expected rising whole hours such as 1, 4, 24"
        )
    source = _touches(crm)
    rows = f"({_responses_sql(backtest, source, end_of_data(crm), hours)})"
    counts = counts_by(backtest, rows, "response", "response")
    note = (
        "Response is the time from the moment to the first sales activity."
        if "activities" in source
        else "No sales activities are known: response is the time to the first decision of sales."
    )
    caveats = (*backtest.provenance.caveats, note)
    return replace(counts, provenance=replace(backtest.provenance, caveats=caveats))


def _touches(crm: Crm) -> str:
    """Where a touch is read from: calls and meetings before decisions, which come after them."""
    calls = f"select lead_id, {seconds('occurred_at')} as t from activities where role = 'sales'"
    decisions = f"""select lead_id, {seconds("decided_at")} as t from sales_feedback
        where decision in ('accepted', 'rejected', 'recycled')"""
    for query in (calls, decisions):
        if crm.connection.execute(f"select 1 from ({query}) limit 1").fetchall():
            return query
    raise QuestionError(
        "nothing says when sales touched a lead: give activity types the role 'sales' in crm.yaml, "
        "or the table sales_feedback"
    )


def _responses_sql(backtest: Backtest, source: str, until: int, hours: Sequence[int]) -> str:
    spans = [
        f"within {hours[0]} h",
        *(f"{a} to {b} h" for a, b in pairwise(hours)),
    ]
    cases = " ".join(
        f"when first_t - s <= {end * 3600} then '{name}'"
        for end, name in zip(hours, spans, strict=True)
    )
    return f"""
        select sc.*, case when first_t is null then 'never' when first_t < s then
            'before the moment' {cases} else 'later' end as response
        from {backtest.schema}.scored as sc
        left join (select lead_id as touched, min(t) as first_t from ({source})
                   where t <= {until} group by lead_id) on touched = sc.lead_id"""
