from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy.special import expit, logit, ndtri

from tests.analysis import strategies
from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis import (
    clopper_pearson_interval,
    replicate_cells,
    threshold_bands,
    threshold_table,
)
from toolkit.errors import QuestionError

COLUMNS = [
    "rate", "threshold", "positives", "n", "estimate", "low", "high", "band_low", "band_high",
    "method", "reason",
]  # fmt: skip


def test_columns_are_those_of_the_docstring(sim_counts):
    table = threshold_bands(sim_counts, replicates=200)
    assert list(table.columns) == COLUMNS
    assert all(f"`{name}`" in str(threshold_bands.__doc__) for name in COLUMNS)


def test_rates_and_pointwise_intervals_are_those_of_the_table(sim_accounts):
    bands = threshold_bands(sim_accounts, replicates=200)
    table = threshold_table(sim_accounts)
    for name, part in bands.groupby("rate"):
        expected = table[[name, f"{name}_low", f"{name}_high"]].to_numpy()
        assert part[["estimate", "low", "high"]].to_numpy() == pytest.approx(expected, nan_ok=True)


def test_a_single_threshold_has_about_its_own_interval(sim_counts):
    """One threshold: the sup over one is the 95% quantile of |z|, so the band is logit +- 1.96 sd."""
    table = threshold_bands(sim_counts, thresholds=[50], replicates=20_000).set_index("rate")
    for name, hits, n in (("precision", 95, 292), ("recall", 95, 390)):
        error = (1 / hits + 1 / (n - hits)) ** 0.5  # of the log-odds of a binomial
        expected = expit(logit(hits / n) + np.array([-1.96, 1.96]) * error)
        assert table.loc[name, ["band_low", "band_high"]].to_numpy(float) == pytest.approx(
            expected, rel=0.02
        )


@pytest.mark.property_of("threshold_bands")
@given(strategies.judged(most=30))
@settings(max_examples=15)
def test_bands_hold_the_rate_and_its_interval(rows):
    for account in (None, rows["account"]):
        counts = count_rows(lead_rows(rows["score"], rows["hit"], account))
        for method in ("sup-t", "Bonferroni"):
            table = threshold_bands(counts, method=method, replicates=100).dropna(
                subset=["estimate"]
            )
            assert (table["band_low"] <= table["estimate"] + 1e-12).all()
            assert (table["band_high"] >= table["estimate"] - 1e-12).all()


def test_more_thresholds_make_wider_bands(sim_counts):
    some = threshold_bands(sim_counts, thresholds=[20, 50], replicates=1000)
    every = threshold_bands(sim_counts, replicates=1000)
    both = some.merge(every, on=["rate", "threshold"], suffixes=("", "_every"))
    assert (both["band_high_every"] > both["band_high"]).all()
    assert (both["band_low_every"] < both["band_low"]).all()


@pytest.mark.by_hand("threshold_bands")
def test_bonferroni_by_hand():
    counts = count_rows(lead_rows([1] * 10 + [2] * 10, [0] * 8 + [1] * 2 + [0] * 4 + [1] * 6))
    row = threshold_bands(counts, thresholds=[1, 2], method="Bonferroni").iloc[1]
    # Two intervals together at 95%: each at 97.5%.
    low, high = clopper_pearson_interval(6, 10, confidence=0.975)
    assert (row["rate"], row["threshold"]) == ("precision", 2)
    assert [row["band_low"], row["band_high"]] == pytest.approx([float(low), float(high)])
    assert row["method"] == "Clopper-Pearson, Bonferroni"


@pytest.mark.by_hand("threshold_bands")
def test_dkw_by_hand():
    counts = count_rows(lead_rows([1] * 10 + [2] * 10, [0] * 8 + [1] * 2 + [0] * 4 + [1] * 6))
    table = threshold_bands(counts, thresholds=[2], method="DKW").set_index("rate")
    step = (np.log(2 / 0.05) / (2 * 8)) ** 0.5
    assert table.loc["recall", "band_low"] == pytest.approx(6 / 8 - step)
    assert table.loc["recall", "band_high"] == 1
    assert table.loc["precision", "reason"] == (
        "no DKW band: it is for recall and false-positive rate of leads without accounts"
    )


def test_few_hits_have_an_exact_interval_at_a_larger_critical_value():
    score, hit = (
        [1] * 100 + [2] * 100 + [9] * 3,
        [0] * 90 + [1] * 10 + [0] * 70 + [1] * 30 + [1] * 3,
    )
    table = threshold_bands(count_rows(lead_rows(score, hit)), replicates=500)
    row = table[(table["rate"] == "precision") & (table["threshold"] == 9)].iloc[0]
    assert row["method"] == "Clopper-Pearson with the critical value of sup-t"
    assert row["band_high"] == 1
    assert row["band_low"] < row["low"]


def test_unworked_leads_leave_precision_alone():
    judged = lead_rows([1] * 50 + [9] * 50, ([0] * 4 + [1]) * 20)
    unworked = pd.DataFrame({"score": [1] * 50, "state": ["unworked"] * 50})
    table = threshold_bands(count_rows(pd.concat([judged, unworked])), thresholds=[5])
    table = table.set_index("rate")
    assert not np.isnan(table.loc["precision", "band_low"])
    assert table.loc[["recall", "false_positive_rate"], "band_low"].isna().all()
    assert table.loc["recall", "reason"] == (
        "cannot be told: 50% of leads below the threshold were never worked"
    )


@pytest.mark.parametrize("hit", [[], [0], [1], [0, 0], [1, 1]])
def test_nothing_and_one_class_are_undefined_not_errors(hit):
    rows = lead_rows(list(range(len(hit))), hit, list(range(len(hit)))).astype({"score": "int64"})
    table = threshold_bands(count_rows(rows), thresholds=[-5, 0, 50], replicates=100)
    assert list(table.columns) == COLUMNS
    assert table.loc[table["n"] == 0, "band_low"].isna().all()


def test_the_same_seed_gives_the_same_band(sim_accounts):
    once, again = (threshold_bands(sim_accounts, replicates=150) for _ in range(2))
    pd.testing.assert_frame_equal(once, again)


def test_questions_that_make_no_sense_are_refused(sim_counts):
    with pytest.raises(QuestionError, match="method is 'magic': expected sup-t, Bonferroni or DKW"):
        threshold_bands(sim_counts, method="magic")
    with pytest.raises(QuestionError, match="replicates is 3: expected at least 100"):
        threshold_bands(sim_counts, replicates=3)


def test_the_critical_value_is_above_that_of_one_interval(sim_counts):
    """Around log-odds: (logit high - logit low) / 2 / sd, the same at every usual threshold."""
    table = threshold_bands(sim_counts, replicates=2000)
    part = table[(table["rate"] == "recall") & (table["method"] == "sup-t")]
    half = (logit(part["band_high"]) - logit(part["band_low"])) / 2
    error = np.sqrt(1 / part["positives"] + 1 / (part["n"] - part["positives"]))
    c = half / error
    assert c.between(-ndtri(0.025) * 1.1, -ndtri(0.025 / len(table)) * 1.2).all()


def test_the_critical_value_is_that_of_the_largest_deviation_to_either_side():
    """Recall of 40 converted leads over four scores, from the same draws, by hand."""
    rows = lead_rows([1] * 30 + [2] * 30 + [3] * 30 + [4] * 30, ([1] * 10 + [0] * 20) * 4)
    counts = count_rows(rows)
    table = threshold_bands(counts, thresholds=[2, 3, 4], replicates=500)
    recall = table[table["rate"] == "recall"]
    drawn = replicate_cells(counts, replicates=500)[1][:, :, 0]
    above = np.cumsum(drawn[:, ::-1], axis=1)[:, ::-1]
    hits, misses = above[:, 1:], above[:, :1] - above[:, 1:]
    away = np.log(np.maximum(hits, 0.25) / np.maximum(misses, 0.25)) - np.log([3, 1, 1 / 3])
    spread = away.std(axis=0)
    critical = np.quantile((np.abs(away) / spread).max(axis=1), 0.95)
    assert critical > np.quantile((away / spread).max(axis=1), 0.95) + 0.1
    half = (logit(recall["band_high"]) - logit(recall["band_low"])) / 2
    assert half.to_numpy() == pytest.approx(critical * spread, rel=1e-9)
