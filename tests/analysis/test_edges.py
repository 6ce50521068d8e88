"""Every statistic of ranking and calibration at the edges: a reason instead of an exception."""

from __future__ import annotations

import dataclasses
from math import isinf

import numpy as np
import pandas as pd
import pytest

from tests.analysis.rows import PROVENANCE, count_rows, lead_rows, pair_rows
from toolkit.analysis import (
    ScoreBand,
    auc,
    auc_difference,
    average_precision,
    band_brackets,
    calibration_distance,
    check_mapping,
    compare_bands,
    decompose_mapping,
    fit_points,
    gains_table,
    largest_gap,
    partial_auc,
    points_table,
    ranking_table,
    reliability_table,
    replicate_cells,
    score_mapping,
    shape_table,
)
from toolkit.counts import ScoreCounts

BANDS = (ScoreBand("high", 5), ScoreBand("middle", -5), ScoreBand("low", None))
FAR = (ScoreBand("never reached", 10**9), ScoreBand("all", -(10**9)))
STATED = {score: 1 / (1 + np.exp(-score / 40)) for score in range(-1000, 1001)}


def rows(score, hit, account=None):
    return count_rows(lead_rows(score, hit, account).astype({"score": "int64"}))


def huge():
    cells = [(s, state, n * 10**10) for s, a, b in ((-7, 1, 9), (0, 2, 8), (40, 4, 3))
             for state, n in (("converted", a), ("not_converted", b))]  # fmt: skip
    return ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), PROVENANCE)


RNG = np.random.default_rng(5)
SCORES, HITS = RNG.integers(-20, 30, 300), RNG.integers(0, 2, 300)
ONE_OF_HALF = np.where(np.arange(300) < 150, 0, np.arange(300))
CASES = {
    "no leads": rows([], []),
    "one lead that converted": rows([5], [1]),
    "one lead that did not": rows([5], [0]),
    "one lead of an account": rows([5], [1], [1]),
    "one class": rows([1, 2, 3], [1, 1, 1]),
    "the other class": rows([1, 2, 3], [0, 0, 0], [1, 1, 2]),
    "one level": rows([4] * 10, [0, 1] * 5),
    "one level over accounts": rows([4] * 10, [0, 1] * 5, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
    "two levels, both separated": rows([1, 1, 2, 2], [0, 0, 1, 1]),
    "upside down": rows([1, 1, 2, 2], [1, 1, 0, 0]),
    "two leads": rows([1, 2], [0, 1]),
    "negative scores": rows([-900, -3, -3, -1], [0, 1, 0, 1]),
    "ten thousand million leads": huge(),
    "one account": rows(SCORES, HITS, np.zeros(300, dtype=int)),
    "an account of half of all leads": rows(SCORES, HITS, ONE_OF_HALF),
    "only unknown outcomes": ScoreCounts(
        pd.DataFrame({"score": [1, 2], "state": ["unworked", "immature"], "n": [5, 6]}), PROVENANCE
    ),
}
STATISTICS = {
    "auc": auc,
    "largest_gap": largest_gap,
    "partial_auc": lambda counts: partial_auc(counts, replicates=50),
    "average_precision": lambda counts: average_precision(counts, replicates=50),
    "fit_points": fit_points,
    "check_mapping": lambda counts: check_mapping(counts, STATED),
    "score_mapping": lambda counts: score_mapping(counts, STATED),
    "decompose_mapping": lambda counts: decompose_mapping(counts, STATED, replicates=50),
    "distance": lambda counts: calibration_distance(counts, STATED),
    "distance, isotonic": lambda counts: calibration_distance(counts, STATED, curve="isotonic"),
}
TABLES = {
    "ranking_table": lambda counts: ranking_table(counts, replicates=50),
    "gains_table": gains_table,
    "shape_table": shape_table,
    "points_table": lambda counts: points_table(fit_points(counts)),
    "points far outside": lambda counts: points_table(fit_points(counts), [-(10**6), 10**6]),
    "reliability_table": lambda counts: reliability_table(counts, STATED, replicates=50),
    "compare_bands": lambda counts: compare_bands(counts, BANDS),
    "band_brackets": lambda counts: band_brackets(counts, BANDS),
    "bands outside the range": lambda counts: compare_bands(counts, FAR),
}
JUST_NAN = {"standard_error", "p_value", "quantile", "brier_skill", "spiegelhalter_z"}


def numbers(found, prefix=""):
    """Every float of a result, those of results inside it included."""
    for field in dataclasses.fields(found):
        value = getattr(found, field.name)
        if dataclasses.is_dataclass(value):
            yield from numbers(value, f"{field.name}.")
        elif isinstance(value, float):
            yield f"{prefix}{field.name}", value


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("case", CASES)
def test_a_statistic_at_the_edge_is_a_number_or_nan_with_a_reason(statistic, case):
    found = STATISTICS[statistic](CASES[case])
    values = dict(numbers(found))
    assert not any(isinf(value) for value in values.values()), values
    main = next(iter(values.values()))
    if np.isnan(main):
        assert found.reason
    for name, low in values.items():
        if name.endswith("low"):
            high = values[name.removesuffix("low") + "high"]
            assert np.isnan(low) or np.isnan(high) or low <= high
            assert not np.isnan(low) or found.reason or "p_value" not in name


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("case", CASES)
def test_a_table_at_the_edge_has_numbers_or_nan_with_a_reason(table, case):
    found = TABLES[table](CASES[case])
    assert not np.isinf(found.select_dtypes("number").to_numpy(dtype=float)).any()
    if "reason" in found and "p_value" in found:
        assert found.loc[found["p_value"].isna(), "reason"].notna().all()
    if "reason" in found and "estimate" in found:
        assert found.loc[found["estimate"].isna(), "reason"].notna().all()


@pytest.mark.parametrize("case", CASES)
def test_replicates_at_the_edge_have_the_shape_of_the_counts_and_no_nan(case):
    levels, drawn = replicate_cells(CASES[case], replicates=20)
    assert drawn.shape == (20, len(levels), 2)
    assert np.isfinite(drawn).all()
    assert (drawn >= 0).all()


@pytest.mark.parametrize("hit", [[1], [0]])
@pytest.mark.parametrize("account", [None, [1]])
def test_the_difference_of_two_models_on_one_lead_is_nan_with_a_reason(hit, account):
    found = auc_difference(pair_rows([3], [4], hit, account))
    assert np.isnan(found.estimate)
    assert found.reason


def test_one_account_has_no_interval_for_a_difference():
    found = auc_difference(pair_rows(SCORES, SCORES[::-1], HITS, np.zeros(300, dtype=int)))
    assert np.isnan(found.low)
    assert found.reason


def test_one_account_has_no_interval_of_anything():
    """All leads share one fate: there is one observation, and no spread to see."""
    counts = CASES["one account"]
    for found in (auc(counts), partial_auc(counts), average_precision(counts), fit_points(counts)):
        low = found.slope_low if hasattr(found, "slope_low") else found.low
        assert np.isnan(low)
        assert found.reason
    check = check_mapping(counts, STATED)
    assert np.isnan(check.slope.low)
    assert np.isnan(check.joint_p_value)
    scores = score_mapping(counts, STATED)
    assert np.isnan(scores.brier.low)
    assert np.isnan(scores.spiegelhalter_p)
