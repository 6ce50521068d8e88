"""Conditions as filters of HubSpot, and back: a list of alternatives, each a list of tests."""

from __future__ import annotations

from typing import Any

from toolkit.errors import ModelError

__all__ = ["condition_of", "days_of", "filter_of"]

Plain = dict[str, Any]
DAY = 86_400

_TEXT = {
    "contains": "CONTAINS",
    "starts_with": "STARTS_WITH",
    "ends_with": "ENDS_WITH",
    "in": "IS_EQUAL_TO",
    "not_in": "IS_NOT_EQUAL_TO",
}
_NUMBER = {
    "gt": "IS_GREATER_THAN",
    "gte": "IS_GREATER_THAN_OR_EQUAL_TO",
    "lt": "IS_LESS_THAN",
    "lte": "IS_LESS_THAN_OR_EQUAL_TO",
    "equals": "IS_EQUAL_TO",
    "not_equals": "IS_NOT_EQUAL_TO",
}
_KNOWN = {True: "IS_UNKNOWN", False: "IS_KNOWN"}


def days_of(seconds: int, named: str) -> int:
    """Give whole days; ModelError where a duration is none."""
    days, rest = divmod(seconds, DAY)
    if rest:
        raise ModelError(f"a HubSpot draft counts whole days, and {named} has hours")
    return days


def filter_of(when: Plain, named: str) -> Plain:
    """Write a condition as an OR of ANDs; ModelError where it is more than that."""
    alternatives = when["any"] if list(when) == ["any"] else [when]
    return _branch("OR", branches=[_all(part, named) for part in alternatives])


def _branch(kind: str, *, branches: list[Plain] | None = None, filters: Any = ()) -> Plain:
    return {
        "filterBranchType": kind,
        "filterBranches": branches or [],
        "filters": list(filters),
    }


def _all(when: Plain, named: str) -> Plain:
    if {"all", "any", "not"} & when.keys():
        raise ModelError(
            f"a HubSpot draft cannot say the condition of {named}: write it as one list of "
            "alternatives ('any'), each of which has tests only"
        )
    tests = [(field, key, value, missing) for field, test in when.items()
             for key, value, missing in _tests(test)]  # fmt: skip
    return _branch("AND", filters=[_filter(*test, named) for test in tests])


def _tests(test: Any) -> list[tuple[str, Any, bool]]:
    if isinstance(test, list):
        test = {"in": test}
    elif not isinstance(test, dict):
        test = {"equals": test}
    missing = bool(test.get("or_missing", False))
    return [(key, value, missing) for key, value in test.items() if key != "or_missing"]


def _filter(field: str, key: str, value: Any, missing: bool, named: str) -> Plain:  # noqa: FBT001
    operation: Plain
    if key == "missing":
        operation = {"operationType": "ALL_PROPERTY", "operator": _KNOWN[value]}
    elif key in _NUMBER and isinstance(value, int | float):
        operation = {"operationType": "NUMBER", "operator": _NUMBER[key], "value": value}
    else:
        operation = _text_operation(field, key, value, named)
    operation["includeObjectsWithNoValueSet"] = missing
    return {"filterType": "PROPERTY", "property": field, "operation": operation}


def _text_operation(field: str, key: str, value: Any, named: str) -> Plain:
    key = {"equals": "in", "not_equals": "not_in"}.get(key, key)
    values = value if isinstance(value, list) else [value]
    if key not in _TEXT or not all(isinstance(each, str) for each in values):
        raise ModelError(
            f"a HubSpot draft cannot say how {named} tests '{field}': texts are compared by in, "
            "not_in, contains, starts_with or ends_with, one number by gt, gte, lt, lte or equals"
        )
    return {"operationType": "MULTISTRING", "operator": _TEXT[key], "values": values}


# --- back ---------------------------------------------------------------------------------------


def condition_of(branch: Any, at: str) -> Plain:
    """Read a filter as a condition; ModelError names what is not understood."""
    alternatives = _parts(branch, "OR", at)
    read = [_alternative(part, f"{at}.filterBranches[{n}]") for n, part in enumerate(alternatives)]
    return read[0] if len(read) == 1 else {"any": read}


def _parts(branch: Any, kind: str, at: str) -> list[Any]:
    if not isinstance(branch, dict) or branch.get("filterBranchType") != kind:
        raise ModelError(f"{at}: expected a filter branch of type {kind}")
    here, other = ("filterBranches", "filters") if kind == "OR" else ("filters", "filterBranches")
    extra = branch.keys() - {"filterBranchType", "filterBranchOperator", here, other}
    if extra or branch.get(other) or not isinstance(branch.get(here), list) or not branch[here]:
        raise ModelError(f"{at}: expected {here} and nothing else in a branch of type {kind}")
    found: list[Any] = branch[here]
    return found


def _alternative(branch: Any, at: str) -> Plain:
    when: Plain = {}
    for number, told in enumerate(_parts(branch, "AND", at)):
        field, test = _read_filter(told, f"{at}.filters[{number}]")
        merged = {**when.get(field, {}), **test}
        clash = when.get(field, {}).keys() & test.keys() - {"or_missing"}
        if clash or when.get(field, test).get("or_missing") != test.get("or_missing"):
            raise ModelError(f"{at}: two filters of '{field}' cannot be one test")
        when[field] = merged
    return when


def _read_filter(told: Any, at: str) -> tuple[str, Plain]:
    keys = {"filterType", "property", "operation"}
    if not isinstance(told, dict) or told.keys() != keys or told["filterType"] != "PROPERTY":
        raise ModelError(f"{at}: expected a filter of type PROPERTY with property and operation")
    operation = told["operation"]
    if not isinstance(operation, dict):
        raise ModelError(f"{at}.operation: expected a mapping")
    test = _read_operation(operation, f"{at}.operation")
    if operation.get("includeObjectsWithNoValueSet"):
        test["or_missing"] = True
    return str(told["property"]), test


def _read_operation(operation: Plain, at: str) -> Plain:
    kind, operator = operation.get("operationType"), operation.get("operator")
    rest = operation.keys() - {"operationType", "operator", "includeObjectsWithNoValueSet"}
    for key, name in _TEXT.items():
        if (kind, operator) == ("MULTISTRING", name) and rest == {"values"}:
            return _read_values(key, operation["values"], at)
    for key, name in _NUMBER.items():
        if (kind, operator) == ("NUMBER", name) and rest == {"value"}:
            return {key: operation["value"]}
    for missing, name in _KNOWN.items():
        if (kind, operator) == ("ALL_PROPERTY", name) and not rest:
            return {"missing": missing}
    raise ModelError(f"{at}: the operation {kind} {operator} is not understood")


def _read_values(key: str, values: Any, at: str) -> Plain:
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise ModelError(f"{at}.values: expected a list of texts")
    if key in {"in", "not_in"} and len(values) == 1:
        return {"equals" if key == "in" else "not_equals": values[0]}
    return {key: values}
