"""Accounts that span groups: products of counts in different groups."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from tests.backtest.tables import SCORED, scored_rows
from toolkit.backtest import count_scores, read_scored


def naive_across(rows) -> dict[tuple, int]:
    found: dict[tuple, int] = {}
    for account in set(rows["account_id"].dropna()):
        own = rows[rows["account_id"] == account][["region", "score", "state"]]
        listed = own.to_records(index=False).tolist()
        for a, b in product(listed, listed):
            if a[0] != b[0]:
                found[*a, *b] = found.get((*a, *b), 0) + 1
    return found


@given(st.lists(SCORED, min_size=1, max_size=25))
def test_products_across_groups_equal_a_sum_over_accounts(drawn: list) -> None:
    table = scored_rows(drawn)
    backtest = read_scored(
        table, score="score", outcome="won", account="account", segments=["region"]
    )
    counts, rows = count_scores(backtest, by="region"), backtest.rows()
    if rows["account_id"].isna().all():
        assert counts.accounts_across is None
        return
    found = {tuple(r[:6]): r[6] for r in counts.accounts_across.itertuples(index=False)}
    assert found == naive_across(rows)


def test_inside_and_across_add_up_to_all_pairs() -> None:
    drawn = [(1, True, "A", "north"), (2, False, "A", "south"), (1, False, "A", "south"),
             (3, True, "B", "north"), (3, False, None, "south")]  # fmt: skip
    backtest = read_scored(
        scored_rows(drawn), score="score", outcome="won", account="account", segments=["region"]
    )
    counts = count_scores(backtest, by="region")
    inside = sum(part.frame["n"].sum() for part in counts.accounts_by.values())
    # A: 3 leads, 9 pairs, of which 2 x (1 x 2) across; B: 1; the lead alone: 1.
    assert counts.accounts.frame["n"].sum() == 11
    assert counts.accounts_across["n"].sum() == 4
    assert inside == 7
    assert all(part.accounts_across is None for _, part in counts.groups())
