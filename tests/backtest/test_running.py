"""Scores at very many moments by running sums: the scores of the statement for one moment."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.any_model import crm_of_rows, engine_scores, models, random_rows, read
from tests.backtest.tables import activity, at, lead
from tests.backtest.tables import crm_of as crm_of_tables
from toolkit.backtest.core import as_of_sql, path_sql
from toolkit.backtest.core.units import Added
from toolkit.backtest.staging.plan import make_plan
from toolkit.backtest.timeline.there import crossings_there
from toolkit.model import Model, parse_model

ROWS = {seed: random_rows(seed, 30) for seed in range(3)}
CRMS = {}


def crm_of(seed: int):
    """Connected once: staging is most of the work."""
    if seed not in CRMS:
        CRMS[seed] = crm_of_rows(ROWS[seed])
    return CRMS[seed]


def compare(raw: dict, seed: int) -> None:
    one, other = (
        engine_scores(read(raw), crm_of(seed), ROWS[seed], sql) for sql in (as_of_sql, path_sql)
    )
    assert one == other


@settings(max_examples=15)
@given(models(), st.sampled_from(sorted(ROWS)))
def test_running_sums_are_the_sums_at_each_moment(raw: dict, seed: int) -> None:
    compare(raw, seed)


@pytest.mark.slow
@settings(max_examples=1_000)
@given(models(), st.sampled_from(sorted(ROWS)))
def test_running_sums_are_the_sums_at_each_moment_on_many_models(raw: dict, seed: int) -> None:
    compare(raw, seed)


def model_of(*criteria: str, more: str = "") -> Model:
    lines = "\n".join(f"  - {each}" for each in criteria)
    return parse_model(f"""
lead_score_model: 1
name: m
version: "1"
{more}
groups:
- id: web
  dimension: behavior
  criteria:
{lines}
""")


WINDOW = "{id: view, activity: view, points: 10, within: 3d, max: 25}"
FADING = "{id: open, activity: open, points: 8, decay: {percent: 50, every: 2d}}"
SILENCE = "{id: quiet, inactivity: {after: 2d, repeat: true}, points: -1}"


def test_a_path_of_windows_caps_and_silence_never_meets_activities_with_moments() -> None:
    """A join of the two grows with the square of a lead's activities."""
    text = path_sql(make_plan(model_of(WINDOW, FADING, SILENCE)))
    assert text.count("from ev") == 1
    assert "e.t <= mo.s" not in text


def test_what_resets_end_is_summed_at_each_moment() -> None:
    plan = make_plan(model_of(WINDOW, more="resets: [{activities: [recycled], groups: [web]}]"))
    assert path_sql(plan) == as_of_sql(plan)


def test_a_capped_window_is_crossed_and_left_at_the_second() -> None:
    """Views of day 1, 2 and 2 pay 10, then min(30, 25) on [2, 4), then 20 until day 5, then 0."""
    crm = crm_of_tables([lead(1)], [activity(1, "view", day) for day in (1, 2, 2)])
    found = crossings_there(model_of(WINDOW), crm, [10, 25])
    shown = ["threshold", "crossed_at", "score", "left_at"]
    assert found[shown].to_numpy().tolist() == [
        [10, at(1), 10, at(5)],
        [25, at(2), 25, at(4)],
    ]


def test_an_added_column_is_worth_its_step_at_each_age() -> None:
    """8 points that halve every 2 days, in a window of 3: 8, then 4 from day 2, nothing from 3."""
    rule = make_plan(model_of(FADING.replace("points: 8", "points: 8, within: 3d"))).rules[0]
    column = Added("n0", "e.r0 = 1", rule.within, rule.value)
    day = 86_400
    assert [column.at(age) for age in (0, 2 * day - 1, 2 * day, 3 * day - 1, 3 * day)] == [
        8, 8, 4, 4, 0,
    ]  # fmt: skip
    assert {0, 2 * day, 3 * day} <= set(column.ages)
