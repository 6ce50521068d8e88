"""The funnel as counted in the engine: each stage as a backtest of its own would have it."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings

from tests.backtest.tables import activity, at, crm_of, crms, decision, entry, lead
from tests.backtest.test_outcomes import FLAT, SQL
from toolkit.backtest import (
    AtAge,
    AtHandoff,
    count_responses,
    count_scores,
    count_stages,
    count_stays,
    run_backtest,
)
from toolkit.backtest.counting.dimensions import dimension_bands
from toolkit.backtest.moments import Outcome
from toolkit.errors import QuestionError
from toolkit.model import parse_model

SEEN = [entry(99, stage, 1) for stage in ("sql", "won", "accepted", "mql")]
WINDOWS = {"accepted": 10, "sql": 20, "won": 30}


def staged(crm, moment=None, **settings):
    backtest = run_backtest(FLAT, crm, moment=moment or AtAge(5), outcome=SQL)
    return count_stages(backtest, crm, stages=WINDOWS, **settings)


def one(counts, *columns: str) -> list:
    return counts.frame[[*columns, "n"]].to_records(index=False).tolist()


@settings(max_examples=6)
@given(crms())
def test_the_state_of_a_stage_is_that_of_a_backtest_with_that_outcome(rows):
    rows = {**rows, "leads": [*rows["leads"], lead(50)], "stages": [*rows["stages"], *SEEN]}
    crm = crm_of(**rows)
    counts = staged(crm)
    assert counts.n == len(run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL).rows())
    for stage, days in WINDOWS.items():
        other = run_backtest(FLAT, crm, moment=AtAge(5), outcome=Outcome(stage, days))
        expected = dict(zip(other.rows()["lead_id"], other.rows()["state"], strict=True))
        kept = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL).rows()["lead_id"]
        states = pd.Series([expected.get(name, "already") for name in kept]).value_counts()
        mine = counts.frame.groupby(f"stage_{stage}")["n"].sum()
        assert mine.to_dict() == states.to_dict()


def test_what_sales_did_by_hand():
    crm = crm_of(
        [lead(1), lead(2), lead(3), lead(4), lead(5), lead(6, created=50), lead(7)],
        [activity(4, "call", 8), activity(1, "other", 1)],
        [*SEEN, entry(7, "accepted", 9)],
        [
            decision(1, "accepted", 6), decision(1, "rejected", 7),
            decision(2, "rejected", 8), decision(3, "no_response", 9),
            decision(6, "accepted", 56),
        ],
        activity_roles={"sales": ["call"], "marketing": ["other"]},
    )  # fmt: skip
    counts = staged(crm, decide_within_days=10)
    # 1: the first decision counts. 4: called, nothing decided. 5: nobody did anything. 6: after
    # five of ten days still pending, whatever was said. 7: accepted by its stage.
    assert sorted(one(counts, "disposition", "given_reason")) == [
        ("accepted", "", 1),
        ("accepted", "", 1),
        ("no_response", "", 1),
        ("pending", "", 1),
        ("rejected", "no reason given", 1),
        ("undecided", "", 1),
        ("untouched", "", 1),
    ]


def test_a_decision_before_the_moment_is_not_about_this_hand_off():
    crm = crm_of([lead(1)], [], SEEN, [decision(1, "rejected", 3), decision(1, "accepted", 7)])
    assert one(staged(crm), "disposition") == [("accepted", 1)]


def test_an_acceptance_by_a_rule_is_told_apart():
    leads = [lead(1), lead(2), lead(3)]
    said = [
        decision(1, "accepted", 6) | {"reason_code": "SLA"},
        decision(2, "accepted", 6) | {"reason_code": "good talk"},
    ]
    counts = staged(crm_of(leads, [], SEEN, said))
    assert counts.frame.groupby("disposition")["n"].sum().to_dict() == {
        "accepted": 1, "auto_accepted": 1, "untouched": 1,
    }  # fmt: skip


def test_rare_reasons_are_not_named():
    leads = [lead(i) for i in range(1, 8)]
    said = [decision(i, "rejected", 6) | {"reason_code": "no budget"} for i in range(1, 6)]
    said += [
        decision(6, "rejected", 6) | {"reason_code": "ask Jane Doe"},
        decision(7, "rejected", 6),
    ]
    counts = staged(crm_of(leads, [], SEEN, said))
    assert counts.frame.groupby("given_reason")["n"].sum().to_dict() == {
        "no budget": 5, "other reason": 1, "no reason given": 1,
    }  # fmt: skip


DEMO = parse_model("""
lead_score_model: 1
name: m
version: "1"
dimensions:
  fit:
    grades: [{grade: "A'", from: 10}, {grade: B, from: 0}]
groups:
  - id: g
    dimension: behavior
    criteria:
      - {id: demo, activity: demo, points: 10}
  - id: f
    dimension: fit
    criteria:
      - {id: vp, when: {title: VP}, points: 10}
""")


def test_hand_raisers_and_grades_by_hand():
    crm = crm_of(
        [lead(1, title="VP"), lead(2), lead(3)], [activity(1, "demo", 2), activity(2, "demo", 9)],
        SEEN,
    )  # fmt: skip
    backtest = run_backtest(DEMO, crm, moment=AtAge(5), outcome=SQL)
    counts = count_stages(backtest, crm, hand_raisers=["demo"], behavior_starts=[5])
    assert counts.fit_bands == ("A'", "B", "no grade")
    assert counts.behavior_bands == ("5+", "under 5")
    assert one(counts, "fit_band", "behavior_band", "hand_raiser") == [
        ("B", "under 5", False, 2),
        ("A'", "5+", True, 1),
    ]
    assert counts.only(hand_raisers=True).n == 1
    with pytest.raises(
        QuestionError, match="no criterion of the model is called 'dmo'; did you mean"
    ):
        count_stages(backtest, crm, hand_raisers=["dmo"])


def test_scores_are_counted_without_those_who_asked():
    crm = crm_of(
        [lead(1, title="VP"), lead(2), lead(3, title="VP")],
        [activity(1, "demo", 2), activity(2, "demo", 9)], SEEN,
    )  # fmt: skip
    backtest = run_backtest(DEMO, crm, moment=AtAge(5), outcome=SQL)
    rows = backtest.rows()
    others = count_scores(backtest, without=["demo"])
    assert sorted(others.frame["score"]) == sorted(set(rows.loc[rows["demo"] == 0, "score"]))
    assert (others.n, count_scores(backtest).n) == (2, 3)
    assert count_scores(backtest, without=["demo"], at_least=20).n == int(
        ((rows["demo"] == 0) & (rows["score"] >= 20)).sum()
    )
    with pytest.raises(QuestionError, match="no criterion of the model is called 'dmo'"):
        count_scores(backtest, without=["dmo"])


def test_no_text_of_a_model_becomes_sql():
    crm = crm_of([lead(1)], [activity(1, "demo", 2)], SEEN)
    backtest = run_backtest(DEMO, crm, moment=AtAge(5), outcome=SQL)
    assert "A'" not in dimension_bands(backtest, "fit", None).sql


def test_bands_without_grades_are_thirds_and_one_if_all_are_alike():
    crm = crm_of([lead(1), lead(2)], [], SEEN)
    backtest = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL)
    assert dimension_bands(backtest, "behavior", None).names == ("all",)
    assert dimension_bands(backtest, "fit", [0, 20, 21]).names == (
        "21+", "20", "0 to 19", "under 0",
    )  # fmt: skip
    with pytest.raises(QuestionError, match="two bands start at the same points"):
        dimension_bands(backtest, "fit", [1, 1])


def test_usual_stages_are_taken_as_far_as_they_exist():
    crm = crm_of([lead(1)], [], [entry(99, "sql", 1)])
    backtest = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL)
    assert [stage.name for stage in count_stages(backtest, crm).stages] == ["sql"]
    with pytest.raises(QuestionError, match="expected at least one stage"):
        count_stages(backtest, crm, stages={})
    with pytest.raises(QuestionError, match="no lead ever entered a stage 'sold'"):
        count_stages(backtest, crm, stages={"sold": 90})


def test_stays_by_hand():
    crm = crm_of(
        [lead(1), lead(2), lead(3)], [],
        [entry(1, "mql", 2), entry(1, "sql", 5), entry(1, "won", 5.75), entry(2, "mql", 10),
         entry(2, "mql", 12), entry(3, "mql", 20), entry(3, "sql", 20), entry(9, "sql", 1)],
    )  # fmt: skip
    backtest = run_backtest(FLAT, crm, moment=AtHandoff(), outcome=Outcome("won", 30))
    # Lead 2 entered mql twice without leaving it; lead 3 both stages at once, mql usually first.
    assert one(count_stays(backtest, crm), "stage", "days", "moved") == [
        ("mql", 0, True, 1), ("mql", 3, True, 1), ("mql", 50, False, 1),
        ("sql", 0, True, 1), ("sql", 40, False, 1), ("won", 54, False, 1),
    ]  # fmt: skip


def test_responses_by_hand():
    crm = crm_of(
        [lead(1), lead(2), lead(3), lead(4)],
        [activity(1, "call", 5 + 1 / 24), activity(2, "call", 5.25), activity(3, "call", 1)],
        [*SEEN, entry(1, "sql", 9)],
        activity_roles={"sales": ["call"]},
    )
    backtest = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL)
    counts = count_responses(backtest, crm, hours=(1, 4, 24))
    assert sorted(one(counts, "response", "state")) == [
        ("4 to 24 h", "not_converted", 1),
        ("before the moment", "not_converted", 1),
        ("never", "unworked", 1),
        ("within 1 h", "converted", 1),
    ]
    whole = count_scores(backtest)
    assert counts.n == whole.n
    assert counts.frame.groupby("state")["n"].sum().to_dict() == (
        whole.frame.groupby("state")["n"].sum().to_dict()
    )


def test_without_calls_a_response_is_the_first_decision():
    crm = crm_of([lead(1)], [], SEEN, [decision(1, "rejected", 5.125)])
    backtest = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL)
    counts = count_responses(backtest, crm)
    assert one(counts, "response") == [("1 to 4 h", 1)]
    assert "time to the first decision" in counts.provenance.caveats[-1]
    with pytest.raises(QuestionError, match="expected rising whole hours"):
        count_responses(backtest, crm, hours=(4, 1))
    empty = crm_of([lead(1)], [], SEEN)
    backtest = run_backtest(FLAT, empty, moment=AtAge(5), outcome=SQL)
    with pytest.raises(QuestionError, match="nothing says when sales touched a lead"):
        count_responses(backtest, empty)


def test_what_is_counted_names_no_lead_and_no_account():
    crm = crm_of([lead(1, account_id="ACME"), lead(2, account_id="ACME")], [], SEEN)
    backtest = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL)
    counts = count_stages(backtest, crm)
    for frame in (counts.frame, counts.accounts.frame, count_stays(backtest, crm).frame):
        assert "ACME" not in frame.to_csv()
        assert "L1" not in frame.to_csv()
    assert at(0).year == 2026
