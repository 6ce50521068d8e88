from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis import naive, strategies
from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis import threshold_table, wilson_interval
from toolkit.analysis.benefit import net_benefit, net_benefit_error
from toolkit.analysis.cells import read_cells


def test_net_benefit_and_its_error_are_those_of_r(oracle, sim):
    """The oracle works leads whose fitted probability is at least pt: a threshold on the score."""
    y, s = sim["y"], sim["score"]
    p = sm.GLM(y, sm.add_constant(s), family=sm.families.Binomial()).fit().fittedvalues
    cells = read_cells(count_rows(lead_rows(s, y)))
    for pt, expected in oracle.value("netbenefit.leads").items():
        ratio = float(pt) / (1 - float(pt))
        t = int(np.searchsorted(cells.levels, s[p >= float(pt)].min()))
        estimate, _, _ = net_benefit(cells, ratio, 0.95)
        assert estimate[t] == pytest.approx(expected["nb"], rel=1e-9)
        assert net_benefit_error(cells, ratio)[t] == pytest.approx(expected["se"], rel=1e-9)
        every = (cells.converted.sum() - ratio * cells.not_converted.sum()) / cells.judged.sum()
        assert every == pytest.approx(expected["nb_all"], rel=1e-9)


def test_error_over_accounts_is_that_of_the_survey_package(oracle, sim_accounts):
    cells = read_cells(sim_accounts)
    at = int(np.searchsorted(cells.levels, 50))
    estimate, low, high = net_benefit(cells, 1 / 9, 0.95)
    name = "cluster_nb.leads_t50_pt10"
    assert estimate[at] == oracle.approx(name, "nb")
    assert net_benefit_error(cells, 1 / 9)[at] == oracle.approx(name, "se")
    # Large sample: about two standard errors to either side, lopsided a little to the right.
    half = 1.96 * oracle.value(name)["se"]
    assert estimate[at] - low[at] == pytest.approx(half, rel=0.1)
    assert high[at] - estimate[at] == pytest.approx(half, rel=0.15)


@given(strategies.judged(), st.floats(0, 3))
def test_error_is_that_of_the_rows(rows, ratio):
    score, hit, account = (rows[name].to_numpy() for name in ("score", "hit", "account"))
    cells = read_cells(count_rows(lead_rows(score, hit, account)))
    plain = read_cells(count_rows(lead_rows(score, hit)))
    several = len(np.unique(account)) > 1
    for place, t in enumerate(cells.levels):
        z = (score >= t) * (hit - ratio * (1 - hit))
        assert net_benefit(cells, ratio, 0.9)[0][place] == pytest.approx(z.mean(), abs=1e-12)
        assert net_benefit_error(plain, ratio)[place] == pytest.approx(
            z.std() / np.sqrt(len(z)), abs=1e-7
        )
        if several:
            variance = naive.ratio_variance(z, np.ones(len(z)), account)
            assert net_benefit_error(cells, ratio)[place] ** 2 == pytest.approx(
                variance, rel=1e-7, abs=1e-12
            )


def test_without_cost_it_is_the_interval_of_a_share():
    counts = count_rows(lead_rows([1, 1, 2, 2, 2], [0, 1, 1, 1, 0]))
    row = threshold_table(counts, thresholds=[2], cost_ratio=0).iloc[0]
    low, high = wilson_interval(2, 5)
    assert row["net_benefit"] == 2 / 5
    assert row["net_benefit_low"] == pytest.approx(float(low))
    assert row["net_benefit_high"] == pytest.approx(float(high))


def test_the_interval_by_hand():
    # tp 3, fp 2 of 10 judged; rho = -sqrt(3 * 2 / (7 * 8)) for two cells of a multinomial.
    counts = count_rows(lead_rows([2] * 5 + [1] * 5, [1, 1, 1, 0, 0] + [0] * 5))
    row = threshold_table(counts, thresholds=[2], cost_ratio=0.5).iloc[0]
    (l1, l2), (u1, u2) = wilson_interval([3, 2], [10, 10])
    rho = -((3 * 2 / (7 * 8)) ** 0.5)
    a, b = 3 / 10 - l1, 0.5 * (u2 - 2 / 10)
    assert row["net_benefit"] == pytest.approx(3 / 10 - 0.5 * 2 / 10)
    assert row["net_benefit_low"] == pytest.approx(0.2 - (a * a + b * b - 2 * rho * a * b) ** 0.5)
    a, b = u1 - 3 / 10, 0.5 * (2 / 10 - l2)
    assert row["net_benefit_high"] == pytest.approx(0.2 + (a * a + b * b - 2 * rho * a * b) ** 0.5)


def test_no_conversion_above_does_not_prove_a_loss():
    counts = count_rows(lead_rows([9] * 3 + [1] * 97, [0] * 3 + [1] * 20 + [0] * 77))
    row = threshold_table(counts, thresholds=[9], cost_ratio=1 / 9).iloc[0]
    assert row["net_benefit"] < 0 < row["net_benefit_high"]


@given(strategies.leads(), st.floats(0, 2))
def test_the_interval_holds_the_estimate(rows, ratio):
    table = threshold_table(count_rows(rows), cost_ratio=ratio).dropna(subset=["net_benefit"])
    assert (table["net_benefit_low"] <= table["net_benefit"] + 1e-12).all()
    assert (table["net_benefit"] <= table["net_benefit_high"] + 1e-12).all()


def test_no_cost_ratio_no_net_benefit():
    table = threshold_table(count_rows(lead_rows([1, 2], [0, 1])))
    names = ["net_benefit", "net_benefit_low", "net_benefit_high", "net_benefit_all"]
    assert table[names].isna().all(axis=None)
