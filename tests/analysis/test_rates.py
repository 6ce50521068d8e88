from __future__ import annotations

from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from tests.analysis import strategies
from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis import Difference, Rate, band_table, rate, rate_difference, wilson_interval
from toolkit.analysis.bands import ScoreBand
from toolkit.errors import QuestionError


def simple_rate(positives, n, confidence=0.95):
    low, high = wilson_interval(positives, n, confidence=confidence)
    return Rate(positives / n, float(low), float(high), positives, n, n, "Wilson", None, confidence)


@pytest.mark.by_hand("rate")
def test_rate_between_two_scores_by_hand():
    counts = count_rows(lead_rows([10, 20, 20, 30, 30, 40], [0, 1, 0, 1, 1, 1]))
    found = rate(counts, at_least=20, below=40)
    assert (found.positives, found.n, found.estimate) == (3, 4, 3 / 4)
    low, high = wilson_interval(3, 4)
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), rel=1e-12)
    assert found.method == "Wilson"
    assert found.reason is None


def test_rate_of_no_lead_is_nan_with_a_reason():
    found = rate(count_rows(lead_rows([10], [1])), at_least=50)
    assert isnan(found.estimate)
    assert isnan(found.low)
    assert (found.positives, found.n, found.reason) == (0, 0, "no judged leads")


def test_few_accounts_are_said():
    counts = count_rows(lead_rows([10] * 20, [0, 1] * 10, [1] * 10 + [2] * 10))
    found = rate(counts)
    assert found.reason == (
        "few accounts: these 20 leads weigh as much as 2.0 accounts of equal size"
    )
    assert found.method == "Wilson on the effective n (accounts)"
    assert found.high - found.low > rate(count_rows(lead_rows([10] * 20, [0, 1] * 10))).high - 0.3


@given(strategies.leads(), st.integers(-30, 120), st.integers(1, 60))
def test_rate_is_the_row_of_the_band_table(rows, start, width):
    counts = count_rows(rows)
    bands = [ScoreBand("top", start + width), ScoreBand("mid", start), ScoreBand("low", None)]
    row = band_table(counts, bands).iloc[1]
    found = rate(counts, at_least=start, below=start + width)
    assert (found.positives, found.n) == (row["positives"], row["n"])
    assert (found.estimate, found.low, found.high) == pytest.approx(
        (row["rate"], row["low"], row["high"]), rel=1e-12, nan_ok=True
    )
    assert found.reason == row["reason"]


@pytest.mark.property_of("rate_difference")
@given(
    st.tuples(st.integers(0, 50), st.integers(0, 50)).filter(any),
    st.tuples(st.integers(0, 50), st.integers(0, 50)).filter(any),
    st.sampled_from([0.9, 0.95]),
)
def test_difference_is_newcombes(one, two, confidence):
    (k1, m1), (k2, m2) = one, two
    found = rate_difference(
        simple_rate(k1, k1 + m1, confidence),
        simple_rate(k2, k2 + m2, confidence),
        confidence=confidence,
    )
    expected = confint_proportions_2indep(
        k1, k1 + m1, k2, k2 + m2, method="newcomb", compare="diff", alpha=1 - confidence
    )
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.by_hand("rate_difference")
def test_difference_by_newcombes_own_example():
    # Newcombe (1998), table II, column (a): 56/70 - 48/80, method 10.
    found = rate_difference(simple_rate(56, 70), simple_rate(48, 80))
    assert found.estimate == pytest.approx(56 / 70 - 48 / 80)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)


def test_difference_turns_with_its_sign():
    a, b = simple_rate(7, 20), simple_rate(2, 30)
    one, two = rate_difference(a, b), rate_difference(b, a)
    assert (one.low, one.high) == pytest.approx((-two.high, -two.low))


def test_difference_with_an_unknown_rate_is_nan_with_its_reason():
    unknown = Rate(nan, nan, nan, 0, 0, 0.0, "Wilson", "no judged leads")
    for found in (
        rate_difference(unknown, simple_rate(1, 2)),
        rate_difference(simple_rate(1, 2), unknown),
    ):
        assert isinstance(found, Difference)
        assert isnan(found.estimate)
        assert found.reason == "no judged leads"


def test_rates_of_another_confidence_are_refused():
    with pytest.raises(QuestionError, match=r"0\.9 and 0\.95, the difference is asked at 0\.95"):
        rate_difference(simple_rate(1, 2, 0.9), simple_rate(1, 2))
