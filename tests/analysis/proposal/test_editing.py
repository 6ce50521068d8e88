"""Every kind of criterion takes new points at the right place, and nothing else moves."""

from __future__ import annotations

import pytest

from toolkit.analysis.proposal.editing import read_slots, revised_model
from toolkit.backtest.counting.terms import read_model
from toolkit.counts import Term
from toolkit.model import diff_models, parse_model

MODEL = parse_model("""
lead_score_model: 1
name: kinds
version: "1"
dimensions: {behavior: {weight: 2, max: 100}}
groups:
- id: who
  dimension: fit
  criteria:
  - {id: title, cases: [{when: {title: VP}, points: 20}, {when: {title: CEO}, points: 30}]}
  - {id: best, match: max, cases: [{when: {a: 1}, points: 5}, {when: {b: 1}, points: 10}]}
  - {id: sum, match: sum, max: 12, cases: [{when: {a: 1}, points: 5}, {when: {b: 1}, points: 10}]}
  - {id: topics, field: topics, per_value: {x: 3, y: 4}}
  - {id: capped, when: {c: 1}, points: 10, max: 15}
- id: what
  dimension: behavior
  max: 60
  criteria:
  - {id: visits, activity: page_view, points: 10, max: 30}
  - {id: form, activity: form, points: 10, max_units: 2, decay: {percent: 50, every: 30d}}
  - {id: many, activity: mail, tiers: [{at_least: 5, points: 10}, {at_least: 2, points: 4}]}
  - {id: quiet, inactivity: {after: 30d}, points: -10}
bands:
- {name: SQL, from: 80, handoff: true}
- {name: MQL, from: 40, exceptions: [{when: {c: 1}, from: 50}]}
- {name: rest}
""")
IDS = {
    "title": 2, "best": 2, "sum": 2, "topics": 2, "capped": 1, "visits": 1, "form": 1, "many": 2,
    "quiet": 1,
}  # fmt: skip
TERMS = tuple(
    Term(f"{name}[{i + 1}]", name, name, 1.0) for name, count in IDS.items() for i in range(count)
)
SLOTS = {(slot.criterion.id, slot.number): slot for slot in read_slots(MODEL, TERMS)}


def test_every_term_finds_its_number():
    written = {place: slot.written for place, slot in SLOTS.items()}
    assert written == {
        ("title", 0): 20, ("title", 1): 30, ("best", 0): 5, ("best", 1): 10, ("sum", 0): 5,
        ("sum", 1): 10, ("topics", 0): 3, ("topics", 1): 4, ("capped", 0): 10, ("visits", 0): 10,
        ("form", 0): 10, ("many", 0): 10, ("many", 1): 4, ("quiet", 0): -10,
    }  # fmt: skip


def test_the_engines_terms_find_the_numbers_that_pay_them():
    """What a unit adds to the score is the number in the file times its weight; limits aside."""
    terms = [term for reading in read_model(MODEL) for term in reading.terms]
    slots = read_slots(MODEL, terms)
    assert [slot.written * slot.per_point for slot in slots] == [term.points for term in terms]
    assert {(s.criterion.id, s.number) for s in slots} == set(SLOTS)


def test_a_point_of_a_heavy_dimension_is_worth_two_of_the_score():
    assert SLOTS["quiet", 0].per_point == 2
    assert SLOTS["title", 0].per_point == 1


@pytest.mark.parametrize(
    ("place", "new", "line"),
    [
        (("title", 1), 25, "points 30 -> 25"),
        (("sum", 0), 8, "points 5 -> 8"),
        (("topics", 1), 7, "4 -> 7"),
        (("form", 0), 15, "points 10 -> 15"),
        (("many", 1), 6, "4 -> 6"),
        (("quiet", 0), -5, "points -10 -> -5"),
    ],
)
def test_one_number_moves_and_nothing_else(place, new, line):
    found = revised_model(MODEL, {place: new}, starts={}, version="2")
    changes = [c for c in diff_models(MODEL, found).changes if c.moves_scores]
    assert len(changes) == 1, [c.in_words for c in changes]
    assert str(new) in changes[0].in_words, line


def test_an_activitys_own_limit_goes_with_its_points():
    found = revised_model(MODEL, {("visits", 0): 5}, starts={}, version="2")
    visits = found.groups[1].criteria[0]
    assert (visits.points, visits.max) == (5, 15)
    assert found.groups[1].max == 60
    assert found.dimensions.behavior.max == 100


def test_units_paid_and_decay_stay():
    form = revised_model(MODEL, {("form", 0): 30}, starts={}, version="2").groups[1].criteria[1]
    assert form.max_units == 2
    assert form.decay == MODEL.groups[1].criteria[1].decay


def test_thresholds_and_exceptions_move():
    found = revised_model(MODEL, {}, starts={80: 90, 50: 55}, version="2")
    assert [band.start for band in found.bands] == [90, 40, None]
    assert found.bands[1].exceptions[0].start == 55


def test_what_a_file_cannot_take_is_said():
    assert "another one would be best" in SLOTS["best", 0].why_not(15)
    assert SLOTS["best", 0].why_not(7) is None
    assert "the sign would change" in SLOTS["visits", 0].why_not(-5)
    assert SLOTS["visits", 0].why_not(20) is None
    assert SLOTS["form", 0].why_not(-5) is None


def test_points_beyond_a_criterions_limit_take_no_effect():
    assert SLOTS["capped", 0].limits == (-float("inf"), 15)
    assert SLOTS["sum", 0].limits == (-float("inf"), float("inf"))
    assert SLOTS["visits", 0].limits == (-float("inf"), float("inf"))
