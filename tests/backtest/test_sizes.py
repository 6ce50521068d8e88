"""How many accounts have so many leads of either kind."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.backtest.counting import within
from toolkit.backtest.counting.sizes import COLUMNS, count_sizes, sum_up
from toolkit.backtest.counting.within import group_leads, lay_out

# Cells 0 and 1 are of converted leads, 2 and 3 of other judged ones, 4 is immature.
HITS, JUDGED, CELLS = 2, 4, 5
LEADS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, CELLS - 1)), max_size=40)


def sizes(leads: list[tuple[int, int]], value: list[int]) -> pd.DataFrame:
    account, cell = (np.array([lead[i] for lead in leads], dtype=np.int32) for i in (0, 1))
    laid = lay_out(group_leads(account, cell), CELLS)
    return pd.DataFrame(count_sizes([laid], np.array(value), HITS, JUDGED), columns=COLUMNS)


def test_three_accounts_by_hand() -> None:
    # Account 0: two converted, one not; account 1 the same; account 2 one that is not judged.
    leads = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 1), (1, 3), (2, 4)]
    found = sizes(leads, [0] * CELLS)
    assert sorted(found.to_numpy().tolist()) == [[0, 0, 0, 1], [0, 2, 1, 2]]
    # Judged: both of size 3; the account without a judged lead is none of them.
    assert sum_up(found) == {"judged": 2, "converted": 2, "not_converted": 2, "largest": 3}


@given(LEADS, st.sampled_from([0, 1, 3, 32]), st.integers(0, 2))
def test_each_account_is_counted_once(leads: list, few: int, value: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(within, "FEW", few)
        found = sizes(leads, [value] * CELLS)
    own = {account: [cell for of, cell in leads if of == account] for account, _ in leads}
    kinds = Counter(
        (value, sum(c < HITS for c in cells), sum(HITS <= c < JUDGED for c in cells))
        for cells in own.values()
    )
    assert found.groupby(COLUMNS[:3])["n"].sum().to_dict() == kinds
