from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from scipy.stats import ks_2samp

from tests.analysis import strategies
from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis import auc, gains_table, largest_gap


@pytest.mark.parametrize(("score", "hit", "reason"), [
    ([], [], "no judged leads"),
    ([5], [1], "all of 1 judged leads converted"),
    ([5, 6], [0, 0], "none of 2 judged leads converted"),
    ([5, 5, 5], [0, 1, 1], "all judged leads have the same score"),
])  # fmt: skip
def test_a_gap_that_is_undefined_is_nan_with_a_reason(score, hit, reason):
    found = largest_gap(count_rows(lead_rows(score, hit).astype({"score": "int64"})))
    assert isnan(found.estimate)
    assert found.threshold is None
    assert found.reason == reason


def test_the_largest_gap_is_that_of_r(oracle, sim_counts):
    assert largest_gap(sim_counts).estimate == pytest.approx(
        oracle.value("ks.leads.score"), rel=1e-9
    )


@pytest.mark.real_data
def test_the_largest_gap_on_real_leads_is_that_of_r(oracle, oracle_rows):
    rows = pd.read_csv(oracle_rows / "xedu_scores.csv").dropna(subset=["total"])
    found = largest_gap(count_rows(lead_rows(rows["total"].astype(int), rows["y"])))
    assert found.estimate == pytest.approx(oracle.value("ks.xedu.total"), rel=1e-9)


@pytest.mark.by_hand("largest_gap")
def test_the_largest_gap_by_hand():
    # At or above 2: 2/2 of the converted, 1/3 of the others; at or above 3: 1/2 and 0.
    found = largest_gap(count_rows(lead_rows([3, 2, 2, 1, 1], [1, 1, 0, 0, 0])))
    assert found.estimate == pytest.approx(2 / 2 - 1 / 3)
    assert (found.threshold, found.positives, found.negatives) == (2, 2, 3)
    assert found.reason is None


def test_a_score_that_is_upside_down_says_so():
    found = largest_gap(count_rows(lead_rows([1, 1, 2], [1, 1, 0])))
    assert found.estimate == 1
    assert found.reason is not None
    assert found.reason.startswith("upside down")


@pytest.mark.property_of("largest_gap")
@given(strategies.judged())
def test_the_largest_gap_is_that_of_scipy_and_stands_at_its_threshold(rows):
    score, hit = rows["score"].to_numpy(), rows["hit"].to_numpy()
    found = largest_gap(count_rows(lead_rows(score, hit)))
    if len(set(rows["score"])) == 1:
        assert isnan(found.estimate)
        return
    assert found.estimate == pytest.approx(
        ks_2samp(score[hit == 1], score[hit == 0], method="asymp").statistic, abs=1e-12
    )
    above = score >= found.threshold
    assert found.estimate == pytest.approx(
        abs(above[hit == 1].mean() - above[hit == 0].mean()), abs=1e-12
    )


@pytest.mark.by_hand("gains_table")
def test_gains_by_hand():
    table = gains_table(count_rows(lead_rows([3, 2, 2, 1, 1], [1, 1, 0, 0, 0])))
    assert table.to_dict("list") == {
        "threshold": [3, 2, 1],
        "leads": [1, 3, 5],
        "leads_share": [1 / 5, 3 / 5, 1],
        "positives": [1, 2, 2],
        "positives_share": [1 / 2, 1, 1],
        "lift": [5 / 2, 5 / 3, 1],
    }


@pytest.mark.property_of("gains_table")
@given(strategies.judged())
def test_gains_enclose_the_area(rows):
    """The trapezoids under the gains curve are (1 - base) * AUC + base / 2."""
    found = auc(count_rows(lead_rows(rows["score"], rows["hit"])))
    if isnan(found.estimate):
        return
    table = gains_table(count_rows(lead_rows(rows["score"], rows["hit"])))
    x, y = ([0.0, *table[name]] for name in ("leads_share", "positives_share"))
    base = rows["hit"].mean()
    expected = (1 - base) * found.estimate + base / 2
    assert np.trapezoid(y, x) == pytest.approx(expected, rel=1e-12)


def test_gains_without_a_conversion_are_nan_and_without_leads_empty():
    table = gains_table(count_rows(lead_rows([1, 2], [0, 0])))
    assert table["positives_share"].isna().all()
    assert gains_table(count_rows(lead_rows([], []).astype({"score": "int64"}))).empty
