"""Several outcomes of one scored set: each with its own window, maturity and denominator."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings

from tests.backtest import reference
from tests.backtest.tables import activity, at, crm_of, crms, decision, entry, lead
from toolkit.backtest import AtAge, AtHandoff, Backtest, Outcome, count_scores, run_backtest
from toolkit.errors import DataError, QuestionError
from toolkit.model import parse_model

FLAT = parse_model(
    'lead_score_model: 1\nname: flat\nversion: "1"\n'
    "groups: [{id: g, dimension: fit, criteria: [{id: vp, when: {title: VP}, points: 20}]}]\n"
)
MODEL = parse_model(reference.MODEL)
SQL, WON, ACCEPTED = Outcome("sql", 10), Outcome("won", 30), Outcome("accepted", 5)
ORDER = ["mql", "accepted", "sql", "won"]


def ran(*stages: dict, leads: int = 1, feedback: list = (), outcome: Outcome = SQL,
        further: tuple = (), moment: object = AtAge(5), **mapping: object) -> Backtest:  # fmt: skip
    seen = [entry(99, "sql", 1), entry(99, "won", 2), entry(99, "mql", 0)]
    crm = crm_of([lead(i) for i in range(1, leads + 1)], [], [*seen, *stages], list(feedback),
                 **{"worked_by": "all", **mapping})  # fmt: skip
    return run_backtest(FLAT, crm, moment=moment, outcome=outcome, further=further)


def test_each_outcome_has_its_own_window_and_maturity() -> None:
    said = [decision(1, "accepted", 7), decision(2, "accepted", 11)]
    made = ran(entry(1, "sql", 9), entry(1, "won", 30), entry(2, "won", 36), leads=2,
               feedback=said, further=(ACCEPTED, WON, Outcome("mql", 56)))  # fmt: skip
    assert made.rows()["state"].tolist() == ["converted", "not_converted"]
    assert made.state_of("accepted")["state"].tolist() == ["converted", "not_converted"]
    assert made.state_of("won")["state"].tolist() == ["converted", "not_converted"]
    assert made.state_of("mql")["state"].tolist() == ["immature", "immature"]
    assert made.of("won").provenance.outcome == "won within 30 days"
    assert count_scores(made, outcome="won").provenance.outcome_window_days == 30
    assert count_scores(made, outcome="sql").provenance == made.provenance


def test_leads_that_had_reached_a_further_stage_are_no_part_of_its_denominator() -> None:
    made = ran(leads=3, feedback=[decision(1, "accepted", 5), decision(2, "accepted", 6)],
               further=(ACCEPTED,))  # fmt: skip
    assert made.state_of("accepted")["lead_id"].tolist() == ["L2", "L3"]
    flow = made.of("accepted").flow
    steps = dict(zip(flow["step"], flow["n"], strict=True))
    assert steps["accepted reached before the moment of scoring"] == 1
    assert (steps["converted"], steps["not_converted"]) == (1, 1)
    assert count_scores(made, outcome="accepted").n == 2
    assert count_scores(made).n == 3


def test_work_is_judged_in_the_window_of_each_outcome() -> None:
    made = ran(feedback=[decision(1, "rejected", 20)], worked_by="feedback", further=(WON,))
    assert made.rows()["state"].tolist() == ["unworked"]
    assert made.state_of("won")["state"].tolist() == ["not_converted"]


def test_an_outcome_that_was_not_asked_for_is_named() -> None:
    with pytest.raises(QuestionError, match=r"no outcome 'wno': did you mean 'won'"):
        ran(further=(WON,)).of("wno")
    with pytest.raises(QuestionError, match="the stage 'sql' is asked for twice"):
        ran(further=(Outcome("sql", 90),))
    with pytest.raises(QuestionError, match="no lead ever entered a stage 'wn'"):
        ran(further=(Outcome("wn", 90),))


@settings(max_examples=4)
@given(crms())
def test_a_further_outcome_is_what_a_run_of_its_own_would_find(rows: dict) -> None:
    """Of the leads scored by both: a further outcome changes nothing but who is scored."""
    rows = {**rows, "stages": [*rows["stages"], entry(0, "won", 59)]}
    crm = crm_of(**rows)
    try:
        both = run_backtest(MODEL, crm, moment=AtAge(3), outcome=SQL, further=(WON,))
        alone = run_backtest(MODEL, crm, moment=AtAge(3), outcome=WON)
    except DataError:
        return
    keys = ["lead_id", "moment"]
    states = both.state_of("won").merge(alone.rows()[[*keys, "state"]], on=keys, how="left")
    assert (states["state_x"] == states["state_y"]).all()
    plain = run_backtest(MODEL, crm, moment=AtAge(3), outcome=SQL)
    pd.testing.assert_frame_equal(plain.rows(), both.rows())


# --- skipped and backward stages ----------------------------------------------------------------


def test_a_later_stage_says_that_a_skipped_one_was_passed() -> None:
    won = entry(1, "won", 8)
    made = ran(won, stage_order=ORDER)
    assert made.rows()["state"].tolist() == ["converted"]
    assert (
        "For 1 of the conversions SQL itself was not recorded at the time: they count from the "
        "first later stage, which says that it was passed."
    ) in made.provenance.caveats
    missed = ran(won, outcome=Outcome("sql", 10, skipped="missed"), stage_order=ORDER)
    assert missed.rows()["state"].tolist() == ["not_converted"]
    assert ran(won).rows()["state"].tolist() == ["not_converted"]  # the order is not known


def test_a_stage_that_is_recorded_is_dated_by_itself() -> None:
    both = ran(entry(1, "sql", 7), entry(1, "won", 9), stage_order=ORDER)
    assert both.rows()["state"].tolist() == ["converted"]
    assert not [text for text in both.provenance.caveats if "itself was not recorded" in text]


def test_a_lead_that_had_passed_a_later_stage_is_no_prediction() -> None:
    made = ran(entry(1, "won", 4), leads=2, stage_order=ORDER)
    assert made.rows()["lead_id"].tolist() == ["L2"]


def test_a_skipped_hand_off_has_no_date_and_is_not_made_up() -> None:
    with pytest.raises(DataError, match="1 never entered the stage 'mql'"):
        ran(entry(1, "sql", 8), moment=AtHandoff(), stage_order=ORDER)


@pytest.mark.parametrize(
    ("back", "counted"),
    [
        (entry(1, "recycled", 8), 1),
        (entry(1, "mql", 8), 1),
        (entry(1, "mql", 6), 0),  # before
        (entry(1, "won", 8), 0),  # onwards
    ],
)
def test_a_stage_reached_stays_reached_and_reversals_are_counted(back: dict, counted: int) -> None:
    made = ran(entry(1, "sql", 7), back, stage_order=ORDER)
    assert made.rows()["state"].tolist() == ["converted"]
    said = [text for text in made.provenance.caveats if "were later moved back" in text]
    assert len(said) == counted
    assert all(text.startswith("1 of the conversions") for text in said)


def test_outcomes_can_come_from_columns_of_leads() -> None:
    from tests.backtest.tables import UNTIL, frame
    from toolkit.crm import Mapping, connect

    leads = frame([lead(1), lead(2)], ["lead_id", "created_at", "title"])
    frames = {
        "leads": leads.assign(converted_at=pd.array(["2026-01-08", None], dtype="string")),
        "activities": frame([activity(1, "demo", 1)], ["lead_id", "activity_type", "occurred_at"]),
    }
    mapping = Mapping(
        observed_until=UNTIL, time_zone="UTC", stage_columns={"converted": "converted_at"}
    )
    made = run_backtest(
        FLAT, connect(frames, mapping=mapping), moment=AtAge(5), outcome=Outcome("converted", 10)
    )
    assert made.rows()["state"].tolist() == ["converted", "not_converted"]
    assert made.rows()["moment"].tolist() == [at(5), at(5)]
