"""Figures of stalls, areas over time, waits, tiers and choices: legible, and saying their rows."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.analysis.rows import PROVENANCE, count_rows, lead_rows
from tests.report.figure_check import faults
from toolkit.analysis import (
    decision_difference,
    stall_table,
    tier_table,
    time_auc,
    time_to_table,
)
from toolkit.counts import DayCounts, PairCounts, StayCounts
from toolkit.report import figures
from toolkit.report.wording import Words

LONG_NOTE = "Leads created from the first of October 2024 to the thirtieth of September 2026. " * 3
WORDS = [Words(), Words("opportunity", "qualified lead"), Words("Converted")]
EITHER = pytest.mark.parametrize("words", WORDS, ids=lambda each: each.outcome)


def stalls(rows):
    frame = pd.DataFrame(rows, columns=["stage", "days", "moved", "n"])
    return stall_table(StayCounts(frame, PROVENANCE))


STALLS = {
    "usual": stalls([("mql", 5, True, 90), ("mql", 3, False, 40), ("mql", 9, False, 10),
                     ("sql", 30, True, 50), ("sql", 60, False, 30), ("sql", 3, False, 70)]),
    "none": stalls([("mql", 5, True, 90), ("mql", 3, False, 40)]),
    "untold": stalls([("won", 5, False, 90), ("a stage with a name that is far too long", 3, True, 4)]),
    "huge": stalls([("mql", 5, True, 10**9), ("mql", 9, False, 10**9), ("mql", 1, False, 10**9)]),
}  # fmt: skip


@EITHER
@pytest.mark.parametrize("name", STALLS)
def test_stalls_are_legible(name, words):
    assert faults(figures.plot_stalls(STALLS[name], words=words, note=LONG_NOTE)) == []


def test_the_stage_with_most_stalled_leads_is_named():
    figure = figures.plot_stalls(STALLS["usual"])
    said = "Most stalled leads are in sql: 30 of 100 there (30%) for more than 30 days"
    assert figure.headline == said
    assert "mql (5 d): 20.0% (10 of 50)." in figure.alt
    none, untold = (figures.plot_stalls(STALLS[name]).headline for name in ("none", "untold"))
    assert none == "No lead waits longer in its stage than most of those that moved on did"
    assert untold == "In no stage can stalled leads be told from others"


def days(rows):
    frame = pd.DataFrame(rows, columns=["score", "day", "status", "n"])
    return DayCounts(frame, PROVENANCE)


LIVES = {
    "usual": days([(80, 10, "converted", 40), (80, 60, "converted", 20), (80, 90, "open", 40),
                   (20, 20, "converted", 10), (20, 80, "converted", 20), (20, 90, "open", 170)]),
    "one day": days([(80, 10, "converted", 9), (20, 90, "open", 30)]),
    "nobody": days([(80, 90, "open", 40), (20, 90, "open", 40)]),
    "young": days([(80, 3, "open", 40), (20, 2, "converted", 4)]),
}  # fmt: skip


@EITHER
@pytest.mark.parametrize("name", LIVES)
def test_areas_over_time_and_waits_are_legible(name, words):
    areas, waits = time_auc(LIVES[name]), time_to_table(LIVES[name])
    assert faults(figures.plot_time_areas(areas, words=words, note=LONG_NOTE)) == []
    assert faults(figures.plot_waits(waits, words=words, note=LONG_NOTE)) == []


def test_areas_over_time_say_the_first_and_the_last_day():
    table = time_auc(LIVES["usual"])
    figure = figures.plot_time_areas(table)
    # By day 90: 60 and 30 converted, 40 and 170 did not. Higher: 60 x 170; equal: 60 x 40 + 30 x 170.
    area = (60 * 170 + (60 * 40 + 30 * 170) / 2) / (90 * 210)
    assert table["auc"].iloc[-1] == pytest.approx(area)
    assert figure.headline == (
        "A lead that became SQL within 90 days had outscored one that did not 74% of the time; within"
        " 30 days 78%"
    )
    assert "within 90 days: 73.8%, 90 SQLs." in figure.alt
    nobody = figures.plot_time_areas(time_auc(LIVES["nobody"])).headline
    assert nobody == "How well the score ranks leads over time cannot be told"


def test_waits_say_the_day_of_half_of_the_conversions():
    figure = figures.plot_waits(time_to_table(LIVES["usual"]))
    # 40 + 10 of 90 conversions have happened by day 20.
    assert figure.headline == "50% of the SQLs of all leads happen by day 20"
    nobody = figures.plot_waits(time_to_table(LIVES["nobody"])).headline
    assert nobody == "How soon leads become SQLs cannot be told for any band"


def tiers(rates, *, n=400):
    leads = [(20 * i, hit) for i, rate in enumerate(rates) for hit in [1] * round(n * rate)
             + [0] * (n - round(n * rate))]  # fmt: skip
    counts = count_rows(lead_rows(*zip(*leads, strict=True)))
    return tier_table(counts, thresholds=[20 * i for i in range(1, len(rates))])


TIERS = {
    "all": tiers((0.05, 0.2, 0.5)),
    "one": tiers((0.05, 0.06, 0.5)),
    "none": tiers((0.2, 0.21)),
    "few": tiers((0.25, 0.5), n=4),
}


@EITHER
@pytest.mark.parametrize("name", TIERS)
def test_tiers_are_legible(name, words):
    assert faults(figures.plot_tiers(TIERS[name], words=words, note=LONG_NOTE)) == []


def test_a_step_that_nobody_can_know_is_not_said_to_be_unseen():
    table = TIERS["one"]
    below = table["answer"] != "Yes"
    assert below.sum() == 1
    untold = table.assign(answer=table["answer"].mask(below, "Cannot be told from this data"))
    assert figures.plot_tiers(untold).headline.endswith("; of the others it cannot be told")
    every = table.assign(answer="Cannot be told from this data")
    assert "cannot be told" in figures.plot_tiers(every).headline
    none = TIERS["none"].assign(answer="Cannot be told from this data")
    assert "In no tier" not in figures.plot_tiers(none).headline


def test_tiers_that_surely_convert_more_often_are_named():
    every, one, none = (figures.plot_tiers(TIERS[name]) for name in ("all", "one", "none"))
    assert every.headline == (
        "Leads of each tier become SQLs more often than those of the one below it"
    )
    assert "40+ points: 50.0% (200 of 400)." in every.alt
    assert "below 20 points: 5.0% (20 of 400)." in every.alt
    assert one.headline == (
        "Leads from 40 points up become SQLs more often than those of the tier below; the other tiers"
        " are not seen to differ from the one below them"
    )
    assert none.headline == (
        "In no tier leads are seen to become SQLs more often than in the one below it"
    )


def choice(cells, *, fitted="other leads"):
    frame = pd.DataFrame(cells, columns=["champion", "challenger", "state", "n"])
    chance = pd.Series({40: 0.1, 60: 0.5})
    pairs = PairCounts(frame, PROVENANCE, "new", fitted)
    return decision_difference(pairs, champion=chance, challenger=chance)


BETTER = [(40, 60, "converted", 60), (40, 40, "not_converted", 400),
          (60, 40, "not_converted", 60), (60, 60, "converted", 40)]  # fmt: skip
CHOICES = {
    "better": choice(BETTER),
    "worse": choice([(b, a, state, n) for a, b, state, n in BETTER]),
    "alike": choice([(40, 60, "converted", 5), (40, 60, "not_converted", 15),
                     (60, 40, "converted", 5), (60, 40, "not_converted", 15)]),
    "untold": choice(BETTER, fitted="these leads"),
}  # fmt: skip


@EITHER
@pytest.mark.parametrize("name", CHOICES)
def test_choices_are_legible(name, words):
    figure = figures.plot_decision_difference(CHOICES[name], words=words, note=LONG_NOTE)
    assert faults(figure) == []


def test_the_model_that_is_worth_more_is_named_with_its_chances():
    said = {
        name: figures.plot_decision_difference(table).headline for name, table in CHOICES.items()
    }
    assert said == {
        "better": "The challenger is worth more where a call pays from a chance of 11% to 50%",
        "worse": "The champion is worth more where a call pays from a chance of 11% to 50%",
        "alike": "Neither model is seen to be worth more, whatever a SQL is worth",
        "untold": "Which model is worth more cannot be told from these leads",
    }
