"""A model whose every text is hostile scores as any other, and leaves the tables as they were."""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pytest

from tests.backtest.tables import START, UNTIL, at
from tests.model.damage import HOSTILE
from toolkit.backtest import AtAge, Outcome, explain_lead, run_backtest
from toolkit.crm import Crm, Mapping, connect
from toolkit.model import Model, describe, model_text, parse_model

Word = Callable[[str], str]


def model(word: Word) -> Model:
    """One criterion of each kind, and every other place where a text may stand."""
    w = word
    fit = [
        {"id": "bare", "label": w("label"), "when": {w("title"): w("boss")}, "points": 1},
        {"id": "texts", "points": 2, "when": {w("title"): {
            "in": [w("boss"), w("x")], "not_in": [w("y")], "contains": w("boss"),
            "starts_with": w("boss"), "ends_with": w("boss"), "like": w("boss") + "*",
            "contains_word": w("boss"), "not_equals": w("z"), "or_missing": True}}},
        {"id": "nested", "points": 4, "when": {"not": {"any": [
            {w("title"): w("nobody")}, {w("made"): w("other")}]}}},
        {"id": "values", "field": w("tags"), "per_value": {w("tag"): 8, w("none"): 99}},
        {"id": "domain", "when": {w("domain"): {"contains": "."}}, "points": 16},
        {"id": "words", "when": {w("made"): w("list")}, "points": 32},
    ]  # fmt: skip
    behavior = [
        {"id": "acts", "activity": w("view"), "where": {w("page"): w("home")}, "points": 64,
         "per": {"bucket": "asset", "at_most": 1}},
        {"id": "tiers", "activity": [w("view"), w("form")],
         "tiers": [{"at_least": 3, "points": 128}]},
        {"id": "days", "activity": w("form"), "points": 256, "max_units": 1,
         "decay": {"percent": 50, "every": "1d"}},
        {"id": "manual", "ledger": w("change")},
        {"id": "quiet", "inactivity": {"after": "3d", "recover": False}, "points": 512},
    ]  # fmt: skip
    return parse_model(json.dumps({
        "lead_score_model": 1, "name": w("name"), "version": w("version"), "label": w("label"),
        "groups": [
            {"id": "who", "label": w("who"), "dimension": "fit", "criteria": fit},
            {"id": "what", "label": w("what"), "dimension": "behavior", "criteria": behavior},
        ],
        "dimensions": {"fit": {"grades": [{"grade": w("A"), "from": 1}]}},
        "derive": {w("domain"): {"domain_of": w("mail")},
                   w("made"): {"of": w("title"), "first_word_list": {w("list"): w("boss")}}},
        "resets": [{"activities": w("reset")}],
        "gates": [{"when": {w("title"): w("rival")}, "then": w("hot")}],
        "bands": [{"name": w("hot"), "from": 100, "exceptions": [
            {"when": {w("title"): w("boss")}, "from": 50}]}, {"name": w("cold")}],
    }))  # fmt: skip


def frames(word: Word) -> dict[str, pd.DataFrame]:
    leads = pd.DataFrame({
        "lead_id": ["L", word("lead")], "created_at": [START] * 2,
        word("title"): [word("boss"), word("rival")], word("mail"): [f"x@{word('mail')}.example"] * 2,
        word("tags"): [f"{word('tag')};{word('tag')}", None],
    })  # fmt: skip
    rows = [("reset", -1, "home", "a"), ("view", 1, "home", "a"), ("view", 2, "home", "a"),
            ("view", 3, "else", "b"), ("form", 9.5, "home", "c"), ("change", 4, "home", "d")]  # fmt: skip
    activities = pd.DataFrame(
        [("L", word(kind), at(10 + day), word(page), word(asset), 1024 if kind == "change" else None)
         for kind, day, page, asset in rows],
        columns=["lead_id", "activity_type", "occurred_at", word("page"), "asset", "delta"],
    )  # fmt: skip
    stages = pd.DataFrame({"lead_id": ["L"], "stage": ["sql"], "entered_at": [at(50)]})
    return {"leads": leads, "activities": activities, "stage_changes": stages}


def content(crm: Crm) -> dict[str, str]:
    """All that the connection holds, table by table; schemas of one run are not of it."""
    names = crm.connection.execute(
        "select table_schema, table_name from information_schema.tables order by all"
    ).fetchall()
    return {
        f"{schema}.{name}": str(
            crm.connection.execute(f'select * from "{schema}"."{name}" order by all').fetchall()
        )
        for schema, name in names
    }


def scored(word: Word) -> tuple[object, ...]:
    given = frames(word)
    kept = {name: frame.copy(deep=True) for name, frame in given.items()}
    crm = connect(given, mapping=Mapping(observed_until=UNTIL, time_zone="UTC"))
    before = content(crm)
    made = model(word)
    found = explain_lead(made, crm, "L", as_of=at(20))
    assert content(crm) == before
    backtest = run_backtest(made, crm, moment=AtAge(20), outcome=Outcome("sql", within_days=30))
    after = content(crm)
    assert {name: after[name] for name in before} == before
    assert explain_lead(made, crm, word("lead"), as_of=at(20)).band == word("hot")
    for name, frame in given.items():
        pd.testing.assert_frame_equal(frame, kept[name])
    assert parse_model(model_text(made)) == made
    assert all(describe(placed.criterion) for placed in made.criteria)
    assert found.band == word("hot")
    assert found.grade == word("A")
    rows = backtest.rows().set_index("lead_id").loc["L"]
    return (
        found.score,
        tuple(found.table["points"]),
        tuple(rows[p.criterion.id] for p in made.criteria),
    )


PLAIN = scored(lambda text: f"w {text}")


def test_the_plain_model_pays_each_of_its_criteria() -> None:
    score, _, points = PLAIN
    # Views of one asset count once; the form is half a day old; silence from day 14 to 19.5.
    assert points == (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 512)
    assert score == sum(points)


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_hostile_text_scores_like_any_other_and_changes_no_table(text: str) -> None:
    harmless = text.replace(";", ",")  # what a value of a list may not hold
    values = {"tag", "none"}
    assert scored(lambda name: f"w {harmless if name in values else text} {name}") == PLAIN
