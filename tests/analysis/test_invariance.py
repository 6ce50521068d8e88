"""What holds for every statistic of counts: order says nothing, nor where the scale has its zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis import strategies
from tests.analysis.day_rows import (
    count_day_rows,
    count_stage_rows,
    count_stay_rows,
    funnel_rows,
    lives,
)
from tests.analysis.results import differences, result
from tests.analysis.rows import count_rows
from tests.analysis.segment_rows import count_segments
from tests.analysis.week_rows import count_by_week
from toolkit import analysis
from toolkit.analysis import ScoreBand
from toolkit.counts import DayCounts, ScoreCounts, StageCounts, StayCounts

Statistic = Callable[[ScoreCounts, int], object]
"""A statistic of counts whose scores have all been moved by some points."""


def bands(moved: int) -> list[ScoreBand]:
    return [ScoreBand("high", 60 + moved), ScoreBand("middle", 20 + moved), ScoreBand("low", None)]


def stated(counts: ScoreCounts, moved: int) -> pd.Series:
    scores = sorted(counts.frame["score"].unique())
    return pd.Series({score: 1 / (1 + np.exp(2 - (score - moved) / 30)) for score in scores})


STATISTICS: dict[str, Statistic] = {
    "rate": lambda c, m: analysis.rate(c, at_least=20 + m),
    "auc": lambda c, _: analysis.auc(c),
    "average_precision": lambda c, _: analysis.average_precision(c, replicates=20),
    "largest_gap": lambda c, _: analysis.largest_gap(c),
    "gains_table": lambda c, _: analysis.gains_table(c),
    "ranking_table": lambda c, _: analysis.ranking_table(c, replicates=20),
    "ranking_verdict": lambda c, _: analysis.ranking_verdict(c),
    "structural_reason": lambda c, _: [analysis.structural_reason(c)],
    "band_table": lambda c, m: analysis.band_table(c, bands(m)),
    "compare_bands": lambda c, m: analysis.compare_bands(c, bands(m)),
    "band_brackets": lambda c, m: analysis.band_brackets(c, bands(m)),
    "level_table": lambda c, _: analysis.level_table(c),
    "calibration_table": lambda c, _: analysis.calibration_table(c),
    "monotonicity": lambda c, _: analysis.monotonicity(c),
    "check_mapping": lambda c, m: analysis.check_mapping(c, stated(c, m)),
    "score_mapping": lambda c, m: analysis.score_mapping(c, stated(c, m)),
    "calibration_distance": lambda c, m: [
        analysis.calibration_distance(c, stated(c, m), curve=curve)
        for curve in ("smooth", "loess", "isotonic", "observed")
    ],
    "decompose_mapping": lambda c, m: analysis.decompose_mapping(c, stated(c, m), replicates=20),
    "reliability_table": lambda c, m: analysis.reliability_table(c, stated(c, m), replicates=20),
    "shape_table": lambda c, _: analysis.shape_table(c),
    "threshold_table": lambda c, m: analysis.threshold_table(
        c, thresholds=[20 + m, 60 + m], cost_ratio=0.2
    ),
    "threshold_bands": lambda c, m: analysis.threshold_bands(
        c, thresholds=[20 + m, 60 + m], replicates=20
    ),
    "benefit_table": lambda c, m: analysis.benefit_table(
        c, cost_ratio=0.2, thresholds=[20 + m, 60 + m]
    ),
    "best_thresholds": lambda c, _: analysis.best_thresholds(c, cost_ratio=0.2, replicates=20),
    "benefit_sensitivity": lambda c, m: analysis.benefit_sensitivity(
        c, cost_ratios=[0.1, 0.5], threshold=20 + m, replicates=20
    ),
    "two_thresholds": lambda c, _: analysis.two_thresholds(
        c, nurture=(0.5, -0.05), immediate=(1, -0.2), replicates=20
    ),
    "cliff_table": lambda c, m: analysis.cliff_table(c, threshold=20 + m),
    "tier_table": lambda c, m: analysis.tier_table(c, thresholds=[60 + m, 20 + m]),
    "exploration_sample": lambda c, m: analysis.exploration_sample(
        c, threshold=60 + m, lower=20 + m, cost_ratio=0.2
    ),
}  # fmt: skip
BY_SEGMENT: dict[str, Statistic] = {
    "segment_table": lambda c, m: analysis.segment_table(c, threshold=20 + m),
    "segment_test": lambda c, m: analysis.segment_test(c, threshold=20 + m),
    "segment_areas": lambda c, _: analysis.segment_areas(c),
    "area_test": lambda c, _: analysis.area_test(c),
    "area_difference": lambda c, _: analysis.area_difference(c, "2026Q1", "2026Q2"),
    "response_table": lambda c, m: analysis.response_table(c, bands(m)),
}


def shuffled(frame: pd.DataFrame | None, seed: int) -> Any:
    return None if frame is None else frame.sample(frac=1, random_state=seed)


def out_of_order(counts: ScoreCounts, seed: int) -> ScoreCounts:
    pairs = counts.accounts
    return replace(
        counts,
        frame=shuffled(counts.frame, seed),
        accounts=pairs and replace(pairs, frame=shuffled(pairs.frame, seed)),
        accounts_by={
            key: replace(each, frame=shuffled(each.frame, seed))
            for key, each in reversed(list(counts.accounts_by.items()))
        },
        accounts_across=shuffled(counts.accounts_across, seed),
    )


@st.composite
def worked(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(strategies.leads(most=50))
    with_accounts = draw(st.booleans())
    return rows if with_accounts else rows.drop(columns="account")


def drawn(rows: pd.DataFrame, *, segments: bool) -> ScoreCounts:
    if segments:
        return count_segments(rows.rename(columns={"quarter": "segment"}))
    return count_rows(rows.drop(columns="quarter"))


CASES = [
    *(pytest.param(each, False, id=name) for name, each in STATISTICS.items()),
    *(pytest.param(each, True, id=name) for name, each in BY_SEGMENT.items()),
]


@pytest.mark.property_of(*STATISTICS, *BY_SEGMENT)
@pytest.mark.parametrize(("statistic", "segments"), CASES)
@settings(max_examples=12)
@given(rows=worked(), seed=st.integers(0, 9))
def test_the_order_of_counts_says_nothing(statistic, segments, rows, seed):
    if rows.empty:
        return
    counts = drawn(rows, segments=segments)
    mixed = out_of_order(counts, seed)
    assert differences(*(result(partial(statistic, each, 0)) for each in (counts, mixed))) == {}


@pytest.mark.property_of(*STATISTICS, *BY_SEGMENT)
@pytest.mark.parametrize(("statistic", "segments"), CASES)
@settings(max_examples=12)
@given(rows=worked(), moved=st.sampled_from([-200, 7, 1000]))
def test_a_scale_may_begin_anywhere(statistic, segments, rows, moved):
    if rows.empty:
        return
    there = rows.assign(score=rows["score"] + moved)
    counts = [drawn(each, segments=segments) for each in (rows, there)]
    found = [
        result(partial(statistic, each, by)) for each, by in zip(counts, (0, moved), strict=True)
    ]
    assert differences(*found, moved=moved) == {}


OF_DAYS: dict[str, Callable[[DayCounts], object]] = {
    "incidence_table": lambda c: analysis.incidence_table(c, LOW_BANDS, at_days=(3, 6)),
    "time_to_table": lambda c: analysis.time_to_table(c, LOW_BANDS, within_days=8),
    "log_rank": lambda c: analysis.log_rank(c, LOW_BANDS),
    "time_auc": lambda c: analysis.time_auc(c, at_days=(3, 6)),
    "ipcw_brier": lambda c: analysis.ipcw_brier(
        c, {score: 0.2 + score / 20 for score in range(-2, 4)}, at_days=(3, 6)
    ),
    "cox_slope": analysis.cox_slope,
    "fine_gray": analysis.fine_gray,
}
LOW_BANDS = [ScoreBand("high", 1), ScoreBand("low", None)]
OF_STAGES: dict[str, Callable[[StageCounts], object]] = {
    "funnel_table": lambda c: analysis.funnel_table(c, bands(0)),
    "grade_funnel_table": analysis.grade_funnel_table,
    "grid_table": analysis.grid_table,
    "disposition_table": lambda c: analysis.disposition_table(c, bands(0)),
    "hand_raiser_table": lambda c: analysis.hand_raiser_table(c, bands(0)),
}


def with_cells_out_of_order(counts: Any, seed: int) -> Any:
    """The rows in another order, and accounts that name the same cells by their new places."""
    frame = counts.frame.reset_index(drop=True).sample(frac=1, random_state=seed)
    place = pd.Series(range(len(frame)), index=frame.index)
    cells = counts.accounts
    if cells is not None:
        renamed = cells.frame.assign(cell=cells.frame["cell"].map(place))
        cells = replace(cells, frame=renamed.sample(frac=1, random_state=seed))
    return replace(counts, frame=frame.reset_index(drop=True), accounts=cells)


def same_in_any_order(statistic: Callable[[Any], object], counts: Any, seed: int) -> bool:
    mixed = with_cells_out_of_order(counts, seed)
    return not differences(*(result(partial(statistic, each)) for each in (counts, mixed)))


@pytest.mark.property_of(*OF_DAYS)
@pytest.mark.parametrize("name", OF_DAYS)
@settings(max_examples=12)
@given(rows=lives(), known=st.booleans(), seed=st.integers(0, 9))
def test_the_order_of_days_says_nothing(name, rows, known, seed):
    counts = count_day_rows(rows if known else rows.drop(columns="account"))
    assert same_in_any_order(OF_DAYS[name], counts, seed)


@pytest.mark.property_of(*OF_STAGES)
@pytest.mark.parametrize("name", OF_STAGES)
@settings(max_examples=12)
@given(rows=funnel_rows(least=1), known=st.booleans(), seed=st.integers(0, 9))
def test_the_order_of_stages_says_nothing(name, rows, known, seed):
    counts = count_stage_rows(rows if known else rows.drop(columns="account"))
    assert same_in_any_order(OF_STAGES[name], counts, seed)


STAY = st.tuples(
    st.sampled_from(["mql", "sql"]), st.integers(0, 9), st.booleans(), st.integers(0, 5)
)


@pytest.mark.property_of("stall_table")
@given(rows=st.lists(STAY, min_size=1, max_size=30), known=st.booleans(), seed=st.integers(0, 9))
def test_the_order_of_stays_says_nothing(rows, known, seed):
    frame = pd.DataFrame(rows, columns=["stage", "days", "moved", "account"])
    counts: StayCounts = count_stay_rows(frame if known else frame.drop(columns="account"))
    assert same_in_any_order(analysis.stall_table, counts, seed)


WEEKS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 90)), min_size=1, max_size=40)


@pytest.mark.property_of("capacity_table", "capacity_threshold", "replay_queue", "sla_table")
@settings(max_examples=25)
@given(rows=WEEKS, capacity=st.integers(1, 9), seed=st.integers(0, 9))
def test_the_order_of_weeks_says_nothing(rows, capacity, seed):
    start = pd.Timestamp("2026-01-05")
    days, scores = [start + pd.Timedelta(days=day) for day, _ in rows], [s for _, s in rows]
    weeks = count_by_week(
        days, scores, first=start.date(), last=(start + pd.Timedelta(days=62)).date()
    )
    mixed = replace(weeks, frame=shuffled(weeks.frame, seed))
    judged = count_rows(pd.DataFrame({"score": scores, "state": "converted"}))
    for statistic in (
        lambda c: analysis.capacity_table(c, capacity_per_week=capacity),
        lambda c: analysis.capacity_threshold(c, judged, capacity_per_week=capacity, replicates=20),
        lambda c: analysis.replay_queue(c, threshold=40, capacity_per_week=capacity),
        lambda c: analysis.sla_table(c, thresholds=[80, 40]),
    ):
        found = [result(partial(statistic, each)) for each in (weeks, mixed)]
        assert differences(*found) == {}


@pytest.mark.property_of("clopper_pearson_interval", "jeffreys_interval", "wilson_interval")
@pytest.mark.parametrize(
    "interval",
    [analysis.clopper_pearson_interval, analysis.jeffreys_interval, analysis.wilson_interval],
)
@given(
    hits=st.integers(0, 200), misses=st.integers(0, 200), confidence=st.sampled_from([0.8, 0.95])
)
def test_who_did_not_convert_is_the_mirror_of_who_did(interval, hits, misses, confidence):
    n = hits + misses
    if not n:
        return
    low, high = interval(hits, n, confidence=confidence)
    other_low, other_high = interval(misses, n, confidence=confidence)
    assert [float(low), float(high)] == pytest.approx(
        [1 - float(other_high), 1 - float(other_low)], abs=1e-9
    )
    if interval is not analysis.jeffreys_interval:  # which leaves 0 and 1 out
        assert low <= hits / n <= high
