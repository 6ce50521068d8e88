"""The demo's backtest against a few lines of pandas on its CSV files that share no code with it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from tests.crm.demo_oracle import Lead, score

UNTIL = pd.Timestamp("2026-10-01", tz="UTC")
WINDOW = timedelta(days=90)
RIVALS = ["rival.example", "othervendor.example"]


@pytest.fixture(scope="module")
def crm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    tk.make_demo(folder, leads=5_000, seed=3)
    dates = {
        "leads": "created_at",
        "activities": "occurred_at",
        "stage_changes": "entered_at",
        "sales_feedback": "decided_at",
    }
    read = {
        name: pd.read_csv(folder / f"{name}.csv", parse_dates=[at]) for name, at in dates.items()
    }
    return SimpleNamespace(folder=folder, lead=read["leads"].set_index("lead_id"), **read)


def backtest(crm, moment):
    return tk.run_backtest(
        tk.load_model(crm.folder / "model.yaml"),
        tk.connect(crm.folder / "crm.yaml"),
        moment=moment,
        outcome=tk.Outcome("sql", within_days=WINDOW.days),
    )


def first(crm, stage):
    entered = crm.stage_changes[crm.stage_changes["stage"] == stage]
    return entered.groupby("lead_id")["entered_at"].min()


def states(crm, moment):
    """What became of each lead from its moment on; None where SQL came before the moment."""
    sql = first(crm, "SQL").reindex(moment.index)
    end = moment + WINDOW
    converted = (sql > moment) & (sql <= end)
    decided = crm.sales_feedback[
        crm.sales_feedback["decision"].isin(["accepted", "rejected", "recycled"])
    ]
    called = crm.activities[crm.activities["activity_type"].isin(["call", "meeting"])]
    work = pd.concat(
        [
            decided.groupby("lead_id")["decided_at"].min(),
            called.groupby("lead_id")["occurred_at"].min(),
        ]
    )
    began = work.groupby(level=0).min().reindex(moment.index)
    worked = began <= sql.where(converted, end)
    found = np.where(converted, "converted", "not_converted")
    found = np.where(worked, found, "unworked")
    found = np.where(end <= UNTIL, found, "immature")
    return pd.Series(found, moment.index)[~(sql <= moment)]


def scores(crm, moment):
    people = crm.activities[
        ~crm.activities["is_machine"]
        & ~crm.activities["activity_type"].isin(["call", "meeting"])
        & crm.activities["lead_id"].isin(moment.index)
    ]
    log = {lead_id: [] for lead_id in moment.index}
    for lead_id, at, kind, page in people[
        ["lead_id", "occurred_at", "activity_type", "page"]
    ].itertuples(index=False):
        log[lead_id].append((at.to_pydatetime(), kind, {"page": page}))
    found = {}
    for lead_id, row in crm.lead.loc[moment.index].iterrows():
        events = sorted(log[lead_id], key=lambda event: event[0])
        lead = Lead(row.to_dict(), row["created_at"].to_pydatetime(), events)
        found[lead_id] = score(lead, moment[lead_id].to_pydatetime())
    return pd.Series(found)


@pytest.fixture(scope="module")
def landmark(crm):
    """Leads 14 days old: their score and state, by pandas."""
    moment = crm.lead["created_at"] + timedelta(days=14)
    moment = moment[(moment <= UNTIL) & ~crm.lead["email_domain"].isin(RIVALS)]
    state = states(crm, moment)
    frame = pd.DataFrame({"state": state, "score": scores(crm, moment[state.index])})
    return frame.rename_axis("lead_id")


def test_every_lead_has_the_score_and_the_state_that_pandas_finds(crm, landmark):
    ours = backtest(crm, tk.AtAge(days=14)).rows().set_index("lead_id")[["state", "score"]]
    pd.testing.assert_frame_equal(
        ours.sort_index(), landmark.sort_index(), check_dtype=False, check_exact=True
    )


def test_bands_thresholds_and_area_follow_from_those_rows(crm, landmark):
    run = backtest(crm, tk.AtAge(days=14))
    judged = landmark[landmark["state"].isin(["converted", "not_converted"])]
    table = tk.threshold_table(tk.count_scores(run)).set_index("threshold")
    for bar in (0, 20, 50, 80):
        above = judged[judged["score"] >= bar]["state"] == "converted"
        row = table.loc[bar]
        assert (row["tp"], row["fp"]) == (above.sum(), (~above).sum())
        assert row["precision"] == pytest.approx(above.mean(), abs=1e-12)
    high = judged[judged["score"] >= 50]
    hits, misses = (
        high.loc[high["state"] == state, "score"].to_numpy()
        for state in ("converted", "not_converted")
    )
    wins = (hits[:, None] > misses).mean() + (hits[:, None] == misses).mean() / 2
    assert tk.auc(tk.count_scores(run, at_least=50)).estimate == pytest.approx(wins, abs=1e-12)


def test_hand_offs_of_each_quarter_and_what_became_of_them(crm):
    handed = first(crm, "MQL")
    handed = handed[~crm.lead["email_domain"].reindex(handed.index).isin(RIVALS)]
    state = states(crm, handed)
    at = handed[state.index].dt
    quarter = at.year.astype(str) + "Q" + at.quarter.astype(str)
    wanted = pd.crosstab(quarter.to_numpy(), state.to_numpy())
    rows = backtest(crm, tk.AtHandoff()).rows()
    found = pd.crosstab(rows["quarter"].to_numpy(), rows["state"].to_numpy())
    pd.testing.assert_frame_equal(found, wanted, check_names=False)
    assert wanted["converted"].sum() > 50
