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
from toolkit.model import CasesCriterion, Model, Test
from toolkit.model.logic import TRUE, case_points, condition_truth, fields_of, test_truth

__all__ = ["stage_fit"]

Truth = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class _Dictionary:
    """The codes of one field: the truth of each test (rows) for each code (columns)."""

    tests: tuple[Test, ...]
    truth: Truth
    missing: int


def stage_fit(model: Model, crm: Crm, schema: str) -> None:
    """Make `<schema>.ld(l, c, gate, f0, f1, ...)`; gate is -1 or the number of the first met."""
    tests = _tests_by_field(model)
    fields = sorted(tests)
    _check_fields(model, fields, column_names(crm.connection, "leads"))
    dictionaries = [
        _make_dictionary(crm.connection, schema, i, field, tests[field])
        for i, field in enumerate(fields)
    ]
    coded = _coded_sql(schema, fields, dictionaries)
    codes = ", ".join(f"v{i}" for i in range(len(fields))) or "0 as v"
    combinations = crm.connection.execute(f"select distinct {codes} from ({coded})").df()
    points = _points(model, fields, dictionaries, combinations)
    make_table(crm.connection, f"{schema}.fit_points", combinations.assign(**points))
    match = " and ".join(f"p.v{i} = x.v{i}" for i in range(len(fields))) or "true"
    chosen = "".join(f", cast(p.{name} as bigint) as {name}" for name in points)
    crm.connection.execute(
        f"create table {schema}.ld as select x.l, x.c{chosen} "
        f"from ({coded}) as x join {schema}.fit_points as p on {match}"
    )


def _tests_by_field(model: Model) -> dict[str, tuple[Test, ...]]:
    """Every test by its field, found by asking the evaluation what it needs."""
    asked: dict[str, dict[str, Test]] = {}

    def note(field: str, test: Test) -> Truth:
        asked.setdefault(field, {})[repr(test)] = test
        return np.zeros(1, dtype=np.int8)

    _evaluate(model, note, 1)
    return {field: tuple(tests.values()) for field, tests in asked.items()}


def _evaluate(
    model: Model, truth_of: Callable[[str, Test], Truth], n: int
) -> dict[str, npt.NDArray[np.int64]]:
    """The gate and the points of each fit criterion, for n combinations."""
    gate = np.full(n, -1, dtype=np.int64)
    for i, rule in reversed(list(enumerate(model.gates))):
        gate[condition_truth(rule.when, truth_of, n) == TRUE] = i
    fit = [p.criterion for p in model.criteria if isinstance(p.criterion, CasesCriterion)]
    points = {f"f{i}": case_points(criterion, truth_of, n) for i, criterion in enumerate(fit)}
    return {"gate": gate, **points}


def _check_fields(model: Model, fields: Sequence[str], columns: Sequence[str]) -> None:
    for field in fields:
        if field in columns:
            continue
        users = [
            f"'{p.criterion.id}'"
            for p in model.criteria
            if isinstance(p.criterion, CasesCriterion) and field in fields_of(p.criterion)
        ]
        who = f"criterion {', '.join(users)}" if users else "a gate"
        raise ModelError(
            f"{who} uses the lead field '{field}', which the table 'leads' does not have: "
            f"{nearest_first(field, columns)}. Correct the name in the model, or map the column "
            "in crm.yaml"
        )


def _make_dictionary(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    number: int,
    field: str,
    tests: tuple[Test, ...],
) -> _Dictionary:
    """Make `<schema>.field<i>(key, v)` of the distinct values of a field."""
    column = quoted(field)
    values = connection.execute(
        f"select cast({column} as varchar) as key, any_value({column}) as value "
        f"from leads where {column} is not null group by key order by key"
    ).df()
    cells: list[object] = [*values["value"].tolist(), None]  # the last stands for a missing value
    truth = np.stack([test_truth(test, cells) for test in tests])
    signatures, codes = np.unique(truth, axis=1, return_inverse=True)
    codes = codes.ravel().astype(np.int32)
    table = pd.DataFrame({"key": values["key"].astype("str"), "v": codes[:-1]})
    make_table(connection, f"{schema}.field{number}", table)
    return _Dictionary(tests, signatures, int(codes[-1]))


def _coded_sql(schema: str, fields: Sequence[str], dictionaries: Sequence[_Dictionary]) -> str:
    """The SQL of l, c and one code per field."""
    joins, codes = "", ""
    for i, (field, known) in enumerate(zip(fields, dictionaries, strict=True)):
        joins += (
            f" left join {schema}.field{i} as d{i} "
            f"on d{i}.key = cast(leads.{quoted(field)} as varchar)"
        )
        codes += f", coalesce(d{i}.v, {known.missing}) as v{i}"
    return (
        f"select lead.l, lead.c{codes} from {schema}.lead as lead "
        f"join leads on leads.row_id = lead.row_id{joins}"
    )


def _points(
    model: Model,
    fields: Sequence[str],
    dictionaries: Sequence[_Dictionary],
    combinations: pd.DataFrame,
) -> dict[str, npt.NDArray[np.int64]]:
    """Evaluate the model on the combinations of codes that occur."""
    codes = {field: combinations[f"v{i}"].to_numpy() for i, field in enumerate(fields)}
    known = dict(zip(fields, dictionaries, strict=True))

    def truth_of(field: str, test: Test) -> Truth:
        row = known[field].tests.index(test)
        return np.asarray(known[field].truth[row][codes[field]], dtype=np.int8)

    return _evaluate(model, truth_of, len(combinations))
