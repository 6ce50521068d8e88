from __future__ import annotations

from math import asin, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from tests.analysis import naive, strategies
from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis import clopper_pearson_interval, jeffreys_interval, wilson_interval
from toolkit.analysis.cells import read_cells
from toolkit.analysis.intervals import (
    Family,
    design_effect,
    group_family,
    miss_family,
    precision_family,
    quantile_ratio,
    rate_arrays,
    recall_family,
    share_family,
)
from toolkit.errors import DataError, QuestionError

METHODS = {"wilson": wilson_interval, "cp": clopper_pearson_interval, "jeffreys": jeffreys_interval}


@pytest.mark.parametrize("case", ["7of50", "0of30", "30of30", "413of3610", "1of1"])
@pytest.mark.parametrize("method", METHODS)
def test_binomial_intervals_are_those_of_r(oracle, case, method):
    positives, n = (int(part) for part in case.split("of"))
    low, high = METHODS[method](positives, n)
    assert low == oracle.approx(f"binom.{case}", f"{method}_lo")
    assert high == oracle.approx(f"binom.{case}", f"{method}_hi")


@pytest.mark.by_hand("wilson_interval")
def test_wilson_by_hand_at_one_half():
    # p = 1/2, n = z^2 = 4: (1/2 + 4/8) / (1 + 1) = 1/2, half width 2 sqrt(1/16 + 1/16) / 2.
    confidence = 0.9544997361036416  # z = 2
    low, high = wilson_interval(2, 4, confidence=confidence)
    assert low == pytest.approx(1 / 2 - (1 / 8) ** 0.5, abs=1e-12)
    assert high == pytest.approx(1 / 2 + (1 / 8) ** 0.5, abs=1e-12)


@pytest.mark.by_hand("clopper_pearson_interval")
def test_exact_bound_of_nothing_in_ten_by_hand():
    low, high = clopper_pearson_interval(0, 10)
    assert low == 0
    assert high == pytest.approx(1 - 0.025 ** (1 / 10), rel=1e-12)


@pytest.mark.property_of("clopper_pearson_interval", "jeffreys_interval", "wilson_interval")
@given(st.integers(0, 200), st.integers(0, 200), st.sampled_from([0.8, 0.95, 0.99]))
def test_binomial_intervals_are_those_of_statsmodels(hits, misses, confidence):
    n = hits + misses
    names = {"wilson": "wilson", "cp": "beta", "jeffreys": "jeffreys"}
    for name, method in METHODS.items():
        if n == 0:
            assert np.isnan(method(hits, n, confidence=confidence)).all()
            continue
        expected = proportion_confint(hits, n, alpha=1 - confidence, method=names[name])
        found = method(hits, n, confidence=confidence)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_intervals_take_arrays_and_keep_their_shape():
    low, high = wilson_interval([0, 3, 0], [10, 10, 0])
    assert low.shape == high.shape == (3,)
    assert np.isnan(low[2])
    assert low[0] == 0


def test_more_positives_than_leads_are_refused():
    with pytest.raises(DataError, match="positives must lie between 0 and n"):
        wilson_interval(5, 3)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_that_is_no_share_is_refused(confidence):
    with pytest.raises(QuestionError, match=r"between 0 and 1, such as 0\.95"):
        wilson_interval(1, 3, confidence=confidence)


@given(strategies.judged())
def test_variance_of_every_rate_is_that_of_the_rows(rows):
    score, hit, account = (rows[name].to_numpy() for name in ("score", "hit", "account"))
    if len(np.unique(account)) < 2:
        return
    cells = read_cells(count_rows(lead_rows(score, hit, account)))
    one = np.ones(len(rows))
    for place, t in enumerate([*cells.levels, cells.levels[-1] + 1]):
        above = (score >= t).astype(float)
        for family, numerator, denominator in (
            (precision_family(cells), above * hit, above),
            (recall_family(cells), above * hit, hit),
            (miss_family(cells), above * (1 - hit), 1 - hit),
            (share_family(cells, hit=True), above * hit, one),
            (share_family(cells, hit=False), above * (1 - hit), one),
        ):
            if not denominator.sum():
                assert np.isnan(family.share[place])
                continue
            expected = naive.ratio_variance(numerator, denominator, account)
            assert family.share[place] == pytest.approx(numerator.sum() / denominator.sum())
            assert family.variance()[place] == pytest.approx(expected, rel=1e-9, abs=1e-13)


@given(strategies.judged(), st.integers(1, 4))
def test_variance_in_groups_of_scores_is_that_of_the_rows(rows, groups):
    score, hit, account = (rows[name].to_numpy() for name in ("score", "hit", "account"))
    if len(np.unique(account)) < 2:
        return
    cells = read_cells(count_rows(lead_rows(score, hit, account)))
    family = group_family(cells, np.mod(cells.levels, groups + 1) - 1, groups)
    for group in range(groups):
        inside = (np.mod(score, groups + 1) - 1 == group).astype(float)
        if not inside.sum():
            assert np.isnan(family.variance()[group])
            continue
        expected = naive.ratio_variance(inside * hit, inside, account)
        assert family.variance()[group] == pytest.approx(expected, rel=1e-9, abs=1e-13)


@given(strategies.judged(least=6))
def test_leads_that_are_their_own_accounts_give_the_iid_interval_up_to_g(rows):
    alone = count_rows(lead_rows(rows["score"], rows["hit"], range(len(rows))))
    plain = count_rows(lead_rows(rows["score"], rows["hit"]))
    g = len(rows)
    for make in (precision_family, recall_family, miss_family):
        family, iid = make(read_cells(alone)), make(read_cells(plain))
        assert family.variance() == pytest.approx(
            iid.variance() * g / (g - 1), rel=1e-9, abs=1e-15, nan_ok=True
        )
        found = rate_arrays(family, confidence=0.95)
        mixed = (iid.hits > 0) & (iid.misses > 0)
        shrunk = iid.n[mixed] * (g - 1) / g
        assert found.n_effective[mixed] == pytest.approx(shrunk, rel=1e-9)
        expected = wilson_interval(iid.share[mixed] * shrunk, shrunk)
        assert found.low[mixed] == pytest.approx(expected[0], abs=1e-12)
        assert found.high[mixed] == pytest.approx(expected[1], abs=1e-12)


def test_copies_of_a_lead_in_one_account_add_no_evidence():
    # 60 accounts, 15 of them converted, 5 equal leads each: 60 - 1 independent leads, not 300.
    hit = np.repeat([1] * 15 + [0] * 45, 5)
    cells = read_cells(count_rows(lead_rows(np.full(300, 10), hit, np.repeat(range(60), 5))))
    family = precision_family(cells)
    found = rate_arrays(family, confidence=0.95)
    assert family.equal_accounts[0] == pytest.approx(60)
    # t with 59 instead of 299 degrees of freedom widens a little more, never below the accounts
    # or p(1-p)/Var = 59, whichever is smaller.
    assert found.n_effective[0] == pytest.approx(59)


def test_one_account_counts_as_one_lead():
    cells = read_cells(count_rows(lead_rows([5, 5, 5, 9], [0, 1, 1, 1], [7, 7, 7, 7])))
    found = rate_arrays(precision_family(cells), confidence=0.95)
    assert found.n_effective[0] == pytest.approx(1)
    assert found.low[0] < 3 / 4 < found.high[0]


def test_a_rate_of_nought_shares_the_design_effect_of_the_others():
    # Pool: 60 accounts of 5 equal leads, so leads count a fifth (and 59/60 of that).
    hit = np.repeat([1] * 15 + [0] * 45, 5)
    pool = precision_family(
        read_cells(count_rows(lead_rows(np.full(300, 10), hit, np.repeat(range(60), 5))))
    )
    assert design_effect(pool, 0.025) == pytest.approx(300 / 59)
    ten = np.array([10.0])
    nought = Family(0 * ten, ten, 0 * ten, 0 * ten, np.array([50.0]), 60)  # 2 accounts of 5
    found = rate_arrays(nought, confidence=0.95, pool=pool)
    assert found.n_effective[0] == pytest.approx(2)  # at worst its own two accounts
    alone = Family(0 * ten, ten, 0 * ten, 0 * ten, np.array([10.0]), 60)  # 10 accounts of 1
    found = rate_arrays(alone, confidence=0.95, pool=pool)
    assert found.n_effective[0] == pytest.approx(10)
    assert found.high[0] == pytest.approx(float(wilson_interval(0, 10)[1]))


def test_t_widens_with_few_accounts_and_not_for_leads_of_their_own():
    wider = quantile_ratio(
        np.array([100.0, 10.0, 5.0, 1.0]), np.array([10.0, 10.0, 1.0, 1.0]), 0.025
    )
    assert wider[0] == pytest.approx(2.2621571628 / 1.9842169516, rel=1e-9)  # t_9 / t_99, tables
    assert wider[1] == 1
    assert np.isinf(wider[2])
    assert wider[3] == 1


@pytest.mark.by_hand("jeffreys_interval")
def test_jeffreys_for_none_of_one_by_hand():
    """Beta(1/2, 3/2) has the density 2/pi sqrt((1-x)/x), so F(x) = 2/pi (asin sqrt x + sqrt(x(1-x)))."""
    for end, share in zip(jeffreys_interval(0, 1), (0.025, 0.975), strict=True):
        x = float(end)
        assert 2 / pi * (asin(sqrt(x)) + sqrt(x * (1 - x))) == pytest.approx(share)
