"""A model as plain data, as it stands in a file: only what differs from the default."""

from __future__ import annotations

import json
from hashlib import sha256
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from toolkit.model.accounts import AccountScore
from toolkit.model.criteria import (
    Active,
    ActivityCriterion,
    AnyCriterion,
    CasesCriterion,
    InactivityCriterion,
    LedgerCriterion,
    PerValueCriterion,
    TiersCriterion,
)
from toolkit.model.derived import Derived
from toolkit.model.parts import Band, Content, Dimension, Gate, Group, Reset
from toolkit.model.units import Decay, Per
from toolkit.model.values import duration_text, readable

if TYPE_CHECKING:
    from toolkit.model.conditions import Condition, Test

__all__ = ["Plain", "content_hash", "plain_condition", "plain_criterion", "plain_model"]

Plain = dict[str, Any]


def content_hash(model: Content) -> str:
    """First 12 hex digits of the SHA-256 of the model's content."""
    plain = plain_model(model)
    if model.derive:
        # The order of keys means something in lists of words, and there only.
        plain["<order>"] = [
            [list_name for list_name, _ in derived.first_word_list or ()]
            for _, derived in sorted(model.derive, key=itemgetter(0))
        ]
    text = json.dumps(plain, sort_keys=True, ensure_ascii=True)
    return sha256(text.encode("ascii")).hexdigest()[:12]


def plain_model(model: Content) -> Plain:
    """Turn the model into dicts, lists, text and numbers, as they stand in a file."""
    dimensions = {
        name: _plain_dimension(dimension)
        for name, dimension in (
            ("fit", model.dimensions.fit),
            ("behavior", model.dimensions.behavior),
        )
    }
    return _given(
        lead_score_model=model.lead_score_model,
        name=model.name,
        version=model.version,
        label=model.label,
        valid_from=model.valid_from and model.valid_from.isoformat(),
        scale=_unless(1, model.scale),
        rounding=_unless("half_up", model.rounding),
        base=model.base or None,
        min=model.min,
        max=model.max,
        dimensions=_given(**{name: part or None for name, part in dimensions.items()}) or None,
        groups=[_plain_group(group) for group in model.groups],
        gates=[_plain_gate(gate) for gate in model.gates] or None,
        bands=[_plain_band(band) for band in model.bands] or None,
        account_score=model.account_score and _plain_account(model.account_score),
        resets=[_plain_reset(reset) for reset in model.resets] or None,
        derive={name: _plain_derived(derived) for name, derived in model.derive} or None,
    )


def _unless(default: Any, value: Any) -> Any:
    return None if value == default else value


def _given(**entries: Any) -> Plain:
    return {key: value for key, value in entries.items() if value is not None}


def _plain_dimension(dimension: Dimension) -> Plain:
    grades = [{"grade": grade.grade, "from": grade.start} for grade in dimension.grades]
    return _given(
        min=dimension.min,
        max=dimension.max,
        weight=_unless(1, dimension.weight),
        grades=grades or None,
    )


def _plain_band(band: Band) -> Plain:
    exceptions = [
        {"when": plain_condition(entry.when), "from": entry.start} for entry in band.exceptions
    ]
    return _given(
        name=band.name,
        **{"from": band.start},
        handoff=band.handoff or None,
        exceptions=exceptions or None,
    )


def _plain_account(rule: AccountScore) -> Plain:
    bands = [_given(name=band.name, **{"from": band.start}) for band in rule.bands]
    return _given(
        roll_up=rule.roll_up,
        top=rule.top,
        **{"from": rule.start},
        min=rule.min,
        max=rule.max,
        bands=bands or None,
    )


def _plain_reset(reset: Reset) -> Plain:
    groups = None if reset.groups is None else _one_or_list(reset.groups)
    return _given(activities=_one_or_list(reset.activities), groups=groups)


def _plain_derived(derived: Derived) -> Plain:
    lists = {name: _one_or_list(words) for name, words in derived.first_word_list or ()}
    return _given(domain_of=derived.domain_of, of=derived.of, first_word_list=lists or None)


def _label(part: Group | AnyCriterion) -> str | None:
    return None if part.label == readable(part.id) else part.label


def _plain_group(group: Group) -> Plain:
    return _given(
        id=group.id,
        label=_label(group),
        dimension=group.dimension,
        min=group.min,
        max=group.max,
        criteria=[plain_criterion(criterion) for criterion in group.criteria],
    )


def plain_criterion(criterion: AnyCriterion) -> Plain:
    """One criterion as plain data, in the order of keys that a file has."""
    return _given(
        id=criterion.id,
        label=_label(criterion),
        **_plain_kind(criterion),
        min=criterion.min,
        max=criterion.max,
        weight=_unless(1, criterion.weight),
        active=criterion.active and _plain_active(criterion.active),
        basis=_unless("evidence", criterion.basis),
    )


def _plain_kind(criterion: AnyCriterion) -> Plain:
    if isinstance(criterion, CasesCriterion):
        return _plain_cases(criterion)
    if isinstance(criterion, PerValueCriterion):
        return {"field": criterion.field, "per_value": dict(criterion.per_value)}
    if isinstance(criterion, ActivityCriterion):
        return _plain_activity(criterion)
    if isinstance(criterion, TiersCriterion):
        return _plain_tiers(criterion)
    if isinstance(criterion, LedgerCriterion):
        return {"ledger": _one_or_list(criterion.ledger)}
    return _plain_inactivity(criterion)


def _plain_active(active: Active) -> Plain:
    days = {"from": active.start, "to": active.end}
    return {key: day.isoformat() for key, day in days.items() if day is not None}


def _plain_inactivity(criterion: InactivityCriterion) -> Plain:
    rule = criterion.inactivity
    silence = _given(
        after=duration_text(rule.after),
        repeat=rule.repeat or None,
        max_times=rule.max_times,
        recover=_unless(True, rule.recover),  # noqa: FBT003 - the default itself
    )
    return {"inactivity": silence, "points": criterion.points}


def _plain_tiers(criterion: TiersCriterion) -> Plain:
    tiers = [
        _given(
            at_least=tier.at_least,
            within=tier.within and duration_text(tier.within),
            points=tier.points,
        )
        for tier in criterion.tiers
    ]
    return _given(
        activity=_one_or_list(criterion.activity),
        where=criterion.where and plain_condition(criterion.where),
        tiers=tiers,
    )


def _plain_cases(criterion: CasesCriterion) -> Plain:
    cases = [
        _given(when=case.when and plain_condition(case.when), points=case.points)
        for case in criterion.cases
    ]
    if len(cases) == 1 and criterion.match == "first":
        return cases[0]
    return _given(match=None if criterion.match == "first" else criterion.match, cases=cases)


def _plain_activity(criterion: ActivityCriterion) -> Plain:
    return _given(
        activity=_one_or_list(criterion.activity),
        where=criterion.where and plain_condition(criterion.where),
        points=criterion.points,
        within=criterion.within and duration_text(criterion.within),
        per=criterion.per and _plain_per(criterion.per),
        max_units=criterion.max_units,
        decay=criterion.decay and _plain_decay(criterion.decay),
    )


def _plain_per(per: Per) -> Plain:
    return _given(
        bucket=per.bucket,
        at_least=_unless(1, per.at_least),
        at_most=per.at_most,
        units=_unless("activities", per.units),
    )


def _plain_decay(decay: Decay) -> Plain:
    spans = {key: getattr(decay, key) for key in ("every", "expire", "half_life")}
    return _given(
        percent=decay.percent,
        points=decay.points,
        **{key: duration_text(span) for key, span in spans.items() if span is not None},
        round=decay.round,
    )


def _plain_gate(gate: Gate) -> Plain:
    return {"when": plain_condition(gate.when), "then": gate.then}


def plain_condition(condition: Condition) -> Plain:
    """Turn a condition into plain data, as it stands in a file."""
    return {
        **{field: _plain_test(test) for field, test in condition.tests},
        **_given(
            all=[plain_condition(part) for part in condition.all_] or None,
            any=[plain_condition(part) for part in condition.any_] or None,
        ),
        **_given(**{"not": condition.not_ and plain_condition(condition.not_)}),
    }


def _plain_test(test: Test) -> Any:
    given = {
        key: _one_or_list(value)
        if isinstance(value, tuple) and key not in {"in", "not_in"}
        else _listed(value)
        for key, value in test.operators.items()
    }
    flags = _given(missing=test.missing, or_missing=test.or_missing or None)
    if flags or len(given) != 1:
        return {**given, **flags}
    return given.get("in") or given.get("equals", given)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _one_or_list(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
