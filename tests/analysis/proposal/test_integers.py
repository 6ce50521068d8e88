"""Whole points: the exhaustive optimum, plain rounding, and what it loses."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from tests.analysis.proposal.models import drawn, patterns_of
from tests.analysis.weights.patterns import count_patterns
from toolkit.analysis.proposal.integers import (
    RoundedPoints,
    descend,
    integer_points,
    judge_rounding,
    score_deviance,
)
from toolkit.analysis.weights import fit_weights
from toolkit.errors import QuestionError


def test_descent_finds_the_optimum_of_all_2401_cards(oracle, oracle_rows):
    rows = pd.read_csv(oracle_rows / "xedu_points.csv")
    names, points = ["add_form", "working", "sms", "time300"], [30, 20, 15, 10]
    rows = rows.assign(score=rows[names].to_numpy() @ np.array(points))
    found = integer_points(fit_weights(count_patterns(rows, names, points)), least=0, most=6)
    expected = oracle.value("points.bruteforce4")
    assert found.points.tolist() == expected["points"]
    assert found.deviance == pytest.approx(expected["best_deviance"], rel=1e-9)
    assert found.best_deviance == pytest.approx(expected["ml_deviance"], rel=1e-9)


def test_descent_is_exhaustive_search_on_small_cards():
    now = {"a": 10, "b": 5, "c": -5}
    for seed in range(4):
        rows = drawn(now, {"a": 14, "b": 3, "c": -9}, n=900, seed=seed)
        weights = fit_weights(patterns_of(rows, now))
        found = integer_points(weights, least=-3, most=3)
        design = weights.design
        every = [
            score_deviance(design, design.units @ np.array(points, dtype=float))
            for points in itertools.product(range(-3, 4), repeat=3)
        ]
        assert found.deviance == pytest.approx(min(every), rel=1e-9)


@pytest.mark.by_hand("integer_points")
def test_points_that_fit_the_grid_lose_nothing():
    """Odds that double with a and redouble with b are 10 and 20 points of 10 that double."""
    rows = pd.DataFrame(
        {"a": [0, 1, 0, 1], "b": [0, 0, 1, 1], "n": [2, 3, 5, 9], "k": [1, 2, 4, 8]}
    )
    each = rows.loc[rows.index.repeat(rows["n"])]
    each = each.assign(y=(each.groupby(level=0).cumcount() < each["k"]).astype(int))
    each["score"] = 10 * each["a"] + 20 * each["b"]
    weights = fit_weights(count_patterns(each, ["a", "b"], [10, 20]))
    found = integer_points(weights, points_to_double=10, grid=5)
    assert found.points.tolist() == [10, 20]
    assert found.loss == pytest.approx(0, abs=1e-8)
    assert found.accepted


def test_a_loss_is_accepted_under_one_percent_and_under_the_median():
    def judged(loss):
        return judge_rounding(RoundedPoints(np.zeros(2), 5, 100 + loss, 100, 300, False), 2)

    # The median of chi-squared on two degrees is 2 ln 2 = 1.386; 1% of 200 is 2.
    assert judged(1.3).accepted
    assert not judged(1.4).accepted
    assert "whole steps of 5 lose 0.70%" in judged(1.4).reason
    assert judged(1.3).loss_share == pytest.approx(1.3 / 200)


def test_descent_stays_inside_its_bounds():
    best, _ = descend(
        lambda p: float(((p - 100) ** 2).sum()), np.zeros(2), grid=5,
        low=np.array([-10.0, -10.0]), high=np.array([20.0, 35.0]),
    )  # fmt: skip
    assert best.tolist() == [20, 35]


def test_a_scale_or_a_limit_must_be_given(weights):
    with pytest.raises(QuestionError, match="give points_to_double or most"):
        integer_points(weights)
    with pytest.raises(QuestionError, match="grid is 0"):
        integer_points(weights, grid=0, most=5)


def test_without_a_fit_there_are_no_points_but_a_reason():
    rows = drawn({"a": 20}, {"a": 20}, n=40).drop(columns="y").assign(state="unworked")
    found = integer_points(fit_weights(patterns_of(rows, {"a": 20})), points_to_double=20)
    assert np.isnan([*found.points, found.deviance, found.loss_share]).all()
    assert (found.accepted, found.reason) == (False, "no judged leads")
