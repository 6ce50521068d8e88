"""Funnel, grid, times and dispositions: legible whatever the data, true to the same rows."""

from __future__ import annotations

from math import nan

import pandas as pd
import pytest

from tests.analysis.day_rows import count_day_rows, count_stage_rows
from tests.analysis.test_funnel import OPEN, C, N, U, rows_of
from tests.report.figure_check import faults
from toolkit.analysis import (
    ScoreBand,
    disposition_table,
    funnel_table,
    grade_funnel_table,
    grid_table,
    incidence_table,
)
from toolkit.report import figures
from toolkit.report.wording import Words

LONG_NOTE = "Leads created from the first of October 2024 to the thirtieth of September 2026. " * 3
LONG = "immediate call by the most senior person of the north-western field team"
BANDS = (ScoreBand("hot", 80), ScoreBand("mql", 50), ScoreBand("rest", None))
MANY = tuple(ScoreBand(f"grade {i}", 90 - 10 * i) for i in range(9))
LEADS = pd.concat(
    [rows_of((90, C, C, C), (90, C, C, N), (60, C, N, N), (60, N, N, OPEN), (10, U, U, U))] * 20,
    ignore_index=True,
).assign(hand_raiser=True)  # fmt: skip
SAID = ["accepted", "rejected", "recycled", "untouched", "pending", "auto_accepted", "undecided",
        "no_response"]  # fmt: skip
DECIDED = LEADS.assign(
    disposition=[SAID[i % 8] for i in range(len(LEADS))], fit_band=["A", "B"] * 50,
    behavior_band=(["1"] * 5 + ["2"] * 5) * 10,
)  # fmt: skip
FUNNELS = {
    "usual": funnel_table(count_stage_rows(LEADS), BANDS),
    "many": funnel_table(count_stage_rows(LEADS), MANY),
    "one": funnel_table(count_stage_rows(LEADS)),
    "grades": grade_funnel_table(count_stage_rows(DECIDED)),
    "long": funnel_table(count_stage_rows(LEADS), [ScoreBand(LONG, 50), ScoreBand(LONG * 2, None)]),
    "few": funnel_table(count_stage_rows(LEADS[:4]), BANDS),
    "none": funnel_table(count_stage_rows(LEADS[:0].astype({"score": "int64"})), BANDS),
    "huge": funnel_table(count_stage_rows(LEADS), BANDS).assign(
        n=1_234_567_890, positives=987_654_321, label="customer of the most valuable kind"
    ),
}
GRIDS = {
    "usual": grid_table(count_stage_rows(DECIDED)),
    "hidden": grid_table(count_stage_rows(DECIDED), fewer_than=22),
    "none": grid_table(count_stage_rows(DECIDED[:0].astype({"score": "int64"}))),
    "long": grid_table(count_stage_rows(DECIDED)).replace({"A": LONG, "1": LONG}),
    "huge": grid_table(count_stage_rows(DECIDED)).assign(n=1_234_567_890, positives=987_654_321),
    "one": grid_table(count_stage_rows(DECIDED))[:1],
}
DAYS = pd.DataFrame(
    [(score, day, "converted" if (day + score) % 3 else "open")
     for score in (90, 60, 10) for day in range(1, 40)] + [(60, 90, "open")] * 30,
    columns=["score", "day", "status"],
)  # fmt: skip
UNTIL = range(1, 61)
TIMES = {
    "usual": incidence_table(count_day_rows(DAYS), BANDS, at_days=UNTIL),
    "alike": incidence_table(count_day_rows(DAYS.assign(score=90)), at_days=UNTIL),
    "long": incidence_table(
        count_day_rows(DAYS), [ScoreBand(LONG, 50), ScoreBand(LONG * 2, None)], at_days=UNTIL
    ),
    "none": incidence_table(count_day_rows(DAYS[:2].assign(status="open")), BANDS),
    "no conversion": incidence_table(
        count_day_rows(DAYS.assign(status="open")), BANDS, at_days=(10, 20)
    ),
    "many": incidence_table(
        count_day_rows(pd.concat([DAYS.assign(score=10 * i) for i in range(9)])), MANY,
        at_days=UNTIL,
    ),
}  # fmt: skip
DECISIONS = {
    "usual": disposition_table(count_stage_rows(DECIDED), BANDS),
    "many": disposition_table(count_stage_rows(DECIDED), MANY),
    "one": disposition_table(count_stage_rows(LEADS)),
    "pending": disposition_table(count_stage_rows(LEADS.assign(disposition="pending")), BANDS),
    "long": disposition_table(
        count_stage_rows(DECIDED), [ScoreBand(LONG, 50), ScoreBand(LONG * 2, None)]
    ),
    "none": disposition_table(count_stage_rows(LEADS[:0].astype({"score": "int64"})), BANDS),
}


@pytest.mark.parametrize("name", FUNNELS)
def test_funnels_are_legible(name):
    for of in ("judged leads", "accepted"):
        assert faults(figures.plot_funnel(FUNNELS[name], of=of, note=LONG_NOTE)) == []


@pytest.mark.parametrize("name", GRIDS)
def test_grids_are_legible(name):
    for words in (Words(), Words("opportunity"), Words("Converted")):
        assert faults(figures.plot_grid(GRIDS[name], words=words, note=LONG_NOTE)) == []


@pytest.mark.parametrize("name", TIMES)
def test_times_are_legible(name):
    assert faults(figures.plot_times(TIMES[name], words=Words("customer"), note=LONG_NOTE)) == []


@pytest.mark.parametrize("name", DECISIONS)
def test_dispositions_are_legible(name):
    assert faults(figures.plot_dispositions(DECISIONS[name], note=LONG_NOTE)) == []


def test_the_title_of_a_funnel_is_of_its_rows():
    figure = figures.plot_funnel(FUNNELS["usual"])
    assert figure.headline == (
        "Of judged leads scored 80+, 100% reached accepted, 100% SQL and 50% won; of those scored"
        " 50\N{EN DASH}79, 50% reached accepted, 0% SQL and 0% won"
    )
    assert "80+ hot, won of judged leads: 50%, 20 of 40." in figures.alt_text(figure)


def test_a_share_of_a_few_leads_is_neither_drawn_nor_spoken_of():
    figure = figures.plot_funnel(FUNNELS["few"])
    assert figure.headline == "No band has enough judged leads to say how far they get"
    assert "%" not in figures.alt_text(figure)


def test_a_grid_says_what_cannot_be_told_apart():
    table = pd.DataFrame(
        {
            "fit_band": ["A", "A", "B"], "behavior_band": ["1", "2", "1"],
            "leads": [50.0, nan, 50.0], "n": [50.0, nan, 50.0], "positives": [20.0, nan, 18.0],
            "rate": [0.4, nan, 0.36], "low": [0.28, nan, 0.24], "high": [0.54, nan, 0.5],
            "suppressed": [False, True, False], "reason": [None, "few", None],
        }
    )  # fmt: skip
    figure = figures.plot_grid(table)
    assert figure.headline == (
        "40% of leads with fit A and behavior 1 became SQL, and 36% of those with fit B and"
        " behavior 1: these cannot be told apart"
    )
    assert "fit A and behavior 2: too few judged leads to show." in figures.alt_text(figure)
    apart = table.assign(rate=[0.4, nan, 0.06], low=[0.28, nan, 0.02], high=[0.54, nan, 0.16])
    assert figures.plot_grid(apart).headline.endswith("6% of those with fit B and behavior 1")


def test_times_are_compared_on_a_day_that_both_bands_reach():
    rows = [("a", 50, nan, day, day / 100) for day in (10, 20)] + [("b", nan, 50, 10, 0.05)]
    table = pd.DataFrame(rows, columns=["band", "start", "stop", "day", "rate"]).assign(
        leads=9, low=nan, high=nan
    )
    assert figures.plot_times(table).headline == (
        "By day 10, 10% of leads scored 50+ and 5% of those scored below 50 had become SQL"
    )


def test_the_title_of_dispositions_adds_both_ways_of_accepting():
    rows = LEADS[:40].assign(
        score=90, disposition=(["accepted"] * 4 + ["auto_accepted"] * 2 + ["rejected"] * 4) * 4
    )
    figure = figures.plot_dispositions(disposition_table(count_stage_rows(rows), BANDS))
    assert figure.headline == "Sales accepted 60% of leads scored 80+ (24 of 40); 40% were rejected"


def test_the_same_table_gives_the_same_bytes_and_is_unchanged():
    for plot, tables in (
        (figures.plot_funnel, FUNNELS), (figures.plot_grid, GRIDS),
        (figures.plot_times, TIMES), (figures.plot_dispositions, DECISIONS),
    ):  # fmt: skip
        before = tables["usual"].copy()
        once, again = (figures.figure_svg(plot(tables["usual"])) for _ in range(2))
        assert once == again
        pd.testing.assert_frame_equal(tables["usual"], before)
