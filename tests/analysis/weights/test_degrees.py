"""What a coefficient rests on: the equal accounts of those who have a term and those who have not."""

from __future__ import annotations

from math import inf

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.weights.few_accounts import (
    POINTS,
    drawn_rows,
    equal_sizes,
    few_account_errors,
    giant_sizes,
)
from tests.analysis.weights.patterns import LEADS, LEADS_POINTS, count_patterns
from toolkit.analysis.proposal import update_ladder
from toolkit.analysis.student import score_p
from toolkit.analysis.weights import adequacy, fit_weights, judge_weights, weight_table
from toolkit.analysis.weights.degrees import (
    account_quantile,
    column_degrees,
    few_accounts_words,
    joint_degrees,
    score_degrees,
    wald_p,
)
from toolkit.analysis.weights.design import read_design


def designed(rows):
    names = [name for name in rows if name not in {"y", "account"}]
    rows = rows.assign(score=0.0, y=rows.get("y", 0))
    return read_design(count_patterns(rows, names, [1.0] * len(names), account="account"))


def degrees_of(rows):
    design = designed(rows)
    return column_degrees(design, design.units)


def test_degrees_by_hand():
    """With it: accounts of 2, 1, 1 leads; without: of 3 and 1. Nobody is on both sides."""
    account = [0, 0, 1, 2, 3, 3, 3, 4]
    rows = pd.DataFrame({"a": [1] * 4 + [0] * 4, "account": account})
    one, two = 4**2 / (4 + 1 + 1), 4**2 / (9 + 1)
    welch = (1 / one + 1 / two) ** 2 / (1 / (one**2 * (one - 1)) + 1 / (two**2 * (two - 1)))
    every = 8**2 / (4 + 1 + 1 + 9 + 1) - 1
    assert degrees_of(rows).tolist() == pytest.approx([min(welch, every)])
    assert welch < every
    design = designed(rows)
    assert joint_degrees(design, design.units) == pytest.approx(welch)
    assert score_degrees(design) == pytest.approx(every)


def test_the_degrees_of_two_sides_are_those_of_welchs_test():
    """statsmodels, from samples of as many accounts with one variance."""
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

    def sample(n):
        values = np.arange(n, dtype=float)
        return DescrStatsW((values - values.mean()) / values.std(ddof=1))

    expected = CompareMeans(sample(7), sample(25)).dof_satt()
    rows = pd.DataFrame({"a": [1] * 21 + [0] * 75, "account": np.repeat(np.arange(32), 3)})
    assert degrees_of(rows)[0] == pytest.approx(expected)


def test_of_equal_accounts_on_both_sides_there_is_one_degree_less_than_accounts():
    rows = pd.DataFrame({"a": [1, 0, 1, 0] * 30, "account": np.repeat(np.arange(30), 4)})
    assert degrees_of(rows).tolist() == pytest.approx([29])


def test_what_one_account_alone_has_or_lacks_rests_on_nothing():
    rows = pd.DataFrame({"a": [1] * 50 + [0] * 50, "account": [0] * 50 + list(range(1, 51))})
    assert degrees_of(rows).tolist() == [0]
    assert degrees_of(rows.assign(a=1 - rows["a"])).tolist() == [0]


LEAD = st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 1), st.integers(0, 9))


@given(st.lists(LEAD, min_size=1, max_size=60), st.randoms())
@settings(max_examples=30)
def test_neither_order_nor_names_nor_the_side_called_yes_change_them(leads, random):
    rows = pd.DataFrame(leads, columns=["a", "b", "y", "account"])
    mixed = rows.sample(frac=1, random_state=random.randrange(1_000))
    mixed["account"] = 77 - mixed["account"]
    found = degrees_of(rows)
    np.testing.assert_allclose(degrees_of(mixed), found)
    np.testing.assert_allclose(degrees_of(rows.assign(a=1 - rows["a"]))[0], found[0])
    assert (found <= score_degrees(designed(rows)) + 1e-9).all()


@given(st.integers(2, 40), st.integers(1, 5))
@settings(max_examples=20)
def test_a_second_lead_like_each_of_an_account_adds_no_account(accounts, copies):
    rows = pd.DataFrame({"a": np.arange(accounts) % 2, "account": np.arange(accounts)})
    many = rows.loc[rows.index.repeat(copies)].reset_index(drop=True)
    np.testing.assert_allclose(degrees_of(many), degrees_of(rows))


def test_with_many_equal_accounts_nothing_moves_to_three_digits():
    from scipy.stats import t

    rows = drawn_rows(equal_sizes(600, 2_400), np.random.default_rng(3))
    design = designed(rows.drop(columns="score"))
    before = t.ppf(0.975, 599)
    np.testing.assert_allclose(t.ppf(0.975, column_degrees(design, design.units)), before, 1e-3)


def test_one_account_has_estimates_without_intervals_and_a_reason_for_each():
    rows = drawn_rows(np.ones(3_000, int), np.random.default_rng(1)).assign(account=7)
    weights = fit_weights(count_patterns(rows, [*POINTS], [*POINTS.values()], account="account"))
    table = weight_table(weights)
    assert table["implied_points"].notna().all()
    ends = [name for name in table if name.endswith(("_low", "_high"))]
    assert table[[*ends, "p", "detectable"]].isna().all(axis=None)
    assert (table["verdict"] == "not enough evidence").all()
    assert table["note"].str.startswith("too few accounts: it rests on as much as 1.0").all()
    assert weights.global_test.reason.startswith("too few accounts")
    found = adequacy(weights)
    assert np.isnan([found.design_effect, found.n_effective]).all()
    assert (found.enough, found.weeks_needed) == (None, None)
    assert found.reason.startswith("too few accounts")
    ladder = update_ladder(weights, stated=(-2.2, 0.05))
    assert ladder.action == "keep"
    assert ladder.reason.startswith("too few accounts")


def test_after_firth_over_accounts_the_design_effect_is_not_known(leads):
    rows = leads.assign(always=0)
    rows.loc[rows.index[rows["y"] == 1][:10], "always"] = 1
    names, points = [*LEADS, "always"], [*LEADS_POINTS, 5]
    rows["score"] = rows[names].to_numpy() @ np.array(points)
    found = adequacy(fit_weights(count_patterns(rows, names, points, account="account_id")))
    assert np.isnan(found.n_effective)
    assert found.enough is None
    assert found.reason.startswith("the outcomes are separated")
    assert adequacy(fit_weights(count_patterns(rows, names, points))).design_effect == 1


def test_the_reason_of_an_open_verdict_names_few_accounts():
    rows = drawn_rows(giant_sizes(600, 1_200), np.random.default_rng(2))
    rows["a"] = np.where(rows["account"] == 0, rows["b"], rows["a"])  # the giant is on both sides
    rows["score"] = rows[[*POINTS]].to_numpy() @ np.array([*POINTS.values()])
    counts = count_patterns(rows, [*POINTS], [*POINTS.values()], account="account")
    found = judge_weights(fit_weights(counts))[0]
    assert found.verdict == "not enough evidence"
    assert "few accounts: it rests on as much as" in found.because


@given(st.floats(0.01, 8.0), st.floats(1.0, 500.0), st.floats(0.0, 500.0))
def test_fewer_equal_accounts_are_less_sure(distance, freedom, more):
    assert wald_p(distance, freedom + more) <= wald_p(distance, freedom) * (1 + 1e-9)
    assert account_quantile(freedom + more, 0.95) <= account_quantile(freedom, 0.95) * (1 + 1e-9)
    few, many = (score_p(distance, 1, accounts=600, freedom=v) for v in (freedom, freedom + more))
    assert many <= few * (1 + 1e-9)


def test_students_quantiles_and_p_by_the_tables():
    assert account_quantile(3.0, 0.95) == pytest.approx(3.182446305284263)
    assert account_quantile(inf, 0.9) == pytest.approx(1.6448536269514722)
    assert wald_p(-3.182446305284263, 3.0) == pytest.approx(0.05)
    assert wald_p(1.959963984540054, inf) == pytest.approx(0.05)


@pytest.mark.parametrize("freedom", [0.0, 0.96])
def test_under_two_equal_accounts_there_is_no_answer_but_a_reason(freedom):
    assert np.isnan([account_quantile(freedom, 0.95), wald_p(9.0, freedom)]).all()
    assert np.isnan(score_p(9.0, 1, accounts=300, freedom=freedom))
    assert few_accounts_words(freedom).startswith("too few accounts")
    assert few_accounts_words(39.0) is None
    assert few_accounts_words(38.0) == "few accounts: it rests on as much as 39.0 of equal size"


def three_errors(rate, runs):
    return 3 * (rate * (1 - rate) / runs) ** 0.5


DESIGNS = {
    "one of half": giant_sizes(3_000, 6_000),
    "one of half, 39 others": giant_sizes(39, 6_000),
    "one of half, 149 others": giant_sizes(149, 6_000),
    "12": equal_sizes(12, 6_000),
    "40": equal_sizes(40, 6_000),
    "150": equal_sizes(150, 6_000),
    "all alone": equal_sizes(6_000, 6_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("departure", [0.0, 5.0])
@pytest.mark.parametrize("design", DESIGNS)
def test_few_and_unequal_accounts_err_no_more_often_than_many(design, departure):
    runs = 400
    found = few_account_errors(DESIGNS[design], runs=runs, departure=departure)
    assert found["held"] >= 0.95 - three_errors(0.05, runs)
    assert found["change"] <= 0.05 + three_errors(0.05, runs)
    assert found["change of another"] <= 0.05 + three_errors(0.05, runs)
    if departure:
        assert found["keep"] <= 0.05 + three_errors(0.05, runs)
    else:
        assert found["p < 5%"] <= 0.05 + three_errors(0.05, runs)


def test_an_account_with_half_of_the_leads_is_not_taken_for_hundreds():
    """By t on the number of accounts less one the interval held the truth in about two of three."""
    found = few_account_errors(giant_sizes(300, 600), runs=60)
    assert found["held"] >= 0.95 - three_errors(0.05, 60)
    assert found["p < 5%"] <= 0.05
    assert found["change"] == 0
