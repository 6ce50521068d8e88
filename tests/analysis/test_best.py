from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from tests.analysis import strategies
from tests.analysis.rows import PROVENANCE, count_rows, lead_rows
from toolkit.analysis import (
    benefit_sensitivity,
    best_thresholds,
    exploration_sample,
    threshold_bands,
)
from toolkit.analysis.benefit.blocks import block_scores
from toolkit.analysis.cells import read_cells
from toolkit.counts import ScoreCounts
from toolkit.errors import QuestionError

COLUMNS = [
    "threshold", "n", "tp", "fp", "net_benefit", "low", "high", "behind", "evidence", "critical",
    "among_best", "chosen_share", "reason",
]  # fmt: skip


def test_columns_are_those_of_the_docstring(sim_counts):
    assert list(best_thresholds(sim_counts, cost_ratio=1 / 9).table.columns) == COLUMNS
    assert all(f"`{name}`" in str(best_thresholds.__doc__) for name in COLUMNS)


@pytest.mark.parametrize("accounts", [False, True])
def test_the_set_of_the_simulated_leads_is_the_one_found_before(sim_counts, sim_accounts, accounts):
    """An independent computation: best 30 (in 43% of bootstraps), set 20, 25, 30, 35."""
    found = best_thresholds(
        sim_accounts if accounts else sim_counts, cost_ratio=1 / 9, threshold=50
    )
    table = found.table.set_index("threshold")
    assert found.best == 30
    assert table.index[table["among_best"]].tolist() == [20, 25, 30, 35]
    assert table.loc[30, "chosen_share"] == pytest.approx(0.43, abs=0.05)
    assert (found.low, found.high, found.keep) == (20, 35, "No")
    assert found.text == (
        "Thresholds 20 to 35 cannot be told apart on net benefit; choose by capacity."
    )
    assert 0 < found.optimism < 0.003
    assert found.corrected == found.apparent - found.optimism


def test_evidence_is_the_binomial_tail_of_the_leads_between():
    # Between 1 and 2: 3 of 10 converted; break-even 1/5. Between 2 and above all: 1 of 10.
    rows = lead_rows([1] * 10 + [2] * 10, [1] * 3 + [0] * 7 + [1] + [0] * 9)
    scores = block_scores(read_cells(count_rows(rows)), np.array([0, 1, 2]), 1 / 4)
    assert scores[0, 1] == pytest.approx(norm.isf(binom.sf(2, 10, 0.2)))  # 1 better than 2
    assert scores[1, 0] == pytest.approx(norm.isf(binom.cdf(3, 10, 0.2)))  # 2 better than 1
    assert scores[2, 1] == pytest.approx(norm.isf(binom.cdf(1, 10, 0.2)))  # nobody better than 2
    assert np.diag(scores).tolist() == [0, 0, 0]


@pytest.mark.property_of("best_thresholds")
@given(strategies.judged(), st.sampled_from([0.0, 0.1, 0.5, 3.0]))
@settings(max_examples=20)
def test_the_best_is_in_its_own_set(rows, ratio):
    for account in (None, rows["account"]):
        counts = count_rows(lead_rows(rows["score"], rows["hit"], account))
        found = best_thresholds(counts, cost_ratio=ratio, replicates=100)
        table = found.table.set_index("threshold")
        assert table["chosen_share"].sum() <= 1 + 1e-12
        if account is not None and (account == account.iloc[0]).all():
            assert table["among_best"].isna().all()
        elif found.best is not None:
            assert bool(table.loc[found.best, "among_best"])
            assert found.low <= found.best <= found.high
        if found.best is not None:
            assert table.loc[found.best, "behind"] == pytest.approx(0, abs=1e-12)
            assert found.apparent == pytest.approx(table.loc[found.best, "net_benefit"])


def test_leads_of_one_account_are_one_piece_of_evidence():
    hit = [0] * 40 + [1] * 20 + [0] * 20
    alone = count_rows(lead_rows([1] * 40 + [2] * 40, hit))
    one = count_rows(lead_rows([1] * 40 + [2] * 40, hit, ["big"] * 40 + list(range(40))))
    found = [
        best_thresholds(counts, cost_ratio=1 / 9).table.set_index("threshold")["among_best"]
        for counts in (alone, one)
    ]
    assert not found[0][1]  # 0 of 40 against 10%: surely too few
    assert found[1][1]  # one account that did not convert


def test_leads_that_come_in_pairs_are_half_the_evidence():
    """Accounts of two leads with one fate: a design effect of two, and a little for t and G/(G-1)."""
    hit = [1] * 20 + [0] * 180
    twice = [each for each in hit for _ in (0, 1)]
    one = block_scores(read_cells(count_rows(lead_rows([1] * 200, hit))), np.array([0, 1]), 1 / 4)
    two = count_rows(lead_rows([1] * 400, twice, np.arange(400) // 2))
    pairs = block_scores(read_cells(two), np.array([0, 1]), 1 / 4)
    assert pairs[1, 0] == pytest.approx(one[1, 0], rel=0.02)
    assert one[1, 0] > 3


def selected():
    """Worked at 50 and above only."""
    above = lead_rows([50] * 60 + [60] * 60, [1] * 12 + [0] * 48 + [1] * 20 + [0] * 40)
    below = pd.DataFrame({"score": [45] * 80, "state": ["unworked"] * 80})
    return count_rows(pd.concat([above, below]))


def test_a_lower_threshold_cannot_be_told_where_nobody_worked():
    found = best_thresholds(selected(), cost_ratio=1 / 9, threshold=50)
    row = found.table.set_index("threshold").loc[45]
    assert row[["net_benefit", "evidence"]].isna().all()
    assert row["among_best"] is pd.NA
    assert row["reason"] == "cannot be told: 40% of leads at or above were never worked"
    assert (found.best, found.keep) == (50, "Yes")
    assert found.reason == (
        "cannot be told: whether a threshold of 45 or lower would be worth more, because too many "
        "leads there were never worked"
    )
    assert found.text == (
        "Of the thresholds that can be judged, 50 is worth more than any other; lower ones cannot be "
        "judged."
    )
    asked = best_thresholds(selected(), cost_ratio=1 / 9, threshold=45)
    assert asked.keep == "Cannot be told from this data"


def test_a_score_that_never_pays_has_no_best():
    found = best_thresholds(count_rows(lead_rows([1] * 50 + [2] * 50, [0] * 100)), cost_ratio=0.2)
    assert found.best is None
    assert found.none_among_best
    assert found.text.startswith("No threshold pays")
    assert np.isnan(found.corrected_low)


def test_a_benefit_that_may_be_nothing_is_said_to_be_so():
    rows = lead_rows([1] * 20 + [2] * 20, [0] * 18 + [1] * 2 + [0] * 16 + [1] * 4)
    found = best_thresholds(count_rows(rows), cost_ratio=0.2)
    assert found.best == 2
    assert found.none_among_best
    assert found.text.startswith("It cannot be told that any threshold pays")


@pytest.mark.parametrize("hit", [[], [0], [1], [1, 1, 1], [0, 0, 0]])
def test_nothing_one_lead_and_one_class_are_answered_without_an_error(hit):
    rows = lead_rows(list(range(len(hit))), hit).astype({"score": "int64"})
    found = best_thresholds(count_rows(rows), cost_ratio=0.1, threshold=7, replicates=100)
    assert list(found.table.columns) == COLUMNS
    assert found.keep in {"Yes", "No", "Not enough evidence"}
    if not hit:
        assert np.isnan(found.apparent)
        assert found.reason == "no threshold with judged leads at or above"


def test_huge_counts_and_half_of_all_in_one_account():
    big = 10**10
    frame = pd.DataFrame(
        {"score": [0, 0, 1, 1], "state": ["converted", "not_converted"] * 2,
         "n": [big, 19 * big, 4 * big, 16 * big]}
    )  # fmt: skip
    found = best_thresholds(ScoreCounts(frame, PROVENANCE), cost_ratio=1 / 9)
    assert (found.best, found.low, found.high) == (1, 1, 1)
    half = lead_rows([1, 2] * 50, [0, 1] * 50, ["big"] * 50 + list(range(50)))
    answer = best_thresholds(count_rows(half), cost_ratio=1 / 9, threshold=2)
    assert answer.keep == "Yes"


def test_many_scores_are_thinned_and_todays_threshold_is_kept():
    rng = np.random.default_rng(3)
    score = rng.permutation(1000)
    counts = count_rows(lead_rows(score, (rng.random(1000) < score / 2000).astype(int)))
    table = best_thresholds(counts, cost_ratio=0.2, threshold=501, replicates=100).table
    assert 200 <= len(table) <= 201
    assert 501 in table["threshold"].tolist()


def test_too_many_scores_to_draw_from_are_answered_without_draws():
    rng = np.random.default_rng(4)
    score = rng.permutation(4000)
    hit = (rng.random(4000) < score / 8000).astype(int)
    counts = count_rows(lead_rows(score, hit, np.arange(4000) // 2))
    found = best_thresholds(counts, cost_ratio=0.3, thresholds=[500, 2000, 3500])
    assert "no interval" in str(found.reason)
    assert np.isnan(found.optimism)
    assert found.best == 2000
    bands = threshold_bands(counts, thresholds=[2000])
    assert set(bands["method"]) == {"Clopper-Pearson, Bonferroni"}


def test_sensitivity_repeats_the_set_for_each_ratio(sim_counts):
    table = benefit_sensitivity(sim_counts, cost_ratios=[1 / 4, 1 / 9], threshold=50)
    alone = best_thresholds(sim_counts, cost_ratio=1 / 9, threshold=50, replicates=1000)
    row = table.iloc[1]
    assert (row["best"], row["low"], row["high"]) == (alone.best, alone.low, alone.high)
    assert row["break_even"] == pytest.approx(1 / 10)
    assert table["keep"].tolist() == ["Yes", "No"]
    assert all(f"`{name}`" in str(benefit_sensitivity.__doc__) for name in table.columns)


def test_the_corrected_benefit_is_nearer_the_truth_than_the_apparent_one():
    """No score at all: truth is 0 for everyone at break-even, the best of ten looks better."""
    rng, apparent, corrected = np.random.default_rng(5), [], []
    for _ in range(30):
        score, hit = rng.integers(0, 10, 300), (rng.random(300) < 0.2).astype(int)
        found = best_thresholds(count_rows(lead_rows(score, hit)), cost_ratio=1 / 4, replicates=200)
        apparent.append(found.apparent)
        corrected.append(found.corrected)
    assert np.mean(apparent) > 0.005
    assert abs(np.mean(corrected)) < np.mean(apparent) / 2


@pytest.mark.by_hand("exploration_sample")
def test_exploration_by_hand():
    found = exploration_sample(selected(), threshold=50, lower=45, cost_ratio=1 / 9, margin=0.05)
    # (1.959964 + 0.841621)^2 * 0.1 * 0.9 / 0.05^2 = 282.56; 80 leads in ten weeks.
    assert found.n_needed == 283
    assert found.needed
    assert found.weeks == pytest.approx(283 / 8)
    assert found.share_needed == pytest.approx(283 / 80)
    assert found.text == (
        "100% of leads between 45 and 50 were never contacted. Contact a random 283 of them and it "
        "can be told whether a threshold of 45 is worth more."
    )


def test_no_exploration_is_asked_where_all_were_worked(sim_counts):
    found = exploration_sample(sim_counts, threshold=50, lower=45, cost_ratio=1 / 9)
    assert not found.needed
    assert "no sample is needed" in found.text


@pytest.mark.parametrize(
    ("score", "state", "said"),
    [
        (45, "immature", "None of 20 leads between 45 and 50 is old enough to be judged."),
        (60, "converted", "No lead was seen between 45 and 50:"),
    ],
)
def test_where_nobody_can_be_judged_a_sample_is_needed_and_nothing_is_called_worked(
    score, state, said
):
    counts = count_rows(pd.DataFrame({"score": [score] * 20, "state": state}))
    found = exploration_sample(counts, threshold=50, lower=45, cost_ratio=1 / 9)
    assert found.needed
    assert found.text.startswith(said)
    assert ("283" in found.text) == (score == 45)
    assert np.isnan(found.unworked_share)
    assert not np.isinf(found.share_needed)


def test_one_account_shows_not_how_far_to_trust_the_best_threshold():
    rows = lead_rows([40] * 100 + [60] * 100, [1] * 10 + [0] * 90 + [1] * 40 + [0] * 60, [7] * 200)
    found = best_thresholds(count_rows(rows), cost_ratio=1 / 4, threshold=60, replicates=100)
    assert found.best == 60
    assert found.apparent == pytest.approx((40 - 60 / 4) / 200)
    assert found.keep == "Not enough evidence"
    assert np.isnan([found.optimism, found.corrected, found.corrected_low]).all()
    assert found.table["among_best"].isna().all()
    assert found.reason == "no interval: all judged leads belong to one account"
    assert found.text.endswith("cannot be told: all judged leads belong to one account.")


def test_questions_that_make_no_sense_are_refused(sim_counts):
    with pytest.raises(QuestionError, match="cost_ratio is -1"):
        best_thresholds(sim_counts, cost_ratio=-1)
    with pytest.raises(QuestionError, match="lower is 60: expected a score under the threshold 50"):
        exploration_sample(sim_counts, threshold=50, lower=60, cost_ratio=0.1)
    with pytest.raises(QuestionError, match="margin is 0"):
        exploration_sample(sim_counts, threshold=50, lower=40, cost_ratio=0.1, margin=0)


@pytest.mark.parametrize("accounts", [False, True])
def test_a_threshold_is_in_the_set_while_its_evidence_is_not_critical(
    sim_counts, sim_accounts, accounts
):
    counts = sim_accounts if accounts else sim_counts
    # With this ratio many thresholds are near the edge.
    table = best_thresholds(counts, cost_ratio=1 / 19, replicates=300).table
    assert (table["critical"] - table["evidence"]).between(0, 0.5).sum() >= 5
    assert (table["among_best"] == (table["evidence"] <= table["critical"])).all()
    assert table["among_best"].nunique() == 2


def test_scores_too_many_to_draw_from_are_judged_by_bonferroni(sim_counts, monkeypatch):
    monkeypatch.setattr("toolkit.analysis.bootstrap._MOST_VALUES", 10)
    found = best_thresholds(sim_counts, cost_ratio=1 / 9)
    # Every threshold, and handing over nobody.
    expected = norm.isf(0.05 / (len(found.table) + 1))
    assert found.table["critical"].to_numpy() == pytest.approx(expected)
    assert "no interval" in found.reason


@pytest.mark.by_hand("best_thresholds", "benefit_sensitivity")
def test_two_thresholds_by_hand():
    # 10 of 100 convert at 40, 40 of 100 at 60. At a cost of 1/4 a lead pays from 1/5.
    counts = count_rows(
        lead_rows([40] * 100 + [60] * 100, [1] * 10 + [0] * 90 + [1] * 40 + [0] * 60)
    )
    found = best_thresholds(counts, cost_ratio=1 / 4)
    table = found.table.set_index("threshold")
    assert table["net_benefit"].to_dict() == pytest.approx(
        {40: (50 - 150 / 4) / 200, 60: (40 - 60 / 4) / 200}
    )
    assert table["behind"].to_dict() == pytest.approx({40: 1 / 16, 60: 0})
    assert table.loc[40, "evidence"] == pytest.approx(norm.isf(binom.cdf(10, 100, 1 / 5)))
    assert (found.best, found.apparent) == (60, pytest.approx(1 / 8))
    # At 1/19 a lead pays from 1/20, and those at 40 do.
    more = benefit_sensitivity(counts, cost_ratios=[1 / 4, 1 / 19], replicates=100)
    assert more["break_even"].tolist() == pytest.approx([1 / 5, 1 / 20])
    assert more["best"].tolist() == [60, 40]
    assert more["net_benefit"].tolist() == pytest.approx([1 / 8, (50 - 150 / 19) / 200])
