"""What each outcome window sees: hand numbers, accounts, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from tests.analysis import naive
from toolkit.analysis import outcome_window_table, wilson_interval
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


LEADS = st.lists(
    st.tuples(
        st.sampled_from([None, 10, 20, 40]), st.sampled_from([15, 35, 60, 60, 60]), st.integers(0, 4)
    ),
    min_size=1, max_size=40,
)  # fmt: skip
WINDOWS = (12, 30, 50)


def counted(leads: pd.DataFrame) -> DelayCounts:
    """Day of conversion (or none), age and account of every lead, as the engine would count them."""
    old = leads[leads["age"] >= WINDOWS[-1]]
    rows, products = [], []
    for window in WINDOWS:
        mature = leads["age"] >= window
        hit = leads["day"] <= window
        state = np.select([~mature, hit], ["immature", "converted"], "not_converted")
        for of, part in (("all", state), ("longest", state[leads["age"] >= WINDOWS[-1]])):
            rows += [(window, of, name, n) for name, n in pd.Series(part).value_counts().items()]
        converted = old[old["day"] <= WINDOWS[-1]]
        soon = (converted["day"] <= window).groupby(converted["account"]).agg(["sum", "size"])
        hits, misses = soon["sum"], soon["size"] - soon["sum"]
        products.append((window, (hits**2).sum(), (hits * misses).sum(), (misses**2).sum()))
    columns = ["within_days", "hits_hits", "hits_misses", "misses_misses"]
    return delays(*rows, accounts=pd.DataFrame(products, columns=columns),
                  n=old.loc[old["day"] <= WINDOWS[-1], "account"].nunique())  # fmt: skip


@pytest.mark.property_of("outcome_window_table")
@settings(max_examples=40)
@given(LEADS, st.integers(0, 9))
def test_shares_and_their_variance_are_those_of_the_leads_in_any_order(drawn, seed) -> None:
    leads = pd.DataFrame(drawn, columns=["day", "age", "account"]).astype({"day": float})
    counts = counted(leads)
    table = outcome_window_table(counts).set_index("within_days")
    late = leads[(leads["age"] >= WINDOWS[-1]) & (leads["day"] <= WINDOWS[-1])]
    for window, row in table.iterrows():
        mature = leads[leads["age"] >= window]
        assert row["n"] == row["n_mature"] == len(mature)
        assert row["positives"] == (mature["day"] <= window).sum()
        soon = (late["day"] <= window).to_numpy(float)
        if not len(late):
            assert isnan(row["plateau_share"])
            continue
        assert row["plateau_share"] == pytest.approx(soon.mean())
        sizes = late.groupby("account").size()
        if 0 < soon.mean() < 1 and len(sizes) > 1:
            variance = naive.ratio_variance(soon, np.ones(len(soon)), late["account"])
            equal = len(soon) ** 2 / (sizes**2).sum()
            if variance > 1e-12:
                n = naive.effective_n(soon.mean(), len(soon), variance, equal)
                low, high = wilson_interval(soon.mean() * n, n)
                assert (row["low"], row["high"]) == pytest.approx((float(low), float(high)))
    mixed = replace(
        counts,
        frame=counts.frame.sample(frac=1, random_state=seed),
        within_accounts=counts.within_accounts.sample(frac=1, random_state=seed),
    )
    pd.testing.assert_frame_equal(outcome_window_table(mixed).set_index("within_days"), table)


@given(times=st.integers(2, 9))
def test_more_of_the_same_only_narrows(times: int) -> None:
    first = outcome_window_table(delays(*ROWS))
    more = outcome_window_table(delays(*((*row[:3], row[3] * times) for row in ROWS)))
    assert more["rate"].tolist() == pytest.approx(first["rate"].tolist())
    assert (more["high"] - more["low"])[0] < (first["high"] - first["low"])[0]
