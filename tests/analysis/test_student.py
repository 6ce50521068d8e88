"""Student's t and Hotelling's T-squared where accounts are few: scipy's laws, hands, the limits."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from toolkit.analysis.student import joint_p, score_p, student_p, student_quantile

EQUAL = st.floats(1.01, 200)


@given(EQUAL, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_quantile_is_that_of_scipy(equal, confidence):
    side = (1 - confidence) / 2
    expected = stats.norm.isf(side) if equal >= 40 else stats.t.isf(side, equal - 1)
    assert student_quantile(equal, side) == pytest.approx(expected, rel=1e-9)


@given(EQUAL, st.floats(-6, 6))
def test_the_p_value_is_that_of_scipy(equal, z):
    expected = stats.norm.sf(abs(z)) if equal >= 40 else stats.t.sf(abs(z), equal - 1)
    assert student_p(z, equal) == pytest.approx(2 * expected, abs=1e-12)


@given(EQUAL)
def test_an_interval_leaves_out_what_the_test_refutes(equal):
    assert student_p(student_quantile(equal, 0.025), equal) == pytest.approx(0.05)


@given(EQUAL, st.floats(0.01, 50))
def test_a_joint_test_of_one_estimate_is_the_test_of_it(equal, statistic):
    assert joint_p(statistic, 1, equal) == pytest.approx(
        float(student_p(statistic**0.5, equal)), abs=1e-12
    )


def test_a_joint_test_by_hand():
    # Two estimates over 10 accounts: 6 (10 - 2) / ((10 - 1) 2) = 8/3 on 2 and 8 degrees.
    assert joint_p(6, 2, 10) == pytest.approx(stats.f.sf(8 / 3, 2, 8))
    assert joint_p(6, 2, 1000) == pytest.approx(stats.chi2.sf(6, 2))


def test_one_account_shows_no_variance():
    found = student_quantile(np.array([0.0, 1.0, 1.5]), 0.025)
    assert np.isnan(found).tolist() == [True, True, False]
    assert np.isnan(student_p(2.0, 1.0))
    assert np.isnan(joint_p(2.0, 2, 2.0))


@pytest.mark.parametrize("accounts", [3, 12, 150])
def test_the_score_test_of_equal_accounts_is_students_t(accounts):
    """U'(sum U_g^2)^-1 U knows no mean; its p is nevertheless that of the t test of the U_g."""
    values = np.random.default_rng(accounts).normal(0.4, 1, accounts)
    statistic = values.sum() ** 2 / (values**2).sum()
    found = score_p(statistic, 1, accounts=accounts, freedom=accounts - 1)
    assert found == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=1e-9)


def test_the_score_test_of_two_columns_is_hotellings():
    values = np.random.default_rng(1).normal(0.5, 1, (9, 2))
    total = values.sum(axis=0)
    statistic = total @ np.linalg.solve(values.T @ values, total)
    mean, spread = values.mean(axis=0), np.cov(values.T)
    t2 = 9 * mean @ np.linalg.solve(spread, mean)
    expected = stats.f.sf(t2 * (9 - 2) / (2 * (9 - 1)), 2, 9 - 2)
    assert score_p(statistic, 2, accounts=9, freedom=8) == pytest.approx(expected, rel=1e-9)


@given(st.floats(0, 30), st.integers(1, 12))
def test_with_many_accounts_it_is_chi_squared(statistic, degrees):
    found = score_p(statistic, degrees, accounts=10**8, freedom=10.0**8 - 1)
    assert found == pytest.approx(stats.chi2.sf(statistic, degrees), abs=1e-5)


@pytest.mark.parametrize(
    ("statistic", "degrees", "freedom"), [(4.0, 1, 3.0), (2.0, 3, 2.5), (nan, 1, 3.0)]
)
def test_accounts_that_show_no_variation_or_fewer_than_the_columns_test_nothing(
    statistic, degrees, freedom
):
    assert np.isnan(score_p(statistic, degrees, accounts=4, freedom=freedom))
