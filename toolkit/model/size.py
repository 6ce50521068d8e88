"""How large the sums of a model can become, and the refusal of those that no engine can hold.

Whole numbers up to 2^53 are exact on every engine, also where it divides in floating point, and
leave three digits of room in 64 bits. A sum is looked at for a lead with 100,000 units
(activities, spells of silence or recorded deltas) of each criterion, and for an account with
100,000 leads.
"""

from __future__ import annotations

from functools import singledispatch

from toolkit.model.criteria import (
    ActivityCriterion,
    AnyCriterion,
    CasesCriterion,
    InactivityCriterion,
    LedgerCriterion,
    PerValueCriterion,
    TiersCriterion,
)
from toolkit.model.parts import Content, Dimension, Group
from toolkit.model.values import MOST_POINTS
from toolkit.yamlfile import fail

__all__ = ["MOST_UNITS", "refuse_inexact"]

MOST_UNITS = 100_000
_EXACT = 2**53
_EXACT_OF_ACCOUNT = 2**62  # added up, never divided

Range = tuple[int, int]


def refuse_inexact(model: Content, unit: int) -> None:
    """Raise, at its place in the file, for the first sum that may pass 2^53 units.

    `unit` is how many units of the engine make a point, as `score_unit` says.
    """
    dimensions = {"fit": (0, 0), "behavior": (0, 0)}
    for number, group in enumerate(model.groups):
        found = _group(group, number, unit, unit // model.scale)
        dimensions[group.dimension] = _add(dimensions[group.dimension], found)
    finer = unit // model.scale
    total = (model.base * finer, model.base * finer)
    for name, dimension in (
        ("fit", model.dimensions.fit),
        ("behavior", model.dimensions.behavior),
    ):
        total = _add(total, _dimension(dimension, name, dimensions[name], unit, finer))
    _check("all points together", total, unit, "scale" if model.scale > 1 else "groups")
    # Halves are rounded as (2 * total + unit) / (2 * unit).
    low, high = _limited(total, model.min, model.max, finer)
    if unit > 1:
        _check("twice the score", (2 * low - unit, 2 * high + unit), unit, "scale")
    _check_account(model, max(abs(low), abs(high)) // unit + 1)


def _group(group: Group, number: int, unit: int, finer: int) -> Range:
    found = (0, 0)
    for place, criterion in enumerate(group.criteria):
        at = ("groups", number, "criteria", place)
        factor = unit if isinstance(criterion, LedgerCriterion) else finer
        low, high = _points(criterion)
        named = f"the points of the criterion '{criterion.id}'"
        raw = (low * factor, high * factor)
        _check(named, raw, unit, *at)
        kept = _limited(raw, criterion.min, criterion.max, finer)
        paid = (kept[0] * criterion.weight, kept[1] * criterion.weight)
        _check(f"{named} times its weight", paid, unit, *at, "weight")
        found = _add(found, (min(0, paid[0]), max(0, paid[1])))
        _check(f"the points of the group '{group.id}'", found, unit, *at)
    return _limited(found, group.min, group.max, finer)


def _dimension(dimension: Dimension, name: str, found: Range, unit: int, finer: int) -> Range:
    _check(f"the points of {name}", found, unit, "groups")
    low, high = _limited(found, dimension.min, dimension.max, finer)
    paid = (low * dimension.weight, high * dimension.weight)
    _check(f"the points of {name} times its weight", paid, unit, "dimensions", name, "weight")
    return paid


def _check(what: str, found: Range, unit: int, *at: str | int) -> None:
    most = max(abs(end) for end in found)
    if most > _EXACT:
        raise fail(
            f"{what} may reach {most:,} units ({unit:,} to a point) for a lead with {MOST_UNITS:,} "
            f"activities, more than the {_EXACT:,} that are counted exactly; use fewer points, a "
            "smaller scale or weight, or limits ('max_units', 'min', 'max')",
            *at,
        )


def _check_account(model: Content, most: int) -> None:
    rule = model.account_score
    if rule is None or rule.roll_up in {"max", "count_from"}:
        return
    # A mean is divided, as (2 * sum + leads) / (2 * leads); a sum is only added up.
    mean = rule.roll_up == "mean_top"
    leads = min(rule.top or MOST_UNITS, MOST_UNITS)
    found = 2 * most * leads + leads if mean else most * leads
    exact = _EXACT if mean else _EXACT_OF_ACCOUNT
    if found > exact:
        raise fail(
            f"the scores of {leads:,} leads of an account may add up to {most * leads:,}, more "
            "than is counted exactly; set 'max' and 'min' of the model's score",
            "account_score",
            "roll_up",
        )


def _add(one: Range, other: Range) -> Range:
    return one[0] + other[0], one[1] + other[1]


def _limited(found: Range, low: int | None, high: int | None, finer: int) -> Range:
    least = found if low is None else tuple(max(end, low * finer) for end in found)
    kept = least if high is None else tuple(min(end, high * finer) for end in least)
    return kept[0], kept[1]


# --- what a criterion may pay before its limits, with 0 always among it -------------------------


@singledispatch
def _points(criterion: AnyCriterion) -> Range:
    """Recorded deltas: each is at most MOST_POINTS, as staging makes sure."""
    del criterion
    return -MOST_UNITS * MOST_POINTS, MOST_UNITS * MOST_POINTS


def _between(*points: int) -> Range:
    return min(0, *points), max(0, *points)


def _stacked(points: list[int]) -> Range:
    return sum(each for each in points if each < 0), sum(each for each in points if each > 0)


@_points.register
def _(criterion: CasesCriterion) -> Range:
    points = [case.points for case in criterion.cases]
    return _stacked(points) if criterion.match == "sum" else _between(*points)


@_points.register
def _(criterion: PerValueCriterion) -> Range:
    return _stacked([points for _, points in criterion.per_value])


@_points.register
def _(criterion: ActivityCriterion) -> Range:
    units = MOST_UNITS if criterion.max_units is None else min(criterion.max_units, MOST_UNITS)
    return _between(criterion.points * units)


@_points.register
def _(criterion: TiersCriterion) -> Range:
    return _between(*(tier.points for tier in criterion.tiers))


@_points.register
def _(criterion: InactivityCriterion) -> Range:
    rule = criterion.inactivity
    once = rule.recover and not rule.repeat
    times = (rule.max_times or MOST_UNITS) if rule.recover and rule.repeat else MOST_UNITS
    return _between(criterion.points * (1 if once else times))
