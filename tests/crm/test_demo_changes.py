"""Titles that arrive late or change, and leads that are merged: planted, told, and replayed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from tests.crm.demo_oracle import lead_of, score
from toolkit.backtest import AtMoments, Outcome, run_backtest, score_leads, threshold_crossings
from toolkit.checks import reconcile
from toolkit.crm import Mapping, connect
from toolkit.crm.demo import DemoPlan, demo_frames
from toolkit.crm.demo.texts import MODEL_YAML, crm_yaml
from toolkit.crm.mapping import load_mapping
from toolkit.model import parse_model

PLAN = DemoPlan(late_title_share=0.3, changed_title_share=0.1, merged_share=0.08)
MODEL = parse_model(MODEL_YAML)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def frames():
    return demo_frames(leads=3_000, seed=11, plan=replace(PLAN, recorded="faithful"))


@pytest.fixture(scope="module")
def mapping(tmp_path_factory) -> Mapping:
    path = tmp_path_factory.mktemp("demo") / "crm.yaml"
    path.write_text(crm_yaml("csv"), encoding="utf-8")
    read = load_mapping(path).mapping
    tables = {n: t.model_copy(update={"file": None}) for n, t in read.tables.items()}
    return read.model_copy(update={"tables": tables})


def connected(frames, mapping: Mapping, *without: str):
    kept = set(frames.tables) - {"accounts", *without}
    tables = {name: frames.tables[name] for name in sorted(kept)}
    return connect(tables, mapping=mapping)


def known(frames, lead_id: str, at):
    """The lead as it was known: its title then, and what those merged into it by then had done."""
    lead = lead_of(frames, lead_id)
    told = frames.lead_changes.query("lead_id == @lead_id")
    fields = dict(lead.fields)
    for row in told.itertuples():
        fields["title"] = row.value if row.valid_from <= at else row.old_value
    into = frames.lead_merges.query("winner_id == @lead_id and merged_at <= @at")
    events = [event for loser in into["loser_id"] for event in lead_of(frames, loser).events]
    return replace(lead, fields=fields, events=sorted([*lead.events, *events], key=lambda e: e[0]))


def touched(frames) -> pd.DataFrame:
    """The truth of leads whose title changed, or into which another lead came."""
    ids = {*frames.lead_changes["lead_id"], *frames.lead_merges["winner_id"]}
    return frames.lead_truth[frames.lead_truth["lead_id"].isin(ids)]


def test_scores_at_the_moment_are_of_what_was_known_then(frames) -> None:
    for row in touched(frames).sample(150, random_state=2).itertuples():
        at = row.moment.to_pydatetime()
        assert score(known(frames, row.lead_id, at), at) == row.score, row.lead_id
        if row.way == "handed_over" and row.moment > known(frames, row.lead_id, at).created:
            assert score(known(frames, row.lead_id, at - SECOND), at - SECOND) < 50 <= row.score


def test_the_replay_gives_these_scores_and_todays_title_would_not(frames, mapping) -> None:
    moments = frames.lead_truth[["lead_id", "moment"]]
    seen = moments[moments["moment"] < pd.Timestamp("2026-10-01", tz="UTC")]
    truth = frames.lead_truth.set_index("lead_id")["score"]

    def wrong(*without: str) -> int:
        made = run_backtest(MODEL, connected(frames, mapping, *without), moment=AtMoments(seen),
                            outcome=Outcome("sql", within_days=90))  # fmt: skip
        rows = made.rows().set_index("lead_id")["score"]
        return int((rows != truth.reindex(rows.index)).sum())

    assert wrong() == 0
    # With the titles of the export, and without the merges, so many of 3,000 leads have another score.
    assert (wrong("lead_changes"), wrong("lead_merges")) == (152, 14)


def test_hand_offs_are_the_first_crossings_of_the_replay(frames, mapping) -> None:
    found = threshold_crossings(MODEL, connected(frames, mapping), [50]).query("episode == 1")
    crossed = found.set_index("lead_id")["crossed_at"]
    truth = frames.lead_truth.set_index("lead_id")
    moment = truth.query("way == 'handed_over'")["moment"].dt.tz_localize(None)
    assert (crossed.reindex(moment.index) == moment).all()
    by_title = frames.lead_changes.merge(frames.lead_truth, left_on=["lead_id", "valid_from"],
                                         right_on=["lead_id", "moment"])  # fmt: skip
    by_merge = frames.lead_merges.merge(frames.lead_truth, left_on=["winner_id", "merged_at"],
                                        right_on=["lead_id", "moment"])  # fmt: skip
    assert len(by_title) > 0
    assert set(by_merge["way"]) <= {"handed_over"}


def test_a_platform_that_follows_them_agrees_with_the_replay(frames, mapping) -> None:
    found = reconcile(MODEL, connected(frames, mapping))
    assert found.agreement.estimate == 1
    without = reconcile(MODEL, connected(frames, mapping, "lead_changes")).agreement
    assert 0.9 < without.estimate < 0.98


def test_the_truth_tells_how_many(frames) -> None:
    counts, changes = frames.truth.counts, frames.lead_changes
    arrives = changes["old_value"].isna()
    assert counts["title_arrives"] == arrives.sum() > 600
    assert counts["title_changes"] == (~arrives).sum() > 150
    assert counts["merged"] == len(frames.lead_merges) > 100
    assert (changes["old_value"] != changes["value"]).all()
    assert frames.lead_merges["winner_id"].is_unique
    assert not set(frames.lead_merges["winner_id"]) & set(frames.lead_merges["loser_id"])


def test_a_merged_lead_comes_to_nobody_and_its_account_is_the_survivors(frames) -> None:
    gone = frames.lead_merges["loser_id"]
    own = frames.lead_truth.set_index("lead_id").loc[gone]
    assert set(own["way"]) == {"left_alone"}
    assert not (own["worked"] | own["sql_within_horizon"]).any()
    assert not frames.stage_changes["lead_id"].isin(gone).any()
    account = frames.leads.set_index("lead_id")["account_id"]
    pairs = zip(gone, frames.lead_merges["winner_id"], strict=True)
    assert all(account[loser] == account[winner] for loser, winner in pairs)


def test_without_the_switches_nothing_of_it_is_there(mapping) -> None:
    plain = demo_frames(leads=400, seed=11)
    assert plain.lead_changes is None
    assert plain.lead_merges is None
    assert {plain.truth.counts[n] for n in ("title_arrives", "title_changes", "merged")} == {0}
    other = demo_frames(leads=400, seed=11, plan=PLAN)
    pd.testing.assert_frame_equal(plain.leads, other.leads)
    marketing = [frames.activities.query("activity_type not in ['call', 'meeting']")
                 .query("not is_machine")[["lead_id", "activity_type", "occurred_at"]]
                 .reset_index(drop=True) for frames in (plain, other)]  # fmt: skip
    pd.testing.assert_frame_equal(*marketing)
    both = demo_frames(leads=400, seed=11, plan=replace(PLAN, leaking_field=True))
    assert set(both.lead_changes["field"]) == {"title", "project_fit"}
    assert len(score_leads(MODEL, connected(both, mapping)).rows()) < 400
