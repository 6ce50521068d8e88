"""Products within accounts, of leads given as numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.backtest.counting import within
from toolkit.backtest.counting.within import group_leads, lay_out, multiply
from toolkit.errors import QuestionError

LEADS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), max_size=40)


def both(leads: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    accounts, cells = (np.array([pair[i] for pair in leads], dtype=np.int32) for i in (0, 1))
    return accounts, cells


def products(leads: list[tuple[int, int]], cells: int = 5) -> np.ndarray:
    account, cell = both(leads)
    laid = lay_out(group_leads(account, cell), cells)
    return multiply([laid], np.bincount(cell, minlength=cells)).toarray()


def plainly(leads: list[tuple[int, int]]) -> np.ndarray:
    """C'C of the matrix C of accounts and cells."""
    counted = np.zeros((7, 5), dtype=np.int64)
    for account, cell in leads:
        counted[account, cell] += 1
    return counted.T @ counted


def test_two_accounts_by_hand():
    # Account 0 has two leads in cell 0 and one in cell 1, account 1 one in cell 1:
    # (0, 0) is 2 x 2, (0, 1) is 2 x 1, (1, 1) is 1 x 1 + 1 x 1.
    leads = [(0, 0), (1, 1), (0, 1), (0, 0)]
    assert products(leads, 2).tolist() == [[4, 2], [2, 2]]
    assert group_leads(*both(leads)).size.tolist() == [3, 1]


@given(LEADS, st.sampled_from([0, 1, 2, 3, 32]), st.sampled_from([1, 1_500]), st.integers(1, 40))
def test_every_way_of_multiplying_gives_the_sum_over_accounts(
    leads: list, few: int, most_cells: int, at_once: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(within, "FEW", few)
        patch.setattr(within, "MOST_CELLS", most_cells)
        patch.setattr(within, "PAIRS_AT_ONCE", at_once)
        assert (products(leads) == plainly(leads)).all()


@given(LEADS)
def test_each_lead_stays_with_its_account(leads: list) -> None:
    found = group_leads(*both(leads))
    for account, size in enumerate(found.size):
        own = sorted(cell for of, cell in leads if of == account)
        start = found.ends[account]
        assert sorted(found.cell[start : start + size].tolist()) == own


@pytest.mark.parametrize("size", [within.FEW, within.FEW + 1, 5_000])
def test_the_square_of_a_large_account_is_exact(size: int):
    assert products([(0, 0)] * size, 1).tolist() == [[size**2]]


def test_more_pairs_than_any_memory_holds_are_refused() -> None:
    """One account at every one of 20,000 scores: 400 million pairs."""
    score = np.arange(20_000)
    laid = lay_out(group_leads(np.zeros(len(score), dtype=np.int64), score), len(score))
    with pytest.raises(QuestionError, match=r"20,000 different combinations .* round the score"):
        multiply([laid], np.ones(len(score), dtype=np.int64))
