"""Recorded hand-offs against replayed crossings: every lead in one class."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.tables import activity, at, crm_of, entry, lead
from toolkit.backtest import (
    AtAge,
    AtCrossing,
    AtHandoff,
    Backtest,
    Outcome,
    handoff_differences,
    run_backtest,
    threshold_crossings,
)
from toolkit.errors import QuestionError
from toolkit.model import parse_model

MODEL = parse_model(
    'lead_score_model: 1\nname: flat\nversion: "1"\n'
    "groups: [{id: g, dimension: behavior, criteria: [{id: demo, activity: demo, points: 20}]}]\n"
)
SQL = Outcome("sql", within_days=10)


def ran(
    handed: dict[int, float], leads: int = 9, moment: object = None, **more: object
) -> Backtest:
    stages = [entry(99, "sql", 1), *(entry(i, "mql", day) for i, day in handed.items())]
    crm = crm_of([lead(i) for i in range(1, leads + 1)], [activity(9, "demo", 40)], stages, **more)
    return run_backtest(MODEL, crm, moment=moment or AtHandoff(), outcome=SQL)


def crossed(days: dict[int, float], threshold: int = 20) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i in days],
            "threshold": threshold,
            "crossed_at": pd.Series([at(day) for day in days.values()], dtype="datetime64[us]"),
        }
    )


def test_every_kind_of_disagreement_is_counted_once() -> None:
    recorded = {1: 35, 2: 35, 3: 35, 4: 35, 5: 35, 6: 35, 7: 2}
    found = handoff_differences(
        ran(recorded), crossed({1: 35.5, 2: 34, 3: 28, 4: 5, 5: 41.9, 7: 32, 8: 3})
    )
    table = found.table.set_index("difference")["n"]
    assert table.to_dict() == {
        "crossed, never handed over": 1,  # L8
        "handed over 30 days or more after the crossing": 1,  # L4
        "handed over 7 to 30 days after the crossing": 1,  # L3: seven days to the second
        "handed over 1 to 7 days after the crossing": 1,  # L2
        "within 24 hours of the crossing": 1,  # L1
        "handed over 1 to 7 days before the crossing": 1,  # L5
        "handed over 7 to 30 days before the crossing": 0,
        "handed over 30 days or more before the crossing": 1,  # L7
        "handed over, never crossed": 1,  # L6
    }
    assert (found.leads, found.recorded, found.crossed) == (8, 7, 7)
    assert found.agreeing_share == 1 / 8


@settings(max_examples=10)
@given(
    st.dictionaries(st.integers(1, 9), st.integers(1, 200).map(lambda q: q / 4), min_size=1),
    st.dictionaries(st.integers(1, 9), st.integers(1, 200).map(lambda q: q / 4), min_size=1),
)
def test_the_classes_add_up_and_fit_the_lag_of_each_lead(recorded: dict, replayed: dict) -> None:
    found = handoff_differences(ran(recorded), crossed(replayed))
    assert found.table["n"].sum() == found.leads == len(recorded.keys() | replayed.keys())
    both = found.table.dropna()
    lags = [replayed[i] - recorded[i] for i in recorded.keys() & replayed.keys()]
    inside = [
        # The end nearer to 0 belongs to a class; the class around 0 holds neither of its ends.
        sum(low < lag < high or (low > 0 and lag == low) or (high < 0 and lag == high)
            for lag in lags)
        for low, high in zip(both["from_days"], both["to_days"], strict=True)
    ]  # fmt: skip
    assert both["n"].tolist() == inside


def test_a_hand_off_with_a_date_agrees_with_any_time_of_that_day() -> None:
    made = ran({1: 35}, tables={"stage_changes": {"date_only": True}})
    assert handoff_differences(made, crossed({1: 35.9})).agreeing_share == 1
    assert handoff_differences(made, crossed({1: 36})).agreeing_share == 0


def test_it_takes_what_the_replay_gives() -> None:
    made = ran({9: 42})
    crossings = threshold_crossings(MODEL, made.crm, [20])
    found = handoff_differences(made, crossings)
    assert found.table.query("n > 0")["difference"].tolist() == [
        "handed over 1 to 7 days after the crossing"
    ]


def test_crossings_are_replayed_when_none_are_given() -> None:
    made = ran({}, moment=AtCrossing(20))
    assert made.rows()[["lead_id", "moment"]].to_numpy().tolist() == [["L9", at(40)]]


def test_questions_that_make_no_sense_are_refused() -> None:
    two = pd.concat([crossed({1: 3}), crossed({1: 3}, 50)])
    with pytest.raises(QuestionError, match="the crossings are of 20, 50; name one"):
        handoff_differences(ran({1: 3}), two)
    assert handoff_differences(ran({1: 3}), two, threshold=50).threshold == 50
    with pytest.raises(QuestionError, match="needs a backtest with the moment AtHandoff"):
        handoff_differences(ran({1: 3}, moment=AtAge(1)), crossed({1: 3}))
