"""A score statistic over few accounts is Hotelling's, with as many degrees as they allow."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from toolkit.analysis.student import score_p


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
