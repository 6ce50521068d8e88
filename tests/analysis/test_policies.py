from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from tests.analysis import naive, strategies
from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis import Payoff, best_thresholds, two_thresholds
from toolkit.errors import QuestionError

NURTURE, IMMEDIATE = Payoff(20, -1), Payoff(100, -15)
"""Nurture pays from 1/21 = 4.8%; handing over instead from 14/94 = 14.9%."""


def test_columns_are_those_of_the_docstring(sim_counts):
    found = two_thresholds(sim_counts, nurture=NURTURE, immediate=IMMEDIATE, thresholds=[20, 50])
    for name in found.table.columns:
        assert f"`{name}`" in str(two_thresholds.__doc__)


@pytest.mark.by_hand("two_thresholds")
def test_a_policy_by_hand():
    rows = lead_rows([1] * 4 + [2] * 4 + [3] * 4, [0] * 4 + [1, 0, 0, 0] + [1, 1, 1, 0])
    found = two_thresholds(count_rows(rows), nurture=NURTURE, immediate=IMMEDIATE)
    table = found.table.set_index(["lower", "upper"])
    # Below 2 nothing; at 2: 20 - 3 * 1; from 3: 3 * 100 - 15.
    assert table.loc[(2, 3), "utility"] == pytest.approx((20 - 3 + 300 - 15) / 12)
    assert table.loc[(2, 2), "utility"] == pytest.approx((100 - 45 + 300 - 15) / 12)
    assert table.loc[(2, 3), ["nurtured", "handed_over"]].tolist() == [4, 4]
    assert found.best == (2, 2)
    assert len(table) == 6


@pytest.mark.property_of("two_thresholds")
@given(strategies.judged())
@settings(max_examples=15)
def test_utility_and_its_error_are_those_of_the_rows(rows):
    score, hit, account = (rows[name].to_numpy() for name in ("score", "hit", "account"))
    if len(np.unique(account)) == 1:
        return
    counts = count_rows(lead_rows(score, hit, account))
    table = two_thresholds(
        counts, nurture=NURTURE, immediate=IMMEDIATE, thresholds=[-1, 2], replicates=100
    ).table
    for row in table.dropna(subset=["utility"]).itertuples():
        pay = np.where(hit == 1, [[20], [100]], [[-1], [-15]])
        z = np.where(score >= row.upper, pay[1], np.where(score >= row.lower, pay[0], 0.0))
        assert row.utility == pytest.approx(z.mean(), abs=1e-9)
        error = naive.ratio_variance(z, np.ones(len(z)), account) ** 0.5
        wide = naive.half_width(naive.equal_accounts(account)) * error
        assert row.high - row.low == pytest.approx(2 * wide, rel=1e-5, abs=1e-4)


def test_the_two_questions_are_two_net_benefits(sim_counts):
    found = two_thresholds(sim_counts, nurture=NURTURE, immediate=IMMEDIATE, today=(20, 50))
    for part, ratio in ((found.lower, 1 / 20), (found.upper, 14 / 80)):
        alone = best_thresholds(sim_counts, cost_ratio=ratio, confidence=0.975)
        assert (part.best, part.low, part.high) == (alone.best, alone.low, alone.high)
    assert found.best == (found.lower.best, found.upper.best)
    inside = found.table[found.table["among_best"].astype(bool)]
    assert inside["lower"].max() == found.lower.high
    assert inside["upper"].min() == found.upper.low
    assert found.keep == "Yes"
    assert (
        two_thresholds(sim_counts, nurture=NURTURE, immediate=IMMEDIATE, today=(40, 80)).keep
        == "No"
    )


def test_what_nobody_worked_cannot_be_told():
    above = lead_rows([50] * 60 + [80] * 60, [1] * 12 + [0] * 48 + [1] * 30 + [0] * 30)
    below = pd.DataFrame({"score": [40] * 80, "state": ["unworked"] * 80})
    found = two_thresholds(
        count_rows(pd.concat([above, below])), nurture=NURTURE, immediate=IMMEDIATE, today=(40, 80)
    )
    assert found.keep == "Cannot be told from this data"
    row = found.table.set_index(["lower", "upper"]).loc[(40, 80)]
    assert np.isnan(row["utility"])
    assert row["reason"] == "cannot be told: 40% of leads at or above were never worked"


def test_no_lead_is_no_policy():
    counts = count_rows(lead_rows([], []).astype({"score": "int64"}))
    found = two_thresholds(counts, nurture=NURTURE, immediate=IMMEDIATE, today=(40, 80))
    assert found.best is None
    assert found.text == "No pair of thresholds can be judged: too few leads were worked."


@pytest.mark.parametrize(
    ("nurture", "immediate", "text"),
    [
        ((0, -1), (10, -2), "nurture over nothing is worth 0 for a converted lead"),
        ((10, -1), (5, -2), "immediate over nurture is worth -5 for a converted lead"),
        ((1, -1), (100, -2), "immediate pays from a lower chance than nurture does"),
    ],
)
def test_actions_that_are_never_best_are_refused(sim_counts, nurture, immediate, text):
    with pytest.raises(QuestionError, match=text):
        two_thresholds(sim_counts, nurture=nurture, immediate=immediate)


def test_todays_pair_must_be_in_order(sim_counts):
    with pytest.raises(QuestionError, match="expected \\(lower, upper\\) with lower <= upper"):
        two_thresholds(sim_counts, nurture=NURTURE, immediate=IMMEDIATE, today=(80, 40))
