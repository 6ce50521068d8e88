"""Lints with tables: the leads behind each, counted by hand, and bounds that no score leaves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.any_model import crm_of_rows, engine_scores, models, random_rows, read
from tests.backtest.tables import activity, crm_of, lead
from toolkit.backtest import count_lints
from toolkit.errors import ModelError
from toolkit.model import lint_model, parse_model
from toolkit.model.lint import attainable

HEAD = "lead_score_model: 1\nname: m\nversion: '1'\n"


def sheet(*criteria: str, more: str = "", dimension: str = "fit"):
    lines = "".join(f"  - {{{each}}}\n" for each in criteria)
    return parse_model(
        f"{HEAD}{more}groups:\n- id: g\n  dimension: {dimension}\n  criteria:\n{lines}"
    )


def small(activities=(), **mapping):
    leads = [
        lead(1, employees=10, title="VP Sales", domain="a.example"),
        lead(2, employees=20, title="Head of Sales"),
        lead(3, employees=49, domain="b.example"),
        lead(4, employees=1000, domain="b.example"),
        lead(5, 59, domain="b.example"),
    ]
    return crm_of(leads, [*activities, activity(1, "other", 0)], **mapping)


def lints(model, crm):
    return [(found.code, found.n) for found in lint_model(model, count_lints(model, crm))]


def size(test: str) -> str:
    return f"{{when: {{employees: {{{test}}}}}, points: 1}}"


def test_a_gap_is_told_with_the_leads_in_it():
    model = sheet(f"id: size, cases: [{size('gte: 50')}, {size('lte: 15')}]")
    (found,) = lint_model(model, count_lints(model, small()))
    assert (found.code, found.n) == ("gap", 2)  # 20 and 49
    assert found.text.endswith("move an end, or add a case for it (2 of 5 leads).")


def test_a_shared_border_is_told_with_the_leads_on_it():
    model = sheet(f"id: size, cases: [{size('gte: 11, lte: 1000')}, {size('gte: 1000')}]")
    assert lints(model, small()) == [("overlap", 1)]


def test_numbers_between_two_whole_ones_are_a_gap_only_where_leads_have_them():
    model = sheet("id: rate, cases: [{when: {title: {lte: 15}}, points: 1}, "
                  "{when: {title: {gte: 16}}, points: 2}]")  # fmt: skip
    whole = crm_of([lead(1, title="15"), lead(2, title="16")])
    assert lints(model, whole) == []
    assert lints(model, crm_of([lead(1, title="15.5"), lead(2, title="16")])) == [("gap", 1)]


def test_a_case_that_never_matches_is_told_with_the_leads_it_was_meant_for():
    model = sheet(f"id: size, cases: [{size('gte: 15')}, {size('gte: 40')}]")
    assert lints(model, small()) == [("never_matches", 2)]


def test_criteria_that_no_lead_ever_met_are_named():
    model = sheet(
        "id: ceo, label: Is CEO, when: {title: {contains_word: ceo}}, points: 9",
        "id: vp, when: {title: {contains_word: vp}}, points: 9, max: 0",
        "id: tags, field: domain, per_value: {x: 1}",
        "id: domains, field: domain, per_value: {B.example: 0, x: 1}",
    )
    found = lint_model(model, count_lints(model, small()))
    assert [(each.code, each.where, each.n) for each in found] == [
        ("never_met", ("ceo",), None),
        ("never_met", ("tags",), None),
    ]
    assert found[0].text == (
        "none of the 5 leads ever met 'Is CEO': a name may be spelled otherwise in the tables, or "
        "the criterion can go."
    )


def test_activities_silence_and_resets_that_no_lead_ever_had_are_named():
    rows = [
        activity(1, "form", 1),
        activity(1, "form", 2),
        activity(2, "form", 3),
        activity(3, "page_view", 61),  # after the end of the export
        activity(4, "click", 3, is_machine=True),
        activity(2, "recycled", 9),
    ]
    crm = small(rows, activity_roles={"sales": ("recycled",)})
    model = sheet(
        "id: form, activity: form, points: 1, per: {bucket: day, at_least: 2}",
        "id: tiers, activity: form, tiers: [{at_least: 3, points: 1}]",
        "id: pages, activity: page_view, points: 1",
        "id: clicks, activity: click, points: 1",
        "id: quiet, inactivity: {after: 60d}, points: -1",
        "id: long, inactivity: {after: 61d}, points: -1",
        more="resets: [{activities: Recycled}, {activities: deleted}]\n",
        dimension="behavior",
    )
    found = lint_model(model, count_lints(model, crm))
    named = [each.where[0] for each in found if each.code == "never_met"]
    assert named == ["tiers", "pages", "clicks", "long", "reset 2"]
    (reset,) = [each.text for each in found if each.where == ("reset 2",)]
    assert reset == (
        "none of the 5 leads was ever set back by deleted: a name may be spelled otherwise in the "
        "tables."
    )


def test_a_model_that_does_not_fit_the_tables_is_refused_as_in_a_backtest():
    with pytest.raises(ModelError, match="criterion 'c' uses the lead field 'titel'"):
        count_lints(sheet("id: c, when: {titel: vp}, points: 1"), small())


def test_an_activity_counted_twice_is_told_with_its_leads():
    rows = [activity(1, "page_view", 1, "/pricing"), activity(1, "page_view", 2, "/pricing"),
            activity(2, "page_view", 3, "/blog"), activity(3, "page_view", 3, "/pricing")]  # fmt: skip
    model = sheet(
        "id: pages, activity: page_view, points: 1",
        "id: pricing, activity: page_view, where: {page: {like: '/pricing*'}}, points: 9",
        dimension="behavior",
    )
    assert lints(model, small(rows)) == [("same_activity", 2)]


# Titles are missing from 3 of 5 leads, domains from 1, employees from 1 (the fifth).
NEGATIVE = [
    ("when: {title: {not_in: [intern]}}, points: 1", [("unknown_when_missing", 3)]),
    ("when: {title: {not_equals: intern}}, points: 1", [("unknown_when_missing", 3)]),
    ("when: {not: {title: {contains: intern}}}, points: 1", [("unknown_when_missing", 3)]),
    ("when: {title: {not_in: [intern], or_missing: true}}, points: 1", []),
    ("when: {title: {contains: vp}}, points: 1", []),
    ("when: {not: {title: {not_in: [VP Sales]}}}, points: 1", []),
    (("cases: [{when: {title: {not_in: [intern]}}, points: 1}, "
     "{when: {title: {missing: true}}, points: 0}]"), []),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "expected"), NEGATIVE)
def test_a_negative_test_on_a_field_that_is_often_missing_is_told(criterion, expected):
    assert lints(sheet(f"id: c, {criterion}"), small()) == expected


def test_what_is_unknown_is_said_in_words():
    model = sheet("id: c, label: No intern, when: {title: {not_in: [intern]}}, points: 1")
    (found,) = lint_model(model, count_lints(model, small()))
    assert found.text == (
        "'No intern' asks whether title is not intern, which is unknown where title is missing, "
        "and unknown pays nothing; add 'or_missing: true' if such leads are meant too (3 of 5 "
        "leads)."
    )


def test_gates_and_exceptions_with_negative_tests_are_told_as_well():
    model = sheet(
        "id: c, when: {title: {contains: s}}, points: 9",
        more="gates: [{when: {not: {title: {contains: s}}}, then: disqualified}]\n"
        "bands: [{name: mql, from: 9, exceptions: [{when: {domain: {not_in: [b.example]}}, "
        "from: 8}]}, {name: none}]\n",
    )
    found = lint_model(model, count_lints(model, small()))
    assert [(each.code, each.where, each.n) for each in found] == [
        ("unknown_when_missing", ("gate 1",), 3),
        ("unknown_when_missing", ("mql",), 1),
    ]


def test_a_field_that_is_seldom_missing_is_not_told():
    leads = [lead(i, title="VP" if i else None) for i in range(21)]
    model = sheet("id: c, when: {title: {not_in: [intern]}}, points: 1")
    assert lints(model, crm_of(leads)) == []  # 1 of 21 is less than 5%
    assert lints(model, crm_of(leads[:20])) == [("unknown_when_missing", 1)]


def test_counting_leaves_no_tables_behind():
    crm = small()
    model = sheet("id: c, when: {title: vp}, points: 1")
    query = "select count(*) from duckdb_schemas()"
    before = crm.connection.execute(query).fetchall()
    count_lints(model, crm)
    assert crm.connection.execute(query).fetchall() == before


ROWS = {seed: random_rows(seed, 30) for seed in range(3)}
CRMS = {seed: crm_of_rows(rows) for seed, rows in ROWS.items()}


@settings(max_examples=25)
@given(models(), st.sampled_from(sorted(ROWS)))
def test_no_score_leaves_the_least_and_the_most_and_nobody_meets_what_nobody_met(raw, seed):
    model = read(raw)
    low, high = attainable(model)
    counts = count_lints(model, CRMS[seed])
    rows = engine_scores(model, CRMS[seed], ROWS[seed])
    assert all(low <= row["score"] <= high for row in rows)
    unmet = [
        i
        for i, placed in enumerate(model.criteria)
        if counts.met[placed.criterion.id] == 0
        and placed.criterion.min is None
        and placed.criterion.max is None
    ]
    assert all(row[f"p{i}"] == 0 for row in rows for i in unmet)
    assert all(0 <= n <= counts.n for n in (*counts.leads.values(), *counts.shared.values()))
    assert all(lint.text.endswith(".") for lint in lint_model(model, counts))
