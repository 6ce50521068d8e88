"""Scores of accounts: by hand, against the book, and refused where no instant is shared."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest import by_the_book
from tests.backtest.any_model import (
    START,
    account_rules,
    crm_of_rows,
    for_the_book,
    models,
    random_rows,
    read,
)
from tests.backtest.any_model import (
    tests as conditions,
)
from tests.backtest.tables import UNTIL, activity, at, crm_of, entry, lead
from toolkit.backtest import (
    AtAge,
    AtHandoff,
    AtPeriodEnd,
    Outcome,
    account_scores,
    rollup,
    run_backtest,
    score_leads,
)
from toolkit.errors import QuestionError
from toolkit.model import parse_model
from toolkit.model.lint.accounts import attainable_of_accounts

HEAD = "lead_score_model: 1\nname: m\nversion: '1'\n"
FORMS = (
    "groups: [{id: g, dimension: behavior, criteria: [{id: f, activity: form, points: 10}, "
    "{id: s, activity: spam, points: -5}]}]\n"
)
COLUMNS = ["account_id", "moment", "n", "n_disqualified", "score", "band", "reason"]


def small():
    """A: 30, 20, 10 and -5 points; B: 25 (40 later) and a rival; C: a rival; one without."""
    accounts = ["A", "A", "A", "A", "B", "B", "C", None]
    domains = {5: "rival.example", 6: "rival.example"}
    leads = [lead(i, account_id=a, domain=domains.get(i)) for i, a in enumerate(accounts)]
    forms = {0: 3, 1: 2, 2: 1, 4: 3, 5: 9, 6: 9, 7: 9}
    acts = [activity(i, "form", 1) for i, times in forms.items() for _ in range(times)]
    acts += [activity(3, "spam", 1), activity(4, "spam", 1)]
    return crm_of(leads, acts)


def model_of(rule: str, more: str = ""):
    gates = "gates: [{when: {domain: rival.example}, then: disqualified}]\n"
    return parse_model(f"{HEAD}{more}account_score: {rule}\n{gates}{FORMS}")


def told(rule: str, more: str = "") -> dict:
    found = account_scores(score_leads(model_of(rule, more), small()))
    assert list(found.columns) == COLUMNS
    return {
        None if pd.isna(a) else a: None if pd.isna(score) else int(score)
        for a, score in zip(found["account_id"], found["score"], strict=True)
    }


@pytest.mark.parametrize(
    ("rule", "a", "b"),
    [
        ("{roll_up: max}", 30, 25),
        ("{roll_up: sum}", 30 + 20 + 10 - 5, 25),
        ("{roll_up: sum, max: 40}", 40, 25),
        ("{roll_up: mean_top, top: 1}", 30, 25),
        ("{roll_up: mean_top, top: 2}", (30 + 20) // 2, 25),
        ("{roll_up: mean_top, top: 4}", 14, 25),  # 55 / 4 = 13.75
        ("{roll_up: mean_top, top: 9}", 14, 25),  # of the four that are there
        ("{roll_up: count_from, from: 10}", 3, 1),
        ("{roll_up: count_from, from: 11}", 2, 1),
        ("{roll_up: count_from, from: 10, max: 2}", 2, 1),
        ("{roll_up: max, min: 28}", 30, 28),
    ],
)
def test_an_account_score_is_what_a_reader_works_out(rule, a, b):
    assert told(rule) == {"A": a, "B": b, "C": None, None: None}


def test_a_mean_is_rounded_as_the_model_rounds():
    rule = "{roll_up: mean_top, top: 4}"
    assert told(rule, "rounding: floor\n")["A"] == 13
    assert told(rule, "base: -20\n") == {"A": -6, "B": 5, "C": None, None: None}  # -6.25
    assert told(rule, "base: -20\nrounding: floor\n")["A"] == -7
    halves = "{roll_up: mean_top, top: 3}"  # 60 / 3
    assert told(halves)["A"] == 20
    two = HEAD + "account_score: {roll_up: mean_top, top: 2}\n" + FORMS
    leads = [lead(0, account_id="A"), lead(1, account_id="A")]
    odd = two.replace("points: 10", "points: 1").replace("points: -5", "points: -1")
    up = crm_of(leads, [activity(0, "form", 1), activity(1, "other", 1)])
    down = crm_of(leads, [activity(0, "spam", 1), activity(1, "other", 1)])
    for crm, score in ((up, 1), (down, -1)):  # halves go away from zero
        assert list(account_scores(score_leads(parse_model(odd), crm))["score"]) == [score]


def test_every_lead_is_accounted_for_and_what_is_undefined_has_its_reason():
    rule = "{roll_up: max, bands: [{name: hot, from: 30}, {name: warm, from: 25}]}"
    found = account_scores(score_leads(model_of(rule), small()))
    assert found["account_id"].tolist()[:3] == ["A", "B", "C"]
    assert found["n"].tolist() == [4, 1, 0, 1]
    assert found["n_disqualified"].tolist() == [0, 1, 1, 0]
    assert found["band"].tolist()[:2] == ["hot", "warm"]
    assert found["band"].isna().tolist() == [False, False, True, True]
    assert found["reason"].tolist() == [
        "", "", "a gate disqualifies all its leads", "leads without an account",
    ]  # fmt: skip
    assert str(found["score"].dtype) == "Int64"
    assert set(found["moment"]) == {pd.Timestamp(UNTIL)}


def test_a_gate_that_names_a_band_leaves_the_score_as_it_is():
    model = parse_model(
        f"{HEAD}account_score: {{roll_up: max}}\nbands: [{{name: mql, from: 900}}]\n"
        f"gates: [{{when: {{domain: rival.example}}, then: mql}}]\n{FORMS}"
    )
    found = account_scores(score_leads(model, small()))
    assert found["score"].tolist()[:3] == [30, 90, 90]
    assert found["n_disqualified"].sum() == 0


def test_leads_created_later_do_not_count_and_the_flow_says_so():
    crm = crm_of(
        [lead(0, account_id="A"), lead(1, 5, account_id="A")],
        [activity(0, "form", 1), activity(1, "form", 1), activity(1, "form", 6)],
    )
    early = score_leads(model_of("{roll_up: sum}"), crm, as_of=at(4))
    assert account_scores(early)["score"].tolist() == [10]
    assert [(s.reason, s.n) for s in early.steps] == [
        ("lead rows imported", 2), ("created after the moment", 1),
    ]  # fmt: skip
    late = score_leads(model_of("{roll_up: sum}"), crm, as_of=at(7))
    assert account_scores(late)["score"].tolist() == [30]


def test_before_the_first_lead_there_is_no_account():
    found = account_scores(score_leads(model_of("{roll_up: max}"), small(), as_of=at(-1)))
    assert found.empty
    assert list(found.columns) == COLUMNS


# --- panels ---------------------------------------------------------------------------------------


def panel():
    leads = [lead(0, account_id="A"), lead(1, 20, account_id="A"), lead(2, account_id="B"),
             lead(3, account_id="B", domain="rival.example")]  # fmt: skip
    acts = [activity(0, "form", 1), activity(1, "form", 40), activity(2, "form", 35),
            activity(3, "form", 1), activity(0, "form", 45)]  # fmt: skip
    return crm_of(leads, acts, [entry(0, "sql", 40)])


def test_a_panel_rolls_up_the_leads_that_are_open_at_each_period_end():
    run = run_backtest(
        model_of("{roll_up: sum}"), panel(), moment=AtPeriodEnd("month"), outcome=Outcome("sql", 10)
    )
    found = account_scores(run)
    assert found["moment"].dt.strftime("%m-%d %H:%M:%S").tolist() == [
        "01-31 23:59:59", "01-31 23:59:59", "02-28 23:59:59", "02-28 23:59:59",
    ]  # fmt: skip
    assert found["account_id"].tolist() == ["A", "B", "A", "B"]
    # Lead 0 is an SQL from day 40 on: at the end of February lead 1 alone is open.
    assert found["score"].tolist() == [10 + 0, 0, 10, 10]
    assert found["n"].tolist() == [2, 1, 1, 1]
    assert found["n_disqualified"].tolist() == [0, 1, 0, 1]


def test_a_lead_whose_band_a_gate_names_counts_in_a_panel_with_its_score():
    text = f"{HEAD}account_score: {{roll_up: sum}}\nbands: [{{name: mql, from: 900}}]\n"
    gate = "gates: [{when: {domain: rival.example}, then: mql}]\n"
    outcome = Outcome("sql", 10)
    with_gate, without = (
        account_scores(
            run_backtest(parse_model(each), panel(), moment=AtPeriodEnd("month"), outcome=outcome)
        )
        for each in (text + gate + FORMS, text + FORMS)
    )
    pd.testing.assert_frame_equal(with_gate, without)
    assert with_gate["score"].tolist() == [10, 10, 10, 20]


def test_leads_of_a_panel_without_an_outcome_have_the_score_of_that_instant():
    model = model_of("{roll_up: sum}")
    crm = panel()
    run = run_backtest(model, crm, moment=AtPeriodEnd("month"), outcome=Outcome("sql", 10))
    rows = account_scores(run)
    january = rows[rows["moment"] == rows["moment"].min()].reset_index(drop=True)
    instant = account_scores(score_leads(model, crm, as_of="2026-01-31"))
    pd.testing.assert_frame_equal(january, instant)


@pytest.mark.parametrize("moment", [AtAge(5), AtHandoff("mql")])
def test_moments_that_differ_by_lead_are_refused_with_the_reason(moment):
    crm = crm_of([lead(0)], [activity(0, "form", 1)], [entry(0, "mql", 2), entry(0, "sql", 9)])
    model = model_of("{roll_up: max}")
    run = run_backtest(model, crm, moment=moment, outcome=Outcome("sql", 10))
    with pytest.raises(QuestionError, match=r"each lead at a moment of its own.*use AtPeriodEnd"):
        account_scores(run)


def test_a_model_without_an_account_score_is_refused_with_the_line_to_write():
    scored = score_leads(parse_model(HEAD + FORMS), small())
    with pytest.raises(QuestionError, match=r"account_score: \{roll_up: max\}"):
        account_scores(scored)


# --- the book -------------------------------------------------------------------------------------

POOL = {seed: random_rows(seed, 40) for seed in range(3)}
CRMS = {seed: crm_of_rows(rows) for seed, rows in POOL.items()}
GATES = st.sampled_from([[], ["disqualified"], ["other", "disqualified"]])


def with_accounts(raw: dict, rule: dict, gates: list[dict]) -> dict:
    bands = [{"name": "other", "from": 10}, {"name": "rest"}]
    return {**raw, "account_score": rule, "bands": bands, "gates": gates}


def gates_of(kinds: list[str]) -> st.SearchStrategy:
    return st.tuples(*(st.builds(lambda w, k=k: {"when": w, "then": k}, conditions) for k in kinds))


def differs(raw: dict, seed: int, instant: datetime) -> bool:
    rows = POOL[seed]
    own: dict = {}
    for a in rows["activities"]:
        own.setdefault(a["lead_id"], []).append(a)
    expected = by_the_book.account_scores(for_the_book(raw), rows["leads"], own, instant)
    model = read(raw)
    found = account_scores(score_leads(model, CRMS[seed], as_of=instant))
    told = {}
    for row in found.to_dict("records"):
        known = not pd.isna(row["score"])
        account = None if pd.isna(row["account_id"]) else row["account_id"]
        told[account] = (row["n"], row["n_disqualified"], int(row["score"]) if known else None)
        if known:
            low, high = attainable_of_accounts(model, model.account_score)
            if not low <= row["score"] <= high:
                return True
        band = by_the_book.account_band(raw, int(row["score"])) if known else None
        if (None if pd.isna(row["band"]) else row["band"]) != band:
            return True
    return told != expected


@settings(max_examples=30, deadline=None)
@given(models(), account_rules, GATES.flatmap(gates_of), st.sampled_from(sorted(POOL)),
       st.integers(0, 160))  # fmt: skip
def test_account_scores_equal_the_book(raw, rule, gates, seed, quarter):
    instant = START + timedelta(hours=6 * quarter)
    assert not differs(with_accounts(raw, rule, list(gates)), seed, instant)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(models(), account_rules, GATES.flatmap(gates_of), st.sampled_from(sorted(POOL)),
       st.integers(0, 160))  # fmt: skip
def test_account_scores_equal_the_book_on_hundreds_of_models(raw, rule, gates, seed, quarter):
    instant = START + timedelta(hours=6 * quarter)
    assert not differs(with_accounts(raw, rule, list(gates)), seed, instant)


MEAN = {"roll_up": "mean_top", "top": 2}
FAULTS = {
    "lowest instead of highest": ({"roll_up": "max"}, "score desc", "score"),
    "above instead of from": ({"roll_up": "count_from", "from": 5}, ">= 5", "> 5"),
    "one lead too many": (MEAN, "o <= 2", "o <= 3"),
    "divided by top, not by the leads there": (
        {"roll_up": "mean_top", "top": 30},
        "sum(case when gone = 0 and o <= 30 then 1 else 0 end)", "30",
    ),
    "disqualified leads count": ({"roll_up": "sum"}, "case when gone = 0 then score", "case when true then score"),
    "disqualified leads take a place": (MEAN, "account, s, gone order", "account, s order"),
    "disqualified leads are said to count": (MEAN, "sum(1 - gone)", "count(*)"),
    "limit forgotten": ({"roll_up": "sum", "max": 4}, "> 4 then 4", "> 4 then 5"),
    "a mean cut off": (MEAN, "then cast(((2 * v + c) - mod(2 * v + c, 2 * c)) / (2 * c)",
                       "then cast((v - mod(v, c)) / c"),
    "halves towards zero": (MEAN, "c - 2 * v", "c - 1 - 2 * v"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_roll_up_is_seen(fault, monkeypatch):
    rule, right, wrong = FAULTS[fault]
    criteria = [{"id": "a", "activity": ["view", "form", "open"], "points": 5},
                {"id": "b", "when": {"size": {"gte": 50}}, "points": -12},
                {"id": "c", "when": {"region": "north"}, "points": -17}]  # fmt: skip
    gates = [{"when": {"title": {"contains_word": "vp"}}, "then": "disqualified"}]
    raw = {"lead_score_model": 1, "name": "m", "version": "1", "account_score": rule,
           "gates": gates, "groups": [{"id": "g", "dimension": "fit", "criteria": criteria}]}  # fmt: skip
    moments = [START + timedelta(days=days) for days in (3, 6, 9, 15, 30)]
    assert not any(differs(raw, 0, each) for each in moments)
    sql = rollup._sql
    assert right in sql(score_leads(read(raw), CRMS[0]), read(raw), read(raw).account_score)
    monkeypatch.setattr(rollup, "_sql", lambda *args: sql(*args).replace(right, wrong))
    assert any(differs(raw, seed, each) for each in moments for seed in POOL)
