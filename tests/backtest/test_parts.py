"""Leads dealt out to parts of neighbouring accounts, and grouped there."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.backtest.counting import parts
from toolkit.backtest.counting.parts import deal_out, group_part

WIDTH = 4
LEADS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, WIDTH - 1)), max_size=40)


def keys(leads: list[tuple[int, int]], kind: type) -> np.ndarray:
    return np.array([account * WIDTH + code for account, code in leads], dtype=kind)


def grouped(blocks: list[np.ndarray], value: list[int]) -> list[list[int]]:
    """The codes of each account, accounts in order, as parts give them."""
    found = []
    for part in deal_out(blocks, WIDTH, 12):
        leads = group_part(part, np.array(value))
        ends = leads.ends.tolist()
        found += [sorted(leads.cell[a:b].tolist()) for a, b in pairwise(ends) if a < b]
    return found


def plainly(leads: list[tuple[int, int]], value: list[int]) -> list[list[int]]:
    own: dict[tuple[int, int], list[int]] = {}
    for account, code in leads:
        own.setdefault((account, value[code]), []).append(code)
    return [sorted(own[key]) for key in sorted(own)]


@given(
    st.lists(LEADS, max_size=4),
    st.integers(1, 13),
    st.sampled_from([np.uint32, np.uint64]),
    st.sampled_from([[0, 0, 0, 0], [0, 0, 1, 1]]),
)
def test_parts_hold_each_account_together(
    blocks: list, accounts: int, kind: type, value: list
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "ACCOUNTS", accounts)
        found = grouped([keys(leads, kind) for leads in blocks], value)
    assert found == plainly([lead for leads in blocks for lead in leads], value)


def test_two_parts_by_hand() -> None:
    # Parts of two accounts: 0 and 1 in the first, 2 and 3 in the second; code 3 of account 3 is 15.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "ACCOUNTS", 2)
        blocks = [np.array([15, 1, 8], dtype=np.uint32), np.array([0], dtype=np.uint32)]
        found = [np.concatenate(part).tolist() for part in deal_out(blocks, WIDTH, 4)]
    assert found == [[1, 0], [15, 8]]
