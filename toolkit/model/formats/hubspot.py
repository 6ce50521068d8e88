"""A model as the draft of a HubSpot lead score, and back. Experimental.

The envelope (groups, rules, limits) has the shape of HubSpot's public beta reference for lead
scores of September 2026, filters that of its public reference for list filters. How a rule names
its filter, its window and its decay is our own reading: the reference leaves it open. No draft
was ever sent to HubSpot, and nothing here sends or publishes one.
"""

from __future__ import annotations

import json
from typing import Any

from toolkit.errors import ModelError
from toolkit.model.criteria import ActivityCriterion, AnyCriterion, CasesCriterion
from toolkit.model.formats.filters import days_of, filter_of
from toolkit.model.plain import plain_criterion
from toolkit.model.types import Dimension, Group, Model

__all__ = ["hubspot_draft", "hubspot_text"]

Plain = dict[str, Any]
CATEGORIES = {"fit": "FIT", "behavior": "ENGAGEMENT"}
CONTACT = "0-1"


def hubspot_text(model: Model) -> str:
    """Write the draft as the text of a JSON file."""
    return json.dumps(hubspot_draft(model), indent=2, ensure_ascii=False) + "\n"


def hubspot_draft(model: Model) -> Plain:
    """Make the draft of a score: `request` in HubSpot's shape, `toolkit` with names it cannot hold.

    Groups with their limits, rules on fields and activities, limits of a rule, windows and decay
    in days can be said. Bands are not part of a score there; they are left out. ModelError names
    the first thing that cannot be said.
    """
    _refuse_whole(model)
    request = {
        "name": model.name,
        "objectTypeId": CONTACT,
        "allowedGroupTypes": sorted({CATEGORIES[group.dimension] for group in model.groups}),
        **({} if model.max is None else {"maxScore": model.max}),
        "groupConfigs": [_group(group) for group in model.groups],
    }
    return {"request": request, "toolkit": _names(model)}


def _refuse_whole(model: Model) -> None:
    wrong = {
        "a scale other than 1": model.scale != 1,
        "a base": model.base != 0,
        "a lower limit of the whole score": model.min is not None,
        "rounding other than half_up": model.rounding != "half_up",
        "limits, weights or grades of a dimension": any(
            part != Dimension() for part in (model.dimensions.fit, model.dimensions.behavior)
        ),
        "gates": bool(model.gates),
        "an account score": model.account_score is not None,
        "resets": bool(model.resets),
        "derived fields": bool(model.derive),
    }
    for what, there in wrong.items():
        if there:
            raise ModelError(f"a HubSpot draft cannot say {what}, which this model has")


def _names(model: Model) -> Plain:
    return {
        "version": model.version,
        "groups": [
            {"id": group.id, "criteria": [_name(part) for part in group.criteria]}
            for group in model.groups
        ],
    }


def _name(criterion: AnyCriterion) -> Plain:
    return {"id": criterion.id, "label": criterion.label, "basis": criterion.basis}


def _limits(part: Group | AnyCriterion, low: str, high: str) -> Plain:
    limits = {low: part.min, high: part.max}
    return {key: value for key, value in limits.items() if value is not None}


def _group(group: Group) -> Plain:
    return {
        "groupName": group.label,
        "groupCategory": CATEGORIES[group.dimension],
        **_limits(group, "minValue", "maxValue"),
        "ruleConfigurations": [_rule(criterion) for criterion in group.criteria],
    }


def _rule(criterion: AnyCriterion) -> Plain:
    named = f"the criterion '{criterion.id}'"
    if criterion.weight != 1 or criterion.active is not None:
        raise ModelError(f"a HubSpot draft cannot say the weight or the season of {named}")
    if isinstance(criterion, CasesCriterion):
        points, told = _property_rule(criterion, named)
    elif isinstance(criterion, ActivityCriterion):
        points, told = _activity_rule(criterion, named)
    else:
        raise ModelError(
            f"a HubSpot draft cannot say {named}: only rules on fields and on single activities"
        )
    return {
        "enabled": True,
        **_limits(criterion, "minimumValue", "maximumValue"),
        "configuration": {"calculation": {"type": "CONSTANT", "value": points}, **told},
    }


def _property_rule(criterion: CasesCriterion, named: str) -> tuple[int, Plain]:
    first = criterion.cases[0]
    if len(criterion.cases) != 1 or first.when is None:
        raise ModelError(
            f"a HubSpot draft cannot say {named}: each rule pays by itself, so write every case as "
            "a criterion of its own, with conditions that exclude one another"
        )
    when = plain_criterion(criterion).get("when") or plain_criterion(criterion)["cases"][0]["when"]
    return first.points, {"filterBranch": filter_of(when, named)}


def _activity_rule(criterion: ActivityCriterion, named: str) -> tuple[int, Plain]:
    plain = plain_criterion(criterion)
    if "per" in plain:
        raise ModelError(f"a HubSpot draft cannot say {named}: it has no days, sessions or assets")
    told: Plain = {"eventTypes": list(criterion.activity)}
    if "where" in plain:
        told["filterBranch"] = filter_of(plain["where"], named)
    if criterion.within is not None:
        told["timeframeDays"] = days_of(criterion.within, named)
    if criterion.max_units is not None:
        told["maximumOccurrences"] = criterion.max_units
    if criterion.decay is not None:
        told["decay"] = _decay(criterion, named)
    return criterion.points, told


def _decay(criterion: ActivityCriterion, named: str) -> Plain:
    decay = criterion.decay
    if decay is None or decay.percent is None or decay.every is None:
        raise ModelError(f"a HubSpot draft cannot say the decay of {named}: percent in days only")
    return {"percent": decay.percent, "everyDays": days_of(decay.every, named)}
