from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis import strategies
from tests.analysis.rows import PROVENANCE, count_rows, lead_rows
from toolkit.analysis import auc, band_table, calibration_table, equal_bands, threshold_table
from toolkit.analysis.cells import read_cells
from toolkit.counts import AccountPairs, ScoreCounts
from toolkit.errors import DataError


def table(rows):
    frame = pd.DataFrame(rows, columns=["score", "state", "n"])
    return ScoreCounts(frame, PROVENANCE)


def test_cells_by_hand():
    cells = read_cells(table([(5, "converted", 2), (-1, "unworked", 3), (5, "immature", 1)]))
    assert cells.levels.tolist() == [-1, 5]
    assert cells.converted.tolist() == [0, 2]
    assert cells.unworked.tolist() == [3, 0]
    assert cells.leads.tolist() == [3, 3]
    assert (
        cells.unworked_share == 3 / 5
    )  # of 2 judged and 3 unworked; the immature one is not mature


@settings(max_examples=20)
@given(strategies.leads(), st.randoms())
def test_the_order_of_leads_changes_nothing(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    one, two = count_rows(rows), count_rows(rows.iloc[order])
    shuffled = replace(two, frame=two.frame.iloc[::-1])
    assert repr(auc(one)) == repr(auc(shuffled))
    for make in (threshold_table, calibration_table):
        pd.testing.assert_frame_equal(make(one), make(shuffled))


@settings(max_examples=20)
@given(strategies.leads())
def test_counts_by_quarter_give_the_pooled_statistics(rows):
    one, two = count_rows(rows), count_rows(rows, by=("quarter",))
    assert repr(auc(one)) == repr(auc(two))
    pd.testing.assert_frame_equal(threshold_table(one), threshold_table(two))
    if len(rows):
        bands = equal_bands(one)
        pd.testing.assert_frame_equal(band_table(one, bands), band_table(two, bands))


@settings(max_examples=100)
@given(strategies.leads())
def test_immature_leads_change_no_rate(rows):
    all_of_them, mature = count_rows(rows), count_rows(rows[rows["state"] != "immature"])
    found, expected = auc(all_of_them), auc(mature)
    assert repr(found) == repr(expected)
    thresholds = list(range(-30, 130, 10))
    columns = ["precision", "precision_low", "recall", "false_positive_rate_high", "lift"]
    pd.testing.assert_frame_equal(
        threshold_table(all_of_them, thresholds=thresholds)[columns],
        threshold_table(mature, thresholds=thresholds)[columns],
    )


def test_the_callers_frame_is_left_alone():
    counts = count_rows(lead_rows([1, 2, 2, 3], [0, 1, 0, 1], [1, 1, 2, 2]))
    before, pairs = counts.frame.copy(), counts.accounts.frame.copy()
    threshold_table(counts, cost_ratio=1 / 9)
    calibration_table(counts)
    pd.testing.assert_frame_equal(counts.frame, before)
    pd.testing.assert_frame_equal(counts.accounts.frame, pairs)


def test_counts_of_any_whole_number_type_are_read():
    plain = table([(5, "converted", 2), (7, "not_converted", 3)])
    for kind in ("float64", "Int64", "int32", "object"):
        other = replace(plain, frame=plain.frame.astype({"score": kind, "n": kind}))
        assert read_cells(other).judged.tolist() == [2, 3]
    by_category = replace(plain, frame=plain.frame.astype({"state": "category"}))
    assert read_cells(by_category).converted.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([(5, "won", 2)], r"unknown state \['won'\].*expected one of \['converted'"),
        ([(5.5, "converted", 2)], "'score' of the counts holds .*5.5.*: expected whole numbers"),
        ([(None, "converted", 2)], "leave out leads without a score"),
        ([(5, "converted", -2)], "hold -2 leads in a cell: expected 0 or more"),
    ],
)
def test_counts_that_make_no_sense_are_refused(rows, text):
    with pytest.raises(DataError, match=text):
        read_cells(table(rows))


def test_account_pairs_of_other_counts_are_refused():
    counts = count_rows(lead_rows([1, 2, 2], [0, 1, 0], [1, 1, 2]))
    other = count_rows(lead_rows([1, 9], [0, 1], [1, 1]))
    with pytest.raises(DataError, match="name a score that no counted lead has"):
        read_cells(replace(counts, accounts=other.accounts))
    fewer = AccountPairs(counts.accounts.frame.iloc[:1], 1, 1, 1, 1)
    with pytest.raises(DataError, match="cover 1 pairs of leads, fewer than the 3 judged"):
        read_cells(replace(counts, accounts=fewer))


def test_pairs_with_unknown_outcomes_play_no_part():
    rows = pd.DataFrame(
        {
            "score": [1, 1, 2, 2],
            "state": ["converted", "unworked", "not_converted", "immature"],
            "account": [1, 1, 2, 2],
        }
    )
    cells = read_cells(count_rows(rows))
    assert cells.pairs is not None
    assert np.array_equal(cells.pairs.n, [1.0, 1.0])
