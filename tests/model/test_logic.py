"""Three-valued logic: by hand, and against a plain evaluator that looks at one row at a time."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.conditions import CONDITIONS
from tests.model.sheets import GOLDEN, with_criterion
from toolkit.model import (
    FALSE,
    TRUE,
    UNKNOWN,
    CasesCriterion,
    Condition,
    Gate,
    Test,
    case_points,
    condition_truth,
    conditions_of,
    fields_of,
    load_model,
    parse_model,
    test_truth,
    where_fields,
)
from toolkit.model.text import has_word, like, normal_text, number_of, text_of

T, F, U = TRUE, FALSE, UNKNOWN


def read(raw):
    """A test or a condition as a file would give it."""
    return Condition.model_validate(raw, context={"file": "x"})


def truth(raw, *values):
    ((_, test),) = read({"field": raw}).tests
    return test_truth(test, values).tolist()


def over(rows):
    """Tests on a list of dicts, as the engine would answer them."""
    return lambda field, test: test_truth(test, [row.get(field) for row in rows])


def holds(raw, rows):
    return condition_truth(read(raw), over(rows), len(rows)).tolist()


def points(text, rows):
    criterion = parse_model(with_criterion(text)).criteria[0].criterion
    return case_points(criterion, over(rows), len(rows)).tolist()


# --- one test -----------------------------------------------------------------------------------

MISSING = [None, "", "  ", float("nan"), np.nan, pd.NaT, pd.NA, np.float32("nan"), Decimal("NaN")]


@pytest.mark.parametrize("value", MISSING, ids=repr)
def test_a_missing_value_is_unknown_to_every_test_but_missing_ones(value):
    for raw in ("x", ["x"], {"not_in": ["x"]}, {"not_equals": "x"}, {"gte": 0}, {"contains": "x"}):
        assert truth(raw, value) == [U]
    assert truth({"missing": True}, value) == [T]
    assert truth({"missing": False}, value) == [F]
    assert truth({"gte": 5, "or_missing": True}, value) == [T]


def test_a_given_value_is_not_missing():
    assert truth({"missing": True}, "x", 0, False, "0") == [F] * 4
    assert truth({"missing": False}, "x", 0, False) == [T] * 3


@pytest.mark.parametrize(
    ("raw", "values", "expected"),
    [
        ("VP", [" vp ", "Vp", "svp"], [T, T, F]),
        (["a", "B"], ["A", "b", "c"], [T, T, F]),
        ({"not_in": ["a", "b"]}, ["A", "c"], [F, T]),
        ({"not_equals": "a"}, ["A", "c"], [F, T]),
        (500, [500, 500.0, "500", " 500 ", "500.0", "5e2", Decimal(500), "x", 501], [T] * 7 + [F, F]),
        ("02134", ["02134", 2134, "2134"], [T, F, F]),
        (True, [True, "TRUE", "true", np.True_, "yes", 1, False], [T, T, T, T, F, F, F]),
        (1, [True, "true", 1], [F, F, T]),
        ({"gte": 50}, [50, "50", 49.99, "1,000", "many", "nan", "inf", True], [T, T, F, U, U, U, U, U]),
        ({"gt": 50}, [50, 51], [F, T]),
        ({"lt": 50}, [50, 49], [F, T]),
        ({"gte": 500, "lte": 1000}, [499, 500, 1000, 1001, "?"], [F, T, T, F, U]),
        ({"gte": 9007199254740993}, ["9007199254740992", "9007199254740993"], [F, T]),
        ({"contains": "vp"}, ["SVP", "vp", "v p"], [T, T, F]),
        ({"contains_word": "vp"}, ["SVP", "VP, Sales", "(vp)", "vp_ops", "vp2"], [F, T, T, T, F]),
        ({"contains_word": "intern"}, ["International Sales", "Sales Intern"], [F, T]),
        ({"contains_word": "vice president"}, ["Vice  President of X", "vice-president"], [T, F]),
        ({"contains_word": "größe"}, ["GRÖSSE", "Größenwahn", "Gro\u0308sse"], [T, F, T]),
        ({"contains_word": "c++"}, ["Senior C++ dev", "c+"], [T, F]),
        ({"contains_word": "инженер"}, ["Главный Инженер", "инженеры"], [T, F]),
        ({"starts_with": ["/a", "/b"]}, ["/Abc", "/c", "x/a"], [T, F, F]),
        ({"ends_with": ".EDU"}, ["mit.edu", "edu.com"], [T, F]),
        ({"like": "/pricing*"}, ["/Pricing", "/pricing/eu?x", "/a/pricing"], [T, T, F]),
        ({"like": "*a*b*"}, ["xxaxxbxx", "ba", "ab"], [T, F, T]),
        ({"like": "*ab*b"}, ["ab", "abb"], [F, T]),
        ({"like": "a.c"}, ["a.c", "abc"], [T, F]),
        ({"like": "ab*ba"}, ["aba", "abba"], [F, T]),
        ({"matches": r"^(vp|chief)\b"}, ["VP Sales", "vps", "the vp"], [T, F, F]),
        ({"contains": "1", "gte": 100}, [100, 1, "1x", 20], [T, F, U, F]),
        ("2026-07-01", [date(2026, 7, 1), "2026-07-01", datetime(2026, 7, 1, 1)], [T, T, F]),  # noqa: DTZ001
    ],
)  # fmt: skip
def test_one_test_on_some_values(raw, values, expected):
    assert truth(raw, *values) == expected


def test_the_outcome_is_int8_in_the_order_of_the_values():
    outcome = test_truth(Test(equals="a"), ["a", "b", None])
    assert outcome.dtype == np.int8
    assert test_truth(Test(equals="a"), []).shape == (0,)


def test_numpy_scalars_compare_like_pythons_own():
    values = [np.int64(500), np.float32(0.5), np.str_("500"), np.bool_(True)]
    assert truth({"gte": 1}, *values) == [T, F, T, U]
    assert [text_of(value) for value in values] == ["500", "0.5", "500", "true"]


@given(st.text(max_size=12))
def test_text_is_compared_without_case_and_blanks_around(text):
    assert normal_text(f" {text.swapcase()} ") == normal_text(text.swapcase())
    assert like(normal_text(text), "*")


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab", max_size=8))
def test_a_glob_fits_what_a_regular_expression_fits(glob, text):
    import re

    oracle = re.compile(".*".join(map(re.escape, glob.split("*"))), re.DOTALL)
    assert like(text, glob) is (oracle.fullmatch(text) is not None)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_is_the_same_number_as_text(number):
    assert number_of(str(number)) == number


def test_words_end_where_letters_and_digits_end():
    assert has_word("SVP/VP", "vp")
    assert not has_word("vp1", "vp")
    assert not has_word("caf\u00e9", "caf")
    assert not has_word("cafe\u0301", "cafe")


# --- conditions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"a": 1, "b": 1}, [T, F, U, F, F, F, U, F, U]),
        ({"any": [{"a": 1}, {"b": 1}]}, [T, T, T, T, F, U, T, U, U]),
        ({"all": [{"a": 1}, {"b": 1}]}, [T, F, U, F, F, F, U, F, U]),
        ({"not": {"a": 1}}, [F, F, F, T, T, T, U, U, U]),
        ({"not": {"any": [{"a": 1}, {"b": 1}]}}, [F, F, F, F, T, U, F, U, U]),
        ({"a": 1, "not": {"b": 1}}, [F, T, U, F, F, F, F, U, U]),
    ],
)
def test_the_tables_of_kleene(raw, expected):
    rows = [{"a": a, "b": b} for a in (1, 0, None) for b in (1, 0, None)]
    assert holds(raw, rows) == expected


VALUES = [None, "", "VP", " svp sales ", "intern", "no", 0, 15, "15", 500.0, "many", True]
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={name: st.sampled_from(VALUES) for name in "abc"}),
    min_size=1,
    max_size=6,
)


def plain_test(raw, value):
    """One test on one value, written again with None for unknown."""
    if not isinstance(raw, dict):
        raw = {"in": raw if isinstance(raw, list) else [raw]}
    blank = value is None or str(value).strip() == ""
    if "missing" in raw:
        return blank is raw["missing"]
    if blank:
        return True if raw.get("or_missing") else None
    text = str(value).strip().casefold().removesuffix(".0")
    number = float(text) if text.isdigit() else None

    def same(expected):
        return text == str(expected).casefold()

    outcomes = {
        "in": lambda wanted: any(map(same, wanted)),
        "not_in": lambda wanted: not any(map(same, wanted)),
        "not_equals": lambda wanted: not same(wanted),
        "gte": lambda limit: None if number is None else number >= limit,
        "lt": lambda limit: None if number is None else number < limit,
        "contains": lambda part: part in text,
        "contains_word": lambda words: any(
            word in text.split() for word in ([words] if isinstance(words, str) else words)
        ),
    }
    return plain_and([outcomes[key](raw[key]) for key in raw if key != "or_missing"])


def plain_and(outcomes):
    return False if False in outcomes else None if None in outcomes else True


def plain_or(outcomes):
    return True if True in outcomes else None if None in outcomes else False


def plain_condition(raw, row):
    outcomes = []
    for key, inner in raw.items():
        if key == "any":
            outcomes.append(plain_or([plain_condition(part, row) for part in inner]))
        elif key == "all":
            outcomes.append(plain_and([plain_condition(part, row) for part in inner]))
        elif key == "not":
            negated = plain_condition(inner, row)
            outcomes.append(None if negated is None else not negated)
        else:
            outcomes.append(plain_test(inner, row.get(key)))
    return plain_and(outcomes)


@given(CONDITIONS, ROWS)
def test_columns_at_once_are_what_one_row_at_a_time_is(raw, rows):
    expected = [{True: T, False: F, None: U}[plain_condition(raw, row)] for row in rows]
    assert holds(raw, rows) == expected


@given(CONDITIONS, ROWS)
def test_not_not_is_nothing_and_de_morgan_holds(raw, rows):
    assert holds({"not": {"not": raw}}, rows) == holds(raw, rows)
    one, other = raw, {"a": "vp"}
    left = {"not": {"any": [one, other]}}
    assert holds(left, rows) == holds({"all": [{"not": one}, {"not": other}]}, rows)


# --- points -------------------------------------------------------------------------------------

SIZES = [{"employees": size} for size in (0, 15, 16, 30, 49, 50, 5000, None, "12", "n/a")]


def test_the_company_size_sheet():
    size = load_model(GOLDEN / "company_size.yaml").criteria[0].criterion
    assert case_points(size, over(SIZES), 10).tolist() == [1, 1, 0, 0, 0, 3, 3, 0, 1, 0]


def test_the_glossary_sheet():
    who = load_model(GOLDEN / "glossary.yaml").groups[0].criteria
    rows = [
        {"title": "VP of Operations", "icp": True, "email_domain": "acme.example"},
        {"title": "Student", "icp": False, "email_domain": "Gmail.com"},
        {"title": "SVP International", "icp": "TRUE", "email_domain": None},
        {"title": "MVP evangelist", "icp": None, "email_domain": " outlook.com"},
    ]
    found = [case_points(criterion, over(rows), 4).tolist() for criterion in who]
    assert found == [[20, 0, 20, 0], [15, 0, 15, 0], [0, -10, 0, -10]]
    # The rest of the worked example: white paper, pricing page twice, demo: 10 + 15 + 15 + 30.
    assert 20 + 15 + 10 + 2 * 15 + 30 == 105


def test_the_enterprise_sheet_at_its_boundaries():
    company, role = load_model(GOLDEN / "enterprise.yaml").groups[0].criteria
    rows = [{"employees": n, "industry": "Software"} for n in (499, 500, 1000, 1001, "500", None)]
    rows += [{"employees": 700, "industry": other} for other in ("retail", None)]
    assert case_points(company, over(rows), 8).tolist() == [0, 50, 50, 0, 50, 0, 0, 0]
    people = [
        {"title": "Intern", "level": None},  # not chief: known, so the role is entry-level
        {"title": "International Director", "level": "senior"},
        {"title": None, "level": "entry"},  # whether chief is unknown, so nothing is paid
        {"title": "Head of Trainee Programs", "level": "entry"},
        {"title": "Analyst", "level": " Entry "},
    ]
    assert case_points(role, over(people), 5).tolist() == [-40, 0, 0, 0, -40]


CASES = "cases: [{when: {n: {gte: 5}}, points: 3}, {when: {n: {gte: 1}}, points: -2}, {points: 9}]"
NUMBERED = [{"n": n} for n in (7, 2, 0, None)]


@pytest.mark.parametrize(
    ("match", "expected"),
    [("first", [3, -2, 9, 9]), ("sum", [1, -2, 9, 9]), ("max", [3, -2, 9, 9])],
)
def test_first_sum_and_max_and_the_default_for_whom_nothing_else_holds(match, expected):
    assert points(f"{CASES}, match: {match}", NUMBERED) == expected


def test_limits_clamp_the_criterion_also_where_nothing_holds():
    assert points(f"{CASES}, min: 0, max: 5", NUMBERED) == [3, 0, 5, 5]
    assert points("when: {n: 7}, points: 3, min: 1", NUMBERED) == [3, 1, 1, 1]


def test_points_are_int64_also_for_no_leads():
    criterion = CasesCriterion(id="a", when={"x": 1}, points=2)
    found = case_points(criterion, over([]), 0)
    assert (found.dtype, found.shape) == (np.int64, (0,))


@given(ROWS, st.lists(st.tuples(CONDITIONS, st.integers(-9, 9)), min_size=1, max_size=4))
def test_points_are_those_of_a_plain_loop(rows, listed):
    for match in ("first", "sum", "max"):
        cases = [{"when": when, "points": paid} for when, paid in listed] + [{"points": -1}]
        criterion = CasesCriterion.model_validate(
            {"id": "c", "cases": cases, "match": match}, context={"file": "x"}
        )
        found = case_points(criterion, over(rows), len(rows)).tolist()
        for row, total in zip(rows, found, strict=True):
            paid = [paid for when, paid in listed if plain_condition(when, row)] or [-1]
            assert total == {"first": paid[0], "sum": sum(paid), "max": max(paid)}[match]


# --- fields -------------------------------------------------------------------------------------


def test_fields_are_found_however_deep():
    raw = {"a": 1, "any": [{"b": 1}, {"not": {"c": 1}}], "all": [{"d": 1, "a": 2}]}
    assert fields_of(read(raw)) == {"a", "b", "c", "d"}
    assert fields_of(Gate(when=read(raw), then="x")) == {"a", "b", "c", "d"}
    model = load_model(GOLDEN / "enterprise.yaml")
    assert fields_of(model.groups[0].criteria[1]) == {"title", "level"}
    assert len(conditions_of(model.groups[0].criteria[1])) == 1


def test_the_columns_of_activities_are_no_fields_of_leads():
    webinar, white_paper, _ = load_model(GOLDEN / "enterprise.yaml").groups[1].criteria
    assert where_fields(white_paper) == {"asset"}
    assert fields_of(white_paper) == frozenset()
    assert where_fields(webinar) == frozenset()
