"""Figures of windows, points, volumes and areas: legible with any data, and saying their rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.analysis.rows import PROVENANCE, count_rows, lead_rows
from tests.analysis.segment_rows import count_segments
from tests.report.figure_check import faults
from toolkit.analysis import (
    ScoreBand,
    benefit_sensitivity,
    capacity_table,
    fit_points,
    outcome_window_table,
    points_table,
    response_table,
    segment_areas,
)
from toolkit.counts import DelayCounts, ScoreCounts, WeekCounts
from toolkit.report import figures
from toolkit.report.wording import Words

LONG_NOTE = "Leads created from the first of October 2024 to the thirtieth of September 2026. " * 3
WORDS = [Words(), Words("opportunity", "qualified lead"), Words("Converted")]
EITHER = pytest.mark.parametrize("words", WORDS, ids=lambda each: each.outcome)


def windows(hits, *, days=(30, 60, 90, 180), old=1000):
    rows = [(day, "longest", "converted", n) for day, n in zip(days, hits, strict=True)]
    rows += [(day, "longest", "not_converted", hits[-1] - n)
             for day, n in zip(days, hits, strict=True)]  # fmt: skip
    rows += [(day, "all", "not_converted", old - day) for day in days]
    frame = pd.DataFrame(rows, columns=["within_days", "of", "state", "n"])
    return outcome_window_table(DelayCounts(frame, PROVENANCE))


WINDOWS = {
    "usual": windows((40, 92, 97, 100)),
    "late": windows((1, 2, 3, 100)),
    "huge": windows((4 * 10**8, 9 * 10**8, 10**9), days=(30, 60, 90), old=10**9),
    "none": windows((0, 0), days=(30, 60)),
}


@EITHER
@pytest.mark.parametrize("name", WINDOWS)
def test_windows_are_legible(name, words):
    figure = figures.plot_windows(WINDOWS[name], words=words, note=LONG_NOTE)
    assert faults(figure) == []


def test_the_sentence_names_the_shortest_window_that_sees_enough():
    figure = figures.plot_windows(WINDOWS["usual"])
    assert figure.headline == "60 days see 92% of the SQLs that 180 days see"
    assert "60 days (940): 92.0% (92 of 100)." in figure.alt
    late = figures.plot_windows(WINDOWS["late"]).headline
    assert late == "No window shorter than 180 days sees 90% of the SQLs that it sees"
    none = figures.plot_windows(WINDOWS["none"]).headline
    assert none == "No lead is old enough to say how long to wait for the outcome"


def line(n=600, *, most=100, base=-4.0, seed=1):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 21, n) * most // 20
    hit = (rng.random(n) < 1 / (1 + np.exp(-base - 5 * score / most))).astype(int)
    return fit_points(count_rows(lead_rows(score, hit)))


POINTS = {
    "usual": points_table(line()),
    "beyond": points_table(line(), scores=range(-20, 141, 10)),
    "huge scores": points_table(line(most=100_000), scores=range(0, 100_001, 5000)),
    "nobody": points_table(line(base=-60.0)),
}


@EITHER
@pytest.mark.parametrize("name", POINTS)
def test_chances_of_scores_are_legible(name, words):
    assert faults(figures.plot_points(POINTS[name], words=words, note=LONG_NOTE)) == []


def test_the_sentence_compares_the_ends_that_were_seen():
    table = pd.DataFrame(
        {"score": [0, 10, 20], "probability": [0.2, 1 / 3, 0.5], "low": [0.1, 0.2, 0.2],
         "high": [0.3, 0.5, 0.8], "seen": [True, True, False]}
    )  # fmt: skip
    figure = figures.plot_points(table)
    assert figure.headline == (
        "By the line 20.0% of leads with 0 points become SQLs, and 33.3% of those with 10"
    )
    assert "20 points: 50.0% (20.0-80.0%)." in figure.alt
    nobody = figures.plot_points(POINTS["nobody"]).headline
    assert nobody == "No line can be fitted, so no score has a chance"


def volumes(leads, capacity):
    rows = [(week, score, n) for week, volume in enumerate(leads) for score, n in volume.items()]
    frame = pd.DataFrame(rows, columns=["week", "score", "n"])
    frame["week"] = pd.Timestamp("2026-01-05") + pd.to_timedelta(7 * frame["week"], unit="D")
    return capacity_table(WeekCounts(frame, PROVENANCE), capacity_per_week=capacity)


VOLUMES = {
    "usual": (volumes([{40: 20, 60: 8}, {40: 30, 60: 4}] * 4, 10), 10),
    "too many": (volumes([{40: 20, 60: 12}] * 8, 10), 10),
    "huge": (volumes([{40: 10**9, 60: 10**8}] * 8, 10**9), 10**9),
    "one score": (volumes([{50: 3}] * 8, 5), 5),
}


@EITHER
@pytest.mark.parametrize("name", VOLUMES)
def test_volumes_are_legible(name, words):
    table, capacity = VOLUMES[name]
    figure = figures.plot_volumes(table, capacity_per_week=capacity, words=words, note=LONG_NOTE)
    assert faults(figure) == []


def test_the_sentence_names_the_threshold_that_fits():
    table, capacity = VOLUMES["usual"]
    figure = figures.plot_volumes(table, capacity_per_week=capacity)
    assert figure.headline.startswith("From 60 points on an average week of MQLs fits the team")
    assert "60 points: 5.3 a week on average" in figure.alt
    table, capacity = VOLUMES["too many"]
    assert figures.plot_volumes(table, capacity_per_week=capacity).headline == (
        "Even the highest score sends more than 10 leads in an average week"
    )
    unseen = table.assign(mean=np.nan, p90=np.nan, overflow_rate=np.nan)
    assert figures.plot_volumes(unseen, capacity_per_week=10).headline.startswith("No whole week")


def areas(slopes, *, n=400):
    rng, parts = np.random.default_rng(4), []
    for name, slope in slopes.items():
        score = rng.integers(0, 11, n) * 10
        hit = (rng.random(n) < 1 / (1 + np.exp(1 - slope * (score - 50)))).astype(int)
        parts.append(lead_rows(score, hit).assign(segment=name))
    return segment_areas(count_segments(pd.concat(parts, ignore_index=True)))


AREAS = {
    "usual": areas({"EMEA": 0.0, "Americas": 0.06, "APAC": 0.06}),
    "alike": areas({"EMEA": 0.04, "Americas": 0.04}),
    "many": areas({f"Region of a very long name {i}": 0.04 for i in range(20)}, n=60),
    "few": areas({"EMEA": 0.04, "Americas": 0.04}, n=6),
}


@EITHER
@pytest.mark.parametrize("name", AREAS)
def test_areas_are_legible(name, words):
    assert faults(figures.plot_areas(AREAS[name], words=words, note=LONG_NOTE)) == []


def test_the_sentence_names_the_segments_that_rank_otherwise():
    figure = figures.plot_areas(AREAS["usual"], axis="region")
    assert figure.headline == (
        "The score ranks leads better for APAC and Americas and worse for EMEA than on average"
    )
    assert "EMEA: " in figure.alt
    assert figures.plot_areas(AREAS["alike"], axis="region").headline == (
        "The score is not seen to rank the leads of any region better or worse than others"
    )
    nothing = AREAS["few"].assign(auc=np.nan)
    assert figures.plot_areas(nothing).headline.startswith("No segment has enough judged leads")


def sensitivity(rates, *, ratios=(1 / 19, 1 / 9, 1 / 4), step=20, threshold=40):
    cells = [((place + 1) * step, state, n) for place, hits in enumerate(rates)
             for state, n in (("converted", hits), ("not_converted", 1000 - hits))]  # fmt: skip
    counts = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), PROVENANCE)
    return benefit_sensitivity(counts, cost_ratios=ratios, threshold=threshold, replicates=200)


SENSITIVITY = {
    "usual": (sensitivity((70, 150, 400)), 40),
    "huge scores": (sensitivity((70, 150, 400), step=40_000_000, threshold=40_000_000), 40_000_000),
    "nobody pays": (sensitivity((1, 1, 1), ratios=(10.0, 20.0)), 40),
    "none asked": (sensitivity((70, 150, 400)).iloc[:0], None),
}


@EITHER
@pytest.mark.parametrize("name", SENSITIVITY)
def test_sensitivity_is_legible(name, words):
    table, threshold = SENSITIVITY[name]
    figure = figures.plot_sensitivity(table, threshold=threshold, words=words, note=LONG_NOTE)
    assert faults(figure) == []


def test_the_sentence_says_for_which_costs_today_may_stay():
    table, _ = SENSITIVITY["usual"]
    # 7%, 15% and 40% convert; break-evens are 5%, 10% and 20%.
    assert table["best"].tolist() == [20, 40, 60]
    figure = figures.plot_sensitivity(table, threshold=40)
    assert figure.headline == (
        "At a break-even of 10.0% today's threshold of 40 cannot be told from the best"
    )
    assert "Break-even 5.0%: 20 alone is best." in figure.alt
    assert figures.plot_sensitivity(table).headline == (
        "What a call costs moves the best threshold from 20 to 60"
    )
    nobody = figures.plot_sensitivity(SENSITIVITY["nobody pays"][0]).headline
    assert nobody == "Whatever a call costs, no threshold can be said to pay"


def responses(cells):
    rows = [(answer, 60, state, n) for answer, hits, n_all in cells
            for state, n in (("converted", hits), ("not_converted", n_all - hits))]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["response", "score", "state", "n"])
    counts = ScoreCounts(frame[frame["n"] > 0], PROVENANCE, ("response",))
    return response_table(counts, [ScoreBand("hot", 50)])


RESPONSES = {
    "usual": responses(
        [("within 1 hour", 60, 100), ("within 24 hours", 30, 100), ("later", 10, 100)]
    ),
    "alike": responses([("within 1 hour", 6, 20), ("later", 5, 20)]),
    "one": responses([("within 1 hour", 6, 20)]),
}


@EITHER
@pytest.mark.parametrize("name", RESPONSES)
def test_responses_are_legible(name, words):
    figure = figures.plot_responses(RESPONSES[name], band="hot", words=words, note=LONG_NOTE)
    assert faults(figure) == []


def test_the_sentence_compares_fast_and_slow_without_a_cause():
    figure = figures.plot_responses(RESPONSES["usual"], band="hot")
    assert figure.headline == (
        "Leads of hot touched within 1 hour become SQLs more often than those touched later: "
        "60.0% against 10.0%"
    )
    assert "within 24 hours: 30.0% (30 of 100)." in figure.alt
    alike = figures.plot_responses(RESPONSES["alike"], band="hot").headline
    assert alike == "Fast and slow responses of hot are not seen to differ: 30.0% against 25.0%"
    one = figures.plot_responses(RESPONSES["one"], band="hot").headline
    assert one == "Too few responses of hot were judged to compare fast and slow ones"
