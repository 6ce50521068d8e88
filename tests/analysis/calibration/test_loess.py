"""The local parabola that R draws by default, from counts."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.rows import PROVENANCE
from toolkit.analysis import calibration_distance
from toolkit.analysis.calibration.loess import _Rows, loess_rates
from toolkit.counts import ScoreCounts


def test_the_curve_of_few_leads_is_that_of_the_fortran_code():
    # scikit-misc 0.5.3, which wraps the code that R calls; 24 of the 72 leads share one value.
    p = np.array([0.05, 0.1, 0.2, 0.3, 0.35, 0.5, 0.6, 0.8])
    n, positives = np.array([6, 5, 24, 2, 9, 11, 10, 5]), np.array([0, 1, 5, 1, 2, 4, 7, 4])
    expected = [
        0.03373207650747703, 0.11580977185237304, 0.22651588471274964, 0.2516877248250935,
        0.2705114878452134, 0.3531018223788527, 0.604753599916456, 0.8267931955315724,
    ]  # fmt: skip
    assert loess_rates(p, positives, n).tolist() == pytest.approx(expected, rel=1e-10)


def test_cells_of_few_leads_are_cut_as_the_fortran_code_cuts_them():
    # scikit-misc 0.5.3: many small levels, so that medians fall into the middle of some.
    p = np.array([0.02, 0.05, 0.06, 0.11, 0.13, 0.2, 0.22, 0.27, 0.28, 0.3, 0.36, 0.41, 0.44, 0.5,
                  0.58, 0.6, 0.7, 0.9])  # fmt: skip
    n = np.array([3, 4, 4, 2, 1, 4, 2, 1, 3, 4, 1, 3, 4, 4, 2, 3, 1, 2])
    positives = np.array([0, 0, 1, 0, 1, 1, 0, 0, 1, 2, 0, 1, 2, 1, 2, 1, 1, 2])
    expected = [
        0.03656397015178502, 0.09954195564872856, 0.11733914547758781, 0.1890468101743524,
        0.21088144170845177, 0.2541680035443226, 0.26558188636306396, 0.2821932408040801,
        0.2868288658246095, 0.2992903715569084, 0.3393283217497447, 0.35960684270734267,
        0.3784933845532915, 0.4406680750038132, 0.5405619987456911, 0.5669416843408361,
        0.7079550366916273, 1.0403303925426082,
    ]  # fmt: skip
    assert loess_rates(p, positives, n).tolist() == pytest.approx(expected, rel=1e-10)


def test_the_curve_of_simulated_leads_is_that_of_the_fortran_code(sim):
    rows = sim.assign(p=sim["score"] / 100).groupby("p")["y"].agg(["sum", "size"])
    p = rows.index.to_numpy()
    found = dict(
        zip(p, loess_rates(p, rows["sum"].to_numpy(), rows["size"].to_numpy()), strict=True)
    )
    assert len(found) == 32
    for at, value in ((-0.7, -0.036540862810682154), (-0.45, -0.014691982005236335),
                      (-0.15, 0.028133073461748884), (0.25, 0.09715131838624844),
                      (0.65, 0.3397177475699982), (1.0, 0.6466557157005539)):  # fmt: skip
        assert found[at] == pytest.approx(value, abs=1e-11)


@given(
    st.lists(st.integers(1, 99), min_size=5, max_size=12, unique=True).map(sorted),
    st.data(),
)
def test_a_parabola_of_rates_is_its_own_curve(percents, data):
    # Rates p^2 = percent^2 / 10,000; no level holds so much that the curve rests on two others.
    times = data.draw(st.lists(st.integers(4, 7), min_size=len(percents), max_size=len(percents)))
    p, n = np.array(percents) / 100, np.array(times) * 10_000
    positives = np.array(times) * np.array(percents) ** 2
    assert loess_rates(p, positives, n).tolist() == pytest.approx((p**2).tolist(), abs=1e-9)


def test_ten_thousand_million_leads_cost_what_a_few_do():
    p = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    few = loess_rates(p, np.array([4, 1, 9, 16, 20]), np.full(5, 100))
    many = loess_rates(p, np.array([4, 1, 9, 16, 20]) * 10**10, np.full(5, 10**12))
    assert many.tolist() == pytest.approx(few.tolist(), rel=1e-9)


def counts(*cells: tuple[int, int, int]) -> ScoreCounts:
    rows = [
        (score, state, n)
        for score, positives, negatives in cells
        for state, n in (("converted", positives), ("not_converted", negatives))
    ]
    return ScoreCounts(pd.DataFrame(rows, columns=["score", "state", "n"]), PROVENANCE)


def test_distances_are_those_from_the_curve():
    # Rates 0.01, 0.04, 0.09, 0.16, 0.25 lie on a parabola; stated is 0.1 too much at one of five.
    cells = [(s, s * s, 100 - s * s) for s in (1, 2, 3, 4, 5)]
    stated = {s: float(Fraction(s * s, 100)) for s in (1, 2, 3, 4, 5)}
    exact = calibration_distance(counts(*cells), pd.Series(stated), curve="loess")
    assert exact.largest == pytest.approx(0, abs=1e-9)
    assert (exact.curve, exact.n, exact.reason) == ("loess", 500, None)


@pytest.mark.parametrize("cells", [[(1, 1, 0), (2, 0, 1)], [(1, 0, 1), (2, 30, 60), (3, 1, 0)]])
def test_without_a_parabola_there_is_a_reason(cells):
    stated = {score: score / 10 for score, _, _ in cells}
    found = calibration_distance(counts(*cells), pd.Series(stated), curve="loess")
    assert np.isnan([found.mean, found.median, found.ninth_decile, found.largest]).all()
    assert found.reason == (
        "no parabola: fewer than three leads, or the same stated for three quarters of them"
    )


def by_trial(values, first, last):
    """As the Fortran code looks for the row (from 1) behind which the value changes: here, one on,
    one back, two on, two back ... until it leaves the cell, when it stays at the median.
    """
    median, offset = (first + last) // 2, 0
    while first <= median + offset < last:
        if values[median + offset - 1] != values[median + offset]:
            return median + offset
        offset = -offset + (offset <= 0)
    return median


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8))
def test_a_cell_is_cut_where_trying_row_by_row_would_cut_it(n):
    rows = _Rows(np.arange(len(n)), np.zeros(len(n)), np.array(n), np.cumsum(n))
    values = np.repeat(np.arange(len(n)), n)
    for first, last in itertools.combinations_with_replacement(range(1, rows.total + 1), 2):
        assert rows.middle(first, last) == by_trial(values, first, last)
