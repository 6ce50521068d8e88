"""Leads by week: the Monday of each moment, and what cannot be counted by week."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given

from tests.backtest.tables import crm_of, crms, entry, lead, scored_rows
from tests.backtest.test_outcomes import FLAT, SQL
from toolkit.backtest import (
    AtAge,
    AtPeriodEnd,
    count_scores,
    count_weeks,
    read_scored,
    run_backtest,
)
from toolkit.errors import QuestionError


def test_weeks_begin_on_monday_midnight() -> None:
    # The tables begin on Thursday 1 January 2026; day 3 is Sunday, day 4 is Monday.
    leads = [lead(1, 0), lead(2, 3.99), lead(3, 4), lead(4, 10.99), lead(5, 11)]
    crm = crm_of(leads, stages=[entry(1, "sql", 30), entry(1, "mql", 1)])
    counts = count_weeks(run_backtest(FLAT, crm, moment=AtAge(days=0), outcome=SQL))
    found = counts.frame.groupby("week")["n"].sum()
    days = [datetime(2025, 12, 29), datetime(2026, 1, 5), datetime(2026, 1, 12)]  # noqa: DTZ001 - naive UTC
    assert found.index.tolist() == days
    assert found.tolist() == [2, 2, 1]


@given(crms())
def test_weeks_are_a_group_by_of_the_rows_and_add_up_to_the_scores(rows: dict) -> None:
    rows = {**rows, "leads": [*rows["leads"], lead(50)]}
    backtest = run_backtest(FLAT, crm_of(**rows), moment=AtAge(days=1), outcome=SQL)
    counts, plain = count_weeks(backtest), backtest.rows()
    monday = plain["moment"].dt.tz_localize(None).dt.to_period("W-SUN").dt.start_time
    expected = plain.groupby([monday, plain["score"]]).size()
    assert counts.frame.set_index(["week", "score"])["n"].to_dict() == expected.to_dict()
    by_score = count_scores(backtest).frame.groupby("score")["n"].sum()
    assert counts.frame.groupby("score")["n"].sum().to_dict() == by_score.to_dict()


def test_a_flat_file_has_no_weeks() -> None:
    rows = pd.DataFrame(scored_rows([(1, True, None, None)]))
    with pytest.raises(QuestionError, match="moments of these leads are not known"):
        count_weeks(read_scored(rows, score="score", outcome="won"))


def test_a_panel_has_no_weeks() -> None:
    crm = crm_of([lead(1)], stages=[entry(1, "sql", 50), entry(1, "mql", 1)])
    backtest = run_backtest(FLAT, crm, moment=AtPeriodEnd("month"), outcome=SQL)
    with pytest.raises(QuestionError, match="one count here is a lead and month"):
        count_weeks(backtest)
