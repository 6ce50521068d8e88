"""Rows and counts say the same, accounts included."""

from __future__ import annotations

from itertools import product

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.tables import SCORED, crm_of, crms, entry, lead, scored_rows
from tests.backtest.test_outcomes import FLAT, SQL
from toolkit.backtest import AtAge, AtPeriodEnd, count_scores, read_scored, run_backtest
from toolkit.backtest.counting import codes, parts, products, within
from toolkit.counts import STATES, fingerprint
from toolkit.errors import QuestionError


def naive_pairs(rows: pd.DataFrame) -> dict[tuple, int]:
    """Sum over accounts of products of cell counts, lead by lead."""
    owner = rows["account_id"].where(rows["account_id"].notna(), "alone " + rows["lead_id"])
    found: dict[tuple, int] = {}
    for account in set(owner):
        own = rows[owner == account][["score", "state"]].to_records(index=False).tolist()
        for a, b in product(own, own):
            found[*a, *b] = found.get((*a, *b), 0) + 1
    return found


@given(st.lists(SCORED, min_size=1, max_size=25))
def test_account_pairs_equal_a_sum_over_accounts(drawn: list) -> None:
    backtest = read_scored(scored_rows(drawn), score="score", outcome="won", account="account")
    counts = count_scores(backtest)
    rows = backtest.rows()
    if rows["account_id"].isna().all():
        assert counts.accounts is None
        return
    assert counts.accounts is not None
    columns = ["score_a", "state_a", "score_b", "state_b", "n"]
    found = {tuple(r[:4]): r[4] for r in counts.accounts.frame[columns].itertuples(index=False)}
    assert found == naive_pairs(rows)
    sizes = rows.groupby(rows["account_id"].fillna("alone " + rows["lead_id"])).size()
    assert counts.accounts.judged == len(sizes)
    assert counts.accounts.largest == sizes.max()


TAKEN = [
    (products, "ACCOUNTS_AT_ONCE"), (products, "PARTS_AT_ONCE"), (parts, "ACCOUNTS"), (within, "FEW"),
]  # fmt: skip


@settings(max_examples=50)
@given(
    st.lists(SCORED, min_size=1, max_size=25),
    st.sampled_from(TAKEN),
    st.integers(1, 3),
    st.sampled_from(["region", None]),
)
def test_accounts_may_be_taken_a_few_at_a_time(
    drawn: list, taken: tuple, at_once: int, by: str | None
) -> None:
    backtest = read_scored(
        scored_rows(drawn), score="score", outcome="won", account="account", segments=["region"]
    )
    whole = count_scores(backtest, by=by)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*taken, at_once)
        assert fingerprint(count_scores(backtest, by=by)) == fingerprint(whole)


@settings(max_examples=30)
@given(st.lists(SCORED, min_size=1, max_size=25))
def test_scores_that_are_looked_up_are_counted_as_those_that_are_reckoned(drawn: list) -> None:
    backtest = read_scored(scored_rows(drawn), score="score", outcome="won", account="account")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codes, "WIDEST", 0)
        looked_up = count_scores(backtest)
    assert fingerprint(looked_up) == fingerprint(count_scores(backtest))


@settings(max_examples=30)
@given(st.lists(SCORED, min_size=1, max_size=25))
def test_counts_are_the_same_whether_accounts_are_known(drawn: list) -> None:
    rows = scored_rows(drawn)
    known = read_scored(rows, score="score", outcome="won", account="account")
    unknown = read_scored(rows, score="score", outcome="won")
    pd.testing.assert_frame_equal(count_scores(known).frame, count_scores(unknown).frame)


def test_scores_far_apart_are_no_table_of_all_between() -> None:
    rows = pd.DataFrame({"score": [-(10**9), 10**9, 5], "won": [1, 0, 1], "account": list("AAB")})
    counts = count_scores(read_scored(rows, score="score", outcome="won", account="account"))
    assert counts.frame["score"].tolist() == [-(10**9), 5, 10**9]
    assert counts.accounts is not None
    assert counts.accounts.frame["n"].tolist() == [1, 1, 1, 1, 1]


@given(st.lists(SCORED, min_size=1, max_size=25))
def test_account_pairs_of_a_segment_are_those_of_its_leads_alone(drawn: list) -> None:
    backtest = read_scored(
        scored_rows(drawn), score="score", outcome="won", account="account", segments=["region"]
    )
    split, rows = count_scores(backtest, by="region"), backtest.rows()
    columns = ["score_a", "state_a", "score_b", "state_b", "n"]
    for (region,), pairs in split.accounts_by.items():
        own = rows[rows["region"] == region]
        assert {
            tuple(row[:4]): row[4] for row in pairs.frame[columns].itertuples(index=False)
        } == naive_pairs(own)
        owner = own["account_id"].fillna("alone " + own["lead_id"])
        assert (pairs.judged, pairs.largest) == (owner.nunique(), owner.value_counts().max())
        won = own["state"] == "converted"
        assert (pairs.converted, pairs.not_converted) == (
            owner[won].nunique(), owner[~won].nunique(),
        )  # fmt: skip


def test_an_account_of_very_many_leads_costs_the_cells_that_it_is_in() -> None:
    rows = pd.DataFrame({"score": [1, 2] * 50_000, "won": [1, 0, 0, 0] * 25_000, "account": "A"})
    backtest = read_scored(rows, score="score", outcome="won", account="account")
    accounts = count_scores(backtest).accounts
    assert accounts is not None
    assert accounts.frame["n"].sum() == 100_000**2
    assert (accounts.judged, accounts.largest) == (1, 100_000)


@given(st.lists(SCORED, min_size=1, max_size=25))
def test_counts_equal_a_group_by_of_the_rows(drawn: list) -> None:
    backtest = read_scored(scored_rows(drawn), score="score", outcome="won", segments=["region"])
    counts = count_scores(backtest, by="region")
    plain = backtest.rows().groupby(["score", "state", "region"]).size()
    found = counts.frame.set_index(["score", "state", "region"])["n"]
    assert found.to_dict() == plain.to_dict()
    assert sum(part.n for _, part in counts.groups()) == counts.n == len(drawn)


@given(crms(), st.sampled_from(["month", "quarter", "decision"]))
def test_parts_add_up_to_the_whole(rows: dict, by: str) -> None:
    rows = {**rows, "leads": [*rows["leads"], lead(50)]}  # one that is always there to be scored
    backtest = run_backtest(FLAT, crm_of(**rows), moment=AtPeriodEnd("month"), outcome=SQL)
    whole, split = count_scores(backtest), count_scores(backtest, by=by)
    together = split.frame.groupby(["score", "state"], as_index=False)["n"].sum()
    pd.testing.assert_frame_equal(whole.frame, together[["score", "state", "n"]])
    assert whole.total(*STATES) == whole.n


def test_only_leads_over_the_bar_are_counted_with_their_accounts() -> None:
    frame = pd.DataFrame({"score": [10, 60, 70, 60], "won": [1, 1, 0, 0], "account": list("AABB")})
    backtest = read_scored(frame, score="score", outcome="won", account="account")
    counts = count_scores(backtest, at_least=60)
    assert counts.n == 3
    assert counts.accounts is not None
    assert (counts.accounts.judged, counts.accounts.converted) == (2, 1)
    assert count_scores(backtest, at_least=65).n == 1


def test_rows_of_one_lead_in_a_panel_belong_together() -> None:
    crm = crm_of([lead(1), lead(2)], [], [entry(9, "sql", 1)])
    panel = run_backtest(FLAT, crm, moment=AtPeriodEnd("month"), outcome=SQL)
    accounts = count_scores(panel).accounts
    assert accounts is not None
    assert accounts.judged == 2
    once = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL)
    assert count_scores(once).accounts is None


def test_an_unknown_axis_is_named_with_its_neighbours() -> None:
    crm = crm_of([lead(1)], [], [entry(9, "sql", 1)])
    backtest = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL, segments=["domain"])
    with pytest.raises(QuestionError, match=r"cannot count by 'quater': did you mean 'quarter'"):
        count_scores(backtest, by="quater")
    with pytest.raises(QuestionError, match=r"segment 'regoin' is not a column of 'leads'"):
        run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL, segments=["regoin"])
    flat = read_scored(pd.DataFrame({"s": [1], "y": [1]}), score="s", outcome="y")
    with pytest.raises(QuestionError, match=r"cannot count by 'quarter': there are none"):
        count_scores(flat, by="quarter")


def test_a_group_that_is_not_there_is_named() -> None:
    backtest = read_scored(
        pd.DataFrame({"s": [1, 2], "y": [1, 0], "r": ["north", "south"]}),
        score="s", outcome="y", segments=["r"],
    )  # fmt: skip
    counts = count_scores(backtest, by="r")
    assert counts.group("north").total("converted") == 1
    with pytest.raises(
        QuestionError, match=r"no leads counted for 'noth' \(r\): did you mean 'north'"
    ):
        counts.group("noth")
