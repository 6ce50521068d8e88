"""The points of one lead, each with its date: the sum of the table is the score, always."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.backtest.core import (
    ActivityRule,
    InactivityRule,
    Limits,
    Plan,
    Rule,
    as_of_sql,
)
from toolkit.backtest.leads import number_leads
from toolkit.backtest.result import new_schema
from toolkit.backtest.staging import stage
from toolkit.crm import Crm
from toolkit.errors import QuestionError, nearest_first
from toolkit.model import Model, PlacedCriterion

__all__ = ["Explanation", "explain_lead"]

_COLUMNS = ["criterion", "label", "dimension", "why", "date", "until", "points"]
_OFFERED = 2_000

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a lead had its score at a moment.

    `table` has the columns `criterion` (id), `label`, `dimension`, `why` (field, activity, over
    the limit, silence, not met, limit, base), `date` (UTC, since when it counts; NaT for fields,
    which are as of the export), `until` (UTC, when it expires; NaT if never) and `points`, which
    add up to `score`.
    """

    lead_id: str
    as_of: datetime
    score: int
    fit: int
    behavior: int
    gate: str | None
    """What a gate decides about the lead, whatever its score; None without one."""
    table: pd.DataFrame


def explain_lead(
    model: Model, crm: Crm, lead_id: str, *, as_of: datetime | date | str | None = None
) -> Explanation:
    """Show every point of one lead as of a moment (UTC; default: `observed_until`).

    A date means the end of that day. Activities are listed latest first, as limits keep the
    latest.

    Raises
    ------
    QuestionError
        The lead is not there, cannot be scored, or did not exist at the moment.
    """
    moment = _moment(as_of, crm)
    schema = new_schema(crm.connection)
    until = int(crm.observed_until.replace(tzinfo=UTC).timestamp())
    number_leads(crm.connection, schema, until=until)
    number, created = _find(crm.connection, schema, lead_id)
    second = int(moment.replace(tzinfo=UTC).timestamp())
    if second < created:
        since = datetime.fromtimestamp(created, UTC)
        raise QuestionError(
            f"lead '{lead_id}' was created at {since:%Y-%m-%d %H:%M:%S} UTC, after the moment "
            f"{moment:%Y-%m-%d %H:%M:%S} asked for; ask for a later one"
        )
    crm.connection.execute(
        f"create table {schema}.mo as select {number} as l, 0 as k, cast({second} as bigint) as s"
    )
    plan = stage(model, crm, schema).plan
    row = _score_row(crm.connection, schema, plan)
    activities = crm.connection.execute(
        f"select * from {schema}.ev where l = {number} and t <= {second} order by t desc"
    ).df()
    parts = [
        _criterion_rows(placed, _lines(rule, int(row[f"p{i}"]), activities, created, second))
        for i, (placed, rule) in enumerate(zip(model.criteria, plan.rules, strict=True))
    ]
    table = pd.concat([*parts, _limit_rows(model, plan, row)], ignore_index=True)[_COLUMNS]
    table = table.astype({"points": "int64"})
    crm.connection.execute(f"drop schema {schema} cascade")
    gate = None if row["gate"] < 0 else model.gates[int(row["gate"])].then
    return Explanation(
        lead_id, moment, int(row["score"]), int(row["fit"]), int(row["behavior"]), gate, table
    )


def _moment(as_of: datetime | date | str | None, crm: Crm) -> datetime:
    if as_of is None:
        return crm.observed_until
    if isinstance(as_of, str):
        as_of = _parsed(as_of)
    if not isinstance(as_of, datetime):
        return datetime.combine(as_of, time(23, 59, 59))
    naive = as_of if as_of.tzinfo is None else as_of.astimezone(UTC).replace(tzinfo=None)
    return naive.replace(microsecond=0)


def _parsed(text: str) -> datetime | date:
    try:
        return (
            date.fromisoformat(text)
            if len(text) == len("2026-07-01")
            else datetime.fromisoformat(text)
        )
    except ValueError:
        raise QuestionError(
            f"cannot read the moment '{text}': expected a date such as 2026-07-01 (its end) or a "
            "UTC time such as 2026-07-01T09:30:00"
        ) from None


def _find(connection: duckdb.DuckDBPyConnection, schema: str, lead_id: str) -> tuple[int, int]:
    found = connection.execute(
        f"select l, c from {schema}.lead where lead_id = ?", [lead_id]
    ).fetchall()
    if found:
        return int(found[0][0]), int(found[0][1])
    rows = connection.execute("select count(*) from leads where lead_id = ?", [lead_id]).fetchall()
    if rows[0][0]:
        raise QuestionError(
            f"lead '{lead_id}' is in the table but cannot be scored: its rows contradict one "
            "another, or its creation is missing or after observed_until. `check` lists such leads"
        )
    near = connection.execute(
        f"select lead_id from {schema}.lead order by levenshtein(lead_id, ?), lead_id limit {_OFFERED}",
        [lead_id],
    ).fetchall()
    raise QuestionError(
        f"there is no lead '{lead_id}': {nearest_first(lead_id, [row[0] for row in near], most=3)}"
    )


def _score_row(connection: duckdb.DuckDBPyConnection, schema: str, plan: Plan) -> pd.Series:
    return (
        connection.execute(f"""
        with ld as (select * from {schema}.ld), ev as (select * from {schema}.ev),
          mo as (select * from {schema}.mo), score as ({as_of_sql(plan)})
        select score.*, ld.gate from score join ld on ld.l = score.l""")
        .df()
        .iloc[0]
    )


def _lines(
    rule: Rule, points: int, activities: pd.DataFrame, created: int, second: int
) -> pd.DataFrame:
    if isinstance(rule, ActivityRule):
        lines = _activity_lines(rule, activities, second)
    elif points == 0:
        lines = _line("not met", 0)
    elif isinstance(rule, InactivityRule):
        lines = _silence_line(rule, points, activities, created)
    else:
        lines = _line("field", points)
    return lines if len(lines) else _line("not met", 0)


def _line(why: str, points: int, since: float = np.nan) -> pd.DataFrame:
    return pd.DataFrame({"why": [why], "since": [since], "end": [np.nan], "points": [points]})


def _criterion_rows(placed: PlacedCriterion, lines: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "criterion": placed.criterion.id,
            "label": placed.criterion.label,
            "dimension": placed.dimension,
            "why": lines["why"],
            "date": pd.to_datetime(lines["since"], unit="s"),
            "until": pd.to_datetime(lines["end"], unit="s"),
            "points": lines["points"].astype("int64"),
        }
    )


def _activity_lines(rule: ActivityRule, activities: pd.DataFrame, second: int) -> pd.DataFrame:
    """What each activity adds, latest first: the limit cuts the oldest."""
    times = activities.loc[activities[f"r{rule.source}"] == 1, "t"].to_numpy(np.int64)
    if rule.within is not None:
        times = times[second - times < rule.within]
    units = np.arange(1, len(times) + 1)
    if rule.max_units is not None:
        units = np.minimum(units, rule.max_units)
    running = _clamped(rule.points * units, rule.limits)
    least = _clamp(0, rule.limits)
    added = np.diff(running, prepend=least)
    end = times + rule.within if rule.within is not None else np.full(len(times), np.nan)
    lines = pd.DataFrame(
        {
            "why": np.where(added == 0, "over the limit", "activity"),
            "since": times.astype("float64"),
            "end": end,
            "points": added,
        }
    )
    if least == 0:
        return lines
    return pd.concat([lines, _line("limit", least)], ignore_index=True)


def _silence_line(
    rule: InactivityRule, points: int, activities: pd.DataFrame, created: int
) -> pd.DataFrame:
    times = activities.loc[activities["q"] == 1, "t"]
    last = max(created, int(times.max())) if len(times) else created
    return _line("silence", points, float(last + rule.after))


def _clamped(values: Ints, limits: Limits) -> Ints:
    low = -np.inf if limits.low is None else limits.low
    high = np.inf if limits.high is None else limits.high
    return np.asarray(np.clip(values, low, high), dtype=np.int64)


def _limit_rows(model: Model, plan: Plan, row: pd.Series) -> pd.DataFrame:
    """What the limits of groups, dimensions and total take away, and the base."""
    lines = []
    within = {"fit": 0, "behavior": 0}
    for group, part in zip(model.groups, plan.groups, strict=True):
        raw = sum(int(row[f"p{i}"]) for i in part.rules)
        kept = _clamp(raw, part.limits)
        within[part.dimension] += kept
        lines.append((group.id, f"limit of the group {group.label}", part.dimension, kept - raw))
    for name, total in within.items():
        lines.append((name, f"limit of {name}", name, int(row[name]) - total))
    together = int(row["fit"]) + int(row["behavior"]) + plan.base
    lines.append(("base", "base points", "", plan.base))
    lines.append(("total", "limit of the score", "", int(row["score"]) - together))
    kept_lines = [line for line in lines if line[3] != 0]
    frame = pd.DataFrame(kept_lines, columns=["criterion", "label", "dimension", "points"])
    nothing = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[s]")
    why = np.where(frame["criterion"] == "base", "base", "limit")
    return frame.assign(why=why, date=nothing, until=nothing)


def _clamp(value: int, limits: Limits) -> int:
    return int(_clamped(np.array([value], dtype=np.int64), limits)[0])
