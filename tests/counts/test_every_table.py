"""Every table of the waist is saved, merged and shared, or refused by name with the reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from tests.counts.tables import EARLY, LATE
from toolkit import counts
from toolkit.analysis import outcome_window_table
from toolkit.counts import DelayCounts, fingerprint, load_counts, merge_counts, save_counts
from toolkit.counts.encoding import known_types
from toolkit.counts.merging import NOT_MERGED
from toolkit.counts.sharing import NOT_SHARED
from toolkit.errors import QuestionError

TABLES = {name: kind for name, kind in known_types().items() if name.endswith("Counts")}
MERGED = {"DayCounts", "DelayCounts", "PairCounts", "PatternCounts", "ReplicateCounts",
          "ScoreCounts", "StageCounts", "StayCounts", "WeekCounts"}  # fmt: skip
SHARED = {"ScoreCounts", "WeekCounts"}


def test_each_table_has_one_answer_to_each_question():
    parts = {"AccountCells", "AccountPairs", "Extra", "FlowStep", "FunnelStage", "Provenance",
             "Term"}  # fmt: skip
    assert set(known_types()) == set(TABLES) | parts
    assert set(TABLES) == MERGED | set(NOT_MERGED)
    assert not MERGED & set(NOT_MERGED)
    assert set(TABLES) == SHARED | set(NOT_SHARED)
    assert not SHARED & set(NOT_SHARED)


def empty(kind):
    """A table of this kind without its contents: enough to be refused by name."""
    return object.__new__(kind)


@pytest.mark.parametrize("name", sorted(NOT_MERGED))
def test_what_cannot_be_added_says_why(name):
    with pytest.raises(QuestionError, match=f"{name} cannot be added up cell by cell: [a-z]"):
        merge_counts(empty(TABLES[name]), empty(TABLES[name]))


@pytest.mark.parametrize("name", sorted(NOT_SHARED))
def test_what_cannot_be_shared_says_why_and_what_to_share(name):
    with pytest.raises(
        QuestionError, match=rf"{name} cannot be made coarser: .*\. Share [a-z A-Z]"
    ):
        counts.suppress_small(empty(TABLES[name]))


def delays(rows, provenance, products=None, accounts=None):
    frame = pd.DataFrame(rows, columns=["within_days", "of", "state", "n"])
    names = ["within_days", "hits_hits", "hits_misses", "misses_misses"]
    within = None if products is None else pd.DataFrame(products, columns=names)
    return DelayCounts(frame, provenance, within, accounts)


def two(provenance, *, late, known):
    """`late` of 4 conversions come after 30 days; with accounts, all are of two accounts."""
    rows = [(30, "longest", "converted", 4 - late), (30, "longest", "not_converted", late),
            (90, "longest", "converted", 4), (30, "all", "converted", 4 - late),
            (90, "all", "converted", 4)]  # fmt: skip
    products = [(30, 5, 1, late), (90, 8, 0, 0)] if known else None
    return delays(rows, provenance, products, 2 if known else None)


def test_windows_of_two_periods_add_up_with_their_accounts():
    merged = merge_counts(two(EARLY, late=1, known=True), two(LATE, late=2, known=True))
    table = outcome_window_table(merged).set_index("within_days")
    assert table.loc[30, "plateau_share"] == 5 / 8
    assert merged.within_accounts.to_numpy().tolist() == [[30, 10, 2, 3], [90, 16, 0, 0]]
    assert merged.accounts == 4


def test_conversions_without_account_join_those_with_as_accounts_of_their_own():
    merged = merge_counts(two(EARLY, late=1, known=True), two(LATE, late=2, known=False))
    # 2 within 30 days and 2 later, each on its own, beside (5, 1, 1) and (8, 0, 0).
    assert merged.within_accounts.to_numpy().tolist() == [[30, 7, 1, 3], [90, 12, 0, 0]]
    assert merged.accounts == 2 + 4
    neither = merge_counts(two(EARLY, late=1, known=False), two(LATE, late=2, known=False))
    assert (neither.within_accounts, neither.accounts) == (None, None)


def test_other_windows_are_not_added():
    later = replace(two(LATE, late=0, known=False), frame=two(LATE, late=0, known=False).frame[:2])
    with pytest.raises(QuestionError, match=r"the windows are \[30, 90\] days in one table"):
        merge_counts(two(EARLY, late=1, known=False), later)


def test_windows_are_read_as_they_were_saved(tmp_path):
    counted = two(replace(EARLY, last_moment=date(2026, 3, 30)), late=1, known=True)
    again = load_counts(save_counts(counted, tmp_path / "delays"))
    assert fingerprint(again) == fingerprint(counted)
    pd.testing.assert_frame_equal(again.within_accounts, counted.within_accounts)
    assert again.accounts == 2
