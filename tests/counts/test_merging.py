"""Merging two periods adds their cells, and refuses what cannot be added."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import assume, given, settings

from tests.analysis import strategies
from tests.analysis.day_rows import count_day_rows, funnel_rows, lives
from tests.analysis.rows import count_rows, lead_rows, pair_accounts
from tests.counts.tables import EARLY, LATE, tables_of
from toolkit.analysis import auc, incidence_table, rate
from toolkit.counts import fingerprint, flow_table, merge_counts
from toolkit.errors import QuestionError


def together(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """All rows, with the accounts of both periods told apart."""
    return pd.concat([a, b.assign(account=b["account"] + 100_000)], ignore_index=True)


@settings(max_examples=10)
@given(
    strategies.leads(most=20), strategies.leads(most=20), lives(most=12), lives(most=12),
    funnel_rows(least=1, most=12), funnel_rows(least=1, most=12),
)  # fmt: skip
def test_merging_disjoint_periods_adds_their_counts(  # noqa: PLR0917 - two periods of three kinds
    leads, more_leads, days, more_days, stages, more_stages
):
    assume(len(leads) and len(more_leads))
    early = tables_of(leads, days, stages, EARLY)
    late = tables_of(more_leads, more_days, more_stages, LATE)
    both = tables_of(
        together(leads, more_leads), together(days, more_days), together(stages, more_stages)
    )
    for name, counts in early.items():
        merged = merge_counts(late[name], counts)
        assert (merged.provenance.first_moment, merged.provenance.last_moment) == (
            EARLY.first_moment, LATE.last_moment,
        )  # fmt: skip
        expected = replace(both[name], provenance=merged.provenance)
        assert fingerprint(merged) == fingerprint(expected), name


def test_statistics_of_the_whole_follow(sim):
    rows = lead_rows(sim["score"], sim["y"], sim["account_id"])
    first, second = rows[sim["day"] < 180], rows[sim["day"] >= 180]
    merged = merge_counts(count_rows(first, provenance=EARLY), count_rows(second, provenance=LATE))
    whole = count_rows(together(first, second))
    assert auc(merged) == auc(whole)
    assert rate(merged, at_least=50) == rate(whole, at_least=50)


def test_days_of_the_whole_follow():
    rows = pd.DataFrame(
        {
            "score": 1,
            "day": [1, 2, 3, 4],
            "status": ["converted", "open"] * 2,
            "account": [1, 1, 2, 3],
        }
    )
    merged = merge_counts(
        count_day_rows(rows[:2], provenance=EARLY), count_day_rows(rows[2:], provenance=LATE)
    )
    pd.testing.assert_frame_equal(
        incidence_table(merged, at_days=(3,)), incidence_table(count_day_rows(rows), at_days=(3,))
    )


def test_the_reader_is_told_what_merging_cannot_know():
    rows = lead_rows([1, 2], [1, 0], [1, 1])
    late = replace(
        LATE,
        first_moment=date(2026, 5, 1), observed_until=date(2027, 1, 1), source="other",
    )  # fmt: skip
    merged = merge_counts(count_rows(rows, provenance=EARLY), count_rows(rows, provenance=late))
    text = " ".join(merged.provenance.caveats)
    assert "An account with leads in both periods counts as two accounts" in text
    assert "as observed until 2026-10-01" in text
    assert "No lead was counted between 2026-03-31 and 2026-05-01" in text
    assert text.count("not point-in-time") == 1
    assert merged.provenance.source == "rows and other"
    assert merged.provenance.observed_until == date(2027, 1, 1)
    assert flow_table(merged.provenance)["remaining"].tolist() == [60, 57, 60, 57]
    assert merged.accounts.judged == 2


def test_leads_without_account_join_those_with():
    rows = lead_rows([1, 1, 2], [1, 0, 0], [1, 1, 2])
    alone = count_rows(rows.drop(columns="account"), provenance=LATE)
    merged = merge_counts(count_rows(rows, provenance=EARLY), alone)
    expected = pd.concat([rows, rows.assign(account=[7, 8, 9])])
    pd.testing.assert_frame_equal(merged.accounts.frame, pair_accounts(expected).frame)
    assert merged.accounts.judged == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_hash": "other"}, "model_hash is None in one and 'other' in the other"),
        ({"outcome": "won within 90 days"}, "answer different questions: outcome"),
        ({"outcome_window_days": 30}, "outcome_window_days is 90 in one and 30"),
        ({"moment": "14 days after creation"}, "moment is 'at hand-over'"),
        ({"first_moment": date(2026, 3, 31)}, "the periods overlap"),
        ({"first_moment": None, "last_moment": None}, "counts without dates cannot be merged"),
    ],
)
def test_what_was_asked_differently_is_not_added(change, message):
    rows = lead_rows([1, 2], [1, 0])
    with pytest.raises(QuestionError, match=message):
        merge_counts(
            count_rows(rows, provenance=EARLY), count_rows(rows, provenance=replace(LATE, **change))
        )


def test_tables_of_two_kinds_or_axes_are_not_added():
    leads = count_rows(lead_rows([1, 2], [1, 0]), provenance=EARLY)
    split = count_rows(
        lead_rows([1], [1]).assign(quarter="2026Q2"), by=("quarter",), provenance=LATE
    )
    days = count_day_rows(pd.DataFrame({"score": [1], "day": [2], "status": "open"}))
    with pytest.raises(QuestionError, match="found ScoreCounts and DayCounts"):
        merge_counts(leads, days)
    with pytest.raises(QuestionError, match="has the columns"):
        merge_counts(leads, split)
