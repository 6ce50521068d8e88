"""The leads whose fields are looked at: those of a CRM, judged, or of a flat file."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import duckdb
import pandas as pd

from toolkit.backtest.flat import check_column, converted_of, read_table, texts_of
from toolkit.backtest.leads import number_leads
from toolkit.backtest.leaks.fields import count_levels, fold_of
from toolkit.backtest.leaks.timing import count_timing
from toolkit.backtest.moments import AtAge, Outcome
from toolkit.backtest.outcomes import (
    evidence_of_work,
    place_moments,
    place_outcomes,
    stage_label,
    stage_times,
)
from toolkit.backtest.result import new_schema
from toolkit.backtest.sql import column_names, make_table, quoted
from toolkit.counts import FieldCounts, TimingCounts
from toolkit.crm import Crm
from toolkit.errors import DataError

__all__ = ["count_fields", "count_fields_and_timing"]

_NO_FIELD = frozenset({"row_id", "lead_id", "created_at", "account_id"})


def count_fields(
    source: str | Path | pd.DataFrame, *, outcome: str, account: str | None = None
) -> FieldCounts:
    """Count the columns of a flat file against its outcome column.

    Every row with an outcome counts. Raises SourceError for a file or column that is not there,
    DataError for an outcome that is neither yes nor no.
    """
    frame, name = read_table(source)
    for column in (outcome, *([account] if account else [])):
        check_column(frame, name, column)
    converted = converted_of(frame, name, outcome)
    fields = [str(column) for column in frame.columns if column not in (outcome, account)]
    texts = {f"x{i}": _text(frame[field]) for i, field in enumerate(fields)}
    table = pd.DataFrame(
        {"y": converted, "account": texts_of(frame[account]) if account else None, **texts}
    )
    judged = table[table["y"].notna()].astype({"y": "int64", "account": "string"})
    if judged.empty:
        raise DataError(f"{name}: no row has an outcome in the column '{outcome}'")
    with duckdb.connect() as connection:
        make_table(connection, "flat", judged)
        _with_folds(connection, len(fields), account=account is not None)
        return count_levels(
            connection, "judged", fields, source=name, outcome=f"column '{outcome}'"
        )


def _text(column: pd.Series) -> pd.Series:
    """Whole numbers that pandas holds as floats keep no trailing zero."""
    if column.dtype.kind == "f" and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return texts_of(column).astype("string")


def _with_folds(connection: duckdb.DuckDBPyConnection, fields: int, *, account: bool) -> None:
    """Make `judged`; the fold of a row without an account follows from what stands in it.

    Rows that are alike are numbered, or they would all lie in one fold, and be strangers there.
    """
    names = [f"x{i}" for i in range(fields)]
    content = ", ".join(["y", *names])
    joined = " || chr(31) || ".join(f"coalesce({name}, chr(30))" for name in ["y::varchar", *names])
    connection.execute(f"""
        create table judged as
        select y, coalesce('in ' || account, 'row ' || key) as g, account is not null as known,
          {fold_of("coalesce('in ' || account, 'row ' || key)")} as fold{"".join(f", {n}" for n in names)}
        from (select *, {joined} || chr(31) || row_number() over (partition by {content}) as key
              from flat)""")
    if not account:
        connection.execute("update judged set known = false")


def count_fields_and_timing(crm: Crm, *, outcome: Outcome) -> tuple[FieldCounts, TimingCounts]:
    """Count the lead fields of a CRM against an outcome, and what was recorded when.

    The leads are those judged from their creation on: worked by sales, `within_days` of the
    outcome passed since they were created. Values are those of the export.
    """
    schema = new_schema(crm.connection)
    until = int(crm.observed_until.replace(tzinfo=UTC).timestamp())
    try:
        number_leads(crm.connection, schema, until=until)
        handoff = _handoff(crm)
        stage_times(crm, schema, (outcome.stage, *handoff), until=until)
        label = stage_label(crm, outcome.stage)
        place_moments(crm, schema, AtAge(0), outcome, handoff_stage="", label=label, until=until)
        place_outcomes(crm, schema, outcome, evidence_of_work(crm), until=until)
        said = f"{label} within {outcome.within_days} days after creation"
        fields = _judged(crm, schema)
        counts = count_levels(
            crm.connection, f"{schema}.judged", fields, source=crm.source, outcome=said
        )
        return counts, count_timing(crm, schema, handoff=bool(handoff), until=until)
    finally:
        crm.connection.execute(f"drop schema {schema} cascade")


def _handoff(crm: Crm) -> tuple[str, ...]:
    stage = crm.mapping.handoff_stage
    found = crm.connection.execute(
        "select 1 from stage_changes where stage = ? and entered_at is not null limit 1", [stage]
    ).fetchall()
    return (stage,) if found else ()


def _judged(crm: Crm, schema: str) -> list[str]:
    """Make `<schema>.judged` and name its fields."""
    fields = [name for name in column_names(crm.connection, "leads") if name not in _NO_FIELD]
    chosen = "".join(
        f", nullif(trim(cast(leads.{quoted(name)} as varchar)), '') as x{i}"
        for i, name in enumerate(fields)
    )
    group = "coalesce('in ' || lead.account, 'lead ' || lead.lead_id)"
    crm.connection.execute(f"""
        create table {schema}.judged as
        select case when state.state = 'converted' then 1 else 0 end as y, {group} as g,
          lead.account is not null as known, {fold_of(group)} as fold{chosen}
        from {schema}.state as state join {schema}.lead as lead on lead.l = state.l
          join leads on leads.row_id = lead.row_id
        where state.state in ('converted', 'not_converted')""")
    return fields
