"""The ladder and a proposal for cells of which everything is known beforehand."""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import log

import numpy as np
import pytest
from scipy.stats import chi2

from tests.analysis.proposal.models import model_of
from tests.analysis.weights.patterns import count_cells
from toolkit.analysis import fit_weights, integer_points, propose_model, update_ladder

K = log(2) / 10
"""Ten points double the odds."""


@pytest.mark.by_hand("update_ladder")
def test_three_comparisons_by_hand():
    # Odds of 1/5, 4/5, 2/5, 8/5 are right for 20 and 10 points. 6 more convert with neither and
    # with a alone, 12 fewer with b alone: the sums and the sum of scores stay, and so does the line.
    cells = [(0, 0, 20, 100), (1, 0, 80, 100), (0, 1, 40, 100), (1, 1, 160, 100)]
    seen = [(a, b, h + d, m - d) for (a, b, h, m), d in zip(cells, (6, 6, -12, 0), strict=True)]
    weights = fit_weights(count_cells({"a": 20, "b": 10}, seen))
    found = update_ladder(weights, stated=(log(1 / 5), K))
    assert found.table["null"].tolist() == ["keep", "intercept", "intercept and slope"]
    assert found.table["degrees"].tolist() == [3, 2, 1]
    assert (found.shift, found.intercept, found.slope) == pytest.approx((0, 0, 1), abs=1e-9)
    # Rao: only the column of a has something left, 6; the same against each of the nulls.
    x = np.array([(1, 20 * a + 10 * b, a) for a, b, *_ in cells], dtype=float)
    hits, misses = np.array(cells, dtype=float)[:, 2:].T
    v = np.linalg.inv((x * (hits * misses / (hits + misses))[:, None]).T @ x)
    assert found.table["score_test"].tolist() == pytest.approx([36 * v[2, 2]] * 3)
    p = [chi2.sf(36 * v[2, 2], degrees) for degrees in (3, 2, 1)]
    assert found.table["p_score"].tolist() == pytest.approx(p)
    gain = found.table["likelihood_ratio"].iloc[-1]
    assert found.shrinkage == pytest.approx(1 - 1 / gain)


@pytest.mark.by_hand("propose_model")
def test_one_wrong_number_by_hand():
    """a is worth 40 points and paid 20; b and c are worth 10 and paid 10."""
    points = {"a": 20, "b": 10, "c": 10}
    cells = [
        (a, b, c, 1000 * 2 ** (4 * a + b + c), 5000)
        for a, b, c in itertools.product((0, 1), repeat=3)
    ]
    counts = count_cells(points, cells)
    counts = replace(counts, provenance=replace(counts.provenance, model_hash=None))
    found = propose_model(
        model_of(points, bands="- {name: all}"), fit_weights(counts), move_thresholds=False
    )
    table = found.table.set_index("term")
    assert table["proposed"].to_dict() == {"a": 40, "b": 10, "c": 10}
    assert table["change"].tolist() == [20, 0, 0]
    assert table["action"].tolist() == ["change", "keep", "keep"]
    assert table.loc["a", "implied"] == pytest.approx(40)
    assert table.loc["a", "shrunk"] == pytest.approx(20 + 20 * found.shrinkage)
    assert 0.99 < found.shrinkage < 1
    # Without a 1, 2, 2 and 4 thousand converted, with it 16 times as many; 20 thousand did not.
    row = table.loc["a", ["positives_with", "n_with", "positives_without", "n_without"]]
    assert row.tolist() == [144_000, 164_000, 9_000, 29_000]
    assert found.text == "Change a from 20 to 40; keep the other 2."


RIGHT = [(0, 0, 20, 100), (1, 0, 80, 100), (0, 1, 40, 100), (1, 1, 160, 100)]
"""Right for 20 and 10 points."""


@pytest.mark.by_hand("update_ladder")
def test_twice_the_likelihood_that_stated_odds_lose_by_hand():
    """The points are right, and each odds are stated to be half of what they are."""
    weights = fit_weights(count_cells({"a": 20, "b": 10}, RIGHT))
    found = update_ladder(weights, stated=(log(1 / 10), K))
    lost = [h * log((h / m) / (h / m / 2)) + (h + m) * log((1 + h / m / 2) / (1 + h / m))
            for *_, h, m in RIGHT]  # fmt: skip
    assert found.table["likelihood_ratio"].tolist() == pytest.approx(
        [2 * sum(lost), 0, 0], abs=1e-8
    )
    assert (found.action, found.shift) == ("intercept", pytest.approx(log(2)))


@pytest.mark.by_hand("integer_points")
def test_the_deviance_of_points_and_recorded_ones_by_hand():
    """Half of the leads have ten recorded points beside, and odds twice as high."""
    both = [(a, b, h * 2**more, m) for more in (0, 1) for a, b, h, m in RIGHT]
    counts = count_cells({"a": 20, "b": 10}, both)
    more = np.tile(np.repeat([0.0, 10.0], 4), 2)
    frame = counts.frame.assign(offset=more, score=counts.frame["score"] + more)
    found = integer_points(fit_weights(replace(counts, frame=frame)), grid=10, points_to_double=10)
    assert found.points.tolist() == [20, 10]
    n, hits = 800 + 900, 900
    assert found.null_deviance == pytest.approx(
        -2 * (hits * log(9 / 17) + (n - hits) * log(8 / 17))
    )
    least = -2 * sum(h * log(h / (h + m)) + m * log(m / (h + m)) for *_, h, m in both)
    assert (found.deviance, found.best_deviance) == (pytest.approx(least), pytest.approx(least))
