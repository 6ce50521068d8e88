"""Simulations: sets hold the best threshold, bands hold the curve, equal segments stay equal."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from tests.analysis.area_sizes import rejected
from tests.analysis.rows import count_rows, lead_rows
from tests.analysis.segment_rows import count_segments
from tests.analysis.test_coverage import draw
from toolkit.analysis import best_thresholds, segment_test, threshold_bands

RUNS = [25, pytest.param(400, marks=pytest.mark.slow)]
RATIO = 1 / 9
LEVELS = list(range(0, 81, 5))
RATES = ["precision", "recall", "false_positive_rate"]


def least(runs, nominal=0.95):
    """The lowest share that a procedure with the nominal rate gives, three standard errors down."""
    return nominal - 3 * (nominal * (1 - nominal) / runs) ** 0.5


@cache
def truth():
    score, hit, _ = draw(np.random.default_rng(0), 400_000, skewed=False)
    one, two = (np.bincount(score, weights=w, minlength=81)[LEVELS] for w in (hit, 1 - hit))
    tp, fp = np.cumsum(one[::-1])[::-1], np.cumsum(two[::-1])[::-1]
    return pd.DataFrame(
        {
            "net_benefit": (tp - RATIO * fp) / len(score),
            "precision": tp / (tp + fp),
            "recall": tp / tp[0],
            "false_positive_rate": fp / fp[0],
        },
        index=LEVELS,
    )


def in_set(runs, accounts, *, flat):
    """Share of draws whose set holds the best; `flat`: every threshold is, and one is named."""
    best = 40 if flat else int(truth()["net_benefit"].idxmax())
    rng, inside = np.random.default_rng(accounts), 0
    for _ in range(runs):
        score, hit, account = draw(rng, accounts, skewed=False)
        if flat:
            hit = (rng.random(len(score)) < RATIO / (1 + RATIO)).astype(int)
        counts = count_rows(lead_rows(score, hit, account))
        found = best_thresholds(counts, cost_ratio=RATIO, thresholds=LEVELS, replicates=400)
        member = found.table.set_index("threshold")["among_best"][best]
        inside += bool(member is pd.NA or member)
    return inside / runs


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("accounts", [60, 300])
@pytest.mark.parametrize("runs", RUNS)
def test_the_set_holds_the_best_threshold(runs, accounts, flat):
    assert in_set(runs, accounts, flat=flat) >= least(runs)


def covered(runs, accounts, *, known=True):
    """Share of draws in which the whole true curve lies in the band, for each rate."""
    rng, inside, pointwise = np.random.default_rng(accounts), dict.fromkeys(RATES, 0), 0
    for _ in range(runs):
        score, hit, account = draw(rng, accounts, skewed=False)
        counts = count_rows(lead_rows(score, hit, account if known else None))
        table = threshold_bands(counts, thresholds=LEVELS, replicates=400)
        for name, part in table.groupby("rate"):
            inside[name] += holds(part, "band_low", "band_high", truth()[name])
        recall = table[table["rate"] == "recall"]
        pointwise += holds(recall, "low", "high", truth()["recall"])
    return {name: n / runs for name, n in inside.items()}, pointwise / runs


def holds(part, low, high, curve):
    """No band at all covers: it claims nothing."""
    below = part[low].to_numpy() > curve.to_numpy() + 1e-12
    above = part[high].to_numpy() < curve.to_numpy() - 1e-12
    return not (below | above).any()


@pytest.mark.parametrize("accounts", [30, 300])
@pytest.mark.parametrize("runs", RUNS)
def test_the_bands_hold_the_whole_curve(runs, accounts):
    together, alone = covered(runs, accounts)
    assert min(together.values()) >= least(runs)
    if runs > 100:
        assert alone < 0.9  # what the bands are for


def refused(runs, *, spanning, segments=4, accounts=150):
    """Share of draws in which equal segments are called different at 5%: over accounts, as leads."""
    rng, found = np.random.default_rng(segments), np.zeros(2)
    for _ in range(runs):
        account = np.repeat(np.arange(accounts), rng.integers(1, 9, accounts))
        fate = rng.normal(0, 1.2, accounts)[account]
        hit = (rng.random(len(account)) < expit(-1.5 + fate)).astype(int)
        own = rng.integers(0, segments, accounts)[account]
        anyone = rng.integers(0, segments, len(account))
        rows = lead_rows(np.zeros(len(hit), int), hit, account)
        rows["segment"] = np.where(rng.random(len(own)) < 0.5, own, anyone) if spanning else own
        test = segment_test(count_segments(rows.assign(segment=rows["segment"].astype(str))))
        found += [test.p_value < 0.05, test.p_leads < 0.05]
    return found / runs


@pytest.mark.parametrize("spanning", [True, False])
@pytest.mark.parametrize("runs", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_equal_segments_are_seldom_called_different(runs, spanning):
    over_accounts, as_leads = refused(runs, spanning=spanning)
    assert over_accounts <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5
    if not spanning and runs > 100:
        assert as_leads > 0.1  # what accounts are for


@pytest.mark.parametrize(
    "design",
    [
        (20, 12, 20, 3, False),
        *(
            pytest.param((400, *design), marks=pytest.mark.slow)
            for design in (
                (12, 20, 3, False),
                (40, 8, 3, False),
                (150, 4, 3, False),
                (12, 20, 3, True),
            )
        ),
    ],
)
def test_equal_areas_are_seldom_called_different(design):
    runs, *rest, spanning = design
    for share in rejected(runs, *rest, spanning=spanning):
        assert 1 - share >= least(runs)
