"""What is counted for the leak guard: the rows themselves, in folds, and on which side of what."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.tables import activity, at, crm_of, decision, entry, lead
from toolkit.backtest import Outcome
from toolkit.backtest.leaks import count_fields, count_fields_and_timing
from toolkit.checks import check_leaks
from toolkit.crm import connect, load_mapping
from toolkit.crm.demo import DemoPlan, demo_frames, make_demo
from toolkit.errors import DataError, QuestionError, SourceError
from toolkit.model import load_model


def flat(n: int = 400, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "won": rng.integers(0, 2, n),
            "firm": [f"f{i}" if i < 60 else None for i in rng.integers(0, 80, n)],
            "color": rng.choice(["red", "blue", " ", "green"], n),
            "visits": rng.poisson(3, n),
            "amount": np.round(rng.gamma(2, 900, n), 2),
            "seen": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 200, n), unit="D"),
            "same": "x",
            "mail": [f"a{i}@b.example" for i in range(n)],
        }
    )


def test_every_field_adds_up_to_the_judged_leads():
    counts = count_fields(flat(), outcome="won", account="firm")
    sums = counts.levels.groupby("field")[["converted", "not_converted"]].sum()
    assert set(sums.index) == {"color", "visits", "amount", "seen"}
    assert (sums["converted"] == counts.converted).all()
    assert (sums["not_converted"] == counts.not_converted).all()
    kinds = counts.kinds.set_index("field")["kind"].to_dict()
    assert kinds == {
        "color": "values", "visits": "values", "amount": "ranges", "seen": "months", "same": "constant",
        "mail": "own",
    }  # fmt: skip


def test_levels_are_what_pandas_counts():
    frame = flat()
    counts = count_fields(frame, outcome="won", account="firm")
    found = counts.levels[counts.levels["field"] == "color"].groupby("value", dropna=False)
    expected = frame.assign(color=frame["color"].where(frame["color"] != " ")).groupby(
        "color", dropna=False
    )["won"]
    assert found["converted"].sum().to_dict() == expected.sum().to_dict()
    single = frame["firm"].isna()
    accounts = frame["firm"].where(~single, pd.Series(range(len(frame))).astype(str))
    by_color = accounts.groupby(frame["color"].where(frame["color"] != " "), dropna=False)
    assert found["accounts"].sum().to_dict() == by_color.nunique().to_dict()
    assert counts.accounts == accounts.nunique()


def test_an_account_lies_in_one_fold():
    """Each of 60 accounts has a value of its own: it must appear in a single fold."""
    frame = flat().dropna(subset="firm")
    counts = count_fields(frame.assign(copy=frame["firm"]), outcome="won", account="firm")
    folds = counts.levels[counts.levels["field"] == "copy"].groupby("value")["fold"].nunique()
    assert len(folds) > 50
    assert (folds == 1).all()
    assert counts.levels["fold"].nunique() > 15


def test_ranges_are_closed_below_and_nearly_equal():
    counts = count_fields(flat(), outcome="won")
    ranges = counts.levels[counts.levels["field"] == "amount"].groupby("value")
    sizes = ranges[["converted", "not_converted"]].sum().sum(axis=1)
    assert len(sizes) == 20
    assert sizes.max() - sizes.min() <= 3
    assert sizes.index.str.match(r"(under [\d.]+|[\d.]+ to under [\d.]+|[\d.]+ and more)$").all()


@settings(max_examples=8)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(random):
    frame = flat(120).drop(columns="mail")
    frame = pd.concat([frame, frame.head(30)], ignore_index=True)  # rows that are alike
    order = list(range(len(frame)))
    random.shuffle(order)
    before = count_fields(frame, outcome="won")
    after = count_fields(frame.iloc[order], outcome="won")
    pd.testing.assert_frame_equal(before.levels, after.levels)
    pd.testing.assert_frame_equal(before.kinds, after.kinds)


def test_rows_that_are_alike_are_spread_over_the_folds():
    """Otherwise each would be a stranger in its own fold, and the area would lie."""
    frame = pd.DataFrame({"flag": [1, 0] * 200, "won": [1, 0] * 200})
    found = check_leaks(frame, outcome="won")
    assert found.alarms == ("flag",)
    assert found.table["auc"][0] == 1


def test_a_field_of_many_values_is_ranked_by_rates_of_other_folds():
    rng = np.random.default_rng(2)
    value = rng.integers(0, 3_000, 12_000)
    known = value % 2 == 0
    frame = pd.DataFrame({"code": [f"c{v}" for v in value], "won": known.astype(int)})
    counts = count_fields(frame, outcome="won")
    assert counts.kinds["kind"].tolist() == ["many"]
    assert counts.areas[["converted", "not_converted"]].to_numpy().sum() == 12_000
    assert counts.levels["value"].nunique() <= 60
    found = check_leaks(frame, outcome="won")
    assert found.table["auc"][0] > 0.95
    assert found.alarms == ("code",)
    shuffled = frame.assign(won=rng.permutation(frame["won"]))
    assert abs(check_leaks(shuffled, outcome="won").table["auc"][0] - 0.5) < 0.05


def test_a_flat_file_without_what_is_asked_for_is_refused():
    with pytest.raises(SourceError, match="no column 'sold'"):
        check_leaks(flat(), outcome="sold")
    with pytest.raises(DataError, match="expected 1/0, true/false or yes/no"):
        check_leaks(flat(), outcome="color")
    with pytest.raises(DataError, match="no row has an outcome"):
        check_leaks(flat().assign(won=None), outcome="won")
    with pytest.raises(QuestionError, match="unknown role 'sale'"):
        check_leaks(flat(), outcome="won", roles={"sale": ["color"]})
    with pytest.raises(QuestionError, match="name its outcome column"):
        check_leaks(flat(), outcome=Outcome("won", 90))


# --- a CRM, by hand ---------------------------------------------------------------------------------

WON = Outcome("sql", within_days=30)


def small(changes=(), history=(), sql=20.5, dated=False, **more):
    """Six leads created on day 0; 0 to 3 handed over on day 10; 0 to 2 are SQL at noon of day 20."""
    crm = crm_of(
        [lead(i, 0, account_id="A" if i < 2 else None) for i in range(6)],
        more.pop("activities", [activity(0, "page_view", 1)]),
        [entry(i, "mql", 10) for i in range(4)] + [entry(i, "sql", sql) for i in range(3)],
        [decision(i, "accepted", 12) for i in range(4)],
        **more,
    )
    frames = {
        name: crm.connection.execute(f"select * from {name}")
        .df()
        .drop(columns=["role", "row_id"], errors="ignore")
        for name in ("leads", "activities", "stage_changes", "sales_feedback")
    }
    frames["stage_changes"]["is_date_only"] = dated
    if changes:
        frames["lead_changes"] = pd.DataFrame(
            changes, columns=["lead_id", "field", "value", "old_value", "valid_from"]
        )
    if history:
        frames["score_history"] = pd.DataFrame(
            history, columns=["lead_id", "changed_at", "new_value"]
        )
    return connect(frames, mapping=crm.mapping)


def timing(crm, question):
    frame = count_fields_and_timing(crm, outcome=WON)[1].frame
    part = frame[frame["question"] == question].set_index("name")
    return {name: (row["n"], row["late"], row["accounts"]) for name, row in part.iterrows()}


def test_only_leads_judged_from_their_creation_on_are_counted():
    counts, _ = count_fields_and_timing(small(), outcome=WON)
    assert (counts.converted, counts.not_converted) == (3, 1)  # leads 4 and 5 were never worked


def test_a_field_is_late_when_it_is_first_set_at_or_after_the_outcome():
    crm = small([
        ("L0", "note", "a", None, at(20.5)),  # in that very second
        ("L1", "note", "a", None, at(20.4)),
        ("L1", "note", "b", "a", at(25)),
        ("L2", "note", "b", "a", at(25)),  # replaces a value: it was set before
        ("L3", "note", "a", None, at(25)),  # never converted
        ("L0", "empty", None, "a", at(25)),
    ])  # fmt: skip
    assert timing(crm, "first_set") == {"empty": (1, 0, 1), "note": (3, 1, 2)}


def test_a_date_without_time_is_late_only_on_a_later_day():
    rows = [
        ("L0", "note", "a", None, at(20.5)),
        ("L1", "note", "a", None, at(21)),
        ("L2", "note", "a", None, at(19)),
    ]
    assert timing(small(rows, sql=20, dated=True), "first_set") == {"note": (3, 1, 2)}


def test_activities_are_told_by_the_side_of_the_hand_off_they_are_on():
    acts = [
        activity(0, "call", 11), activity(1, "call", 10), activity(2, "call", 9), activity(2, "call", 11),
        activity(3, "call", 10.5), activity(3, "call", 12), activity(4, "call", 3),
        activity(0, "late", 20.5),  # more than 10 days after: the lead was only 10 days old
    ]  # fmt: skip
    # On one side only: 0 after, 1 in the second of the hand-off (before), 3 after; 2 has both.
    assert timing(small(activities=acts), "after_handoff") == {"call": (3, 2, 2)}


def test_an_activity_in_the_second_of_the_outcome_follows_from_it():
    acts = [activity(0, "opened", 20.5), activity(1, "opened", 19), activity(2, "opened", 21)]
    assert timing(small(activities=acts), "after_outcome") == {"opened": (3, 2, 2)}


def test_machines_are_not_asked():
    acts = [activity(0, "click", 11, is_machine=True), activity(0, "page_view", 1)]
    assert "click" not in timing(small(activities=acts), "after_handoff")


def test_scores_that_move_on_the_day_of_the_outcome_are_told():
    rows = [("L0", at(1), 5), ("L0", at(20.5), 0), ("L1", at(1), 5), ("L1", at(13.5), 8),
            ("L2", at(1), 5), ("L2", at(13.5), 6), ("L2", at(20.5), 7), ("L3", at(20.5), 0)]  # fmt: skip
    # L0 on the day of the outcome only, L1 a week before only, L2 on both; L3 did not convert.
    assert timing(small(history=rows), "moved") == {"score": (2, 1, 1)}


def test_what_cannot_be_looked_at_is_named():
    found = check_leaks(small(), outcome=WON)
    assert found.unknown == (
        "when fields were first set (no table lead_changes)",
        "whether scores moved after the outcome (no table score_history)",
    )


def test_looking_leaves_no_tables_behind():
    crm = small()
    query = "select count(*) from information_schema.tables"
    before = crm.connection.execute(query).fetchall()
    check_leaks(crm, outcome=WON)
    assert crm.connection.execute(query).fetchall() == before


# --- the demo ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "crm"
    make_demo(folder, leads=1_000, seed=1)
    mapping = load_mapping(folder / "crm.yaml").mapping
    tables = {n: t.model_copy(update={"file": None}) for n, t in mapping.tables.items()}
    return mapping.model_copy(update={"tables": tables}), load_model(folder / "model.yaml")


def demo(written, *, seed, leads, plan=None, **mapping):
    frames = demo_frames(leads=leads, seed=seed, plan=plan).tables
    del frames["accounts"]
    return connect(frames, mapping=written[0].model_copy(update=mapping))


def test_nothing_planted_raises_no_alarm(written):
    for seed in range(3):
        found = check_leaks(demo(written, seed=seed, leads=3_000), outcome="sql", model=written[1])
        assert found.alarms == ()


@pytest.mark.slow
def test_nothing_planted_raises_no_alarm_in_38_of_40_seeds(written):
    plan = DemoPlan(recorded="faithful")
    alarms = [
        bool(check_leaks(demo(written, seed=seed, leads=4_000, plan=plan), outcome="sql").alarms)
        for seed in range(40)
    ]
    assert sum(alarms) <= 2


def test_a_field_that_sales_fills_at_the_outcome_is_an_alarm_until_answered(written):
    plan = DemoPlan(leaking_field=True)
    crm = demo(written, seed=4, leads=3_000, plan=plan)
    found = check_leaks(crm, outcome="sql")
    assert found.alarms == ("project_fit",)
    codes = found.reasons[found.reasons["name"] == "project_fit"].set_index("code")["level"]
    assert codes["separation"] == codes["ranks_alone"] == codes["first_set"] == "alarm"
    answered = demo(
        written, seed=4, leads=3_000, plan=plan, field_roles={"sales": ("Project_Fit",)}
    )
    assert check_leaks(answered, outcome="sql").alarms == ()


def test_calls_without_a_role_are_caused_by_the_hand_off(written):
    crm = demo(written, seed=4, leads=3_000, activity_roles={}, worked_by=("feedback",))
    assert check_leaks(crm, outcome="sql").alarms == ("call",)


def test_the_criteria_that_pay_are_named(written):
    crm = demo(written, seed=4, leads=1_000, field_roles={"outcome": ("title", "page_view")})
    found = check_leaks(crm, outcome="sql", model=written[1])
    paid = found.table.set_index("name")["paid_by"]
    assert paid["title"] == "vp_or_above, student"
    assert paid["page_view"] == "pricing"
    assert paid["source"] == ""
    assert set(found.alarms) == {"title", "page_view"}
