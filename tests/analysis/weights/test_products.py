"""Small whole numbers take less memory and change no digit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.weights.patterns import LEADS, LEADS_POINTS, count_patterns
from toolkit.analysis.proposal.ladder import update_ladder
from toolkit.analysis.weights import design as design_room
from toolkit.analysis.weights import fit_weights, weight_table
from toolkit.analysis.weights.products import (
    column_totals,
    floats_of,
    linear,
    residual_products,
    small_whole,
    weighted_products,
)

NUMBERS = st.one_of(
    st.integers(-200, 200).map(float),
    st.integers(-40_000, 40_000).map(float),
    st.sampled_from([0.5, -1e12, 1e300]),
)


@given(st.lists(NUMBERS, max_size=20))
def test_no_value_is_changed(values):
    kept = np.array(values)
    found = small_whole(kept)
    assert np.array_equal(floats_of(found), kept)
    most = np.abs(kept).max(initial=0.0)
    whole = bool((kept == np.floor(kept)).all())
    expected = "int8" if most <= 127 else "int16" if most <= 32_767 else "float64"
    assert found.dtype.name == (expected if whole else "float64")


@pytest.mark.parametrize("kind", [np.int8, np.int16])
def test_products_are_those_of_floats_to_the_last_bit(kind):
    rng = np.random.default_rng(5)
    columns = np.asfortranarray(rng.integers(-9, 100, (9_000, 7)).astype(kind))
    floats, weight, beta = columns.astype(np.float64), rng.random(9_000), rng.normal(size=7)
    assert np.array_equal(linear(columns, beta), linear(floats, beta))
    assert np.array_equal(column_totals(columns, weight), column_totals(floats, weight))
    assert np.array_equal(weighted_products(columns, weight), weighted_products(floats, weight))
    assert np.array_equal(
        weighted_products(floats, weight, columns), weighted_products(floats, weight, floats)
    )


def test_products_of_residuals_are_those_of_the_whole_table():
    rng = np.random.default_rng(6)
    x, y = rng.integers(0, 5, (9_000, 3)).astype(np.int8), rng.normal(size=(9_000, 2))
    slope, weight, values = rng.normal(size=(2, 3)), rng.random(9_000), rng.normal(size=9_000)
    left = x - y @ slope
    total, products = residual_products(x, y, slope, weight=weight, values=values)
    np.testing.assert_allclose(total, left.T @ values, rtol=1e-9)
    np.testing.assert_allclose(products, left.T @ (weight[:, None] * left), rtol=1e-9)


@pytest.mark.parametrize("account", [None, "account_id"])
def test_every_number_of_the_table_is_that_of_units_held_as_floats(monkeypatch, leads, account):
    patterns = count_patterns(leads, LEADS, LEADS_POINTS, account=account)
    small = fit_weights(patterns)
    assert small.design.units.dtype == np.int8
    monkeypatch.setattr(design_room, "small_whole", lambda values: values)
    floats = fit_weights(patterns)
    assert floats.design.units.dtype == np.float64
    pd.testing.assert_frame_equal(weight_table(small), weight_table(floats), check_exact=True)
    pd.testing.assert_frame_equal(
        update_ladder(small).table, update_ladder(floats).table, rtol=1e-12
    )


def test_units_from_one_end_to_the_other_are_not_taken_for_one_value(leads):
    """-127 and 127 lie further apart than the whole numbers that hold them reach."""
    wide = leads.assign(vp=np.where(leads["vp"] == 1, 127, -127))
    points = [LEADS_POINTS[0] / 254, *LEADS_POINTS[1:]]
    found = fit_weights(count_patterns(wide, LEADS, points))
    usual = fit_weights(count_patterns(leads, LEADS, LEADS_POINTS))
    assert found.design.units.dtype == np.int8
    assert found.alone[0] * 254 == pytest.approx(usual.alone[0])
