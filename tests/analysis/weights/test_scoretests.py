"""Score tests and implied points are those of R, statsmodels and the formulas by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.analysis.weights.patterns import LEADS, LEADS_POINTS, XEDU, XEDU_POINTS, count_patterns
from toolkit.analysis.weights import fit_weights
from toolkit.analysis.weights.degrees import column_degrees
from toolkit.analysis.weights.design import score_products, score_squares
from toolkit.analysis.weights.implied import base_columns, departure
from toolkit.analysis.weights.ratios import fieller_interval
from toolkit.analysis.weights.scoretests import score_test, score_tests

NINE = XEDU[:9]


def nine(rows):
    """The score of nine criteria, without the tenth, which separates the outcomes."""
    return rows.assign(score=rows[NINE].to_numpy() @ np.array(XEDU_POINTS[:9]))


def test_the_score_test_over_accounts_is_that_of_statsmodels_gee(oracle, leads):
    expected = oracle.value("robust_score.leads")
    rows = leads.assign(score=leads[LEADS].to_numpy() @ np.array(LEADS_POINTS))
    found = fit_weights(count_patterns(rows, LEADS, LEADS_POINTS, account="account_id"))
    base = base_columns(found.design, ())
    statistics = [
        score_test(found.design.units[:, [j]], base, found.scale.fit, found.design).statistic
        for j in range(len(LEADS))
    ]
    np.testing.assert_allclose(statistics, expected["gee"], rtol=1e-6)


def test_the_score_test_is_that_of_statsmodels_on_rows(leads):
    import statsmodels.api as sm

    design = fit_weights(count_patterns(leads, LEADS, LEADS_POINTS)).design
    fit = fit_weights(count_patterns(leads, LEADS, LEADS_POINTS)).scale.fit
    expected = (
        sm.GLM(leads["y"], sm.add_constant(leads[["score"]].astype(float)),
               family=sm.families.Binomial())
        .fit(tol=1e-14)
        .score_test(exog_extra=leads[["webinar"]].astype(float))
    )  # fmt: skip
    x = design.units[:, [LEADS.index("webinar")]]
    found = score_test(x, base_columns(design, ()), fit, design)
    assert found.statistic == pytest.approx(float(np.squeeze(expected[0])), rel=1e-8)
    assert (found.degrees, found.robust) == (1, False)


def test_a_two_by_two_table_gives_pearsons_chi_squared():
    """Of 10 leads with it 8 converted, of 10 without 3: chi2 = 20 (8*7 - 2*3)^2 / (10*10*11*9)."""
    rows = pd.DataFrame({"a": [1] * 10 + [0] * 10, "y": [1] * 8 + [0] * 2 + [1] * 3 + [0] * 7})
    design = fit_weights(count_patterns(rows.assign(score=rows["a"]), ["a"], [1])).design
    ones = np.ones((len(design.n), 1))
    from toolkit.analysis.weights.logistic import fit_logistic

    found = score_test(design.units, ones, fit_logistic(ones, design), design)
    assert found.statistic == pytest.approx(20 * (8 * 7 - 2 * 3) ** 2 / (10 * 10 * 11 * 9))


def test_a_column_that_is_there_already_is_no_evidence(lead_patterns):
    found = fit_weights(lead_patterns)
    base = base_columns(found.design, ())
    again = found.design.score[:, None] * 2 + 1
    result = score_test(again, base, found.scale.fit, found.design)
    assert result.degrees == 0
    assert np.isnan(result.p)


def test_an_interval_of_fieller_solves_its_own_equation():
    part, whole, v = 3.0, 2.0, {"var_part": 0.4, "cov": -0.05, "var_whole": 0.03}
    for ratio in fieller_interval(part, whole, **v, q=1.96):
        spread = v["var_part"] - 2 * ratio * v["cov"] + ratio**2 * v["var_whole"]
        assert (part - ratio * whole) ** 2 == pytest.approx(1.96**2 * spread)


def test_a_scale_that_may_be_zero_gives_no_interval():
    low, high = fieller_interval(1.0, 0.1, var_part=0.01, cov=0.0, var_whole=0.1, q=1.96)
    assert np.isnan(low)
    assert np.isnan(high)


@pytest.mark.real_data
def test_nine_criteria_give_the_coefficients_and_tests_of_r(oracle, x_education):
    found = fit_weights(count_patterns(nine(x_education), NINE, XEDU_POINTS[:9]))
    glm, test = oracle.value("glm.xedu"), oracle.value("points_fit.xedu")
    np.testing.assert_allclose(found.joint.coefficients, glm["coef"][1:], rtol=1e-7)
    np.testing.assert_allclose(found.joint.standard_errors, glm["se"][1:], rtol=1e-7)
    assert found.joint.log_likelihood == pytest.approx(glm["loglik"], rel=1e-9)
    assert found.scale.intercept == pytest.approx(test["a"], rel=1e-9)
    assert found.scale.per_point == pytest.approx(test["k"], rel=1e-9)
    assert found.global_test.statistic == pytest.approx(test["score"], rel=1e-9)
    assert (found.global_test.degrees, found.global_test.robust) == (test["score_df"], False)
    ratio = 2 * (found.joint.log_likelihood - found.scale.fit.log_likelihood)
    assert ratio == pytest.approx(test["LR"], rel=1e-9)


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["visits3", "add_form"])
def test_implied_points_and_their_intervals_are_those_of_the_oracle(oracle, x_education, name):
    found = fit_weights(count_patterns(nine(x_education), NINE, XEDU_POINTS[:9]))
    base = base_columns(found.design, ())
    one = departure(found.design, base, found.scale.fit, NINE.index(name))
    now = XEDU_POINTS[NINE.index(name)]
    entry = f"implied_points.{name}"
    assert now + one.estimate == oracle.approx(entry, "implied")
    assert now + one.low == oracle.approx(entry, "fieller_lo")
    assert now + one.high == oracle.approx(entry, "fieller_hi")
    delta = now + one.estimate - 1.959963984540054 * one.standard_error
    assert delta == oracle.approx(entry, "delta_lo")


@pytest.mark.parametrize("block", [1, 40, 1 << 17])
def test_tests_made_together_are_those_made_one_by_one(leads, monkeypatch, block):
    counts = count_patterns(leads, LEADS, LEADS_POINTS, account="account_id")
    usual = fit_weights(counts).joint
    # However many accounts are read at a time, at least one.
    monkeypatch.setattr("toolkit.analysis.weights.design._PRODUCTS", len(LEADS) ** 2 * block)
    found = fit_weights(counts)
    np.testing.assert_allclose(found.joint.standard_errors, usual.standard_errors, rtol=1e-9)
    design, fit, base = found.design, found.scale.fit, base_columns(found.design, ())
    freedom = column_degrees(design, design.units)
    together = score_tests(design.units, base, fit, design, freedom=freedom)
    for j, each in enumerate(together):
        alone = score_test(design.units[:, [j]], base, fit, design)
        assert (each.statistic, each.p) == pytest.approx((alone.statistic, alone.p), rel=1e-10)
        assert (each.degrees, each.robust) == (1, True)
    # By rows: U_g is the sum over the leads of an account.
    by_score = dict(zip(design.score, fit.probability, strict=True))
    residual = leads["y"] - leads["score"].map(by_score)
    sums = (leads[LEADS].mul(residual, axis=0)).groupby(leads["account_id"]).sum().to_numpy()
    products = score_products(design, design.units, fit.probability)
    np.testing.assert_allclose(products, sums.T @ sums, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        score_squares(design, design.units, fit.probability), np.diag(products), rtol=1e-12
    )
