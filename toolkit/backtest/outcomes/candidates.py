"""Every moment that a lead might have, before anything is set aside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import pandas as pd

from toolkit.backtest.moments import (
    DAY,
    AtAge,
    AtCrossing,
    AtHandoff,
    AtMoments,
    AtPeriodEnd,
    AtScoreChange,
    Moment,
)
from toolkit.backtest.outcomes.stages import HANDOFF
from toolkit.backtest.sql import column_names, make_table, quoted, seconds
from toolkit.crm import Crm
from toolkit.crm.engines import is_remote
from toolkit.crm.instants import Clock, utc_time
from toolkit.errors import DataError, QuestionError, nearest_first

__all__ = ["SENT_BACK", "candidates_sql", "utc_seconds"]

SENT_BACK = ("disqualified", "recycled", "rejected")
"""Stages and decisions that end an episode: sales gave the lead back."""


def candidates_sql(crm: Crm, schema: str, moment: Moment, *, until: int) -> str:
    """Select l, k, s, reason: `reason` says why a moment cannot be used, else null.

    k numbers the moments of a lead from 0. A lead without any has one row without s.
    """
    if isinstance(moment, AtAge):
        return f"""
            select l, 0 as k, c + {moment.days * DAY} as s,
              case when c + {moment.days * DAY} > {until} then 'young' end as reason
            from {schema}.lead"""
    if isinstance(moment, AtHandoff):
        return _handoffs(crm, schema, moment)
    if isinstance(moment, AtPeriodEnd):
        return _period_ends(crm, schema, moment, until)
    if isinstance(moment, AtCrossing):
        if moment.crossings is not None or not is_remote(crm.connection):
            _stage_given(crm, schema, _crossings(moment))
        return _given(schema, until, first_only=moment.episodes == "first")
    if isinstance(moment, AtScoreChange):
        query = _score_changes(crm, moment)
        crm.connection.execute(f"create table {schema}.given as {query}")
    else:
        _stage_moments(crm, schema, moment)
    return _given(schema, until)


def _handoffs(crm: Crm, schema: str, moment: AtHandoff) -> str:
    """The start of every episode; entries that repeat one are no moments of their own."""
    _mark_episodes(crm, schema, moment.quiet_days)
    first_only = " and e.k = 0" if moment.episodes == "first" else ""
    return f"""
        select lead.l, coalesce(e.k, 0) as k, e.t as s, case when e.t is null then 'never'
          when e.t < lead.c then 'before' end as reason
        from {schema}.lead as lead left join {schema}.episode as e on e.l = lead.l{first_only}"""


def _mark_episodes(crm: Crm, schema: str, quiet_days: int) -> None:
    """Make `<schema>.episode(l, k, t, d)`: the hand-off that begins each episode.

    What sends a lead back must lie after the last hand-off and not after this one; a quiet spell is
    measured from the last hand-off, whether or not that began an episode.
    """
    words = ", ".join(f"'{word}'" for word in SENT_BACK)
    crm.connection.execute(f"""
        create table {schema}.episode as
        with e as (
          select l, t, max(d) as d, lag(t) over (partition by l order by t) as before
          from {schema}.entries where stage = {HANDOFF} group by l, t),
        back as (
          select distinct ids.l, b.t from (
            select lead_id, {seconds("entered_at")} as t from stage_changes where stage in ({words})
            union all
            select lead_id, {seconds("decided_at")} from sales_feedback where decision in ({words})
          ) as b join {schema}.ids as ids on ids.lead_id = b.lead_id and b.t >= ids.m),
        begun as (
          select e.l, e.t, e.d, case when e.before is null or e.t - e.before >= {quiet_days * DAY}
            or count(back.t) > 0 then 1 else 0 end as new
          from e left join back on back.l = e.l and back.t > e.before and back.t <= e.t
          group by e.l, e.t, e.d, e.before)
        select l, cast(row_number() over (partition by l order by t) - 1 as integer) as k, t, d
        from begun where new = 1""")


def _period_ends(crm: Crm, schema: str, moment: AtPeriodEnd, until: int) -> str:
    """Makes `<schema>.period(k, s)`."""
    oldest = (
        "" if moment.max_age_days is None else f"and p.s <= lead.c + {moment.max_age_days * DAY}"
    )
    first = crm.connection.execute(f"select min(c) from {schema}.lead").fetchall()[0][0]
    ends = [] if first is None else _last_seconds(moment.period, int(first), until)
    periods = pd.DataFrame({"k": range(1, len(ends) + 1), "s": ends}, dtype="int64")
    make_table(crm.connection, f"{schema}.period", periods)
    return f"""
        select lead.l, coalesce(p.k, 0) as k, p.s, case when p.s is null then 'closed' end as reason
        from {schema}.lead as lead
        left join {schema}.period as p on p.s >= lead.c {oldest}"""


def _last_seconds(period: Literal["month", "quarter"], first: int, until: int) -> list[int]:
    """The last second (UTC) of every period that ends between two instants.

    The last one, so that a moment belongs to the period it closes.

    >>> _last_seconds("quarter", 0, 90 * 86_400 - 1)
    [7775999]
    """
    begin = datetime.fromtimestamp(first, UTC)
    months = 3 if period == "quarter" else 1
    month = 12 * begin.year + (begin.month - 1) // months * months + months
    ends = []
    while (
        end := int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) - 1
    ) <= until:
        ends.append(end)
        month += months
    return ends


# --- moments that are given ---------------------------------------------------------------------


def _given(schema: str, until: int, *, first_only: bool = False) -> str:
    """Select the moments of `<schema>.given(lead_id, t)`, numbered in order, each second once."""
    only = "where k = 0" if first_only else ""
    return f"""
        select lead.l, coalesce(g.k, 0) as k, g.t as s, case when g.t is null then 'none'
          when g.t < lead.c then 'early' when g.t > {until} then 'late' end as reason
        from {schema}.lead as lead left join (
          select * from (
            select lead_id, t,
              cast(row_number() over (partition by lead_id order by t) - 1 as integer) as k
            from (select distinct lead_id, t from {schema}.given where t is not null)) {only}
        ) as g on g.lead_id = lead.lead_id"""


def _stage_given(crm: Crm, schema: str, frame: pd.DataFrame) -> None:
    make_table(crm.connection, f"{schema}.given", frame)


def _crossings(moment: AtCrossing) -> pd.DataFrame:
    if moment.crossings is None:
        raise QuestionError("AtCrossing: the crossings are not known yet; replay the model first")
    chosen = moment.crossings[moment.crossings["threshold"] == moment.threshold]
    if chosen.empty and len(moment.crossings):
        known = sorted(set(moment.crossings["threshold"].tolist()))
        raise QuestionError(
            f"AtCrossing(threshold={moment.threshold}): the crossings are of the thresholds "
            f"{', '.join(map(str, known))}; replay the model for this one too"
        )
    return _frame(chosen["lead_id"], chosen["crossed_at"], "AtCrossing(crossings): 'crossed_at'")


def _frame(ids: pd.Series, times: pd.Series, what: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"lead_id": ids.astype("string"), "t": utc_seconds(times, what)}
    ).reset_index(drop=True)


def utc_seconds(times: pd.Series, what: str) -> pd.Series:
    """Whole seconds UTC, floored; missing times stay missing. A DataError where these are none."""
    if not pd.api.types.is_datetime64_any_dtype(times):
        raise DataError(
            f"{what} holds {times.dtype}: expected times, naive UTC or with a zone; convert the "
            "column with pandas.to_datetime"
        )
    naive = times.dt.tz_convert("UTC").dt.tz_localize(None) if times.dt.tz is not None else times
    whole = (naive.dt.as_unit("us").astype("int64") // 1_000_000).astype("Int64")
    return pd.Series(whole.mask(times.isna()))


def _score_changes(crm: Crm, moment: AtScoreChange) -> str:
    if "score_history" not in crm.tables:
        raise QuestionError(
            "AtScoreChange needs the table 'score_history' (lead_id, changed_at, new_value), which "
            "is not there; export it, or choose another moment"
        )
    names = [
        str(row[0])
        for row in crm.connection.execute(
            "select distinct score_name from score_history where score_name is not null order by 1"
        ).fetchall()
    ]
    name = moment.score_name
    if name is None and len(names) > 1:
        raise QuestionError(
            f"the table 'score_history' holds {len(names)} scores ({', '.join(names[:5])}): say "
            "which one with AtScoreChange(score_name)"
        )
    if name is not None and name not in names:
        raise QuestionError(f"no score is called '{name}': {nearest_first(name, names)}")
    # A row that repeats the value before it is no change.
    chosen = "true" if name is None else f"score_name = '{name.replace(chr(39), chr(39) * 2)}'"
    return f"""
        select lead_id, {seconds("changed_at")} as t from score_history
        where lead_id is not null and {chosen}
          and coalesce(new_value is distinct from old_value or new_value is null, true)"""


def _stage_moments(crm: Crm, schema: str, moment: AtMoments) -> None:
    """Make `<schema>.given(lead_id, t)`."""
    if moment.frame is not None:
        frame = moment.frame
        given = _frame(frame["lead_id"], frame["moment"], "AtMoments(frame): 'moment'")
        _stage_given(crm, schema, given)
        return
    if moment.column is None and "moments" not in crm.tables:
        raise QuestionError(
            "AtMoments() reads the table 'moments' (lead_id, moment), which is not there; provide "
            "it, or give a frame or the name of a column of 'leads'"
        )
    source = "moments" if moment.column is None else "leads"
    at = "moment" if moment.column is None else _column_time(crm, moment.column)
    crm.connection.execute(
        f"create table {schema}.given as select lead_id, {seconds(at)} as t from {source} "
        "where lead_id is not null"
    )


def _column_time(crm: Crm, column: str) -> str:
    """SQL of the time in a column of leads, read as the times of that table are."""
    types = {
        str(row[0]): str(row[1]) for row in crm.connection.execute("describe leads").fetchall()
    }
    if column not in types:
        raise QuestionError(
            f"AtMoments(column): 'leads' has no column '{column}': {nearest_first(column, types)}"
        )
    entry, mapping = crm.mapping.table("leads"), crm.mapping
    # Typed times were turned into UTC when the table was read.
    zone = (entry.time_zone or mapping.time_zone) if types[column] != "TIMESTAMP" else "UTC"
    formats = mapping.formats if entry.formats is None else entry.formats
    clock = Clock(f"leads.{quoted(column)}", types[column], zone, formats, "end", entry.date_only)
    filled, read = crm.connection.execute(
        f"select count({clock.expression}), count({utc_time(clock)}) from leads"
    ).fetchall()[0] if clock.readable else (1, 0)  # fmt: skip
    if filled and not read:
        raise QuestionError(
            f"AtMoments(column='{column}'): nothing in this column can be read as a time (type "
            f"{types[column]}); name the time zone and the formats in crm.yaml"
        )
    if "lead_id" not in column_names(crm.connection, "leads"):
        raise QuestionError("'leads' has no lead_id")
    return utc_time(clock)
