"""A PMML file scores leads as the toolkit does, says why it cannot, and is plain XML."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import pytest

from tests.backtest import any_model
from tests.model.formats.test_schema import FILES
from toolkit.errors import ModelError
from toolkit.model import parse_model
from toolkit.model.formats.pmml import NAMESPACE, pmml_text

HEAD = {"lead_score_model": 1, "name": "m", "version": "1"}
NORTH = {"region": "North"}
FIT = [
    {"when": NORTH, "points": 11},
    {"cases": [{"when": {"size": {"gte": 200}}, "points": 20},
               {"when": {"size": {"gte": 50, "lt": 200, "or_missing": True}}, "points": 7},
               {"points": -3}], "weight": 2},
    {"match": "max", "cases": [{"when": {"size": {"lt": 50}}, "points": -8},
                               {"when": {"region": ["east", "SOUTH "]}, "points": 4},
                               {"when": {"title": "intern"}, "points": -50}], "min": -9},
    {"match": "sum", "cases": [{"when": {"region": {"not_in": ["north", "south"]}}, "points": 3},
                               {"when": {"title": {"missing": True}}, "points": 5},
                               {"when": {"title": {"missing": False}, "size": 0}, "points": 9},
                               {"points": 100}]},
    {"when": {"not": {"any": [NORTH, {"size": {"gte": 50}}]}}, "points": 1_000},
    {"when": {"not": {"title": {"not_equals": " CHIEF", "or_missing": True}}}, "points": 10_000},
    {"when": {"not": {"all": [{"title": {"missing": True}}, {"region": "east"}]}}, "points": 400},
    {"match": "max", "cases": [{"when": {"size": {"gt": 49, "lte": 199.5}}, "points": -2},
                               {"points": 6}], "max": 5},
]  # fmt: skip


def fit_model(criteria=FIT, **more):
    numbered = [{"id": f"c{n}", **body} for n, body in enumerate(criteria)]
    groups = [{"id": "g", "dimension": "fit", "criteria": numbered}]
    return parse_model(json.dumps({**HEAD, "groups": groups, **more}, ensure_ascii=False))


EVALUATE = """
import json, sys
from pypmml import Model
model = Model.load(sys.argv[1])
leads = json.load(open(sys.argv[2], encoding="utf-8"))
print("scores:", json.dumps([model.predict(lead)["score"] for lead in leads]))
"""


def pmml_scores(text, leads, folder: Path):
    """Score leads with a public evaluator of PMML, which runs on Java, in a process of its own."""
    if shutil.which("java") is None:
        pytest.skip("no Java for the public evaluator of PMML")
    if find_spec("pypmml") is None:
        pytest.skip("the public evaluator of PMML (pypmml) is not installed")
    (folder / "model.pmml").write_text(text, "utf-8")
    (folder / "leads.json").write_text(json.dumps(leads), "utf-8")
    command = [sys.executable, "-c", EVALUATE, folder / "model.pmml", folder / "leads.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rpartition("scores:")[2])


def same_scores(model, folder, seed):
    rows = any_model.random_rows(seed, 300)
    scored = any_model.engine_scores(model, any_model.crm_of_rows(rows), rows)
    expected = [row["score"] for row in scored][::2]  # two moments of each lead, one fit
    names = ("title", "size", "region")
    leads = [{name: lead[name] for name in names} for lead in rows["leads"]]
    found = pmml_scores(pmml_text(model), leads, folder)
    assert found == expected
    return expected


def test_a_public_evaluator_gives_300_random_leads_the_scores_of_the_toolkit(tmp_path):
    model = fit_model(base=2, dimensions={"fit": {"weight": 3}})
    expected = same_scores(model, tmp_path, 20260701)
    assert len(expected) == 300
    assert len(set(expected)) > 20


def test_every_characteristic_has_a_default_and_no_reason_code():
    root = ET.fromstring(pmml_text(fit_model()))  # noqa: S314 - our own text
    space = {"p": NAMESPACE}
    card = root.find("p:Scorecard", space)
    assert card.get("useReasonCodes") == "false"
    assert root.get("version") == "4.4"
    for characteristic in card.iterfind("p:Characteristics/p:Characteristic", space):
        attributes = characteristic.findall("p:Attribute", space)
        assert [a.find("p:True", space) is not None for a in attributes].count(True) == 1
        assert attributes[-1].find("p:True", space) is not None
        assert all(re.fullmatch("-?[0-9]+", a.get("partialScore")) for a in attributes)


def test_texts_are_escaped_and_no_entity_is_declared(tmp_path):
    nasty = "<!ENTITY x \"&y;\"> ]]> 'é' \U0001f600"
    model = fit_model([{"when": {"region": nasty}, "points": 5}], label=nasty)
    model = model.model_copy(update={"name": nasty})
    text = pmml_text(model)
    assert "<!" not in text
    root = ET.fromstring(text)  # noqa: S314 - our own text
    values = [part.get("value") for part in root.iter(f"{{{NAMESPACE}}}SimplePredicate")]
    assert values == [nasty.lower()]
    leads = [{"region": f" {nasty} "}, {"region": "x"}, {"region": None}, {"region": ""}]
    assert pmml_scores(text, leads, tmp_path) == [5, 0, 0, 0]


WHEN = {"when": NORTH, "points": 5}


@pytest.mark.parametrize(
    ("criteria", "more", "said"),
    [
        ([{"activity": "form", "points": 1}], {}, "'c0' is no test of a lead's fields"),
        ([{"inactivity": {"after": "30d"}, "points": 1}], {}, "'c0' is no test of a lead's fields"),
        ([{"field": "x", "per_value": {"a": 1}}], {}, "'c0' is no test of a lead's fields"),
        ([{"ledger": "x"}], {}, "'c0' is no test of a lead's fields"),
        ([WHEN | {"active": {"from": "2026-01-01"}}], {}, "'c0' holds in a season only"),
        ([{"match": "sum", "cases": [WHEN], "max": 3}], {}, "'c0' limits a sum of cases"),
        ([WHEN], {"scale": 3}, "counts points on scale 3"),
        ([WHEN], {"max": 4}, "the whole score has limits, and its points can add up to 0 to 5"),
        ([WHEN], {"min": 1}, "the whole score has limits"),
        ([WHEN], {"dimensions": {"fit": {"max": 4}}}, "the dimension 'fit' has limits"),
        ([WHEN], {"gates": [{"when": NORTH, "then": "disqualified"}]}, "a gate decides"),
        ([{"when": {"x": {"contains_word": "vp"}}, "points": 5}], {}, "looks inside the text of"),
        ([{"when": {"x": {"like": "/p*"}}, "points": 5}], {}, "looks inside the text of 'x'"),
        ([{"when": {"x": ["a", 5]}, "points": 5}], {}, "compares 'x' with texts and with numbers"),
        ([{"when": {"x": "a"}, "points": 5}, {"when": {"x": {"gt": 5}}, "points": 5}], {},
         "'c1' compares 'x' as number, and elsewhere it is compared as text"),
        ([{"when": {"x": "Straße"}, "points": 5}], {}, "compares with 'Straße', whose lower case"),
        ([{"when": {"x": {"gt": 2**60}}, "points": 5}], {}, "too large a number"),
        ([{"when": {"d": "a"}, "points": 5}], {"derive": {"d": {"domain_of": "e"}}},
         "tests the derived field 'd'"),
        ([{"when": {"x": "a\x01b"}, "points": 5}], {}, "cannot stand in XML"),
    ],
)  # fmt: skip
def test_what_pmml_cannot_say_is_refused_with_its_reason(criteria, more, said):
    with pytest.raises(ModelError, match=re.escape(said)):
        pmml_text(fit_model(criteria, **more))


@pytest.mark.parametrize("name", [name for name in FILES if name != "golden company_size"])
def test_models_with_activities_are_refused(name):
    with pytest.raises(ModelError, match="PMML"):
        pmml_text(parse_model(FILES[name]))


def test_limits_that_can_never_bind_change_nothing():
    free = fit_model([WHEN])
    limited = fit_model([WHEN], max=5, min=0, dimensions={"fit": {"max": 5}})
    assert pmml_text(limited).replace(limited.hash, free.hash) == pmml_text(free)


def test_random_fit_conditions_score_alike(tmp_path):
    draw = Random(7)
    tests = [
        NORTH, {"region": {"not_in": ["north", "east"]}}, {"title": {"missing": True}},
        {"size": {"gte": 50}}, {"size": {"lt": 200, "or_missing": True}}, {"title": "intern"},
        {"region": {"not_equals": "south", "or_missing": True}}, {"size": [0, 49, 50]},
        {"size": {"missing": False}}, {"title": {"in": ["chief", "VP, Sales"]}},
    ]  # fmt: skip

    def condition(depth):
        kind = draw.choice(["test", "any", "all", "not"]) if depth else "test"
        if kind == "test":
            return draw.choice(tests)
        if kind == "not":
            return {"not": condition(depth - 1)}
        return {kind: [condition(depth - 1) for _ in range(draw.randint(1, 3))]}

    criteria = [
        {"match": draw.choice(["first", "max", "sum"]),
         "cases": [{"when": condition(3), "points": draw.randint(-9, 9)} for _ in range(3)]
         + [{"points": 3}] * draw.randint(0, 1)}
        for _ in range(40)
    ]  # fmt: skip
    same_scores(fit_model(criteria), tmp_path, 11)
