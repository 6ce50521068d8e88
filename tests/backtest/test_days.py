"""Days to the outcome, as a reader of the rows would count them."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings

from tests.backtest.tables import UNTIL, crm_of, crms, decision, entry, lead
from tests.backtest.test_outcomes import FLAT, SQL
from toolkit.analysis import incidence_table
from toolkit.backtest import AtAge, count_days, count_scores, read_scored, run_backtest
from toolkit.backtest.moments import Outcome
from toolkit.errors import QuestionError

SEEN = [entry(99, "sql", 1), entry(99, "won", 1)]


def days_of(leads: list, stages: list = (), feedback: list = (), **settings: object):
    crm = crm_of(leads, [], [*SEEN, *stages], feedback)
    backtest = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL)
    return count_days(backtest, crm, **settings)


def found(counts) -> list[tuple[int, str, int]]:
    return counts.frame[["day", "status", "n"]].to_records(index=False).tolist()


def test_a_day_ends_after_as_many_whole_days():
    # Moment on day 5. On day 8 exactly: three days. A quarter of a day later: the fourth day.
    counts = days_of([lead(1), lead(2)], [entry(1, "sql", 8), entry(2, "sql", 8.25)])
    assert found(counts) == [(3, "converted", 1), (4, "converted", 1)]


def test_a_lead_is_followed_for_whole_days_only():
    # observed_until is day 60: 55 days. For a lead created on day 50.5 it is 4.5 days, so 4; what
    # happens in the half day is not seen, because for other leads it could not be.
    counts = days_of([lead(1), lead(2, created=50.5)], [entry(2, "sql", 59.75)],
                     [decision(1, "accepted", 7)])  # fmt: skip
    assert found(counts) == [(4, "unworked", 1), (55, "open", 1)]


def test_what_comes_first_ends_the_wait():
    counts = days_of(
        [lead(1), lead(2), lead(3), lead(4)],
        [entry(1, "recycled", 7), entry(1, "sql", 9), entry(2, "sql", 8), entry(2, "recycled", 8),
         entry(3, "disqualified", 3)],
        [decision(4, "rejected", 10)],
    )  # fmt: skip
    # Lead 3 was disqualified before the moment: that ended an earlier wait, not this one.
    assert found(counts) == [
        (2, "disqualified", 1), (3, "converted", 1), (5, "disqualified", 1), (55, "unworked", 1),
    ]  # fmt: skip
    text = " ".join(counts.provenance.caveats)
    assert "1 leads reached the outcome after they had been turned down" in text


def test_another_stage_may_be_the_outcome_and_leads_that_are_there_are_left_out():
    counts = days_of([lead(1), lead(2)], [entry(1, "won", 4), entry(2, "won", 9)], stage="won")
    assert found(counts) == [(4, "converted", 1)]
    assert "Left out: 1 leads" in " ".join(counts.provenance.caveats)


def test_leads_are_followed_no_longer_than_asked():
    counts = days_of([lead(1), lead(2)], [entry(1, "sql", 40)], within_days=30)
    assert found(counts) == [(30, "open", 2)]  # nothing says whom sales worked


def test_rows_of_one_account_are_listed_together_and_unnamed():
    leads = [lead(i, account_id="ACME") for i in (1, 2)] + [lead(3, account_id="other")]
    counts = days_of(leads, [entry(1, "sql", 8)])
    assert counts.accounts.frame.to_records(index=False).tolist() == [(0, 0, 1), (0, 1, 1)]
    assert days_of([lead(1)]).accounts is None


def test_a_flat_file_and_another_crm_are_refused():
    flat = read_scored(pd.DataFrame({"s": [1], "y": [1]}), score="s", outcome="y")
    crm = crm_of([lead(1)], [], SEEN)
    with pytest.raises(QuestionError, match="was not made from this CRM"):
        count_days(flat, crm)
    backtest = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL)
    with pytest.raises(QuestionError, match=r"no lead ever entered a stage 'sold'"):
        count_days(backtest, crm, stage="sold")
    with pytest.raises(QuestionError, match="expected at least 1 day"):
        count_days(backtest, crm, within_days=0)


@settings(max_examples=6)
@given(crms())
def test_counts_equal_a_walk_over_the_rows(rows):
    rows = {**rows, "leads": [*rows["leads"], lead(50)]}
    crm = crm_of(**rows)
    backtest = run_backtest(FLAT, crm, moment=AtAge(5), outcome=SQL)
    counts = count_days(backtest, crm, within_days=20)
    expected: dict[tuple[int, str], int] = {}
    for row in backtest.rows().to_dict("records"):
        key = walk(row["lead_id"], row["moment"].to_pydatetime(), rows, "all" in crm.worked_by)
        expected[key] = expected.get(key, 0) + 1
    mine = counts.frame.groupby(["day", "status"])["n"].sum()
    assert mine.to_dict() == expected


def walk(name: str, moment: pd.Timestamp, rows: dict, all_worked: bool) -> tuple[int, str]:
    """Day and status of one lead, from its rows."""
    followed = min((UNTIL - moment).total_seconds() // 86400, 20)

    def days(instant: pd.Timestamp) -> float:
        return (instant - moment).total_seconds() / 86400

    def first(table: str, when: str, keep) -> list[float]:
        return sorted(days(r[when]) for r in rows[table] if r["lead_id"] == name and keep(r))

    sql = first("stages", "entered_at", lambda r: r["stage"] == "sql")[:1]
    turned = first("stages", "entered_at", lambda r: r["stage"] in ("disqualified", "recycled"))
    turned += first("feedback", "decided_at", lambda r: r["decision"] in ("rejected", "recycled"))
    rival = [day for day in sorted(turned) if day > 0][:1]
    ends = sorted([*((day, 0) for day in sql), *((day, 1) for day in rival)])
    if ends and ends[0][0] <= followed:
        return math.ceil(ends[0][0]), ("converted", "disqualified")[ends[0][1]]
    worked = first("feedback", "decided_at", lambda r: r["decision"] in ("accepted", "rejected"))
    acted = all_worked or (worked and worked[0] <= followed)
    return int(followed), "open" if acted else "unworked"


def test_by_the_end_of_the_window_it_agrees_with_the_states_of_the_backtest():
    leads = [lead(i, created=i % 7) for i in range(1, 31)]
    stages = [entry(i, "sql", 6 + i) for i in range(1, 31, 3)]
    crm = crm_of(leads, [], [*SEEN, *stages], worked_by="all")
    backtest = run_backtest(FLAT, crm, moment=AtAge(5), outcome=Outcome("sql", 20))
    counts = count_scores(backtest)
    table = incidence_table(count_days(backtest, crm), at_days=(20,))
    assert table["positives"][0] == counts.total("converted")
    assert table["rate"][0] == pytest.approx(
        counts.total("converted") / counts.total("converted", "not_converted")
    )
