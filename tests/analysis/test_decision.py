from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from tests.analysis import strategies
from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis import benefit_table, decision_curve, rate, threshold_table, wilson_interval
from toolkit.errors import QuestionError

ENDS = ("", "_low", "_high")


def test_columns_are_those_of_the_docstrings(sim_counts):
    for function, table in (
        (decision_curve, decision_curve(sim_counts, chances=[0.1])),
        (benefit_table, benefit_table(sim_counts, cost_ratio=0.1)),
    ):
        for name in table.columns:
            assert f"`{name.removesuffix('_low').removesuffix('_high')}`" in str(function.__doc__)


def test_the_curve_is_that_of_r(oracle, sim_counts):
    expected = oracle.value("netbenefit.leads")
    table = decision_curve(sim_counts, chances=[float(pt) for pt in expected])
    assert table["net_benefit"].tolist() == pytest.approx(
        [e["nb"] for e in expected.values()], rel=1e-9
    )
    assert table["net_benefit_all"].tolist() == pytest.approx(
        [e["nb_all"] for e in expected.values()], rel=1e-9, abs=1e-12
    )
    half = (table["net_benefit_high"] - table["net_benefit_low"]) / 2
    assert half.tolist() == pytest.approx([1.96 * e["se"] for e in expected.values()], rel=0.1)
    assert set(table["reason"]) == {
        "the probabilities were fitted to these same leads: the benefit is flattered"
    }


@pytest.mark.by_hand("decision_curve")
def test_a_curve_by_hand():
    # Scores 1, 2, 3 with 1 of 4, 1 of 2, 2 of 2 converted; chances as told by another quarter.
    counts = count_rows(lead_rows([1] * 4 + [2] * 2 + [3] * 2, [1, 0, 0, 0, 1, 0, 1, 1]))
    p = pd.Series({1: 0.1, 2: 0.4, 3: 0.9})
    table = decision_curve(counts, probabilities=p, same_leads=False, chances=[0.1, 0.4, 0.5])
    assert table["n"].tolist() == [8, 4, 2]
    assert table["net_benefit"].tolist() == pytest.approx(
        [(4 - 4 / 9) / 8, (3 - 1 * (2 / 3)) / 8, (2 - 0) / 8]
    )
    assert table["net_benefit_all"].tolist() == pytest.approx(
        [(4 - 4 / 9) / 8, (4 - 4 * (2 / 3)) / 8, 0]
    )
    # Left out at 0.4: 1 of 4 converted.
    assert table["over_all"].tolist()[1] == pytest.approx(-(1 - 3 * (2 / 3)) / 8)
    assert table["reason"].isna().all()


def test_a_curve_through_two_scores_meets_both_rates():
    # 1 of 4 at score 1, 3 of 4 at score 2: both lie on the curve, which is no separation.
    counts = count_rows(lead_rows([1] * 4 + [2] * 4, [1, 0, 0, 0, 1, 1, 1, 0]))
    table = decision_curve(counts, chances=[0.24, 0.26, 0.74, 0.76])
    assert table["n"].tolist() == [8, 4, 4, 0]


@given(strategies.judged())
@settings(max_examples=15)
def test_the_pieces_add_up(rows):
    counts = count_rows(lead_rows(rows["score"], rows["hit"], rows["account"]))
    p = pd.Series({score: (score + 4) / 12 for score in range(-3, 6)})
    table = decision_curve(counts, probabilities=p, same_leads=False, chances=[0.05, 0.3, 0.6])
    assert (table["net_benefit"] - table["net_benefit_all"]).tolist() == pytest.approx(
        table["over_all"].tolist(), abs=1e-12
    )
    for name in ("net_benefit", "net_benefit_all", "over_all"):
        assert (table[f"{name}_low"] <= table[name] + 1e-12).all()
        assert (table[name] <= table[f"{name}_high"] + 1e-12).all()


@pytest.mark.property_of("decision_curve", "benefit_table")
@given(strategies.judged())
@settings(max_examples=15)
def test_at_a_threshold_the_curve_is_the_table(rows):
    """Chances that rise with the score turn the curve into thresholds, interval included."""
    counts = count_rows(lead_rows(rows["score"], rows["hit"], rows["account"]))
    p = pd.Series({score: (score + 4) / 12 for score in range(-3, 6)})
    row = decision_curve(counts, probabilities=p, chances=[5 / 12]).iloc[0]
    expected = threshold_table(counts, thresholds=[1], cost_ratio=5 / 7).iloc[0]
    found, wanted = ([each[f"net_benefit{end}"] for end in ENDS] for each in (row, expected))
    assert found == pytest.approx(wanted, abs=1e-9)
    money = benefit_table(counts, thresholds=[1], cost_ratio=5 / 7).iloc[0]
    assert [money[f"over_all{end}"] for end in ENDS] == pytest.approx(
        [row[f"over_all{end}"] for end in ENDS], abs=1e-9
    )


@pytest.mark.by_hand("benefit_table")
def test_money_by_hand():
    # 10 judged in ten weeks, 4 at or above 2 of which 3 converted; 1 more there is immature.
    rows = pd.concat(
        [lead_rows([2] * 4 + [1] * 6, [1, 1, 1, 0, 1, 0, 0, 0, 0, 0]),
         pd.DataFrame({"score": [2], "state": ["immature"]})]
    )  # fmt: skip
    row = benefit_table(count_rows(rows), cost_ratio=0.5, value=200, thresholds=[2]).iloc[0]
    assert row["net_benefit"] == pytest.approx((3 - 0.5) / 10)
    assert row["per_100"] == pytest.approx(100 * 200 * 0.25)
    assert row["per_week"] == pytest.approx(5 / 10 * 200 * (3 / 4 - 0.5 / 4))
    low, high = wilson_interval(3, 4)
    assert row["per_week_low"] == pytest.approx(100 * (1.5 * float(low) - 0.5))
    assert row["per_week_high"] == pytest.approx(100 * (1.5 * float(high) - 0.5))
    # Working all: 4 - 0.5 * 6 = 1; the threshold spares 1 - 0.5 * 5 = -1.5.
    assert row["over_all"] == pytest.approx(1.5 / 10)


def test_unworked_leads_leave_a_range_and_a_reason():
    judged = lead_rows([1] * 4 + [2] * 4, [0, 0, 0, 1, 1, 1, 1, 0])
    unworked = pd.DataFrame({"score": [1] * 2, "state": ["unworked"] * 2})
    table = benefit_table(count_rows(pd.concat([judged, unworked])), cost_ratio=0.5)
    low, high = table.iloc[0], table.iloc[1]
    assert np.isnan(low["net_benefit"])
    assert low["net_benefit_lowest"] == pytest.approx((4 - 0.5 * 4 - 0.5 * 2) / 10)
    assert low["net_benefit_highest"] == pytest.approx((4 - 0.5 * 4 + 2) / 10)
    assert high["net_benefit"] == pytest.approx((3 - 0.5) / 8)
    assert np.isnan(high["over_all"])
    assert high["reason"] == (
        "the worth of working all cannot be told: 33% of leads below the threshold were never worked"
    )
    curve = decision_curve(
        count_rows(pd.concat([judged, unworked])), probabilities=pd.Series({1: 0.2, 2: 0.8}),
        same_leads=False, chances=[0.1, 0.5],
    )  # fmt: skip
    assert curve["net_benefit"].isna().tolist() == [True, False]
    assert curve["net_benefit_all"].isna().all()


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (([1, 2], [0, 0]), "no curve: none of 2 judged leads converted"),
        (([1, 1], [0, 1]), "no curve: all judged leads have the same score"),
        (
            ([1, 1, 2, 2], [0, 0, 1, 1]),
            "no curve: the score separates the two classes: no finite slope is likeliest",
        ),
    ],
)
def test_no_curve_where_none_can_be_fitted(rows, reason):
    table = decision_curve(count_rows(lead_rows(*rows)))
    assert table["net_benefit"].isna().all()
    assert set(table["reason"]) == {reason}


def test_no_lead_is_no_curve_and_no_money():
    counts = count_rows(lead_rows([], []).astype({"score": "int64"}))
    assert decision_curve(counts)["net_benefit"].isna().all()
    assert benefit_table(counts, cost_ratio=0.1, thresholds=[5])["reason"].tolist() == [
        "no judged leads"
    ]


def test_precision_beyond_break_even_is_money(sim_counts):
    table = benefit_table(sim_counts, cost_ratio=1 / 9, thresholds=[50], value=100)
    found = rate(sim_counts, at_least=50)
    assert table["per_week"].iloc[0] > 0
    assert found.estimate > 1 / 10


def test_questions_that_make_no_sense_are_refused(sim_counts):
    with pytest.raises(QuestionError, match="chances lie between 0 and 1"):
        decision_curve(sim_counts, chances=[0, 0.5])
    with pytest.raises(QuestionError, match="no value for a score of -70"):
        decision_curve(sim_counts, probabilities=pd.Series({0: 0.1}))
    with pytest.raises(QuestionError, match="must lie between 0 and 1"):
        decision_curve(count_rows(lead_rows([1], [1])), probabilities=pd.Series({1: 2.0}))
    with pytest.raises(QuestionError, match="value is 0: expected what a conversion gains"):
        benefit_table(sim_counts, cost_ratio=0.1, value=0)
