"""The rule of return: how often it errs, and what it sees."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom

from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis.comparison.rollback import rollback_power, rolls_back, seen_rate
from toolkit.analysis.intervals import wilson_interval
from toolkit.analysis.rates import Rate, rate

BEFORE, AFTER = 1_200, 200
"""Judged leads handed over in six quarters before, and in the first quarter after."""


def made(positives: int, n: int) -> Rate:
    low, high = wilson_interval(positives, n)
    return Rate(positives / n, float(low), float(high), positives, n, float(n), "Wilson", None)


def drawn(rng: np.random.Generator, mean: float, leads: int) -> Rate:
    """Leads of accounts of three that share an effect, as the demo's do (sd 0.8)."""
    account = np.arange(leads) // 3
    effect = 0.8 * rng.normal(size=account.max() + 1)[account]
    hit = rng.random(leads) < expit(np.log(mean / (1 - mean)) + effect)
    return rate(count_rows(lead_rows(np.full(leads, 60), hit.astype(int), account)))


def sent_back(runs: int, mean: float, *, seed: int = 1) -> float:
    rng = np.random.default_rng(seed)
    return float(
        np.mean([rolls_back(drawn(rng, 0.2, BEFORE), drawn(rng, mean, AFTER)) for _ in range(runs)])
    )


def test_the_power_by_hand():
    """Before: 40 of 100, from 30.9%. Of 10 leads only 0 converted has an upper end below: 27.8%."""
    before = made(40, 100)
    assert rollback_power(before, leads=10, rate=0.1) == pytest.approx(0.9**10)
    assert seen_rate(before, leads=10) == 0.022  # 0.978^10 = 0.8006, 0.977^10 = 0.7924


def test_the_power_is_that_of_the_binomial_law():
    before = made(240, 1_200)
    ends = [wilson_interval(k, 200)[1] for k in range(201)]
    most = max(k for k in range(201) if ends[k] < before.low)
    expected = binom.cdf(most, 200, 0.1)
    assert rollback_power(before, leads=200, rate=0.1) == pytest.approx(expected, rel=1e-12)


def test_leads_that_share_their_fate_see_less():
    before = made(240, 1_200)
    shared = replace(before, n_effective=600.0)
    assert rollback_power(shared, leads=200, rate=0.1) < rollback_power(before, leads=200, rate=0.1)


def test_what_is_not_known_sends_nothing_back():
    unknown = Rate(nan, nan, nan, 0, 0, 0.0, "none", "no judged lead")
    assert not rolls_back(unknown, made(1, 100))
    assert not rolls_back(made(20, 100), unknown)
    assert isnan(rollback_power(unknown, leads=200, rate=0.1))
    assert isnan(seen_rate(made(1, 100), leads=10))


@pytest.mark.parametrize("runs", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_without_a_change_points_are_seldom_sent_back(runs):
    """Two intervals that do not touch are rarer than one test in twenty: under 1%."""
    assert sent_back(runs, 0.2) <= 0.01 + 3 * (0.01 * 0.99 / runs) ** 0.5


@pytest.mark.parametrize("runs", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_half_of_the_rate_lost_is_seen_as_often_as_promised(runs):
    found = sent_back(runs, 0.1)
    rng = np.random.default_rng(2)
    promised = np.mean([
        rollback_power(drawn(rng, 0.2, BEFORE), leads=AFTER, rate=marginal(0.1)) for _ in range(10)
    ])  # fmt: skip
    assert abs(found - promised) <= 0.06 + 3 * (0.25 / runs) ** 0.5


def marginal(mean: float) -> float:
    """The share that converts where the odds of an account vary around those of `mean`."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    rates = expit(np.log(mean / (1 - mean)) + 0.8 * nodes)
    return float(weights @ rates / weights.sum())
