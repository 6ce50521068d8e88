"""Recorded scores are met to the point, or the fault that was planted is named."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.backtest.tables import at
from toolkit.backtest.reconcile import count_differences
from toolkit.checks import reconcile
from toolkit.crm import connect, load_mapping
from toolkit.crm.demo import DemoPlan, demo_frames, make_demo
from toolkit.errors import DataError, QuestionError
from toolkit.model import load_model, parse_model

MODEL = parse_model("""
lead_score_model: 1
name: small
version: v1
groups:
- id: who
  dimension: fit
  criteria:
  - {id: boss, label: Boss, when: {title: {in: [boss]}}, points: 20}
- id: acts
  label: Acts
  dimension: behavior
  criteria:
  - {id: price, label: Pricing, activity: price, points: 15, within: 30d, max: 45}
  - {id: demo, label: Demo, activity: demo, points: 30, max_units: 1}
- id: silence
  dimension: behavior
  criteria:
  - {id: quiet, label: Quiet, inactivity: {after: 20d}, points: -10}
""")
ACTS = [
    ("L0", "price", 1), ("L0", "price", 2), ("L0", "demo", 3), ("L1", "price", 1), ("L1", "price", 1.5),
    ("L2", "demo", 2),
]  # fmt: skip


def crm_of(history=(), leads=None, acts=ACTS, **columns):
    """Three leads created on day 0, L0 a boss; recorded scores as (lead, day, value[, reason])."""
    who = pd.DataFrame(
        {"lead_id": ["L0", "L1", "L2"], "created_at": [at(0)] * 3, "title": ["boss", "clerk", None],
         "account_id": ["A", "A", None], **(leads or {})}
    )  # fmt: skip
    did = pd.DataFrame(acts, columns=["lead_id", "activity_type", "day"])
    frames = {
        "leads": who,
        "activities": did.assign(occurred_at=did.pop("day").map(at)),
    }
    if history:
        rows = [(lead, at(day), *rest) for lead, day, *rest in history]
        names = ["lead_id", "changed_at", "new_value", *columns.get("names", ())]
        frames["score_history"] = pd.DataFrame(rows, columns=names)
    return connect(frames, observed_until=at(60), time_zone="UTC")


# 20; 35 and 50 with two visits; 80 with the demo; the first visit is gone on day 31, the second on 32.
TRUE = [("L0", 0, 20), ("L0", 1, 35), ("L0", 2, 50), ("L0", 3, 80), ("L0", 31, 55), ("L0", 32, 40),
        ("L1", 0, 0), ("L1", 1, 15), ("L1", 1.5, 30), ("L1", 21.5, 20), ("L2", 2, 30)]  # fmt: skip


def test_scores_recorded_by_the_book_agree_to_the_point():
    found = reconcile(MODEL, crm_of(TRUE))
    assert (found.agreement.positives, found.agreement.n, found.agreement.estimate) == (11, 11, 1)
    assert found.agrees
    assert found.differences.to_dict("list") == {"difference": [0], "n": [11], "share": [1.0]}
    assert (found.leads, found.differing_leads) == (3, 0)


def test_differences_are_recorded_minus_replayed():
    wrong = [*TRUE[:3], ("L0", 3, 75), *TRUE[4:8], ("L1", 1.5, 45), *TRUE[9:]]
    counts = count_differences(MODEL, crm_of(wrong))
    assert counts.frame.to_dict("list") == {"difference": [-5, 0, 15], "n": [1, 9, 1]}
    # Account A has ten recorded scores, L2 has one.
    assert counts.accounts.to_numpy().tolist() == [[1, 1, 1], [10, 8, 1]]
    assert counts.accounts_known
    assert (counts.leads, counts.differing_leads) == (3, 2)
    assert counts.looked_at == (2, 9)


def explained(history, **more):
    """The changes that explain every score that differs, as (code, criterion)."""
    counts = count_differences(MODEL, crm_of(history, **more))
    whole = set.intersection(*(set(found) for found in counts.patterns["explained_by"]))
    rows = counts.hypotheses.iloc[sorted(whole)]
    return {(row.code, row.criterion) for row in rows.itertuples()}


@pytest.mark.parametrize(
    ("history", "change"),
    [
        ([("L0", 1, 50), ("L1", 1, 30)], ("twice", "price")),
        ([("L1", 1.5, 45)], ("once_more", "price")),
        ([("L1", 1.5, 15)], ("latest_missing", "price")),
        ([("L1", 1.5, 15)], ("once_a_day", "price")),
        ([("L0", 40, 70)], ("never_expires", "price")),
        ([("L0", 3, 60), ("L0", 0, 0)], ("missing", "boss")),
        ([("L1", 30, 30)], ("missing", "quiet")),
        ([("L2", 45, 10)], ("repeated", "quiet")),
        ([("L0", 1, 40), ("L1", 1, -10)], ("rescored", "")),
        ([("L0", 1, 20), ("L0", 3, 50)], ("lagging", "")),
    ],
)
def test_the_change_behind_a_difference_is_among_those_that_explain_it(history, change):
    assert change in explained(history)


def test_a_limit_that_the_platform_ignores_is_named():
    acts = [("L1", "price", day) for day in (1, 2, 3, 4)]
    assert ("limit_ignored", "price") in explained([("L1", 4, 60)], acts=acts)


def test_points_are_given_back_or_not():
    acts = [("L1", "price", 1), ("L1", "other", 30)]
    # Silent from day 1 to day 30: ten points gone, given back on day 30; the visit still counts.
    assert ("not_recovered", "quiet") in explained([("L1", 30, 5)], acts=acts)


def test_resets_are_ignored_or_made():
    model = parse_model(
        """
lead_score_model: 1
name: small
version: v1
groups:
- id: acts
  dimension: behavior
  criteria:
  - {id: price, label: Pricing, activity: price, points: 15}
resets:
- {activities: [rejected]}
"""
    )
    acts = [("L1", "price", 1), ("L1", "rejected", 2), ("L1", "price", 3)]
    counts = count_differences(model, crm_of([("L1", 3, 30)], acts=acts))
    codes = {counts.hypotheses["code"][i] for i in counts.patterns["explained_by"][0]}
    assert "reset_ignored" in codes


def test_an_edit_lasts_until_the_score_agrees_again():
    history = [*TRUE[:3], ("L0", 2.5, 57), ("L0", 3, 87), ("L0", 31, 55), *TRUE[6:]]
    found = reconcile(MODEL, crm_of(history))
    assert found.differences.to_dict("list")["difference"] == [0, 7]
    counts = count_differences(MODEL, crm_of(history))
    codes = [{counts.hypotheses["code"][i] for i in row} for row in counts.patterns["explained_by"]]
    assert codes == [{"edited"}]
    assert counts.patterns["n"].tolist() == [2]


def test_a_score_that_falls_to_zero_was_reset():
    history = [*TRUE[:4], ("L0", 4, 0), ("L0", 31, -25), *TRUE[6:]]
    assert ("reset_recorded", "") in explained(history)


def with_changes(history):
    """L1 was a boss until day 10; the export knows a clerk."""
    crm = crm_of(history)
    names = ("leads", "activities", "score_history")
    frames = {name: crm.connection.execute(f"from {name}").df() for name in names}
    frames["leads"] = frames["leads"].drop(columns="row_id")
    frames["activities"] = frames["activities"].drop(columns="role")
    frames["lead_changes"] = pd.DataFrame(
        [("L1", "title", "clerk", "boss", at(10))],
        columns=["lead_id", "field", "value", "old_value", "valid_from"],
    )
    return connect(frames, observed_until=at(60), time_zone="UTC")


def test_the_replay_knows_the_fields_as_they_were_when_the_score_was_recorded():
    crm = with_changes([("L1", 0, 20), ("L1", 1, 35), ("L1", 1.5, 50), ("L1", 12, 30)])
    assert reconcile(MODEL, crm).agreement.estimate == 1


def test_a_platform_that_scores_again_with_later_fields_is_named():
    crm = with_changes([("L1", 0, 0), ("L1", 1, 15), ("L1", 1.5, 30), ("L1", 12, 30)])
    counts = count_differences(MODEL, crm)
    whole = set.intersection(*(set(found) for found in counts.patterns["explained_by"]))
    assert "fields_of_export" in {counts.hypotheses["code"][i] for i in whole}
    assert counts.frame.to_dict("list") == {"difference": [-20, 0], "n": [3, 1]}


# --- what is recorded -------------------------------------------------------------------------------


def test_changes_are_added_up_where_only_they_are_recorded():
    rows = [("L0", at(0), 20), ("L0", at(1), 15), ("L0", at(2), 15), ("L0", at(3), 30)]
    frames = {"score_history": pd.DataFrame(rows, columns=["lead_id", "changed_at", "delta"])}
    crm = crm_of()
    frames |= {
        name: crm.connection.execute(f"select * from {name}")
        .df()
        .drop(columns=["role", "row_id"], errors="ignore")
        for name in ("leads", "activities")
    }
    found = reconcile(MODEL, connect(frames, observed_until=at(60), time_zone="UTC"))
    assert (found.agreement.positives, found.agreement.n) == (4, 4)


def test_of_several_values_in_a_second_the_last_counts_where_it_is_known():
    rows = [("L0", 2, 35, 20), ("L0", 2, 50, 35), ("L1", 1.5, 15, None), ("L1", 1.5, 30, None)]
    crm = crm_of(rows, names=["old_value"])
    counts = count_differences(MODEL, crm)
    assert counts.frame.to_dict("list") == {"difference": [0], "n": [1]}
    assert [(step.kind, step.reason, step.n) for step in counts.flow] == [
        ("start", "recorded scores", 2),
        ("excluded", "several values in one second, their order unknown", 1),
    ]


def test_every_recorded_score_is_compared_or_set_aside_with_its_reason():
    rows = [("L0", 0, 20), ("L9", 1, 5), ("L0", 1, 35.5), ("L0", -1, 0), ("L0", 61, 0)]
    counts = count_differences(MODEL, crm_of(rows))
    aside = {step.reason: step.n for step in counts.flow if step.kind == "excluded"}
    assert aside == {
        "the lead is not in the lead table, or cannot be scored": 1,
        "recorded score that is no whole number": 1,
        "recorded before the lead was created": 1,
        "recorded after observed_until": 1,
    }
    assert counts.flow[0].n == 5 == sum(aside.values()) + int(counts.frame["n"].sum())


def versioned(rows, *versions, names=()):
    """The CRM of `rows` and a table of versions as (version, day from which it ran)."""
    plain = crm_of(rows, names=names)
    tables = ["leads", "activities", "score_history"]
    frames = {name: plain.connection.execute(f"select * from {name}").df() for name in tables}
    frames["leads"] = frames["leads"].drop(columns="row_id")
    columns = ["version", "valid_from", "file"]
    ran = pd.DataFrame(
        [(name, at(day), *file) for name, day, *file in versions],
        columns=columns[: len(versions[0])],
    )
    return connect({**frames, "model_versions": ran}, observed_until=at(60), time_zone="UTC")


def test_a_model_is_compared_with_the_scores_that_it_gave():
    # Version v0 ran until the second of day 2; nothing is known before day 0.5. L0 has 35 points on
    # day 1, 50 on day 2 and 80 on day 3: v1 gave the last two, and v0 what is not v1's at all.
    rows = [("L0", 0.25, 20), ("L0", 1, 7), ("L1", 1.5, 9), ("L0", 2, 50), ("L0", 3, 80)]
    crm = versioned(rows, ("v1", 2), ("v0", 0.5))
    counts = count_differences(MODEL, crm)
    assert counts.frame.to_dict("list") == {"difference": [0], "n": [2]}
    aside = [(step.reason, step.n) for step in counts.flow if step.kind == "excluded"]
    assert aside == [
        (
            "given by another version of the model (not known, v0): reconcile them with its own file",
            3,
        )
    ]
    older = count_differences(MODEL.model_copy(update={"version": "v0"}), crm)
    assert older.frame.to_dict("list") == {"difference": [7 - 35, 9 - 30], "n": [1, 1]}


def test_the_file_of_another_version_is_named_where_the_table_knows_it():
    crm = versioned([("L0", 1, 35), ("L0", 2, 50)], ("v0", 0, "old/v0.yaml"), ("v1", 2, None))
    aside = count_differences(MODEL, crm).flow[1].reason
    assert aside == (
        "given by another version of the model (v0 in old/v0.yaml): reconcile them with its own file"
    )


def test_the_version_beside_a_score_goes_before_the_calendar():
    rows = [("L0", 1, 7, "v0"), ("L0", 2, 50, " v1"), ("L0", 3, 80, None)]
    counts = count_differences(MODEL, versioned(rows, ("v1", 0), names=["model_version"]))
    assert counts.frame.to_dict("list") == {"difference": [0], "n": [2]}
    assert [step.n for step in counts.flow] == [3, 1]
    # Without the table nobody says that these are names of versions.
    assert (
        int(count_differences(MODEL, crm_of(rows, names=["model_version"])).frame["n"].sum()) == 3
    )


def test_a_version_that_never_ran_cannot_be_compared():
    crm = versioned([("L0", 1, 35)], ("v7", 0))
    with pytest.raises(DataError, match=r"1 given by another version of the model \(v7\)"):
        reconcile(MODEL, crm)


def test_of_too_many_scores_those_of_some_leads_are_compared_whole():
    history = [
        (f"L{i}", day, value) for i in range(40) for day, value in ((0, 0), (1, 15), (25, 5))
    ]
    leads = {"lead_id": [f"L{i}" for i in range(40)], "title": None, "account_id": None}
    who = pd.DataFrame({**leads, "created_at": at(0)})
    acts = pd.DataFrame({"lead_id": who["lead_id"], "activity_type": "price", "occurred_at": at(1)})
    rows = pd.DataFrame(
        [(lead, at(day), value) for lead, day, value in history],
        columns=["lead_id", "changed_at", "new_value"],
    )
    frames = {"leads": who, "activities": acts, "score_history": rows}
    crm = connect(frames, observed_until=at(60), time_zone="UTC")
    counts = count_differences(MODEL, crm, most=60)
    compared, aside = int(counts.frame["n"].sum()), counts.flow[1]
    assert counts.frame["difference"].tolist() == [0]
    assert compared == 3 * counts.leads
    assert 9 < counts.leads < 31
    assert aside.reason == "of leads outside the sample (drawn by a hash of their ids)"
    assert aside.n + compared == counts.flow[0].n == 120


def test_a_column_of_leads_is_compared_at_the_end_of_the_export_or_at_its_own_time():
    # At the end: 20 + 30 - 10 = 40; -10; 30 - 10 = 20.
    crm = crm_of(leads={"Score": [40, -10, 25], "Scored": [at(3), at(1), None]})
    found = reconcile(MODEL, crm, column="Score")
    assert found.differences["difference"].tolist() == [0, 5]
    crm = crm_of(leads={"Score": [80, 15, 25], "Scored": [at(3), at(1), None]})
    found = reconcile(MODEL, crm, column="Score", at="Scored")
    assert (found.agreement.positives, found.agreement.n) == (2, 2)


def test_what_cannot_be_compared_is_one_readable_error():
    with pytest.raises(QuestionError, match="no table 'score_history'"):
        reconcile(MODEL, crm_of())
    with pytest.raises(QuestionError, match="leads has no column 'Scroe': did you mean 'Score'"):
        reconcile(MODEL, crm_of(leads={"Score": [1, 2, 3]}), column="Scroe")
    with pytest.raises(QuestionError, match="name the column, too"):
        reconcile(MODEL, crm_of(TRUE), at="Scored")
    with pytest.raises(DataError, match="no recorded score can be compared"):
        reconcile(MODEL, crm_of([("L9", 1, 5)]))
    two = crm_of([("L0", 0, 20, "a"), ("L0", 0, 20, "b's")], names=["score_name"])
    with pytest.raises(QuestionError, match="several scores: a, b's"):
        reconcile(MODEL, two)
    with pytest.raises(QuestionError, match="no score 'c'"):
        reconcile(MODEL, two, score="c")
    assert reconcile(MODEL, two, score="b's").agrees


def test_comparing_leaves_no_tables_behind():
    crm = crm_of([*TRUE, ("L2", 3, 99)])
    query = "select count(*) from information_schema.tables"
    before = crm.connection.execute(query).fetchall()
    reconcile(MODEL, crm)
    assert crm.connection.execute(query).fetchall() == before


def test_the_order_of_rows_changes_nothing():
    rows = [*TRUE[:3], ("L0", 3, 75), *TRUE[4:8], ("L1", 1.5, 45), *TRUE[9:]]
    before = count_differences(MODEL, crm_of(rows))
    after = count_differences(MODEL, crm_of(rows[::-1], acts=ACTS[::-1]))
    pd.testing.assert_frame_equal(before.frame, after.frame)
    pd.testing.assert_frame_equal(before.patterns, after.patterns)
    pd.testing.assert_frame_equal(before.hypotheses, after.hypotheses)


# --- the demo ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "crm"
    make_demo(folder, leads=1_000, seed=1)
    mapping = load_mapping(folder / "crm.yaml").mapping
    tables = {n: t.model_copy(update={"file": None}) for n, t in mapping.tables.items()}
    return mapping.model_copy(update={"tables": tables}), load_model(folder / "model.yaml")


def demo(written, plan, *, leads=700, seed=5):
    frames = demo_frames(leads=leads, seed=seed, plan=plan).tables
    del frames["accounts"]
    return reconcile(written[1], connect(frames, mapping=written[0]))


def test_nothing_planted_agrees_everywhere(written):
    found = demo(written, DemoPlan(recorded="faithful"))
    assert found.agreement.estimate == 1
    assert found.agreement.n > 3_000
    assert found.causes.empty


@pytest.mark.parametrize(
    ("fault", "code", "criterion", "share"),
    [
        ("double_count", "twice", "pricing", 1.0),
        ("missing_decay", "never_expires", "", 0.3),
        ("manual_edit", "edited", "", 0.3),
        ("reset", "reset_recorded", "", 1.0),
        ("rescored", "rescored", "", 0.3),
    ],
)
def test_a_planted_fault_is_named_first(written, fault, code, criterion, share):
    plan = DemoPlan(recorded=fault, recorded_fault_share=share)
    found = demo(written, plan, leads=400)
    assert found.agreement.estimate < 1
    first = found.causes.iloc[0]
    assert first["code"] == code
    assert first["criterion"] == criterion
    differing = 1 - found.agreement.estimate
    assert found.causes["share"][0] > 0.8 * differing


def test_a_double_count_is_told_in_the_words_of_the_model(written):
    found = demo(written, DemoPlan(recorded="double_count", recorded_fault_share=1))
    text = found.causes["text"][0]
    assert (
        "differ, mostly by +15 points: Pricing page visited: counted twice in the platform" in text
    )
    assert "some leads" not in text
