"""The swap figure: legible, and its title says no more than the test."""

from __future__ import annotations

import pytest

from tests.analysis.comparison.pair_rows import sides
from tests.report.figure_check import faults
from toolkit.analysis import swap_set
from toolkit.report.figures import alt_text, plot_swap

CASES = {
    "yes": (sides((60, 40), (20, 80), (50, 50), (9, 900)), "The 100 leads that come in convert more often than the 100 that go out: 60% against 20%"),
    "no": (sides((5, 95), (40, 60)), "The 100 leads that come in convert less often than the 100 that go out: 5% against 40%"),
    "thin": (sides((6, 14), (5, 15)), "Not enough evidence that the 20 leads that come in convert more often than the 20 that go out"),
    "unworked": (sides((3, 2, 15), (10, 40)), "It cannot be told whether the 20 leads that come in convert more often than the 50 that go out: 15 were never worked"),
    "fitted": (sides((30, 10), (5, 35), fitted_on="these leads"), "It cannot be told whether the 40 leads that come in convert more often than the 40 that go out: no fair test"),
    "same": (sides((0, 0), (0, 0), (10, 10)), "Both models choose the same leads"),
    "large": (sides((10**8, 10**9, 10**8), (10**8, 10**8, 10**9), (10**9, 10**9, 10**9)), None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_is_legible_and_says_what_is_known(name):
    pairs, sentence = CASES[name]
    chart = plot_swap(
        swap_set(pairs, threshold=1, challenger_threshold=1), note="Leads of 2026. " * 9
    )
    assert faults(chart) == []
    assert faults(plot_swap(swap_set(pairs, threshold=1, challenger_threshold=1))) == []
    assert sentence is None or chart.headline == sentence


def test_readers_who_do_not_see_hear_the_counts():
    chart = plot_swap(swap_set(CASES["unworked"][0], threshold=1, challenger_threshold=1))
    assert (
        "Come in: only the challenger works them: 15% to 90%, 3 of 5 judged; 15 never worked."
        in alt_text(chart)
    )
