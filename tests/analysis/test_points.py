from __future__ import annotations

from math import isnan, log

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import chi2, ttest_1samp

from tests.analysis import strategies
from tests.analysis.rows import PROVENANCE, count_rows, lead_rows
from toolkit.analysis import fit_points, points_table, shape_table
from toolkit.analysis.points import _hotelling
from toolkit.counts import ScoreCounts


@pytest.mark.real_data
def test_line_on_real_leads_is_that_of_r(oracle, oracle_rows):
    rows = pd.read_csv(oracle_rows / "xedu_points.csv")
    found, name = fit_points(count_rows(lead_rows(rows["score"], rows["y"]))), "pts2prob.xedu"
    assert found.intercept == oracle.approx(name, "a")
    assert found.slope == oracle.approx(name, "k")
    assert found.covariance[0][0] ** 0.5 == oracle.approx(name, "se_a")
    assert found.covariance[1][1] ** 0.5 == oracle.approx(name, "se_k")
    assert -2 * found.log_likelihood == oracle.approx(name, "deviance")
    assert found.log_likelihood == oracle.approx(name, "loglik")


def test_line_over_accounts_is_that_of_statsmodels(sim, sim_accounts):
    model = sm.GLM(sim["y"], sm.add_constant(sim["score"].astype(float)), sm.families.Binomial())
    expected = model.fit(tol=1e-12, cov_type="cluster", cov_kwds={"groups": sim["account_id"]})
    found = fit_points(sim_accounts)
    assert [found.intercept, found.slope] == pytest.approx(expected.params.tolist(), rel=1e-9)
    assert np.array(found.covariance) == pytest.approx(np.array(expected.cov_params()), rel=1e-7)
    low, high = expected.conf_int().iloc[1]
    assert (found.slope_low, found.slope_high) == pytest.approx((low, high), rel=1e-7)
    assert found.method == "logistic regression (accounts)"


@pytest.mark.by_hand("fit_points")
def test_points_that_double_the_odds_by_hand():
    # Odds 1/4 at 0 and 2/4 at 30: 30 points double them, and the variance of log odds is that of
    # two tables: 1/10 + 1/40 at 0, 1/20 + 1/40 at 30.
    found = fit_points(
        count_rows(lead_rows([0] * 50 + [30] * 60, [1] * 10 + [0] * 40 + [1] * 20 + [0] * 40))
    )
    assert found.intercept == pytest.approx(log(1 / 4))
    assert found.double_odds == pytest.approx(30)
    error = (1 / 10 + 1 / 40 + 1 / 20 + 1 / 40) ** 0.5 / 30
    assert found.covariance[1][1] ** 0.5 == pytest.approx(error)
    assert found.double_odds_low == pytest.approx(log(2) / found.slope_high)
    # Carriers: 30 converted leads, so t with 29 degrees of freedom.
    assert found.slope_high - found.slope == pytest.approx(2.045229642132703 * error)


def test_a_slope_that_may_be_zero_doubles_nothing_surely():
    found = fit_points(
        count_rows(lead_rows([0] * 9 + [9] * 9, [1, 0, 0] * 3 + [1, 0, 0, 1, 0, 0, 1, 1, 0]))
    )
    assert found.double_odds > 0
    assert isnan(found.double_odds_high)
    assert "no number of points surely doubles the odds" in str(found.reason)
    falling = fit_points(count_rows(lead_rows([0, 0, 0, 9, 9, 9], [1, 1, 0, 1, 0, 0])))
    assert isnan(falling.double_odds)
    assert "more points do not mean better odds here" in str(falling.reason)


@pytest.mark.property_of("fit_points")
@given(strategies.judged())
def test_a_line_leaves_no_residual_and_moves_with_the_score(rows):
    found = fit_points(count_rows(lead_rows(rows["score"], rows["hit"])))
    if isnan(found.slope):
        assert found.reason is not None
        return
    p = expit(found.intercept + found.slope * rows["score"])
    assert (rows["hit"] - p).sum() == pytest.approx(0, abs=1e-8)
    assert ((rows["hit"] - p) * rows["score"]).sum() == pytest.approx(0, abs=1e-7)
    moved = fit_points(count_rows(lead_rows(10 * rows["score"] + 500, rows["hit"])))
    assert moved.slope == pytest.approx(found.slope / 10, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("score", "hit", "reason"), [
    ([], [], "no judged leads"),
    ([5], [1], "all of 1 judged leads converted"),
    ([5, 6], [0, 0], "none of 2 judged leads converted"),
    ([5, 5], [0, 1], "all judged leads have the same score"),
    ([1, 2, 2, 3], [0, 0, 1, 1], "the score separates the two classes: no finite slope is likeliest"),
    ([3, 2, 1], [0, 0, 1], "the score separates the two classes: no finite slope is likeliest"),
])  # fmt: skip
def test_a_line_that_is_undefined_is_nan_with_a_reason(score, hit, reason):
    counts = count_rows(lead_rows(score, hit).astype({"score": "int64"}))
    found = fit_points(counts)
    assert isnan(found.slope)
    assert isnan(found.double_odds)
    assert found.reason == reason
    shape = shape_table(counts)
    assert shape["p_value"].isna().all()
    assert shape["reason"].tolist() == [reason, reason]
    assert points_table(found).empty


def test_probabilities_are_those_of_statsmodels(sim, sim_accounts):
    model = sm.GLM(sim["y"], sm.add_constant(sim["score"].astype(float)), sm.families.Binomial())
    fit = model.fit(tol=1e-12, cov_type="cluster", cov_kwds={"groups": sim["account_id"]})
    at = [-10, 0, 45, 500]
    expected = fit.get_prediction(np.column_stack([np.ones(4), at])).summary_frame()
    table = points_table(fit_points(sim_accounts), at)
    assert list(table) == ["score", "probability", "low", "high", "seen"]
    assert table["probability"].tolist() == pytest.approx(expected["mean"].tolist(), rel=1e-9)
    assert table["low"].tolist() == pytest.approx(expected["mean_ci_lower"].tolist(), rel=1e-6)
    assert table["seen"].tolist() == [True, True, True, False]


def test_a_bend_is_tested_by_the_likelihood_ratio(sim, sim_counts):
    table = shape_table(sim_counts).set_index("test")
    design = np.column_stack([np.ones(len(sim)), sim["score"], sim["score"] ** 2 / 100])
    line, bent = (
        sm.GLM(sim["y"], part, sm.families.Binomial()).fit(tol=1e-12).llf
        for part in (design[:, :2], design)
    )
    assert table.loc["curve", "statistic"] == pytest.approx(2 * (bent - line), rel=1e-6)
    assert table.loc["curve", "p_value"] == pytest.approx(chi2.sf(2 * (bent - line), 1), rel=1e-6)
    assert list(table.reset_index()) == ["test", "statistic", "df", "p_value", "method", "reason"]


@pytest.mark.by_hand("shape_table")
def test_any_shape_by_hand():
    # Three scores with enough leads of their own: the free rates against the line's, 1 degree.
    rows = lead_rows(
        [0] * 40 + [1] * 40 + [2] * 40,
        [1] * 10 + [0] * 30 + [1] * 25 + [0] * 15 + [1] * 20 + [0] * 20,
    )
    counts = count_rows(rows)
    fit, table = fit_points(counts), shape_table(counts).set_index("test")
    p = expit(fit.intercept + fit.slope * np.arange(3))
    hits, n = np.array([10, 25, 20]), 40
    expected = (
        2 * (hits * np.log(hits / (n * p)) + (n - hits) * np.log((n - hits) / (n - n * p))).sum()
    )
    assert table.loc["any shape", "statistic"] == pytest.approx(expected)
    assert table.loc["any shape", "df"] == 1
    # With three scores a bend is any shape.
    assert table.loc["curve", "statistic"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("runs", [60, pytest.param(1500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("accounts", [0, 200])
def test_a_straight_line_is_seldom_called_bent(runs, accounts):
    rng, wrong = np.random.default_rng(7), np.zeros(2)
    for _ in range(runs):
        size = 1200
        account = rng.integers(0, accounts, size) if accounts else np.arange(size)
        score = rng.integers(0, 8, size)
        fate = rng.normal(0, 0.7 if accounts else 0.0, size)[account]
        hit = (rng.random(size) < expit(-2 + 0.3 * score + fate)).astype(int)
        counts = count_rows(lead_rows(score, hit, account if accounts else None))
        wrong += shape_table(counts)["p_value"].to_numpy() <= 0.05
    assert (wrong / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5 + 0.01).all(), wrong / runs


def test_a_bend_is_found_with_and_without_accounts():
    rng = np.random.default_rng(1)
    score = rng.integers(-5, 6, 6000)
    hit = (rng.random(6000) < expit(-2 + 0.1 * score**2 / 2)).astype(int)
    for account in (None, rng.integers(0, 2000, 6000)):
        assert (shape_table(count_rows(lead_rows(score, hit, account)))["p_value"] < 1e-6).all()


def test_two_scores_cannot_show_a_bend():
    table = shape_table(count_rows(lead_rows([0, 0, 0, 9, 9, 9] * 9, [1, 1, 0, 1, 0, 0] * 9)))
    assert (table["reason"] == "too few scores with enough leads to see a bend").all()


def test_ten_thousand_million_leads_and_negative_scores_give_the_same_line():
    cells = [(s, state, 2 + s if state == "converted" else 9)
             for s in (-1, 0, 4, 7) for state in ("converted", "not_converted")]  # fmt: skip
    frame = pd.DataFrame(cells, columns=["score", "state", "n"])
    small = fit_points(ScoreCounts(frame, PROVENANCE))
    big = fit_points(ScoreCounts(frame.assign(n=frame["n"] * 10**10), PROVENANCE))
    assert (big.intercept, big.slope) == pytest.approx((small.intercept, small.slope), rel=1e-9)
    assert np.array(big.covariance) * 10**10 == pytest.approx(np.array(small.covariance), rel=1e-9)


def test_with_one_column_the_test_over_accounts_is_students():
    """Q = (sum of U)^2 / sum of U^2 over 12 accounts has the p-value of a t-test of mean 0."""
    sums = np.random.default_rng(3).normal(0.4, 1, 12)
    statistic = sums.sum() ** 2 / (sums**2).sum()
    assert _hotelling(statistic, 1, 12) == pytest.approx(ttest_1samp(sums, 0).pvalue, rel=1e-9)


def test_a_bend_that_separates_the_leads_there_are_is_no_number():
    # Converted at the ends, not in the middle: a steep enough parabola fits without fault.
    for moved in (0, -200):
        rows = lead_rows([moved - 1, moved, moved + 1], [1, 0, 1])
        table = shape_table(count_rows(rows)).set_index("test")
        assert isnan(table.loc["curve", "p_value"])
        assert table.loc["curve", "reason"] == (
            "a bend separates the two classes: too few leads to see one"
        )


@pytest.mark.by_hand("points_table")
def test_probabilities_by_hand():
    # Odds 1/4 of 50 at 0, 1/2 of 60 at 30, so 1 at 60, where nobody is.
    counts = count_rows(lead_rows([0] * 50 + [30] * 60, [1] * 10 + [0] * 40 + [1] * 20 + [0] * 40))
    table = points_table(fit_points(counts), [0, 30, 60])
    assert table["probability"].tolist() == pytest.approx([1 / 5, 1 / 3, 1 / 2])
    # Variances of the log odds; those at 60 are twice those at 30 less those at 0. t on 29.
    a, b = 1 / 10 + 1 / 40, 1 / 20 + 1 / 40
    odds = np.array([1 / 4, 1 / 2, 1])
    for name, side in (("low", -1), ("high", 1)):
        ends = odds * np.exp(side * 2.045229642132703 * np.sqrt([a, b, 4 * b + a]))
        assert table[name].tolist() == pytest.approx((ends / (1 + ends)).tolist())
    assert table["seen"].tolist() == [True, True, False]


@pytest.mark.property_of("points_table")
@given(strategies.judged(), st.sampled_from([(10, 500), (3, -40)]))
def test_probabilities_move_with_the_scale_turn_with_the_outcome_and_narrow_with_n(rows, line):
    times, plus = line
    at = np.arange(-3, 6)
    found = points_table(fit_points(count_rows(lead_rows(rows["score"], rows["hit"]))), at)
    if found["probability"].isna().any() or fit_is_steep(found):
        return
    ends = ["probability", "low", "high"]
    moved = count_rows(lead_rows(times * rows["score"] + plus, rows["hit"]))
    there = points_table(fit_points(moved), times * at + plus)
    np.testing.assert_allclose(there[ends], found[ends], rtol=1e-6)
    turned = points_table(fit_points(count_rows(lead_rows(rows["score"], 1 - rows["hit"]))), at)
    np.testing.assert_allclose(1 - turned[["probability", "high", "low"]], found[ends], atol=1e-7)
    every = pd.concat([rows] * 4)
    more = fit_points(count_rows(lead_rows(every["score"], every["hit"])))
    once = fit_points(count_rows(lead_rows(rows["score"], rows["hit"])))
    half = [
        (logit(table["high"]) - logit(table["low"])) / fit.quantile
        for table, fit in ((points_table(more, at), more), (found, once))
    ]
    np.testing.assert_allclose(half[0], half[1] / 2, rtol=1e-5)


def fit_is_steep(table):
    """So steep or so loose that probabilities round to 0 or 1."""
    ends = table[["low", "high"]].to_numpy()
    return bool((ends < 1e-7).any() or (ends > 1 - 1e-7).any())


def test_few_leads_have_no_shape_to_look_at():
    """Seven leads of three scores make one pool: nothing is free beside the line."""
    rows = lead_rows([0, 0, 0, 0, 0, 1, -1], [1, 1, 0, 0, 0, 1, 1])
    for account in (None, [1, 2, 0, 1, 2, 0, 0]):
        counts = count_rows(rows if account is None else rows.assign(account=account))
        row = shape_table(counts).set_index("test").loc["any shape"]
        assert (row["df"], row["reason"]) == (0, "too few scores with enough leads to see a bend")
        assert isnan(row["p_value"])
