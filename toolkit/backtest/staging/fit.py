"""Lead fields to points: values, then codes, then combinations of codes.

Values that give the same result in every test share a code, so the combinations of codes that
occur are few however many leads and values there are. Points are found once per combination, in
Python; leads never leave the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.backtest.sql import column_names, make_table, quoted
from toolkit.crm import Crm
from toolkit.errors import ModelError, nearest_first
from toolkit.model import (
    CasesCriterion,
    Derived,
    Model,
    PerValueCriterion,
    Test,
    deriver,
    exception_conditions,
)
from toolkit.model.logic import (
    TRUE,
    case_points,
    condition_truth,
    fields_of,
    test_truth,
    value_points,
)

__all__ = ["asks_by_field", "stage_fit"]

Truth = npt.NDArray[np.int8]
Ints = npt.NDArray[np.int64]
Ask = Test | PerValueCriterion
"""What the model wants to know of a value: how a test comes out, or what its parts pay."""
AnswerOf = Callable[[str, Ask], Ints]

# Parts of a list arrive joined by a sign that no export holds.
_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True)
class _Dictionary:
    """The codes of one field: the answer to each question (rows) for each code (columns)."""

    asks: tuple[Ask, ...]
    answers: Ints
    missing: int
    key: str
    """SQL of the text by which a lead's value is found."""


def stage_fit(model: Model, crm: Crm, schema: str, *, fields: str | None = None) -> None:
    """Make the view `<schema>.ld(l, c, gate, profile, f0, f1, ...)`.

    It is `<schema>.fit_of(l, c, n)`, which says what combination of codes each lead has, joined with
    `<schema>.fit_points(n, gate, profile, f0, ...)`, what each combination pays. The kernel reads these.
    `fields` is a relation with the columns of `leads` by l, where they are not those of the
    export. `gate` is -1 or the number of the first that is met; bit i of `profile` is set where condition
    i of the bands' exceptions is met.
    """
    asks = asks_by_field(model)
    names = sorted(asks)
    _check_fields(model, names, column_names(crm.connection, "leads"))
    source = "leads" if fields is None else f"{fields} as leads"
    dictionaries = [
        _make_dictionary(
            crm.connection, schema, i, _Field.of(model, crm, name), asks[name], source=source
        )
        for i, name in enumerate(names)
    ]
    key = "row_id" if fields is None else "l"
    coded = f"{schema}.coded"
    joined = f"{source} on leads.{key} = lead.{key}"
    crm.connection.execute(f"create table {coded} as {_coded_sql(schema, dictionaries, joined)}")
    codes = ", ".join(f"v{i}" for i in range(len(names))) or "0 as v"
    combinations = crm.connection.execute(f"select distinct {codes} from {coded}").df()
    points = _points(model, names, dictionaries, combinations)
    known = combinations.assign(n=np.arange(len(combinations)), **points)
    make_table(crm.connection, f"{schema}.fit_points", known)
    match = " and ".join(f"p.v{i} = x.v{i}" for i in range(len(names))) or "true"
    chosen = "".join(f", cast(p.{name} as bigint) as {name}" for name in points)
    crm.connection.execute(f"""
        create table {schema}.fit_of as select x.l, x.c, cast(p.n as integer) as n
        from {coded} as x join {schema}.fit_points as p on {match};
        drop table {coded};
        create view {schema}.ld as select x.l, x.c{chosen}
        from {schema}.fit_of as x join {schema}.fit_points as p on p.n = x.n""")


def asks_by_field(model: Model) -> dict[str, tuple[Ask, ...]]:
    """Every question by its field, found by asking the evaluation what it needs."""
    asked: dict[str, dict[str, Ask]] = {}

    def note(field: str, ask: Ask) -> Ints:
        asked.setdefault(field, {})[repr(ask)] = ask
        return np.zeros(1, dtype=np.int64)

    _evaluate(model, note, 1)
    return {field: tuple(asks.values()) for field, asks in asked.items()}


def _evaluate(model: Model, answer_of: AnswerOf, n: int) -> dict[str, Ints]:
    """The gate, the profile and the points of each fit criterion, for n combinations."""

    def truth_of(field: str, test: Test) -> Truth:
        return answer_of(field, test).astype(np.int8)

    gate = np.full(n, -1, dtype=np.int64)
    for i, rule in reversed(list(enumerate(model.gates))):
        gate[condition_truth(rule.when, truth_of, n) == TRUE] = i
    profile = np.zeros(n, dtype=np.int64)
    for i, condition in enumerate(exception_conditions(model)):
        profile |= np.where(condition_truth(condition, truth_of, n) == TRUE, 1 << i, 0)
    points: dict[str, Ints] = {}
    for placed in model.criteria:
        if isinstance(placed.criterion, CasesCriterion):
            points[f"f{len(points)}"] = case_points(placed.criterion, truth_of, n)
        elif isinstance(placed.criterion, PerValueCriterion):
            points[f"f{len(points)}"] = answer_of(placed.criterion.field, placed.criterion)
    return {"gate": gate, "profile": profile, **points}


def _check_fields(model: Model, fields: Sequence[str], columns: Sequence[str]) -> None:
    derived = dict(model.derive)
    for name in derived:
        if name in columns:
            raise ModelError(
                f"the model derives '{name}', but the table 'leads' has a column of that name; "
                "give the derived field another name, or delete it from 'derive'"
            )
    for field in fields:
        source = derived[field].source if field in derived else field
        if source not in columns:
            raise ModelError(
                f"{_users(model, field)} uses the lead field '{source}', which the table 'leads' "
                f"does not have: {nearest_first(source, columns)}. Correct the name in the model, "
                "or map the column in crm.yaml"
            )


def _users(model: Model, field: str) -> str:
    users = [f"'{p.criterion.id}'" for p in model.criteria if field in fields_of(p.criterion)]
    return f"criterion {', '.join(users)}" if users else "a gate or a band"


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of the model, and the column of leads it is read from."""

    source: str
    derived: Derived | None
    column: str
    """The source column as SQL."""
    is_list: bool

    @classmethod
    def of(cls, model: Model, crm: Crm, name: str) -> _Field:
        derived = dict(model.derive).get(name)
        column = name if derived is None else derived.source
        types = crm.connection.execute("describe leads").fetchall()
        kind = next(str(row[1]) for row in types if str(row[0]) == column)
        return cls(column, derived, f"leads.{quoted(column)}", kind.endswith("]"))

    @property
    def key(self) -> str:
        """SQL of the text that stands for a lead's value; null where it is missing."""
        if self.is_list:
            return f"array_to_string({self.column}, chr({ord(_BETWEEN)}))"
        if self.derived is not None and self.derived.domain_of is not None:
            # Of addresses only the domain is fetched: there are far fewer.
            text = f"cast({self.column} as varchar)"
            domain = f"lower(trim(string_split({text}, '@')[-1]))"
            return f"case when contains({text}, '@') then '@' || {domain} end"
        return f"cast({self.column} as varchar)"

    def refuse_tests_on_lists(self, asks: Sequence[Ask]) -> None:
        only_values = all(isinstance(ask, PerValueCriterion) for ask in asks)
        if self.is_list and (self.derived is not None or not only_values):
            raise ModelError(
                f"the lead field '{self.source}' is a list, which only 'per_value' can read; write "
                "the criterion with 'per_value', or add a column of text"
            )


def _make_dictionary(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    number: int,
    field: _Field,
    asks: tuple[Ask, ...],
    *,
    source: str,
) -> _Dictionary:
    """Make `<schema>.field<i>(key, v)` of the distinct values of a field."""
    field.refuse_tests_on_lists(asks)
    # Of a list the key says it all.
    value = "cast(null as varchar)" if field.is_list else f"any_value({field.column})"
    values = connection.execute(
        f"select {field.key} as key, {value} as value "
        f"from {source} where {field.key} is not null group by 1 order by 1"
    ).df()
    cells: list[object] = [*_cells(field, values), None]  # the last stands for a missing value
    answers = np.stack([_answer(ask, cells) for ask in asks])
    signatures, codes = np.unique(answers, axis=1, return_inverse=True)
    codes = codes.ravel().astype(np.int32)
    table = pd.DataFrame({"key": values["key"].astype("str"), "v": codes[:-1]})
    make_table(connection, f"{schema}.field{number}", table)
    return _Dictionary(asks, signatures, int(codes[-1]), field.key)


def _cells(field: _Field, values: pd.DataFrame) -> list[object]:
    if field.is_list:
        return [tuple(key.split(_BETWEEN)) for key in values["key"].tolist()]
    if field.derived is None:
        return list(values["value"].tolist())
    source = "key" if field.derived.domain_of is not None else "value"
    return list(map(deriver(field.derived), values[source].tolist()))


def _answer(ask: Ask, cells: Sequence[object]) -> Ints:
    if isinstance(ask, PerValueCriterion):
        return value_points(ask, cells)
    return test_truth(ask, cells).astype(np.int64)


def _coded_sql(schema: str, dictionaries: Sequence[_Dictionary], fields: str) -> str:
    """The SQL of l, c and one code per field."""
    joins, codes = "", ""
    for i, known in enumerate(dictionaries):
        joins += f" left join {schema}.field{i} as d{i} on d{i}.key = {known.key}"
        codes += f", coalesce(d{i}.v, {known.missing}) as v{i}"
    return f"select lead.l, lead.c{codes} from {schema}.lead as lead join {fields}{joins}"


def _points(
    model: Model,
    fields: Sequence[str],
    dictionaries: Sequence[_Dictionary],
    combinations: pd.DataFrame,
) -> dict[str, Ints]:
    """Evaluate the model on the combinations of codes that occur."""
    codes = {field: combinations[f"v{i}"].to_numpy() for i, field in enumerate(fields)}
    known = dict(zip(fields, dictionaries, strict=True))

    def answer_of(field: str, ask: Ask) -> Ints:
        row = known[field].asks.index(ask)
        return np.asarray(known[field].answers[row][codes[field]], dtype=np.int64)

    return _evaluate(model, answer_of, len(combinations))
