"""Several windows at once: each gives what a backtest of its own would give."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings

from tests.backtest import reference
from tests.backtest.tables import crm_of, crms, decision, entry, lead
from toolkit.backtest import (
    AtAge,
    AtHandoff,
    AtPeriodEnd,
    Outcome,
    count_delays,
    read_scored,
    run_backtest,
)
from toolkit.counts import STATES
from toolkit.errors import DataError, QuestionError
from toolkit.model import parse_model

MODEL = parse_model(reference.MODEL)
FLAT = parse_model(
    'lead_score_model: 1\nname: flat\nversion: "1"\n'
    "groups: [{id: g, dimension: fit, criteria: [{id: vp, when: {title: VP}, points: 20}]}]\n"
)


@settings(max_examples=4)
@given(crms())
def test_every_window_counts_what_a_backtest_of_that_window_counts(rows: dict) -> None:
    crm = crm_of(**rows)
    for moment in (AtAge(3), AtHandoff(), AtPeriodEnd("month")):
        try:
            made = run_backtest(MODEL, crm, moment=moment, outcome=Outcome("sql", 10))
        except DataError:
            continue
        delays = count_delays(made, windows=(5, 10, 25))
        for days in (5, 10, 25):
            other = run_backtest(MODEL, crm, moment=moment, outcome=Outcome("sql", days))
            expected = other.rows()["state"].value_counts()
            part = delays.frame[delays.frame["of"].eq("all") & delays.frame["within_days"].eq(days)]
            assert part.set_index("state")["n"].to_dict() == expected.to_dict()


def delays_of(*stages: dict, leads: list, feedback: list = ()) -> object:
    crm = crm_of(leads, [], [entry(99, "sql", 1), *stages], list(feedback))
    made = run_backtest(FLAT, crm, moment=AtAge(0), outcome=Outcome("sql", 10))
    return count_delays(made, windows=(10, 20))


def test_conversions_of_an_account_are_counted_together() -> None:
    leads = [lead(1, account_id="A"), lead(2, account_id="A"), lead(3), lead(4, created=50)]
    delays = delays_of(entry(1, "sql", 4), entry(2, "sql", 14), entry(3, "sql", 15), leads=leads)
    of = delays.frame.set_index(["of", "within_days", "state"])["n"].to_dict()
    assert of == {
        ("all", 10, "converted"): 1, ("all", 10, "not_converted"): 3,
        ("all", 20, "converted"): 3, ("all", 20, "immature"): 1,
        ("longest", 10, "converted"): 1, ("longest", 10, "not_converted"): 2,
        ("longest", 20, "converted"): 3,
    }  # fmt: skip
    # Account A: one conversion by day 10 and one after it; L3 is an account of its own.
    assert delays.accounts == 2
    assert delays.within_accounts.to_numpy().tolist() == [[10, 1, 1, 2], [20, 5, 0, 0]]


def test_the_last_second_of_a_window_is_in_it() -> None:
    leads = [lead(1), lead(2)]
    delays = delays_of(entry(1, "sql", 10), entry(2, "sql", 10 + 1 / 86_400), leads=leads)
    of = delays.frame.set_index(["of", "within_days", "state"])["n"].to_dict()
    assert (of["all", 10, "converted"], of["all", 20, "converted"]) == (1, 2)


def test_work_must_come_before_the_end_of_each_window() -> None:
    delays = delays_of(leads=[lead(1)], feedback=[decision(1, "rejected", 15)])
    of = delays.frame.set_index(["of", "within_days", "state"])["n"].to_dict()
    assert of["all", 10, "unworked"] == of["all", 20, "not_converted"] == 1
    assert set(delays.frame["state"]) <= set(STATES)


def test_a_flat_file_has_no_windows() -> None:
    flat = read_scored(pd.DataFrame({"s": [1], "y": [1]}), score="s", outcome="y")
    with pytest.raises(QuestionError, match="a flat file does not have"):
        count_delays(flat)


def test_windows_are_whole_days() -> None:
    crm = crm_of([lead(1)], [], [entry(1, "sql", 3)])
    made = run_backtest(FLAT, crm, moment=AtAge(0), outcome=Outcome("sql", 10))
    with pytest.raises(QuestionError, match="whole number of days"):
        count_delays(made, windows=(10.5,))
