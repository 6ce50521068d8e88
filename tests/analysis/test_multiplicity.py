from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from toolkit.analysis import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_adjusted_p_values_are_those_of_r(oracle):
    given_p, value = oracle.value("padjust")["p"], oracle.value("padjust")
    assert holm(given_p) == pytest.approx(value["holm"], rel=1e-9)
    assert benjamini_hochberg(given_p) == pytest.approx(value["BH"], rel=1e-9)


@pytest.mark.property_of("benjamini_hochberg", "holm")
@given(P_VALUES)
def test_adjusted_p_values_are_those_of_statsmodels(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)


@given(P_VALUES)
def test_what_is_not_known_counts_for_nothing(p):
    more = holm([*p, np.nan])
    assert more[:-1] == pytest.approx(holm(p))
    assert np.isnan(more[-1])


@given(P_VALUES, st.randoms())
def test_the_order_of_questions_does_not_matter(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    assert holm(np.array(p)[order]) == pytest.approx(holm(p)[order])


def test_nothing_adjusted_is_nothing():
    assert holm([]).tolist() == []
    assert benjamini_hochberg([]).tolist() == []


@pytest.mark.by_hand("benjamini_hochberg", "holm")
def test_four_questions_by_hand():
    p = [0.01, 0.04, 0.03, 0.5]
    # 4 x 0.01, 3 x 0.03, 2 x 0.04 but no less than the one before, 1 x 0.5.
    assert holm(p) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    # 4/1 x 0.01; 4/2 x 0.03 but no more than the one after, 4/3 x 0.04; 4/4 x 0.5.
    assert benjamini_hochberg(p) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
