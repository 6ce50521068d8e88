"""Moments that are given, recorded or replayed; episodes; dates without a time of day."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.tables import (
    UNTIL,
    activity,
    at,
    crm_of,
    crms,
    decision,
    entry,
    frame,
    lead,
)
from toolkit.backtest import (
    AtAge,
    AtCrossing,
    AtHandoff,
    AtMoments,
    AtPeriodEnd,
    AtScoreChange,
    Backtest,
    Outcome,
    count_scores,
    run_backtest,
)
from toolkit.counts import STATES
from toolkit.crm import Crm, Mapping, connect
from toolkit.errors import DataError, QuestionError
from toolkit.model import parse_model

FLAT = parse_model(
    'lead_score_model: 1\nname: flat\nversion: "1"\n'
    "groups: [{id: g, dimension: behavior, criteria: [{id: demo, activity: demo, points: 20}]}]\n"
)
SQL = Outcome("sql", within_days=10)
SEEN = entry(99, "sql", 1)
ACTS = [activity(1, "demo", 5), activity(2, "demo", 5)]


def ran(crm: Crm, moment: object, outcome: Outcome = SQL) -> Backtest:
    return run_backtest(FLAT, crm, moment=moment, outcome=outcome)


def flow_of(backtest: Backtest) -> dict[str, int]:
    return dict(zip(backtest.flow["step"], backtest.flow["n"], strict=True))


def moments(*rows: tuple[int, float]) -> pd.DataFrame:
    return pd.DataFrame({"lead_id": [f"L{i}" for i, _ in rows], "moment": [at(d) for _, d in rows]})


# --- given moments ------------------------------------------------------------------------------


def test_given_moments_are_numbered_in_order_and_each_is_scored() -> None:
    crm = crm_of([lead(1), lead(2)], ACTS, [SEEN, entry(1, "sql", 7)])
    made = ran(crm, AtMoments(moments((1, 5), (1, 4), (2, 6), (1, 5))))
    rows = made.rows()
    assert list(zip(rows["lead_id"], rows["episode"], rows["score"], rows["state"], strict=True)) == [
        ("L1", 1, 0, "converted"),
        ("L1", 2, 20, "converted"),
        ("L2", 1, 20, "not_converted"),
    ]  # fmt: skip
    assert made.provenance.unit == "lead and moment"
    assert count_scores(made).accounts.judged == 2  # the rows of a lead are drawn together


def test_one_moment_a_lead_is_an_ordinary_set_of_leads() -> None:
    made = ran(crm_of([lead(1), lead(2)], ACTS, [SEEN]), AtMoments(moments((1, 5), (2, 6))))
    assert made.provenance.unit == "lead"
    assert "episode" not in made.rows()


def test_moments_that_cannot_be_used_are_counted_by_reason() -> None:
    leads = [lead(1, created=2), lead(2), lead(3), lead(4)]
    given = moments((1, 1), (1, 3), (2, 70), (3, 8), (3, 5), (77, 3))
    crm = crm_of(leads, ACTS, [SEEN, entry(3, "sql", 6)])
    made = ran(crm, AtMoments(given))
    assert flow_of(made) == {
        "lead rows imported": 4,
        "no moment was given": 1,
        "the moment is after observed_until": 1,
        "one row per lead and moment, of 2 leads": 4,
        "SQL reached before the moment of scoring": 1,
        "the moment is before the lead was created": 1,
        "converted": 1,
        "not_converted": 1,
        "immature": 0,
        "unworked": 0,
    }


def test_moments_come_from_a_table_a_frame_or_a_column_alike() -> None:
    frames = {
        "leads": frame([lead(1), lead(2)], ["lead_id", "created_at"]),
        "activities": frame(ACTS, ["lead_id", "activity_type", "occurred_at"]),
        "stage_changes": frame([SEEN], ["lead_id", "stage", "entered_at"]),
    }
    settings_ = Mapping(observed_until=UNTIL, time_zone="UTC")
    given = moments((1, 5.5), (2, 6.25))
    typed = {**frames, "leads": frames["leads"].assign(asked=given["moment"])}
    text = {**frames, "leads": frames["leads"].assign(asked=given["moment"].astype("string"))}
    found = [
        ran(connect({**frames, "moments": given}, mapping=settings_), AtMoments()),
        ran(connect(frames, mapping=settings_), AtMoments(given)),
        ran(connect(frames, mapping=settings_),
            AtMoments(given.assign(moment=given["moment"].dt.tz_localize("Asia/Tokyo") + pd.Timedelta("9h")))),
        ran(connect(typed, mapping=settings_), AtMoments(column="asked")),
        ran(connect(text, mapping=settings_), AtMoments(column="asked")),
    ]  # fmt: skip
    for each in found[1:]:
        pd.testing.assert_frame_equal(each.rows(), found[0].rows())


def test_a_day_as_a_moment_is_its_end() -> None:
    frames = {
        "leads": frame([lead(1)], ["lead_id", "created_at"]).assign(day="2026-01-06"),
        "activities": frame(ACTS, ["lead_id", "activity_type", "occurred_at"]),
        "stage_changes": frame([SEEN], ["lead_id", "stage", "entered_at"]),
    }
    crm = connect(frames, mapping=Mapping(observed_until=UNTIL, time_zone="UTC"))
    rows = ran(crm, AtMoments(column="day")).rows()
    assert rows["moment"].tolist() == [pd.Timestamp("2026-01-06 23:59:59")]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: AtMoments(pd.DataFrame({"lead_id": []})), "'moment' is not there"),
        (lambda: AtMoments(moments((1, 1)), "x"), "not both"),
        (lambda: AtHandoff(episodes="last"), "expected 'first' or 'all'"),
        (lambda: AtHandoff(quiet_days=0), "from 1"),
        (lambda: AtCrossing(50, pd.DataFrame({"lead_id": []})), "'threshold' is not there"),
        (lambda: Outcome("sql", 9, entry="last"), "expected 'first' or 'next'"),
        (lambda: Outcome("sql", 9, skipped="no"), "expected 'passed' or 'missed'"),
    ],
)
def test_moments_that_make_no_sense_are_refused(make: object, text: str) -> None:
    with pytest.raises(QuestionError, match=text):
        make()


@pytest.mark.parametrize(
    ("moment", "error", "text"),
    [
        (AtMoments(), QuestionError, "table 'moments'"),
        (AtMoments(column="tilte"), QuestionError, "no column 'tilte': did you mean 'title'"),
        (AtMoments(column="title"), QuestionError, "nothing in this column can be read as a time"),
        (AtMoments(pd.DataFrame({"lead_id": ["L1"], "moment": ["x"]})), DataError, "holds"),
        (AtScoreChange(), QuestionError, "needs the table 'score_history'"),
    ],
)
def test_moments_that_are_not_there_are_named(moment: object, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        ran(crm_of([lead(1, title="VP")], ACTS, [SEEN]), moment)


# --- recorded changes of the score --------------------------------------------------------------


def changed(number: int, day: float, name: str | None = "main") -> dict:
    return {"lead_id": f"L{number}", "changed_at": at(day), "score_name": name}


def test_each_recorded_change_of_the_score_is_a_moment() -> None:
    history = [changed(1, 4), changed(1, 5), changed(1, 5), changed(2, 6)]
    made = ran(crm_of([lead(1), lead(2), lead(3)], ACTS, [SEEN], history=history), AtScoreChange())
    assert made.rows()["score"].tolist() == [0, 20, 20]
    assert made.provenance.unit == "lead and score change"
    assert flow_of(made)["no change of the score was recorded"] == 1


def test_one_of_several_scores_must_be_named() -> None:
    history = [changed(1, 4, "main"), changed(1, 5, "fit")]
    crm = crm_of([lead(1)], ACTS, [SEEN], history=history)
    with pytest.raises(QuestionError, match=r"holds 2 scores \(fit, main\)"):
        ran(crm, AtScoreChange())
    with pytest.raises(QuestionError, match="no score is called 'fitt': did you mean 'fit'"):
        ran(crm, AtScoreChange("fitt"))
    assert ran(crm, AtScoreChange("fit")).rows()["moment"].tolist() == [at(5)]


# --- replayed crossings -------------------------------------------------------------------------


def crossings(*rows: tuple[int, int, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": [f"L{i}" for i, _, _ in rows],
            "threshold": [threshold for _, threshold, _ in rows],
            "episode": 1,
            "crossed_at": [at(day) for _, _, day in rows],
        }
    )


def test_leads_are_scored_when_the_replayed_score_reached_the_threshold() -> None:
    given = crossings((1, 20, 5), (1, 20, 9), (2, 10, 4))
    crm = crm_of([lead(1), lead(2)], ACTS, [SEEN])
    first = ran(crm, AtCrossing(20, given))
    assert first.rows()["moment"].tolist() == [at(5)]
    assert flow_of(first)["the replayed score never reached 20"] == 1
    every = ran(crm, AtCrossing(20, given, episodes="all")).rows()
    assert every["episode"].tolist() == [1, 2]
    with pytest.raises(QuestionError, match="are of the thresholds 10, 20"):
        ran(crm, AtCrossing(15, given))


# --- episodes -----------------------------------------------------------------------------------


def episodes(*stages: dict, feedback: list = (), **options: object) -> list[tuple]:
    crm = crm_of([lead(1)], ACTS, [SEEN, *stages], list(feedback), worked_by="all")
    rows = ran(crm, AtHandoff(episodes="all", **options)).rows()
    number = rows["episode"] if "episode" in rows else pd.Series(1, index=rows.index)
    return list(zip(number, rows["moment"], strict=True))


def test_a_repeated_hand_off_is_the_same_episode() -> None:
    assert episodes(entry(1, "mql", 3), entry(1, "mql", 4)) == [(1, at(3))]


def test_a_hand_off_after_the_lead_was_sent_back_is_a_new_episode() -> None:
    both = [(1, at(3)), (2, at(8))]
    mqls = [entry(1, "mql", 3), entry(1, "mql", 8)]
    assert episodes(*mqls, entry(1, "recycled", 5)) == both
    assert episodes(*mqls, entry(1, "disqualified", 8)) == both
    assert episodes(*mqls, feedback=[decision(1, "rejected", 4)]) == both
    assert episodes(*mqls, entry(1, "recycled", 3)) == [(1, at(3))]  # not after the hand-off
    assert episodes(*mqls, entry(1, "recycled", 9)) == [(1, at(3))]  # not before the next one
    assert episodes(*mqls, feedback=[decision(1, "accepted", 4)]) == [(1, at(3))]


def test_a_hand_off_after_a_quiet_spell_is_a_new_episode() -> None:
    mqls = [entry(1, "mql", 3), entry(1, "mql", 8), entry(1, "mql", 13)]
    assert episodes(*mqls, quiet_days=5) == [(1, at(3)), (2, at(8)), (3, at(13))]
    assert episodes(*mqls, quiet_days=6) == [(1, at(3))]  # never six days without one


def test_first_and_later_episodes_are_kept_apart() -> None:
    crm = crm_of(
        [lead(1), lead(2)], ACTS,
        [entry(1, "mql", 3), entry(1, "recycled", 4), entry(1, "mql", 6), entry(2, "mql", 4),
         entry(1, "sql", 7), SEEN],
    )  # fmt: skip
    made = ran(crm, AtHandoff(episodes="all"))
    counts = count_scores(made, by="episode")
    assert [key for key, _ in counts.groups()] == [("first",), ("later",)]
    assert counts.group("first").n == 2
    assert counts.group("later").n == 1
    assert made.provenance.moment == "each hand-off to sales (MQL)"
    assert made.provenance.unit == "lead and hand-off"
    with pytest.raises(QuestionError, match="cannot count by 'episode'"):
        count_scores(ran(crm, AtHandoff()), by="episode")


def test_work_of_an_earlier_episode_is_no_work_of_a_later_one() -> None:
    said = [decision(1, "recycled", 4)]
    stages = [SEEN, entry(1, "mql", 3), entry(1, "mql", 6)]
    crm = crm_of([lead(1)], ACTS, stages, said)
    assert ran(crm, AtHandoff(episodes="all")).rows()["state"].tolist() == [
        "not_converted", "unworked",
    ]  # fmt: skip


def test_a_stage_can_be_asked_for_again() -> None:
    stages = [entry(1, "sql", 2), entry(1, "sql", 8), entry(2, "sql", 3)]
    crm = crm_of([lead(1), lead(2)], ACTS, stages)
    with pytest.raises(DataError, match="2 SQL reached before"):
        ran(crm, AtAge(5))
    made = ran(crm, AtAge(5), Outcome("sql", 10, entry="next"))
    assert made.rows()["state"].tolist() == ["converted", "not_converted"]
    assert made.provenance.outcome == "SQL again within 10 days"


# --- dates without a time of day ----------------------------------------------------------------


def dated(*rows: tuple[int, str, str], leads: list | None = None, zone: str = "UTC") -> Crm:
    """Stages as text: a date, or a time."""
    frames = {
        "leads": frame(leads or [lead(1, created=3.4)], ["lead_id", "created_at"]),
        "activities": frame([activity(1, "demo", 3.5)], ["lead_id", "activity_type", "occurred_at"]),
        "stage_changes": pd.DataFrame(
            [(f"L{i}", stage, text) for i, stage, text in (*rows, (99, "sql", "2026-01-02"))],
            columns=["lead_id", "stage", "entered_at"],
        ).astype("string"),
    }  # fmt: skip
    return connect(frames, mapping=Mapping(observed_until=UNTIL, time_zone=zone))


def test_a_hand_off_dated_on_the_day_of_creation_is_scored_at_the_creation() -> None:
    made = ran(dated((1, "mql", "2026-01-04")), AtHandoff())
    assert made.rows()["moment"].tolist() == [at(3.4)]
    assert made.rows()["score"].tolist() == [0]  # the demo two hours later is not known yet
    assert any(
        text.startswith("1 hand-offs have a date and no time of day")
        for text in made.provenance.caveats
    )


def test_a_hand_off_dated_on_a_later_day_is_scored_at_the_start_of_that_day() -> None:
    made = ran(dated((1, "mql", "2026-01-05")), AtHandoff())
    assert made.rows()["moment"].tolist() == [at(4)]


def test_the_day_is_that_of_the_zone_of_the_export() -> None:
    # Created on 4 January at 09:36 in Tokyo, when in Greenwich it was still half past midnight;
    # that day began in Tokyo on 3 January at 15:00 UTC.
    made = ran(dated((1, "mql", "2026-01-04"), zone="Asia/Tokyo"), AtHandoff())
    assert made.rows()["moment"].tolist() == [at(3.4 - 9 / 24)]
    early = dated((1, "mql", "2026-01-03"), zone="Asia/Tokyo")
    with pytest.raises(DataError, match="1 entered the stage 'mql' before the lead was created"):
        ran(early, AtHandoff())


def test_a_hand_off_and_an_outcome_dated_on_one_day_convert() -> None:
    made = ran(dated((1, "mql", "2026-01-05"), (1, "sql", "2026-01-05")), AtHandoff())
    assert made.rows()["state"].tolist() == ["converted"]
    same = ran(dated((1, "mql", "2026-01-04"), (1, "sql", "2026-01-04")), AtHandoff())
    assert same.rows()["state"].tolist() == ["converted"]


def test_an_outcome_dated_on_the_day_of_a_timed_moment_cannot_be_placed() -> None:
    crm = dated((1, "mql", "2026-01-05T09:00:00"), (1, "sql", "2026-01-05"),
                (2, "mql", "2026-01-05T09:00:00"), leads=[lead(1), lead(2)])  # fmt: skip
    made = ran(crm, AtHandoff())
    assert made.rows()["lead_id"].tolist() == ["L2"]
    reason = "SQL dated on the day of the moment, before or after it cannot be told"
    assert flow_of(made)[reason] == 1


def test_a_date_and_a_time_of_one_entry_are_one_entry() -> None:
    crm = dated((1, "mql", "2026-01-05T09:00:00"), (1, "mql", "2026-01-05"))
    assert ran(crm, AtHandoff()).rows()["moment"].tolist() == [at(4.375)]


def test_an_outcome_before_the_day_of_the_moment_was_reached_before() -> None:
    crm = dated((1, "sql", "2026-01-05"), leads=[lead(1), lead(2)])
    made = ran(crm, AtAge(5))
    assert flow_of(made)["SQL reached before the moment of scoring"] == 1


# --- every moment -------------------------------------------------------------------------------


@settings(max_examples=18)
@given(
    crms(),
    st.lists(st.tuples(st.integers(0, 13), st.integers(-4, 260)), max_size=30),
    st.sampled_from(["handoff", "moments", "changes", "crossings", "age", "panel"]),
)
def test_the_flow_adds_up_at_every_kind_of_moment(rows: dict, drawn: list, kind: str) -> None:
    given_ = moments(*((i, quarter / 4) for i, quarter in drawn)).astype(
        {"lead_id": "string", "moment": "datetime64[us]"}
    )
    history = [changed(i, quarter / 4) for i, quarter in drawn] or [changed(0, 5)]
    moment = {
        "handoff": AtHandoff(episodes="all", quiet_days=5),
        "moments": AtMoments(given_),
        "changes": AtScoreChange(),
        "crossings": AtCrossing(
            5,
            given_.assign(threshold=5, episode=1).rename(columns={"moment": "crossed_at"}),
            "all",
        ),
        "age": AtAge(3),
        "panel": AtPeriodEnd("month"),
    }[kind]
    crm = crm_of(**rows, history=history)
    try:
        made = run_backtest(FLAT, crm, moment=moment, outcome=SQL, further=[Outcome("won", 5)])
    except (DataError, QuestionError) as error:
        assert "no lead is left" in str(error) or "'won'" in str(error)  # noqa: PT017 - as drawn
        return
    for each in (made, made.of("won")):
        flow = each.flow
        starts = flow.index[flow["kind"] == "start"]
        used = flow[flow["step"].isin(STATES) & (flow["kind"] == "state")]["n"].sum()
        assert used == len(each.rows())
        left = flow["n"].iloc[starts[-1]]
        assert left - flow.iloc[starts[-1] + 1 :].query("kind == 'excluded'")["n"].sum() == used
        if len(starts) > 1:
            first = flow.iloc[: starts[-1]]
            leads = first["n"].iloc[0] - first.query("kind == 'excluded'")["n"].sum()
            assert leads == made.rows()["lead_id"].nunique()
        assert (flow["remaining"] >= 0).all()
