"""A model as integers."""

from __future__ import annotations

from toolkit.backtest.core import (
    ActivityRule,
    FitRule,
    GroupPlan,
    InactivityRule,
    Limits,
    Plan,
    Rule,
)
from toolkit.model import ActivityCriterion, CasesCriterion, Model

__all__ = ["make_plan"]


def make_plan(model: Model) -> Plan:
    """Turn a model into integers; criteria keep the order of the file."""
    fit, behavior = model.dimensions.fit, model.dimensions.behavior
    return Plan(
        rules=_rules(model),
        groups=_groups(model),
        fit=Limits(fit.min, fit.max),
        behavior=Limits(behavior.min, behavior.max),
        base=model.base,
        total=Limits(model.min, model.max),
    )


def _rules(model: Model) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    fit_columns = activity_columns = 0
    for placed in model.criteria:
        criterion = placed.criterion
        limits = Limits(criterion.min, criterion.max)
        if isinstance(criterion, CasesCriterion):
            rules.append(FitRule(fit_columns))
            fit_columns += 1
        elif isinstance(criterion, ActivityCriterion):
            rule = ActivityRule(
                source=activity_columns,
                points=criterion.points,
                within=criterion.within,
                max_units=criterion.max_units,
                limits=limits,
            )
            rules.append(rule)
            activity_columns += 1
        else:
            rules.append(InactivityRule(criterion.after, criterion.points, limits))
    return tuple(rules)


def _groups(model: Model) -> tuple[GroupPlan, ...]:
    plans, start = [], 0
    for group in model.groups:
        stop = start + len(group.criteria)
        members = tuple(range(start, stop))
        plans.append(GroupPlan(members, group.dimension, Limits(group.min, group.max)))
        start = stop
    return tuple(plans)
