"""The slope of the speed: R, statsmodels, hands, and when there is none."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from scipy.stats import t as student
from statsmodels.duration.hazard_regression import PHReg

from tests.analysis.day_rows import count_day_rows, lives, sim_days
from tests.analysis.rows import PROVENANCE
from toolkit.analysis import cox_slope, fine_gray, incidence_table, time_auc
from toolkit.counts import DayCounts


def test_it_equals_r(sim, oracle):
    found = cox_slope(sim_days(sim, accounts=False))
    assert found.slope == oracle.approx("cox.leads", "coef")
    assert found.standard_error == oracle.approx("cox.leads", "se")
    assert found.log_likelihood == oracle.approx("cox.leads", "loglik")
    assert found.ratio == pytest.approx(np.exp(10 * found.slope))


def test_over_accounts_it_equals_r_but_for_the_factor(sim, oracle):
    # R sums squares over accounts; here they are multiplied by G/(G-1), as everywhere.
    g = sim["account_id"].nunique()
    found = cox_slope(sim_days(sim))
    assert found.standard_error * ((g - 1) / g) ** 0.5 == oracle.approx("cox.leads", "robust_se")


@pytest.mark.property_of("cox_slope")
@given(lives(least=10))
def test_counts_equal_statsmodels_on_rows(rows):
    found = cox_slope(count_day_rows(rows.drop(columns="account")))
    if found.reason:
        assert np.isnan(found.slope)
        return
    if abs(found.slope) > 3:  # nearly separated: statsmodels stops where it likes
        return
    status = (rows["status"] == "converted").astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = PHReg(rows["day"], rows[["score"]].astype(float), status, ties="efron").fit(
            disp=0, gtol=1e-10
        )
    assert found.slope == pytest.approx(fit.params[0], abs=1e-5)
    assert found.log_likelihood == pytest.approx(fit.llf, abs=1e-6)
    assert found.standard_error == pytest.approx(fit.bse[0], rel=1e-4)


def test_repeating_every_lead_tells_nothing_new_over_accounts(sim):
    once = cox_slope(sim_days(sim.assign(account_id=range(len(sim)))))
    twice = pd.concat([sim.assign(account_id=range(len(sim)))] * 2)
    again = cox_slope(sim_days(twice))
    # Not exactly: Efron's ties are finer with twice the leads.
    assert again.slope == pytest.approx(once.slope, rel=1e-3)
    assert again.standard_error == pytest.approx(once.standard_error, rel=1e-2)


def test_a_slope_that_holds_and_one_that_does_not(sim):
    assert cox_slope(sim_days(sim)).p_changes == pytest.approx(0.348, abs=0.01)
    # For 45 days mostly high scores convert, then mostly low ones.
    high_first = ([3] * 8 + [0]) * 5
    low_first = ([0] * 4 + [3]) * 8 + [3] * 5
    early = pd.DataFrame({"score": high_first, "day": range(1, 46), "status": "converted"})
    late = pd.DataFrame({"score": low_first, "day": range(50, 95), "status": "converted"})
    rows = pd.concat([early, late], ignore_index=True)
    found = cox_slope(count_day_rows(rows))
    assert found.early > 0 > found.late
    assert found.p_changes < 0.01


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "no leads"),
        ([(1, 5, "open"), (2, 5, "disqualified")], "no lead converted"),
        ([(1, 5, "converted"), (1, 7, "open")], "all leads have one score"),
        ([(2, 5, "converted"), (1, 7, "open")], "no finite slope fits"),
    ],
)
def test_what_cannot_be_fitted_has_a_reason(rows, reason):
    frame = pd.DataFrame(rows, columns=["score", "day", "status"])
    found = cox_slope(count_day_rows(frame.astype({"score": "int64", "day": "int64"})))
    assert np.isnan(found.slope)
    assert reason in found.reason


def test_huge_scores_and_counts_stay_finite(sim):
    shifted = sim.assign(score=sim["score"] + 1_000_000)
    assert cox_slope(sim_days(shifted)).slope == pytest.approx(cox_slope(sim_days(sim)).slope)


def test_many_conversions_on_a_day_are_summed_as_few_are(sim, monkeypatch):
    one_by_one = cox_slope(sim_days(sim))
    monkeypatch.setattr("toolkit.analysis.survival.cox._ADDED_UP", 0)
    by_gamma = cox_slope(sim_days(sim))
    assert by_gamma.slope == pytest.approx(one_by_one.slope, rel=1e-6)
    assert by_gamma.standard_error == pytest.approx(one_by_one.standard_error, rel=1e-6)
    assert by_gamma.log_likelihood == pytest.approx(one_by_one.log_likelihood, rel=1e-9)


def test_ten_thousand_million_leads_take_no_longer():
    frame = pd.DataFrame(
        {"score": [10, 0, 10, 0], "day": [1, 1, 2, 2],
         "status": ["converted", "converted", "open", "open"], "n": [2, 1, 8, 9]}
    )  # fmt: skip
    huge = DayCounts(frame.assign(n=frame["n"] * 10**10), PROVENANCE)
    many = DayCounts(frame.assign(n=frame["n"] * 10**4), PROVENANCE)
    assert cox_slope(huge).slope == pytest.approx(cox_slope(many).slope, rel=1e-3)
    assert cox_slope(huge).standard_error == pytest.approx(
        cox_slope(many).standard_error / 1000, rel=1e-3
    )
    assert incidence_table(huge, at_days=(1,))["rate"][0] == 3 / 20
    assert time_auc(huge, at_days=(1,))["auc"][0] == pytest.approx(
        time_auc(many, at_days=(1,))["auc"][0]
    )


@pytest.mark.by_hand("cox_slope")
def test_two_conversions_by_hand():
    """Of two leads with a point and two without, first one with it converts, then one without.

    With r = exp(slope) the score is 1 - 2r/(2r + 2) - r/(r + 2) = 0: (r + 1)(r + 2) = r (2r + 3).
    """
    rows = pd.DataFrame(
        {"score": [1, 0, 1, 0], "day": [1, 2, 3, 3],
         "status": ["converted", "converted", "open", "open"]}
    )  # fmt: skip
    found, r = cox_slope(count_day_rows(rows)), 2**0.5
    assert found.slope == pytest.approx(np.log(r))
    assert found.ratio == pytest.approx(r**10)
    assert found.log_likelihood == pytest.approx(np.log(r / (2 * r + 2)) + np.log(1 / (r + 2)))
    first, second = r / (r + 1), r / (r + 2)
    information = first * (1 - first) + second * (1 - second)
    assert found.standard_error == pytest.approx(information**-0.5)


def shared_rows(rng, sizes):
    """Leads whose account shares speed and score; the score says nothing of the speed."""
    account = np.repeat(np.arange(len(sizes)), sizes)
    speed = np.exp(rng.normal(0, 0.7, len(sizes)))[account]
    score = np.round(4 + rng.normal(0, 2, len(sizes))[account] + rng.normal(0, 1.5, len(account)))
    day = np.ceil(rng.exponential(30 / speed))
    return pd.DataFrame({
        "score": score.astype(int), "day": np.minimum(day, 60).astype(int),
        "status": np.where(day <= 60, "converted", "open"), "account": account,
    })  # fmt: skip


@pytest.mark.parametrize("fit", [cox_slope, fine_gray])
def test_one_account_has_a_slope_and_no_interval(fit):
    found = fit(count_day_rows(shared_rows(np.random.default_rng(1), [60])))
    assert not np.isnan(found.slope)
    assert np.isnan([found.standard_error, found.low, found.high]).all()
    assert found.reason == "no interval: one account carries the slope"
    assert np.isnan(getattr(found, "p_changes", np.nan))


@pytest.mark.parametrize("fit", [cox_slope, fine_gray])
def test_the_interval_of_a_slope_is_student_on_accounts_of_equal_weight(fit):
    rows = shared_rows(np.random.default_rng(2), [25] * 7 + [1] * 20)
    found = fit(count_day_rows(rows))
    away = (rows["score"] - rows["score"].mean()) * (rows["status"] == "converted")
    parts = pd.DataFrame({"sum": away, "square": away**2}).groupby(rows["account"]).sum()
    part = np.maximum(parts["sum"] ** 2, parts["square"])
    equal = part.sum() ** 2 / (part**2).sum()
    wide = student.ppf(0.975, equal - 1) * found.standard_error
    assert np.log(found.high) == pytest.approx(10 * (found.slope + wide))
    assert f"few accounts: {equal:.1f} of equal weight" in found.reason


@pytest.mark.parametrize("sizes", [[50] * 4, [20] * 10, [100] + [1] * 100])
@pytest.mark.parametrize("runs", [20, pytest.param(400, marks=pytest.mark.slow)])
def test_a_slope_that_is_none_is_seldom_found_with_few_accounts(runs, sizes):
    wrong, changed = slopes_found(runs, sizes)
    most = 0.07 + 3 * (0.07 * 0.93 / runs) ** 0.5
    assert wrong <= most
    assert changed <= most


def slopes_found(runs, sizes):
    """Share of draws whose interval leaves out 1, and whose `p_changes` is under 5%."""
    rng, wrong, changed = np.random.default_rng(len(sizes)), 0, 0
    for _ in range(runs):
        found = cox_slope(count_day_rows(shared_rows(rng, sizes)))
        wrong += found.low > 1 or found.high < 1
        changed += found.p_changes < 0.05
    return wrong / runs, changed / runs
