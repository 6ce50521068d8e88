"""Moments, states and the flow: every lead accounted for, none counted as a failure unseen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backtest import reference
from tests.backtest.tables import activity, at, crm_of, crms, decision, entry, lead
from toolkit.backtest import AtAge, AtHandoff, AtPeriodEnd, Outcome, run_backtest
from toolkit.errors import DataError, QuestionError
from toolkit.model import parse_model

FLAT = parse_model(
    'lead_score_model: 1\nname: flat\nversion: "1"\n'
    "groups: [{id: g, dimension: fit, criteria: [{id: vp, when: {title: VP}, points: 20}]}]\n"
)
SQL = Outcome("sql", within_days=10)
SEEN = [entry(99, "sql", 1)]
"""An entry of an unknown lead, so that the stage exists."""


def states(
    moment: object, *stages: dict, feedback: list[dict] = (), leads: list = (), **mapping: object
) -> dict:
    crm = crm_of(leads or [lead(1)], [], [*SEEN, *stages], list(feedback), **mapping)
    rows = run_backtest(FLAT, crm, moment=moment, outcome=SQL).rows()
    return dict(zip(rows["lead_id"], rows["state"], strict=True))


def test_an_outcome_in_the_window_converts_and_its_ends_are_exact() -> None:
    second = 1 / 86_400
    assert states(AtAge(5), entry(1, "sql", 5 + second)) == {"L1": "converted"}
    assert states(AtAge(5), entry(1, "sql", 15)) == {"L1": "converted"}
    assert states(AtAge(5), entry(1, "sql", 15 + second)) == {"L1": "not_converted"}
    assert states(AtAge(5)) == {"L1": "not_converted"}


def test_an_open_window_is_immature_whatever_happened() -> None:
    young = [lead(1, created=50), lead(2, created=45), lead(3, created=45 + 1 / 86_400)]
    found = states(AtAge(5), entry(1, "sql", 56), leads=young)
    assert found == {"L1": "immature", "L2": "not_converted", "L3": "immature"}


def test_a_lead_that_sales_never_touched_is_unworked_even_if_it_converts() -> None:
    said = [decision(1, "rejected", 7), decision(3, "no_response", 7), decision(4, "accepted", 16)]
    leads = [lead(i) for i in range(1, 6)]
    found = states(AtAge(5), entry(2, "sql", 8), entry(5, "sql", 8), leads=leads,
                   feedback=[*said, decision(5, "accepted", 8)])  # fmt: skip
    assert found == {
        "L1": "not_converted",  # rejected: worked
        "L2": "unworked",  # converted on its own
        "L3": "unworked",  # no response is no work
        "L4": "unworked",  # worked only after the window
        "L5": "converted",  # worked in the very second of the outcome
    }


def test_work_before_the_moment_counts_as_work() -> None:
    found = states(AtAge(5), entry(1, "sql", 8), feedback=[decision(1, "rejected", 2)])
    assert found == {"L1": "converted"}


def test_worked_by_all_is_said_in_the_caveats() -> None:
    crm = crm_of([lead(1)], [], SEEN, [decision(1, "no_response", 9)], worked_by="all")
    backtest = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL)
    assert backtest.rows()["state"].tolist() == ["not_converted"]
    assert not backtest.provenance.worked_known
    assert any("every lead counts as worked" in text for text in backtest.provenance.caveats)


def test_a_stage_can_prove_that_sales_acted() -> None:
    found = states(AtAge(5), entry(1, "called", 6), leads=[lead(1), lead(2)],
                   worked_by=["stage:called"])  # fmt: skip
    assert found == {"L1": "not_converted", "L2": "unworked"}


def flow_of(moment: object, leads: list[dict], *stages: dict) -> dict[str, int]:
    crm = crm_of(leads, [], [*SEEN, *stages])
    flow = run_backtest(FLAT, crm, moment=moment, outcome=SQL).flow
    return dict(zip(flow["step"], flow["n"], strict=True))


def test_every_reason_to_set_a_lead_aside_is_counted_once() -> None:
    leads = [
        lead(1),
        lead(2),
        lead(2),
        lead(3),
        lead(3, title="VP"),
        lead(4) | {"created_at": None},
        lead(5, created=61),
        lead(6, created=58),
        lead(7, created=3),
        lead(8, created=20),
        lead(9) | {"lead_id": None},
    ]
    flow = flow_of(AtAge(5), leads, entry(7, "sql", 4), entry(8, "sql", 2))
    assert flow == {
        "lead rows imported": 11,
        "row without a lead_id": 1,
        "identical copy of another row": 1,
        "lead_id shared by rows that differ": 2,
        "created_at missing or unreadable": 1,
        "created after observed_until": 1,
        "SQL dated on a day before the lead was created": 1,
        "SQL reached before the moment of scoring": 1,
        "younger than 5 days at observed_until": 1,
        "converted": 0,
        "not_converted": 2,
        "immature": 0,
        "unworked": 0,
    }


def test_the_hand_off_is_the_first_recorded_entry() -> None:
    crm = crm_of(
        [lead(1), lead(2), lead(3, created=9)],
        [],
        [entry(1, "mql", 7), entry(1, "mql", 3), entry(1, "sql", 4), entry(3, "mql", 8)],
    )
    backtest = run_backtest(FLAT, crm, moment=AtHandoff(), outcome=SQL)
    rows = backtest.rows()
    assert rows["lead_id"].tolist() == ["L1"]
    assert rows["moment"].tolist() == [at(3)]
    assert rows["state"].tolist() == ["converted"]
    flow = dict(zip(backtest.flow["step"], backtest.flow["n"], strict=True))
    assert flow["never entered the stage 'mql'"] == 1
    assert flow["entered the stage 'mql' before the lead was created"] == 1


def test_a_panel_scores_open_leads_at_the_last_second_of_each_period() -> None:
    crm = crm_of([lead(1), lead(2, created=40)], [], [entry(1, "sql", 33), *SEEN])
    backtest = run_backtest(FLAT, crm, moment=AtPeriodEnd("month"), outcome=SQL)
    rows = backtest.rows()
    assert [(r.lead_id, str(r.moment)) for r in rows.itertuples()] == [
        ("L1", "2026-01-31 23:59:59"),
        ("L2", "2026-02-28 23:59:59"),
    ]
    assert rows["month"].tolist() == ["2026-01", "2026-02"]
    assert backtest.provenance.unit == "lead and month"


def test_the_first_decision_after_the_moment_is_kept() -> None:
    said = [decision(1, "rejected", 4), decision(1, "accepted", 7), decision(1, "rejected", 8)]
    crm = crm_of([lead(1), lead(2)], [], SEEN, said)
    rows = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL).rows()
    assert rows["decision"].tolist() == ["accepted", "pending"]


def test_acceptance_can_be_the_outcome_without_being_a_stage() -> None:
    crm = crm_of([lead(1)], [], [], [decision(1, "accepted", 7)])
    rows = run_backtest(FLAT, crm, moment=AtAge(5), outcome=Outcome("accepted", 10)).rows()
    assert rows["state"].tolist() == ["converted"]


@given(crms(), st.sampled_from([AtAge(7), AtAge(0), AtHandoff(), AtPeriodEnd("month"),
                                AtPeriodEnd("quarter", max_age_days=20)]))  # fmt: skip
def test_the_flow_adds_up(rows: dict, moment: object) -> None:
    from toolkit.counts import STATES

    doubled = {**rows, "leads": [*rows["leads"], rows["leads"][0], *rows["leads"][:1]]}
    crm = crm_of(**doubled)
    model = parse_model(reference.MODEL)
    try:
        backtest = run_backtest(model, crm, moment=moment, outcome=SQL)
    except DataError as error:
        assert "no lead is left to score" in str(error)  # noqa: PT017 - the only reason allowed
        return
    flow = backtest.flow
    starts = flow.index[flow["kind"] == "start"]
    used = backtest.rows()
    assert flow["n"].iloc[0] == len(doubled["leads"])
    excluded = flow[flow["kind"] == "excluded"]["n"].sum()
    assert flow["n"].iloc[0] - excluded == used["lead_id"].nunique()
    by_state = flow[flow["step"].isin(STATES)]
    assert (
        by_state["n"].sum()
        == len(used)
        == flow["n"].iloc[starts[-1]] - (excluded if len(starts) == 1 else 0)
    )
    assert (flow["n"] > 0)[flow["kind"] == "excluded"].all()


def test_an_unknown_stage_is_named_with_its_neighbours() -> None:
    crm = crm_of([lead(1)], [], [entry(1, "sql", 7), entry(1, "mql", 6)])
    with pytest.raises(
        QuestionError, match=r"no lead ever entered a stage 'sqll': did you mean 'sql'"
    ):
        run_backtest(FLAT, crm, moment=AtAge(5), outcome=Outcome("sqll", 10))


def test_no_lead_left_says_why() -> None:
    with pytest.raises(DataError, match=r"no lead is left to score \(1 younger than 500 days"):
        run_backtest(FLAT, crm_of([lead(1)], [], SEEN), moment=AtAge(500), outcome=SQL)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: AtAge(-1), "whole number of days from 0"),
        (lambda: AtAge(2.5), "found 2.5"),
        (lambda: AtAge(True), "found True"),
        (lambda: AtPeriodEnd("week"), "expected 'month' or 'quarter'"),
        (lambda: AtPeriodEnd("month", max_age_days=0), "from 1"),
        (lambda: Outcome("sql", 0), "from 1"),
        (lambda: Outcome(" ", 90), "found an empty text"),
    ],
)
def test_questions_that_make_no_sense_are_refused(make: object, text: str) -> None:
    with pytest.raises(QuestionError, match=text):
        make()


def test_the_moment_of_an_activity_is_when_it_was_recorded() -> None:
    import pandas as pd

    from tests.backtest.tables import UNTIL, frame
    from toolkit.crm import Mapping, connect

    model = parse_model(reference.MODEL)
    acts = frame([activity(1, "demo", 2)], ["lead_id", "activity_type", "occurred_at", "page"])
    frames = {
        "leads": frame([lead(1)], ["lead_id", "created_at", "title", "employees", "domain"]),
        "activities": acts.assign(recorded_at=pd.Timestamp(at(6))),
        "stage_changes": frame(SEEN, ["lead_id", "stage", "entered_at"]),
    }
    crm = connect(frames, mapping=Mapping(observed_until=UNTIL, time_zone="UTC"))
    by_age = {
        age: int(run_backtest(model, crm, moment=AtAge(age), outcome=SQL).rows()["score"].iloc[0])
        for age in (3, 6)
    }
    assert by_age == {3: 2, 6: 32}
