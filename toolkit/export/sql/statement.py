"""The whole statement: the customer's rows as integers, the core, and what the score means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from toolkit.backtest.core import Plan, as_of_sql
from toolkit.backtest.staging.plan import bucket_columns, make_plan
from toolkit.errors import QuestionError
from toolkit.export.sql.dialects import Dialect, dialect_of
from toolkit.export.sql.leads import (
    activity_queries,
    fit_criteria,
    lead_fields,
    lead_queries,
    uses_activities,
)
from toolkit.export.sql.tables import Tables
from toolkit.model import Band, Dimension, LedgerCriterion, Model, PerValueCriterion

__all__ = ["export_sql", "head_of", "limit_lines", "moment_line", "scored_sql", "whole"]


def export_sql(
    model: Model,
    *,
    dialect: str = "duckdb",
    tables: Tables | None = None,
    as_of: datetime | date | None = None,
) -> str:
    """Write a model as one SQL statement that scores every lead of the customer's own tables.

    Its rows are `lead_id`, `moment` (whole seconds since 1970 UTC), `fit` and `behavior` (in
    points, inside their limits and before their weights), `score`, then `band` and `grade` where
    the model has them; `band` is that of the gate for leads that a gate decides. The score is the
    one that `run_backtest` gives at the same moment; the comment at its head lists what the tables
    must keep to for that.

    Parameters
    ----------
    model
        What gives points.
    dialect
        `duckdb`, `postgres`, `snowflake`, `bigquery` or `spark`.
    tables
        Names of tables and columns; by default those of the toolkit.
    as_of
        The moment, inclusive (without time zone: UTC); a date means its end. By default the time
        at which the statement runs. Leads created later are left out.

    Raises
    ------
    ExportError
        The model has a part that SQL cannot say exactly, as a regular expression.
    QuestionError
        There is no such dialect, or two moments are given.
    """
    spoken, tables = dialect_of(dialect), tables or Tables()
    if as_of is not None and tables.moment is not None:
        raise QuestionError(
            f"both 'as_of' and a column of moments ('{tables.moment}') are given; give one"
        )
    lines = [*limit_lines(model, spoken, tables)]
    if model.account_score is not None:
        lines.append("The account score of the model is not here: export_account_sql writes it.")
    listed = scored_sql(model, spoken, tables, as_of, accounts=False)
    head = head_of([moment_line(tables, as_of), *lines], model, spoken)
    return f"{head}with {listed}\n{_answer(model, make_plan(model), spoken)}\n"


def scored_sql(
    model: Model, dialect: Dialect, tables: Tables, as_of: datetime | date | None, *, accounts: bool
) -> str:
    """Write the queries up to `scored`, the rows of the core; `ld` has what else is known."""
    moment = dialect.now() if as_of is None else f"cast({_second(as_of)} as bigint)"
    queries = [
        *lead_queries(model, dialect, tables, moment, accounts=accounts),
        *activity_queries(model, dialect, tables),
        f"scored as ({as_of_sql(make_plan(model)).rstrip()}\n)",
    ]
    return ",\n".join(queries)


def moment_line(tables: Tables, as_of: datetime | date | None) -> str:
    """Say at the head of a statement when it scores."""
    when = "the time of the run" if as_of is None else f"{_moment(as_of):%Y-%m-%d %H:%M:%S} UTC"
    when = when if tables.moment is None else f"the column '{tables.moment}'"
    return f"moment: {when}"


def _moment(as_of: datetime | date) -> datetime:
    if not isinstance(as_of, datetime):
        return datetime.combine(as_of, time(23, 59, 59), UTC)
    return as_of.replace(tzinfo=UTC) if as_of.tzinfo is None else as_of.astimezone(UTC)


def _second(as_of: datetime | date) -> int:
    return int(_moment(as_of).replace(microsecond=0).timestamp())


# --- the head -----------------------------------------------------------------------------------


def head_of(lines: list[str], model: Model, dialect: Dialect) -> str:
    """Comments; whatever a name holds, it cannot end its line."""
    listed = [
        f"Model {model.name} {model.version} ({model.hash}) for {dialect.name}",
        *lines,
    ]
    plain = ("".join(x if x.isprintable() else " " for x in line) for line in listed)
    return "".join(f"-- {line}\n" for line in plain)


def limit_lines(model: Model, dialect: Dialect, tables: Tables) -> Iterator[str]:
    """What the customer's tables must keep to, so that the scores are those of the toolkit."""
    yield "The scores equal those of the toolkit if:"
    yield "* times are instants; a time without zone is taken as UTC, a date as its first second"
    yield (
        f"* '{tables.lead_id}' names one lead; ids in rows that differ in what is read here are "
        "left out"
    )
    fields = lead_fields(model, dialect, tables, fit_criteria(model), bands=True)
    yield "* tested columns are text, boolean, date or whole numbers; other numbers only where"
    yield "  the model compares with numbers, and without NaN"
    if fields.has_texts or uses_activities(model):
        if not dialect.composes:
            yield "* text is in Unicode form NFC (composed accents): this engine cannot compose it"
        if dialect.name != "postgres":
            yield "* text columns have the default, binary collation"
    if any(isinstance(c, PerValueCriterion) for c in fit_criteria(model)):
        yield "* columns of several values are text with ';' between them, not arrays"
    if uses_activities(model):
        yield (
            "* every row of activities is one activity"
            if tables.activity_id is None
            else f"* rows of one '{tables.activity_id}' agree; the first of them counts"
        )
    if bucket_columns(model):
        yield "* lower() of this engine lowers all letters in assets and sessions"
    if any(isinstance(p.criterion, LedgerCriterion) for p in model.criteria):
        yield "* recorded deltas are whole numbers"
    if not dialect.runs_in_tests:
        yield "The toolkit's tests parse this dialect and do not run it: compare some leads first."


# --- the answer ---------------------------------------------------------------------------------


def _answer(model: Model, plan: Plan, dialect: Dialect) -> str:
    columns = [
        "scored.l as lead_id",
        "scored.s as moment",
        f"{_in_points('scored.fit', plan)} as fit",
        f"{_in_points('scored.behavior', plan)} as behavior",
        "scored.score as score",
    ]
    if model.bands or model.gates:
        columns.append(f"{_gated(model, dialect)} as band")
    if model.dimensions.fit.grades or model.dimensions.behavior.grades:
        columns.append(f"{_grade(model, plan, dialect)} as grade")
    listed = ",\n  ".join(columns)
    return f"select\n  {listed}\nfrom scored join ld on ld.l = scored.l"


def _in_points(column: str, plan: Plan) -> str:
    return column if plan.unit == 1 else f"{column} / {plan.unit}e0"


def _gated(model: Model, dialect: Dialect) -> str:
    band = _band(model, dialect) if model.bands else "null"
    gates = "".join(
        f" when ld.gate = {i} then {dialect.literal(gate.then)}"
        for i, gate in enumerate(model.gates)
    )
    return f"case{gates} else {band} end" if gates else band


def _band(model: Model, dialect: Dialect) -> str:
    """The band with the highest beginning that the score reaches; of equal ones the first."""
    starts = _starts(model)
    moving = any(band.exceptions for band in model.bands)
    cases = ""
    for i, start in enumerate(starts):
        met = f"scored.score >= {start}"
        for j, other in enumerate(starts if moving else []):
            if i != j:
                sign = ">=" if j < i else ">"
                met += f" and not (scored.score >= {other} and {other} {sign} {start})"
        cases += f" when {met} then {dialect.literal(model.bands[i].name)}"
    last = model.bands[-1]
    rest = dialect.literal(last.name) if last.start is None else "null"
    return f"case{cases} else {rest} end" if cases else rest


def _starts(model: Model) -> list[str]:
    """Where each band begins, for a lead that may meet exceptions."""
    starts, number = [], 0
    for band in model.bands:
        if band.start is None:
            continue
        cases = ""
        for entry in band.exceptions:
            cases += f" when ld.h{number} = 1 then {whole(entry.start)}"
            number += 1
        starts.append(_start(band, cases))
    return starts


def _start(band: Band, cases: str) -> str:
    start = whole(band.start or 0)
    return f"(case{cases} else {start} end)" if cases else start


def whole(value: int) -> str:
    """A number of the model, in brackets where a sign might meet another."""
    return str(value) if value >= 0 else f"({value})"


def _grade(model: Model, plan: Plan, dialect: Dialect) -> str:
    """The grades of both dimensions side by side; NULL where one has none."""
    finer = plan.unit // model.scale
    parts = [
        _letter(dimension, f"scored.{name}", finer, dialect)
        for name, dimension in (
            ("fit", model.dimensions.fit),
            ("behavior", model.dimensions.behavior),
        )
        if dimension.grades
    ]
    return " || ".join(f"({part})" for part in parts)


def _letter(dimension: Dimension, column: str, finer: int, dialect: Dialect) -> str:
    cases = "".join(
        f" when {column} >= {whole(grade.start * finer)} then {dialect.literal(grade.grade)}"
        for grade in dimension.grades
    )
    return f"case{cases} end"
