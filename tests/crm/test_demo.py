"""The demo as a reader of its files sees it: believable, complete, the same every time."""

from __future__ import annotations

import json
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest

from toolkit.crm.demo import DemoPlan, demo_frames, make_demo
from toolkit.errors import QuestionError, SourceError

UNTIL = pd.Timestamp("2026-10-01", tz="UTC")
FILES = {
    "README.txt",
    "accounts.csv",
    "activities.csv",
    "crm.yaml",
    "leads.csv",
    "model.yaml",
    "sales_feedback.csv",
    "stage_changes.csv",
    "truth.json",
}


@pytest.fixture(scope="module")
def frames():
    return demo_frames()


@pytest.fixture(scope="module")
def entered(frames):
    return frames.stage_changes.pivot_table(
        index="lead_id", columns="stage", values="entered_at", aggfunc="min"
    )


def digests(folder):
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


# --- believable -------------------------------------------------------------------------------


def test_the_size_is_that_of_a_mid_sized_company(frames):
    assert len(frames.leads) == 20_000
    assert len(frames.accounts) == 9_000
    assert 280_000 < len(frames.activities) < 360_000
    assert frames.leads["lead_id"].is_unique
    assert frames.activities["activity_id"].is_unique
    assert set(frames.leads["account_id"].dropna()) <= set(frames.accounts["account_id"])
    assert set(frames.activities["lead_id"]) <= set(frames.leads["lead_id"])


def test_most_accounts_are_small_and_a_few_are_large(frames):
    sizes = frames.leads["account_id"].value_counts()
    assert (sizes <= 3).mean() > 0.7
    assert 50 < sizes.max() < 400


def test_about_an_eighth_of_the_leads_become_mql(frames):
    assert 0.12 < frames.truth.counts["mql"] / 20_000 < 0.15
    assert (frames.lead_truth.query("way == 'handed_over'")["score"] >= 80).mean() > 0.03


def test_about_a_fifth_of_the_mature_mqls_become_sql(entered):
    mature = entered[entered["MQL"] < UNTIL - pd.Timedelta(days=90)]
    rate = ((mature["SQL"] - mature["MQL"]) <= pd.Timedelta(days=90)).mean()
    assert 0.18 < rate < 0.22


def test_sales_accepts_about_three_of_five_and_leaves_one_in_twelve_untouched(frames):
    mqls = frames.stage_changes.query("stage == 'MQL'")["lead_id"]
    decided = frames.sales_feedback[frames.sales_feedback["lead_id"].isin(mqls)]
    share = decided["decision"].value_counts(normalize=True)
    assert 0.55 < share["accepted"] < 0.65
    assert 0.06 < share["no_response"] < 0.10


def test_every_refusal_has_a_reason_and_nothing_else_has_one(frames):
    refused = frames.sales_feedback["decision"].isin(["rejected", "recycled"])
    assert (frames.sales_feedback["reason_code"].notna() == refused).all()


def test_conversion_rises_with_the_score(frames):
    mql = frames.lead_truth.query("way == 'handed_over' and worked")
    band = pd.cut(mql["score"], [49, 59, 79, 200])
    rates = mql.groupby(band, observed=True)["sql_within_horizon"].mean()
    assert rates.is_monotonic_increasing
    assert rates.iloc[-1] > 2 * rates.iloc[0]


def test_half_of_the_sqls_come_within_a_month_and_nearly_all_within_ninety_days(entered):
    days = (entered["SQL"] - entered["MQL"]).dropna().dt.total_seconds() / 86_400
    assert 20 < days.median() < 32
    assert 0.93 < (days <= 90).mean() < 1


def test_work_happens_on_weekdays(frames):
    days = frames.activities["occurred_at"].dt.day_of_week
    assert (days >= 5).mean() < 0.1
    calls = frames.activities.query("activity_type == 'call'")["occurred_at"].dt.day_of_week
    assert (calls >= 5).mean() < 0.1


def test_some_values_are_missing_and_no_key_is(frames):
    missing = frames.leads.isna().mean()
    assert (missing[["lead_id", "created_at", "email_domain"]] == 0).all()
    assert (missing[["title", "industry", "employees", "account_id"]] > 0.03).all()
    assert not frames.activities[["lead_id", "activity_type", "occurred_at"]].isna().any().any()


# --- time runs forward ------------------------------------------------------------------------


def test_nothing_happens_after_the_export(frames):
    assert (frames.leads["created_at"] < UNTIL).all()
    assert (frames.activities["occurred_at"] < UNTIL).all()
    assert (frames.stage_changes["entered_at"] < UNTIL).all()
    assert (frames.sales_feedback["decided_at"] < UNTIL).all()


def test_stages_follow_one_another(frames, entered):
    created = frames.leads.set_index("lead_id")["created_at"].reindex(entered.index)
    order = [
        (created, entered["MQL"]),
        (entered["MQL"], entered["Accepted"]),
        (entered["MQL"], entered["SQL"]),
        (entered["Accepted"], entered["SQL"]),
        (entered["SQL"], entered["Opportunity"]),
        (entered["Opportunity"], entered["Won"]),
        (entered["Opportunity"], entered["Lost"]),
        (entered["Accepted"], entered["Recycled"]),
    ]
    for earlier, later in order:
        both = earlier.notna() & later.notna()
        assert both.any()
        assert (earlier[both] <= later[both]).all()
    assert (entered["SQL"] > entered["MQL"]).sum() == entered[["SQL", "MQL"]].notna().all(
        axis=1
    ).sum()


def test_no_lead_is_both_won_and_lost(entered):
    assert not entered[["Won", "Lost"]].notna().all(axis=1).any()


def test_sales_contacts_follow_the_moment_and_only_where_sales_works(frames):
    truth = frames.lead_truth.set_index("lead_id")
    contacts = frames.activities[frames.activities["activity_type"].isin(["call", "meeting"])]
    of_lead = truth.loc[contacts["lead_id"]]
    assert of_lead["worked"].all()
    assert (contacts["occurred_at"].to_numpy() > of_lead["moment"].to_numpy()).all()


def test_no_decision_precedes_the_moment(frames):
    moment = frames.lead_truth.set_index("lead_id")["moment"]
    decided = frames.sales_feedback.set_index("lead_id")["decided_at"]
    assert (decided > moment.reindex(decided.index)).all()


def test_leads_below_the_bar_are_left_alone_but_for_the_coin_and_the_hand_raisers(frames):
    left = frames.lead_truth.query("way == 'left_alone'")["lead_id"]
    assert not frames.sales_feedback["lead_id"].isin(left).any()
    became = frames.stage_changes.query("stage == 'SQL'")["lead_id"].isin(left).sum()
    assert 0 < became < 0.02 * len(left)
    explored = set(frames.truth.exploration_leads)
    assert 0.03 < len(explored) / 20_000 < 0.05
    assert explored <= set(frames.sales_feedback["lead_id"]) | set(
        frames.lead_truth[frames.lead_truth["moment"] > UNTIL - pd.Timedelta(days=30)]["lead_id"]
    )


def test_machine_clicks_decide_nothing(frames):
    machine = frames.activities[frames.activities["is_machine"]]
    assert set(machine["activity_type"]) == {"email_click"}
    assert 300 < len(machine) < 600
    moment = frames.lead_truth.set_index("lead_id")["moment"]
    assert (machine["occurred_at"].to_numpy() > moment[machine["lead_id"]].to_numpy()).all()


# --- nobody is real ---------------------------------------------------------------------------


def test_there_are_no_names_and_no_addresses(frames):
    assert list(frames.leads.columns) == [
        "lead_id",
        "created_at",
        "account_id",
        "title",
        "industry",
        "employees",
        "country",
        "region",
        "source",
        "email_domain",
    ]
    for frame in frames.tables.values():
        for name in frame.columns:
            if not isinstance(frame[name].dtype, pd.DatetimeTZDtype):
                assert not frame[name].astype(str).str.contains("@").any(), name
    domains = frames.leads["email_domain"]
    real = {"gmail.com", "outlook.com", "yahoo.com", "icloud.com", "proton.me"}
    assert set(domains[~domains.str.endswith(".example")]) <= real


# --- the folder -------------------------------------------------------------------------------


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    make_demo(tmp_path / "a", leads=1_500)
    make_demo(tmp_path / "b", leads=1_500)
    first = digests(tmp_path / "a")
    assert set(first) == FILES
    assert first == digests(tmp_path / "b")
    make_demo(tmp_path / "b", leads=1_500, seed=2)
    assert first["leads.csv"] != digests(tmp_path / "b")["leads.csv"]


def test_parquet_and_csv_hold_the_same_rows(tmp_path):
    make_demo(tmp_path / "c", leads=800)
    make_demo(tmp_path / "p", leads=800, format="parquet")
    first = digests(tmp_path / "p")
    make_demo(tmp_path / "p", leads=800, format="parquet")
    assert first == digests(tmp_path / "p")
    for name in ("leads", "activities", "stage_changes", "sales_feedback", "accounts"):
        typed = pd.read_parquet(tmp_path / "p" / f"{name}.parquet")
        text = pd.read_csv(tmp_path / "c" / f"{name}.csv", dtype=str, keep_default_na=False)
        assert list(text.columns) == list(typed.columns)
        assert len(text) == len(typed)
        times = [column for column in typed if column.endswith("_at")]
        for column in times:
            assert text[column].str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").all()
            assert (pd.to_datetime(text[column]).astype(typed[column].dtype) == typed[column]).all()
        for column in typed.columns.difference([*times, "is_machine"]):
            shown = typed[column].astype(object).where(typed[column].notna(), "").astype(str)
            assert (text[column] == shown).all(), column


def test_the_truth_is_written_down(tmp_path):
    truth = make_demo(tmp_path / "demo", leads=600)
    written = json.loads((tmp_path / "demo" / "truth.json").read_text(encoding="utf-8"))
    assert written["seed"] == 20260701
    assert written["plan"]["account_sd"] == 0.8
    assert written["criteria"]["white_paper"] == {
        "model_points": 10,
        "true_points": 0,
        "true_log_odds": 0.0,
    }
    assert written["criteria"]["vp_or_above"]["true_log_odds"] == pytest.approx(np.log(2))
    assert written["counts"] == dict(truth.counts)
    assert written["exploration_leads"] == list(truth.exploration_leads)
    readme = (tmp_path / "demo" / "README.txt").read_text(encoding="utf-8")
    assert len(readme.splitlines()) == 2


def test_an_edited_demo_is_not_overwritten(tmp_path):
    make_demo(tmp_path / "demo", leads=300)
    model = tmp_path / "demo" / "model.yaml"
    model.write_text(model.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"not an unchanged demo \(model.yaml\)"):
        make_demo(tmp_path / "demo", leads=300)
    assert model.read_text(encoding="utf-8").endswith("# mine\n")


def test_a_folder_with_something_else_in_it_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SourceError, match=r"nothing was written; name a new or empty folder"):
        make_demo(tmp_path, leads=300)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(SourceError, match=r"'notes\.txt' is a file"):
        make_demo(tmp_path / "notes.txt", leads=300)


def test_a_forged_truth_file_protects_nothing_less(tmp_path):
    (tmp_path / "truth.json").write_text("[]", encoding="utf-8")
    with pytest.raises(SourceError, match=r"truth\.json"):
        make_demo(tmp_path, leads=300)


def test_nothing_is_left_beside_the_folder(tmp_path):
    make_demo(tmp_path / "deep" / "demo", leads=300)
    make_demo(tmp_path / "deep" / "demo", leads=300)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["demo"]


@pytest.mark.parametrize("leads", [1, 2, 17])
def test_a_tiny_crm_can_be_drawn(leads):
    frames = demo_frames(leads=leads, seed=5)
    assert len(frames.leads) == len(frames.lead_truth) == leads


def test_impossible_wishes_are_refused(tmp_path):
    with pytest.raises(QuestionError, match="leads is 0: expected 1 or more"):
        demo_frames(leads=0)
    with pytest.raises(QuestionError, match="format is 'xlsx': expected 'csv' or 'parquet'"):
        make_demo(tmp_path / "x", format="xlsx")
    with pytest.raises(QuestionError, match="exploration_share is 4: expected a share"):
        DemoPlan(exploration_share=4)
    with pytest.raises(QuestionError, match="account_sd is -1"):
        DemoPlan(account_sd=-1)
    with pytest.raises(QuestionError, match="did you mean 'pricing'"):
        DemoPlan(true_points={"pricng": 3})


def test_the_mapping_file_connects_without_a_warning(tmp_path):
    from toolkit.crm import check_tables, connect

    truth = make_demo(tmp_path / "demo", leads=600)
    crm = connect(tmp_path / "demo" / "crm.yaml")
    assert crm.tables >= {"leads", "activities", "stage_changes", "sales_feedback"}
    assert crm.observed_until == truth.observed_until.replace(tzinfo=None)
    assert {finding.level for finding in (*crm.findings, *check_tables(crm))} <= {"note"}
    sales = crm.connection.sql("select distinct activity_type from activities where role = 'sales'")
    assert {name for (name,) in sales.fetchall()} == {"call", "meeting"}
