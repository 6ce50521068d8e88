"""What each outcome window sees: hand numbers, accounts, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from toolkit.analysis import outcome_window_table
from toolkit.counts import DelayCounts


def delays(*rows: tuple, accounts: pd.DataFrame | None = None, n: int | None = None) -> DelayCounts:
    frame = pd.DataFrame(rows, columns=["within_days", "of", "state", "n"])
    return DelayCounts(frame, None, accounts, n)


ROWS = (
    (30, "all", "converted", 20), (30, "all", "not_converted", 180), (30, "all", "unworked", 50),
    (90, "all", "converted", 40), (90, "all", "not_converted", 110), (90, "all", "immature", 70),
    (90, "all", "unworked", 30),
    (30, "longest", "converted", 18), (30, "longest", "not_converted", 132),
    (90, "longest", "converted", 40), (90, "longest", "not_converted", 110),
)  # fmt: skip


@pytest.mark.by_hand("outcome_window_table")
def test_shares_of_the_plateau_are_of_leads_old_enough_for_the_longest_window() -> None:
    table = outcome_window_table(delays(*ROWS))
    assert table["n_mature"].tolist() == [250, 180]
    assert table["n"].tolist() == [200, 150]
    assert table["rate"].tolist() == [20 / 200, 40 / 150]
    assert table["n_plateau"].tolist() == [40, 40]
    assert table["plateau_positives"].tolist() == [18, 40]
    assert table["plateau_share"].tolist() == [18 / 40, 1.0]
    assert table["reason"].tolist() == [None, None]


def test_the_interval_is_that_of_statsmodels_without_accounts() -> None:
    table = outcome_window_table(delays(*ROWS), confidence=0.9)
    expected = proportion_confint(18, 40, alpha=0.1, method="wilson")
    assert table.loc[0, ["low", "high"]].tolist() == pytest.approx(expected, rel=1e-12)


def test_accounts_of_one_lead_change_nothing_and_shared_ones_widen() -> None:
    single = pd.DataFrame(
        {"within_days": [30, 90], "hits_hits": [18, 40], "hits_misses": 0, "misses_misses": [22, 0]}
    )
    plain = outcome_window_table(delays(*ROWS)).loc[0, ["low", "high"]].tolist()
    alone = outcome_window_table(delays(*ROWS, accounts=single, n=40)).loc[0, ["low", "high"]]
    # G/(G-1) and the t quantile remain: 40 leads as 40 accounts.
    assert alone.tolist() == pytest.approx(plain, abs=0.005)
    # Twenty accounts of two leads that share their fate: each counts as one.
    pairs = single.assign(hits_hits=[36, 80], misses_misses=[44, 0])
    shared = outcome_window_table(delays(*ROWS, accounts=pairs, n=20)).loc[0, ["low", "high"]]
    half = proportion_confint(9, 20, method="wilson")
    assert shared.tolist() == pytest.approx(half, abs=0.02)
    assert shared["high"] - shared["low"] > 1.3 * (plain[1] - plain[0])


def test_without_a_conversion_there_is_no_share_but_a_reason() -> None:
    table = outcome_window_table(delays((30, "all", "immature", 5), (90, "all", "immature", 5)))
    assert isnan(table["plateau_share"].iloc[0])
    assert isnan(table["rate"].iloc[0])
    assert set(table["reason"]) == {"no lead old enough for the longest window converted"}


def test_the_columns_are_those_of_the_docstring() -> None:
    assert list(outcome_window_table(delays(*ROWS)).columns) == [
        "within_days", "n_mature", "n", "positives", "rate", "n_plateau", "plateau_positives",
        "plateau_share", "low", "high", "reason",
    ]  # fmt: skip


@given(seed=st.integers(0, 99), times=st.integers(2, 9))
def test_order_says_nothing_and_more_of_the_same_only_narrows(seed: int, times: int) -> None:
    first = outcome_window_table(delays(*ROWS))
    mixed = delays(*ROWS)
    mixed = replace(mixed, frame=mixed.frame.sample(frac=1, random_state=seed))
    pd.testing.assert_frame_equal(first, outcome_window_table(mixed))
    more = outcome_window_table(delays(*((*row[:3], row[3] * times) for row in ROWS)))
    assert more["rate"].tolist() == pytest.approx(first["rate"].tolist())
    assert (more["high"] - more["low"])[0] < (first["high"] - first["low"])[0]
