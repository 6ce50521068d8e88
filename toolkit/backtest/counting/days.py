"""Days from the moment to the outcome, to being turned down, or to the end of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from toolkit.backtest.counting.cells import check_same, count_cells, end_of_data, stage_reached
from toolkit.backtest.moments import DAY
from toolkit.backtest.outcomes import evidence_of_work
from toolkit.backtest.result import Backtest
from toolkit.backtest.sql import seconds
from toolkit.counts import DayCounts
from toolkit.crm import Crm
from toolkit.errors import QuestionError

__all__ = ["count_days"]


def count_days(
    backtest: Backtest,
    crm: Crm,
    *,
    stage: str = "sql",
    rivals: Sequence[str] = ("disqualified", "recycled"),
    within_days: int = 365,
) -> DayCounts:
    """Count leads by score, day and whether they converted, were turned down, or are open.

    All scored leads count from their moment on, worked or not: who will be worked is not known on
    the first day, and leaving the others out would make the first days look better than they were.

    Parameters
    ----------
    backtest, crm
        Scored leads, and the CRM they come from.
    stage
        What counts as converted: the first entry.
    rivals
        Stages after which a lead is no longer waiting, beside the decisions `rejected` and
        `recycled` of sales. The first of all these and of the outcome ends the wait; at the same
        second it is the outcome.
    within_days
        How long a lead is followed at most.

    Raises
    ------
    QuestionError
        The CRM is another one, no lead ever entered the stage, or fewer than 1 day is asked.
    """
    check_same(backtest, crm)
    if within_days < 1:
        raise QuestionError(f"within_days is {within_days}: expected at least 1 day")
    with stage_reached(backtest, crm, stage, within_days) as schema:
        _make_ends(backtest, crm, schema, rivals)
        keys = ("score", "day", "status")
        frame, accounts = count_cells(crm.connection, _rows_sql(crm, schema, within_days), keys)
        already, later = crm.connection.execute(f"""
            select sum(case when o <= s then 1 else 0 end),
              sum(case when r < o and r > s then 1 else 0 end) from {schema}.ends""").fetchall()[0]
    return DayCounts(
        frame=frame.astype({"score": "int64", "day": "int64"}),
        provenance=replace(
            backtest.provenance,
            caveats=(*backtest.provenance.caveats, *_notes(int(already or 0), int(later or 0))),
        ),
        accounts=accounts,
    )


def _make_ends(backtest: Backtest, crm: Crm, schema: str, rivals: Sequence[str]) -> None:
    """Make `<schema>.ends`: of each moment the outcome o, the first rival r after it, first work w."""
    crm.connection.execute(
        f"""create table {schema}.ends as
        with rival as (
          select lead_id, {seconds("entered_at")} as t from stage_changes
          where stage in (select unnest($rivals))
          union all
          select lead_id, {seconds("decided_at")} from sales_feedback
          where decision in ('rejected', 'recycled'))
        select sc.l, sc.k, any_value(sc.score) as score, any_value(sc.cluster) as cluster, sc.s,
          any_value(case when entry.t = sc.s then entry.t + entry.d else entry.t end) as o, min(rival.t) as r, any_value(work.t) as w
        from {backtest.schema}.scored as sc
        left join {schema}.entry as entry on entry.l = sc.l
        left join {schema}.work as work on work.l = sc.l and work.k = sc.k
        left join rival on rival.lead_id = sc.lead_id and rival.t > sc.s
        group by sc.l, sc.k, sc.s""",
        {"rivals": list(rivals)},
    )


def _rows_sql(crm: Crm, schema: str, within_days: int) -> str:
    """One row per lead not yet there: whole days followed, and what came first within them."""
    # Where no table says which leads sales worked, all count as worked, as in a backtest.
    idle = f"w is null or w > s + days * {DAY}" if evidence_of_work(crm).known else "false"
    return f"""
        select score, cluster,
          case when least(o, r) <= s + days * {DAY}
            then cast((least(o, r) - s + {DAY} - 1) // {DAY} as bigint) else days end as day,
          case when least(o, r) <= s + days * {DAY}
              then case when o <= r or r is null then 'converted' else 'disqualified' end
            when {idle} then 'unworked' else 'open' end as status
        from (select *, least(({end_of_data(crm)} - s) // {DAY}, {within_days}) as days from {schema}.ends)
        where o is null or o > s"""


def _notes(already: int, later: int) -> tuple[str, ...]:
    notes = []
    if already:
        notes.append(f"Left out: {already:,} leads that had reached the outcome before the moment.")
    if later:
        notes.append(
            f"{later:,} leads reached the outcome after they had been turned down or recycled; "
            "here they end with the earlier of the two."
        )
    return tuple(notes)
