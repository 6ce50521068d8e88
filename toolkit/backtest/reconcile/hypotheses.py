"""One change of the model each, as a platform might count otherwise than its own points say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from toolkit.backtest.core import (
    ActivityRule,
    Bounds,
    Bucket,
    FitRule,
    InactivityRule,
    LedgerRule,
    Limits,
    Plan,
    Rule,
    TiersRule,
    Value,
)
from toolkit.backtest.moments import DAY
from toolkit.model import Model

__all__ = ["Hypothesis", "changes_of"]

_NONE = Limits()


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A change: another plan, or other activities (`events`: twice, once_more, latest_missing)."""

    code: str
    criterion: str | None
    label: str
    plan: Plan
    events: str | None = None
    source: int | None = None
    """Which flag `r<source>` of the activities it is about."""


def changes_of(model: Model, plan: Plan) -> tuple[Hypothesis, ...]:
    """List every change of a single part of the model that can be told from the model itself."""
    found = [
        replace(change, criterion=placed.criterion.id, label=placed.criterion.label)
        for i, placed in enumerate(model.criteria)
        for change in _criterion(plan, i)
    ]
    return (*found, *_limits(model, plan), *_everywhere(plan))


def _with_rule(plan: Plan, i: int, rule: Rule) -> Plan:
    return replace(plan, rules=(*plan.rules[:i], rule, *plan.rules[i + 1 :]))


def _criterion(plan: Plan, i: int) -> Iterator[Hypothesis]:
    rule = plan.rules[i]
    for code, changed in _rule_changes(rule):
        yield Hypothesis(code, None, "", _with_rule(plan, i, changed))
    if isinstance(rule, ActivityRule | TiersRule):
        for events in ("twice", "once_more", "latest_missing"):
            yield Hypothesis(events, None, "", plan, events, rule.source)


def _rule_changes(rule: Rule) -> Iterator[tuple[str, Rule]]:
    yield "missing", replace(rule, bounds=Bounds(weight=0))
    bounds = rule.bounds
    if bounds.since is not None or bounds.until is not None:
        yield "season_ignored", replace(rule, bounds=replace(bounds, since=None, until=None))
    if isinstance(rule, FitRule | LedgerRule):
        if bounds.limits != _NONE:
            yield "limit_ignored", replace(rule, bounds=replace(bounds, limits=_NONE))
    elif isinstance(rule, ActivityRule):
        yield from _activity_changes(rule)
    elif isinstance(rule, TiersRule):
        if any(tier.within is not None for tier in rule.tiers):
            tiers = tuple(replace(tier, within=None) for tier in rule.tiers)
            yield "never_expires", replace(rule, tiers=tiers)
    else:
        yield from _silence_changes(rule)


def _activity_changes(rule: ActivityRule) -> Iterator[tuple[str, Rule]]:
    bounds = rule.bounds
    if bounds.limits != _NONE or rule.max_units is not None:
        free = replace(bounds, limits=_NONE)
        yield "limit_ignored", replace(rule, bounds=free, max_units=None)
    steps = rule.value.steps
    full = Value((), steps[0][1]) if steps else rule.value
    if rule.within is not None or steps:
        yield "never_expires", replace(rule, within=None, value=full)
    if rule.within is not None and steps:
        yield "decay_ignored", replace(rule, value=full)
    if rule.bucket is None:
        yield "once_a_day", replace(rule, bucket=Bucket(None, DAY, 0, 1, 1))
    else:
        yield "each_counted", replace(rule, bucket=None)


def _silence_changes(rule: InactivityRule) -> Iterator[tuple[str, Rule]]:
    if rule.bounds.limits != _NONE:
        free = replace(rule.bounds, limits=_NONE)
        yield "limit_ignored", replace(rule, bounds=free)
    yield (
        "not_recovered" if rule.recover else "recovered",
        replace(rule, recover=not rule.recover),
    )
    yield ("repeated" if rule.times == 1 else "not_repeated",
           replace(rule, times=None if rule.times == 1 else 1))  # fmt: skip


def _limits(model: Model, plan: Plan) -> Iterator[Hypothesis]:
    for i, (group, made) in enumerate(zip(model.groups, plan.groups, strict=True)):
        if made.limits != _NONE:
            groups = (*plan.groups[:i], replace(made, limits=_NONE), *plan.groups[i + 1 :])
            label = f"the group '{group.label}'"
            yield Hypothesis("limit_ignored", None, label, replace(plan, groups=groups))
    for name in ("fit", "behavior"):
        part = plan.fit if name == "fit" else plan.behavior
        if part.limits != _NONE:
            free = replace(part, limits=_NONE)
            changed = replace(plan, fit=free) if name == "fit" else replace(plan, behavior=free)
            yield Hypothesis("limit_ignored", None, name, changed)
    if plan.total != _NONE:
        yield Hypothesis("limit_ignored", None, "the score", replace(plan, total=_NONE))


def _everywhere(plan: Plan) -> Iterator[Hypothesis]:
    """Changes of all criteria at once."""
    lasting = tuple(dict(_rule_changes(rule)).get("never_expires", rule) for rule in plan.rules)
    if sum(old != new for old, new in zip(plan.rules, lasting, strict=True)) > 1:
        yield Hypothesis("never_expires", None, "all criteria", replace(plan, rules=lasting))
    unreset = tuple(
        rule if isinstance(rule, FitRule) else replace(rule, reset=None) for rule in plan.rules
    )
    if unreset != plan.rules:
        yield Hypothesis("reset_ignored", None, "the score", replace(plan, rules=unreset))
