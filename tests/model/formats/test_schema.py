"""The JSON Schema accepts what the toolkit reads and refuses what is plainly wrong."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.model.sheets import GOLDEN
from tests.model.test_writing import raw_models
from toolkit.crm.demo.texts import MODEL_YAML
from toolkit.errors import ModelError
from toolkit.model import example_text, list_examples, parse_model
from toolkit.model.formats.schema import model_schema
from toolkit.yamlfile import read_yaml

jsonschema = pytest.importorskip("jsonschema")
CHECK = jsonschema.Draft202012Validator(model_schema())
FILES = {
    **{name: example_text(name) for name in list_examples()},
    **{f"golden {path.stem}": path.read_text("utf-8") for path in sorted(GOLDEN.glob("*.yaml"))},
    "demo": MODEL_YAML,
}
FULL = """
lead_score_model: 1
name: full
version: 3
valid_from: 2026-07-01
base: 2
max: 90
dimensions: {fit: {weight: 2, grades: [{grade: A, from: 5}]}}
groups:
- id: g
  dimension: fit
  criteria:
  - {id: a, when: {x: 5}, points: 1, active: {from: 2026-01-01}}
  - {id: b, match: max, cases: [{when: {x: {gte: 5, lt: 9, or_missing: true}}, points: 1}, {points: 2}]}
  - {id: c, when: {any: [{x: [a, 1, true]}, {not: {y: {missing: true}}}]}, points: -3}
  - {id: d, field: f, per_value: {crm: 10}, max: 12}
- id: h
  dimension: behavior
  criteria:
  - {id: e, activity: [form, view], where: {page: {like: "/p*"}}, points: 1, within: 12h, decay: {percent: 5, every: 1mo}}
  - {id: i, activity: form, points: 9, decay: {half_life: 1w, round: floor}, per: {bucket: day, units: buckets}}
  - {id: j, activity: form, tiers: [{at_least: 3, within: 7d, points: 5}, {at_least: 1, points: 1}]}
  - {id: k, inactivity: {after: 30d, repeat: true, max_times: 3, recover: false}, points: -10}
  - {id: l, ledger: [adjust], min: 0}
resets: [{activities: recycled, groups: h}]
gates: [{when: {z: rival.example}, then: disqualified}]
bands: [{name: mql, from: 5, handoff: true, exceptions: [{when: {x: 1}, from: 7}]}, {name: rest}]
account_score: {roll_up: mean_top, top: 3, min: 0, bands: [{name: hot, from: 50}, {name: cold}]}
derive: {z: {domain_of: email}, y: {of: title, first_word_list: {vp: [vp, svp], m: manager}}}
"""


def accepts(text):
    return CHECK.is_valid(read_yaml(text, error=ModelError)[0])


def test_the_schema_is_itself_valid():
    jsonschema.Draft202012Validator.check_schema(model_schema())


@pytest.mark.parametrize("name", FILES)
def test_every_example_is_accepted(name):
    assert accepts(FILES[name])


@given(raw_models())
def test_what_the_toolkit_reads_the_schema_accepts(raw):
    assert CHECK.is_valid(raw)


def test_a_file_with_every_kind_is_accepted():
    parse_model(FULL)
    assert accepts(FULL)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("lead_score_model: 1\n", ""),
        ("lead_score_model: 1", "lead_score_model: 2"),
        ("name: full\n", ""),
        ("max: 90", "maximum: 90"),
        ("base: 2", "base: 2.5"),
        ("base: 2", "base: '2'"),
        ("valid_from: 2026-07-01", "valid_from: July"),
        ("dimension: behavior", "dimension: engagement"),
        ("within: 12h", "within: 12"),
        ("within: 12h", "within: 0d"),
        ("within: 12h", "within: a while"),
        ("when: {x: 5}, points: 1", "when: {x: 5}"),
        ("when: {x: 5}", "when: {}"),
        ("when: {x: 5}", "when: {x: {}}"),
        ("when: {x: 5}", "when: {x: []}"),
        ("when: {x: 5}", "when: {x: ''}"),
        ("when: {x: 5}", "when: {x: {is: 5}}"),
        ("when: {x: 5}", "when: {x: {missing: true, equals: 5}}"),
        ("when: {x: 5}", "when: {x: {or_missing: true}}"),
        ("when: {x: 5}", "when: {x: {gt: 1, gte: 2}}"),
        ("when: {x: 5}", "when: {x: {gte: many}}"),
        ("when: {x: 5}", "when: {any: []}"),
        ("id: a,", "id: 1 a,"),
        ("id: a,", "id: a, points_max: 3,"),
        ("points: -3", "points: 1000001"),
        ("match: max", "match: best"),
        ("{crm: 10}", "{}"),
        ("percent: 5, every: 1mo", "percent: 5"),
        ("percent: 5, every: 1mo", "percent: 5, points: 1, every: 1mo"),
        ("half_life: 1w, round: floor", "half_life: 1w"),
        ("bucket: day, units: buckets", "bucket: day"),
        ("bucket: day, units: buckets", "bucket: day, units: buckets, at_most: 1"),
        ("repeat: true, max_times", "max_times"),
        ("active: {from: 2026-01-01}", "active: {}"),
        ("at_least: 3, within", "within"),
        ("name: rest", "name: rest, handoff: true"),
        ("{domain_of: email}", "{domain_of: email, of: title}"),
        ("first_word_list: {vp: [vp, svp], m: manager}", "first_word_list: {}"),
        ("ledger: [adjust]", "ledger: []"),
        ("then: disqualified", "then:"),
        ("roll_up: mean_top, top: 3", "roll_up: mean_top"),
        ("roll_up: mean_top, top: 3", "roll_up: mean_top, top: 0"),
        ("roll_up: mean_top, top: 3", "roll_up: mean_top, top: 3, from: 5"),
        ("roll_up: mean_top, top: 3", "roll_up: count_from"),
        ("roll_up: mean_top, top: 3", "roll_up: sum, top: 3"),
        ("roll_up: mean_top, top: 3", "roll_up: mean"),
        ("roll_up: mean_top, ", ""),
        ("name: cold", "name: cold, handoff: true"),
    ],
)
def test_a_wrong_file_is_refused_by_the_schema_and_by_the_toolkit(right, wrong):
    text = FULL.replace(right, wrong, 1)
    assert text != FULL
    assert not accepts(text)
    with pytest.raises(ModelError):
        parse_model(text)


def test_editors_find_a_description_for_every_type():
    types = model_schema()["$defs"]
    assert [name for name, part in types.items() if not part.get("description")] == []


def test_points_durations_and_aliases_are_told_as_they_are_written():
    types = model_schema()["$defs"]
    assert {"from", "handoff", "exceptions", "name"} == set(types["Band"]["properties"])
    assert "in" in types["Test"]["anyOf"][2]["properties"]
    assert set(types["Condition"]["properties"]) == {"all", "any", "not"}
    assert types["ActivityCriterion"]["properties"]["within"]["type"] == "string"
