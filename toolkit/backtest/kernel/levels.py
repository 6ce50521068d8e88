"""From sums to scores: limits, weights and seasons of each level, in the order of the format."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolkit.backtest.core import (
    ActivityRule,
    Bounds,
    FitRule,
    InactivityRule,
    LedgerRule,
    Limits,
    Plan,
    TiersRule,
)
from toolkit.backtest.kernel.chunk import Chunk, Ints, Points
from toolkit.backtest.kernel.layout import Layout, folds, is_ranked
from toolkit.backtest.kernel.ranked import ranked_sum

__all__ = ["clamp", "dimension_points", "rounded", "rule_points", "total_points"]

Sums = Sequence[Ints]


def clamp(values: Ints, limits: Limits) -> Ints:
    """Hold values between limits; None is no limit."""
    if limits.low is not None:
        values = np.maximum(values, limits.low)
    return values if limits.high is None else np.minimum(values, limits.high)


def rule_points(i: int, layout: Layout, sums: Sums, points: Points, chunk: Chunk) -> Ints:
    """The points of rule i at each instant, after its limits, weight and season."""
    rule, home = layout.plan.rules[i], layout.home[i]
    if isinstance(rule, FitRule):
        raw = rule.factor * chunk.fit[rule.source][points.lead]
        return _in_season(raw * rule.bounds.weight, rule.bounds, points)
    if isinstance(rule, ActivityRule) and is_ranked(rule):
        return _bounded(ranked_sum(rule, chunk, points), rule.bounds, points)
    if home is None:
        raise AssertionError(rule)
    if folds(rule):
        return sums[home]
    raw = _tiers(rule, sums[home:]) if isinstance(rule, TiersRule) else sums[home]
    return _bounded(raw, rule.bounds, points)


def _tiers(rule: TiersRule, counts: Sums) -> Ints:
    reached = [n >= tier.at_least for n, tier in zip(counts, rule.tiers, strict=False)]
    return np.select(reached, [np.int64(tier.points) for tier in rule.tiers], np.int64(0))


def _bounded(raw: Ints, bounds: Bounds, points: Points) -> Ints:
    return _in_season(clamp(raw, bounds.limits) * bounds.weight, bounds, points)


def _in_season(values: Ints, bounds: Bounds, points: Points) -> Ints:
    if bounds.since is not None:
        values = np.where(points.time >= bounds.since, values, 0)
    return values if bounds.until is None else np.where(points.time < bounds.until, values, 0)


def dimension_points(name: str, layout: Layout, sums: Sums, points: Points, chunk: Chunk) -> Ints:
    """The points of a dimension at each instant, after the limits of groups and its own."""
    plan = layout.plan
    found = np.zeros(len(points.lead), dtype=np.int64)
    for number, group in enumerate(plan.groups):
        if group.dimension == name:
            own = _group_points(number, layout, sums, points, chunk)
            found = found + clamp(own, group.limits)
    if name in layout.shared:
        found = found + sums[layout.shared[name]]
    return clamp(found, (plan.fit if name == "fit" else plan.behavior).limits)


def _group_points(number: int, layout: Layout, sums: Sums, points: Points, chunk: Chunk) -> Ints:
    """The sum of a group before its limits, without what its dimension adds up."""
    rules = layout.plan.rules
    members = [i for i in layout.plan.groups[number].rules if layout.own[i]]
    lasting = [i for i in members if _lasts(rules[i])]
    found = _lasting(lasting, layout.plan, chunk)[points.lead]
    for i in members:
        if i not in lasting:
            found = found + rule_points(i, layout, sums, points, chunk)
    if number in layout.shared:
        found = found + sums[layout.shared[number]]
    return found


def _lasts(rule: FitRule | ActivityRule | TiersRule | InactivityRule | LedgerRule) -> bool:
    """Whether its points never change, so that they are added up once for each lead."""
    season = (rule.bounds.since, rule.bounds.until)
    return isinstance(rule, FitRule) and season == (None, None)


def _lasting(members: Sequence[int], plan: Plan, chunk: Chunk) -> Ints:
    found = np.zeros(chunk.n, dtype=np.int64)
    for i in members:
        rule = plan.rules[i]
        if isinstance(rule, FitRule):
            found = found + rule.factor * rule.bounds.weight * chunk.fit[rule.source]
    return found


def total_points(plan: Plan, fit: Ints, behavior: Ints) -> Ints:
    """The score in units of the plan, before it is rounded."""
    total = plan.base + plan.fit.weight * fit + plan.behavior.weight * behavior
    return clamp(np.asarray(total, dtype=np.int64), plan.total)


def rounded(plan: Plan, total: Ints) -> Ints:
    """The score in points: rounded half away from zero, or down."""
    if plan.unit == 1:
        return total
    if plan.down:
        return total // plan.unit
    size = (2 * np.abs(total) + plan.unit) // (2 * plan.unit)
    return np.where(total < 0, -size, size)
