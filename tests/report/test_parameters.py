"""What a report takes is read from its notebook; what it does not take is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable

import nbformat
import pandas as pd
import pytest

from toolkit.errors import QuestionError
from toolkit.report import (
    ReportParameter,
    audit,
    report_names,
    report_parameters,
    threshold,
    weights,
)
from toolkit.report.parameters import check_values, parameters_of

CELL = """# A heading, which belongs to no line
rate: float | None = None  # of leads  # and no more
names: list[str] | str = []
free = "#1"
helper()
"""


@pytest.fixture(scope="module")
def known():
    cell = nbformat.v4.new_code_cell(CELL, metadata={"tags": ["parameters"]})
    other = nbformat.v4.new_code_cell("later: int = 3")
    return parameters_of(nbformat.v4.new_notebook(cells=[cell, other]))


def test_each_assignment_of_the_tagged_cell_is_a_parameter(known):
    assert known["rate"] == ReportParameter(("float",), "None", "of leads  # and no more")
    assert known["names"] == ReportParameter(("list[str]", "str"), "[]", "")
    assert known["free"].default == "'#1'"
    assert list(known) == ["rate", "names", "free"]


@pytest.mark.parametrize("name", report_names())
def test_every_parameter_of_ours_has_a_kind_and_a_meaning(name):
    for key, parameter in report_parameters(name).items():
        assert len(parameter.kinds) < 3, key
        assert parameter.meaning, key


@pytest.mark.parametrize(
    ("kinds", "good", "bad"),
    [
        ("bool", [True, False], [1, 0.0, "true"]),
        ("int", [0, -3, 4.0], [0.5, True, "4", float("nan"), float("inf")]),
        ("float", [0, 0.5], [True, "0.5", float("nan")]),
        ("str", ["", "a"], [1, ["a"]]),
        ("list[str]", [[], ["a"]], ["a", [1]]),
        ("list[int]", [[], [40, 50]], [40, ["40"], [40.5]]),
    ],
)
def test_values_are_taken_by_kind_and_none_always(kinds, good, bad):
    parameter = ReportParameter((kinds,), "None", "")
    assert all(map(parameter.takes, [None, *good]))
    assert not any(map(parameter.takes, bad))


@pytest.mark.parametrize(
    ("kinds", "text", "value"),
    [
        (("float",), "3", 3),
        (("float",), "0.5", 0.5),
        (("float",), "a tenth", "a tenth"),
        (("str",), "2026", "2026"),
        (("int", "str"), "2026", 2026),
        (("bool",), "True", True),
        (("list[int]",), "[40, 50]", [40, 50]),
        (("list[str]",), "[a, b]", ["a", "b"]),
        (("list[str]",), '["a, b", "c"]', ["a, b", "c"]),
        (("list[str]", "str"), "Fit Score", "Fit Score"),
    ],
)
def test_what_was_typed_is_read_by_kind(kinds, text, value):
    found = ReportParameter(kinds, "None", "").read(text)
    assert found == value
    assert type(found) is type(value)


def test_what_is_not_taken_is_refused_by_name(known):
    check_values({"rate": 1, "names": ["a"], "free": True}, known, "mine")
    with pytest.raises(QuestionError, match="'mine' has no parameter 'rat': did you mean 'rate'"):
        check_values({"rat": 1}, known, "mine")
    with pytest.raises(QuestionError, match=r"'rate' of report 'mine' is 'x': .* \(of leads"):
        check_values({"rate": "x"}, known, "mine")
    with pytest.raises(QuestionError, match=r"is 3: expected a list of texts or a text$"):
        check_values({"names": 3}, known, "mine")
    with pytest.raises(QuestionError, match="parameter 'free' is a DataFrame"):
        check_values({"free": pd.DataFrame()}, known, "mine")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"margin": "x"}, "margin is 'x': expected a number"),
        ({"threshold": "fifty"}, "threshold is 'fifty': expected a whole number"),
        ({"capacity_per_week": "many"}, "capacity_per_week is 'many': expected a number"),
        ({"accept_mismatch": "no"}, "accept_mismatch is 'no': expected true or false"),
        ({"cost_ratio": float("nan")}, "cost_ratio is nan: expected a number"),
    ],
)
@pytest.mark.parametrize("prepare", [audit.prepare, threshold.prepare])
def test_a_notebook_cell_that_holds_nonsense_is_answered_by_name(
    prepare: Callable[..., object], given: dict[str, object], text: str
) -> None:
    with pytest.raises(QuestionError, match=re.escape(text)):
        prepare(**given)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"grid": "wide"}, "grid is 'wide': expected a whole number"),
        ({"scored_before_outcome": "no"}, "scored_before_outcome is 'no': expected true or false"),
        ({"external": 3}, "external is 3: expected a text"),
    ],
)
def test_so_it_is_by_the_weight_review(given: dict[str, object], text: str) -> None:
    with pytest.raises(QuestionError, match=re.escape(text)):
        weights.prepare(**given)  # type: ignore[arg-type]


def test_one_number_is_no_list_of_thresholds() -> None:
    for given in (50, "50"):
        with pytest.raises(QuestionError, match=r"expected a list, such as \[40, 45, 50\]"):
            threshold.prepare(thresholds=given)  # type: ignore[arg-type]


def test_a_notebook_shows_the_text_of_an_error_and_no_traceback() -> None:
    error = QuestionError("margin is 3: expected less")
    assert error._render_traceback_() == ["QuestionError: margin is 3: expected less"]
