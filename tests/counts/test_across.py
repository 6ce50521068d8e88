"""Products across groups, and weeks, are saved, merged and shared like all other counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from tests.analysis.rows import PROVENANCE, lead_rows
from tests.analysis.segment_rows import count_segments
from toolkit.analysis import segment_test
from toolkit.counts import WeekCounts, load_counts, merge_counts, save_counts, suppress_small
from toolkit.errors import QuestionError


@pytest.fixture
def counts():
    rows = lead_rows([10, 20] * 40, [0, 1, 0, 0] * 20, [i // 2 for i in range(80)])
    return count_segments(rows.assign(segment=["a", "b"] * 40))


def later(counts):
    return replace(
        counts,
        provenance=replace(
            counts.provenance, first_moment=date(2026, 4, 1), last_moment=date(2026, 5, 31)
        ),
    )


def test_a_saved_table_gives_the_same_test(counts, tmp_path):
    save_counts(counts, tmp_path / "saved")
    loaded = load_counts(tmp_path / "saved")
    assert segment_test(loaded) == segment_test(counts)


def test_merged_products_add_up(counts):
    merged = merge_counts(counts, later(counts))
    assert merged.accounts_across["n"].sum() == 2 * counts.accounts_across["n"].sum()
    assert segment_test(merged).reason is None
    # Missing on one side, they are missing: leads of one account are then taken as different.
    partly = merge_counts(counts, replace(later(counts), accounts_across=None))
    assert partly.accounts_across is None
    assert "taken as different accounts" in segment_test(partly).reason


def test_products_of_single_accounts_are_not_shared(counts):
    assert suppress_small(counts).accounts_across is None


def test_shared_weeks_have_no_cell_of_a_few_leads():
    frame = pd.DataFrame(
        {
            "week": pd.to_datetime(["2026-01-05"] * 3 + ["2026-01-12"] * 2),
            "score": [70, 60, 50, 60, 50],
            "n": [2, 4, 6, 8, 5],
        }
    )
    shared = suppress_small(WeekCounts(frame, PROVENANCE))
    # 70 and 60 join: 6 and 8 leads; 50 has 6 and 5.
    assert shared.frame["score"].tolist() == [50, 60, 50, 60]
    assert shared.frame["n"].tolist() == [6, 6, 5, 8]
    assert "3 scores were merged to 2" in shared.provenance.caveats[-1]
    with pytest.raises(QuestionError, match="week from 2026-01-12 has fewer than 5 leads"):
        suppress_small(WeekCounts(frame[:4].assign(n=[9, 9, 9, 4]), PROVENANCE))


def test_weeks_are_saved_and_merged(tmp_path):
    frame = pd.DataFrame(
        {"week": pd.to_datetime(["2026-01-05", "2026-01-12"]), "score": [50, 60], "n": [3, 4]}
    )
    weeks = WeekCounts(frame, PROVENANCE)
    save_counts(weeks, tmp_path / "weeks")
    loaded = load_counts(tmp_path / "weeks")
    assert loaded.frame["n"].tolist() == [3, 4]
    assert loaded.frame["week"].tolist() == frame["week"].tolist()
    # A week that two periods share is one week, with the leads of both.
    other = later(WeekCounts(frame.assign(week=frame["week"].iloc[1]), PROVENANCE))
    merged = merge_counts(weeks, other)
    assert merged.frame.groupby("week")["n"].sum().tolist() == [3, 3 + 4 + 4]
    assert merged.provenance.last_moment == date(2026, 5, 31)
