"""Partial area, average precision, and all statistics of ranking in one table."""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from tests.analysis import strategies
from tests.analysis.rows import PROVENANCE, count_rows, lead_rows
from toolkit.analysis import auc, average_precision, partial_auc, ranking_table
from toolkit.counts import ReplicateCounts, ScoreCounts
from toolkit.errors import DataError, QuestionError

UNDEFINED = [
    ([], [], "no judged leads"),
    ([5], [1], "all of 1 judged leads converted"),
    ([5, 6], [0, 0], "none of 2 judged leads converted"),
    ([5, 5, 5], [0, 1, 1], "all judged leads have the same score"),
]


def plain(score, hit):
    return count_rows(lead_rows(score, hit).astype({"score": "int64"}))


@pytest.mark.parametrize("rate", [0.05, 0.1])
def test_partial_area_is_that_of_proc(oracle, sim_counts, rate):
    found, name = partial_auc(sim_counts, max_fpr=rate), f"pauc.leads.score.fpr{rate}"
    assert found.estimate == oracle.approx(name, "pauc")
    assert found.standardized == oracle.approx(name, "mcclish")


@pytest.mark.real_data
@pytest.mark.parametrize("rate", [0.05, 0.1, 0.2])
def test_partial_area_on_real_leads_is_that_of_proc(oracle, oracle_rows, rate):
    rows = pd.read_csv(oracle_rows / "xedu_scores.csv").dropna(subset=["total"])
    found = partial_auc(plain(rows["total"].astype(int), rows["y"]), max_fpr=rate)
    assert found.estimate == oracle.approx(f"pauc.xedu.total.fpr{rate}", "pauc")
    assert found.standardized == oracle.approx(f"pauc.xedu.total.fpr{rate}", "mcclish")


def test_error_of_the_partial_area_is_that_of_the_bootstrap_of_proc(oracle, sim_counts):
    expected = oracle.value("pauc.leads.score.fpr0.1.boot_se")
    assert partial_auc(sim_counts).standard_error == pytest.approx(expected, rel=0.05)


@pytest.mark.by_hand("partial_auc")
def test_partial_area_by_hand_cuts_a_tied_score_in_proportion():
    # Curve from (0, 0) to (0, 1/2), then to (1/3, 1), then to (1, 1); up to 1/6 the second piece
    # runs half its way, to (1/6, 3/4).
    found = partial_auc(plain([3, 2, 2, 1, 1], [1, 1, 0, 0, 0]), max_fpr=1 / 6)
    assert found.estimate == pytest.approx(1 / 6 * (1 / 2 + 3 / 4) / 2)
    chance = (1 / 6) ** 2 / 2
    expected = (1 + (found.estimate - chance) / (1 / 6 - chance)) / 2
    assert found.standardized == pytest.approx(expected)


@pytest.mark.property_of("partial_auc")
@given(strategies.judged(), st.sampled_from([0.05, 0.1, 0.3, 0.77, 1.0]))
def test_partial_area_is_that_of_scikit_learn(rows, rate):
    found = partial_auc(plain(rows["score"], rows["hit"]), max_fpr=rate, replicates=2)
    if len(set(rows["score"])) > 1:
        expected = roc_auc_score(rows["hit"], rows["score"], max_fpr=rate)
        assert found.standardized == pytest.approx(expected, abs=1e-12)


def test_the_whole_partial_area_is_the_area_with_its_error(sim_counts, sim_accounts):
    for counts in (sim_counts, sim_accounts):
        found, whole = partial_auc(counts, max_fpr=1.0), auc(counts)
        assert found.estimate == pytest.approx(whole.estimate, rel=1e-12)
        assert found.standardized == pytest.approx(whole.estimate, rel=1e-12)
        assert found.standard_error == pytest.approx(whole.standard_error, rel=0.05)
        assert (found.low, found.high) == pytest.approx((whole.low, whole.high), abs=0.003)


def test_average_precision_is_that_of_scikit_learn_on_oracle_leads(oracle, sim_counts):
    found = average_precision(sim_counts)
    assert found.estimate == pytest.approx(oracle.value("average_precision.leads"), rel=1e-9)
    assert found.base_rate == 390 / 4000
    assert found.low < found.estimate < found.high


@pytest.mark.real_data
def test_average_precision_on_real_leads_is_that_of_scikit_learn(oracle, oracle_rows):
    rows = pd.read_csv(oracle_rows / "xedu_scores.csv").dropna(subset=["total"])
    found = average_precision(plain(rows["total"].astype(int), rows["y"]))
    assert found.estimate == pytest.approx(oracle.value("average_precision.xedu_total"), rel=1e-9)


@pytest.mark.by_hand("average_precision")
def test_average_precision_by_hand():
    # At 3 one of one converted, at 2 two of three.
    found = average_precision(plain([3, 2, 2, 1, 1], [1, 1, 0, 0, 0]))
    assert found.estimate == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert found.base_rate == 2 / 5


@pytest.mark.property_of("average_precision")
@given(strategies.judged())
def test_average_precision_from_counts_is_that_of_the_rows(rows):
    found = average_precision(plain(rows["score"], rows["hit"]), replicates=2)
    if len(set(rows["score"])) > 1:
        expected = average_precision_score(rows["hit"], rows["score"])
        assert found.estimate == pytest.approx(expected, rel=1e-12)


def test_errors_from_counts_are_those_of_drawing_rows(sim, sim_counts):
    rng, score, hit = np.random.default_rng(5), sim["score"].to_numpy(), sim["y"].to_numpy()
    drawn = [rng.integers(0, len(sim), len(sim)) for _ in range(300)]
    precision = np.std([average_precision_score(hit[i], score[i]) for i in drawn])
    assert average_precision(sim_counts).standard_error == pytest.approx(precision, rel=0.15)


def test_errors_over_accounts_are_those_of_drawing_accounts(sim, sim_accounts):
    rng, score, hit = np.random.default_rng(6), sim["score"].to_numpy(), sim["y"].to_numpy()
    account = np.unique(sim["account_id"], return_inverse=True)[1]
    weights = [rng.poisson(1, account.max() + 1)[account] for _ in range(300)]
    precision = np.std([average_precision_score(hit, score, sample_weight=w) for w in weights])
    part = np.std([roc_auc_score(hit, score, sample_weight=w, max_fpr=0.1) for w in weights])
    assert average_precision(sim_accounts).standard_error == pytest.approx(precision, rel=0.15)
    scale = 2 * (0.1 - 0.1**2 / 2)
    assert partial_auc(sim_accounts).standard_error == pytest.approx(part * scale, rel=0.15)


@pytest.mark.parametrize(("score", "hit", "reason"), UNDEFINED)
def test_what_is_undefined_is_nan_with_a_reason(score, hit, reason):
    counts = plain(score, hit)
    for found in (partial_auc(counts), average_precision(counts)):
        assert isnan(found.estimate)
        assert isnan(found.low)
        assert found.reason == reason
    table = ranking_table(counts)
    assert table["estimate"].isna().all()
    assert (table["reason"] == reason).all()


def test_perfect_separation_has_no_interval_but_a_reason():
    counts = plain([9, 8, 8, 1, 2, 3, 3], [1, 1, 1, 0, 0, 0, 0])
    part, precision = partial_auc(counts), average_precision(counts)
    assert (part.estimate, part.standardized, precision.estimate) == (0.1, 1, 1)
    assert isnan(part.low)
    assert part.reason is not None
    assert part.reason.startswith("no interval")


@pytest.mark.parametrize("rate", [0, -0.1, 1.5])
def test_a_false_positive_rate_outside_its_range_is_refused(sim_counts, rate):
    with pytest.raises(QuestionError, match="max_fpr is"):
        partial_auc(sim_counts, max_fpr=rate)


def test_the_table_has_the_columns_of_its_docstring_and_the_numbers_of_the_functions(sim_accounts):
    table = ranking_table(sim_accounts).set_index("statistic")
    assert ["statistic", *table.columns] == [
        "statistic", "estimate", "low", "high", "chance", "perfect", "positives", "negatives",
        "method", "reason",
    ]  # fmt: skip
    for name in ["statistic", *table.columns, *table.index]:
        assert f"`{name}`" in str(ranking_table.__doc__)
    area = auc(sim_accounts)
    assert table.loc["auc", "low"] == area.low
    assert table.loc["gini", "high"] == 2 * area.high - 1
    assert table.loc["average_precision", "chance"] == 390 / 4000
    assert table.loc["partial_auc_standardized", "chance"] == 0.5
    assert table["reason"].isna().all()
    whole = table.drop("largest_gap")
    assert ((whole["low"] < whole["estimate"]) & (whole["estimate"] < whole["high"])).all()


def test_too_many_scores_leave_the_estimates_and_say_why():
    rng = np.random.default_rng(1)
    counts = plain(rng.integers(0, 10**6, 40_000), rng.integers(0, 2, 40_000))
    found = average_precision(counts)
    assert found.estimate == pytest.approx(0.5, abs=0.02)
    assert isnan(found.low)
    assert found.reason is not None
    assert "do not fit in memory: round the score" in found.reason


def test_ten_thousand_million_leads_and_negative_scores_are_as_any():
    cells = [(-5, "converted", 1), (-5, "not_converted", 9), (7, "converted", 4)]
    frame = pd.DataFrame(cells, columns=["score", "state", "n"])
    small = ranking_table(ScoreCounts(frame, PROVENANCE))
    big = ranking_table(ScoreCounts(frame.assign(n=frame["n"] * 10**10), PROVENANCE))
    assert big["estimate"].tolist() == pytest.approx(small["estimate"].tolist(), rel=1e-12)
    assert (big["high"] - big["low"]).max() < 1e-4


def test_replicates_of_the_engine_take_the_place_of_draws(sim_counts):
    rng = np.random.default_rng(8)
    frame = sim_counts.frame
    rows = [frame.assign(replicate=b, n=rng.poisson(frame["n"])) for b in range(400)]
    table = ReplicateCounts(pd.concat(rows), 400, 8, PROVENANCE)
    found = average_precision(sim_counts, replicates=table)
    assert found.standard_error == pytest.approx(
        average_precision(sim_counts).standard_error, rel=0.15
    )
    foreign = ReplicateCounts(pd.concat(rows).assign(score=999), 400, 8, PROVENANCE)
    with pytest.raises(DataError, match="belong to other counts"):
        average_precision(sim_counts, replicates=foreign)


@pytest.mark.by_hand("ranking_table")
def test_all_of_ranking_by_hand():
    # Converted 3 and 2, the others 2, 1 and 1; see the tests of each.
    table = ranking_table(plain([3, 2, 2, 1, 1], [1, 1, 0, 0, 0]), max_fpr=1 / 6)
    found = table.set_index("statistic")
    area, part = 11 / 12, 5 / 48
    assert found["estimate"].to_dict() == pytest.approx({
        "auc": area, "gini": 2 * area - 1, "partial_auc": part,
        "partial_auc_standardized": (1 + (part - 1 / 72) / (1 / 6 - 1 / 72)) / 2,
        "average_precision": 5 / 6, "largest_gap": 2 / 3,
    })  # fmt: skip
    assert found.loc["partial_auc", ["chance", "perfect"]].tolist() == pytest.approx(
        [1 / 72, 1 / 6]
    )
    assert found.loc["average_precision", "chance"] == 2 / 5
    assert (table["positives"] == 2).all()
    assert (table["negatives"] == 3).all()
