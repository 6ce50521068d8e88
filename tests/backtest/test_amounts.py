"""Amounts by score, from the tables to the gains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.backtest.tables import START, UNTIL, at, entry, lead
from tests.backtest.test_outcomes import SQL
from toolkit.analysis import amount_benefit_table, value_gains_table
from toolkit.analysis.ranking.values import _family
from toolkit.backtest import AtAge, count_amounts, count_scores, read_scored, run_backtest
from toolkit.counts import AmountCounts
from toolkit.crm import Mapping, connect
from toolkit.errors import DataError, QuestionError
from toolkit.model import parse_model

MODEL = parse_model("""
lead_score_model: 1
name: size
version: "1"
dimensions: {fit: {}, behavior: {}}
groups:
- id: who
  dimension: fit
  criteria: [{id: big, when: {employees: {gte: 100}}, points: 10}]
bands: [{name: mql, from: 10}, {name: none}]
""")
COLUMNS = [
    "threshold", "leads_share", "amount", "amount_share", "low", "high", "lift", "without_largest",
    "deals", "reason",
]  # fmt: skip


def backtest_of(stages, *, accounts=None, **leads):
    rows = [lead(i, employees=200 if i < 4 else 5) for i in range(8)]
    frame = pd.DataFrame(rows).assign(account_id=accounts or [None] * 8, **leads)
    tables = {"leads": frame.astype({"employees": "Int64"}), "stage_changes": pd.DataFrame(stages)}
    crm = connect(tables, mapping=Mapping(observed_until=UNTIL, time_zone="UTC"))
    return run_backtest(MODEL, crm, moment=AtAge(days=1), outcome=SQL)


def test_the_last_amount_after_the_moment_is_counted_once() -> None:
    deals = [
        entry(0, "sql", 5) | {"amount": "100.10"},
        entry(0, "won", 9) | {"amount": "120.25"},
        entry(1, "sql", 5) | {"amount": "unknown"},
        entry(5, "sql", 5) | {"amount": "30"},
        entry(6, "mql", 0.5) | {"amount": "999"},  # before the moment
        entry(6, "sql", 6) | {"amount": "-5"},
        entry(7, "mql", 6) | {"amount": "70"},  # never converted
    ]
    frame = count_amounts(backtest_of(deals)).frame
    assert frame.to_dict("list") == {
        "score": [0, 10],
        "judged": [4, 4],
        "converted": [2, 2],
        "valued": [1, 1],
        "amount": [30.0, 120.25],
        "amount_squared": [900.0, 120.25**2],
        "largest": [30.0, 120.25],
    }


def test_a_field_of_the_lead_takes_the_place_of_the_stage_changes() -> None:
    deals = [entry(i, "sql", 5) for i in (0, 1, 5)]
    backtest = backtest_of(deals, value=[10, 20, 0, 0, 0, 5, 0, 0], accounts=["A", "A", *["B"] * 6])
    counts = count_amounts(backtest, amount="value")
    assert counts.frame["amount"].tolist() == [5, 30]
    assert counts.accounts is not None
    assert counts.valued_accounts == 2
    found = counts.accounts.set_index(["score_a", "score_b"])["product"].to_dict()
    assert found == {(10, 10): 30**2, (0, 0): 5**2}
    # Account A: 30 at 10 points, where both of its leads are and converted. Account B: 5 at 0
    # points, with one lead converted; 3 others at 0 and 2 at 10 did not.
    assert counts.account_leads is not None
    keys = ["score_a", "score_b", "state_b"]
    assert counts.account_leads.set_index(keys)["product"].to_dict() == {
        (10, 10, "converted"): 30 * 2, (0, 0, "converted"): 5 * 1,
        (0, 0, "not_converted"): 5 * 3, (0, 10, "not_converted"): 5 * 2,
    }  # fmt: skip


def test_the_worth_of_thresholds_is_told_from_the_tables_of_the_engine() -> None:
    deals = [entry(i, "sql", 5) for i in (0, 1, 5)]
    backtest = backtest_of(deals, value=[10, 20, 0, 0, 0, 5, 0, 0], accounts=["A", "A", *["B"] * 6])
    amounts = count_amounts(backtest, amount="value")
    table = amount_benefit_table(amounts, count_scores(backtest), cost=4, thresholds=[0, 10])
    # At 10: 30 - 4 x 2 of 8 leads; at 0: 35 - 4 x 5.
    assert table["net_benefit"].tolist() == [15 / 8, 22 / 8]


def test_a_column_that_is_not_there_is_named() -> None:
    backtest = backtest_of([entry(0, "sql", 5)])
    with pytest.raises(QuestionError, match="neither 'stage_changes' nor 'leads' has a column"):
        count_amounts(backtest, amount="price")
    flat = read_scored(pd.DataFrame({"s": [1], "w": [1]}), score="s", outcome="w")
    with pytest.raises(QuestionError, match="a flat file has no amounts"):
        count_amounts(flat)
    assert at(0) == START


def amounts(rows: pd.DataFrame) -> AmountCounts:
    """Counts of rows of score, hit, amount, account."""
    deal = rows["amount"].where(rows["hit"] == 1)
    by = rows.assign(deal=deal, square=deal**2).groupby("score")
    frame = pd.DataFrame(
        {
            "judged": by.size(), "converted": by["hit"].sum(), "valued": by["deal"].count(),
            "amount": by["deal"].sum(), "amount_squared": by["square"].sum(),
            "largest": by["deal"].max(),
        }
    ).reset_index()  # fmt: skip
    if "account" not in rows:
        return AmountCounts(frame, None)
    cells = rows.assign(deal=deal).dropna(subset="deal").groupby(["account", "score"])["deal"].sum()
    cells = cells.reset_index()
    both = cells.merge(cells, on="account", suffixes=("_a", "_b"))
    both["product"] = both["deal_a"] * both["deal_b"]
    pairs = both.groupby(["score_a", "score_b"], as_index=False)["product"].sum()
    return AmountCounts(frame, None, pairs, valued_accounts=cells["account"].nunique())


def test_value_gains_by_hand() -> None:
    rows = pd.DataFrame(
        {"score": [9, 9, 5, 5, 1, 1], "hit": [1, 0, 1, 0, 1, 0], "amount": [60, 0, 30, 0, 10, 0]}
    )
    table = value_gains_table(amounts(rows))
    assert list(table) == COLUMNS
    for name in COLUMNS:
        assert f"`{name}`" in str(value_gains_table.__doc__)
    assert table["threshold"].tolist() == [9, 5, 1]
    assert table["amount"].tolist() == [60, 90, 100]
    assert table["amount_share"].tolist() == pytest.approx([0.6, 0.9, 1])
    assert table["lift"].tolist() == pytest.approx([0.6 * 3, 0.9 * 3 / 2, 1])
    assert table["without_largest"].tolist() == pytest.approx([0, 30 / 40, 1])
    assert table["deals"].tolist() == pytest.approx([100**2 / 4600] * 3)
    assert table["reason"][0] == (
        "one deal is 60% of the amount; few deals: the amounts weigh as much as 2 equal ones"
    )


def test_equal_deals_have_the_shares_of_leads_and_wilsons_interval() -> None:
    from toolkit.analysis import wilson_interval

    score = np.repeat([3, 2, 1], 100)
    hit = np.concatenate([np.arange(100) < k for k in (60, 30, 10)]).astype(int)
    table = value_gains_table(amounts(pd.DataFrame({"score": score, "hit": hit, "amount": 7.0})))
    assert table["amount_share"].tolist() == pytest.approx([0.6, 0.9, 1])
    low, high = wilson_interval(60, 100)
    assert table["low"][0] == pytest.approx(float(low), abs=0.002)
    assert table["high"][0] == pytest.approx(float(high), abs=0.002)
    assert table["reason"].isna().all()
    assert table["deals"][0] == pytest.approx(100)


@pytest.mark.parametrize("accounts", [2, 3, 7, 300])
def test_the_variance_over_accounts_is_that_of_the_rows(accounts) -> None:
    """Var = G/(G-1) * sum over accounts of (sum of amount * (above - share) / total)^2."""
    rng = np.random.default_rng(6)
    rows = pd.DataFrame(
        {"score": rng.integers(0, 3, 900), "hit": 1, "amount": rng.integers(1, 9, 900) * 1.0,
         "account": rng.integers(0, accounts, 900)}
    )  # fmt: skip
    family = _family(counts := amounts(rows), counts.frame, counts.frame["amount"].to_numpy())
    above, total = rows["score"] >= 1, rows["amount"].sum()
    share = rows["amount"][above].sum() / total
    sums = (rows["amount"] * (above - share) / total).groupby(rows["account"]).sum()
    assert family.share[1] == pytest.approx(share)
    known = len(sums)
    assert family.accounts == known
    expected = known / (known - 1) * (sums**2).sum()
    assert family.variance()[1] == pytest.approx(expected, rel=1e-9)


def test_amounts_whose_accounts_were_not_numbered_are_refused() -> None:
    rows = pd.DataFrame({"score": [1, 2], "hit": 1, "amount": 5.0, "account": [0, 1]})
    with pytest.raises(DataError, match=r"not their number .valued_accounts.: count the amounts"):
        value_gains_table(replace(amounts(rows), valued_accounts=None))


@pytest.mark.parametrize("runs", [150, pytest.param(3000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("clustered", [False, True])
def test_the_interval_of_the_share_covers_as_stated(runs, clustered) -> None:
    rng, inside = np.random.default_rng(3), 0
    n, chance = 600, np.array([0.2, 0.3, 0.5])
    worth = np.array([50, 100, 150.0])
    truth = (chance * worth)[2] / (chance * worth).sum()
    for _ in range(runs):
        account = np.arange(n) // (3 if clustered else 1)
        owner = rng.integers(0, 3, n)[account] if clustered else rng.integers(0, 3, n)
        size = rng.gamma(2, 0.5, n)[account]
        hit = (rng.random(n) < chance[owner]).astype(int)
        rows = pd.DataFrame({"score": owner, "hit": hit, "amount": worth[owner] * size})
        if clustered:
            rows["account"] = account
        row = value_gains_table(amounts(rows)).iloc[0]
        inside += row["low"] <= truth <= row["high"]
    assert inside / runs >= 0.94 - 3 * (0.95 * 0.05 / runs) ** 0.5


@pytest.mark.parametrize(("hit", "reason"), [
    ([0, 0], "no judged lead converted"), ([1, 0], "no converted lead has an amount"),
])  # fmt: skip
def test_without_an_amount_the_shares_are_nan_with_a_reason(hit, reason) -> None:
    table = value_gains_table(
        amounts(pd.DataFrame({"score": [1, 2], "hit": hit, "amount": np.nan}))
    )
    assert table[["amount_share", "low", "high", "without_largest"]].isna().all(axis=None)
    assert (table["reason"] == reason).all()


def test_leads_without_an_amount_are_counted_in_the_reason() -> None:
    rows = pd.DataFrame({"score": [1] * 60 + [2] * 60, "hit": 1, "amount": [5.0] * 119 + [np.nan]})
    assert value_gains_table(amounts(rows))["reason"][0] == (
        "1 of 120 converted leads have no amount"
    )
