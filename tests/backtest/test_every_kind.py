"""Every kind of criterion: the engine equals the book, exactly, on random models and leads."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backtest import by_the_book
from tests.backtest.any_model import (
    crm_of_rows,
    engine_scores,
    for_the_book,
    models,
    random_rows,
    read,
    sqlite_scores,
)
from toolkit.backtest import explain_lead
from toolkit.model import band_of, exception_conditions, grade_of, model_text, parse_model
from toolkit.model import score_unit as unit_of

POOL = {seed: random_rows(seed, 40) for seed in range(4)}
CRMS = {}


def crm_of(seed: int, leads: int):
    if (seed, leads) not in CRMS:
        rows = POOL[seed] if leads == 40 else random_rows(seed, leads)
        CRMS[seed, leads] = rows, crm_of_rows(rows)
    return CRMS[seed, leads]


def own_activities(rows: dict) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for a in rows["activities"]:
        found.setdefault(a["lead_id"], []).append(a)
    return found


def compare(raw: dict, rows: dict, crm) -> None:
    model = read(raw)
    own = own_activities(rows)
    leads = {lead["lead_id"]: lead for lead in rows["leads"]}
    unit, book = unit_of(model), for_the_book(raw)
    finer = unit // model.scale
    for asked, row in zip(rows["moments"], engine_scores(model, crm, rows), strict=True):
        name = asked["lead_id"]
        expected = by_the_book.score(book, leads[name], own.get(name, []), asked["at"])
        found = [Fraction(int(row[f"p{i}"]), finer) for i in range(len(model.criteria))]
        fit, behavior = (Fraction(int(row[key]), finer) for key in ("fit", "behavior"))
        holds = [bool(row["profile"] >> i & 1) for i, _ in enumerate(exception_conditions(model))]
        assert {
            "points": found,
            "fit": fit,
            "behavior": behavior,
            "score": row["score"],
            "grade": grade_of(model, fit, behavior),
            "band": band_of(model, int(row["score"]), holds),
        } == expected, (name, asked["at"])


@settings(max_examples=25)
@given(models(), st.sampled_from(sorted(POOL)))
def test_the_engine_equals_the_book(raw: dict, seed: int) -> None:
    rows, crm = crm_of(seed, 40)
    compare(raw, rows, crm)


@pytest.mark.slow
@settings(max_examples=2_000, suppress_health_check=list(HealthCheck))
@given(models(), st.integers(100, 104))
def test_the_engine_equals_the_book_on_thousands_of_models(raw: dict, seed: int) -> None:
    rows, crm = crm_of(seed, 200)
    compare(raw, rows, crm)


@settings(max_examples=25)
@given(models(), st.sampled_from(sorted(POOL)), st.integers(0, 79))
def test_an_explanation_of_any_kind_adds_up(raw: dict, seed: int, number: int) -> None:
    rows, crm = crm_of(seed, 40)
    asked = rows["moments"][number]
    name = asked["lead_id"]
    why = explain_lead(read(raw), crm, name, as_of=asked["at"])
    lead = next(lead for lead in rows["leads"] if lead["lead_id"] == name)
    own = [a for a in rows["activities"] if a["lead_id"] == name]
    expected = by_the_book.score(for_the_book(raw), lead, own, asked["at"])
    assert sum(why.table["points"]) == why.score == expected["score"]
    assert (why.band, why.grade) == (expected["band"], expected["grade"])
    scale = raw.get("scale", 1)
    assert why.fit * scale == expected["fit"]
    lines = why.table.groupby("criterion")["points"].agg(lambda p: sum(p) * scale)
    ids = [c["id"] for g in raw["groups"] for c in g["criteria"]]
    assert [lines[i] for i in ids] == expected["points"]


@settings(max_examples=15)
@given(models(), st.sampled_from(sorted(POOL)))
def test_another_engine_gives_the_same_scores(raw: dict, seed: int) -> None:
    rows, crm = crm_of(seed, 40)
    model = read(raw)
    found = [(row["k"], row["score"]) for row in engine_scores(model, crm, rows)]
    assert sqlite_scores(model, crm, rows) == found


@settings(max_examples=60)
@given(models())
def test_a_model_of_any_kind_is_written_and_read_again(raw: dict) -> None:
    model = read(raw)
    again = parse_model(model_text(model))
    assert again == model
    assert again.hash == model.hash
