from __future__ import annotations

from dataclasses import replace
from math import exp, nan

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.rows import PROVENANCE, count_rows, lead_rows
from toolkit.analysis import (
    Auc,
    Rate,
    area_verdict,
    auc,
    ranking_verdict,
    rate_verdict,
    structural_reason,
)
from toolkit.errors import QuestionError


def area(estimate, low, high, positives=40, negatives=60):
    return Auc(estimate, low, high, 0.05, positives, negatives, "DeLong", None)


def simple_rate(estimate, low, high, n=100):
    return Rate(estimate, low, high, round(estimate * n), n, n, "Wilson", None)


@pytest.mark.parametrize(
    ("estimate", "low", "high", "answer"),
    [
        (0.70, 0.56, 0.80, "Yes"),
        (0.60, 0.55, 0.65, "Not enough evidence"),  # touches the bar
        (0.60, 0.50, 0.70, "Not enough evidence"),
        (0.50, 0.46, 0.54, "No"),  # inside the zone of indifference
        (0.40, 0.30, 0.48, "No"),  # upside down
        (0.50, 0.40, 0.55, "Not enough evidence"),
        (nan, nan, nan, "Not enough evidence"),
    ],
)
def test_the_answer_follows_from_the_interval(estimate, low, high, answer):
    found = area_verdict(area(estimate, low, high))
    assert found.answer == answer
    assert (found.bar, found.n) == (0.55, 100)
    assert found.question == (
        "Does a higher score mean a likelier conversion (area above 0.5 by more than 0.05)?"
    )


def test_a_structural_reason_overrules_any_interval():
    found = area_verdict(area(0.9, 0.85, 0.95), structural="nobody below 50 was ever called")
    assert found.answer == "Cannot be told from this data"
    assert found.because == "nobody below 50 was ever called"
    assert found.n_needed is None


def test_a_verdict_from_counts_cannot_forget_who_was_never_worked():
    judged = lead_rows([1, 2, 3, 4] * 50, [0, 0, 1, 1] * 50)
    assert ranking_verdict(count_rows(judged)).answer == "Yes"
    unworked = lead_rows([1] * 20, [0] * 20).assign(state="unworked")
    found = ranking_verdict(count_rows(pd.concat([judged, unworked])))
    assert found.answer == "Cannot be told from this data"
    assert found.because == "9% of the leads old enough to judge were never worked"
    young = replace(PROVENANCE, point_in_time=False)
    undated = replace(count_rows(judged), provenance=young)
    assert ranking_verdict(undated).answer == "Cannot be told from this data"


@pytest.mark.by_hand("area_verdict")
def test_leads_needed_by_hand():
    # Half width 0.10 must shrink to 0.05: four times the leads, 300 more, 30 weeks at 10 a week.
    found = area_verdict(area(0.60, 0.50, 0.70), weeks=10)
    assert found.n_needed == 400
    assert found.weeks_to_wait == pytest.approx(30)
    # Below the bar the upper end counts: 0.06 to 0.05, (6/5)^2 * 100.
    found = area_verdict(area(0.50, 0.46, 0.56))
    assert found.n_needed == 144
    assert found.weeks_to_wait is None


def test_judged_leads_and_weeks_set_the_pace():
    found = area_verdict(area(0.60, 0.50, 0.70), judged=200, weeks=20)
    assert (found.n, found.n_needed) == (200, 800)
    assert found.weeks_to_wait == pytest.approx(60)


def test_an_estimate_at_the_bar_needs_no_stated_number():
    assert area_verdict(area(0.55, 0.5, 0.6), weeks=10).n_needed is None


def test_an_undefined_area_says_why():
    found = area_verdict(auc(count_rows(lead_rows([1, 2], [0, 0]))), weeks=5)
    assert found.because == "none of 2 judged leads converted"
    assert (found.n, found.n_needed, found.weeks_to_wait) == (2, None, None)


@pytest.mark.property_of("rate_verdict")
@given(st.floats(0.02, 0.98), st.floats(0.001, 0.3), st.floats(0.001, 0.3), st.integers(2, 10**6))
def test_enough_leads_would_settle_it(estimate, down, up, n):
    """With the leads asked for, and the estimate unchanged, the answer is Yes or No."""
    low, high = max(estimate - down, 0.0), min(estimate + up, 1.0)
    found = rate_verdict(simple_rate(estimate, low, high, n), at_least=0.5)
    if found.n_needed is None:
        return
    assert found.n_needed > n
    shrink = (n / (found.n_needed + 1)) ** 0.5
    closer = simple_rate(
        estimate, estimate - (estimate - low) * shrink, estimate + (high - estimate) * shrink
    )
    assert rate_verdict(closer, at_least=0.5).answer in {"Yes", "No"}


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [(0.11, 0.3, "Yes"), (0.01, 0.09, "No"), (0.05, 0.15, "Not enough evidence")],
)
def test_a_rate_is_judged_against_the_break_even(low, high, answer):
    found = rate_verdict(simple_rate((low + high) / 2 + 0.001, low, high), at_least=0.1)
    assert found.answer == answer
    assert found.question == "Is the conversion rate at least 10.0%?"
    assert f"{low:.1%} to {high:.1%}" in found.because


def test_a_rate_verdict_takes_its_own_question_and_reason():
    found = rate_verdict(
        simple_rate(0.2, 0.1, 0.3), at_least=0.1, question="Do MQLs pay?", structural="never worked"
    )
    assert (found.question, found.answer) == ("Do MQLs pay?", "Cannot be told from this data")


def test_margins_that_make_no_sense_are_refused():
    with pytest.raises(QuestionError, match=r"margin is 0\.6: expected 0 or more and under 0\.5"):
        area_verdict(area(0.6, 0.5, 0.7), margin=0.6)
    with pytest.raises(QuestionError, match="at_least is 20: expected a share between 0 and 1"):
        rate_verdict(simple_rate(0.6, 0.5, 0.7), at_least=20)


@pytest.mark.by_hand("structural_reason")
def test_structural_reasons():
    fine = lead_rows([1, 2] * 50, [0, 1] * 50)
    assert structural_reason(count_rows(fine)) is None
    five = pd.concat([fine, pd.DataFrame({"score": [1] * 5, "state": ["unworked"] * 5})])
    assert structural_reason(count_rows(five)) is None
    ten = pd.concat([fine, pd.DataFrame({"score": [1] * 25, "state": ["unworked"] * 25})])
    assert structural_reason(count_rows(ten)) == (
        "20% of the leads old enough to judge were never worked"
    )
    today = count_rows(fine, provenance=replace(PROVENANCE, point_in_time=False))
    assert structural_reason(today) == (
        "the score is not known to be older than the outcome, so it may reflect it"
    )


@pytest.mark.by_hand("ranking_verdict")
def test_the_verdict_of_two_scores_by_hand():
    # 100 of 1,000 at 40 and 400 of 1,000 at 60: 4/5 of the converted and 2/5 of the others are
    # high, so the area is (1 + 4/5 - 2/5)/2. The converted beat 4/5 and 3/10 of the others, these
    # lose to 2/5 and 9/10 of them.
    rows = lead_rows([40] * 1000 + [60] * 1000, [1] * 100 + [0] * 900 + [1] * 400 + [0] * 600)
    found = ranking_verdict(count_rows(rows), margin=0.1)
    hits, misses = 400 * 0.1**2 + 100 * 0.4**2, 600 * 0.3**2 + 900 * 0.2**2
    error = (hits / 499 / 500 + misses / 1499 / 1500) ** 0.5
    low = 1 / (1 + 3 / 7 * exp(1.959963985 * error / 0.21))
    assert (found.estimate, found.low) == (pytest.approx(7 / 10), pytest.approx(low))
    assert (found.answer, found.bar, found.n) == ("Yes", 0.6, 2000)


@pytest.mark.by_hand("rate_verdict")
def test_leads_for_a_rate_by_hand():
    # 0.10 below the estimate must shrink to 0.05: four times 100 leads, 300 more at 10 a week.
    found = rate_verdict(simple_rate(0.2, 0.1, 0.32), at_least=0.15, weeks=10)
    assert (found.answer, found.bar, found.n) == ("Not enough evidence", 0.15, 100)
    assert (found.n_needed, found.weeks_to_wait) == (400, pytest.approx(30))


@pytest.mark.property_of("area_verdict")
@given(
    st.floats(0.1, 0.9), st.floats(0.001, 0.3), st.floats(0.001, 0.3), st.sampled_from([0, 0.05])
)
def test_an_area_with_the_leads_asked_for_is_settled_and_a_lower_bar_is_never_harder(
    estimate, down, up, margin
):
    low, high = max(estimate - down, 0.0), min(estimate + up, 1.0)
    found = area_verdict(area(estimate, low, high), margin=margin)
    if found.n_needed is not None:
        shrink = (found.n / (found.n_needed + 1)) ** 0.5
        ends = estimate - (estimate - low) * shrink, estimate + (high - estimate) * shrink
        assert area_verdict(area(estimate, *ends), margin=margin).answer in {"Yes", "No"}
    easier = area_verdict(area(estimate, low, high), margin=0)
    assert easier.answer == "Yes" or found.answer != "Yes"
    assert easier.answer != "No" or found.answer == "No"
