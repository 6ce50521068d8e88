"""Simulations: intervals cover as often as they say, verdicts err no more often than they may."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.special import expit

from tests.analysis.coverage_bands import grid as band_grid
from tests.analysis.coverage_grid import BASES, SIZES, grid
from tests.analysis.coverage_grid import draw as draw_threes
from tests.analysis.rows import count_rows, lead_rows, pair_rows
from toolkit.analysis import (
    area_verdict,
    auc,
    auc_difference,
    calibration_table,
    monotonicity,
    rate,
    rate_verdict,
    threshold_table,
)

RUNS = [40, pytest.param(1500, marks=pytest.mark.slow)]
RATIO = 1 / 9


def draw(rng, accounts, *, skewed):
    """Leads of accounts that share part of their score and part of their fate."""
    size = np.full(accounts, 3)
    if skewed:
        size = 1 + rng.geometric(0.25, accounts) + 20 * (rng.random(accounts) < 0.05)
    account = np.repeat(np.arange(accounts), np.minimum(size, 60))
    n = len(account)
    shared, fate = rng.normal(0, 5, accounts)[account], rng.normal(0, 1, accounts)[account]
    score = np.clip(np.round((rng.normal(30, 15, n) + shared) / 5) * 5, 0, 80).astype(int)
    hit = (rng.random(n) < expit(-2.2 + 0.05 * (score - 30) + fate)).astype(int)
    return score, hit, account


@cache
def truth(*, skewed):
    score, hit, _ = draw(np.random.default_rng(0), 400_000, skewed=skewed)
    above = score >= 50
    one, two = (np.bincount(score, weights=w, minlength=81) for w in (hit, 1 - hit))
    return {
        "auc": (one * (np.cumsum(two) - two / 2)).sum() / one.sum() / two.sum(),
        "rate": hit.mean(),
        "precision": hit[above].mean(),
        "recall": hit[above].sum() / hit.sum(),
        "net_benefit": (above * (hit - RATIO * (1 - hit))).mean(),
    }


def intervals(counts):
    row = threshold_table(counts, thresholds=[50], cost_ratio=RATIO).iloc[0]
    area, whole = auc(counts), rate(counts)
    found = {"auc": (area.low, area.high), "rate": (whole.low, whole.high)}
    for name in ("precision", "recall", "net_benefit"):
        found[name] = (row[f"{name}_low"], row[f"{name}_high"])
    return found


def coverage(runs, accounts, *, skewed, known=True):
    expected, rng = truth(skewed=skewed), np.random.default_rng(accounts)
    inside = dict.fromkeys(expected, 0)
    for _ in range(runs):
        score, hit, account = draw(rng, accounts, skewed=skewed)
        counts = count_rows(lead_rows(score, hit, account if known else None))
        for name, (low, high) in intervals(counts).items():
            # No interval at all covers: it claims nothing.
            inside[name] += bool(np.isnan(low) or low <= expected[name] <= high)
    return {name: n / runs for name, n in inside.items()}


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize(("accounts", "skewed"), [(25, False), (300, False), (150, True)])
def test_intervals_over_accounts_cover_as_stated(runs, accounts, skewed):
    found = coverage(runs, accounts, skewed=skewed)
    # 1 point for skewed sizes, then 3 standard errors of the simulation.
    least = 0.94 - 3 * (0.95 * 0.05 / runs) ** 0.5
    assert min(found.values()) >= least, found


@pytest.mark.slow
def test_intervals_that_ignore_accounts_do_not_cover():
    found = coverage(1000, 150, skewed=True, known=False)
    assert found["rate"] < 0.88
    assert found["precision"] < 0.93


def lattice(rng, n, up, down, base):
    """Leads whose score is drawn from `up` when they convert, from `down` otherwise."""
    hit = (rng.random(n) < base).astype(int)
    levels = np.arange(len(up))
    score = np.where(hit == 1, rng.choice(levels, n, p=up), rng.choice(levels, n, p=down))
    return score, hit


@pytest.mark.parametrize("runs", [100, pytest.param(4000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("n", [80, 400])
def test_a_area_verdict_at_the_margin_is_wrong_in_five_percent_at_most(runs, n):
    down = np.full(5, 1 / 5)
    up = np.array([0.15, 0.175, 0.2, 0.225, 0.25])
    area = (up * (np.cumsum(down) - down / 2)).sum()
    rng = np.random.default_rng(n)
    wrong = 0
    for _ in range(runs):
        found = auc(count_rows(lead_rows(*lattice(rng, n, up, down, 0.25))))
        wrong += area_verdict(found, margin=area - 0.5).answer in {"Yes", "No"}
    assert wrong / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


@pytest.mark.parametrize("runs", [50, pytest.param(3000, marks=pytest.mark.slow)])
def test_a_rate_verdict_at_the_margin_is_wrong_in_five_percent_at_most(runs):
    rng = np.random.default_rng(6)
    break_even, wrong = truth(skewed=False)["rate"], 0
    for _ in range(runs):
        score, hit, account = draw(rng, int(rng.integers(30, 120)), skewed=False)
        found = rate(count_rows(lead_rows(score, hit, account)))
        wrong += rate_verdict(found, at_least=break_even).answer in {"Yes", "No"}
    assert wrong / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


@pytest.mark.parametrize("runs", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_the_band_holds_the_whole_curve_and_no_rise_is_refuted(runs):
    rng = np.random.default_rng(8)
    curve = np.array([0.02, 0.05, 0.05, 0.05, 0.2, 0.3])
    missed = refuted = 0
    for _ in range(runs):
        score = rng.integers(0, len(curve), 400)
        hit = (rng.random(400) < curve[score]).astype(int)
        counts = count_rows(lead_rows(score, hit))
        table = calibration_table(counts)
        inside = (table["band_low"] <= curve) & (curve <= table["band_high"])
        missed += not inside.all()
        refuted += monotonicity(counts).refuted
    assert missed / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5
    assert refuted <= missed


def test_intervals_over_accounts_cover_in_a_small_part_of_the_grid():
    """The table of docs/method/coverage.md, cut down: 30 draws of 2,000 leads at 5% and 25%."""
    table = grid(30, sizes=(2_000,), bases=(0.05, 0.25), replicates=100)
    assert (table["missed"] <= 0.06 + 3 * (0.05 * 0.95 / 30) ** 0.5).all(), table
    assert (table["given"] == 1).all()


@pytest.mark.slow
def test_intervals_over_accounts_cover_in_the_whole_grid():
    """Where they are given; 3.5 standard errors of the simulation are allowed to the worst."""
    runs = 300
    table = grid(runs, sizes=SIZES, bases=BASES)
    worst = table.loc[table["missed"].idxmax()]
    assert worst["missed"] <= 0.05 + 3.5 * (0.05 * 0.95 / runs) ** 0.5, worst
    assert table.groupby("statistic")["missed"].mean().max() <= 0.06, table
    # Ignoring accounts, the interval of a rate covers less than it says where many convert.
    ignored = table[(table["statistic"] == "rate") & (table["base"] == BASES[-1])]
    assert (ignored["missed_ignored"] > ignored["missed"]).all()


@pytest.mark.parametrize("runs", [100, pytest.param(3000, marks=pytest.mark.slow)])
def test_equal_rankings_seldom_differ_also_over_accounts(runs):
    """Two scores that are equally good by symmetry: p <= 5% in 5% of the draws at most."""
    rng, wrong = np.random.default_rng(31), 0
    for _ in range(runs):
        cell = draw_threes(rng, 150, -1.5)
        hit, account = (cell % 2 == 0).astype(int).ravel(), np.repeat(np.arange(150), 3)
        score = cell.ravel() // 2
        one, two = (score + rng.integers(-3, 4, len(score)) for _ in range(2))
        wrong += auc_difference(pair_rows(one, two, hit, account)).p_value <= 0.05
    assert wrong / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


def test_bands_over_all_thresholds_cover_in_a_small_part_of_the_grid():
    """The second table of docs/method/coverage.md, cut down: 30 draws of 2,000 leads at 25%."""
    table = band_grid(30, sizes=(2_000,), bases=(0.25,), replicates=200)
    assert (table["missed"] <= 0.06 + 3 * (0.05 * 0.95 / 30) ** 0.5).all(), table
    # What the bands are for: one interval for each threshold leaves the curve far oftener.
    assert (table["missed_alone"] > table["missed"] + 0.05).all(), table


@pytest.mark.slow
def test_bands_over_all_thresholds_cover_in_the_whole_grid():
    """On draws that no rule of the bands was chosen on; 3.5 standard errors for the worst."""
    runs = 300
    table = band_grid(runs)
    worst = table.loc[table["missed"].idxmax()]
    assert worst["missed"] <= 0.05 + 3.5 * (0.05 * 0.95 / runs) ** 0.5, worst
    assert table.groupby(["design", "rate"])["missed"].mean().max() <= 0.06, table
