"""Read the draft of a HubSpot lead score as a model. Experimental, as its writing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolkit.errors import ModelError, SourceError
from toolkit.model.formats.filters import condition_of
from toolkit.model.formats.hubspot import CATEGORIES, CONTACT
from toolkit.model.types import Model
from toolkit.yamlfile import Places, validate

__all__ = ["read_hubspot"]

Plain = dict[str, Any]
_DIMENSIONS = {category: name for name, category in CATEGORIES.items()}


def read_hubspot(path: str | Path) -> Model:
    """Read a draft: a file of ours (`request` and `toolkit`), or a bare request.

    A bare request has no ids; groups are then called group_1, rules rule_1 and so on. Raises
    SourceError when the file cannot be read, ModelError with the path inside it for whatever is
    not understood: a rule is never read in part.
    """
    source = Path(path)
    try:
        data = json.loads(source.read_text("utf-8-sig"))
    except OSError as reason:
        raise SourceError(f"cannot read {source.name}: {reason.strerror or reason}") from None
    except (ValueError, RecursionError) as reason:
        raise ModelError(f"this is not JSON: {reason}", file=source.name) from None
    try:
        plain = _model(data)
    except ModelError as reason:
        raise ModelError(str(reason), file=source.name) from None
    return validate(Model, plain, Places(source.name), source.name, ModelError)


def _only(data: Any, at: str, *known: str, need: tuple[str, ...] = ()) -> Plain:
    if not isinstance(data, dict):
        raise ModelError(f"{at}: expected a mapping")
    for key in data:
        if key not in known:
            raise ModelError(f"{at}.{key}: this key is not understood")
    for key in need:
        if key not in data:
            raise ModelError(f"{at}: the key '{key}' is missing")
    return data


def _list(data: Plain, key: str, at: str) -> list[Any]:
    if not isinstance(data[key], list):
        raise ModelError(f"{at}.{key}: expected a list")
    found: list[Any] = data[key]
    return found


def _model(data: Any) -> Plain:
    names: Plain = {}
    if isinstance(data, dict) and "request" in data:
        whole = _only(data, "the file", "request", "toolkit")
        data, names = whole["request"], _names(whole.get("toolkit", {}))
    known = ("name", "objectTypeId", "allowedGroupTypes", "maxScore", "groupConfigs")
    request = _only(data, "request", *known, need=("name", "groupConfigs"))
    if request.get("objectTypeId", CONTACT) != CONTACT:
        raise ModelError(f"request.objectTypeId: only contacts ({CONTACT}) are understood")
    configs = _list(request, "groupConfigs", "request")
    ids = names.get("groups") or _free_ids(configs)
    if len(ids) != len(configs):
        raise ModelError("toolkit.groups: there is not one entry for each group of the request")
    groups = [
        _group(config, name, f"request.groupConfigs[{n}]")
        for n, (config, name) in enumerate(zip(configs, ids, strict=True))
    ]
    limits = {"max": request["maxScore"]} if "maxScore" in request else {}
    version = names.get("version", "imported")
    head = {"lead_score_model": 1, "name": request["name"], "version": version}
    return {**head, **limits, "groups": groups}


def _names(told: Any) -> Plain:
    names = _only(told, "toolkit", "version", "groups")
    for number, group in enumerate(_list(names, "groups", "toolkit") if "groups" in names else ()):
        at = f"toolkit.groups[{number}]"
        _only(group, at, "id", "criteria", need=("id", "criteria"))
        for entry in _list(group, "criteria", at):
            _only(entry, f"{at}.criteria", "id", "label", "basis", need=("id",))
    return names


def _free_ids(configs: list[Any]) -> list[Plain]:
    """Number groups and rules where the draft brings no ids."""
    ids: list[Plain] = []
    count = 0
    for number, config in enumerate(configs, start=1):
        rules = config.get("ruleConfigurations", []) if isinstance(config, dict) else []
        numbers = range(count + 1, count + len(rules) + 1)
        count += len(rules)
        ids.append({"id": f"group_{number}", "criteria": [{"id": f"rule_{n}"} for n in numbers]})
    return ids


def _group(config: Any, names: Plain, at: str) -> Plain:
    known = ("groupName", "groupCategory", "minValue", "maxValue", "ruleConfigurations")
    told = _only(config, at, *known, need=("groupName", "groupCategory", "ruleConfigurations"))
    if told["groupCategory"] not in _DIMENSIONS:
        raise ModelError(f"{at}.groupCategory: expected {' or '.join(_DIMENSIONS)}")
    rules = _list(told, "ruleConfigurations", at)
    if len(rules) != len(names["criteria"]):
        raise ModelError(f"{at}: toolkit names {len(names['criteria'])} criteria for its rules")
    return {
        "id": names["id"],
        "label": told["groupName"],
        "dimension": _DIMENSIONS[told["groupCategory"]],
        **_limits(told, "minValue", "maxValue"),
        "criteria": [
            {**name, **_rule(rule, f"{at}.ruleConfigurations[{n}]")}
            for n, (rule, name) in enumerate(zip(rules, names["criteria"], strict=True))
        ],
    }


def _limits(told: Plain, low: str, high: str) -> Plain:
    return {ours: told[theirs] for ours, theirs in (("min", low), ("max", high)) if theirs in told}


def _rule(rule: Any, at: str) -> Plain:
    known = ("enabled", "minimumValue", "maximumValue", "configuration")
    told = _only(rule, at, *known, need=("configuration",))
    if told.get("enabled", True) is not True:
        raise ModelError(f"{at}.enabled: this rule is switched off; take it out of the draft")
    keys = ("filterBranch", "eventTypes", "timeframeDays", "maximumOccurrences", "decay")
    at = f"{at}.configuration"
    rest = _only(told["configuration"], at, "calculation", *keys, need=("calculation",))
    sums = _only(rest["calculation"], f"{at}.calculation", "type", "value", need=("type", "value"))
    if sums["type"] != "CONSTANT":
        raise ModelError(f"{at}.calculation.type: only CONSTANT is understood")
    body = _activity(rest, at) if "eventTypes" in rest else _property(rest, at)
    return {**body, "points": sums["value"], **_limits(told, "minimumValue", "maximumValue")}


def _property(told: Plain, at: str) -> Plain:
    _only(told, at, "calculation", "filterBranch", need=("filterBranch",))
    return {"when": condition_of(told["filterBranch"], f"{at}.filterBranch")}


def _activity(told: Plain, at: str) -> Plain:
    read: Plain = {"activity": told["eventTypes"]}
    if "filterBranch" in told:
        read["where"] = condition_of(told["filterBranch"], f"{at}.filterBranch")
    if "timeframeDays" in told:
        read["within"] = _days(told["timeframeDays"], f"{at}.timeframeDays")
    if "maximumOccurrences" in told:
        read["max_units"] = told["maximumOccurrences"]
    if "decay" in told:
        keys = ("percent", "everyDays")
        decay = _only(told["decay"], f"{at}.decay", *keys, need=keys)
        every = _days(decay["everyDays"], f"{at}.decay.everyDays")
        read["decay"] = {"percent": decay["percent"], "every": every}
    return read


def _days(value: Any, at: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ModelError(f"{at}: expected a whole number of days")
    return f"{value}d"
