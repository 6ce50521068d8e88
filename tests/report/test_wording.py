"""Numbers and words: never a rounded nothing, never a false all."""

from __future__ import annotations

import doctest
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.report import findings, sentences, wording
from toolkit.report.audit import quarters
from toolkit.report.wording import (
    Words,
    decimals_for,
    joined,
    percent,
    rate_text,
    score_range,
    share_text,
)


@pytest.mark.parametrize("module", [wording, sentences, findings, quarters])
def test_the_examples_hold(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.failed == 0


@given(st.floats(0, 1), st.integers(0, 2))
def test_only_nothing_is_0_percent_and_only_all_is_100(rate: float, decimals: int) -> None:
    text = percent(rate, decimals)
    assert (text == f"{0:.{decimals}f}%") == (rate == 0)
    assert (text == f"{100:.{decimals}f}%") == (rate == 1)


@given(st.floats(0, 1))
def test_a_percentage_is_within_half_a_step(rate: float) -> None:
    text = percent(rate, 1)
    if text[0].isdigit():
        assert abs(float(text.rstrip("%")) - 100 * rate) <= 0.05 + 1e-9


@pytest.mark.parametrize(
    ("width", "digits"), [(0.5, 0), (0.1, 0), (0.0999, 1), (0.01, 1), (0.009, 2), (nan, 0)]
)
def test_decimals_follow_the_interval(width: float, digits: int) -> None:
    assert decimals_for(0.0, width) == digits


def test_a_rate_that_is_not_known_is_said_so() -> None:
    assert rate_text(nan, nan, nan) == "not known"
    assert share_text(0, 0) == "not known"


def test_negative_scores_are_spelled_out() -> None:
    assert score_range(-25, -1) == "\N{MINUS SIGN}25 to \N{MINUS SIGN}2"
    assert score_range(-30, -29) == "\N{MINUS SIGN}30"
    assert score_range(None, -5) == "below \N{MINUS SIGN}5"


def test_lists_are_joined_in_words() -> None:
    assert [joined(["a"] * n) for n in (0, 1, 2)] == ["", "a", "a and a"]


@pytest.mark.parametrize(
    ("word", "became", "become", "many", "rate"),
    [
        ("SQL", "became SQL", "become SQLs", "SQLs", "SQL rate"),
        ("customer", "became a customer", "become customers", "customers", "customer rate"),
        ("Converted", "converted", "convert", "conversions", "conversion rate"),
        ("<b>x</b>", "converted", "convert", "conversions", "conversion rate"),
    ],
)
def test_the_teams_word_is_bent_or_left_out(
    word: str, became: str, become: str, many: str, rate: str
) -> None:
    words = Words(word)
    assert (words.became, words.become, words.many, words.rate) == (became, become, many, rate)
