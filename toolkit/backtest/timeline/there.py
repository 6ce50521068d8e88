"""Paths of scores inside the engine that holds the tables: scores at every second that matters.

The kernel adds up spans in this process; here the text of the core scores each lead at every second
at which its score may change, and no row moves. What can be added up along the path is a running
sum; the rest is summed at each second, which grows with the square of a lead's activities.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC

import pandas as pd

from toolkit.backtest.core import ages, instants_sql, path_sql
from toolkit.backtest.leads import number_leads
from toolkit.backtest.result import new_schema
from toolkit.backtest.sql import make_table
from toolkit.backtest.staging import drop_staged, stage_spans
from toolkit.backtest.timeline.known import spans_sql
from toolkit.crm import Crm
from toolkit.model import Model

__all__ = ["crossings_there", "stage_crossings"]


def crossings_there(model: Model, crm: Crm, thresholds: Sequence[int]) -> pd.DataFrame:
    """The frame of `threshold_crossings`."""
    with _scored(model, crm) as path:
        episodes = " union all ".join(_episodes(each) for each in thresholds)
        found = crm.connection.execute(f"""
            with path as ({path}), crossing as ({episodes})
            select lead_id, threshold, episode, make_timestamp(s * 1000000) as crossed_at, score,
              make_timestamp(ended * 1000000) as left_at
            from crossing order by threshold, lead_id, episode""").df()
    return found.astype({"lead_id": "str"})


def stage_crossings(model: Model, crm: Crm, schema: str, threshold: int) -> None:
    """Make `<schema>.given(lead_id, t)` of every time that a score reaches a threshold."""
    with _scored(model, crm) as path:
        crm.connection.execute(f"""
            create table {schema}.given as
            with path as ({path}), crossing as ({_episodes(threshold)})
            select lead_id, s as t from crossing""")


@contextmanager
def _scored(model: Model, crm: Crm) -> Iterator[str]:
    """SQL of lead_id, l, s, score at every second at which a score may change."""
    connection, schema = crm.connection, new_schema(crm.connection)
    until = int(crm.observed_until.replace(tzinfo=UTC).timestamp())
    try:
        number_leads(connection, schema, until=until)
        staged = stage_spans(model, crm, schema)
        plan, inner = staged.plan, staged.history.schema
        first = connection.execute(
            f"select coalesce(min(c), {until}) from {schema}.lead"
        ).fetchall()
        longest = max(until - int(first[0][0]), 0)
        make_table(connection, f"{schema}.age", pd.DataFrame({"a": ages(plan, longest=longest)}))
        tables = ", ".join(f"{name} as (select * from {inner}.{name})" for name in ("ld", "ev"))
        connection.execute(f"""
            create table {schema}.instant as
            with {tables}, age as (select * from {schema}.age)
            select l, s from ({instants_sql(plan, until=until)}) as instant""")
        seconds = f"select l, l as base, s from {schema}.instant"
        if staged.history.split:
            spans = spans_sql(schema, staged.history, until=until)
            connection.execute(f"create table {schema}.span as {spans}")
            seconds = _within_spans(schema)
        connection.execute(f"""
            create table {schema}.looked_at as select l, base, s as k, s from ({seconds}) as x""")
        connection.execute(f"""
            create table {schema}.path as
            with {tables}, mo as (select l, k, s from {schema}.looked_at), score as ({path_sql(plan)})
            select lead.lead_id, lead.l, score.s, score.score, gone.t as gone
            from score join {schema}.looked_at as x on x.l = score.l and x.s = score.s
              join {schema}.lead as lead on lead.l = x.base
              left join {schema}.gone as gone on gone.l = lead.l""")
        yield f"select * from {schema}.path"
    finally:
        drop_staged(crm, schema)


def _within_spans(schema: str) -> str:
    """SQL of the seconds of each entry inside its span, of which the first always matters."""
    return f"""
        select span.l, span.base, i.s from {schema}.instant as i
        join {schema}.span as span on span.l = i.l
        where i.s > span.since and i.s < span.stop
        union all select l, base, since from {schema}.span"""


def _episodes(threshold: int) -> str:
    """Select each time above a threshold: `episode` counts them, `ended` is the first second after."""
    return f"""
        select lead_id, l, cast({threshold} as bigint) as threshold, s, score, ended,
          cast(row_number() over (partition by l order by s) as bigint) as episode
        from (
          select lead_id, l, s, score, above,
            coalesce(lead(s, 1) over (partition by l order by s), gone) as ended
          from (select lead_id, l, s, score, above, gone,
                  coalesce(lag(above) over (partition by l order by s), 0) as before
                from (select lead_id, l, s, score, gone,
                        case when score >= {threshold} then 1 else 0 end as above from path) x) x
          where above <> before) x
        where above = 1"""
