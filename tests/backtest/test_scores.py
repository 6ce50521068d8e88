"""The score as of a moment: the reference agrees, and the future changes nothing."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest import reference
from tests.backtest.tables import START, activity, at, crm_of, crms, decision, entry, lead
from toolkit.backtest import AtAge, AtHandoff, AtPeriodEnd, Outcome, explain_lead, run_backtest
from toolkit.errors import ModelError
from toolkit.model import parse_model

MODEL = parse_model(reference.MODEL)
SQL = Outcome("sql", within_days=10)


def scores(rows: dict, moment: object = AtAge(days=5)) -> pd.DataFrame:
    return run_backtest(MODEL, crm_of(**rows), moment=moment, outcome=SQL).rows()


@given(crms(), st.integers(0, 30))
def test_the_engine_equals_the_reference(rows: dict, age: int) -> None:
    found = _scores_or_none(rows, AtAge(days=age))
    if found is None:
        return
    leads = {each["lead_id"]: each for each in rows["leads"]}
    for row in found.to_dict("records"):
        own = [a for a in rows["activities"] if a["lead_id"] == row["lead_id"]]
        assert row["score"] == reference.score(leads[row["lead_id"]], own, row["moment"])


def _scores_or_none(rows: dict, moment: object) -> pd.DataFrame | None:
    from toolkit.errors import DataError

    try:
        return scores(rows, moment)
    except DataError as error:
        assert "no lead is left to score" in str(error)  # noqa: PT017 - the only reason allowed
        return None


@settings(max_examples=15)
@given(crms(), st.sampled_from([AtAge(days=7), AtHandoff(), AtPeriodEnd("month")]))
def test_the_future_changes_nothing(rows: dict, moment: object) -> None:
    whole = _scores_or_none(rows, moment)
    if whole is None:
        return
    keys = ["lead_id", "moment"]
    for each in whole.to_dict("records"):
        # Everything after this moment is deleted; what says that there is a moment stays.
        past = [a for a in rows["activities"] if a["occurred_at"] <= each["moment"]]
        cut = scores({**rows, "activities": past or rows["activities"][:0] or ANCHOR}, moment)
        same = cut[(cut[keys] == pd.Series({k: each[k] for k in keys})).all(axis=1)]
        assert same["score"].tolist() == [each["score"]]


ANCHOR = [activity(0, "other", 59.75)]


@settings(max_examples=20)
@given(crms(), st.randoms())
def test_shuffling_rows_and_renaming_leads_changes_nothing(rows: dict, random: object) -> None:
    whole = _scores_or_none(rows, AtAge(days=7))
    if whole is None:
        return
    renamed = {f"L{i}": f"X{97 - i:02d}" for i in range(20)}
    mixed = {
        name: [{**row, "lead_id": renamed[row["lead_id"]]} for row in table]
        for name, table in rows.items()
    }
    for table in mixed.values():
        random.shuffle(table)
    other = scores(mixed, AtAge(days=7))
    back = {new: old for old, new in renamed.items()}
    other = other.assign(lead_id=other["lead_id"].map(back)).sort_values("lead_id")
    plain = whole.sort_values("lead_id").reset_index(drop=True)
    pd.testing.assert_frame_equal(plain, other.reset_index(drop=True), check_dtype=False)


@given(crms())
def test_fit_and_behavior_add_up_before_the_limits_of_the_total(rows: dict) -> None:
    found = _scores_or_none(rows, AtAge(days=7))
    if found is not None:
        total = (found["fit"] + found["behavior"] + 2).clip(-40, 90)
        assert found["score"].tolist() == total.tolist()


@settings(max_examples=25)
@given(crms(), st.integers(0, 11), st.integers(0, 50))
def test_an_explanation_adds_up_to_the_score(rows: dict, number: int, day: int) -> None:
    lead_row = rows["leads"][number % len(rows["leads"])]
    moment = max(at(day), lead_row["created_at"])
    own = [a for a in rows["activities"] if a["lead_id"] == lead_row["lead_id"]]
    why = explain_lead(MODEL, crm_of(**rows), lead_row["lead_id"], as_of=moment)
    assert why.score == reference.score(lead_row, own, moment)
    assert why.table["points"].sum() == why.score


def one(day: float, *acts: dict, **fields: object) -> int:
    """Score of one lead created on day 0, `day` days later."""
    rows = {"leads": [lead(1, **fields)], "activities": list(acts) or [activity(1, "other", 0)]}
    rows["stages"] = [entry(1, "sql", 59)]
    return int(scores(rows, AtAge(days=day))["score"].iloc[0])


SECOND = 1 / 86_400


def test_an_activity_at_the_very_moment_counts_and_one_second_later_not() -> None:
    assert one(5, activity(1, "demo", 5)) == 2 + 30
    assert one(5, activity(1, "demo", 5 + SECOND), activity(1, "other", 5)) == 2


def test_a_window_of_three_days_ends_with_its_last_second() -> None:
    view = [activity(1, "page_view", 2 + SECOND, "/pricing"), activity(1, "other", 5)]
    assert one(5, *view) == 2 + 15
    view[0] = activity(1, "page_view", 2, "/pricing")
    assert one(5, *view) == 2


def test_four_days_of_silence_cost_points_and_one_second_less_does_not() -> None:
    assert one(5, activity(1, "other", 1)) == 2 - 10
    assert one(5, activity(1, "other", 1 + SECOND)) == 2
    assert one(3) == 2  # silence is counted from the creation on


def test_machines_earn_nothing_and_break_no_silence() -> None:
    assert one(5, activity(1, "demo", 5, is_machine=True)) == 2 - 10


def test_a_repeated_activity_id_counts_once() -> None:
    import pandas as pd

    from tests.backtest.tables import UNTIL, frame
    from toolkit.crm import Mapping, connect

    views = [activity(1, "page_view", day, "/pricing") for day in (4, 4, 4.5)]
    acts = frame(views, ["lead_id", "activity_type", "occurred_at", "page"])
    frames = {
        "leads": frame([lead(1)], ["lead_id", "created_at", "title", "employees", "domain"]),
        "stage_changes": frame([entry(1, "sql", 59)], ["lead_id", "stage", "entered_at"]),
    }
    for ids, points in ((["a", "a", "b"], 30), (["a", "b", "c"], 40), ([None, None, "c"], 40)):
        numbered = acts.assign(activity_id=pd.array(ids, dtype="string"))
        crm = connect(
            {**frames, "activities": numbered},
            mapping=Mapping(observed_until=UNTIL, time_zone="UTC"),
        )
        rows = run_backtest(MODEL, crm, moment=AtAge(days=5), outcome=SQL).rows()
        assert rows["score"].tolist() == [2 + points]


def test_activities_before_creation_count_once_the_lead_exists() -> None:
    rows = {
        "leads": [lead(1, created=2)],
        "activities": [activity(1, "demo", 1)],
        "stages": [entry(1, "sql", 59)],
    }
    assert scores(rows, AtAge(days=0))["score"].tolist() == [32]


def test_limits_hold_on_every_level() -> None:
    pricing = [activity(1, "page_view", 5, "/pricing") for _ in range(4)]
    assert one(5, *pricing) == 2 + 40
    assert one(5, *pricing, activity(1, "demo", 5)) == 2 + 60
    opens = [activity(1, "email_open", 5) for _ in range(9)]
    fields = {"title": "VP", "employees": 500}
    assert one(5, *pricing, activity(1, "demo", 5), *opens, **fields) == 90  # 2 + 30 + 63


@pytest.mark.parametrize(
    ("title", "points"),
    [("VP", 20), ("vp, sales", 20), ("SVP", 0), ("Chief", 20), (None, 0), ("", 0)],
)
def test_words_are_whole_and_missing_pays_nothing(title: str | None, points: int) -> None:
    assert one(3, title=title) == 2 + points


def test_a_gate_keeps_a_lead_out_of_the_score_and_in_the_flow() -> None:
    gated = parse_model(
        reference.MODEL + "gates: [{when: {domain: {in: [rival.example]}}, then: disqualified}]\n"
    )
    crm = crm_of([lead(1), lead(2, domain="rival.example")], [activity(1, "other", 0)],
                 [entry(1, "sql", 59)])  # fmt: skip
    backtest = run_backtest(gated, crm, moment=AtAge(days=5), outcome=SQL)
    assert backtest.rows()["lead_id"].tolist() == ["L1"]
    assert "decided by gate 1 (disqualified), not by the score" in backtest.flow["step"].tolist()


def test_a_field_that_is_not_there_is_named_with_its_neighbours() -> None:
    text = reference.MODEL.replace("title:", "tittle:")
    with pytest.raises(ModelError, match=r"criterion 'vp' uses the lead field 'tittle'.*'title'"):
        run_backtest(
            parse_model(text),
            crm_of([lead(1)], [activity(1, "other", 0)], [entry(1, "sql", 59)]),
            moment=AtAge(days=5),
            outcome=SQL,
        )


def test_a_where_column_that_is_not_there_is_named() -> None:
    text = reference.MODEL.replace("{page:", "{pgae:")
    with pytest.raises(
        ModelError, match=r"tests the column 'pgae' of the table 'activities'.*'page'"
    ):
        run_backtest(
            parse_model(text),
            crm_of([lead(1)], [activity(1, "other", 0)], [entry(1, "sql", 59)]),
            moment=AtAge(days=5),
            outcome=SQL,
        )


def test_activities_of_sales_may_not_earn_points() -> None:
    crm = crm_of(
        [lead(1)],
        [activity(1, "demo", 0), activity(1, "other", 0)],
        [entry(1, "sql", 59)],
        [decision(1, "accepted", 3)],
        activity_roles={"sales": ["demo"], "marketing": ["other"]},
    )
    with pytest.raises(
        ModelError, match=r"'demo' pays for the activity 'demo', whose role.*'sales'"
    ):
        run_backtest(MODEL, crm, moment=AtAge(days=5), outcome=SQL)


def test_a_model_of_activities_needs_activities() -> None:
    with pytest.raises(ModelError, match="there is no table 'activities'"):
        run_backtest(MODEL, crm_of([lead(1)], [], [entry(1, "sql", 59)]), moment=AtAge(days=5),
                     outcome=SQL)  # fmt: skip


def test_criteria_that_no_activity_meets_are_named() -> None:
    crm = crm_of([lead(1)], [activity(1, "demo", 0)], [entry(1, "sql", 59)])
    caveats = run_backtest(MODEL, crm, moment=AtAge(days=5), outcome=SQL).provenance.caveats
    assert any(
        "No activity in the data meets these criteria: 'Pricing', 'Open'" in c for c in caveats
    )


def test_the_start_is_the_first_second_of_2026() -> None:
    assert START.isoformat() == "2026-01-01T00:00:00"


def test_exactly_four_days_without_any_activity_are_silence_too() -> None:
    others = [activity(2, "other", 0)]
    rows = {"leads": [lead(1)], "activities": others, "stages": [entry(1, "sql", 59)]}
    assert scores(rows, AtAge(days=4))["score"].tolist() == [2 - 10]
    assert scores(rows, AtAge(days=3))["score"].tolist() == [2]


def test_the_longest_window_bounds_what_is_read_and_loses_nothing() -> None:
    short = parse_model(
        'lead_score_model: 1\nname: short\nversion: "1"\ngroups:\n'
        "- {id: g, dimension: behavior, criteria: ["
        "{id: demo, activity: demo, within: 2d, points: 30}, "
        "{id: quiet, inactivity: {after: 1d}, points: -10}]}\n"
    )
    for day, points in ((3, 0 - 10), (3 + SECOND, 30 - 10), (4, 30 - 10), (4 + SECOND, 30)):
        crm = crm_of([lead(1)], [activity(1, "demo", day)], [entry(1, "sql", 59)])
        rows = run_backtest(short, crm, moment=AtAge(days=5), outcome=SQL).rows()
        assert rows["score"].tolist() == [points]
