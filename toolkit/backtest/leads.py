"""Which rows of the lead table can be scored, and why the others cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from toolkit.backtest.merges import Merges, place_ids
from toolkit.backtest.sql import column_names, quoted, seconds
from toolkit.counts import FlowStep
from toolkit.errors import DataError

__all__ = ["LeadFlow", "number_leads"]

_REASONS = {
    1: "row without a lead_id",
    2: "identical copy of another row",
    3: "lead_id shared by rows that differ",
    4: "created_at missing or unreadable",
    5: "created after observed_until",
}


@dataclass(frozen=True, slots=True)
class LeadFlow:
    """How many rows came in, and how many were set aside for which reason."""

    imported: int
    excluded: tuple[FlowStep, ...]
    merges: Merges

    def steps(self) -> tuple[FlowStep, ...]:
        """As the beginning of a flow."""
        return (FlowStep("start", "lead rows imported", self.imported), *self.excluded)


def number_leads(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    *,
    until: int,
    segments: Sequence[str] = (),
) -> LeadFlow:
    """Make `<schema>.lead(l, lead_id, account, c, <segments>)`, numbered in order of lead_id.

    And `<schema>.ids`, which says whose rows count for a lead: its own, and from a merge on those
    of the lead that was merged into it.

    The numbers follow the ids, so neither the order of rows nor the split of files changes
    anything. Rows that differ under one id contradict one another: none of them is used.
    """
    shared = _shared_ids(connection)
    doubts = _doubts(connection) if shared else "select 0 as row_id, 0 as copy, 0 as contents"
    chosen = "".join(
        f", coalesce(cast({quoted(name)} as varchar), '(missing)') as seg{i}"
        for i, name in enumerate(segments)
    )
    connection.execute(f"""
        create table {schema}.lead_row as
        select leads.row_id, leads.lead_id, leads.account_id, {seconds("leads.created_at")} as c,
          case when leads.lead_id is null then 1 when doubts.contents > 1 then 3
               when doubts.copy > 1 then 2 when leads.created_at is null then 4
               when {seconds("leads.created_at")} > {until} then 5 else 0 end as reason{chosen}
        from leads left join ({doubts}) as doubts using (row_id)""")
    kept = "".join(f", seg{i}" for i in range(len(segments)))
    connection.execute(f"""
        create table {schema}.lead as
        select cast(row_number() over (order by lead_id) as integer) as l, row_id, lead_id,
          account_id as account, c{kept}
        from {schema}.lead_row where reason = 0""")
    flow = _flow(connection, schema)
    connection.execute(f"drop table {schema}.lead_row")
    return replace(flow, merges=place_ids(connection, schema, until=until))


def _shared_ids(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(
        "select count(*) - count(distinct lead_id) from leads where lead_id is not null"
    ).fetchall()[0]
    return int(row[0])


def _doubts(connection: duckdb.DuckDBPyConnection) -> str:
    """Number the copies of each content, and count the contents, of every shared lead_id."""
    columns = column_names(connection, "leads")
    content = ", ".join(quoted(name) for name in columns if name != "row_id")
    return f"""
        select row_id, copy,
          sum(case when copy = 1 then 1 else 0 end) over (partition by lead_id) as contents
        from (select row_id, lead_id,
                row_number() over (partition by {content} order by row_id) as copy
              from leads where lead_id in
                (select lead_id from leads group by lead_id having count(*) > 1))"""


def _flow(connection: duckdb.DuckDBPyConnection, schema: str) -> LeadFlow:
    rows = connection.execute(
        f"select reason, count(*) from {schema}.lead_row group by reason order by reason"
    ).fetchall()
    counts = {int(reason): int(n) for reason, n in rows}
    imported = sum(counts.values())
    if imported == 0:
        raise DataError(
            "the table 'leads' has no rows: nothing can be scored. "
            "Expected one row per lead; check the export and its filter"
        )
    excluded = tuple(
        FlowStep("excluded", text, counts[code])
        for code, text in _REASONS.items()
        if counts.get(code)
    )
    return LeadFlow(imported, excluded, Merges())
