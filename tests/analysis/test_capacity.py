from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from tests.analysis.rows import count_rows, lead_rows
from tests.analysis.week_rows import count_by_week
from toolkit.analysis import (
    capacity_table,
    capacity_threshold,
    replay_queue,
    sla_table,
    threshold_table,
    wilson_interval,
)
from toolkit.errors import QuestionError

MONDAY = date(2026, 1, 5)


def weekly(volumes, *, extra=()):
    """Whole weeks: `volumes` holds, for each week, the scores of its leads."""
    days = [MONDAY + timedelta(weeks=w) for w, scores in enumerate(volumes) for _ in scores]
    scores = [score for scores in volumes for score in scores]
    days, scores = days + [day for day, _ in extra], scores + [score for _, score in extra]
    return count_by_week(
        days, scores, first=MONDAY, last=MONDAY + timedelta(days=7 * len(volumes) - 1)
    )


FOUR = [[50] * 3 + [40] * 2, [50] * 1, [], [50] * 4 + [40] * 4]
"""At or above 50: 3, 1, 0, 4 (mean 2); at or above 40: 5, 1, 0, 8 (mean 3.5)."""


def test_columns_are_those_of_the_docstrings():
    weeks = weekly(FOUR)
    for function, table in (
        (capacity_table, capacity_table(weeks, capacity_per_week=2)),
        (replay_queue, replay_queue(weeks, threshold=50, capacity_per_week=2)),
        (sla_table, sla_table(weeks, thresholds=[40, 50])),
    ):
        for name in table.columns:
            assert f"`{name.removesuffix('_low').removesuffix('_high')}`" in str(function.__doc__)


@pytest.mark.by_hand("capacity_table", "replay_queue")
def test_volumes_and_the_queue_by_hand():
    table = capacity_table(weekly(FOUR), capacity_per_week=2).set_index("threshold")
    assert table.loc[50, ["weeks", "mean", "median", "most"]].tolist() == [4, 2, 2, 4]
    assert table.loc[40, "mean"] == 3.5
    # 90th percentile of 0, 1, 3, 4: 0.7 of the way from 3 to 4.
    assert table.loc[50, "p90"] == pytest.approx(3.7)
    # Queue of 2 a week at 50: 1, 0, 0, 2. At 40: 3, 2, 0, 6.
    assert table.loc[50, ["backlog_mean", "backlog_most", "backlog_end"]].tolist() == [0.75, 2, 2]
    assert table.loc[40, ["backlog_mean", "backlog_most", "backlog_end"]].tolist() == [2.75, 6, 6]
    assert table["weeks_with_backlog"].tolist() == [3, 2]
    queue = replay_queue(weekly(FOUR), threshold=40, capacity_per_week=2)
    assert queue["leads"].tolist() == [5, 1, 0, 8]
    assert queue["worked"].tolist() == [2, 2, 2, 2]
    assert queue["backlog"].tolist() == [3, 2, 0, 6]
    assert queue["week"].tolist() == [
        pd.Timestamp(MONDAY) + pd.Timedelta(weeks=w) for w in range(4)
    ]


def test_few_weeks_are_fitted():
    table = capacity_table(weekly(FOUR), capacity_per_week=2).set_index("threshold")
    # At 50: mean 2, variance 10/3 > 2: negative binomial with size 4/(10/3 - 2) = 3.
    assert table.loc[50, "overflow_rate"] == pytest.approx(nbinom.sf(2, 3, 3 / (3 + 2)))
    assert table.loc[50, "overflow_method"] == "negative binomial"
    assert np.isnan(table.loc[50, "overflow_rate_low"])
    assert "only 4 whole weeks" in table.loc[50, "reason"]
    even = capacity_table(weekly([[1, 1], [1, 1], [1]]), capacity_per_week=1).iloc[0]
    assert even["overflow_method"] == "Poisson"
    assert even["overflow_rate"] == pytest.approx(poisson.sf(1, 5 / 3))


def test_half_a_year_of_weeks_speaks_for_itself():
    table = capacity_table(weekly([[1]] * 20 + [[1, 1, 1]] * 6), capacity_per_week=2)
    row = table.iloc[0]
    low, high = wilson_interval(6, 26)
    assert (row["overflow_rate"], row["overflow_method"]) == (6 / 26, "empirical")
    assert [row["overflow_rate_low"], row["overflow_rate_high"]] == pytest.approx(
        [float(low), float(high)]
    )
    assert row["reason"] is None


def test_weeks_cut_short_are_no_volumes():
    thursday = date(2026, 1, 1)
    days = [thursday, MONDAY, date(2026, 1, 12)]
    weeks = count_by_week(days, [9, 9, 9], first=thursday, last=date(2026, 1, 14))
    assert capacity_table(weeks, capacity_per_week=5)["weeks"].tolist() == [1]


def test_no_whole_week_is_a_reason():
    weeks = count_by_week([MONDAY], [9], first=MONDAY, last=date(2026, 1, 7))
    row = capacity_table(weeks, capacity_per_week=5).iloc[0]
    assert row["reason"] == "no whole week in the observed span"
    assert np.isnan([row["mean"], row["p90"], row["overflow_rate"], row["backlog_end"]]).all()
    found = capacity_threshold(weeks, count_rows(lead_rows([9], [1])), capacity_per_week=5)
    assert found.threshold is None
    assert found.text == "No whole week was observed: weekly volumes are not known."
    assert replay_queue(weeks, threshold=9, capacity_per_week=5).empty
    assert np.isnan(sla_table(weeks, thresholds=[9])["p90"].iloc[0])


def counts(*, unworked_at=None):
    rows = lead_rows([50] * 8 + [40] * 6, [1] * 4 + [0] * 4 + [1] * 2 + [0] * 4)
    if unworked_at is not None:
        more = pd.DataFrame({"score": [unworked_at] * 6, "state": ["unworked"] * 6})
        rows = pd.concat([rows, more])
    return count_rows(rows)


@pytest.mark.by_hand("capacity_threshold")
def test_the_week_is_filled_with_a_share_of_the_tied():
    found = capacity_threshold(weekly(FOUR), counts(), capacity_per_week=2.5)
    # 2 a week at 50, 1.5 more tied at 40: 0.5 / 1.5 of them fit.
    assert (found.threshold, found.volume, found.tied_score) == (50, 2, 40)
    assert found.tied_share == pytest.approx(1 / 3)
    # Four weeks of K = 2.5: (4 + 2/3) converted of 8 + 6/3 = 10 = 4 K.
    assert found.precision == pytest.approx((4 + 2 / 3) / (4 * 2.5))
    assert found.precision_low < found.precision < found.precision_high
    assert found.text == (
        "A threshold of 50 brings 2.0 leads a week; 33% of the leads tied at 40 would fill the "
        "week of 2.5."
    )


def test_all_leads_fit_or_none_does():
    every = capacity_threshold(weekly(FOUR), counts(), capacity_per_week=100)
    assert (every.threshold, every.tied_score) == (40, None)
    assert np.isnan(every.tied_share)
    assert every.precision == pytest.approx(6 / 14)
    none = capacity_threshold(weekly(FOUR), counts(), capacity_per_week=1)
    assert (none.threshold, none.recommended, none.tied_score) == (None, None, 50)
    assert none.tied_share == pytest.approx(1 / 2)
    assert none.precision == pytest.approx(4 / 8)
    assert none.text == "Even the highest score brings more than 1 leads a week."


def test_precision_of_unworked_leads_cannot_be_told():
    found = capacity_threshold(weekly(FOUR), counts(unworked_at=40), capacity_per_week=2.5)
    assert np.isnan(found.precision)
    assert "30% of the leads that fill the week were never worked" in str(found.reason)
    assert found.threshold == 50


def test_capacity_binds_only_where_working_pays():
    rows = lead_rows([50] * 100 + [40] * 100, [1] * 60 + [0] * 40 + [0] * 100)
    found = capacity_threshold(
        weekly(FOUR), count_rows(rows), capacity_per_week=100, cost_ratio=0.5
    )
    assert (found.threshold, found.pays_from, found.recommended) == (40, 50, 50)


def test_the_range_of_the_threshold_covers_it_and_narrows_with_weeks():
    rng = np.random.default_rng(1)
    scores = [rng.integers(0, 30, rng.poisson(20)).tolist() for _ in range(104)]
    few, many = (
        capacity_threshold(weekly(scores[:n]), counts(), capacity_per_week=10) for n in (13, 104)
    )
    for found in (few, many):
        assert found.low <= found.threshold <= found.high
    assert many.high - many.low < few.high - few.low


@pytest.mark.property_of("capacity_table", "replay_queue", "sla_table")
@given(
    st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=12), st.integers(1, 6)
)
def test_queue_and_volumes_keep_every_lead(volumes, capacity):
    weeks = weekly(volumes)
    if not any(volumes):
        return
    table = capacity_table(weeks, capacity_per_week=capacity)
    assert table["mean"].is_monotonic_decreasing
    assert table["backlog_end"].is_monotonic_decreasing
    queue = replay_queue(weeks, threshold=0, capacity_per_week=capacity)
    assert queue["worked"].sum() + queue["backlog"].iloc[-1] == sum(map(len, volumes))
    assert (queue["worked"] <= capacity).all()
    tiers = sla_table(weeks, thresholds=[0, 3, 7])
    assert tiers["mean"].sum() * len(volumes) == pytest.approx(sum(map(len, volumes)))


@pytest.mark.by_hand("sla_table")
def test_tiers_by_hand():
    table = sla_table(weekly(FOUR), thresholds=[50, 40], hours_per_lead=[0.5, 2])
    assert table["tier_from"].tolist() == [50, 40]
    assert table["mean"].tolist() == [2, 1.5]
    assert table["hours_mean"].tolist() == [4, 0.75]
    assert table["tier_to"].tolist()[1] == 49
    assert np.isnan(table["tier_to"].iloc[0])


def test_the_threshold_table_takes_the_weeks():
    table = threshold_table(
        counts(), thresholds=[40, 50], weeks=weekly(FOUR), hours_per_lead=0.25
    ).set_index("threshold")
    assert table.loc[50, "leads_per_week_median"] == 2
    assert table.loc[50, "leads_per_week_p90"] == pytest.approx(3.7)
    assert table.loc[50, "hours_per_week"] == pytest.approx(8 / 10 * 0.25)


def test_questions_that_make_no_sense_are_refused():
    for bad in (0, -1, float("inf"), float("nan")):
        with pytest.raises(QuestionError, match="capacity_per_week is"):
            capacity_table(weekly(FOUR), capacity_per_week=bad)
    with pytest.raises(QuestionError, match="hours_per_lead is -1"):
        threshold_table(counts(), hours_per_lead=-1)


def test_a_week_that_is_just_full_does_not_overflow():
    volumes = [[50] * 3] * 20 + [[50] * 4] * 7
    table = capacity_table(weekly(volumes), capacity_per_week=3)
    assert table.loc[0, "overflow_method"] == "empirical"
    assert table.loc[0, "overflow_rate"] == 7 / 27
    assert capacity_table(weekly(volumes), capacity_per_week=4).loc[0, "overflow_rate"] == 0
