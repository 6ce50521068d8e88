"""The log-rank test: R, statsmodels, hands, and its error rate with accounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from statsmodels.duration.survfunc import survdiff

from tests.analysis.day_rows import count_day_rows, lives, sim_days
from tests.analysis.test_incidence import BANDS
from toolkit.analysis import ScoreBand, log_rank

TWO = (ScoreBand("high", 1), ScoreBand("low", None))


def test_it_equals_r(sim, oracle):
    found = log_rank(sim_days(sim, accounts=False), BANDS)
    assert found.statistic == oracle.approx("logrank.leads", "chisq")
    assert found.df == 3
    assert found.p_value == oracle.approx("logrank.leads", "p")


@pytest.mark.property_of("log_rank")
@given(lives(least=6))
def test_it_equals_statsmodels(rows):
    found = log_rank(count_day_rows(rows.drop(columns="account")), TWO)
    event = (rows["status"] == "converted").astype(int)
    group = (rows["score"] >= 1).astype(int)
    if found.reason:
        assert np.isnan(found.statistic)
        return
    statistic, p_value = survdiff(rows["day"], event, group)
    assert found.statistic == pytest.approx(statistic, abs=1e-9)
    assert found.p_value == pytest.approx(p_value, abs=1e-9)


@pytest.mark.by_hand("log_rank")
def test_by_hand():
    # Day 1: the high lead converts, 1/2 expected, variance 1/4. Day 2: one at risk, no variance.
    rows = pd.DataFrame({"score": [1, 0], "day": [1, 2], "status": "converted"})
    assert log_rank(count_day_rows(rows), TWO).statistic == pytest.approx(
        (1 - 1 / 2) ** 2 / (1 / 4)
    )


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([(0, 1, "converted")], "fewer than two bands have leads"),
        ([(0, 1, "open"), (2, 1, "disqualified")], "no lead converted"),
        ([(0, 1, "open"), (2, 2, "converted")], "never open on the days"),
    ],
)
def test_what_cannot_be_tested_has_a_reason(rows, reason):
    counts = count_day_rows(pd.DataFrame(rows, columns=["score", "day", "status"]))
    found = log_rank(counts, TWO)
    assert np.isnan(found.p_value)
    assert reason in found.reason


def test_few_accounts_are_refused():
    rows = pd.DataFrame(
        {"score": [0, 1] * 8, "day": range(1, 17), "status": "converted", "account": [1, 2] * 8}
    )
    found = log_rank(count_day_rows(rows), TWO)
    assert found.reason == "the conversions weigh as much as 1.9 accounts: too few for 2 bands"
    assert np.isnan(found.p_value)


def _rejections(runs: int, rng: np.random.Generator, *, robust: bool) -> float:
    """Share of tests at 5% that reject although bands do not differ; accounts share all of it."""
    accounts, size, wrong = 60, 6, 0
    for _ in range(runs):
        effect = np.exp(rng.normal(size=accounts))
        score = np.repeat(rng.integers(0, 3, size=accounts), size)
        time = np.ceil(rng.exponential(20, size=accounts * size) / np.repeat(effect, size))
        end = rng.integers(5, 60, size=accounts * size)
        rows = pd.DataFrame({
            "score": score, "day": np.minimum(time, end).astype(int),
            "status": np.where(time <= end, "converted", "open"),
        })  # fmt: skip
        if robust:
            rows["account"] = np.repeat(range(accounts), size)
        wrong += log_rank(count_day_rows(rows), TWO).p_value < 0.05
    return wrong / runs


def test_accounts_that_are_ignored_make_false_differences():
    rng = np.random.default_rng(3)
    assert _rejections(60, rng, robust=False) > 0.2
    assert _rejections(60, rng, robust=True) < 0.16


@pytest.mark.slow
def test_over_accounts_it_rejects_as_often_as_stated():
    # 1,500 draws: three standard errors of 5% are 1.7 points.
    assert 0.02 < _rejections(1500, np.random.default_rng(4), robust=True) < 0.075
