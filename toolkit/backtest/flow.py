"""The steps of the flow between placing the moments and the states: every row accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from toolkit.counts import STATES, FlowStep
from toolkit.model import Model

__all__ = ["Gated", "moment_steps", "set_gated_aside", "state_steps"]


@dataclass(frozen=True, slots=True)
class Gated:
    """Leads that gates decide at every one of their moments."""

    excluded: tuple[FlowStep, ...]
    texts: dict[str, str]
    """The words of each gate; `<schema>.unused` holds the single moments."""


def set_gated_aside(connection: duckdb.DuckDBPyConnection, schema: str, model: Model) -> Gated:
    """Move what gates decide from `<schema>.scored` to `.gated`: no threshold acts on it."""
    texts = {
        f"gate{i}": f"decided by gate {i + 1} ({rule.then}), not by the score"
        for i, rule in enumerate(model.gates)
    }
    connection.execute(
        f"create table {schema}.gated as select * from {schema}.scored where gate >= 0"
    )
    if not model.gates:
        return Gated((), texts)
    connection.execute(
        f"insert into {schema}.unused select l, k, 'gate' || gate from {schema}.scored "
        "where gate >= 0"
    )
    connection.execute(f"delete from {schema}.scored where gate >= 0")
    rows = connection.execute(f"""
        select why, count(*) from (
          select l, arg_min(why, k) as why from {schema}.unused
          where starts_with(why, 'gate') and l not in (select l from {schema}.scored) group by l)
        group by why order by why""").fetchall()
    return Gated(tuple(FlowStep("excluded", texts[why], int(n)) for why, n in rows), texts)


def moment_steps(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    unit: str,
    texts: Mapping[str, str],
    *,
    panel: bool,
) -> tuple[FlowStep, ...]:
    """Where leads have several moments the flow goes on counting these, of the leads left.

    A panel is made of the periods in which a lead is open, so that only gates set one aside.
    """
    leads, used = connection.execute(
        f"select count(distinct l), count(*) from {schema}.scored"
    ).fetchall()[0]
    only = "and starts_with(why, 'gate')" if panel else ""
    rows = connection.execute(f"""
        select why, count(*) from {schema}.unused
        where l in (select l from {schema}.scored) {only} group by why""").fetchall()
    counts = {str(why): int(n) for why, n in rows}
    total = int(used) + sum(counts.values())
    return (
        FlowStep("start", f"one row per {unit}, of {leads:,} leads", total),
        *(FlowStep("excluded", texts[why], counts[why]) for why in texts if counts.get(why)),
    )


def state_steps(
    connection: duckdb.DuckDBPyConnection, schema: str, own: str, label: str
) -> tuple[FlowStep, ...]:
    """The states of an outcome, whose rows are in `own`, and who had reached it before."""
    before = connection.execute(
        f"select (select count(*) from {schema}.scored) - (select count(*) from {own}.scored)"
    ).fetchall()[0][0]
    aside = FlowStep("excluded", f"{label} reached before the moment of scoring", int(before))
    found = dict(
        connection.execute(f"select state, count(*) from {own}.scored group by state").fetchall()
    )
    states = (FlowStep("state", state, int(found.get(state, 0))) for state in STATES)
    return (*((aside,) if before else ()), *states)
