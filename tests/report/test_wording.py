"""Numbers and words: never a rounded nothing, never a false all."""

from __future__ import annotations

import doctest
from math import nan

import pandas as pd
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


@pytest.mark.parametrize(
    ("word", "one", "infinitive"),
    [
        ("SQL", "an SQL", "become SQL"),
        ("customer", "a customer", "become a customer"),
        ("opportunity", "an opportunity", "become an opportunity"),
        ("activated loan", "a conversion", "convert"),
        ("Converted", "a conversion", "convert"),
    ],
)
def test_one_of_the_teams_word_has_its_article(word: str, one: str, infinitive: str) -> None:
    assert (Words(word).one, Words(word).to_become) == (one, infinitive)


def test_of_many_unnamed_scores_the_ends_are_compared() -> None:
    rows = [("50", 50, None, 4, 0.5), ("40", 40, 50, 100, 0.27), ("30", 30, 40, 100, 0.4),
            ("20", 20, 30, 100, 0.2), ("0", 0, 20, 400, 0.01)]  # fmt: skip
    table = pd.DataFrame(
        [
            {"band": score_range(a, b), "start": a, "stop": b, "n": n, "positives": n * p,
             "rate": p, "low": max(p - 0.02, 0), "high": p + 0.02, "unworked": 0}
            for _, a, b, n, p in rows
        ]
    )  # fmt: skip
    # Not 40 to 49 against 30 to 39, and not the four leads with 50.
    said = sentences.bands_sentence(table, words=Words("SQL"))
    assert "scored 40\N{EN DASH}49 become SQLs 27" in said
    assert said.endswith("as leads scored 0\N{EN DASH}19")


def test_bands_that_differ_are_counted_and_none_is_proved_alike() -> None:
    table = pd.DataFrame(
        {
            "rate": [0.034, 0.2],
            "promised": [0.025, 0.21],
            "low": [0.026, 0.15],
            "high": [0.044, 0.25],
        }
    )
    one = sentences.promises_sentence(table, words=Words(), when="in 2026Q2")
    assert one == (
        "In 2026Q2 1 of 2 score bands differs from the earlier SQL rate, by the 95% interval of each"
    )
    none = sentences.promises_sentence(table.iloc[1:], words=Words())
    assert none == "No score band is seen to differ from its earlier SQL rate"
