from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis import naive, strategies
from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis.cells import read_cells
from toolkit.analysis.influence import covariance, masked_family, masked_share
from toolkit.analysis.intervals import precision_family, share_family

PARTS = ["hits", "misses", "hits_hits", "hits_misses", "misses_misses"]


def both(rows):
    score, hit, account = (rows[name].to_numpy() for name in ("score", "hit", "account"))
    return [read_cells(count_rows(lead_rows(score, hit, by))) for by in (None, account)]


@given(strategies.judged())
def test_masks_of_thresholds_are_the_families_of_thresholds(rows):
    for cells in both(rows):
        above = (cells.levels[None, :] >= cells.levels[:, None]).astype(float)
        pairs = [(masked_family(cells, above), precision_family(cells))]
        pairs += [(masked_share(cells, above, hit=h), share_family(cells, hit=h)) for h in (1, 0)]
        for found, expected in pairs:
            for part in PARTS:
                assert getattr(found, part) == pytest.approx(getattr(expected, part)[:-1])


@given(strategies.judged(), st.integers(-3, 5), st.integers(-3, 5))
def test_covariance_is_that_of_sums_over_accounts(rows, one, two):
    score, hit, account = (rows[name].to_numpy() for name in ("score", "hit", "account"))
    if len(np.unique(account)) == 1:
        return
    _, cells = both(rows)
    masks = np.array([cells.levels >= t for t in (one, two)], dtype=float)
    n = len(score)
    found = covariance(cells, masks / n, -masks / n)
    u = [(score >= t) * np.where(hit == 1, 1, -1) / n for t in (one, two)]
    sums = [[x[account == g].sum() for g in np.unique(account)] for x in u]
    g = len(np.unique(account))
    expected = g / (g - 1) * np.dot(sums[0], sums[1])
    assert found[0, 1] == pytest.approx(expected, abs=1e-12)
    assert found[0, 1] == pytest.approx(found[1, 0])


@given(strategies.judged())
def test_weights_between_none_and_all_are_a_weighted_ratio(rows):
    score, hit, account = (rows[name].to_numpy() for name in ("score", "hit", "account"))
    if len(np.unique(account)) == 1:
        return
    _, cells = both(rows)
    weight = np.where(cells.levels >= 1, 1.0, 0.3)[None, :]
    family, own = masked_family(cells, weight), np.where(score >= 1, 1.0, 0.3)
    assert family.share[0] == pytest.approx((own * hit).sum() / own.sum())
    expected = naive.ratio_variance(own * hit, own, account)
    assert family.variance()[0] == pytest.approx(expected, rel=1e-7, abs=1e-12)
