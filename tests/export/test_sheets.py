"""The published sheets: each lead that is scored by hand has that score in the customer's database."""

from __future__ import annotations

from itertools import count

import pytest

from tests.backtest import test_golden as golden
from toolkit.backtest import explain_lead
from toolkit.export import Tables, export_sql


def cases(test) -> list[dict]:
    """The arguments that a test of the sheets is run with."""
    marks = [m for m in getattr(test, "pytestmark", []) if m.name == "parametrize"]
    if not marks:
        return [{}]
    names = marks[0].args[0]
    return [dict(zip(names, values, strict=True)) for values in marks[0].args[1]]


SHEETS = [
    pytest.param(test, arguments, id=f"{name}-{i}")
    for name, test in vars(golden).items()
    if name.startswith("test_") and name != "test_there_are_seven_examples_and_each_comes_back_from_its_text"
    for i, arguments in enumerate(cases(test))
]  # fmt: skip


@pytest.mark.parametrize(("test", "arguments"), SHEETS)
def test_a_lead_scored_by_hand_has_its_score(customer, monkeypatch, test, arguments):
    seen = count()

    def checked(model, crm, lead, as_of):
        why = explain_lead(model, crm, lead, as_of=as_of)
        tables = {
            name: crm.connection.execute(f"select * from {name}").df().convert_dtypes()
            for name in ("leads", "activities")
        }
        customer.load(**tables)
        others = Tables(other_types=("recycled", "score_change"))
        (row,) = customer.rows(export_sql(model, dialect=customer.name, tables=others, as_of=as_of))
        assert (row["score"], row["band"] if model.bands else None) == (why.score, why.band)
        assert row.get("grade") == why.grade
        assert float(row["fit"]) == pytest.approx(float(why.fit))
        next(seen)
        return why

    monkeypatch.setattr(golden, "explain_lead", checked)
    test(**arguments)
    assert next(seen) > 0
