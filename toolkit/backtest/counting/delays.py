"""States of the same leads under several outcome windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import pandas as pd

from toolkit.backtest.moments import DAY, Outcome
from toolkit.backtest.outcomes import evidence_of_work
from toolkit.backtest.result import Backtest
from toolkit.counts import STATES, DelayCounts
from toolkit.crm import Crm
from toolkit.errors import QuestionError

__all__ = ["count_delays"]

WINDOWS = (30, 45, 60, 90, 120, 150, 180)


def count_delays(backtest: Backtest, *, windows: Sequence[int] = WINDOWS) -> DelayCounts:
    """Judge the scored leads under each of several outcome windows (days).

    Which leads are scored, and when, does not change; each window has its own immature leads and
    its own proof of work (before the outcome, or the end of that window).

    Raises
    ------
    QuestionError
        A flat file has no dates; a window is no whole number of days.
    """
    if backtest.crm is None:
        raise QuestionError(
            "count_delays needs the dates of moments and outcomes, which a flat file does not have"
        )
    days = sorted({Outcome("window", each).within_days for each in windows})
    if not days:
        raise QuestionError("count_delays(windows): expected at least one window, found none")
    connection = backtest.connection
    connection.execute(
        f"create or replace temp table delay as {_states_sql(backtest, backtest.crm)}",
        {"days": days},
    )
    frame = connection.execute("""
        select w as within_days, 'all' as "of", state, count(*) as n from delay group by all
        union all
        select w, 'longest', state, count(*) from delay
        where finally in ('converted', 'not_converted') group by all""").df()
    order = {state: i for i, state in enumerate(STATES)}
    frame = frame.assign(place=frame["state"].map(order)).sort_values(
        ["of", "within_days", "place"]
    )
    accounts, known = _accounts(backtest)
    connection.execute("drop table delay")
    return DelayCounts(
        frame.drop(columns="place").astype({"within_days": "int64", "n": "int64"})
        .reset_index(drop=True),
        backtest.provenance,
        accounts,
        known,
    )  # fmt: skip


def _states_sql(backtest: Backtest, crm: Crm) -> str:
    """Select w, cluster, state (under the window w), finally (under the longest) of each row."""
    until = int(crm.observed_until.replace(tzinfo=UTC).timestamp())
    end = f"s + w * {DAY}"
    worked = "true"
    if evidence_of_work(crm).known:
        worked = f"worked <= case when o <= {end} then o else {end} end"
    return f"""
        with rows as (
          select coalesce('in ' || sc.cluster, 'alone ' || sc.l) as g, sc.cluster, sc.l, sc.k, sc.s,
            state.o, work.t as worked
          from {backtest.schema}.scored as sc
          join {backtest.schema}.state as state on state.l = sc.l and state.k = sc.k
          left join {backtest.moments_schema}.work as work on work.l = sc.l and work.k = sc.k),
        judged as (
          select g, cluster, l, k, w, case when {end} > {until} then 'immature'
            when {worked} then case when o <= {end} then 'converted' else 'not_converted' end
            else 'unworked' end as state
          from rows cross join (select unnest($days) as w))
        select *, last_value(state) over (partition by l, k order by w
          rows between unbounded preceding and unbounded following) as finally
        from judged"""


def _accounts(backtest: Backtest) -> tuple[pd.DataFrame | None, int | None]:
    rows = backtest.connection.execute(
        "select 1 from delay where cluster is not null limit 1"
    ).fetchall()
    if not rows:
        return None, None
    found = backtest.connection.execute("""
        select w as within_days, cast(sum(a * a) as bigint) as hits_hits,
          cast(sum(a * b) as bigint) as hits_misses, cast(sum(b * b) as bigint) as misses_misses,
          count(*) as accounts
        from (select w, g, count(*) filter (state = 'converted') as a,
                count(*) filter (state <> 'converted') as b
              from delay where finally = 'converted' group by w, g)
        group by w order by w""").df()
    known = int(found["accounts"].max()) if len(found) else 0
    return found.drop(columns="accounts").astype("int64"), known
