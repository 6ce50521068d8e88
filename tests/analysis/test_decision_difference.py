from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis import naive
from tests.analysis.rows import PROVENANCE, count_rows, lead_rows, pair_rows
from toolkit.analysis import decision_curve, decision_difference
from toolkit.counts import PairCounts
from toolkit.errors import QuestionError

P = pd.Series({score: (score + 1) / 8 for score in range(6)})
LEAD = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 1), st.integers(0, 8))


def drawn(rows):
    return pd.DataFrame(rows, columns=["champion", "challenger", "hit", "account"])


def counted(rows, *, accounts=True, fitted_on="other leads"):
    account = rows["account"] if accounts else None
    return pair_rows(
        rows["champion"], rows["challenger"], rows["hit"], account, fitted_on=fitted_on
    )


@pytest.mark.by_hand("decision_difference")
def test_a_difference_by_hand():
    # At 1/2 the champion works scores of 3 and more (probability 4/8), the challenger likewise.
    rows = drawn([(3, 3, 1, 0)] * 4 + [(3, 0, 0, 0)] * 5 + [(0, 4, 1, 0)] * 3 + [(0, 0, 0, 0)] * 8)
    row = decision_difference(
        counted(rows, accounts=False), champion=P, challenger=P, chances=[0.5]
    ).iloc[0]
    assert row[["swap_in", "swap_out"]].tolist() == [3, 5]
    assert row[["swap_in_positives", "swap_out_positives"]].tolist() == [3, 0]
    assert row["champion"] == pytest.approx((4 - 5) / 20)
    assert row["challenger"] == pytest.approx((4 + 3) / 20)
    # z is 1 for the 8 leads that changed sides well, 0 for 12: mean 0.4, sd sqrt(0.24).
    assert row["difference"] == pytest.approx(0.4)
    assert row["high"] - row["low"] == pytest.approx(2 * 1.959964 * (0.24 / 20) ** 0.5, rel=1e-5)
    assert row["reason"] is None


@pytest.mark.property_of("decision_difference")
@given(st.lists(LEAD, min_size=10, max_size=60))
@settings(max_examples=20)
def test_each_side_is_its_own_curve_and_the_error_that_of_the_rows(rows):
    rows = drawn(rows)
    chances = [0.3, 0.6]
    table = decision_difference(counted(rows), champion=P, challenger=P, chances=chances)
    told = table.dropna(subset=["difference"])
    for row in told.itertuples():
        worked = {name: rows[name].map(P) >= row.chance for name in ("champion", "challenger")}
        for name in worked:
            counts = count_rows(lead_rows(rows[name], rows["hit"]))
            curve = decision_curve(counts, probabilities=P, chances=[row.chance]).iloc[0]
            assert getattr(row, name) == pytest.approx(curve["net_benefit"], abs=1e-12)
        z = worked["challenger"].astype(float) - worked["champion"].astype(float)
        z = z * np.where(rows["hit"] == 1, 1.0, -row.cost_ratio)
        assert row.difference == pytest.approx(z.mean(), abs=1e-12)
        if (rows["account"] != rows["account"].iloc[0]).any() and not np.isnan(row.low):
            variance = naive.ratio_variance(z, np.ones(len(z)), rows["account"])
            assert row.low <= row.difference <= row.high
            assert row.high - row.difference >= 1.959 * variance**0.5 - 1e-9


def test_a_challenger_fitted_here_is_refused():
    rows = drawn([(0, 4, 1, i) for i in range(30)])
    table = decision_difference(
        counted(rows, fitted_on="these leads"), champion=P, challenger=P, chances=[0.5]
    )
    assert np.isnan(table["difference"].iloc[0])
    assert table["reason"].iloc[0].startswith("refused: the challenger was fitted on these leads")
    said = decision_difference(
        counted(rows, fitted_on="unknown"), champion=P, challenger=P, chances=[0.5]
    )
    assert said["difference"].iloc[0] == pytest.approx(1.0)
    assert said["reason"].iloc[0] == "it is not known on which leads the challenger was fitted"


def test_swapped_leads_that_nobody_worked_cannot_be_told():
    frame = pd.DataFrame(
        {
            "champion": [0, 0],
            "challenger": [4, 4],
            "state": ["converted", "unworked"],
            "n": [10, 10],
        }
    )
    pairs = PairCounts(frame, PROVENANCE, "challenger 2", "nothing")
    row = decision_difference(pairs, champion=P, challenger=P, chances=[0.5]).iloc[0]
    assert np.isnan(row["difference"])
    assert row["reason"] == "cannot be told: 50% of the leads that change sides were never worked"


def test_equal_choices_are_not_compared():
    rows = drawn([(2, 2, 0, i) for i in range(9)])
    row = decision_difference(counted(rows), champion=P, challenger=P, chances=[0.3]).iloc[0]
    assert row["reason"] == "fewer than 5 judged leads change sides"


def test_columns_are_those_of_the_docstring_and_bad_questions_are_refused():
    pairs = counted(drawn([(0, 1, 0, 0)]))
    for name in decision_difference(pairs, champion=P, challenger=P).columns:
        assert f"`{name}`" in str(decision_difference.__doc__)
    with pytest.raises(QuestionError, match="challenger has no probability for a score of 1"):
        decision_difference(pairs, champion=P, challenger=P.drop(index=1))
    with pytest.raises(QuestionError, match="chances lie between 0 and 1"):
        decision_difference(pairs, champion=P, challenger=P, chances=[1.0])


def test_one_account_gives_a_difference_without_an_interval_and_says_why():
    rows = drawn([(3, 0, 0, 4)] * 9 + [(0, 4, 1, 4)] * 9)
    row = decision_difference(counted(rows), champion=P, challenger=P, chances=[0.5]).iloc[0]
    assert row["difference"] == pytest.approx((9 + 9) / 18)
    assert np.isnan([row["low"], row["high"]]).all()
    assert row["reason"].endswith("one account is all there is")
