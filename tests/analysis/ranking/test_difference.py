from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from tests.analysis import naive, strategies
from tests.analysis.rows import count_rows, lead_rows, pair_rows
from toolkit.analysis import auc, auc_difference
from toolkit.counts import AccountCells, PairCounts
from toolkit.errors import DataError


def paired_variance(a, b, hit, account=None):
    """Of AUC(b) - AUC(a), lead by lead, as the papers write it."""
    (a10, a01), (b10, b01) = naive.placements(a, hit), naive.placements(b, hit)
    d10, d01 = b10 - a10, b01 - a01
    if account is None:
        return d10.var(ddof=1) / len(d10) + d01.var(ddof=1) / len(d01)
    x = pd.Series(d10 - d10.mean()).groupby(account[hit == 1]).sum()
    y = pd.Series(d01 - d01.mean()).groupby(account[hit == 0]).sum()
    i1, i0, i = len(x), len(y), len(np.unique(account))
    n1, n0 = len(d10), len(d01)
    both = (x * y).dropna().sum()
    return (
        i1 / (i1 - 1) * (x**2).sum() / n1**2
        + i0 / (i0 - 1) * (y**2).sum() / n0**2
        + 2 * i / (i - 1) * both / (n1 * n0)
    )


@pytest.mark.real_data
@pytest.mark.parametrize(("one", "other"), [("activity", "profile"), ("total", "activity")])
def test_paired_delong_on_real_leads_is_that_of_proc(oracle, oracle_rows, one, other):
    rows = pd.read_csv(oracle_rows / "xedu_scores.csv").dropna(subset=[one, other])
    a, b = (rows[name].astype(int) for name in (one, other))
    found, name = auc_difference(pair_rows(a, b, rows["y"])), f"delong_paired.xedu.{one}_vs_{other}"
    # pROC takes the first less the second.
    assert -found.estimate == oracle.approx(name, "diff")
    assert -found.estimate / found.standard_error == oracle.approx(name, "z")
    assert found.p_value == oracle.approx(name, "p")
    assert (-found.high, -found.low) == (oracle.approx(name, "ci_lo"), oracle.approx(name, "ci_hi"))
    errors = [auc(count_rows(lead_rows(scores, rows["y"]))).standard_error for scores in (a, b)]
    assert found.correlation * errors[0] * errors[1] == oracle.approx(name, "cov")


def test_paired_obuchowski_is_that_of_the_cleveland_clinic(oracle, sim):
    found = auc_difference(pair_rows(sim["score"], sim["challenger"], sim["y"], sim["account_id"]))
    assert found.estimate == oracle.approx("auc_clustered.leads", "absdiff")
    assert found.standard_error**2 == oracle.approx("auc_clustered.leads", "var_diff")
    assert found.p_value == oracle.approx("auc_clustered.leads", "p")
    assert (found.champion, found.challenger) == (
        oracle.approx("auc_clustered.leads", "auc_score"),
        oracle.approx("auc_clustered.leads", "auc_chall"),
    )
    assert found.method == "paired Obuchowski (accounts)"
    assert found.reason is None


def test_paired_obuchowski_is_that_of_the_original_code(oracle, sim):
    some, name = sim.iloc[:400], "auc_clustered.leads400_original_code"
    found = auc_difference(
        pair_rows(some["score"], some["challenger"], some["y"], some["account_id"])
    )
    assert found.standard_error**2 == oracle.approx(name, "var_diff")
    assert found.p_value == oracle.approx(name, "p")


@pytest.mark.by_hand("auc_difference")
def test_difference_by_hand():
    # Champion: converted 2, 1 against 1, 0: wins 1 + 1, 1/2 + 1 of 4: 7/8.
    # Challenger: converted 1, 2 against 0, 2: wins 1 + 0, 1 + 1/2 of 4: 5/8.
    found = auc_difference(pair_rows([2, 1, 1, 0], [1, 2, 0, 2], [1, 1, 0, 0]))
    assert (found.champion, found.challenger) == (7 / 8, 5 / 8)
    assert found.estimate == 5 / 8 - 7 / 8
    # Placements of the converted: champion 1, 3/4, challenger 1/2, 3/4; differences -1/2, 0.
    # Placements of the others: champion 3/4, 1, challenger 1, 1/4; differences 1/4, -3/4.
    variance = ((1 / 4) ** 2 * 2 / 1) / 2 + ((1 / 2) ** 2 * 2 / 1) / 2
    assert found.standard_error**2 == pytest.approx(variance)
    step = float(stdtrit(1, 0.975)) * variance**0.5
    assert step > 1
    assert (found.low, found.high) == (-1, 1)
    assert found.reason == "few cases: the converted leads weigh as much as 2 leads; t interval"


@pytest.mark.property_of("auc_difference")
@given(strategies.judged(), st.data())
def test_difference_from_counts_is_that_of_the_rows(rows, data):
    a, hit, account = (rows[name].to_numpy() for name in ("score", "hit", "account"))
    size = len(rows)
    b = np.array(data.draw(st.lists(st.integers(-2, 4), min_size=size, max_size=size)))
    for owner in (None, account):
        found = auc_difference(pair_rows(a, b, hit, owner))
        expected = naive.area(b, hit) - naive.area(a, hit)
        assert found.estimate == pytest.approx(expected, abs=1e-12)
        if found.standard_error > 0:
            variance = paired_variance(a, b, hit, owner)
            assert found.standard_error**2 == pytest.approx(variance, rel=1e-9, abs=1e-15)


@given(strategies.judged(least=6))
def test_leads_that_are_their_own_accounts_give_delongs_difference(rows):
    other = (rows["score"] * 7 + rows["account"]) % 5
    plain = auc_difference(pair_rows(rows["score"], other, rows["hit"]))
    alone = auc_difference(pair_rows(rows["score"], other, rows["hit"], range(len(rows))))
    for name in ("estimate", "standard_error", "low", "high", "p_value", "correlation"):
        assert getattr(alone, name) == pytest.approx(getattr(plain, name), rel=1e-9, nan_ok=True)


@pytest.mark.property_of("auc_difference")
@given(strategies.judged())
def test_changing_the_roles_turns_the_difference_round(rows):
    other = (rows["score"] * 3 + rows["account"]) % 4
    one = auc_difference(pair_rows(rows["score"], other, rows["hit"], rows["account"]))
    two = auc_difference(pair_rows(other, rows["score"], rows["hit"], rows["account"]))
    assert one.estimate == pytest.approx(-two.estimate, abs=1e-12)
    assert one.low == pytest.approx(-two.high, rel=1e-9, abs=1e-12, nan_ok=True)


def test_a_challenger_fitted_on_these_leads_is_refused(sim):
    found = auc_difference(
        pair_rows(sim["score"], sim["challenger"], sim["y"], fitted_on="these leads")
    )
    assert isnan(found.estimate)
    assert isnan(found.champion)
    assert found.reason is not None
    assert found.reason.startswith("refused: the challenger was fitted on these leads")


def test_nobody_knows_on_what_the_challenger_was_fitted_stands_in_the_reason(sim):
    found = auc_difference(
        pair_rows(sim["score"], sim["challenger"], sim["y"], fitted_on="unknown")
    )
    assert found.estimate > 0
    assert found.reason is not None
    assert found.reason.startswith("valid only if the challenger's points were not fitted")


def test_equal_placements_are_an_identical_ranking(sim):
    """Twice the points rank every lead alike, and so does a shift."""
    found = auc_difference(
        pair_rows(sim["score"], 2 * sim["score"] + 7, sim["y"], sim["account_id"])
    )
    assert (found.estimate, found.standard_error) == (0, 0)
    assert found.champion == found.challenger
    assert isnan(found.low)
    assert isnan(found.p_value)
    assert found.reason == "identical ranking: both models put every lead in the same place"


@pytest.mark.parametrize(
    ("hit", "reason"),
    [
        ([0, 0, 0], "none of 3 judged leads converted"),
        ([1, 1, 1], "all of 3 judged leads converted"),
    ],
)
def test_a_difference_that_is_undefined_is_nan_with_a_reason(hit, reason):
    found = auc_difference(pair_rows([1, 2, 3], [3, 1, 2], hit))
    assert isnan(found.estimate)
    assert found.reason == reason


def test_no_leads_at_all_are_said_to_be_none():
    frame = pair_rows([1], [1], [1]).frame.iloc[:0]
    found = auc_difference(PairCounts(frame, pair_rows([1], [1], [1]).provenance, "b", "nothing"))
    assert (found.positives, found.negatives, found.reason) == (0, 0, "no judged leads")


def test_one_model_without_any_ranking_has_half_of_all_pairs():
    found = auc_difference(pair_rows([5] * 6, [1, 2, 3, 4, 5, 6], [0, 0, 1, 0, 1, 1]))
    assert found.champion == 1 / 2
    assert found.challenger == (2 + 3 + 3) / 9
    assert found.standard_error > 0


def test_a_perfect_score_is_no_more_than_half_beyond_a_constant_one():
    found = auc_difference(pair_rows([1, 1, 0, 0], [7, 7, 7, 7], [1, 1, 0, 0]))
    assert (found.champion, found.challenger, found.estimate) == (1, 1 / 2, -1 / 2)
    assert isnan(found.low)
    assert found.reason is not None
    assert found.reason.startswith("no interval")


def test_one_converted_lead_gives_a_difference_but_no_interval():
    found = auc_difference(pair_rows([5, 6, 4], [5, 4, 6], [1, 0, 0]))
    assert isnan(found.low)
    assert found.reason is not None
    assert found.reason.startswith("no interval")


def test_leads_never_worked_are_named(sim):
    pairs = pair_rows(sim["score"], sim["challenger"], sim["y"])
    more = pd.DataFrame(
        {"champion": [0], "challenger": [0], "state": ["unworked"], "n": [1000]}, index=[0]
    )
    found = auc_difference(
        PairCounts(pd.concat([pairs.frame, more]), pairs.provenance, "b", "nothing")
    )
    assert found.reason == "judged leads only: 20% of mature leads were never worked"
    assert found.estimate == auc_difference(pairs).estimate


def test_ten_thousand_million_leads_give_the_same_areas():
    pairs = pair_rows([2, 1, 1, 0], [1, 2, 0, 2], [1, 1, 0, 0])
    big = PairCounts(pairs.frame.assign(n=10**10), pairs.provenance, "b", "nothing")
    found = auc_difference(big)
    assert found.estimate == 5 / 8 - 7 / 8
    assert found.standard_error == pytest.approx(
        (((1 / 4) ** 2 + (1 / 2) ** 2) / (2 * 10**10)) ** 0.5, rel=1e-9
    )


def test_an_account_of_half_of_all_leads_counts_as_one():
    rng = np.random.default_rng(3)
    a, b, hit = (rng.integers(0, 6, 400), rng.integers(0, 6, 400), rng.integers(0, 2, 400))
    account = np.where(np.arange(400) < 200, 0, np.arange(400))
    found = auc_difference(pair_rows(a, b, hit, account))
    assert found.reason is not None
    assert "t interval" in found.reason


def test_accounts_of_other_counts_are_refused():
    pairs = pair_rows([1, 2], [2, 1], [0, 1])
    wrong = AccountCells(pd.DataFrame({"account": [0, 0], "cell": [0, 1], "n": [5, 5]}))
    with pytest.raises(DataError, match="they belong to other counts"):
        auc_difference(PairCounts(pairs.frame, pairs.provenance, "b", "nothing", wrong))
