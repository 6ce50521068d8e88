"""The points of one lead, each with its date: the sum of the table is the score, always."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction

import duckdb
import pandas as pd

from toolkit.backtest.core import Limits, Plan, as_of_sql
from toolkit.backtest.explain.lines import History, rule_lines
from toolkit.backtest.instants import instant_of, second_of
from toolkit.backtest.leads import number_leads
from toolkit.backtest.result import new_schema
from toolkit.backtest.staging import drop_staged, stage_at_moments
from toolkit.crm import Crm
from toolkit.errors import QuestionError
from toolkit.model import Model, PlacedCriterion, band_of, exception_conditions, grade_of

__all__ = ["Explanation", "explain_lead"]

_COLUMNS = ["criterion", "label", "dimension", "why", "date", "until", "points"]
_OFFERED = 3


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a lead had its score at a moment.

    `table` has the columns `criterion` (id), `label`, `dimension`, `why`, `date` (UTC, since when
    it counts; NaT for fields, which are as of the moment where
    their changes are recorded), `until` (UTC, when it expires; NaT if
    never) and `points`, which add up to `score`. `points` are whole numbers, or exact fractions
    where the model has a scale or decay by percent. `why` is one of field, activity, tier,
    silence, recorded (a delta of a ledger); over the limit, too few (in its bucket), expired, not
    met, out of season (all of them 0 points); limit, weight, rounding, base.

    `fit` and `behavior` are the points of the dimensions, before their weights.
    """

    lead_id: str
    as_of: datetime
    score: int
    fit: int | Fraction
    behavior: int | Fraction
    gate: str | None
    """What a gate decides about the lead, whatever its score; None without one."""
    table: pd.DataFrame
    band: str | None = None
    """The band of the lead: what a gate decides, else that of its score; None without bands."""
    grade: str | None = None
    """The grades of fit and behavior, as in B1; None without grades or below the last one."""


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
    moment = instant_of(as_of, crm)
    schema = new_schema(crm.connection)
    until = second_of(crm.observed_until)
    number_leads(crm.connection, schema, until=until)
    number, created = _find(crm.connection, schema, lead_id)
    second = second_of(moment)
    if second < created:
        since = datetime.fromtimestamp(created, UTC)
        raise QuestionError(
            f"lead '{lead_id}' was created at {since:%Y-%m-%d %H:%M:%S} UTC, after the moment "
            f"{moment:%Y-%m-%d %H:%M:%S} asked for; ask for a later one"
        )
    crm.connection.execute(
        f"create table {schema}.mo as select {number} as l, 0 as k, cast({second} as bigint) as s"
    )
    staged = stage_at_moments(model, crm, schema)
    plan, inner = staged.plan, staged.history.schema
    row = _score_row(crm.connection, inner, plan)
    activities = crm.connection.execute(
        f"select * from {inner}.ev where l = {int(row['l'])} and t <= {second} order by t desc"
    ).df()
    history = History(activities, created, second)
    parts = [
        _criterion_rows(placed, rule_lines(rule, int(row[f"p{i}"]), history))
        for i, (placed, rule) in enumerate(zip(model.criteria, plan.rules, strict=True))
    ]
    table = pd.concat([*parts, _limit_rows(model, plan, row)], ignore_index=True)[_COLUMNS]
    drop_staged(crm, schema)
    return _explanation(model, plan, row, table, lead_id=lead_id, moment=moment)


def _explanation(
    model: Model,
    plan: Plan,
    row: pd.Series,
    table: pd.DataFrame,
    *,
    lead_id: str,
    moment: datetime,
) -> Explanation:
    fit, behavior = int(row["fit"]), int(row["behavior"])
    gate = None if row["gate"] < 0 else model.gates[int(row["gate"])].then
    profile = int(row["profile"])
    holds = [bool(profile >> i & 1) for i, _ in enumerate(exception_conditions(model))]
    finer = plan.unit // model.scale
    return Explanation(
        lead_id,
        moment,
        int(row["score"]),
        _in_points(fit, plan.unit),
        _in_points(behavior, plan.unit),
        gate,
        table.assign(points=_points_column(table["points"], plan.unit)),
        gate or band_of(model, int(row["score"]), holds),
        grade_of(model, Fraction(fit, finer), Fraction(behavior, finer)),
    )


def _in_points(value: int, unit: int) -> int | Fraction:
    return value if unit == 1 else Fraction(value, unit)


def _points_column(points: pd.Series, unit: int) -> pd.Series:
    if unit == 1:
        return points.astype("int64")
    exact = [Fraction(int(value), unit) for value in points.tolist()]
    return pd.Series(exact, index=points.index, dtype="object")


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
        f"select lead_id, count(*) over () from {schema}.lead"
        f" order by levenshtein(lead_id, ?), lead_id limit {_OFFERED}",
        [lead_id],
    ).fetchall()
    listed = ", ".join(str(row[0]) for row in near)
    offered = f"the nearest of {near[0][1]:,} are {listed}" if near else "there are none"
    raise QuestionError(f"there is no lead '{lead_id}': {offered}")


def _score_row(connection: duckdb.DuckDBPyConnection, schema: str, plan: Plan) -> pd.Series:
    return (
        connection.execute(f"""
        with ld as (select * from {schema}.ld), ev as (select * from {schema}.ev),
          mo as (select * from {schema}.mo), score as ({as_of_sql(plan)})
        select score.*, ld.gate, ld.profile from score join ld on ld.l = score.l""")
        .df()
        .iloc[0]
    )


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


def _limit_rows(model: Model, plan: Plan, row: pd.Series) -> pd.DataFrame:
    """What the limits of groups, dimensions and total take away, and the base."""
    lines = []
    within = {"fit": 0, "behavior": 0}
    for group, members in zip(model.groups, plan.groups, strict=True):
        raw = sum(int(row[f"p{i}"]) for i in members.rules)
        kept = _clamp(raw, members.limits)
        within[members.dimension] += kept
        label = f"limit of the group {group.label}"
        lines.append((group.id, label, members.dimension, kept - raw))
    together = plan.base
    for name, part in (("fit", plan.fit), ("behavior", plan.behavior)):
        points = _clamp(within[name], part.limits)
        lines.append((name, f"limit of {name}", name, points - within[name]))
        lines.append((name, f"weight of {name}", name, points * (part.weight - 1)))
        together += points * part.weight
    total = _clamp(together, plan.total)
    lines.append(("base", "base points", "", plan.base))
    lines.append(("total", "limit of the score", "", total - together))
    lines.append(("total", "rounding of the score", "", int(row["score"]) * plan.unit - total))
    kept_lines = [line for line in lines if line[3] != 0]
    frame = pd.DataFrame(kept_lines, columns=["criterion", "label", "dimension", "points"])
    nothing = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[s]")
    why = frame["label"].str.extract("^(limit|weight|rounding|base)", expand=False)
    return frame.assign(why=why, date=nothing, until=nothing)


def _clamp(value: int, limits: Limits) -> int:
    if limits.low is not None:
        value = max(value, limits.low)
    return value if limits.high is None else min(value, limits.high)
