"""Net benefit where a deal is worth its own amount: by hand, against statsmodels and a bootstrap."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from tests.analysis.rows import PROVENANCE
from toolkit.analysis import amount_benefit_table, value_gains_table
from toolkit.counts import AccountPairs, AmountCounts, ScoreCounts
from toolkit.errors import QuestionError

COLUMNS = ["threshold", "n", "tp", "fp", "amount", "net_benefit", "low", "high", "deals", "reason"]
LEADS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 9), st.integers(0, 4)),
    min_size=2,
    max_size=30,
)


def leads(rows) -> pd.DataFrame:
    """One row per lead: score, hit, amount (of a hit), account."""
    frame = pd.DataFrame(rows, columns=["score", "hit", "amount", "account"])
    return frame.assign(amount=frame["amount"].astype(float) * frame["hit"])


def counted(rows: pd.DataFrame, *, accounts: bool) -> tuple[AmountCounts, ScoreCounts]:
    """The tables that an engine would make."""
    state = np.where(rows["hit"] == 1, "converted", "not_converted")
    rows = rows.assign(state=state, square=rows["amount"] ** 2)
    by = rows.groupby("score")
    frame = pd.DataFrame(
        {
            "judged": by.size(), "converted": by["hit"].sum(), "valued": by["hit"].sum(),
            "amount": by["amount"].sum(), "amount_squared": by["square"].sum(),
            "largest": by["amount"].max(),
        }
    ).reset_index()  # fmt: skip
    cells = rows.groupby(["score", "state"]).size().rename("n").reset_index()
    if not accounts:
        return AmountCounts(frame, PROVENANCE), ScoreCounts(cells, PROVENANCE)
    both = rows.merge(rows, on="account", suffixes=("_a", "_b")).assign(n=1)
    both["product"] = both["amount_a"] * both["amount_b"]
    keys = ["score_a", "state_a", "score_b", "state_b"]
    own = rows.groupby("account")["hit"].agg(["sum", "size"])
    pairs = AccountPairs(
        both.groupby(keys)["n"].sum().reset_index(), len(own), int((own["sum"] > 0).sum()),
        int((own["sum"] < own["size"]).sum()), int(own["size"].max()) if len(own) else 0,
    )  # fmt: skip
    with_leads = both.groupby(["score_a", "score_b", "state_b"])["amount_a"].sum()
    made = AmountCounts(
        frame,
        PROVENANCE,
        both.groupby(["score_a", "score_b"])["product"].sum().reset_index(),
        with_leads.rename("product").reset_index(),
        int((own["sum"] > 0).sum()),
    )
    return made, ScoreCounts(cells, PROVENANCE, accounts=pairs)


@pytest.mark.by_hand("amount_benefit_table")
def test_four_leads_by_hand():
    # Worth at or above 60 with a cost of 2: 10, 4, -2, and 0 for the lead below. Mean 12 / 4 = 3;
    # sum of squares about it 7^2 + 1^2 + 5^2 + 3^2 = 84, each lead by itself: Var = 84 / 4^2.
    # The amounts weigh as much as 14^2 / (100 + 16) deals.
    rows = leads([(60, 1, 10, 0), (60, 1, 4, 1), (60, 0, 0, 2), (40, 0, 0, 3)])
    table = amount_benefit_table(*counted(rows, accounts=False), cost=2, thresholds=[60])
    row = table.iloc[0]
    assert table.columns.tolist() == COLUMNS
    assert (row["n"], row["tp"], row["fp"], row["amount"]) == (3, 2, 1, 14)
    assert row["net_benefit"] == pytest.approx(12 / 4)
    assert row["deals"] == pytest.approx(196 / 116)
    wide = student.ppf(0.975, 196 / 116 - 1) * sqrt(84) / 4
    assert row["high"] - row["net_benefit"] == pytest.approx(wide)
    assert row["reason"] == "few deals: the amounts weigh as much as 2 equal ones"


@pytest.mark.property_of("amount_benefit_table")
@given(LEADS, st.sampled_from([0.0, 0.5, 3.0]))
def test_over_accounts_the_error_is_that_of_statsmodels(rows: list, cost: float) -> None:
    frame = leads(rows)
    if len(set(frame["account"])) == 1:
        return
    table = amount_benefit_table(*counted(frame, accounts=True), cost=cost)
    for row in table.to_dict("records"):
        above = frame["score"] >= row["threshold"]
        worth = np.where(above, frame["amount"] - cost * (1 - frame["hit"]), 0.0)
        fit = sm.OLS(worth, np.ones(len(worth))).fit(
            cov_type="cluster", cov_kwds={"groups": frame["account"]}
        )
        assert row["net_benefit"] == pytest.approx(worth.mean())
        free = row["deals"] - 1
        if row["amount"] > 0 and free > 0:
            wide = student.ppf(0.975, free) * fit.bse[0]
            assert row["high"] - row["net_benefit"] == pytest.approx(wide, abs=1e-6)


@given(LEADS)
def test_each_lead_an_account_is_nearly_no_account(rows: list) -> None:
    frame = leads(rows).assign(account=range(len(rows)))
    one, two = (
        amount_benefit_table(*counted(frame, accounts=known), cost=1.0) for known in (False, True)
    )
    wide = [(table["high"] - table["low"]).to_numpy() for table in (one, two)]
    factor = sqrt(len(rows) / (len(rows) - 1))
    np.testing.assert_allclose(wide[0] * factor, wide[1], atol=1e-9)
    pd.testing.assert_series_equal(one["net_benefit"], two["net_benefit"])


def drawn(seed: int, *, accounts: int) -> pd.DataFrame:
    """Leads whose account decides with them; amounts of an account are alike."""
    rng = np.random.default_rng(seed)
    account = np.repeat(np.arange(accounts), rng.integers(1, 6, accounts))
    size = rng.lognormal(0, 0.7, accounts)[account]
    score = rng.integers(0, 4, len(account))
    chance = 1 / (1 + np.exp(2 - 0.6 * score - rng.normal(0, 1, accounts)[account]))
    hit = (rng.random(len(account)) < chance).astype(int)
    amount = hit * size * rng.lognormal(0, 0.3, len(account))
    return pd.DataFrame({"score": score, "hit": hit, "amount": amount, "account": account})


def test_the_error_is_that_of_a_bootstrap_of_accounts():
    frame = drawn(1, accounts=400)
    table = amount_benefit_table(*counted(frame, accounts=True), cost=0.3, thresholds=[2])
    worth = np.where(frame["score"] >= 2, frame["amount"] - 0.3 * (1 - frame["hit"]), 0.0)
    by = pd.DataFrame({"worth": worth, "n": 1}).groupby(frame["account"]).sum().to_numpy()
    rng = np.random.default_rng(2)
    sums = by[rng.integers(0, len(by), (4000, len(by)))].sum(axis=1)
    error = (sums[:, 0] / sums[:, 1]).std()
    deals = table["deals"].iloc[0]
    found = (table["high"] - table["low"]).iloc[0] / 2 / student.ppf(0.975, deals - 1)
    assert found == pytest.approx(error, rel=0.05)


@pytest.mark.parametrize("runs", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_the_interval_covers_the_true_worth(runs: int) -> None:
    everyone = pd.concat([drawn(10_000 + seed, accounts=2000) for seed in range(30)])
    worth = np.where(everyone["score"] >= 2, everyone["amount"] - 0.3 * (1 - everyone["hit"]), 0.0)
    inside = 0
    for seed in range(runs):
        tables = counted(drawn(seed, accounts=150), accounts=True)
        row = amount_benefit_table(*tables, cost=0.3, thresholds=[2]).iloc[0]
        inside += row["low"] <= worth.mean() <= row["high"]
    assert inside / runs > 0.95 - 4 * sqrt(0.95 * 0.05 / runs)


def test_what_cannot_be_told_has_a_reason():
    rows = leads([(60, 1, 10, 0), (60, 0, 0, 1), (40, 0, 0, 2)])
    amounts, counts = counted(rows, accounts=False)
    table = amount_benefit_table(amounts, counts, cost=1, thresholds=[60, 70])
    assert np.isnan(table["low"].iloc[0])
    assert table["reason"].tolist() == [
        "few deals: the amounts weigh as much as 1 equal ones", "nothing was sold at or above",
    ]  # fmt: skip
    unworked = pd.DataFrame({"score": [60], "state": ["unworked"], "n": [50]})
    hidden = ScoreCounts(pd.concat([counts.frame, unworked]), PROVENANCE)
    table = amount_benefit_table(amounts, hidden, cost=1, thresholds=[60])
    assert np.isnan(table["net_benefit"].iloc[0])
    assert table["reason"].iloc[0].startswith("cannot be told: too many of the leads")


EDGES = {
    "nobody": leads([]),
    "all of one class": leads([(60, 1, 5, 0), (60, 1, 3, 1)]),
    "nothing sold": leads([(60, 0, 0, 0), (40, 0, 0, 1)]),
    "no amount": leads([(60, 1, 0, 0), (40, 0, 0, 1)]),
    "one account": leads([(60, 1, 5, 0), (40, 0, 0, 0)]),
    "huge": leads([(60, 1, 10**10, 0), (-60, 0, 0, 1), (40, 1, 10**10, 2)]),
}


@pytest.mark.parametrize("accounts", [False, True])
@pytest.mark.parametrize("name", EDGES)
def test_edges_are_numbers_or_nan_with_a_reason(name: str, accounts: bool) -> None:
    if name == "nobody" and accounts:
        return
    tables = counted(EDGES[name], accounts=accounts)
    table = amount_benefit_table(*tables, cost=1, thresholds=[-100, 60, 10**6])
    assert not np.isinf(table[["net_benefit", "low", "high"]]).to_numpy().any()
    untold = table["low"].isna()
    assert table.loc[untold, "reason"].notna().all()
    assert (table["low"] <= table["high"]).loc[~untold].all()


def test_counts_of_other_leads_are_refused():
    rows = leads([(60, 1, 10, 0), (60, 0, 0, 1), (40, 0, 0, 2)])
    amounts, counts = counted(rows, accounts=False)
    _, fewer = counted(rows.head(2), accounts=False)
    _, clustered = counted(rows, accounts=True)
    with pytest.raises(QuestionError, match="the amounts are of 3 judged leads, the counts of 2"):
        amount_benefit_table(amounts, fewer, cost=1)
    with pytest.raises(QuestionError, match="accounts are known for the amounts or the counts"):
        amount_benefit_table(amounts, clustered, cost=1)
    with pytest.raises(QuestionError, match="cost is -1"):
        amount_benefit_table(amounts, counts, cost=-1)


@pytest.mark.property_of("amount_benefit_table", "value_gains_table")
@given(rows=LEADS, known=st.booleans(), seed=st.integers(0, 9))
def test_order_of_amounts_says_nothing(rows, known, seed):
    amounts, counts = counted(leads(rows), accounts=known)

    def mixed(frame):
        return None if frame is None else frame.sample(frac=1, random_state=seed)

    other = replace(
        amounts, frame=mixed(amounts.frame), accounts=mixed(amounts.accounts),
        account_leads=mixed(amounts.account_leads),
    )  # fmt: skip
    pd.testing.assert_frame_equal(value_gains_table(other), value_gains_table(amounts))
    found, again = (amount_benefit_table(each, counts, cost=2) for each in (amounts, other))
    pd.testing.assert_frame_equal(again, found)


@pytest.mark.by_hand("value_gains_table")
def test_shares_of_the_amount_by_hand():
    # Deals of 60 at 9, 30 at 5 and 10 at 1; at each score one more lead that did not buy.
    rows = leads(
        [(9, 1, 60, 0), (9, 0, 0, 1), (5, 1, 30, 2), (5, 0, 0, 3), (1, 1, 10, 4), (1, 0, 0, 5)]
    )
    table = value_gains_table(counted(rows, accounts=False)[0])
    assert table["threshold"].tolist() == [9, 5, 1]
    assert table["amount"].tolist() == [60, 90, 100]
    assert table["amount_share"].tolist() == pytest.approx([0.6, 0.9, 1])
    assert table["lift"].tolist() == pytest.approx([0.6 / (1 / 3), 0.9 / (2 / 3), 1])
    assert table["without_largest"].tolist() == pytest.approx([0, 30 / 40, 1])
    assert table["deals"].tolist() == pytest.approx([100**2 / (60**2 + 30**2 + 10**2)] * 3)


@pytest.mark.property_of("value_gains_table")
@given(LEADS, st.booleans(), st.sampled_from([0.01, 3.0, 1e6]))
def test_shares_of_the_amount_are_those_of_the_leads_in_any_currency(rows, known, rate):
    frame = leads(rows)
    table = value_gains_table(counted(frame, accounts=known)[0])
    other = value_gains_table(
        counted(frame.assign(amount=rate * frame["amount"]), accounts=known)[0]
    )
    np.testing.assert_allclose(other["amount"], rate * table["amount"])
    told = ["leads_share", "amount_share", "low", "high", "lift", "without_largest", "deals"]
    np.testing.assert_allclose(other[told], table[told], rtol=1e-6, atol=1e-9)
    total = frame["amount"].sum()
    for row in table.itertuples():
        above = (frame["score"] >= row.threshold).to_numpy()
        assert row.leads_share == pytest.approx(above.mean())
        if not total:
            assert np.isnan(row.amount_share)
            continue
        share = frame["amount"][above].sum() / total
        assert row.amount_share == pytest.approx(share)
        sums = frame["amount"].groupby(frame["account"] if known else frame.index).sum()
        assert row.deals == pytest.approx(total**2 / (sums**2).sum())
