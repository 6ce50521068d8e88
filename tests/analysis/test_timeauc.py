"""Ranking by a day: R's riskRegression, the plain area, derivatives, edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from tests.analysis.day_rows import count_day_rows, lives, sim_days
from toolkit.analysis import ipcw_brier, time_auc
from toolkit.analysis.survival.life import read_lives
from toolkit.analysis.survival.timeauc import _auc, _influence, _weights
from toolkit.errors import QuestionError

COLUMNS = ["day", "auc", "low", "high", "standard_error", "cases", "controls", "method", "reason"]


@pytest.mark.parametrize(("rivals", "key"), [(True, "competing"), (False, "dq_censored")])
def test_it_equals_risk_regression(sim, oracle, rivals, key):
    found = time_auc(sim_days(sim, accounts=False, rivals=rivals))
    expected = oracle.value("time_auc.leads")
    assert found["auc"].to_numpy() == pytest.approx(expected[f"auc_{key}"], rel=1e-9)
    # Ours is the exact derivative of the Kaplan-Meier curve of the censoring: 2e-6 beside theirs.
    assert found["standard_error"].to_numpy() == pytest.approx(expected[f"se_{key}"], rel=2e-6)
    assert list(found.columns) == COLUMNS
    for name in COLUMNS:
        assert f"`{name}`" in str(time_auc.__doc__)


@pytest.mark.parametrize(("rivals", "key"), [(True, "competing"), (False, "dq_censored")])
def test_by_the_martingale_of_the_censoring_its_error_is_that_of_risk_regression(
    sim, oracle, rivals, key
):
    """d log G = -(own end - the hazards c/Y passed)/Y, as if no two leads were censored on one day."""
    lives = read_lives(sim_days(sim, accounts=False, rivals=rivals))
    expected = oracle.value("time_auc.leads")
    for day, error in zip((30, 60, 90), expected[f"se_{key}"], strict=True):
        weights = _weights(lives, day)
        _, u_case, u_control = _auc(lives, weights)
        given = (u_case + u_control) * lives.n
        size, risk = len(weights.days), np.maximum(weights.at_risk, 1)
        early = np.bincount(weights.place, weights=given * ~weights.late, minlength=size)
        later = np.cumsum(early[::-1])[::-1] - early + given[weights.late].sum()
        later = np.where(weights.days <= day, later, 0.0) / risk
        own = np.where(lives.ended, 0.0, later[weights.place])
        passed = np.cumsum(later * weights.censored / risk)[weights.place]
        value = u_case + u_control + own - passed
        n = lives.n.sum()
        assert (n / (n - 1) * (lives.n @ value**2)) ** 0.5 == pytest.approx(error, rel=1e-7)


def test_it_equals_the_double_sum(sim, oracle):
    expected = oracle.value("ipcw_auc_own.leads")["auc"]
    assert time_auc(sim_days(sim))["auc"].to_numpy() == pytest.approx(expected, rel=1e-9)


@pytest.mark.by_hand("time_auc")
def test_by_hand():
    # G falls to 3/4 on day 2 (4 at risk). Case: 50 at day 3, weight 4/3. Controls after day 3: 40
    # and 60, weight 4/3 each: (1 + 0)/2.
    rows = pd.DataFrame({
        "score": [10, 50, 40, 60], "day": [2, 3, 9, 9],
        "status": ["open", "converted", "open", "open"],
    })  # fmt: skip
    assert time_auc(count_day_rows(rows), at_days=(3,))["auc"][0] == pytest.approx(1 / 2)


@pytest.mark.property_of("time_auc")
@given(lives(least=4, statuses=("converted", "open")), st.integers(1, 8))
def test_followed_to_the_end_it_is_the_area_under_the_plain_curve(rows, time):
    rows = rows.assign(day=rows["day"].where(rows["status"] == "converted", 9))
    hit = (rows["status"] == "converted") & (rows["day"] <= time)
    found = time_auc(count_day_rows(rows), at_days=(time,)).iloc[0]
    if hit.nunique() < 2:
        assert np.isnan(found["auc"])
        assert found["reason"]
        return
    assert found["auc"] == pytest.approx(roc_auc_score(hit, rows["score"]))


@given(lives(least=4), st.integers(1, 8))
def test_influence_is_the_derivative_by_the_weight_of_a_lead(rows, time):
    counted = read_lives(count_day_rows(rows))
    weights = _weights(counted, time)
    if not (weights.case > 0).any() or not (weights.control > 0).any():
        return

    def area(n: np.ndarray) -> float:
        moved = replace(counted, n=n)
        return _auc(moved, _weights(moved, time))[0]

    # Where G falls to almost nothing, a difference quotient is no derivative.
    if (weights.at_risk - weights.censored)[weights.days <= time].min(initial=9) < 1:
        return
    auc, *parts = _auc(counted, weights)
    values = _influence(counted, weights, *parts)
    for cell in range(len(counted.n)):
        up, down = counted.n.copy(), counted.n.copy()
        up[cell] += 1e-6
        down[cell] -= 1e-6
        assert values[cell] == pytest.approx((area(up) - area(down)) / 2e-6, abs=1e-3)
    assert 0 <= auc <= 1


def test_a_curve_cut_at_the_asked_day_uses_the_leads_open_on_it():
    # As count_days(within_days=30) leaves it: nobody is followed beyond day 30.
    rows = pd.DataFrame({
        "score": [60, 10, 20, 40], "day": [5, 30, 30, 30],
        "status": ["converted", "open", "open", "disqualified"],
    })  # fmt: skip
    found = time_auc(count_day_rows(rows), at_days=(30, 31))
    assert found["auc"][0] == 1
    assert found["controls"][0] == 3
    assert found["reason"][0] == "all pairs agree, so no interval can be given"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([(1, 5, "open")], "no lead was followed for 30 days (the longest: 5)"),
        ([(1, 40, "open")], "no lead converted by day 30"),
        ([(1, 4, "converted"), (2, 5, "converted")], "every lead converted by day 30"),
    ],
)
def test_what_cannot_be_ranked_has_a_reason(rows, reason):
    counts = count_day_rows(pd.DataFrame(rows, columns=["score", "day", "status"]))
    row = time_auc(counts, at_days=(30,)).iloc[0]
    assert np.isnan(row["auc"])
    assert row["reason"] == reason


def fitted(sim: pd.DataFrame, time: int) -> dict[int, float]:
    import statsmodels.api as sm

    hit = ((sim["time"] <= time) & (sim["status"] == 1)).astype(float)
    design = sm.add_constant(sim[["score"]].astype(float))
    fit = sm.GLM(hit, design, family=sm.families.Binomial()).fit(tol=1e-14)
    levels = np.unique(sim["score"])
    a, b = fit.params
    return dict(zip(levels.tolist(), 1 / (1 + np.exp(-a - b * levels)), strict=True))


def test_the_brier_score_equals_r(sim, oracle):
    expected = oracle.value("ipcw_brier.leads")
    for time, brier in zip(expected["times"], expected["brier"], strict=True):
        table = ipcw_brier(sim_days(sim), fitted(sim, time), at_days=(time,))
        assert table["brier"][0] == pytest.approx(brier, rel=1e-9)
        assert 0 < table["skill"][0] < 1
        for name in table.columns:
            assert f"`{name}`" in str(ipcw_brier.__doc__)


@pytest.mark.by_hand("ipcw_brier")
def test_the_brier_score_by_hand():
    rows = pd.DataFrame({"score": [1, 2], "day": [3, 9], "status": ["converted", "open"]})
    table = ipcw_brier(count_day_rows(rows), {1: 0.8, 2: 0.4}, at_days=(5,))
    assert table["brier"][0] == pytest.approx((0.2**2 + 0.4**2) / 2)
    assert table["skill"][0] == pytest.approx(1 - (0.2**2 + 0.4**2) / 2 / (1 / 4))


def test_a_score_without_promise_and_percentages_are_refused():
    counts = count_day_rows(pd.DataFrame({"score": [1], "day": [3], "status": ["converted"]}))
    with pytest.raises(QuestionError, match="no probability was promised for the score 1"):
        ipcw_brier(counts, {})
    with pytest.raises(QuestionError, match="give shares, not percent"):
        ipcw_brier(counts, {1: 12.0})
    open_ = count_day_rows(pd.DataFrame({"score": [1], "day": [2], "status": ["open"]}))
    assert ipcw_brier(open_, {1: 0.5}, at_days=(3,))["reason"][0] == (
        "no lead was followed for 3 days"
    )
