from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy.stats import chi2_contingency, norm

from tests.analysis import strategies
from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis import cliff_table, rate, rate_difference, tier_table
from toolkit.analysis.student import student_p
from toolkit.errors import QuestionError


def test_columns_are_those_of_the_docstrings(sim_counts):
    text = str(cliff_table.__doc__) + str(tier_table.__doc__)
    for table in (cliff_table(sim_counts, threshold=50), tier_table(sim_counts, thresholds=[50])):
        for name in table.columns:
            assert f"`{name}`" in text or f"`{name.replace('above', 'below')}`" in text


@pytest.mark.by_hand("cliff_table")
def test_the_next_band_down_by_hand():
    # 45-49: 3 of 10; 50-54: 8 of 10; 44 and 55 belong to neither.
    score = [45] * 5 + [49] * 5 + [50] * 5 + [54] * 5 + [44, 55]
    hit = [1, 1, 1, 0, 0] + [0] * 5 + [1] * 5 + [1, 1, 1, 0, 0] + [1, 0]
    counts = count_rows(lead_rows(score, hit))
    row = cliff_table(counts, threshold=50, widths=[5]).iloc[0]
    ends = ["below_from", "below_to", "above_from", "above_to"]
    assert row[ends].tolist() == [45, 49, 50, 54]
    assert (row["below_positives"], row["above_positives"]) == (3, 8)
    assert row["difference"] == pytest.approx(8 / 10 - 3 / 10)
    expected = rate_difference(
        rate(counts, at_least=50, below=55), rate(counts, at_least=45, below=50)
    )
    assert [row["low"], row["high"]] == pytest.approx([expected.low, expected.high])
    chi2 = chi2_contingency([[3, 7], [8, 2]], correction=False)
    assert row["p_value"] == pytest.approx(chi2.pvalue)
    assert (row["answer"], row["reason"]) == ("Yes", None)


@given(strategies.judged(least=20))
@settings(max_examples=20)
def test_accounts_of_one_lead_change_next_to_nothing_but_the_law_of_few(rows):
    score, hit = rows["score"], rows["hit"]
    n = len(rows)
    alone = tier_table(count_rows(lead_rows(score, hit)), thresholds=[1, 3])
    single = tier_table(count_rows(lead_rows(score, hit, range(n))), thresholds=[1, 3])
    z = [t["p_value"].to_numpy() for t in (alone, single)]
    # The same statistic, read by t on the accounts of the smaller side.
    few = np.minimum(alone["above_n"], alone["below_n"]).to_numpy()
    expected = student_p(norm.isf(z[0] / 2), few)
    assert np.nan_to_num(z[1]) == pytest.approx(np.nan_to_num(expected), abs=0.02)
    assert alone["difference"].to_numpy() == pytest.approx(
        single["difference"].to_numpy(), nan_ok=True
    )


def test_accounts_on_both_sides_cancel():
    """Each account has a lead on both sides with the same fate: no difference but no noise either."""
    account, fate = list(range(60)), [1, 0, 0] * 20
    both = count_rows(lead_rows([49] * 60 + [50] * 60, fate + fate, account + account))
    apart = count_rows(lead_rows([49] * 60 + [50] * 60, fate + fate, range(120)))
    together, alone = (
        cliff_table(counts, threshold=50, widths=[1]).iloc[0] for counts in (both, apart)
    )
    assert together["difference"] == 0
    assert together["high"] - together["low"] < 0.2 * (alone["high"] - alone["low"])


def test_leads_that_come_in_pairs_are_half_the_evidence():
    score, hit = [49] * 40 + [50] * 40, [1] * 8 + [0] * 32 + [1] * 20 + [0] * 20
    once = cliff_table(count_rows(lead_rows(score, hit)), threshold=50, widths=[1]).iloc[0]
    rows = lead_rows(np.repeat(score, 2), np.repeat(hit, 2), np.arange(160) // 2)
    twice = cliff_table(count_rows(rows), threshold=50, widths=[1]).iloc[0]
    # The variance over accounts is twice that over leads, times 80/79.
    z = norm.isf(once["p_value"] / 2) * (79 / 80) ** 0.5
    assert norm.isf(twice["p_value"] / 2) == pytest.approx(z)


def test_answers_follow_the_interval():
    sure = count_rows(
        lead_rows([40] * 400 + [50] * 400, [1] * 40 + [0] * 360 + [1] * 200 + [0] * 200)
    )
    row = tier_table(sure, thresholds=[50], margin=0.1).iloc[0]
    assert row["answer"] == "Yes"
    assert np.isnan(row["next_from"])
    same = count_rows(lead_rows([40] * 4000 + [50] * 4000, ([1] + [0] * 9) * 800))
    assert tier_table(same, thresholds=[50], margin=0.05).iloc[0]["answer"] == "No"
    few = count_rows(lead_rows([40] * 10 + [50] * 10, ([1] + [0] * 9) * 2))
    assert tier_table(few, thresholds=[50]).iloc[0]["answer"] == "Not enough evidence"


def test_unworked_leads_and_small_cells_are_not_compared():
    judged = lead_rows([49] * 4 + [50] * 20, [1] * 4 + [0] * 20)
    row = cliff_table(count_rows(judged), threshold=50, widths=[2]).iloc[0]
    assert np.isnan([row["difference"], row["below_rate"], row["below_positives"]]).all()
    assert (row["answer"], row["reason"]) == (
        "Not enough evidence", "fewer than 5 judged leads on a side",
    )  # fmt: skip
    more = pd.concat([judged, lead_rows([49] * 6, [0] * 6),
                      pd.DataFrame({"score": [49] * 10, "state": ["unworked"] * 10})])  # fmt: skip
    row = cliff_table(count_rows(more), threshold=50, widths=[2]).iloc[0]
    assert row["answer"] == "Cannot be told from this data"
    assert row["reason"] == "50% of the leads below were never worked: judged leads only"


def test_tiers_of_the_simulated_leads_are_told_apart(sim_accounts):
    table = tier_table(sim_accounts, thresholds=[40, 50, 80])
    assert table["tier_from"].tolist() == [80, 50, 40]
    assert table["next_from"].tolist()[:2] == [50, 40]
    assert table["answer"].tolist() == ["Yes"] * 3
    assert (table["p_holm"] >= table["p_value"]).all()


def test_nothing_to_compare_is_no_error():
    counts = count_rows(lead_rows([], []).astype({"score": "int64"}))
    assert tier_table(counts, thresholds=[40, 80])["answer"].tolist() == ["Not enough evidence"] * 2
    assert cliff_table(counts, threshold=50)["difference"].isna().all()


def test_questions_that_make_no_sense_are_refused(sim_counts):
    with pytest.raises(QuestionError, match="widths are whole numbers of at least 1"):
        cliff_table(sim_counts, threshold=50, widths=[0])
    with pytest.raises(QuestionError, match="no thresholds were given"):
        tier_table(sim_counts, thresholds=[])


@pytest.mark.by_hand("tier_table")
def test_three_tiers_by_hand():
    # From 80: 9 of 10; from 40: 8 of 20; below: 4 of 20.
    hits, sizes = {80: 9, 40: 8, 10: 4}, {80: 10, 40: 20, 10: 20}
    rows = [lead_rows([t] * n, [1] * hits[t] + [0] * (n - hits[t])) for t, n in sizes.items()]
    table = tier_table(count_rows(pd.concat(rows)), thresholds=[40, 80])
    assert table["tier_from"].tolist() == [80, 40]
    assert table["difference"].tolist() == pytest.approx([9 / 10 - 8 / 20, 8 / 20 - 4 / 20])
    # Together 17 of 30, and 12 of 40.
    z = [0.5 / (17 / 30 * 13 / 30 * (1 / 10 + 1 / 20)) ** 0.5, 0.2 / (0.3 * 0.7 * 2 / 20) ** 0.5]
    p = [2 * norm.sf(each) for each in z]
    assert table["p_value"].tolist() == pytest.approx(p)
    assert table["p_holm"].tolist() == pytest.approx([2 * p[0], p[1]])
