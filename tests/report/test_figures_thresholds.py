"""Figures of the threshold review: legible with any data, and saying what their rows say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from math import nan

import numpy as np
import pandas as pd
import pytest

from tests.analysis.rows import count_rows, lead_rows
from tests.analysis.segment_rows import count_segments
from tests.report import frames
from tests.report.figure_check import faults
from toolkit.analysis import (
    best_thresholds,
    cliff_table,
    decision_curve,
    segment_table,
)
from toolkit.report import figures
from toolkit.report.figures.thresholds import _value_places
from toolkit.report.wording import Words

LONG_NOTE = "Leads created from the first of October 2024 to the thirtieth of September 2026. " * 3
WORDS = {
    "sql": Words(),
    "other": Words("opportunity", "qualified lead"),
    "flat": Words("Converted"),
}


def drawn(n, *, step=5, seed=1, slope=0.06, base=-4.0, most=100):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, most // step + 1, n) * step
    hit = (rng.random(n) < 1 / (1 + np.exp(-base - slope * score))).astype(int)
    return lead_rows(score, hit)


def unworked_below(rows, bar):
    return rows.assign(state=rows["state"].where(rows["score"] >= bar, "unworked"))


@cache
def counted(name):
    rows = {
        "usual": drawn(4000),
        "few": drawn(40),
        "huge scores": drawn(3000, step=1000, most=100_000, slope=6e-5),
        "every point": drawn(3000, step=1),
        "one score": drawn(100, step=100).assign(score=50),
        "selected": unworked_below(drawn(4000), 50),
        "never worked": unworked_below(drawn(200), 500),
        "nobody converted": drawn(300, base=-50.0),
        "nothing": drawn(1).iloc[:0],
    }[name]
    return count_rows(rows.astype({"score": "int64"}))


COUNTS = [
    "usual", "few", "huge scores", "every point", "one score", "selected", "never worked",
    "nobody converted", "nothing",
]  # fmt: skip


@pytest.mark.parametrize("name", COUNTS)
def test_the_range_of_best_thresholds_is_legible(name):
    found = best_thresholds(counted(name), cost_ratio=1 / 9, threshold=50, replicates=100)
    for value, unit in ((1.0, ""), (250_000_000.0, "euros")):
        figure = figures.plot_best(found, value=value, unit=unit, note=LONG_NOTE)
        assert faults(figure) == []


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("name", COUNTS)
def test_the_decision_curve_is_legible(name, words):
    table = decision_curve(counted(name))
    assert faults(figures.plot_decision(table, words=WORDS[words], note=LONG_NOTE)) == []


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("name", COUNTS)
def test_the_cliff_is_legible(name, words):
    table = cliff_table(counted(name), threshold=50)
    assert faults(figures.plot_cliff(table, words=WORDS[words], note=LONG_NOTE)) == []


def queue(leads, capacity):
    waiting, backlog = 0.0, []
    for volume in leads:
        waiting = max(waiting + volume - capacity, 0.0)
        backlog.append(waiting)
    weeks = pd.date_range(date(2026, 1, 5), periods=len(leads), freq="W-MON")
    return pd.DataFrame({"week": weeks, "leads": leads, "worked": nan, "backlog": backlog})


@pytest.mark.parametrize(
    ("leads", "capacity"),
    [
        ([20, 30, 25, 40, 10] * 10, 26), ([5], 9), ([], 3), ([0] * 30, 1), ([7] * 200, 0.5),
        ([10**9, 2 * 10**9] * 20, 1.6e9), ([1, 2, 3], 10_000_000),
    ],
)  # fmt: skip
def test_the_queue_is_legible(leads, capacity):
    figure = figures.plot_queue(
        queue(leads, capacity), threshold=50, capacity_per_week=capacity, note=LONG_NOTE
    )
    assert faults(figure) == []


def by_segment(table):
    parts = [
        lead_rows([50] * n, [1] * hits + [0] * (n - hits)).assign(segment=name)
        for name, (hits, n) in table.items()
    ]
    return segment_table(count_segments(pd.concat(parts, ignore_index=True)))


SEGMENTS = {
    "usual": {
        "North": (60, 400),
        "South": (150, 400),
        "West": (10, 90),
        "East": (3, 8),
        "?": (1, 3),
    },
    "one": {"all": (3, 20)},
    "many": {f"region number {i} of the whole wide world and its seas": (i, 60) for i in range(40)},
    "none converted": {"a": (0, 50), "b": (0, 9)},
    "all converted": {"$x_{b}$": (50, 50), "<i>": (9, 9)},
    "small": {"a": (1, 3), "b": (0, 2)},
}


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("name", SEGMENTS)
def test_segments_are_legible(name, words):
    table = by_segment(SEGMENTS[name])
    assert faults(figures.plot_segments(table, words=WORDS[words], note=LONG_NOTE)) == []


def test_the_title_says_whether_to_keep_todays_threshold():
    found = best_thresholds(counted("usual"), cost_ratio=1 / 4, threshold=50)
    figure = figures.plot_best(found)
    listed = found.text.removesuffix("; choose by capacity.")
    verdict = {
        "Yes": "today's 50 is among the best: keep it", "No": "today's 50 is not among the best"
    }[found.keep]  # fmt: skip
    assert figure.headline == f"{listed}; {verdict}"
    assert f"{100 * found.table['net_benefit'].max():.3g}" in figure.alt
    selected = best_thresholds(counted("selected"), cost_ratio=1 / 9, threshold=45)
    assert figures.plot_best(selected).headline.endswith("today's 45 cannot be judged")


def test_the_decision_claims_only_what_its_intervals_hold():
    table = decision_curve(counted("usual"))
    # A hole in the middle: only the longer of the two runs may be claimed.
    table.loc[table["chance"].between(0.095, 0.105), "net_benefit_low"] = -0.01
    sure = table[(table["net_benefit_low"] > 0) & (table["over_all_low"] > 0)]["chance"]
    sure = sure[sure > 0.105]
    assert len(sure) > 11
    assert figures.plot_decision(table).headline == (
        "Flattered by the leads it was fitted to, the score is worth more than working all leads or"
        f" nobody where a call pays from a chance of {sure.min():.0%} to {sure.max():.0%}"
    )
    assert figures.plot_decision(decision_curve(counted("nobody converted"))).headline == (
        "What the score is worth cannot be told from these leads"
    )
    some = decision_curve(
        counted("selected"),
        probabilities=pd.Series({score: score / 100 for score in range(0, 105, 5)}),
        same_leads=False, chances=[0.5, 0.6],
    )  # fmt: skip
    assert figures.plot_decision(some).headline.startswith(
        "The score is worth more than working nobody where a call pays from a chance of 50%"
    )


def test_the_queue_counts_its_weeks():
    # Capacity 25: weeks of 30 and 40 are over; the queue: 0, 5, 5, 20, 5, 0, 5, ...
    table = queue([20, 30, 25, 40, 10], 25)
    figure = figures.plot_queue(table, threshold=50, capacity_per_week=25)
    assert (
        figure.headline
        == "At 50 points 2 of 5 weeks bring more than 25 leads; at worst 20 leads wait"
    )
    calm = figures.plot_queue(queue([1, 2], 5), threshold=50, capacity_per_week=5)
    assert calm.headline == "At 50 points 0 of 2 weeks bring more than 5 leads; no queue builds up"


def test_segments_are_named_only_when_they_surely_differ():
    assert figures.plot_segments(by_segment(SEGMENTS["usual"])).headline == (
        "Leads of South become SQLs more often than the rest; leads of North and West become SQLs "
        "less often than the rest"
    )
    same = by_segment({"a": (10, 100), "b": (12, 100)})
    assert figures.plot_segments(same, axis="region").headline == (
        "No region is seen to differ from the others in how often leads become SQLs"
    )


def test_the_cliff_compares_the_widest_groups():
    table = cliff_table(counted("usual"), threshold=50, widths=[5, 20])
    row = table.iloc[-1]
    figure = figures.plot_cliff(table)
    assert f"({row['above_rate']:.0%} against {row['below_rate']:.0%})" in figure.headline
    selected = figures.plot_cliff(cliff_table(counted("selected"), threshold=50))
    assert selected.headline == (
        "Too few leads just below and just above the threshold were judged to compare them"
    )


def test_drawing_changes_no_table_and_gives_the_same_bytes():
    table = by_segment(SEGMENTS["usual"])
    before = table.copy()
    one, two = (figures.figure_svg(figures.plot_segments(table)) for _ in range(2))
    assert one == two
    pd.testing.assert_frame_equal(table, before)
    found = best_thresholds(counted("few"), cost_ratio=0.1, replicates=100)
    assert figures.figure_svg(figures.plot_best(found)) == figures.figure_svg(
        figures.plot_best(replace(found))
    )


def test_the_values_at_todays_threshold_never_meet() -> None:
    for rates in ((0.29, 0.24), (0.97, 0.5), (0.99, 0.98), (0.02, 0.01), (0.5, 0.5)):
        places = _value_places([(rate, rate - 0.01, rate + 0.01, "blue") for rate in rates])
        (_, one, _), (_, two, _) = places
        assert abs(one - two) >= 0.08
        assert 0 < min(one, two) <= max(one, two) <= 1


def test_few_judged_leads_are_not_hatched_as_unworked() -> None:
    table, threshold = frames.THRESHOLDS["usual"]
    few = table.copy()
    few.loc[few.index[-1], ["recall", "recall_low", "recall_high"]] = float("nan")
    few[["recall_lowest", "recall_highest"]] = 0.4
    told = figures.plot_thresholds(few, threshold=threshold)
    assert "Hatched" not in " ".join(text.get_text() for text in told.texts)
