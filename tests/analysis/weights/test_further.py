"""Doses, caps, decay, contrasts, periods, optimism, overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from tests.analysis.rows import PROVENANCE
from tests.analysis.weights.patterns import LEADS, LEADS_POINTS, count_patterns, term
from toolkit.analysis.weights import (
    dose_table,
    fit_weights,
    fitted_half_life,
    optimism,
    order_table,
    overlap_table,
    period_table,
    rule_table,
    stability_table,
    weight_contrast,
)
from toolkit.analysis.weights.design import read_design
from toolkit.counts import Extra, PatternCounts
from toolkit.errors import QuestionError
from toolkit.model import ActivityCriterion

K = np.log(2) / 20


def visits(worth, *, n=80_000, cap=3, pays=10, seed=1):
    """Leads with 0 to 5 visits that pay `pays` points up to `cap`, truly worth `worth(visits)`."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"fit": rng.integers(0, 2, n), "visits": rng.integers(0, 6, n)})
    true = 20 * rows["fit"] + worth(rows["visits"])
    rows["y"] = (rng.random(n) < expit(-2 + K * true)).astype(int)
    rows["t1"] = np.minimum(rows["visits"], cap).astype(float)
    rows["x0"] = pays * (rows["visits"] - rows["t1"])
    rows["score"] = 20.0 * rows["fit"] + pays * rows["t1"]
    rows["state"] = np.where(rows["y"] == 1, "converted", "not_converted")
    rows = rows.rename(columns={"fit": "t0"}).assign(offset=0.0)
    keys = ["t0", "t1", "x0", "offset", "score", "state"]
    return PatternCounts(
        frame=rows.groupby(keys).size().reset_index(name="n"),
        terms=(term("fit", 20), term("visits", pays, kind="units")),
        extras=(Extra("excess", "visits"),),
        provenance=PROVENANCE,
    )


def test_a_right_cap_gives_nothing_back_and_a_wrong_one_all():
    right = rule_table(fit_weights(visits(lambda v: 10 * np.minimum(v, 3))))
    assert right.loc[0, "p"] > 0.01
    assert abs(right.loc[0, "given_back"]) < 0.15
    wrong = rule_table(fit_weights(visits(lambda v: 10 * v)))
    assert wrong.loc[0, "p"] < 1e-6
    assert wrong.loc[0, "low"] < 1 < wrong.loc[0, "high"]
    assert wrong["rule"].tolist() == ["excess", "other"]
    assert np.isnan(wrong.loc[1, "p"])  # no other limit ever took anything off


def test_a_criterion_that_pays_too_often_shows_in_its_doses():
    """The first visit is worth 30, further ones nothing; 10 each are paid."""
    counts = visits(lambda v: 30.0 * (v > 0))
    found = dose_table(fit_weights(counts)).set_index("units")
    assert found["now"].tolist() == [10, 20, 30]
    assert ((found["low"] < 30) & (found["high"] > 30)).all()
    assert found["p_shape"].iloc[0] < 1e-6
    straight = dose_table(fit_weights(visits(lambda v: 10 * np.minimum(v, 3))))
    assert straight["p_shape"].iloc[0] > 0.01
    rows = counts.frame[counts.frame["t1"] == 2]
    assert found.loc[2, "n"] == rows["n"].sum()
    assert found.loc[2, "positives"] == rows.loc[rows["state"] == "converted", "n"].sum()


def test_points_lost_to_decay_are_given_back_where_nothing_fades():
    rng = np.random.default_rng(4)
    n = 60_000
    rows = pd.DataFrame({"t0": rng.integers(0, 2, n), "t1": rng.integers(0, 2, n)}).astype(float)
    rows["x0"] = rows["t1"] * rng.choice([0, 5, 10, 15], n)
    rows["offset"], rows["score"] = 0.0, 20 * rows["t0"] + 20 * rows["t1"] - rows["x0"]

    def counted(given_back):
        true = rows["score"] + given_back * rows["x0"]
        hit = rng.random(n) < expit(-2 + K * true)
        frame = rows.assign(state=np.where(hit, "converted", "not_converted"))
        return PatternCounts(
            frame=frame.groupby(list(frame.columns)).size().reset_index(name="n"),
            terms=(term("fit", 20), term("form", 20, kind="units")),
            extras=(Extra("decay", "form"),),
            provenance=PROVENANCE,
        )

    design = read_design(counted(0.0))
    np.testing.assert_allclose(design.other, 0, atol=1e-9)  # units are the paid ones
    assert set(design.units[:, 1]) == {0, 0.25, 0.5, 0.75, 1}
    for truth in (0.0, 0.5, 1.0):
        found = rule_table(fit_weights(counted(truth))).iloc[0]
        assert found["rule"] == "decay"
        assert found["low"] - 0.05 < truth < found["high"] + 0.05


@pytest.mark.by_hand("fitted_half_life")
def test_half_lives_by_hand():
    half = ActivityCriterion(
        id="c", activity="form", points=8, decay={"half_life": "30d", "round": "half_up"}
    )
    rule, fitted = fitted_half_life(half, given_back=0.0)
    assert rule == fitted
    # 8 / 2^(age/30) is rounded to 4 from 4.5 downward: 30 * log2(8/4.5) days.
    assert rule == pytest.approx(30 * np.log2(8 / 4.5), abs=1 / 86_400 * 2)
    assert fitted_half_life(half, given_back=0.6)[1] is None


def test_contrasts_are_those_of_statsmodels(leads):
    import statsmodels.api as sm

    rows = leads.assign(score=leads[LEADS].to_numpy() @ np.array(LEADS_POINTS))
    weights = fit_weights(count_patterns(rows, LEADS, LEADS_POINTS, account="account_id"))
    found = weight_contrast(weights, a="demo", b="vp")
    fit = sm.GLM(
        rows["y"], sm.add_constant(rows[LEADS].astype(float)), family=sm.families.Binomial()
    ).fit(tol=1e-14, cov_type="cluster", cov_kwds={"groups": rows["account_id"]}, use_t=True)
    expected = fit.t_test("demo - vp = 0", use_t=False)
    z = abs(found.estimate * weights.joint.per_point / expected.sd.item())
    assert z == pytest.approx(abs(expected.tvalue.item()), rel=1e-8)
    assert found.now == 10
    assert found.low < found.estimate < found.high
    swapped = weight_contrast(weights, a="vp", b="demo")
    assert (swapped.estimate, swapped.low) == pytest.approx((-found.estimate, -found.high))
    with pytest.raises(QuestionError, match=r"no term .dmo."):
        weight_contrast(weights, a="dmo", b="vp")


def separated(leads):
    """The leads, ten of whom have a criterion and all converted, and thirty one and none did."""
    rows = leads.assign(always=0, never=0)
    rows.loc[rows.index[rows["y"] == 1][:10], "always"] = 1
    rows.loc[rows.index[rows["y"] == 0][:30], "never"] = 1
    names, points = [*LEADS, "always", "never"], [*LEADS_POINTS, 5, -5]
    return rows.assign(score=rows[names].to_numpy() @ np.array(points)), names, points


@pytest.mark.parametrize("account", [None, "account_id"])
def test_what_a_criterion_separates_leaves_the_others_comparable(leads, account):
    rows, names, points = separated(leads)
    weights = fit_weights(count_patterns(rows, names, points, account=account))
    assert weights.joint.method == "Firth"
    # The limit of the likelihood: the leads that no criterion separates, without those criteria.
    rest = rows[(rows["always"] == 0) & (rows["never"] == 0)]
    plain = fit_weights(count_patterns(rest, LEADS, LEADS_POINTS, account=account))
    one, other = (weight_contrast(each, a="demo", b="vp") for each in (weights, plain))
    for name in ("now", "estimate", "low", "high", "p"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-7)
    mine, theirs = order_table(weights), order_table(plain)
    assert mine[["a", "b"]].to_numpy().tolist() == theirs[["a", "b"]].to_numpy().tolist()
    np.testing.assert_allclose(mine["p_holm"], theirs["p_holm"], rtol=1e-6)
    reason = weight_contrast(weights, a="always", b="vp").reason
    assert reason == "one of the two has no standard error in the joint fit"


def test_where_nothing_is_left_no_two_can_be_compared(leads):
    rows = leads.assign(always=leads["y"])
    names, points = [*LEADS, "always"], [*LEADS_POINTS, 5]
    weights = fit_weights(count_patterns(rows, names, points))
    assert order_table(weights).empty
    assert np.isnan(weight_contrast(weights, a="demo", b="vp").p)


# --- periods --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_quarter(leads):
    return count_patterns(leads, LEADS, LEADS_POINTS, account="account_id", by="quarter")


def test_periods_add_up_to_the_whole(by_quarter):
    weights = fit_weights(by_quarter)
    found = period_table(by_quarter, weights)
    assert len(found) == 4 * len(LEADS)
    n = found.groupby("term")["n_with"].sum()
    whole = read_design(by_quarter)
    met = {name: whole.n[whole.units[:, j] != 0].sum() for j, name in enumerate(LEADS)}
    assert n.to_dict() == met
    same = fit_weights(by_quarter.part(np.ones(len(by_quarter.frame), bool)))
    np.testing.assert_array_equal(same.joint.points, weights.joint.points)


def test_a_departure_of_one_period_shows_there_and_nowhere_else():
    rng = np.random.default_rng(5)
    n = 60_000
    rows = pd.DataFrame((rng.random((n, 3)) < 0.4).astype(int), columns=["a", "b", "c"])
    rows["quarter"] = rng.integers(0, 4, n)
    rows["score"] = 20 * rows["a"] + 15 * rows["b"] + 10 * rows["c"]
    extra = 60 * rows["b"] * (rows["quarter"] == 3)
    hit = rng.random(n) < expit(-2 + K * (rows["score"] + extra))
    counts = count_patterns(
        rows.assign(y=hit.astype(int)), ["a", "b", "c"], [20, 15, 10], by="quarter"
    )
    weights = fit_weights(counts)
    found = period_table(counts, weights).set_index(["term", "period"])
    assert found.loc[("b", "3"), "low"] > 20
    assert (found.loc["b"].drop("3")["departure"].abs() < 12).all()
    summary = stability_table(counts, weights).set_index("term")
    assert summary.loc["b", "p_periods_holm"] < 1e-6
    assert summary.loc["b", "periods"] == 4
    assert summary.loc["b", "last"] > 20
    assert summary.loc["c", "p_periods"] > 0.001


def test_a_departure_that_holds_has_the_same_sign_everywhere():
    rng = np.random.default_rng(6)
    n = 60_000
    rows = pd.DataFrame((rng.random((n, 3)) < 0.4).astype(int), columns=["a", "b", "c"])
    rows["quarter"] = rng.integers(0, 4, n)
    rows["score"] = 20 * rows["a"] + 15 * rows["b"] + 10 * rows["c"]
    hit = rng.random(n) < expit(-2 + K * (rows["score"] + 25 * rows["b"]))
    counts = count_patterns(
        rows.assign(y=hit.astype(int)), ["a", "b", "c"], [20, 15, 10], by="quarter"
    )
    found = stability_table(counts, fit_weights(counts)).set_index("term")
    assert found.loc["b", "same_sign"] == 4
    assert found.loc["b", "holds"]
    assert found.loc["b", "p_periods"] > 0.001


def test_a_period_that_turns_round_is_counted_against():
    rng = np.random.default_rng(9)
    n = 60_000
    rows = pd.DataFrame((rng.random((n, 3)) < 0.4).astype(int), columns=["a", "b", "c"])
    rows["quarter"] = rng.integers(0, 4, n)
    rows["score"] = 20 * rows["a"] + 15 * rows["b"] + 10 * rows["c"]
    extra = rows["b"] * np.where(rows["quarter"] == 3, -30, 30)
    hit = rng.random(n) < expit(-2 + K * (rows["score"] + extra))
    counts = count_patterns(
        rows.assign(y=hit.astype(int)), ["a", "b", "c"], [20, 15, 10], by="quarter"
    )
    found = stability_table(counts, fit_weights(counts)).set_index("term").loc["b"]
    assert (found["periods"], found["same_sign"], found["holds"]) == (4, 3, False)
    assert found["earlier"] > 20
    assert found["last"] < -15


def test_a_quarter_without_conversions_does_no_harm(by_quarter):
    frame = by_quarter.frame
    quiet = by_quarter.part(
        ~((frame["quarter"] == "2") & (frame["state"] == "converted")).to_numpy()
    )
    found = period_table(quiet, fit_weights(quiet))
    assert np.isfinite(found["departure"]).all()


def test_patterns_without_periods_are_refused(lead_patterns):
    with pytest.raises(QuestionError, match="expected one axis"):
        period_table(lead_patterns, fit_weights(lead_patterns))


# --- optimism -------------------------------------------------------------------------------------


def test_noise_looks_better_than_it_is():
    rng = np.random.default_rng(7)
    names = [f"c{i}" for i in range(12)]
    rows = pd.DataFrame((rng.random((400, 12)) < 0.5).astype(int), columns=names)
    rows["y"], rows["score"] = rng.integers(0, 2, 400), rows[names].sum(axis=1)
    weights = fit_weights(count_patterns(rows, names, [1] * 12))
    found = optimism(weights, runs=60)
    table = found.table
    assert found.runs > 50
    assert table.loc["auc", "apparent"] > 0.55
    assert abs(table.loc["auc", "corrected"] - 0.5) < 0.06
    assert table.loc["slope", "corrected"] < 0.75
    pd.testing.assert_frame_equal(table, optimism(weights, runs=60).table)


def test_performance_on_its_own_leads_is_that_of_scikit_learn(leads):
    from sklearn.metrics import brier_score_loss, roc_auc_score

    rows = leads.assign(score=leads[LEADS].to_numpy() @ np.array(LEADS_POINTS))
    weights = fit_weights(count_patterns(rows, LEADS, LEADS_POINTS))
    p = expit(weights.joint.intercept + rows[LEADS].to_numpy() @ weights.joint.coefficients)
    own = optimism(weights, runs=2).table["apparent"]
    assert own["auc"] == pytest.approx(roc_auc_score(rows["y"], p), rel=1e-12)
    assert own["brier"] == pytest.approx(brier_score_loss(rows["y"], p), rel=1e-12)
    assert own["slope"] == pytest.approx(1, rel=1e-6)


def test_copies_in_accounts_are_drawn_together(leads):
    """Six copies of each lead in one account: optimism is that of the leads, not a sixth of it."""
    few = leads.head(600).assign(score=lambda f: f[LEADS].to_numpy() @ np.array(LEADS_POINTS))
    many = few.loc[few.index.repeat(6)].reset_index(drop=True)
    many["account"] = np.repeat(np.arange(len(few)), 6)
    one, copied, blind = (
        optimism(fit_weights(counts), runs=80).table.loc["slope", "optimism"]
        for counts in (
            count_patterns(few, LEADS, LEADS_POINTS),
            count_patterns(many, LEADS, LEADS_POINTS, account="account"),
            count_patterns(many, LEADS, LEADS_POINTS),
        )
    )
    assert copied == pytest.approx(one, rel=0.35)
    assert blind < one / 2


# --- overlap --------------------------------------------------------------------------------------


@pytest.mark.by_hand("overlap_table")
def test_overlap_by_hand():
    """5 leads: a and b together twice, a alone once, b alone never, neither twice."""
    rows = pd.DataFrame({"a": [1, 1, 1, 0, 0], "b": [1, 1, 0, 0, 0], "y": [1, 0, 1, 0, 1]})
    rows["score"] = 20 * rows["a"] + 10 * rows["b"]
    found = overlap_table(fit_weights(count_patterns(rows, ["a", "b"], [20, 10]))).iloc[0]
    assert (found["n_a"], found["n_b"], found["n_both"]) == (3, 2, 2)
    assert (found["share_of_a"], found["share_of_b"]) == (2 / 3, 1)
    assert found["phi"] == pytest.approx((5 * 2 - 3 * 2) / (3 * 2 * 2 * 3) ** 0.5)
    assert found["points_together"] == 30


def test_one_signal_counted_twice_shows_in_alone_against_adjusted():
    rng = np.random.default_rng(8)
    n = 30_000
    rows = pd.DataFrame({"vp": (rng.random(n) < 0.3).astype(int)})
    rows["chief"] = rows["vp"] * (rng.random(n) < 0.9)
    rows["other"] = (rng.random(n) < 0.4).astype(int)
    rows["score"] = 20 * rows["vp"] + 20 * rows["chief"] + 20 * rows["other"]
    hit = rng.random(n) < expit(-2 + K * (20 * rows["vp"] + 20 * rows["other"]))
    weights = fit_weights(
        count_patterns(rows.assign(y=hit.astype(int)), ["vp", "chief", "other"], [20, 20, 20])
    )
    alone, adjusted = weights.alone, weights.joint.points
    assert alone[1] > 1.5 * max(adjusted[1], 1)
    top = overlap_table(weights).iloc[0]
    assert {top["a"], top["b"]} == {"vp", "chief"}


def test_what_pays_more_and_is_worth_less_stands_in_the_wrong_order():
    rng = np.random.default_rng(8)
    names, points, true = ["a", "b", "c"], [30, 20, 10], [10, 40, 10]
    rows = pd.DataFrame((rng.random((40_000, 3)) < 0.4).astype(int), columns=names)
    rows["y"] = (rng.random(len(rows)) < expit(-2 + K * (rows[names] @ true))).astype(int)
    rows["score"] = rows[names] @ points
    found = order_table(fit_weights(count_patterns(rows, names, points)))
    assert list(found.columns) == ["a", "b", "now", "estimate", "low", "high", "p", "p_holm"]
    assert found[["a", "b", "now"]].to_numpy().tolist() == [["a", "b", 10.0], ["b", "c", 10.0]]
    assert found.loc[0, "high"] < 0 < found.loc[1, "low"]
    assert (found["p_holm"] >= found["p"]).all()
    contrast = weight_contrast(fit_weights(count_patterns(rows, names, points)), a="a", b="b")
    assert found.loc[0, "estimate"] == contrast.estimate


def test_doses_of_several_terms_are_corrected_for_their_number():
    found = dose_table(fit_weights(visits(lambda v: 30.0 * (v > 0))))
    assert list(found.columns) == [
        "term", "units", "n", "positives", "rate", "now", "implied", "low", "high", "p_shape",
        "p_holm",
    ]  # fmt: skip
    assert (found["p_holm"] == found["p_shape"]).all()  # one term: nothing to correct


@pytest.mark.property_of("fitted_half_life")
@given(
    st.sampled_from([1, 2, 4, 5, 10, 20, 25, 50, 100]), st.integers(1, 60),
    st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.8]), st.sampled_from([-100, 100, 500]),
)  # fmt: skip
def test_half_is_gone_once_as_many_steps_are_as_take_it(percent, days, given_back, points):
    """A step takes `percent` of the points, of which so much is given back; 100% is all there is."""
    even = ActivityCriterion(
        id="c", activity="form", points=points, decay={"percent": percent, "every": f"{days}d"}
    )
    rule, fitted = fitted_half_life(even, given_back=given_back)
    steps = np.ceil(50 / percent)
    assert rule == days * steps
    needed = np.ceil(round(50 / percent / (1 - given_back), 9))
    assert fitted == (days * needed if needed * percent <= 100 else None)
