"""Student's t where accounts are few: scipy's own laws, hands, and the limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, f, norm, t

from toolkit.analysis.student import joint_p, student_p, student_quantile

EQUAL = st.floats(1.01, 200)


@given(EQUAL, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_quantile_is_that_of_scipy(equal, confidence):
    side = (1 - confidence) / 2
    expected = norm.isf(side) if equal >= 40 else t.isf(side, equal - 1)
    assert student_quantile(equal, side) == pytest.approx(expected, rel=1e-9)


@given(EQUAL, st.floats(-6, 6))
def test_the_p_value_is_that_of_scipy(equal, z):
    expected = norm.sf(abs(z)) if equal >= 40 else t.sf(abs(z), equal - 1)
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
    assert joint_p(6, 2, 10) == pytest.approx(f.sf(8 / 3, 2, 8))
    assert joint_p(6, 2, 1000) == pytest.approx(chi2.sf(6, 2))


def test_one_account_shows_no_variance():
    found = student_quantile(np.array([0.0, 1.0, 1.5]), 0.025)
    assert np.isnan(found).tolist() == [True, True, False]
    assert np.isnan(student_p(2.0, 1.0))
    assert np.isnan(joint_p(2.0, 2, 2.0))
