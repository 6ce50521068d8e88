"""Fits of a few cells that a reader can redo, with the numbers written out.

Where every cell converts exactly as its points say, the fit is known without fitting, and with it
the information: sum over the cells of n p (1 - p) x x'.
"""

from __future__ import annotations

from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import chi2

from tests.analysis.weights.patterns import count_cells
from toolkit.analysis.weights import (
    adequacy,
    dose_table,
    fit_weights,
    glm_results,
    judge_weights,
    optimism,
    period_table,
    rule_table,
    sample_size,
    stability_table,
    weight_contrast,
    weight_table,
)
from toolkit.counts import AccountCells

K = log(2) / 10
"""Log-odds of a point where ten points double the odds."""
RIGHT = [(0, 0, 20, 100), (1, 0, 40, 100), (0, 1, 80, 100), (1, 1, 160, 100)]
"""Odds of 1/5, 2/5, 4/5, 8/5: right for 10 and 20 points."""


def inverse_information(columns, cells):
    """Of rows of columns for cells that end in (converted, others), each with its own rate."""
    hits, misses = np.array(cells, dtype=float)[:, -2:].T
    weight = hits * misses / (hits + misses)
    x = np.array(columns, dtype=float)
    return np.linalg.inv((x * weight[:, None]).T @ x)


def right_points(**more):
    return fit_weights(count_cells({"a": 10, "b": 20}, RIGHT), **more)


FREE = [(1, a, b) for a, b, *_ in RIGHT]


@pytest.mark.by_hand("glm_results")
def test_what_statsmodels_reports_by_hand():
    found = glm_results(right_points())
    assert found.params.tolist() == pytest.approx([log(1 / 5), log(2), log(4)])
    errors = np.sqrt(np.diag(inverse_information(FREE, RIGHT)))
    assert found.bse.tolist() == pytest.approx(errors.tolist())


@pytest.mark.by_hand("weight_contrast")
def test_a_contrast_by_hand():
    found, v = weight_contrast(right_points(), a="b", b="a"), inverse_information(FREE, RIGHT)
    assert (found.now, found.estimate) == (10, pytest.approx(10))
    z = (log(4) - log(2)) / sqrt(v[1, 1] + v[2, 2] - 2 * v[1, 2])
    assert found.p == pytest.approx(2 * ndtr(-z))
    # The scale is that of the score, so the interval is of (b - a) / (a w_a + b w_b).
    pull = np.linalg.inv(v[1:, 1:]) @ [10, 20]
    w = pull / (pull @ [10, 20])
    for end in (found.low, found.high):
        away = np.array([-1, 1]) - end * w
        assert (log(2) - end * K) ** 2 == pytest.approx(1.959963985**2 * away @ v[1:, 1:] @ away)


@pytest.mark.by_hand("weight_table")
def test_right_points_by_hand():
    table = weight_table(right_points()).set_index("term")
    assert table["now"].tolist() == [10, 20]
    for name in ("implied_points", "single_points", "adjusted_points"):
        assert table[name].tolist() == pytest.approx([10, 20])
    assert table["departure"].tolist() == pytest.approx([0, 0], abs=1e-9)
    assert table["p"].tolist() == pytest.approx([1, 1])
    assert table["odds_ratio"].tolist() == pytest.approx([2, 4])
    # With a: 40 + 160 of 140 + 260; without: 20 + 80 of 120 + 180.
    row = table.loc["a", ["n_with", "positives_with", "n_without", "positives_without"]]
    assert row.tolist() == [400, 200, 300, 100]
    # a alone: odds of 200/200 with it and of 100/200 without; b alone: 240/200 and 60/200.
    assert table["alone_points"].tolist() == pytest.approx([log(2) / K, log(4) / K])
    # If none had a: rates 1/6 without b (260 leads) and 4/9 with it (440); if all: 2/7 and 8/13.
    assert table.loc["a", "rate_without"] == pytest.approx((260 / 6 + 440 * 4 / 9) / 700)
    assert table.loc["a", "rate_with"] == pytest.approx((260 * 2 / 7 + 440 * 8 / 13) / 700)
    wald = log(2) + 1.959963985 * sqrt(inverse_information(FREE, RIGHT)[1, 1])
    assert table.loc["a", "odds_ratio_high"] == pytest.approx(exp(wald))


@pytest.mark.by_hand("judge_weights")
def test_a_criterion_paid_too_much_by_hand():
    """b is paid ten points too many: the score counts 10 a + 30 b, of which a sets the scale."""
    weights = fit_weights(count_cells({"a": 10, "b": 30}, RIGHT))
    found = judge_weights(weights, margin=4)[1]
    move, v = found.departure, inverse_information(
        [(1, 10 * a + 30 * b, b) for a, b, *_ in RIGHT], RIGHT
    )  # fmt: skip
    assert move.estimate == pytest.approx(-10)
    for end, q in ((move.low, 1.959963985), (move.high_inner, ndtri(0.95))):
        spread = v[2, 2] - 2 * end * v[1, 2] + end**2 * v[1, 1]
        assert (-10 * K - end * K) ** 2 == pytest.approx(q**2 * spread)
    error = sqrt(v[2, 2] + 20 * v[1, 2] + 100 * v[1, 1]) / K
    # Two criteria: Holm asks the first for 1 - 0.05/4.
    seen = max(4 + (ndtri(0.95) + ndtri(0.8)) * error, (ndtri(1 - 0.0125) + ndtri(0.8)) * error)
    assert found.detectable == pytest.approx(seen)
    assert found.verdict == "not enough evidence"
    half = (move.high_inner - move.low_inner) / 2
    assert found.n_needed == np.ceil(700 * (half / (10 - 4)) ** 2)


@pytest.mark.by_hand("adequacy")
def test_leads_enough_by_hand():
    found = adequacy(right_points())
    assert (found.parameters, found.positives, found.n) == (2, 300, 700)
    seen = sum(h * log(h / (h + m)) + m * log(m / (h + m)) for *_, h, m in RIGHT)
    null = 300 * log(3 / 7) + 400 * log(4 / 7)
    r2 = 1 - exp(2 * (null - seen) / 700)
    assert found.needed.r2 == pytest.approx(r2)
    assert found.needed.n == sample_size(parameters=2, prevalence=3 / 7, r2=r2).n
    assert (found.design_effect, found.n_effective, found.enough) == (1, 700, True)
    # Each lead twice over, as an account: cells convert as before, so that the sums of squares over
    # accounts are twice those of leads, times the factors of few accounts and of three parameters.
    rows = pd.DataFrame(RIGHT, columns=["a", "b", "converted", "not_converted"])
    n = rows.melt(["a", "b"])["value"].to_numpy()
    counts = count_cells({"a": 10, "b": 20}, [(a, b, 2 * h, 2 * m) for a, b, h, m in RIGHT])
    cells = pd.DataFrame(
        {"account": np.arange(n.sum()), "cell": np.repeat(np.arange(8), n), "n": 2}
    )
    found = adequacy(fit_weights(replace(counts, accounts=AccountCells(cells))))
    factor = 2 * 700 / 699 * 1399 / 1397
    assert found.design_effect == pytest.approx(factor)
    assert found.n_effective == pytest.approx(1400 / factor)


@pytest.mark.by_hand("sample_size")
def test_a_sample_size_by_hand():
    # At a rate of 1/2 the largest R2 is 1 - (1/2 x 1/2)^(2/2) = 3/4, of which 15% are 0.1125.
    found = sample_size(parameters=10, prevalence=1 / 2)
    assert (found.largest_r2, found.r2) == (pytest.approx(3 / 4), pytest.approx(0.1125))
    assert found.for_shrinkage == 749  # 10 / (0.1 ln 8/7) = 748.9
    assert found.for_optimism == 247  # S = 0.1125 / (0.1125 + 0.0375): 10 / (0.25 ln 20/17) = 246.1
    assert found.for_the_rate == 385  # (1.96 / 0.05)^2 / 4 = 384.2
    assert found.n == 749


@pytest.mark.by_hand("dose_table")
def test_doses_by_hand():
    """The first visit makes the odds four times as high, the second adds nothing; 10 points each."""
    odds = {0: 1, 1: 4, 2: 4}
    cells = [(f, v, 20 * 2**f * odds[v], 100) for f in (0, 1) for v in (0, 1, 2)]
    weights = fit_weights(count_cells({"fit": 10, "visits": 10}, cells, units=["visits"]))
    table = dose_table(weights).set_index("units")
    assert table["now"].tolist() == [10, 20]
    assert table["implied"].tolist() == pytest.approx([20, 20])
    assert table["n"].tolist() == [80 + 160 + 200] * 2
    assert table["rate"].tolist() == pytest.approx([240 / 440] * 2)
    v = inverse_information([(1, 10 * f + 10 * u, u == 1, u == 2) for f, u, *_ in cells], cells)
    for end in table.loc[1, ["low", "high"]] - 10:
        spread = v[2, 2] - 2 * end * v[1, 2] + end**2 * v[1, 1]
        assert (10 * K - end * K) ** 2 == pytest.approx(1.959963985**2 * spread)


@pytest.mark.by_hand("rule_table")
def test_a_cap_by_hand():
    """One visit pays 10 points, the second none; it is worth as much as the first."""
    cells = [
        (f, min(v, 1), 10.0 * (v == 2), 20 * 2**f * 2**v, 100) for f in (0, 1) for v in (0, 1, 2)
    ]
    counts = count_cells({"fit": 10, "visits": 10}, cells, units=["visits"], excess=["visits"])
    row = rule_table(fit_weights(counts)).set_index("rule").loc["excess"]
    assert (row["n_with"], row["points"]) == (80 + 160 + 200, 10)
    assert row["given_back"] == pytest.approx(1)
    v = inverse_information([(1, 10 * f + 10 * u, x) for f, u, x, *_ in cells], cells)
    for end in (row["low"], row["high"]):
        spread = v[2, 2] - 2 * end * v[1, 2] + end**2 * v[1, 1]
        assert (K - end * K) ** 2 == pytest.approx(1.959963985**2 * spread)
    worth_nothing = [(f, u, x, 20 * 2**f * 2**u, 100) for f, u, x, *_ in cells]
    counts = count_cells(
        {"fit": 10, "visits": 10}, worth_nothing, units=["visits"], excess=["visits"]
    )
    row = rule_table(fit_weights(counts)).set_index("rule").loc["excess"]
    assert (row["given_back"], row["p"]) == (pytest.approx(0, abs=1e-9), pytest.approx(1))


MOVED = {"1": (6, 6, -12, 0), "2": (0, 0, 0, 0)}
"""Conversions of each cell beyond what its points say. They add up to 0 in each period, and so do
their scores over both (10 x 12 = 20 x 6): the fit of a level for each period and one slope is that
of the points. But in the first period those with a alone convert more often."""
BY_PERIOD = [(0, 0, 20, 100), (1, 0, 80, 100), (0, 1, 40, 100), (1, 1, 160, 100)]
"""Right for 20 and 10 points."""


@pytest.mark.by_hand("period_table", "stability_table")
def test_one_step_in_each_period_by_hand():
    cells = [
        (a, b, period, h + d, m - d)
        for period, moved in MOVED.items()
        for (a, b, h, m), d in zip(BY_PERIOD, moved, strict=True)
    ]
    counts = count_cells({"a": 20, "b": 10}, cells, by="quarter")
    weights = fit_weights(counts)
    table = period_table(counts, weights).set_index(["term", "period"])
    fitted = [(a, b, period, h, m) for period in MOVED for a, b, h, m in BY_PERIOD]
    columns = [
        (p == "1", p == "2", 20 * a + 10 * b, a * (p == "1"), a * (p == "2"))
        for a, b, p, *_ in fitted
    ]
    v = inverse_information(columns, [each[-2:] for each in fitted])
    # Six more of those with a alone convert in period 1 than the points say.
    step = v[3:, 3] * 6 / K
    assert table.loc["a", "departure"].tolist() == pytest.approx(step.tolist())
    half = 1.959963985 * np.sqrt(np.diag(v)[3:]) / K
    assert (table.loc["a", "high"] - table.loc["a", "departure"]).tolist() == pytest.approx(half)
    assert table.loc["a", "n_with"].tolist() == [180 + 260] * 2
    assert table.loc["a", "positives_with"].tolist() == [86 + 160, 80 + 160]
    row = stability_table(counts, weights).set_index("term").loc["a"]
    assert (row["earlier"], row["last"]) == pytest.approx(tuple(step))
    same = bool(np.sign(step[0]) == np.sign(step[1]))
    assert (row["periods"], row["same_sign"], row["holds"]) == (2, 2 * same, same)


@pytest.mark.by_hand("optimism")
def test_performance_by_hand():
    found = optimism(right_points(), runs=20).table
    # Odds rise from cell to cell, each with 100 others: 20 beat half a cell, 40 one and a half ...
    area = (20 * 50 + 40 * 150 + 80 * 250 + 160 * 350) / (300 * 400)
    brier = sum(h * (m / (h + m)) ** 2 + m * (h / (h + m)) ** 2 for *_, h, m in RIGHT) / 700
    assert found["apparent"].tolist() == pytest.approx([area, brier, 1])
    assert found["corrected"].tolist() == pytest.approx(found["apparent"] - found["optimism"])


@pytest.mark.by_hand("fit_weights")
def test_the_test_of_all_points_by_hand():
    """Rao's test: U' V U with U the conversions that the points do not tell, V of the free fit."""
    cells = [(a, b, h + d, m - d) for (a, b, h, m), d in zip(BY_PERIOD, MOVED["1"], strict=True)]
    found = fit_weights(count_cells({"a": 20, "b": 10}, cells)).global_test
    v = inverse_information([(1, 20 * a + 10 * b, a) for a, b, *_ in BY_PERIOD], BY_PERIOD)
    assert (found.degrees, found.statistic) == (1, pytest.approx(6**2 * v[2, 2]))
    assert found.p == pytest.approx(chi2.sf(36 * v[2, 2], 1))
