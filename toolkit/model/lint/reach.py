"""What a score can be at all, and bands and grades that nobody or everybody reaches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
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
from toolkit.model.describe import describe_condition
from toolkit.model.lint.found import Draft, Part
from toolkit.model.lint.implied import implies
from toolkit.model.types import Band, Condition, Dimension, DimensionName, Group, Model

__all__ = ["Range", "attainable", "hole", "limited", "reach_drafts", "reached"]

Range = tuple[float, float]
"""The least and the most, both inclusive; infinite where nothing limits them."""

_NOTHING: Range = (0, 0)
_ANYTHING: Range = (-math.inf, math.inf)
_SPANS = {"day": 86_400, "week": 7 * 86_400}


def attainable(model: Model) -> Range:
    """The least and the most that a score can be, rounded as the model rounds.

    Each criterion is taken at its own extremes, whether or not one lead can be at all of them at
    once: no score lies outside, and the ends themselves may be out of reach.

    >>> from toolkit.model import example_text, parse_model
    >>> attainable(parse_model(example_text("glossary")))
    (-20, inf)
    """
    fit, behavior = model.dimensions.fit, model.dimensions.behavior
    total = _sum([
        (model.base, model.base),
        _weighed(_dimension(model, "fit"), fit.weight),
        _weighed(_dimension(model, "behavior"), behavior.weight),
    ])  # fmt: skip
    low, high = limited(total, model.min, model.max)
    return _rounded(low, model), _rounded(high, model)


def _rounded(units: float, model: Model) -> float:
    if math.isinf(units):
        return units
    points = Fraction(int(units), model.scale)
    if model.rounding == "floor":
        return math.floor(points)
    whole = math.floor(abs(points) + Fraction(1, 2))
    return whole if points >= 0 else -whole


def _dimension(model: Model, name: DimensionName) -> Range:
    """Inside its limits, before its weight: what the grades read."""
    parts = [_group(group) for group in model.groups if group.dimension == name]
    limits = model.dimensions.fit if name == "fit" else model.dimensions.behavior
    return limited(_sum(parts), limits.min, limits.max)


def _group(group: Group) -> Range:
    return limited(_sum(map(_criterion, group.criteria)), group.min, group.max)


def _criterion(criterion: AnyCriterion) -> Range:
    paid = _weighed(limited(_points(criterion), criterion.min, criterion.max), criterion.weight)
    return paid if criterion.active is None else _hull([_NOTHING, paid])


def _sum(ranges: Iterable[Range]) -> Range:
    known = list(ranges)
    return sum(low for low, _ in known), sum(high for _, high in known)


def _hull(ranges: Iterable[Range]) -> Range:
    known = list(ranges)
    return min(low for low, _ in known), max(high for _, high in known)


def limited(found: Range, low: int | None, high: int | None) -> Range:
    """Cut a range at limits, both inclusive."""
    least, most = (-math.inf if low is None else low), (math.inf if high is None else high)
    return min(max(found[0], least), most), min(max(found[1], least), most)


def _weighed(found: Range, weight: int) -> Range:
    return (found[0] * weight, found[1] * weight) if weight else _NOTHING


def _times(points: int, most: float) -> Range:
    """From none to `most` units of so many points."""
    return _hull([_NOTHING, (points * most, points * most)]) if points else _NOTHING


@singledispatch
def _points(criterion: AnyCriterion) -> Range:
    del criterion
    return _ANYTHING  # recorded deltas may be anything


@_points.register
def _(criterion: CasesCriterion) -> Range:
    last = criterion.cases[-1]
    otherwise = last.points if last.when is None else 0
    points = [case.points for case in criterion.cases if case.when is not None]
    found = _hull((each, each) for each in (*points, otherwise))
    return _hull([found, _subsets(points)]) if criterion.match == "sum" else found


def _subsets(points: Iterable[int]) -> Range:
    """All sums of one or more of them, none left out."""
    known = list(points)
    below, above = [p for p in known if p < 0], [p for p in known if p > 0]
    return (sum(below) if below else min(known)), (sum(above) if above else max(known))


@_points.register
def _(criterion: PerValueCriterion) -> Range:
    return _sum(_times(points, 1) for _, points in criterion.per_value)


@_points.register
def _(criterion: ActivityCriterion) -> Range:
    return _times(criterion.points, _most_units(criterion))


def _most_units(criterion: ActivityCriterion) -> float:
    most = math.inf if criterion.max_units is None else criterion.max_units
    per = criterion.per
    if per is None or criterion.within is None or per.bucket not in _SPANS:
        return most
    each = 1 if per.units == "buckets" else per.at_most
    if each is None:
        return most
    # A window of so many days touches one day more, unless it begins at midnight.
    return min(most, each * (-(-criterion.within // _SPANS[per.bucket]) + 1))


@_points.register
def _(criterion: TiersCriterion) -> Range:
    return _hull([_NOTHING, *((tier.points, tier.points) for tier in criterion.tiers)])


@_points.register
def _(criterion: InactivityCriterion) -> Range:
    rule = criterion.inactivity
    times = (rule.max_times or math.inf) if rule.repeat else 1
    return _times(criterion.points, times if rule.recover else math.inf)


@_points.register
def _(criterion: LedgerCriterion) -> Range:
    del criterion
    return _ANYTHING


# --- thresholds ----------------------------------------------------------------------------------


def reach_drafts(model: Model) -> Iterator[Draft]:
    """Bands and grades that nobody or everybody reaches, and scores without a band."""
    yield from _band_drafts(model, attainable(model))
    yield from _order_drafts(model)
    yield from _grade_drafts(model, "fit", model.dimensions.fit)
    yield from _grade_drafts(model, "behavior", model.dimensions.behavior)


def _grade_drafts(model: Model, name: DimensionName, dimension: Dimension) -> Iterator[Draft]:
    found = _dimension(model, name)
    last = len(dimension.grades) - 1
    for i, grade in enumerate(dimension.grades):
        part = (f"{name} grade {grade.grade}", ("dimensions", name, "grades", i))
        what = f"the grade '{grade.grade}' of {name}"
        yield from reached(what, grade.start, found, part, matters=i < last)


def _band_drafts(model: Model, found: Range) -> Iterator[Draft]:
    last = len(model.bands) - 1
    for i, band in enumerate(model.bands):
        part = (band.name, ("bands", i))
        matters = i < last or band.handoff
        if band.start is not None:
            yield from reached(f"the band '{band.name}'", band.start, found, part, matters=matters)
        for j, entry in enumerate(band.exceptions):
            what = f"the band '{band.name}' for leads where {describe_condition(entry.when)}"
            place = (band.name, ("bands", i, "exceptions", j))
            yield from reached(what, entry.start, found, place, matters=matters, leads=entry.when)
    lowest = model.bands[-1].start if model.bands else None
    if model.bands:
        yield from hole(lowest, found, (model.bands[-1].name, ("bands", last)), "a score")


def hole(lowest: int | None, found: Range, part: Part, what: str) -> Iterator[Draft]:
    """Possible scores below the last band; `lowest` is None where it takes the rest."""
    if lowest is not None and found[0] < lowest:
        text = f"{what} below {lowest} has no band, and scores from {_end(found[0])} on are "
        yield Draft("band_hole", f"{text}possible; add a last band without 'from'", (part,))


def _end(score: float) -> str:
    return "any negative number" if math.isinf(score) else f"{int(score)}"


def reached(
    what: str,
    start: int,
    found: Range,
    part: Part,
    *,
    matters: bool,
    leads: Condition | None = None,
    most: str = "the points add up to",
) -> Iterator[Draft]:
    """A beginning above the most, or (where it matters) at or below the least."""
    if found[1] < start:
        text = f"no score can reach {what}, which begins at {start}: {most} "
        yield Draft("never_reached", f"{text}{int(found[1])} at most", (part,), leads)
    elif matters and found[0] >= start:
        text = f"every score reaches {what}, which begins at {start}: no score can be lower "
        yield Draft("always_reached", f"{text}than {int(found[0])}", (part,), leads)


def _order_drafts(model: Model) -> Iterator[Draft]:
    """Exceptions that turn the order of bands round for the leads they are about."""
    for i, band in enumerate(model.bands):
        for j, entry in enumerate(band.exceptions):
            above = [other for other in model.bands[:i] if _start(other, entry.when) <= entry.start]
            below = [
                other for other in model.bands[i + 1 :] if _start(other, entry.when) >= entry.start
            ]
            for other in (*above, *below):
                yield Draft(
                    "bands_contradict",
                    f"for leads where {describe_condition(entry.when)} the band '{band.name}' "
                    f"begins at {entry.start}, {'above' if other in above else 'below'} "
                    f"'{other.name}' ({int(_start(other, entry.when))}), which stands "
                    f"{'higher' if other in above else 'lower'}; move one of them",
                    ((band.name, ("bands", i, "exceptions", j)),),
                    entry.when,
                )


def _start(band: Band, condition: Condition) -> float:
    """Where a band begins for leads that meet a condition."""
    own = (entry.start for entry in band.exceptions if implies(condition, entry.when))
    return next(own, -math.inf if band.start is None else band.start)
