"""Firth's fit is that of logistf; nothing is infinite where outcomes are separated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from tests.analysis.weights.patterns import LEADS, count_patterns
from toolkit.analysis.weights import fit_weights
from toolkit.analysis.weights.design import read_design
from toolkit.analysis.weights.firth import (
    fit_firth,
    flic_intercept,
    penalised_p,
    profile_interval,
)

NAMES = [*LEADS, "competitor"]
Z = 1.959963984540054


@pytest.fixture(scope="module")
def case(leads):
    design = read_design(count_patterns(leads, NAMES, [0.0] * 8))
    columns = np.column_stack([np.ones(len(design.n)), design.units])
    return columns, design, fit_firth(columns, design)


def test_coefficients_are_those_of_logistf_and_brglm2(oracle, case):
    expected = oracle.value("firth.leads")
    assert expected["names"][1:] == NAMES
    np.testing.assert_allclose(case[2].coefficients, expected["coef"], atol=2e-8)
    assert case[2].penalised == pytest.approx(expected["pen_loglik_full"], rel=1e-9)


def test_profile_intervals_are_those_of_logistf(oracle, case):
    expected = oracle.value("firth.leads")
    for j in range(len(NAMES) + 1):
        low, high = profile_interval(*case, j, q=Z)
        assert low == pytest.approx(expected["pl_lo"][j], rel=1e-6)
        assert high == pytest.approx(expected["pl_hi"][j], rel=1e-6)


def test_penalised_likelihood_ratios_are_those_of_logistf(oracle, case):
    expected = oracle.value("firth.leads")["p_plr"]
    for j in range(len(NAMES) + 1):
        assert penalised_p(*case, j) == pytest.approx(expected[j], rel=1e-6, abs=1e-15)


def test_flic_makes_the_mean_probability_the_rate(oracle, case):
    columns, design, fit = case
    expected = oracle.value("flic.leads")
    assert fit.coefficients[0] == pytest.approx(expected["firth_intercept"], rel=1e-9)
    assert flic_intercept(*case) == pytest.approx(expected["flic_intercept"], rel=1e-9)
    firth = np.average(fit.probability, weights=design.n)
    assert firth == pytest.approx(expected["mean_firth_p"], rel=1e-9)
    slopes = columns[:, 1:] @ fit.coefficients[1:]
    flic = expit(flic_intercept(*case) + slopes)
    assert np.average(flic, weights=design.n) == pytest.approx(expected["mean_y"], rel=1e-12)


def test_one_two_by_two_table_is_that_of_half_a_lead_added_to_each_cell():
    """For a saturated table Firth's odds are (k + 1/2) / (n - k + 1/2), as Haldane's."""
    rows = pd.DataFrame({"a": [1] * 10 + [0] * 30, "y": [1] * 10 + [1] * 6 + [0] * 24, "score": 0})
    design = read_design(count_patterns(rows, ["a"], [0]))
    columns = np.column_stack([np.ones(len(design.n)), design.units])
    fit = fit_firth(columns, design)
    assert fit.coefficients[0] == pytest.approx(np.log(6.5 / 24.5), abs=1e-7)
    assert fit.coefficients.sum() == pytest.approx(np.log(10.5 / 0.5), abs=1e-7)
    low, high = profile_interval(columns, design, fit, 1, q=Z)
    assert 0 < low < fit.coefficients[1] < high < np.inf


def test_separation_by_a_combination_of_terms_is_found_and_finite():
    """No term is one-sided: both kinds convert with a alone or b alone, but a with b always does,
    and neither never.
    """
    each = [(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 1, 0), (0, 1, 1), (1, 1, 1)]
    rows = pd.DataFrame(each * 9, columns=["a", "b", "y"])
    rows["c"] = rows["a"] * rows["b"] + (1 - rows["a"]) * (1 - rows["b"])
    rows["score"] = 10 * rows["a"] - 5 * rows["b"] + 3 * rows["c"]
    found = fit_weights(count_patterns(rows, ["a", "b"], [10, -5]))
    assert found.joint.method == "Firth"
    assert np.isfinite(found.joint.coefficients).all()
    assert np.isfinite(found.joint.high).all()
