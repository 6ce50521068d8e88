"""The scores that the platform recorded, one per lead and second."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.backtest.sql import column_names, quoted, seconds
from toolkit.counts import FlowStep
from toolkit.crm import Crm
from toolkit.crm.sql import literal
from toolkit.errors import DataError, QuestionError, nearest_first

__all__ = ["Column", "history_sql", "place_recorded"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of leads that holds a score, and the one that says when it was so.

    Without `at` the score is that of the export.
    """

    name: str
    at: str | None = None


def history_sql() -> str:
    """SQL of `lead_id, name, t, value, reason, version, clash`: the score after a second.

    Where a row holds a change only (`delta`), the changes since the lead's first row are added up.
    Of several values in one second the last is the one that no other row of the second replaced
    (`old_value`); where that does not tell, `clash` is true.
    """
    second = seconds("changed_at")
    return f"""
        select lead_id, name, t, reason, version,
          case when replaced > 0 and ends = 1 then last_end else least_value end as value,
          case when replaced > 0 then ends <> 1 else different > 1 end as clash
        from (
          select lead_id, name, t, count(distinct value) as different, min(value) as least_value,
            min(reason) as reason, min(version) as version, count(*) filter (was_replaced) as replaced,
            count(distinct value) filter (not was_replaced) as ends,
            min(value) filter (not was_replaced) as last_end
          from (
            select *, coalesce(
                list_contains(list(old_value) over (partition by lead_id, name, t), value), false)
              and count(*) over (partition by lead_id, name, t) > 1 as was_replaced
            from (
              select lead_id, coalesce(score_name, 'score') as name, {second} as t, old_value,
                reason, model_version as version, coalesce(new_value, sum(delta) over (
                  partition by lead_id, score_name order by {second})) as value
              from score_history where lead_id is not null and changed_at is not null))
          where value is not null
          group by lead_id, name, t)"""


def place_recorded(
    crm: Crm,
    schema: str,
    *,
    version: str,
    score: str | None,
    column: Column | None,
    until: int,
    most: int,
) -> tuple[str, tuple[FlowStep, ...]]:
    """Make `<schema>.recorded(l, k, s, value, reason)`; say whose score it is, and the flow.

    Needs `<schema>.lead`. k numbers the recorded scores of a lead from 0, in order of time. Of more
    than `most` scores about so many are kept, those of leads drawn by a hash of their ids. Where
    the table `model_versions` says which version ran when, only scores that `version` gave are kept.
    """
    name, query = _from_column(crm, column, until) if column else _from_history(crm, score)
    crm.connection.execute(f"""
        create table {schema}.record as
        select r.*, lead.l, ran.version as ran,
          case when lead.l is null then 1 when clash then 2 when value <> floor(value) then 3
               when r.t < lead.c then 4 when r.t > {until} then 5
               when {_other_version(crm, version)} then 7 else 0 end as why
        from ({query}) as r left join {schema}.lead as lead on lead.lead_id = r.lead_id
          asof left join ({_VERSIONS}) as ran on r.t >= ran.since""")
    _draw(crm, schema, most)
    crm.connection.execute(f"""
        create table {schema}.recorded as
        select l, cast(row_number() over (partition by l order by t) - 1 as integer) as k, t as s,
          cast(value as bigint) as value, reason
        from {schema}.record where why = 0""")
    rows = crm.connection.execute(
        f"select why, count(*) from {schema}.record group by why"
    ).fetchall()
    flow = _flow({int(why): int(n) for why, n in rows}, _others(crm, schema))
    crm.connection.execute(f"drop table {schema}.record")
    return name, flow


_VERSIONS = f"""
    select max(version) as version, {seconds("valid_from")} as since from model_versions
    where version is not null and valid_from is not null group by since"""
"""Which version ran from when on. Of two from one second the last by name, whatever their order."""


def _other_version(crm: Crm, version: str) -> str:
    """SQL: whether another version, or none that is known, gave the score."""
    if "model_versions" not in crm.tables:
        return "false"
    return f"trim(coalesce(r.version, ran.version)) is distinct from {literal(version.strip())}"


def _others(crm: Crm, schema: str) -> tuple[str, ...]:
    """The names of the other versions that gave scores, and where `model_versions` says they are."""
    rows = crm.connection.execute(f"""
        select distinct coalesce(r.name, 'not known') || coalesce(' in ' || known.file, '') as told
        from (select coalesce(version, ran) as name from {schema}.record where why = 7) as r
        left join (
          select trim(version) as name, max(trim(file)) as file from model_versions group by 1
        ) as known on known.name = trim(r.name)
        order by told""").fetchall()
    return tuple(str(row[0]) for row in rows)


def _draw(crm: Crm, schema: str, most: int) -> None:
    n = crm.connection.execute(f"select count(*) from {schema}.record where why = 0").fetchall()
    if n[0][0] > most:
        kept = most * _PARTS // int(n[0][0])
        crm.connection.execute(
            f"update {schema}.record set why = 6 "
            f"where why = 0 and md5_number_lower(lead_id) % {_PARTS} >= {kept}"
        )


_PARTS = 1_000_000
_REASONS = {
    1: "the lead is not in the lead table, or cannot be scored",
    2: "several values in one second, their order unknown",
    3: "recorded score that is no whole number",
    4: "recorded before the lead was created",
    5: "recorded after observed_until",
    6: "of leads outside the sample (drawn by a hash of their ids)",
    7: "given by another version of the model ({versions}): reconcile them with its own file",
}


def _flow(counts: dict[int, int], versions: tuple[str, ...]) -> tuple[FlowStep, ...]:
    steps = (FlowStep("start", "recorded scores", sum(counts.values())),)
    out = [
        FlowStep("excluded", reason.replace("{versions}", ", ".join(versions)), counts[why])
        for why, reason in _REASONS.items()
        if counts.get(why)
    ]
    if not counts.get(0):
        reasons = "; ".join(f"{step.n:,} {step.reason}" for step in out) or "there are none"
        raise DataError(
            f"no recorded score can be compared ({reasons}). Expected rows of score_history with "
            "lead_id, changed_at and new_value (or delta), or a column of leads with the score"
        )
    return (*steps, *out)


def _from_history(crm: Crm, score: str | None) -> tuple[str, str]:
    if "score_history" not in crm.tables:
        raise QuestionError(
            "there is no table 'score_history', so recorded scores are not known. Export it "
            "(lead_id, changed_at, new_value), or name the column of leads that holds the score"
        )
    names = [
        str(row[0])
        for row in crm.connection.execute(
            "select distinct coalesce(score_name, 'score') from score_history order by 1"
        ).fetchall()
    ]
    if score is None and len(names) > 1:
        raise QuestionError(
            f"score_history holds several scores: {', '.join(names)}. Say which one to compare"
        )
    chosen = score or (names[0] if names else "score")
    if names and chosen not in names:
        raise QuestionError(
            f"score_history has no score '{chosen}': {nearest_first(chosen, names)}"
        )
    return chosen, f"select * from ({history_sql()}) where name = {literal(chosen)}"


def _from_column(crm: Crm, column: Column, until: int) -> tuple[str, str]:
    known = column_names(crm.connection, "leads")
    for each in (column.name, *([column.at] if column.at else [])):
        if each not in known:
            raise QuestionError(f"leads has no column '{each}': {nearest_first(each, known)}")
    value = f"try_cast({quoted(column.name)} as double)"
    at = str(until)
    if column.at:
        at = seconds(f"try_cast({quoted(column.at)} as timestamp)")
    return (
        column.name,
        f"""
        select lead_id, 'column' as name, {at} as t, {value} as value, cast(null as varchar) as reason,
          cast(null as varchar) as version, false as clash
        from leads where {value} is not null and {at} is not null""",
    )
