"""A HubSpot draft comes back as it was written, and what it cannot say is refused."""

from __future__ import annotations

import json

import pytest

from tests.model.formats.test_schema import FILES
from toolkit.errors import ModelError, SourceError
from toolkit.model import parse_model
from toolkit.model.formats.hubspot import hubspot_draft, hubspot_text
from toolkit.model.formats.hubspot_read import read_hubspot

MODEL = """
lead_score_model: 1
name: inbound
version: 2026q3
max: 100
groups:
- id: who
  label: Who they are
  dimension: fit
  min: -20
  criteria:
  - {id: size, when: {employees: {gte: 50, lt: 1000}, country: [us, ca]}, points: 15}
  - {id: free, when: {any: [{domain: gmail.com}, {domain: {missing: true}}]}, points: -10, basis: policy}
  - {id: other, when: {industry: {not_in: [retail, games], or_missing: true}}, points: 5}
- id: what
  dimension: behavior
  max: 40
  criteria:
  - {id: form, label: Form, activity: [form, demo], points: 10, max: 30, decay: {percent: 50, every: 1mo}}
  - {id: price, activity: view, where: {page: {starts_with: /pricing}}, points: 5, within: 90d, max_units: 3}
"""


def read(data, tmp_path):
    (tmp_path / "draft.json").write_text(json.dumps(data), "utf-8")
    return read_hubspot(tmp_path / "draft.json")


def test_a_model_comes_back_from_its_draft(tmp_path):
    model = parse_model(MODEL)
    assert read(hubspot_draft(model), tmp_path) == model


def test_a_draft_comes_back_from_its_model(tmp_path):
    draft = hubspot_draft(parse_model(MODEL))
    assert json.loads(hubspot_text(read(draft, tmp_path))) == draft


def test_a_request_without_our_names_is_read_with_numbers_for_ids(tmp_path):
    draft = hubspot_draft(parse_model(MODEL))
    model = read(draft["request"], tmp_path)
    assert [group.id for group in model.groups] == ["group_1", "group_2"]
    assert [placed.criterion.id for placed in model.criteria] == [f"rule_{n}" for n in range(1, 6)]
    assert hubspot_draft(model)["request"] == draft["request"]


def test_groups_limits_rules_and_decay_stand_where_the_reference_has_them():
    request = hubspot_draft(parse_model(MODEL))["request"]
    assert (request["name"], request["maxScore"], request["objectTypeId"]) == (
        "inbound",
        100,
        "0-1",
    )
    group = request["groupConfigs"][1]
    assert (group["groupName"], group["groupCategory"], group["maxValue"]) == (
        "What",
        "ENGAGEMENT",
        40,
    )
    rule = group["ruleConfigurations"][0]
    assert rule["maximumValue"] == 30
    assert rule["enabled"] is True
    assert rule["configuration"]["calculation"] == {"type": "CONSTANT", "value": 10}
    assert rule["configuration"]["decay"] == {"percent": 50, "everyDays": 30}
    test = request["groupConfigs"][0]["ruleConfigurations"][0]["configuration"]["filterBranch"]
    assert test["filterBranches"][0]["filters"][0] == {
        "filterType": "PROPERTY",
        "property": "employees",
        "operation": {
            "operationType": "NUMBER",
            "operator": "IS_GREATER_THAN_OR_EQUAL_TO",
            "value": 50,
            "includeObjectsWithNoValueSet": False,
        },
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("max: 100", "base: 5", "cannot say a base"),
        ("max: 100", "min: 5", "cannot say a lower limit of the whole score"),
        ("max: 100", "scale: 3", "cannot say a scale"),
        ("max: 100", "resets: [{activities: x}]", "cannot say resets"),
        ("max: 100", "dimensions: {fit: {max: 5}}", "cannot say limits, weights or grades"),
        ("max: 100", "gates: [{when: {x: 1}, then: disqualified}]", "cannot say gates"),
        ("max: 100", "derive: {x: {domain_of: y}}", "cannot say derived fields"),
        (
            "points: 15}",
            "points: 15, weight: 2}",
            "the weight or the season of the criterion 'size'",
        ),
        ("{gte: 50, lt: 1000}", "{contains_word: x}", "how the criterion 'size' tests 'employees'"),
        ("{gte: 50, lt: 1000}", "[5, 6]", "how the criterion 'size' tests 'employees'"),
        (
            "when: {industry",
            "when: {not: {x: 1}, industry",
            "the condition of the criterion 'other'",
        ),
        ("within: 90d", "within: 5h", "counts whole days, and the criterion 'price' has hours"),
        (
            "max_units: 3",
            "per: {bucket: day, units: buckets}",
            "it has no days, sessions or assets",
        ),
        ("{percent: 50, every: 1mo}", "{expire: 9d}", "the decay of the criterion 'form'"),
    ],
)
def test_what_a_draft_cannot_say_is_refused(old, new, said):
    assert old in MODEL
    with pytest.raises(ModelError, match=said):
        hubspot_draft(parse_model(MODEL.replace(old, new, 1)))


@pytest.mark.parametrize("name", FILES)
def test_an_example_is_written_whole_or_refused(name, tmp_path):
    model = parse_model(FILES[name])
    try:
        draft = hubspot_draft(model)
    except ModelError as refused:
        assert "a HubSpot draft cannot say" in str(refused)  # noqa: PT017
    else:
        again = read(draft, tmp_path)
        assert hubspot_draft(again) == draft


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("request", "new"), 1, "request.new: this key is not understood"),
        (("request", "groupConfigs"), 1, "request.groupConfigs: expected a list"),
        (("request", "objectTypeId"), "0-2", "only contacts"),
        (("request", "groupConfigs", 0, "groupCategory"), "X", "expected FIT or ENGAGEMENT"),
        (("request", "groupConfigs", 0, "ruleConfigurations", 0, "enabled"), False, "switched off"),
        (("request", "groupConfigs", 0, "ruleConfigurations", 0, "configuration", "calculation",
          "type"), "DECAY", "only CONSTANT is understood"),
        (("request", "groupConfigs", 0, "ruleConfigurations", 0, "configuration", "calculation",
          "value"), "5", "'points' must be a whole number"),
        (("request", "groupConfigs", 0, "ruleConfigurations", 0, "configuration", "filterBranch",
          "filterBranches", 0, "filters", 0, "operation", "operator"), "IS_ODD",
         r"filters\[0\].operation: the operation NUMBER IS_ODD is not understood"),
        (("request", "groupConfigs", 0, "ruleConfigurations", 0, "configuration", "filterBranch",
          "filterBranchType"), "AND", "expected a filter branch of type OR"),
        (("request", "groupConfigs", 1, "ruleConfigurations", 0, "configuration", "decay",
          "everyDays"), 1.5, "expected a whole number of days"),
        (("toolkit", "groups"), [{"id": "a", "criteria": []}], "not one entry for each group"),
        (("toolkit", "groups", 0, "criteria"), [], "toolkit names 0 criteria"),
    ],
)  # fmt: skip
def test_a_draft_is_never_read_in_part(path, value, said, tmp_path):
    draft = hubspot_draft(parse_model(MODEL))
    target = draft
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(ModelError, match=said):
        read(draft, tmp_path)


def test_what_is_no_json_is_refused(tmp_path):
    (tmp_path / "x.json").write_text("{", "utf-8")
    with pytest.raises(ModelError, match=r"x\.json: this is not JSON"):
        read_hubspot(tmp_path / "x.json")
    with pytest.raises(SourceError, match="cannot read"):
        read_hubspot(tmp_path / "nowhere.json")
