"""Regression of the share converted: R, the paper lead by lead, hands, and when there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given

from tests.analysis.day_rows import count_day_rows, lives, sim_days
from toolkit.analysis import cox_slope, fine_gray


def test_it_equals_r(sim, oracle):
    found = fine_gray(sim_days(sim, accounts=False))
    assert found.slope == oracle.approx("finegray.leads", "coef")
    assert found.standard_error == oracle.approx("finegray.leads", "se")
    assert found.ratio == pytest.approx(np.exp(10 * found.slope))
    assert found.low < found.ratio < found.high
    counted = [(sim["status"] == status).sum() for status in (1, 2)]
    assert [found.positives, found.rivals] == counted


def lead_by_lead(rows, slope):
    """Score, information and the sum of squared influence values, as in the paper."""
    day, x = rows["day"].to_numpy(), rows["score"].to_numpy(float)
    x = x - x.mean()
    hit, rival = ((rows["status"] == status).to_numpy() for status in ("converted", "disqualified"))
    lost = ~(hit | rival)
    days = np.unique(day)
    at_risk = {u: (day >= u).sum() for u in days}
    loss = {u: (lost & (day == u)).sum() / at_risk[u] for u in days}
    followed = {u: np.prod([1 - loss[s] for s in days if s < u]) for u in days}

    def weight(i, u):
        if day[i] >= u:
            return 1.0
        return followed[u] / followed[day[i]] if rival[i] else 0.0

    risk, every = np.exp(slope * x), range(len(x))
    sums = {u: [sum(weight(i, u) * risk[i] * x[i] ** k for i in every) for k in range(3)]
            for u in days}  # fmt: skip
    hits = {u: (hit & (day == u)).sum() for u in days}
    mean = {u: sums[u][1] / sums[u][0] for u in days}
    speed = {u: hits[u] / sums[u][0] for u in days}
    score = sum(x[i] - mean[day[i]] for i in every if hit[i])
    information = sum(hits[u] * (sums[u][2] / sums[u][0] - mean[u] ** 2) for u in days)

    def shown(i, u):
        """(x - mean) w dM of lead i on day u."""
        jump = float(hit[i] and day[i] == u) - risk[i] * weight(i, u) * speed[u]
        return (x[i] - mean[u]) * jump

    pull = {u: -sum(shown(i, s) for i in every if rival[i] and day[i] < u for s in days if s >= u)
            for u in days}  # fmt: skip
    total = 0.0
    for i in every:
        eta = sum(shown(i, u) for u in days)
        psi = sum(pull[u] / at_risk[u] * (float(lost[i] and day[i] == u) - loss[u])
                  for u in days if u <= day[i])  # fmt: skip
        total += (eta + psi) ** 2
    return score, information, total


@pytest.mark.property_of("fine_gray")
@given(lives(least=6, most=14))
def test_counts_equal_the_paper_lead_by_lead(rows):
    found = fine_gray(count_day_rows(rows.drop(columns="account")))
    assume(found.reason is None and abs(found.slope) < 5)
    score, information, total = lead_by_lead(rows.reset_index(drop=True), found.slope)
    assert score == pytest.approx(0, abs=1e-8 * max(information, 1))
    assert found.standard_error == pytest.approx(total**0.5 / information, rel=1e-9)


def test_without_rivals_and_ties_it_is_the_slope_of_cox():
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"score": rng.integers(0, 5, 60), "day": rng.permutation(60) + 1})
    rows["status"] = np.where(rng.random(60) < 0.6, "converted", "open")
    counts = count_day_rows(rows)
    assert fine_gray(counts).slope == pytest.approx(cox_slope(counts).slope, rel=1e-9)


def test_repeating_every_lead_tells_nothing_new_over_accounts(sim):
    alone = sim.assign(account_id=range(len(sim)))
    once = fine_gray(sim_days(alone))
    again = fine_gray(sim_days(pd.concat([alone] * 2)))
    assert again.slope == pytest.approx(once.slope, rel=1e-9)
    assert again.standard_error == pytest.approx(once.standard_error, rel=1e-9)
    unknown = fine_gray(sim_days(sim, accounts=False))
    assert once.standard_error == pytest.approx(
        unknown.standard_error * (len(sim) / (len(sim) - 1)) ** 0.5, rel=1e-9
    )


def test_more_may_convert_in_the_end_though_nobody_converts_faster():
    """Among the open both scores convert alike; the low ones are turned down first."""
    days = np.arange(1, 201)
    high = pd.DataFrame({"score": 1, "day": days, "status": "converted"})
    low = high.assign(score=0, status=np.where(days % 2 == 0, "disqualified", "converted"))
    counts = count_day_rows(pd.concat([high, low], ignore_index=True))
    assert fine_gray(counts).slope > cox_slope(counts).slope + 0.3


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
    found = fine_gray(count_day_rows(frame.astype({"score": "int64", "day": "int64"})))
    assert np.isnan(found.slope)
    assert np.isnan(found.high)
    assert reason in found.reason


def draw(rng, accounts, slope):
    """Leads of accounts of three that share their score, from the model of Fine and Gray."""
    account = np.repeat(np.arange(accounts), 3)
    x = rng.integers(0, 4, accounts)[account]
    share = 1 - 0.7 ** np.exp(slope * x)
    hit = rng.random(len(x)) < share
    inside = 1 - (1 - rng.random(len(x)) * share) ** np.exp(-slope * x)
    at = np.where(hit, -np.log(1 - inside / 0.3), rng.exponential(1.0, len(x)))
    end = rng.uniform(0.5, 3, len(x))
    status = np.where(at > end, "open", np.where(hit, "converted", "disqualified"))
    day = np.ceil(np.minimum(at, end) * 30).astype(int)
    return pd.DataFrame({"score": x, "day": day, "status": status, "account": account})


@pytest.mark.parametrize("runs", [60, pytest.param(1500, marks=pytest.mark.slow)])
def test_the_interval_covers_as_stated(runs):
    rng, missed, truth = np.random.default_rng(12), 0, 0.3
    for _ in range(runs):
        found = fine_gray(count_day_rows(draw(rng, 100, truth)))
        missed += not found.low <= np.exp(10 * truth) <= found.high
    assert missed / runs <= 0.06 + 3 * (0.05 * 0.95 / runs) ** 0.5


@pytest.mark.by_hand("fine_gray")
def test_one_rival_by_hand():
    """A lead with a point is disqualified on day 1, one is lost on day 2, one converts on day 3; of
    two without, one converts on day 4.

    On day 2 one of four is lost: from then on the rival counts 3/4. Score 0: 2 / (7/4 r + 2) =
    3/4 r / (3/4 r + 2), so r^2 = 4 / (3/4 x 7/4).
    """
    rows = pd.DataFrame(
        {"score": [1, 1, 1, 0, 0], "day": [1, 2, 3, 4, 5],
         "status": ["disqualified", "open", "converted", "converted", "open"]}
    )  # fmt: skip
    found = fine_gray(count_day_rows(rows))
    assert found.slope == pytest.approx(np.log(4 / (3 / 4 * 7 / 4)) / 2)
    assert (found.positives, found.rivals, found.n) == (2, 1, 5)
