"""Stated probabilities against what happened."""

from __future__ import annotations

import warnings
from math import exp, isnan, log

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import binom, chi2, f, t
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, log_loss
from statsmodels.nonparametric.smoothers_lowess import lowess

from tests.analysis import strategies
from tests.analysis.rows import PROVENANCE, count_rows, lead_rows
from toolkit.analysis import (
    calibration_distance,
    check_mapping,
    decompose_mapping,
    fit_points,
    reliability_table,
    score_mapping,
)
from toolkit.analysis.calibration.distance import smooth_rates
from toolkit.counts import ScoreCounts
from toolkit.errors import QuestionError

RISING = {score: float(expit(-1.5 + 0.6 * score)) for score in range(-3, 6)}


@pytest.fixture(scope="module")
def real(oracle_rows):
    rows = pd.read_csv(oracle_rows / "calib_xedu.csv")
    stated = rows.groupby("score")["p"].first().to_dict()
    return count_rows(lead_rows(rows["score"], rows["y"])), stated


@pytest.fixture(scope="module")
def stated(sim):
    """The mapping of the first quarter of the simulated leads, and the counts of the rest."""
    early = sim["quarter"] == sim["quarter"].min()
    fit = fit_points(count_rows(lead_rows(sim["score"][early], sim["y"][early])))
    later = sim[~early]
    return fit, later


@pytest.mark.real_data
def test_check_on_real_leads_is_that_of_r(oracle, real):
    found, name = check_mapping(*real), "calib.xedu.logistic"
    assert found.in_the_large.estimate == oracle.approx(name, "citl")
    assert found.in_the_large.standard_error == oracle.approx(name, "citl_se")
    assert found.intercept.estimate == oracle.approx(name, "intercept")
    assert found.slope.estimate == oracle.approx(name, "slope")
    assert found.intercept.standard_error == oracle.approx(name, "intercept_se")
    assert found.slope.standard_error == oracle.approx(name, "slope_se")
    assert found.joint_statistic == oracle.approx(name, "LR_01_2df")
    assert found.joint_p_value == oracle.approx(name, "p_2df")
    assert found.observed_expected.estimate == oracle.approx(name, "OE")


@pytest.mark.real_data
def test_numbers_of_val_prob_come_out(oracle, real):
    name, n = "calib.xedu.valprob", 4618
    check, scores, away = check_mapping(*real), score_mapping(*real), calibration_distance(*real)
    assert (check.joint_statistic - 2) / n == oracle.approx(name, "U")
    assert check.joint_statistic == oracle.approx(name, "U_Chi-sq")
    assert scores.brier.estimate == oracle.approx(name, "Brier")
    assert scores.spiegelhalter_z == oracle.approx(name, "S_z")
    assert scores.spiegelhalter_p == oracle.approx(name, "S_p")
    assert (away.largest, away.ninth_decile, away.mean) == (
        oracle.approx(name, "Emax"), oracle.approx(name, "E90"), oracle.approx(name, "Eavg"),
    )  # fmt: skip


@pytest.mark.real_data
def test_scores_and_distances_on_real_leads_are_those_of_r(oracle, real):
    scores, away, parts = (
        score_mapping(*real),
        calibration_distance(*real),
        decompose_mapping(*real),
    )
    for value, key in ((scores.brier.estimate, "brier"), (scores.brier_skill, "bss"),
                       (scores.log_loss.estimate, "logloss"),
                       (scores.spiegelhalter_z, "spiegelhalter_z")):  # fmt: skip
        assert value == oracle.approx("calib.xedu.brier", key)
    for value, key in ((away.mean, "ICI"), (away.median, "E50"), (away.ninth_decile, "E90"),
                       (away.largest, "Emax")):  # fmt: skip
        assert value == oracle.approx("calib.xedu.ici_lowess", key)
    plain = calibration_distance(*real, curve="observed")
    for value, key in ((plain.mean, "ICI"), (plain.median, "E50"), (plain.ninth_decile, "E90"),
                       (plain.largest, "Emax")):  # fmt: skip
        assert value == oracle.approx("calib.xedu.ici_saturated", key)
    parabola = calibration_distance(*real, curve="loess")
    for value, key in ((parabola.mean, "ICI"), (parabola.median, "E50"),
                       (parabola.ninth_decile, "E90"), (parabola.largest, "Emax")):  # fmt: skip
        assert value == oracle.approx("calib.xedu.ici_loess", key)
    for value, key in ((parts.score, "S"), (parts.miscalibration, "MCB"),
                       (parts.discrimination, "DSC"), (parts.uncertainty, "UNC")):  # fmt: skip
        assert value == oracle.approx("corp.xedu.brier", key)
    assert parts.miscalibration_p == 1 / 1001


def test_check_over_accounts_is_that_of_statsmodels(stated):
    fit, later = stated
    counts = count_rows(lead_rows(later["score"], later["y"], later["account_id"]))
    found = check_mapping(counts, fit)
    linear = fit.intercept + fit.slope * later["score"]
    settings = {"cov_type": "cluster", "cov_kwds": {"groups": later["account_id"]}}
    both = sm.GLM(later["y"], sm.add_constant(linear), sm.families.Binomial())
    both = both.fit(tol=1e-12, **settings)
    large = sm.GLM(later["y"], np.ones(len(later)), sm.families.Binomial(), offset=linear)
    large = large.fit(tol=1e-12, **settings)
    assert [found.intercept.estimate, found.slope.estimate] == pytest.approx(
        both.params.tolist(), rel=1e-9
    )
    assert [found.intercept.standard_error, found.slope.standard_error] == pytest.approx(
        both.bse.tolist(), rel=1e-7
    )
    assert found.in_the_large.standard_error == pytest.approx(float(large.bse.iloc[0]), rel=1e-7)
    away = both.params - [0, 1]
    joint = away @ np.linalg.solve(both.cov_params(), away)
    assert found.joint_statistic == pytest.approx(joint, rel=1e-7)
    assert found.method == "Wald (accounts)"


def test_check_of_leads_that_are_their_own_accounts_nearly_is_that_without(stated):
    fit, later = stated
    plain = check_mapping(count_rows(lead_rows(later["score"], later["y"])), fit)
    alone = check_mapping(count_rows(lead_rows(later["score"], later["y"], range(len(later)))), fit)
    assert alone.slope.estimate == plain.slope.estimate
    assert alone.slope.standard_error == pytest.approx(plain.slope.standard_error, rel=0.05)
    assert alone.observed_expected.standard_error == pytest.approx(
        plain.observed_expected.standard_error, rel=1e-3
    )


@pytest.mark.by_hand("check_mapping")
def test_observed_over_expected_by_hand():
    # 2 of 4 convert at a stated 1/4, 3 of 4 at a stated 1/2: 5 / (1 + 2).
    counts = count_rows(lead_rows([0] * 4 + [1] * 4, [1, 1, 0, 0, 1, 1, 1, 0]))
    found = check_mapping(counts, {0: 0.25, 1: 0.5}).observed_expected
    assert found.estimate == pytest.approx(5 / 3)
    # (y - 5/3 p)^2: twice (7/12)^2, twice (5/12)^2, thrice (1/6)^2, once (5/6)^2; over 3^2.
    variance = (2 * (7 / 12) ** 2 + 2 * (5 / 12) ** 2 + 3 / 36 + 25 / 36) / 9
    assert found.standard_error == pytest.approx(variance**0.5)


def test_in_the_large_by_hand():
    # All leads at a stated 1/2, of which 3 in 4 convert: the odds are 3 instead of 1.
    counts = count_rows(lead_rows([0, 0, 0, 0, 1, 1, 1, 1], [1, 1, 1, 0, 1, 1, 1, 0]))
    found = check_mapping(counts, {0: 0.5 - 1e-9, 1: 0.5 + 1e-9})
    assert found.in_the_large.estimate == pytest.approx(log(3))


def test_a_mapping_checked_on_its_own_leads_is_right_by_construction(sim):
    counts = count_rows(lead_rows(sim["score"], sim["y"]))
    found = check_mapping(counts, fit_points(counts))
    assert found.in_the_large.estimate == pytest.approx(0, abs=1e-9)
    assert found.slope.estimate == pytest.approx(1, abs=1e-9)
    assert found.joint_p_value == pytest.approx(1, abs=1e-6)
    assert found.observed_expected.estimate == pytest.approx(1, abs=1e-9)


@pytest.mark.by_hand("score_mapping")
def test_scores_by_hand():
    # One of two converts at a stated 1/4, at 3/4 both do.
    counts = count_rows(lead_rows([0, 0, 1, 1], [1, 0, 1, 1]))
    found = score_mapping(counts, {0: 0.25, 1: 0.75})
    assert found.brier.estimate == pytest.approx((9 + 1 + 1 + 1) / 16 / 4)
    assert found.brier_skill == pytest.approx(1 - (12 / 64) / (3 / 4 * 1 / 4))
    assert found.log_loss.estimate == pytest.approx(-(log(1 / 4) + log(3 / 4) + 2 * log(3 / 4)) / 4)
    # (y - p)(1 - 2p): 3/8 - 1/8 - 1/8 - 1/8 = 0.
    assert found.spiegelhalter_z == pytest.approx(0)


@pytest.mark.property_of("score_mapping")
@given(strategies.judged())
def test_scores_from_counts_are_those_of_the_rows(rows):
    counts = count_rows(lead_rows(rows["score"], rows["hit"]))
    found, p = score_mapping(counts, RISING), rows["score"].map(RISING)
    assert found.brier.estimate == pytest.approx(brier_score_loss(rows["hit"], p), rel=1e-12)
    assert found.log_loss.estimate == pytest.approx(log_loss(rows["hit"], p), rel=1e-12)
    values = (rows["hit"] - p) ** 2
    assert found.brier.standard_error == pytest.approx(
        values.std(ddof=0) / len(rows) ** 0.5, rel=1e-9, abs=1e-12
    )


@pytest.mark.property_of("decompose_mapping")
@given(strategies.judged(), st.sampled_from(["brier", "log"]))
def test_the_parts_add_up_and_are_those_of_scikit_learn(rows, rule):
    counts = count_rows(lead_rows(rows["score"], rows["hit"]))
    found, p = decompose_mapping(counts, RISING, rule=rule, replicates=2), rows["score"].map(RISING)
    assert found.score == pytest.approx(
        found.miscalibration - found.discrimination + found.uncertainty, abs=1e-12
    )
    assert found.miscalibration >= -1e-12
    assert found.discrimination >= -1e-12
    curve = IsotonicRegression().fit_transform(p, rows["hit"])
    if rule == "brier":
        expected = brier_score_loss(rows["hit"], p) - np.mean((rows["hit"] - curve) ** 2)
        assert found.miscalibration == pytest.approx(expected, abs=1e-12)


@pytest.mark.by_hand("decompose_mapping")
def test_parts_by_hand():
    # Stated 0.2 and 0.4; 1 of 2 and 1 of 4 convert: pooled 1/3.
    counts = count_rows(lead_rows([0, 0, 1, 1, 1, 1], [1, 0, 1, 0, 0, 0]))
    found = decompose_mapping(counts, {0: 0.2, 1: 0.4}, replicates=2)
    total = (0.8**2 + 0.2**2 + 0.6**2 + 3 * 0.4**2) / 6
    assert found.score == pytest.approx(total)
    assert found.uncertainty == pytest.approx(1 / 3 * 2 / 3)
    assert found.discrimination == pytest.approx(0)
    assert found.miscalibration == pytest.approx(total - 2 / 9)


def test_a_falling_mapping_is_put_in_the_order_of_its_probabilities():
    counts = count_rows(lead_rows([0] * 4 + [1] * 4, [1, 1, 1, 0, 0, 0, 0, 1]))
    falling = decompose_mapping(counts, {0: 0.75, 1: 0.25}, replicates=2)
    assert falling.miscalibration == pytest.approx(0)
    assert falling.discrimination > 0
    table = reliability_table(counts, {0: 0.75, 1: 0.25}, replicates=50)
    assert table["isotonic"].tolist() == [3 / 4, 1 / 4]


@pytest.mark.parametrize("runs", [60, pytest.param(2000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("clustered", [False, True])
def test_true_probabilities_are_seldom_called_miscalibrated(runs, clustered):
    """At 5% the p-value errs in 5% of the draws at most, also where leads share an account."""
    # A seed of its own for each run: few draws shared by all would shift every p-value alike.
    rng, wrong = np.random.default_rng(12), 0
    for run in range(runs):
        account = np.arange(600) // (3 if clustered else 1)
        score = rng.integers(0, 6, 600)
        fate = rng.normal(0, 1.0 if clustered else 0.0, 600)[account]
        # The probability that is true of a score is the mean over the fates of accounts.
        p = {k: float(expit(-2 + 0.5 * k + NODES).mean()) if clustered else
             float(expit(-2 + 0.5 * k)) for k in range(6)}  # fmt: skip
        hit = (rng.random(600) < expit(-2 + 0.5 * score + fate)).astype(int)
        counts = count_rows(lead_rows(score, hit, account if clustered else None))
        wrong += decompose_mapping(counts, p, replicates=99, seed=run).miscalibration_p <= 0.05
    assert wrong / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


NODES = np.random.default_rng(0).normal(0, 1, 20_000)


def test_the_smooth_curve_is_that_of_statsmodels_row_by_row(sim):
    fit = fit_points(count_rows(lead_rows(sim["score"], sim["y"])))
    p = expit(fit.intercept + fit.slope * sim["score"].to_numpy())
    levels, at, n = np.unique(p, return_inverse=True, return_counts=True)
    hits = np.bincount(at, weights=sim["y"]).astype(int)
    expected = lowess(
        sim["y"], p, frac=2 / 3, it=0, delta=0.01 * (p.max() - p.min()), return_sorted=False
    )
    first = np.unique(at, return_index=True)[1]
    assert smooth_rates(levels, hits, n) == pytest.approx(expected[first], abs=1e-9)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(any), min_size=4, max_size=30)
)
def test_the_smooth_curve_from_counts_is_that_of_the_rows(drawn):
    hits, n = np.array([a for a, _ in drawn]), np.array([a + b for a, b in drawn])
    p = np.linspace(0.05, 0.9, len(n)) ** 1.5
    x = np.repeat(p, n)
    y = np.concatenate([np.repeat([1.0, 0.0], [k, m - k]) for k, m in zip(hits, n, strict=True)])
    if int(2 / 3 * len(x) + 1e-7) < 2:
        return
    with warnings.catch_warnings(record=True) as warned:
        expected = lowess(y, x, frac=2 / 3, it=0, delta=0.01 * (p[-1] - p[0]), return_sorted=False)
    first = np.cumsum(n) - n
    if warned or np.isnan(expected).any():  # a window without width, where the original gives up
        return
    assert smooth_rates(p, hits, n) == pytest.approx(expected[first], abs=1e-7)


@pytest.mark.by_hand("calibration_distance")
def test_distances_by_hand():
    # Isotonic rates 1/4 and 3/4 at stated 0.2 and 0.4: 4 leads 0.05 away, 8 leads 0.35 away.
    counts = count_rows(lead_rows([0] * 4 + [1] * 8, [1, 0, 0, 0] + [1] * 6 + [0, 0]))
    found = calibration_distance(counts, {0: 0.2, 1: 0.4}, curve="isotonic")
    assert found.mean == pytest.approx((4 * 0.05 + 8 * 0.35) / 12)
    assert (found.median, found.ninth_decile, found.largest) == (
        pytest.approx(0.35), pytest.approx(0.35), pytest.approx(0.35),
    )  # fmt: skip
    # Row 6.5 of 12 counted from 1; with 7 near leads it lies between the two.
    counts = count_rows(lead_rows([0] * 6 + [1] * 6, [1, 1, 0, 0, 0, 0] + [1] * 4 + [0, 0]))
    found = calibration_distance(counts, {0: 1 / 3 - 0.1, 1: 2 / 3 - 0.2}, curve="isotonic")
    assert found.median == pytest.approx((0.1 + 0.2) / 2)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.sampled_from([(1, 2), (9, 10)]))
def test_quantiles_of_counts_are_those_of_numpy(n, part):
    from toolkit.analysis.calibration.distance import _quantile

    values = np.arange(len(n))[::-1] ** 2 / 10
    assert _quantile(values, np.array(n), *part) == pytest.approx(
        np.quantile(np.repeat(values, n), part[0] / part[1])
    )


def test_reliability_has_the_columns_of_its_docstring_and_holds_its_curve(sim_counts):
    fit = fit_points(sim_counts)
    table = reliability_table(sim_counts, fit, replicates=400)
    for name in table:
        assert f"`{name}`" in str(reliability_table.__doc__) or name in {
            "consistency_low", "consistency_high", "curve_low", "curve_high",
        }  # fmt: skip
    assert (table["curve_low"] <= table["isotonic"] + 1e-12).mean() > 0.9
    assert (table["consistency_low"] <= table["probability"] + 1e-12).mean() > 0.9
    assert (table["isotonic"].diff().dropna() >= 0).all()


def test_twins_widen_the_bands_by_the_root_of_two():
    """Every lead twice, in one account: half as many observations."""
    rng = np.random.default_rng(4)
    score = rng.integers(0, 3, 4000)
    hit = (rng.random(4000) < 0.2 + 0.2 * score).astype(int)
    once = count_rows(lead_rows(score, hit))
    twice = count_rows(lead_rows(np.tile(score, 2), np.tile(hit, 2), np.tile(np.arange(4000), 2)))
    widths = []
    for counts in (once, twice):
        table = reliability_table(counts, {0: 0.2, 1: 0.4, 2: 0.6}, replicates=4000)
        widths.append((table["consistency_high"] - table["consistency_low"]).to_numpy())
    assert widths[1] == pytest.approx(widths[0], rel=0.06)


@pytest.mark.by_hand("reliability_table")
def test_a_rate_of_nobody_has_an_exact_end():
    # 0 of 10 at the first score: the curve is 0 there, and may be as high as 1 - 0.025^(1/10).
    counts = count_rows(lead_rows([0] * 10 + [1] * 40, [0] * 10 + [1, 0] * 20))
    table = reliability_table(counts, {0: 0.1, 1: 0.5}, replicates=200)
    assert table["isotonic"][0] == 0
    assert table["curve_high"][0] == pytest.approx(1 - 0.025 ** (1 / 10))


def test_consistency_by_one_score_is_that_of_the_binomial():
    counts = count_rows(lead_rows([5] * 50, [1] * 10 + [0] * 40))
    table = reliability_table(counts, {5: 0.3}, replicates=4000)
    low, high = binom.ppf([0.025, 0.975], 50, 0.3) / 50
    assert table["consistency_low"][0] == pytest.approx(low, abs=0.021)
    assert table["consistency_high"][0] == pytest.approx(high, abs=0.021)


@pytest.mark.parametrize(("score", "hit", "reason"), [
    ([], [], "no judged leads"),
    ([5], [1], "all of 1 judged leads converted"),
    ([5, 6], [0, 0], "none of 2 judged leads converted"),
    ([5, 5, 5], [0, 1, 1], "all judged leads have the same score"),
    ([1, 2, 3], [0, 0, 1], "the score separates the two classes: no finite slope is likeliest"),
])  # fmt: skip
def test_a_check_that_is_undefined_is_nan_with_a_reason(score, hit, reason):
    counts = count_rows(lead_rows(score, hit).astype({"score": "int64"}))
    found = check_mapping(counts, RISING | {6: 0.9})
    assert isnan(found.slope.estimate)
    assert isnan(found.joint_p_value)
    assert found.reason == reason


@pytest.mark.parametrize("function", [score_mapping, decompose_mapping, calibration_distance])
def test_without_judged_leads_there_is_nothing_to_score(function):
    counts = count_rows(lead_rows([], []).astype({"score": "int64"}))
    assert function(counts, RISING).reason == "no judged leads"
    assert reliability_table(counts, RISING).empty


def test_a_stated_certainty_has_no_log_odds():
    counts = count_rows(lead_rows([0, 0, 1, 1], [1, 0, 1, 0]))
    assert "a probability of 0 or 1 is stated" in str(check_mapping(counts, {0: 0, 1: 0.5}).reason)
    assert score_mapping(counts, {0: 0, 1: 0.5}).log_loss.estimate == np.inf
    kept = decompose_mapping(counts, {0: 0, 1: 0.5}, rule="log")
    assert isnan(kept.score)
    assert "refuted" in str(kept.reason)
    assert "one probability is stated" in str(check_mapping(counts, {0: 0.5, 1: 0.5}).reason)


@pytest.mark.parametrize(("mapping", "message"), [
    ({0: 0.5}, "no probability is stated for score 1"),
    ({0: 0.5, 1: 1.5}, "the probability stated for score 1 is 1.5"),
    ({0: 0.5, 1: float("nan")}, "the probability stated for score 1 is nan"),
])  # fmt: skip
def test_a_mapping_that_is_none_is_refused(mapping, message):
    counts = count_rows(lead_rows([0, 0, 1, 1], [1, 0, 1, 0]))
    with pytest.raises(QuestionError, match=message):
        score_mapping(counts, mapping)


def test_other_rules_and_curves_are_refused(sim_counts):
    fit = fit_points(sim_counts)
    with pytest.raises(QuestionError, match="expected 'brier' or 'log'"):
        decompose_mapping(sim_counts, fit, rule="spherical")
    with pytest.raises(QuestionError, match="expected one of smooth, loess, isotonic, observed"):
        calibration_distance(sim_counts, fit, curve="spline")


def test_ten_thousand_million_leads_are_as_quick_and_as_exact():
    cells = [(s, state, (2 + s if state == "converted" else 9) * 10**10)
             for s in range(5) for state in ("converted", "not_converted")]  # fmt: skip
    big = ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), PROVENANCE)
    small = ScoreCounts(big.frame.assign(n=big.frame["n"] // 10**10), PROVENANCE)
    for function in (check_mapping, score_mapping, decompose_mapping, calibration_distance):
        one, two = function(small, RISING), function(big, RISING)
        for name in ("slope", "brier", "score", "mean"):
            if hasattr(one, name):
                a, b = (getattr(getattr(x, name), "estimate", getattr(x, name)) for x in (one, two))
                assert a == pytest.approx(b, rel=0.02 if name == "mean" else 1e-9)


def test_an_account_of_half_of_all_leads_widens_the_interval(sim):
    account = np.where(np.arange(len(sim)) % 2 == 0, -1, np.arange(len(sim)))
    counts = count_rows(lead_rows(sim["score"], sim["y"], account))
    found = check_mapping(counts, fit_points(counts))
    assert found.reason is not None
    assert "weigh as much as" in found.reason
    assert logit(0.5) == 0


def test_the_joint_test_without_accounts_is_the_likelihood_ratio(stated):
    """Twice the log-likelihood gained over the stated line, referred to 2 degrees of freedom."""
    fit, later = stated
    found = check_mapping(count_rows(lead_rows(later["score"], later["y"])), fit)
    linear = fit.intercept + fit.slope * later["score"]
    free = sm.GLM(later["y"], sm.add_constant(linear), sm.families.Binomial()).fit(tol=1e-12)
    p = expit(linear)
    fixed = np.sum(np.where(later["y"] == 1, np.log(p), np.log1p(-p)))
    assert found.joint_statistic == pytest.approx(2 * (free.llf - fixed), rel=1e-8)
    assert found.joint_p_value == pytest.approx(chi2.sf(found.joint_statistic, 2), rel=1e-9)


def test_the_interval_of_observed_over_expected_by_hand():
    # 2 of 4 leads with a stated 1/4 and 3 of 4 with a stated 3/4 converted: 5 / 4.
    rows = lead_rows([0] * 4 + [1] * 4, [1, 1, 0, 0, 1, 1, 1, 0])
    found = check_mapping(count_rows(rows), {0: 1 / 4, 1: 3 / 4}).observed_expected
    ratio = 5 / 4
    taken = [ratio / 4, ratio * 3 / 4]
    squares = 2 * (1 - taken[0]) ** 2 + 2 * taken[0] ** 2 + 3 * (1 - taken[1]) ** 2 + taken[1] ** 2
    error = squares**0.5 / 4
    assert (found.estimate, found.standard_error) == (ratio, pytest.approx(error))
    step = t.isf(0.025, 5 - 1) * error / ratio  # five conversions: t
    assert (found.low, found.high) == pytest.approx((ratio * exp(-step), ratio * exp(step)))


def test_over_few_accounts_the_joint_test_is_hotellings():
    rng = np.random.default_rng(8)
    score, account = rng.integers(-3, 6, 90), np.repeat(np.arange(18), 5)
    rows = lead_rows(score, (rng.random(90) < [RISING[x] for x in score]).astype(int), account)
    found = check_mapping(count_rows(rows), RISING)
    # Accounts of equal size behind the rarer class, less one, as degrees of freedom.
    sizes = rows.groupby(["state", "account"]).size().groupby("state")
    df = (sizes.sum() ** 2 / sizes.agg(lambda n: (n**2).sum())).min() - 1
    expected = f.sf(found.joint_statistic / 2 * (df - 1) / df, 2, df - 1)
    assert found.joint_p_value == pytest.approx(expected, rel=1e-9)


def test_over_accounts_the_leads_of_one_make_up_for_each_other():
    """sum over accounts of (sum of y - ratio p)^2 / (sum of p)^2, times G / (G - 1)."""
    score, hit = np.array([0, 0, 1, 1, 0, 1, 0, 1, 1]), np.array([1, 0, 1, 0, 0, 1, 0, 1, 1])
    account = np.array([1, 1, 2, 2, 3, 3, 4, 4, 5])
    stated = {0: 0.25, 1: 0.5}
    found = check_mapping(count_rows(lead_rows(score, hit, account)), stated).observed_expected
    p = np.array([stated[each] for each in score])
    ratio = hit.sum() / p.sum()
    sums = [(hit - ratio * p)[account == each].sum() / p.sum() for each in range(1, 6)]
    assert found.standard_error == pytest.approx((5 / 4 * np.sum(np.square(sums))) ** 0.5)


def test_a_class_that_no_lead_is_in_leaves_no_interval_and_no_error():
    counts = count_rows(lead_rows([0, 0, 5], [1, 1, 1], ["a", "b", "b"]))
    found = check_mapping(counts, {0: 0.5, 5: 0.75})
    assert found.observed_expected.estimate == pytest.approx(3 / 1.75)
    assert isnan(found.slope.estimate)
    assert found.reason is not None
