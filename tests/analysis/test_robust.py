"""Few accounts: tests and intervals with as many degrees as there are equal accounts, less one."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from toolkit.analysis.robust import account_quantile, few_accounts_words, score_p, wald_p


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


@given(st.floats(0.01, 8.0), st.floats(1.0, 500.0), st.floats(0.0, 500.0))
def test_fewer_equal_accounts_are_less_sure(distance, freedom, more):
    assert wald_p(distance, freedom + more) <= wald_p(distance, freedom) * (1 + 1e-9)
    assert account_quantile(freedom + more, 0.95) <= account_quantile(freedom, 0.95) * (1 + 1e-9)
    few, many = (score_p(distance, 1, accounts=600, freedom=v) for v in (freedom, freedom + more))
    assert many <= few * (1 + 1e-9)


def test_students_quantiles_and_p_by_the_tables():
    assert account_quantile(3.0, 0.95) == pytest.approx(3.182446305284263)
    assert account_quantile(inf, 0.9) == pytest.approx(1.6448536269514722)
    assert wald_p(-3.182446305284263, 3.0) == pytest.approx(0.05)
    assert wald_p(1.959963984540054, inf) == pytest.approx(0.05)


@pytest.mark.parametrize("freedom", [0.0, 0.96])
def test_under_two_equal_accounts_there_is_no_answer_but_a_reason(freedom):
    assert np.isnan([account_quantile(freedom, 0.95), wald_p(9.0, freedom)]).all()
    assert np.isnan(score_p(9.0, 1, accounts=300, freedom=freedom))
    assert few_accounts_words(freedom).startswith("too few accounts")
    assert few_accounts_words(39.0) is None
    assert few_accounts_words(38.0) == "few accounts: it rests on as much as 39.0 of equal size"


@pytest.mark.parametrize(
    ("statistic", "degrees", "freedom"), [(4.0, 1, 3.0), (2.0, 3, 2.5), (nan, 1, 3.0)]
)
def test_accounts_that_show_no_variation_or_fewer_than_the_columns_test_nothing(
    statistic, degrees, freedom
):
    assert np.isnan(score_p(statistic, degrees, accounts=4, freedom=freedom))
