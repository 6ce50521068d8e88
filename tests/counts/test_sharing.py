"""Counts to be shared show no cell of a few leads, and intervals that are never too narrow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis import strategies
from tests.analysis.rows import count_rows, lead_rows
from tests.counts.tables import EARLY
from toolkit.analysis import auc, rate, threshold_table
from toolkit.counts import suppress_small
from toolkit.errors import QuestionError


@given(strategies.leads(most=120), st.integers(2, 8), st.booleans())
def test_no_cell_of_a_few_leads_is_left(rows, fewer_than, split):
    counts = count_rows(rows, by=("quarter",) if split else (), provenance=EARLY)
    try:
        shared = suppress_small(counts, fewer_than=fewer_than)
    except QuestionError:
        return
    keys = ["state", *shared.by]
    assert (shared.frame["n"] >= fewer_than).all()
    sums = shared.frame.groupby(["score", "state"])["n"].sum()
    assert (sums >= fewer_than).all()
    for pairs in (shared.accounts, *shared.accounts_by.values()):
        assert (pairs.frame["n"] >= fewer_than).all()
        assert pairs.largest % fewer_than == 0
    # Totals by state and group stay, but for states that are left out whole.
    before = counts.frame.groupby(keys)["n"].sum()
    for key, n in shared.frame.groupby(keys)["n"].sum().items():
        assert before[key] == n
    assert set(shared.frame["score"]) <= set(counts.frame["score"])
    assert shared.provenance.flow == ()


@given(strategies.leads(most=120), st.integers(2, 6))
def test_a_rate_over_a_kept_score_is_the_same_and_its_interval_no_narrower(rows, fewer_than):
    counts = count_rows(rows, provenance=EARLY)
    try:
        shared = suppress_small(counts, fewer_than=fewer_than)
    except QuestionError:
        return
    for level in sorted(set(shared.frame["score"])):
        mine, plain = rate(shared, at_least=level), rate(counts, at_least=level)
        assert (mine.positives, mine.n) == (plain.positives, plain.n)
        if plain.n and 0 < plain.estimate < 1:
            assert mine.n_effective <= plain.n_effective * (1 + 1e-9)


def test_by_hand():
    rows = lead_rows([9] * 4 + [8] * 4 + [7] * 10 + [1] * 3, [1, 0] * 4 + [1] * 5 + [0] * 8)
    shared = suppress_small(count_rows(rows, provenance=EARLY), fewer_than=4)
    # 9 holds 2 and 2; with 8 there are 4 and 4. 7 holds 5 and 5; 1 holds 0 and 3: joins 7.
    assert shared.frame.to_dict("split")["data"] == [
        [1, "converted", 5], [1, "not_converted", 8],
        [8, "converted", 4], [8, "not_converted", 4],
    ]  # fmt: skip
    assert "4 scores were merged to 2, each named by its lowest" in shared.provenance.caveats[-1]


def test_rare_states_that_nobody_judged_are_left_out_and_said():
    rows = pd.concat([lead_rows([1, 2] * 10, [1, 0] * 10),
                      pd.DataFrame({"score": [1, 2], "state": "immature"})])  # fmt: skip
    shared = suppress_small(count_rows(rows, provenance=EARLY))
    assert shared.total("immature") == 0
    assert "too few: immature leads" in shared.provenance.caveats[-1]


def test_a_count_of_a_few_leads_in_a_caveat_is_hidden():
    provenance = replace(EARLY, caveats=("Of the unworked leads 3 reached SQL; 30 did not.",))
    shared = suppress_small(count_rows(lead_rows([1, 2] * 10, [1, 0] * 10), provenance=provenance))
    assert shared.provenance.caveats[0] == "Of the unworked leads a few reached SQL; 30 did not."


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (lead_rows([1] * 8, [1] * 3 + [0] * 5), "fewer than 5 leads are converted in all"),
        (lead_rows([1] * 12, [1, 0] * 6, [1] * 12), "come from fewer than 5 accounts"),
    ],
)
def test_what_merging_cannot_hide_is_refused(rows, message):
    with pytest.raises(QuestionError, match=message):
        suppress_small(count_rows(rows, provenance=EARLY))
    with pytest.raises(QuestionError, match="expected at least 1 lead"):
        suppress_small(count_rows(rows, provenance=EARLY), fewer_than=0)


def test_statistics_of_real_size_hardly_move(sim_accounts):
    shared = suppress_small(sim_accounts)
    assert shared.frame["score"].nunique() < sim_accounts.frame["score"].nunique()
    assert auc(shared).estimate == pytest.approx(auc(sim_accounts).estimate, abs=0.01)
    assert len(threshold_table(shared)) == shared.frame["score"].nunique()
    assert np.isfinite(auc(shared).low)
