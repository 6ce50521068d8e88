from __future__ import annotations

from math import isnan, log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from scipy.special import expit, logit, ndtri, stdtrit
from sklearn.metrics import roc_auc_score

from tests.analysis import naive, strategies
from tests.analysis.rows import PROVENANCE, count_rows, lead_rows
from toolkit.analysis import auc
from toolkit.counts import ScoreCounts


@pytest.mark.parametrize("column", ["score", "challenger"])
def test_area_and_delong_interval_are_those_of_proc(oracle, sim, column):
    found, name = auc(count_rows(lead_rows(sim[column], sim["y"]))), f"auc.leads.{column}"
    assert found.estimate == oracle.approx(name, "auc")
    assert found.standard_error**2 == oracle.approx(name, "delong_var")
    assert found.low == oracle.approx(name, "logit_lo")
    assert found.high == oracle.approx(name, "logit_hi")
    wins = found.estimate * found.positives * found.negatives
    assert wins == oracle.approx(name, "wilcox_W")
    assert found.method == "DeLong"


@pytest.mark.parametrize(("column", "key"), [("score", "score"), ("challenger", "B")])
def test_variance_over_accounts_is_that_of_the_cleveland_clinic(oracle, sim, column, key):
    found = auc(count_rows(lead_rows(sim[column], sim["y"], sim["account_id"])))
    assert found.standard_error**2 == oracle.approx("auc_clustered.leads", f"var_{key}")
    assert found.method == "Obuchowski (accounts)"


@pytest.mark.parametrize(("column", "key"), [("score", "A"), ("challenger", "B")])
def test_variance_over_accounts_is_that_of_the_original_code(oracle, sim, column, key):
    some = sim.iloc[:400]
    found = auc(count_rows(lead_rows(some[column], some["y"], some["account_id"])))
    name = "auc_clustered.leads400_original_code"
    assert found.estimate == oracle.approx(name, f"auc.{key}")
    assert found.standard_error**2 == oracle.approx(name, f"var_{key}")


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("xedu_scores", "activity"),
        ("xedu_scores", "profile"),
        ("xedu_scores", "total"),
        ("xedu_points", "score"),
    ],
)
def test_area_on_real_leads_is_that_of_proc(oracle, oracle_rows, file, column):
    rows = pd.read_csv(oracle_rows / f"{file}.csv").dropna(subset=[column])
    found = auc(count_rows(lead_rows(rows[column].astype(int), rows["y"])))
    name = f"auc.{file.replace('_scores', '')}.{column}"
    assert found.estimate == oracle.approx(name, "auc")
    assert found.standard_error**2 == oracle.approx(name, "delong_var")
    assert (found.low, found.high) == (
        oracle.approx(name, "logit_lo"),
        oracle.approx(name, "logit_hi"),
    )


@pytest.mark.by_hand("auc")
def test_area_by_hand_with_a_tie():
    # Converted 3 and 2, not converted 2, 1, 1. Wins of 3: 3; of 2: 1/2 + 2.
    found = auc(count_rows(lead_rows([3, 2, 2, 1, 1], [1, 1, 0, 0, 0])))
    assert found.estimate == (3 + 1 / 2 + 2) / 6
    # The converted beat 1 and 5/6 of the others, these lose to 3/4, 1 and 1 of them.
    assert found.standard_error**2 == pytest.approx((1 / 72) / 2 + (1 / 48) / 3)
    # Two converted leads: t with 1 degree of freedom on the logit scale.
    step = float(stdtrit(1, 0.975)) * found.standard_error / (11 / 12 * 1 / 12)
    assert found.low == pytest.approx(expit(log(11) - step))
    assert found.reason == "few cases: the converted leads weigh as much as 2 leads; t interval"


@pytest.mark.property_of("auc")
@given(strategies.judged())
def test_area_and_variance_from_counts_are_those_of_the_rows(rows):
    score, hit, account = (rows[name].to_numpy() for name in ("score", "hit", "account"))
    plain, clustered = (
        auc(count_rows(lead_rows(score, hit))),
        auc(count_rows(lead_rows(score, hit, account))),
    )
    if len(np.unique(score)) == 1:
        assert plain.reason == "all judged leads have the same score"
        assert isnan(plain.estimate)
        return
    for found in (plain, clustered):
        assert found.estimate == pytest.approx(naive.area(score, hit), rel=1e-12)
        assert found.estimate == pytest.approx(roc_auc_score(hit, score), rel=1e-12)
    if not isnan(plain.standard_error):
        variance = naive.delong_variance(score, hit)
        assert plain.standard_error**2 == pytest.approx(variance, rel=1e-9)
    if not isnan(clustered.standard_error):
        variance = naive.obuchowski_variance(score, hit, account)
        assert clustered.standard_error**2 == pytest.approx(variance, rel=1e-9)


@given(strategies.judged(least=4))
def test_area_of_leads_that_are_their_own_accounts_is_delongs(rows):
    plain = auc(count_rows(lead_rows(rows["score"], rows["hit"])))
    alone = auc(count_rows(lead_rows(rows["score"], rows["hit"], range(len(rows)))))
    names = {"estimate", "standard_error", "low", "high"}
    if plain.estimate in {0, 1}:
        names -= {"low", "high"}  # the exact bound needs pairs of different accounts
    for name in names:
        expected = getattr(plain, name)
        assert getattr(alone, name) == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_turning_the_score_round_turns_the_area_round(sim_accounts):
    turned = sim_accounts.frame.assign(score=-sim_accounts.frame["score"])
    pairs = sim_accounts.accounts
    frame = pairs.frame.assign(score_a=-pairs.frame["score_a"], score_b=-pairs.frame["score_b"])
    back = auc(
        ScoreCounts(
            turned,
            PROVENANCE,
            accounts=type(pairs)(
                frame, pairs.judged, pairs.converted, pairs.not_converted, pairs.largest
            ),
        )
    )
    found = auc(sim_accounts)
    assert back.estimate == pytest.approx(1 - found.estimate, rel=1e-12)
    assert back.low == pytest.approx(1 - found.high, rel=1e-9)


def test_perfect_separation_has_an_exact_bound():
    found = auc(count_rows(lead_rows([9, 8, 8, 1, 2, 3, 3], [1, 1, 1, 0, 0, 0, 0])))
    assert (found.estimate, found.high) == (1, 1)
    assert found.low == pytest.approx(0.025 ** (1 / 3))  # three pairs share no lead
    assert isnan(found.standard_error)
    assert found.reason == "the score separates the two classes: exact bound from 3 pairs"
    upside = auc(count_rows(lead_rows([1, 1, 9, 9], [1, 1, 0, 0])))
    assert (upside.estimate, upside.low) == (0, 0)
    assert upside.high == pytest.approx(1 - 0.025 ** (1 / 2))


def test_perfect_separation_over_accounts_counts_pairs_of_accounts():
    score, hit = [9, 8, 8, 7, 1, 2, 3, 3], [1, 1, 1, 1, 0, 0, 0, 0]
    found = auc(count_rows(lead_rows(score, hit, [1, 1, 2, 2, 1, 1, 3, 3])))
    # Converted in accounts 1, 2; not in 1, 3; three accounts hold one pair of different accounts.
    assert found.low == pytest.approx(0.025)
    alone = auc(count_rows(lead_rows(score, hit, [1] * 8)))
    assert isnan(alone.low)
    assert alone.reason == "all judged leads belong to one account"


@pytest.mark.parametrize(
    ("score", "hit", "reason"),
    [
        ([], [], "no judged leads"),
        ([5], [1], "all of 1 judged leads converted"),
        ([5, 6], [0, 0], "none of 2 judged leads converted"),
        ([5, 5, 5], [0, 1, 1], "all judged leads have the same score"),
    ],
)
def test_an_area_that_is_undefined_is_nan_with_a_reason(score, hit, reason):
    found = auc(count_rows(lead_rows(score, hit).astype({"score": "int64"})))
    assert isnan(found.estimate)
    assert isnan(found.low)
    assert isnan(found.standard_error)
    assert found.reason == reason


def test_one_converted_lead_gives_an_estimate_but_no_interval():
    found = auc(count_rows(lead_rows([5, 6, 4], [1, 0, 0])))
    assert found.estimate == 1 / 2
    assert isnan(found.low)
    assert found.reason is not None
    assert found.reason.startswith("no interval: one lead alone carries a class")


def test_a_class_within_one_account_gives_an_estimate_but_no_interval():
    found = auc(count_rows(lead_rows([5, 3, 6, 4, 2], [1, 1, 0, 0, 0], [1, 1, 2, 3, 4])))
    assert found.estimate == 1 / 2
    assert isnan(found.high)
    assert "one account alone carries a class" in str(found.reason)


def test_accounts_under_forty_use_t_and_forty_use_z():
    def draw(accounts):
        rng = np.random.default_rng(4)
        account = np.repeat(range(accounts), 2)
        hit = np.tile([0, 1], accounts)
        return auc(count_rows(lead_rows(rng.integers(0, 9, len(hit)) + 2 * hit, hit, account)))

    for accounts, quantile in ((39, float(stdtrit(38, 0.975))), (40, float(ndtri(0.975)))):
        found = draw(accounts)
        scale = found.standard_error / (found.estimate * (1 - found.estimate))
        assert logit(found.high) - logit(found.estimate) == pytest.approx(quantile * scale)
        assert (found.reason is None) == (accounts == 40)


def test_unworked_leads_are_named_in_the_reason():
    rows = lead_rows([1, 2, 3, 4] * 20, [0, 1, 0, 1] * 20)
    rows = pd.concat([rows, pd.DataFrame({"score": [1] * 20, "state": ["unworked"] * 20})])
    assert auc(count_rows(rows)).reason == (
        "judged leads only: 20% of mature leads were never worked"
    )


def test_ten_thousand_million_leads_overflow_nothing():
    big = 10**10
    cells = [(0, 1, 9), (1, 2, 8), (5, 4, 3)]
    frame = pd.DataFrame(
        [(s, state, n * big) for s, a, b in cells
         for state, n in (("converted", a), ("not_converted", b))],
        columns=["score", "state", "n"],
    )  # fmt: skip
    found = auc(ScoreCounts(frame, PROVENANCE))
    # 1*9/2 + 2*(9 + 8/2) + 4*(17 + 3/2) = 104.5 of 7 * 20.
    assert found.estimate == 104.5 / 140
    small = auc(ScoreCounts(frame.assign(n=frame["n"] // big), PROVENANCE))
    assert small.estimate == found.estimate
    v10, v01 = np.array([9 / 40, 13 / 20, 37 / 40]), np.array([13 / 14, 5 / 7, 2 / 7])
    one = (np.array([1, 2, 4]) * (v10 - 104.5 / 140) ** 2).sum() / 7
    two = (np.array([9, 8, 3]) * (v01 - 104.5 / 140) ** 2).sum() / 20
    expected = one / (7 * big) + two / (20 * big)
    assert found.standard_error**2 == pytest.approx(expected, rel=1e-9)
