"""Loading: what a model file says, and what each wrong line is told."""

from __future__ import annotations

from datetime import date

import pytest

from tests.model.sheets import DAY, GOLDEN, GROUP, HEAD, TINY, criterion, with_criterion
from toolkit.errors import ModelError, SourceError
from toolkit.model import (
    ActivityCriterion,
    Band,
    CasesCriterion,
    Group,
    InactivityCriterion,
    Model,
    Test,
    load_model,
    parse_model,
)


def test_the_enterprise_sheet_says_what_it_says():
    model = load_model(GOLDEN / "enterprise.yaml")
    assert (model.name, model.version, model.valid_from) == (
        "enterprise",
        "2026q3",
        date(2026, 7, 1),
    )
    assert (model.base, model.min, model.max) == (0, -100, 200)
    assert [placed.criterion.id for placed in model.criteria] == [
        "ideal_company",
        "role",
        "webinar",
        "white_paper",
        "unsubscribed",
    ]
    assert [placed.dimension for placed in model.criteria] == ["fit"] * 2 + ["behavior"] * 3
    assert [grade.grade for grade in model.dimensions.behavior.grades] == ["1", "2", "3"]
    assert (model.dimensions.fit.min, model.dimensions.fit.max) == (-40, 60)
    assert model.groups[1].max == 60
    assert model.criteria[0].group is model.groups[0]


def test_an_activity_criterion_reads_window_units_and_limits():
    found = load_model(GOLDEN / "enterprise.yaml").groups[1].criteria
    webinar, white_paper, unsubscribed = found
    assert isinstance(webinar, ActivityCriterion)
    assert (webinar.activity, webinar.within, webinar.max_units) == (
        ("webinar_attended",),
        180 * DAY,
        2,
    )
    assert white_paper.activity == ("download", "form")
    assert (white_paper.points, white_paper.max, white_paper.min) == (10, 30, None)
    assert unsubscribed.basis == "compliance"
    assert webinar.basis == "evidence"


def test_bands_and_the_handoff_threshold():
    model = load_model(GOLDEN / "enterprise.yaml")
    assert [(band.name, band.start, band.handoff) for band in model.bands] == [
        ("immediate", 80, True),
        ("sales", 50, True),
        ("nurture", 40, False),
        ("reactivate", None, False),
    ]
    assert model.handoff_threshold == 50
    assert parse_model(TINY).handoff_threshold is None


def test_a_bare_when_is_the_only_case():
    bare = criterion("when: {title: vp}, points: 5")
    listed = criterion("cases: [{when: {title: vp}, points: 5}]")
    assert bare == listed
    assert isinstance(bare, CasesCriterion)


def test_inactivity_reads_its_days():
    quiet = criterion("inactivity: {after: 30d}, points: -10")
    assert isinstance(quiet, InactivityCriterion)
    assert (quiet.after, quiet.points) == (30 * DAY, -10)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90d", 90 * DAY),
        ("12h", 12 * 3600),
        ("2w", 14 * DAY),
        ("1mo", 30 * DAY),
        ("1y", 365 * DAY),
        ("3 d", 3 * DAY),
        ("'7d'", 7 * DAY),
    ],
)
def test_a_duration_is_whole_seconds(written, seconds):
    assert criterion(f"activity: a, points: 1, within: {written}").within == seconds


def test_a_label_defaults_to_the_id_made_readable():
    assert load_model(GOLDEN / "glossary.yaml").groups[1].criteria[2].label == "White paper"


def test_short_tests_mean_in_and_equals():
    case = criterion("when: {a: [x, 1], b: no, c: 02134, d: true, e: 5.0}, points: 1").cases[0]
    assert case.when.tests == (
        ("a", Test(in_=("x", 1))),
        ("b", Test(equals="no")),
        ("c", Test(equals="02134")),
        ("d", Test(equals="true")),
        ("e", Test(equals=5)),
    )


def test_a_field_may_be_called_like_anything_but_a_combiner():
    tests = (
        criterion("when: {tests: x, 'in': y, on: z, '<tests>': w}, points: 1").cases[0].when.tests
    )
    assert [name for name, _ in tests] == ["tests", "in", "on", "<tests>"]


def test_types_are_frozen_and_hashable():
    model = load_model(GOLDEN / "enterprise.yaml")
    assert len({model, load_model(GOLDEN / "enterprise.yaml")}) == 1
    with pytest.raises(ValueError, match="frozen"):
        model.bands[0].name = "x"


def test_in_python_the_fields_own_names_and_seconds_work():
    assert Band(name="a", start=5) == Band(**{"name": "a", "from": 5})
    assert ActivityCriterion(id="a", activity="x", points=1, within=DAY).within == DAY


def test_a_checked_model_can_be_built_again_from_its_parts():
    model = load_model(GOLDEN / "enterprise.yaml")
    parts = {name: getattr(model, name) for name in type(model).model_fields}
    assert Model(**parts) == model
    assert Group(id="g", dimension="fit", criteria=model.groups[0].criteria).label == "G"


def test_a_model_shows_only_what_was_given():
    assert repr(parse_model(TINY).criteria[0].criterion) == (
        "CasesCriterion(id='c', label='C', cases=(Case(when=Condition(tests=(('title', "
        "Test(equals='vp')),)), points=1),))"
    )


# --- wrong files: (text, what the message must hold) --------------------------------------------

# The sign ¦ marks where the error must point.
CRITERIA = {
    "when: {title: vp}, ¦pionts: 1": "unknown key 'pionts': did you mean 'points'?",
    "when: {title: vp}": "'points' is missing in 'criteria'",
    "activity: a": "'points' is missing",
    "inactivity: {after: 30d}": "'points' is missing",
    "inactivity: ¦{}, points: 1": "'after' is missing in 'inactivity'",
    "inactivity: 30d, points: 1": "'inactivity' must be a mapping (key: value); found text '30d'",
    "points: 1": "criterion 'c' says not what it pays for: add 'when', 'cases', "
    "'per_value', 'activity', 'inactivity' or 'ledger'",
    "when: {a: b}, ¦activity: x, points: 1": "criterion 'c' has 'when' and 'activity', "
    "which clash: give one, or make two criteria",
    "when: {a: b}, cases: [{points: 1}], points: 1": "criterion 'c' has 'cases' and 'when'",
    "cases: [{when: {a: b}, points: 1}], ¦points: 1": "'points' belong inside each case",
    "cases: ¦[]": "this list is empty",
    "cases: {when: {a: b}, points: 1}": "'cases' must be a list; found a mapping",
    "cases: [¦{points: 1}, {when: {a: b}, points: 2}]": "only the last case may",
    "cases: [{points: 1}]": "the only case has no 'when', so it pays every lead; use 'base'",
    "cases: [{when: {a: b}}]": "'points' is missing in 'cases'",
    "cases: [{when: {a: b}, points: 1}], match: frist": "'match' must be one of first, sum, max; "
    "found text 'frist' (did you mean first?)",
    "when: {}, points: 1": "this condition is empty; for a default case leave `when` out",
    "when: , points: 1": "'when' has no value",
    "when: vp, points: 1": "'when' must be a mapping (key: value); found text 'vp'",
    "when: {a: }, points: 1": "this test is empty; to ask for a missing value write {missing: true}",
    "when: {a: ¦{}}, points: 1": "no test is given; there are: contains",
    "when: {a: {¦gte: }}, points: 1": "'gte' has no value",
    "when: {a: {¦contain_word: x}}, points: 1": "unknown key 'contain_word': did you "
    "mean 'contains_word'?",
    "when: {a: {gte: ¦five}}, points: 1": "compare with a number; found text 'five'",
    "when: {a: {gte: true}}, points: 1": "compare with a number; found the truth value true",
    "when: {a: {gt: 1, gte: 2}}, points: 1": "'gt' and 'gte' clash",
    "when: {a: {lt: 1, lte: 2}}, points: 1": "'lt' and 'lte' clash",
    "when: {a: {gte: 15, lte: 0}}, points: 1": "no number lies between 15 and 0; exchange them?",
    "when: {a: {gt: 5, lte: 5}}, points: 1": "no number lies between 5 and 5",
    "when: {a: {missing: true, gte: 1}}, points: 1": "'missing' stands alone",
    "when: {a: {or_missing: true}}, points: 1": "no test is given",
    "when: {a: {missing: yes}}, points: 1": "write true or false; found text 'yes'",
    "when: {a: []}, points: 1": "this list is empty; it needs at least one entry",
    "when: {a: [¦'']}, points: 1": "blank text means missing",
    "when: {a: [null]}, points: 1": "compare with text or a number; found nothing",
    "when: {a: [[1]]}, points: 1": "compare with text or a number; found a list",
    "when: {a: {in: {b: 1}}}, points: 1": "compare with text or a number; found a mapping",
    "when: {a: {contains: ' '}}, points: 1": "this text is blank",
    "when: {a: {contains: 1.5}}, points: 1": "must be text; found the number 1.5; put it in quotes",
    "when: {a: {like: '**'}}, points: 1": "'**' fits every text",
    "when: {a: {matches: ¦'(x'}}, points: 1": "the pattern '(x' cannot be used: a '(' "
    "is never closed (at character 3)",
    "when: {a: {matches: '(a)\\1'}}, points: 1": "refers back to a group, which is not supported",
    "when: {any: ¦{a: b}}, points: 1": "'any' takes a list of conditions; found a mapping",
    "when: {all: []}, points: 1": "'all' takes a list of conditions; found a list",
    "when: {not: [{a: b}]}, points: 1": "'not' takes one condition; found a list",
    "when: {any: [{a: {gte: ¦x}}]}, points: 1": "compare with a number; found text 'x'",
    "when: {' a': b}, points: 1": "a field is named as in the table",
    "when: {a: b}, points: ¦ten": "'points' must be a whole number; found text 'ten'",
    "when: {a: b}, points: 1.5": "'points' must be a whole number; found the number 1.5",
    "when: {a: b}, points: 010": "'points' must be a whole number; found text '010'",
    "when: {a: b}, points: yes": "'points' must be a whole number; found text 'yes'",
    "when: {a: b}, points: true": "'points' must be a whole number; found the truth value true",
    "when: {a: b}, points: 12:30": "'points' must be a whole number; found text '12:30'",
    "when: {a: b}, points: 1e9": "'points' must be a whole number; found the number 1000000000.0",
    "when: {a: b}, points: 1000001": "'points' must lie between -1,000,000 and 1,000,000; found "
    "1,000,001",
    "when: {a: b}, points: -1000001": "'points' must lie between",
    "when: {a: b}, points: " + "9" * 5000: "is too large for a number",
    "when: {a: b}, points: 1, min: ¦5, max: 4": "'min' (5) is above 'max' (4)",
    "when: {a: b}, points: 1, ¦max: ": "'max' has no value; give it one or delete the key",
    "when: {a: b}, points: 1, basis: law": "'basis' must be one of evidence, policy, compliance",
    "when: {a: b}, points: 1, ¦within: 90d": "unknown key 'within'",
    "activity: a, points: 1, within: 90": "a duration is a whole number with a unit, as in 12h, "
    "90d, 2w, 1mo (30 days) or 1y (365 days); found the number 90",
    "activity: a, points: 1, within: 3m": "found text '3m'",
    "activity: a, points: 1, within: 0d": "a duration must be longer than 0 and at most 100y",
    "activity: a, points: 1, within: -3d": "found text '-3d'",
    "activity: a, points: 1, within: 1.5d": "found text '1.5d'",
    "activity: a, points: 1, within: 101y": "at most 100y; found text '101y'",
    "activity: a, points: 1, within: ٣d": "a duration is a whole number with a unit",
    "activity: a, points: 1, max_units: 0": "'max_units' must be a whole number from 1 to 1,000,000",
    "activity: [], points: 1": "this list is empty",
    "activity: ' ', points: 1": "this text is blank; write a name",
    "activity: {a: b}, points: 1": "this must be text; found a mapping",
    "activity: a, points: 1, where: {page: {¦lik: x}}": "unknown key 'lik': did you mean 'like'?",
}


@pytest.mark.parametrize("text", CRITERIA)
def test_a_wrong_criterion_is_told_what_is_wrong_and_where(text):
    line = with_criterion(text).splitlines()[7]
    with pytest.raises(ModelError) as caught:
        parse_model(with_criterion(text.replace("¦", "")), "f.yaml")
    assert CRITERIA[text] in str(caught.value)
    column = f"{line.index('¦') + 1}:" if "¦" in line else ""
    assert str(caught.value).startswith(f"f.yaml:8:{column}")


REFUSED = {
    "activity: a, points: 1, within: 1mo, calendar: true": "'calendar' is not supported by this "
    "version: a month is 30 days",
    "activity: a, points: 9, decay: {percent: 50, every: 1mo, calendar: true}": "'calendar' is "
    "not supported by this version: a month is 30 days",
    "activity: a, tiers: [{at_least: 1, within: 1mo, calendar: true, points: 2}]": "'calendar' is "
    "not supported",
    "inactivity: {after: 1mo, calendar: true}, points: 2": "'calendar' is not supported",
    "when: {a: b}, points: 1, multiply: 2": "'multiply' is not supported by this version: scores",
    "when: {a: b}, points: 1, normalize: true": "'normalize' is not supported by this version",
    "inactivity: {after: 1d}, repeat: true, points: 1": "'repeat' does not belong here: write it "
    "inside 'inactivity",
    "activity: a, points: 1, max_times: 2": "'max_times' does not belong here",
    "inactivity: {after: 1d, min: 1}, points: 1": "'min' does not belong here: write it beside",
    "activity: a, points: 1, tiers: [{at_least: 1, points: 2}]": "'points' does not belong here: "
    "with 'tiers' write it inside each tier",
    "activity: a, decay: {expire: 1d}, tiers: [{at_least: 1, points: 2}]": "'decay' does not "
    "belong here: tiers count single activities",
    "ledger: [x], within: 1d": "'within' does not belong here: a ledger pays the recorded deltas",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_is_refused_by_name_and_never_ignored(text):
    with pytest.raises(ModelError) as caught:
        parse_model(with_criterion(text), "f.yaml")
    assert REFUSED[text] in str(caught.value)
    key = REFUSED[text].split("'")[1]
    column = with_criterion(text).splitlines()[7].index(f"{key}:") + 1
    assert str(caught.value).startswith(f"f.yaml:8:{column}: ")


BANDS = "bands: [{name: a, from: 80}, {name: b, from: 50, handoff: true}, {name: c}]\n"
FILES = {
    "": "f.yaml:1:1: this is no model file: it has no line `lead_score_model: 1`, found nothing",
    "- 1": "this is no model file: it has no line `lead_score_model: 1`, found a list",
    "name: x": "found keys name; add that line",
    "lead_score_model: 2\nname: m\nversion: a\n" + GROUP: "f.yaml:1:19: this version of the "
    "toolkit reads format 1; found the number 2",
    HEAD: "f.yaml:1:1: 'groups' is missing",
    HEAD + "groups: []": "f.yaml:4:9: this list is empty",
    HEAD + "groups: {id: g}": "'groups' must be a list; found a mapping",
    HEAD + "groups: [{id: g, dimension: fit, criteria: []}]": "this list is empty",
    HEAD + "groups: [{id: g, dimension: fit, criteria: [1]}]": "a criterion is a mapping",
    HEAD + "groups: [{id: g, dimension: fti, criteria: []}]": "'dimension' must be one of fit, "
    "behavior; found text 'fti' (did you mean fit?)",
    HEAD + "groups: [{id: g, dimension: fit, criteria: [{when: {a: b}, points: 1}]}]": "'id' is "
    "missing in 'criteria'",
    HEAD + "groups: [{id: 1g, dimension: fit, criteria: [{id: a b, when: {a: b}, points: 1}]}]": ""
    "an id is one word of letters, digits, '_', '-' or '.', and begins with a letter; found text "
    "'a b'",
    TINY + "gropus: []": "f.yaml:5:1: unknown key 'gropus': did you mean 'groups'?",
    TINY + "version: 2": "f.yaml:5:1: 'version' stands here twice (first on line 3)",
    TINY.replace("'1'", "1.10"): "this must be text; found the number 1.1; put it in quotes",
    TINY + "valid_from: 2026-02-30": "a date is written as in 2026-07-01; found text '2026-02-30'",
    TINY + "valid_from: 20260701": "a date is written as in 2026-07-01; found the number 20260701",
    TINY + "min: 5\nmax: 4": "f.yaml:5:6: 'min' (5) is above 'max' (4)",
    TINY + "dimensions: {fit: {min: 2, max: 1}}": "'min' (2) is above 'max' (1)",
    TINY + "dimensions: {fitt: {min: 2}}": "unknown key 'fitt': did you mean 'fit'?",
    TINY + "dimensions: {fit: {grades: [{grade: A, from: 1}, {grade: B, from: 2}]}}": "f.yaml:5:67: "
    "grades stand highest first, but 'B' (from 2) comes after 'A' (from 1); exchange them",
    TINY + "dimensions: {fit: {grades: [{grade: A, from: 2}, {grade: a, from: 1}]}}": "there are "
    "two grades called 'a'",
    TINY + "bands: [{name: a, from: 50}, {name: b, from: 80}]": "f.yaml:5:46: bands stand highest "
    "first, but 'b' (from 80) comes after 'a' (from 50); exchange them",
    TINY + "bands: [{name: a, from: 50}, {name: b, from: 50}]": "the bands 'a' and 'b' overlap: both "
    "begin at 50",
    TINY + "bands: [{name: a, from: 50}, {name: A}]": "f.yaml:5:37: there are two bands called 'a'",
    TINY + "bands: [{name: a}, {name: b, from: 50}]": "f.yaml:5:9: only the last band may have no "
    "'from'; 'a' needs one",
    TINY + "bands: [{name: a, from: 50}, {name: b, handoff: true}]": "the band 'b' has no 'from', so "
    "it would hand off every lead",
    TINY + "bands: [{name: a, from: 50, to: 60}]": "unknown key 'to'",
    TINY + "bands: [{name: a, from: 50, when: {a: b}}]": "'when' is not supported by this version",
    TINY + "bands: [{name: a, start: 50}]": "unknown key 'start'",
    TINY + BANDS + "gates: [{when: {a: b}, then: bb}]": "f.yaml:6:30: 'then' must be 'disqualified' "
    "or the name of a band; found 'bb'",
    TINY + BANDS + "gates: [{when: {a: b}}]": "'then' is missing in 'gates'",
    TINY + BANDS + "gates: [{then: a}]": "'when' is missing in 'gates'",
    TINY + "base: 2e6": "'base' must be a whole number; found the number 2000000.0",
    TINY + "bands: [{name: a, from: x}]": "'from' must be a whole number; found text 'x'",
    TINY.replace("model: 1", "model: true"): "reads format 1; found the truth value true",
    TINY + "weight: 2": "f.yaml:5:1: 'weight' does not belong here: multiply 'scale'",
    TINY + "active: {from: 2026-01-01}": "'active' is not supported by this version: keep one",
    TINY + "missing: [Select]": "list the texts that mean missing in crm.yaml",
    TINY.replace("groups: [", "groups: [{id: g, dimension: fit, criteria: [{id: d, when: {a: b}, "
                 "points: 1}]}, "): "there are two groups called 'g'",
    TINY.replace("groups: [", "groups: [{id: h, dimension: fit, criteria: [{id: C, when: {a: b}, "
                 "points: 1}]}, "): "the criterion 'c' stands here twice (first in group 'h')",
}  # fmt: skip


@pytest.mark.parametrize("text", FILES, ids=lambda text: repr(text[-40:]))
def test_a_wrong_file_is_told_what_is_wrong_and_where(text):
    with pytest.raises(ModelError) as caught:
        parse_model(text, "f.yaml")
    assert FILES[text] in str(caught.value)
    assert str(caught.value).startswith("f.yaml:")


def test_all_problems_are_listed_each_with_its_place():
    text = with_criterion("when: {a: {gte: x}}, points: y, bsais: z") + "bands: 5\n"
    with pytest.raises(ModelError) as caught:
        parse_model(text, "f.yaml")
    assert "unknown key 'bsais'" in str(caught.value)
    assert "\nf.yaml:9:8: 'bands' must be a list; found the number 5" in str(caught.value)


def test_a_missing_file_is_a_source_error(tmp_path):
    with pytest.raises(SourceError, match=r"cannot read none\.yaml"):
        load_model(tmp_path / "none.yaml")


def test_deep_conditions_are_refused_not_crashed_into():
    deep = "{not: " * 200 + "{a: b}" + "}" * 200
    with pytest.raises(ModelError, match="nested more than 40 levels"):
        criterion(f"when: {deep}, points: 1")
