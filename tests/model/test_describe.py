"""Criteria in words."""

from __future__ import annotations

import pytest

from tests.model.sheets import GOLDEN, criterion
from toolkit.model import Condition, describe, describe_condition, load_model


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("when: {title: {contains_word: [vp, svp, chief]}}, points: 20",
         "title contains the word vp, svp or chief"),
        ('activity: page_view, where: {page: {like: "/pricing*"}}, points: 15, within: 90d, max: 45',
         "page_view where page is like /pricing*, within 90 days, at most 45 points"),
        ("activity: [form, demo], points: 1, max_units: 1, min: -1",
         "form or demo, counted at most 1 time, at least -1 point"),
        ("inactivity: {after: 30d}, points: -10",
         "no marketing activity for 30 days or longer"),
        ("inactivity: {after: 36h}, points: -10",
         "no marketing activity for 36 hours or longer"),
        ("cases: [{when: {n: {gte: 50}}, points: 3}, {when: {n: {lte: 15}}, points: 1}, {points: 0}]",
         ("the first that holds of: n is 50 or more: 3 points; n is 15 or less: 1 point; "
          "otherwise: 0 points")),
        ("cases: [{when: {n: 1}, points: 1}, {when: {n: 2}, points: 2}], match: max",
         "the best that holds of: n is 1: 1 point; n is 2: 2 points"),
        ("cases: [{when: {n: 1}, points: 1}], match: sum", "n is 1"),
    ],
)  # fmt: skip
def test_a_criterion_in_words(text, words):
    assert describe(criterion(text)) == words


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"a": "x", "b": [1, 2]}, "a is x and b is 1 or 2"),
        ({"a": {"not_in": ["x", "y"]}}, "a is not x or y"),
        ({"a": {"not_equals": 3}}, "a is not 3"),
        ({"a": {"gt": 3, "lt": 5}}, "a is above 3 and is below 5"),
        ({"a": {"lte": 5}}, "a is 5 or less"),
        ({"a": {"starts_with": "x", "ends_with": "y"}}, "a begins with x and ends with y"),
        ({"a": {"contains": "x"}}, "a contains x"),
        ({"a": {"matches": "^x"}}, "a fits the pattern ^x"),
        ({"a": {"missing": True}}, "a is missing"),
        ({"a": {"missing": False}}, "a is given"),
        ({"a": {"gte": 5, "or_missing": True}}, "(a is 5 or more or is missing)"),
        ({"any": [{"a": 1}, {"b": 2, "c": 3}]}, "(a is 1; or (b is 2 and c is 3))"),
        (
            {"any": [{"a": 1}], "all": [{"b": 2}], "not": {"c": 3}},
            "b is 2 and a is 1 and not (c is 3)",
        ),
        ({"a": ["x, y", "this or that"]}, 'a is "x, y" or "this or that"'),
    ],
)
def test_a_condition_in_words(raw, words):
    assert describe_condition(Condition(**raw)) == words


def test_a_gate_in_words():
    gate = load_model(GOLDEN / "enterprise.yaml").gates[0]
    assert describe(gate) == "email_domain is rival.example: disqualified, whatever the score"
