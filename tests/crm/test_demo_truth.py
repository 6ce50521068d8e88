"""The planted truth is really in the rows, and each switch moves what it says and no more."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toolkit.crm.demo import DemoPlan, demo_frames
from toolkit.crm.demo.plan import CRITERIA, planted_points


def worked_mqls(frames):
    return frames.lead_truth.query("way == 'handed_over' and worked")


def test_the_log_odds_are_what_the_truth_says():
    frames = demo_frames(leads=3_000, seed=4)
    truth, rows = frames.truth, frames.lead_truth
    log_odds = truth.intercept + truth.log_odds_per_point * rows["true_score"]
    log_odds += rows["account_effect"] - truth.plan.handoff_effect * ~rows["worked"]
    rival = frames.leads["email_domain"].isin(["rival.example", "othervendor.example"])
    expected = (1 / (1 + np.exp(-log_odds))).where(~rival, 0.0)
    np.testing.assert_allclose(rows["probability"], expected, rtol=1e-12)


def test_true_scores_are_sums_of_true_points():
    frames = demo_frames(leads=3_000, seed=4)
    rows = frames.lead_truth
    total = sum(points * rows[name] for name, points in frames.truth.true_points.items())
    assert (rows["true_score"] == total).mean() > 0.995  # limits bind for the few others


def test_an_outcome_inside_the_horizon_is_seen_as_one():
    frames = demo_frames(leads=6_000, seed=8)
    rows = frames.lead_truth.set_index("lead_id")
    sql = frames.stage_changes.query("stage == 'SQL'").set_index("lead_id")["entered_at"]
    days = (sql - rows["moment"]).reindex(rows.index) / pd.Timedelta(days=1)
    mature = rows["moment"] < pd.Timestamp("2026-07-03", tz="UTC")
    seen = (days > 0) & (days <= 90)
    assert (seen == rows["sql_within_horizon"])[mature].all()
    assert (days > 90).sum() > 0


def test_leads_of_one_account_share_their_effect():
    frames = demo_frames(leads=5_000, seed=4)
    effect = frames.lead_truth["account_effect"]
    by_account = effect.groupby(frames.leads["account_id"])
    assert (by_account.max() == by_account.min()).all()
    assert 0.7 < effect[frames.leads["account_id"].isna()].std() < 0.9
    flat = demo_frames(leads=500, seed=4, plan=DemoPlan(account_sd=0))
    assert (flat.lead_truth["account_effect"] == 0).all()


def test_with_all_weights_right_the_score_is_the_true_score():
    frames = demo_frames(leads=2_000, seed=4, plan=DemoPlan(weights_equal_model=True))
    assert (frames.lead_truth["score"] == frames.lead_truth["true_score"]).all()
    assert planted_points(DemoPlan(weights_equal_model=True, true_points={"demo": 1})) == {
        planted.id: 1 if planted.id == "demo" else planted.points for planted in CRITERIA
    }


def test_a_switch_of_the_outcome_moves_no_activity_of_marketing():
    plain = demo_frames(leads=1_500, seed=4)
    other = demo_frames(leads=1_500, seed=4, plan=DemoPlan(account_sd=0, handoff_effect=0))
    pd.testing.assert_frame_equal(plain.leads, other.leads)
    pd.testing.assert_series_equal(plain.lead_truth["moment"], other.lead_truth["moment"])
    pd.testing.assert_series_equal(plain.lead_truth["score"], other.lead_truth["score"])


def test_without_a_hand_off_effect_the_unworked_convert_as_the_worked_would():
    drawn = DemoPlan(handoff_effect=0, account_sd=0)
    rows = demo_frames(leads=4_000, seed=4, plan=drawn).lead_truth
    per_score = rows[rows["probability"] > 0].groupby("true_score")["probability"].nunique()
    assert (per_score == 1).all()


def test_sales_can_be_made_to_work_all_or_none_below_the_bar():
    everyone = demo_frames(leads=1_500, seed=4, plan=DemoPlan(works_all=True))
    rival = everyone.leads["email_domain"].isin(["rival.example", "othervendor.example"])
    assert (everyone.lead_truth["worked"] == ~rival).all()
    nobody = demo_frames(leads=1_500, seed=4, plan=DemoPlan(exploration_share=0, untouched_share=1))
    assert set(nobody.lead_truth.query("worked")["way"]) == {"hand_raiser"}
    assert nobody.truth.exploration_leads == ()


def test_exploration_is_a_fair_coin_below_the_bar():
    rows = demo_frames(seed=9).lead_truth
    explored = rows.query("way == 'exploration'")["score"]
    left = rows.query("way == 'left_alone'")["score"]
    spread = left.std() / np.sqrt(len(explored))
    assert abs(explored.mean() - left.mean()) < 4 * spread


@pytest.mark.slow
@pytest.mark.parametrize(
    "plan",
    [DemoPlan(), DemoPlan(weights_equal_model=True, account_sd=0.0)],
    ids=["planted", "right"],
)
def test_a_logistic_regression_finds_the_planted_points(plan):
    import statsmodels.api as sm

    frames = demo_frames(leads=120_000, seed=20260701, plan=plan)
    truth, rows = frames.truth, worked_mqls(frames)
    names = [name for name in truth.true_points if rows[name].max() > rows[name].min()]
    assert set(truth.true_points) - set(names) == {"quiet"}  # an activity has just happened
    fit = sm.Logit(
        rows["sql_within_horizon"].astype(float), sm.add_constant(rows[names].astype(float))
    ).fit(disp=0)
    scale = truth.log_odds_per_point * truth.marginal_factor
    off = {n: (fit.params[n] / scale - truth.true_points[n]) / (fit.bse[n] / scale) for n in names}
    # Accounts widen the spread beyond the naive standard error; 4 leaves room for 11 criteria.
    assert max(abs(z) for z in off.values()) < 4, off
    for name in ("demo", "pricing", "target_icp", "vp_or_above", "webinar", "white_paper"):
        assert abs(fit.params[name] / scale - truth.true_points[name]) < 8, name
