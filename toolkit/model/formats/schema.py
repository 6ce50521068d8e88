"""The JSON Schema of a model file, made from the types that read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from toolkit.model.accounts import AccountScore
from toolkit.model.conditions import Condition, Test
from toolkit.model.criteria import Active, CasesCriterion, PerValueCriterion, Silence
from toolkit.model.derived import Derived
from toolkit.model.types import Band, Model
from toolkit.model.units import Decay, Per

__all__ = ["model_schema", "schema_text"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def model_schema() -> Schema:
    """Make the JSON Schema (draft 2020-12) of a model file, for editors and checks outside.

    Whatever the toolkit reads, the schema accepts. It does not see everything the toolkit refuses:
    names that stand twice, bands that do not fall, tiers that can never pay, patterns that are
    too slow. It is meant for data read as YAML 1.2.
    """
    made = Model.model_json_schema(by_alias=True, schema_generator=_Generator, mode="validation")
    types = {name: _spelled(name, part) for name, part in made.pop("$defs").items()}
    made["required"] = ["lead_score_model", *made["required"]]
    return {"$schema": DIALECT, **made, "title": "Lead-scoring model", "$defs": types}


def schema_text() -> str:
    """Write the schema as the text of a JSON file."""
    return json.dumps(model_schema(), indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, told what a file may hold: no nulls, and the short spellings."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        # A key without a value is an error in a file: it is given a value or left out.
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default", 0) in (None, [], {}, "") or isinstance(made.get("default"), dict):
            made.pop("default")
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema  # the key itself says it
        return False


def _spelled(name: str, part: Schema) -> Schema:
    """Tell one type's short spellings, and drop its title, which would only repeat its name."""
    part = {key: value for key, value in part.items() if key != "title"}
    return _SPELLINGS[name](part) if name in _SPELLINGS else part


def _requires(*keys: str) -> Schema:
    return {"required": [*keys]}


def _one_of(*ways: tuple[str, ...], keys: tuple[str, ...]) -> list[Schema]:
    """Ways to fill in some of `keys`, each of which excludes the keys it does not name."""
    return [
        {**_requires(*way), "not": {"anyOf": [_requires(key) for key in keys if key not in way]}}
        for way in ways
    ]


def _test(made: Schema) -> Schema:
    """A bare value means `equals`, a bare list `in`; `missing` stands alone."""
    properties = made["properties"]
    whole = {
        **{key: value for key, value in made.items() if key != "description"},
        "minProperties": 1,
        "not": {"anyOf": [_requires("gt", "gte"), _requires("lt", "lte")]},
        "if": _requires("missing"),
        "then": {
            "propertyNames": {"enum": ["missing", "or_missing"]},
            "properties": {"or_missing": {"const": False}},
        },
        "else": {"anyOf": [_requires(key) for key in properties if "missing" not in key]},
    }
    bare = properties["equals"]
    return {
        "description": made["description"],
        "anyOf": [bare, {"type": "array", "items": bare, "minItems": 1}, whole],
    }


def _condition(made: Schema) -> Schema:
    """Every key that is no combiner is a field with its test."""
    listed = {"minItems": 1, "type": "array"}
    test = made["properties"].pop("<tests>")["additionalProperties"]
    combiners = {
        key: {"items": value["items"], **listed} if key != "not" else value
        for key, value in made["properties"].items()
    }
    return {
        "description": made["description"],
        "type": "object",
        "properties": combiners,
        "additionalProperties": test,
        "propertyNames": {"pattern": r"^\S([\s\S]*\S)?$", "maxLength": 200},
        "minProperties": 1,
    }


def _cases(made: Schema) -> Schema:
    """One case may be written as `when` and `points` beside the other keys."""
    case = made["properties"]["cases"]["items"]
    short = {key: {"$ref": f"{case['$ref']}/properties/{key}"} for key in ("when", "points")}
    ways = _one_of(("cases",), ("when", "points"), keys=("cases", "when", "points"))
    required = [key for key in made["required"] if key != "cases"]
    properties = {**made["properties"], **short}
    return {**made, "properties": properties, "required": required, "oneOf": ways}


def _per_value(made: Schema) -> Schema:
    values = {**made["properties"]["per_value"], "minProperties": 1}
    values["propertyNames"] = {"pattern": r"^[^;]*[^\s;][^;]*$"}
    return {**made, "properties": {**made["properties"], "per_value": values}}


def _decay(made: Schema) -> Schema:
    keys = ("percent", "points", "every", "expire", "half_life", "round")
    ways = (("percent", "every"), ("points", "every"), ("expire",), ("half_life", "round"))
    return {**made, "oneOf": _one_of(*ways, keys=keys)}


def _per(made: Schema) -> Schema:
    buckets = {"properties": {"units": {"const": "buckets"}}, "required": ["units"]}
    limits = [_requires("at_least"), _requires("at_most")]
    return {**made, "if": buckets, "then": {"not": limits[1]}, "else": {"anyOf": limits}}


def _derived(made: Schema) -> Schema:
    keys = ("domain_of", "of", "first_word_list")
    properties = dict(made["properties"])
    properties["first_word_list"] = {**properties["first_word_list"], "minProperties": 1}
    ways = _one_of(("domain_of",), ("of", "first_word_list"), keys=keys)
    return {**made, "properties": properties, "oneOf": ways}


def _silence(made: Schema) -> Schema:
    again = {"properties": {"repeat": {"const": True}}, **_requires("repeat")}
    return {**made, "if": _requires("max_times"), "then": again}


def _band(made: Schema) -> Schema:
    """A band without `from` takes every other score: no hand-off, no exceptions."""
    rest = {"handoff": {"const": False}, "exceptions": {"maxItems": 0}}
    return {**made, "if": {"not": _requires("from")}, "then": {"properties": rest}}


def _account_score(made: Schema) -> Schema:
    """`top` and `from` each go with one kind of roll-up."""
    ways = [
        {"properties": {"roll_up": {"enum": [kind]}}, **needs}
        for kind, needs in (
            ("mean_top", {"required": ["top"], "not": _requires("from")}),
            ("count_from", {"required": ["from"], "not": _requires("top")}),
        )
    ]
    neither = {"not": {"anyOf": [_requires("top"), _requires("from")]}}
    ways.append({"properties": {"roll_up": {"enum": ["max", "sum"]}}, **neither})
    return {**made, "oneOf": ways}


_SPELLINGS: dict[str, Callable[[Schema], Schema]] = {
    Test.__name__: _test,
    Condition.__name__: _condition,
    CasesCriterion.__name__: _cases,
    PerValueCriterion.__name__: _per_value,
    Decay.__name__: _decay,
    Per.__name__: _per,
    Derived.__name__: _derived,
    Active.__name__: lambda made: {**made, "minProperties": 1},
    Silence.__name__: _silence,
    Band.__name__: _band,
    AccountScore.__name__: _account_score,
}
