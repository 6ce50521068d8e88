from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import chi2_contingency, norm
from statsmodels.stats.multitest import multipletests

from tests.analysis import strategies
from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis import ScoreBand, band_brackets, compare_bands
from toolkit.errors import QuestionError

BANDS = (ScoreBand("hot", 50), ScoreBand("warm", 25), ScoreBand("cool", 0), ScoreBand("cold", None))
COLUMNS = [
    "higher", "lower", "difference", "statistic", "p_value", "adjusted_p", "apart", "method",
    "reason",
]  # fmt: skip


def test_columns_are_those_of_the_docstring(sim_counts):
    assert list(compare_bands(sim_counts, BANDS)) == COLUMNS
    for name in COLUMNS:
        assert f"`{name}`" in str(compare_bands.__doc__)
    for name in band_brackets(sim_counts, BANDS):
        assert f"`{name}`" in str(band_brackets.__doc__)


def test_pairs_without_accounts_are_chi_squared_tests_adjusted_by_holm(sim, sim_counts):
    table = compare_bands(sim_counts, BANDS)
    band = np.digitize(sim["score"], [0, 25, 50])
    for row in table.itertuples():
        a, b = (3 - [each.name for each in BANDS].index(name) for name in (row.higher, row.lower))
        counts = [[(band[sim["y"] == y] == k).sum() for y in (1, 0)] for k in (a, b)]
        found = chi2_contingency(counts, correction=False)
        assert row.p_value == pytest.approx(found.pvalue, rel=1e-9)
    adjusted = multipletests(table["p_value"], method="holm")[1]
    assert table["adjusted_p"].tolist() == pytest.approx(adjusted.tolist(), rel=1e-12)


@pytest.mark.by_hand("compare_bands")
def test_difference_and_statistic_by_hand():
    # 30 of 60 against 15 of 60; together 3/8, so the variance is 3/8 * 5/8 * (1/60 + 1/60).
    counts = count_rows(lead_rows([9] * 60 + [1] * 60, [1, 0] * 30 + [1, 0, 0, 0] * 15))
    row = compare_bands(counts, (ScoreBand("up", 5), ScoreBand("down", None))).iloc[0]
    assert row["difference"] == 1 / 4
    assert row["statistic"] == pytest.approx((1 / 4) / (3 / 8 * 5 / 8 * 2 / 60) ** 0.5)


@pytest.mark.property_of("compare_bands")
@given(strategies.judged())
def test_the_variance_over_accounts_is_that_of_the_rows(rows):
    score = np.repeat(rows["score"].to_numpy(), 9)
    hit = np.resize(rows["hit"].to_numpy(), len(score))
    account = np.resize(np.arange(len(rows) + 3), len(score))
    bands = (ScoreBand("up", 2), ScoreBand("down", None))
    row = compare_bands(count_rows(lead_rows(score, hit, account)), bands).iloc[0]
    if isnan(row["statistic"]):
        assert row["reason"] is not None
        return
    up = score >= 2
    p = np.where(up, hit[up].mean(), hit[~up].mean())
    weight = np.where(up, 1 / up.sum(), -1 / (~up).sum())
    by_account = np.bincount(account, weights=(hit - p) * weight)
    groups = len(np.unique(account))
    effect = groups / (groups - 1) * (by_account**2).sum() / (p * (1 - p) * weight**2).sum()
    variance = hit.mean() * (1 - hit.mean()) * np.abs(weight[up][0] - weight[~up][0]) * effect
    assert row["statistic"] == pytest.approx(row["difference"] / variance**0.5, rel=1e-9)


def test_brackets_join_neighbours_that_cannot_be_told_apart():
    # 50%, 45%, 20% and 19% of 100 each: two brackets of two.
    rates = {50: 50, 25: 45, 0: 20, -25: 19}
    score = np.repeat(list(rates), 100)
    hit = np.concatenate([np.arange(100) < k for k in rates.values()]).astype(int)
    table = band_brackets(count_rows(lead_rows(score, hit)), BANDS)
    assert table[["first", "last", "bands"]].to_numpy().tolist() == [
        ["hot", "warm", 2], ["cool", "cold", 2],
    ]  # fmt: skip
    assert (table["p_value"] > 0.05).all()


def test_brackets_may_overlap_and_none_lies_inside_another():
    # 44%, 34%, 25%: only the ends differ.
    score = np.repeat([50, 25, 0], 100)
    hit = np.concatenate([np.arange(100) < k for k in (44, 34, 25)]).astype(int)
    table = band_brackets(count_rows(lead_rows(score, hit)), BANDS[:3])
    assert table[["first", "last"]].to_numpy().tolist() == [["hot", "warm"], ["warm", "cool"]]


def test_few_leads_cannot_tell_bands_apart():
    counts = count_rows(lead_rows([60, 60, 60, 0, 0, 0], [1, 1, 1, 0, 0, 0]))
    row = compare_bands(counts, (BANDS[0], BANDS[2])).iloc[0]
    assert not row["apart"]
    assert row["reason"] == "fewer than 5 conversions or others expected in a band"
    brackets = band_brackets(counts, (BANDS[0], BANDS[2]))
    assert brackets["bands"].tolist() == [2]
    assert brackets["p_value"].isna().all()


def test_a_band_without_leads_is_no_evidence():
    counts = count_rows(lead_rows([60] * 40, [1, 0] * 20))
    row = compare_bands(counts, (BANDS[0], BANDS[2])).iloc[0]
    assert row["reason"] == "no judged leads in one of the bands"
    assert not row["apart"]
    assert compare_bands(counts, BANDS[:1]).empty
    assert band_brackets(counts, BANDS[:1]).empty


def test_two_bands_of_one_start_are_refused(sim_counts):
    with pytest.raises(QuestionError, match="two bands start at the same score"):
        compare_bands(sim_counts, (BANDS[0], BANDS[0]))
    with pytest.raises(QuestionError, match="no bands were given"):
        compare_bands(sim_counts, ())


@pytest.mark.parametrize("runs", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_equal_bands_are_seldom_told_apart_also_over_accounts(runs):
    rng, wrong = np.random.default_rng(2), 0
    for _ in range(runs):
        account = np.repeat(np.arange(150), 4)
        fate = rng.normal(0, 1, 150)[account]
        score = np.clip(rng.normal(25, 20, 150)[account] + rng.normal(0, 10, 600), -20, 80)
        hit = (rng.random(600) < 1 / (1 + np.exp(1.2 - fate))).astype(int)
        counts = count_rows(lead_rows(score.astype(int), hit, account))
        wrong += compare_bands(counts, BANDS)["apart"].any()
    assert wrong / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


@pytest.mark.by_hand("band_brackets")
def test_the_least_p_value_of_a_bracket_by_hand():
    # 44%, 34%, 25% of 100 each: together 0.39 of the first two, 0.295 of the last two.
    score = np.repeat([50, 25, 0], 100)
    hit = np.concatenate([np.arange(100) < k for k in (44, 34, 25)]).astype(int)
    table = band_brackets(count_rows(lead_rows(score, hit)), BANDS[:3])
    p = 2 * norm.sf(0.10 / (0.39 * 0.61 * 2 / 100) ** 0.5)
    # The ends differ; of the two pairs that are left the smaller p-value is doubled, and the larger
    # (1.395 standard errors against 1.450) is raised to it.
    assert table["p_value"].tolist() == pytest.approx([2 * p, 2 * p])
    assert table["bands"].tolist() == [2, 2]
    # 40%, 33%, 28%: the three pairs are in one bracket, and that of the ends is the least.
    hit = np.concatenate([np.arange(100) < k for k in (40, 33, 28)]).astype(int)
    table = band_brackets(count_rows(lead_rows(score, hit)), BANDS[:3])
    p = 2 * norm.sf(0.12 / (0.34 * 0.66 * 2 / 100) ** 0.5)
    assert table["bands"].tolist() == [3]
    assert table["p_value"].tolist() == pytest.approx([3 * p])


@pytest.mark.parametrize("size", [1, 2, 4])
def test_bands_of_all_and_of_nobody_are_compared_by_their_accounts(size):
    # 20 of 20 against 0 of 20 in accounts of so many: 1/2 of all, and 20/size accounts in each band.
    rows = lead_rows([9] * 20 + [1] * 20, [1] * 20 + [0] * 20, np.arange(40) // size)
    row = compare_bands(count_rows(rows), (ScoreBand("up", 5), ScoreBand("down", None))).iloc[0]
    assert row["statistic"] == pytest.approx(1 / (1 / 4 * 2 * size / 20) ** 0.5)
