"""From terms to the model file: where the points of a term stand, and a copy that has others.

A case, a value, a tier, the unit of an activity, a spell of silence: each has one number. What
else a criterion says stays: windows, decay, how units are counted, how many of them are paid
(`max_units`). Limits of groups, dimensions and the total stay too. Only an activity's own limits
are in points per unit and go with them, so that as many units are paid as the points were fitted
to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toolkit.counts import Term
from toolkit.model import (
    ActivityCriterion,
    AnyCriterion,
    CasesCriterion,
    InactivityCriterion,
    Model,
    PerValueCriterion,
    PlacedCriterion,
    TiersCriterion,
    parse_model,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Slot", "read_slots", "revised_model"]


class Slot:
    """Where the points of one term stand."""

    def __init__(self, placed: PlacedCriterion, number: int, model: Model) -> None:
        self.criterion = placed.criterion
        self.number = number
        weight: int = getattr(model.dimensions, placed.dimension).weight
        self.per_point = self.criterion.weight * weight / model.scale
        """Points of the score for one point in the file."""

    @property
    def written(self) -> int:
        """The number in the file today."""
        return _points(self.criterion)[self.number]

    @property
    def limits(self) -> tuple[float, float]:
        """Least and most points in the file that can take effect."""
        c, low, high = self.criterion, -float("inf"), float("inf")
        if not isinstance(c, ActivityCriterion) and not _is_sum(c):
            low = low if c.min is None else float(c.min)
            high = high if c.max is None else float(c.max)
        return low, high

    def why_not(self, written: int) -> str | None:
        """Why this number cannot be put there; None where it can."""
        c = self.criterion
        limited = c.min is not None or c.max is not None
        if isinstance(c, ActivityCriterion) and limited and written * self.written < 0:
            return "its own limit is in points, and the sign would change"
        if isinstance(c, CasesCriterion) and c.match == "max" and len(c.cases) > 1:
            return _order_changes(c, self.number, written)
        return None


def _is_sum(criterion: AnyCriterion) -> bool:
    if isinstance(criterion, CasesCriterion):
        return criterion.match == "sum" and len(criterion.cases) > 1
    return isinstance(criterion, PerValueCriterion)


def _order_changes(criterion: CasesCriterion, number: int, written: int) -> str | None:
    now = list(_points(criterion))
    new = [*now[:number], written, *now[number + 1 :]]
    places = range(len(now))
    if sorted(places, key=lambda i: (now[i], -i)) == sorted(places, key=lambda i: (new[i], -i)):
        return None
    return "its best case pays, and another one would be best: that changes who is paid what"


def _points(criterion: AnyCriterion) -> tuple[int, ...]:
    if isinstance(criterion, CasesCriterion):
        return tuple(case.points for case in criterion.cases)
    if isinstance(criterion, PerValueCriterion):
        return tuple(points for _, points in criterion.per_value)
    if isinstance(criterion, TiersCriterion):
        return tuple(tier.points for tier in criterion.tiers)
    if isinstance(criterion, ActivityCriterion | InactivityCriterion):
        return (criterion.points,)
    return ()


def read_slots(model: Model, terms: Sequence[Term]) -> tuple[Slot, ...]:
    """Find the place of every term in the model they were counted under."""
    placed = {each.criterion.id: each for each in model.criteria}
    seen: dict[str, int] = {}
    slots = []
    for term in terms:
        number = seen[term.criterion] = seen.get(term.criterion, -1) + 1
        slots.append(Slot(placed[term.criterion], number, model))
    return tuple(slots)


def revised_model(
    model: Model,
    points: Mapping[tuple[str, int], int],
    *,
    starts: Mapping[int, int],
    version: str,
) -> Model:
    """Copy a model with other points (by criterion and number) and thresholds (by old threshold).

    The copy has no `valid_from`: nobody has decided yet from when it holds. Raises ModelError
    where the numbers do not make a model.
    """
    from toolkit.model.writing import model_text  # noqa: PLC0415 - a proposal alone writes text

    groups = tuple(
        _copy(group, criteria=tuple(_criterion(c, points) for c in group.criteria))
        for group in model.groups
    )
    bands = tuple(
        _copy(
            band,
            start=_moved(band.start, starts),
            exceptions=tuple(_copy(e, start=_moved(e.start, starts)) for e in band.exceptions),
        )
        for band in model.bands
    )
    made = _copy(model, groups=groups, bands=bands, version=version, valid_from=None)
    return parse_model(model_text(made), f"{model.name} {version}")


def _copy(part: Any, **more: object) -> Any:
    return part.model_copy(update=more)


def _moved(start: int | None, starts: Mapping[int, int]) -> int | None:
    return None if start is None else starts.get(start, start)


def _criterion(criterion: AnyCriterion, points: Mapping[tuple[str, int], int]) -> AnyCriterion:
    now = _points(criterion)
    new = [points.get((criterion.id, i), value) for i, value in enumerate(now)]
    if tuple(new) == now:
        return criterion
    found: AnyCriterion = _copy(criterion, **_KINDS[type(criterion)](criterion, new))
    return found


def _activity(criterion: Any, new: list[int]) -> dict[str, object]:
    factor = new[0] / criterion.points if criterion.points else 1.0
    ends = {name: getattr(criterion, name) for name in ("min", "max")}
    scaled = {name: None if end is None else round(end * factor) for name, end in ends.items()}
    return {"points": new[0], **scaled}


_KINDS: dict[type, Any] = {
    CasesCriterion: lambda c, new: {
        "cases": tuple(_copy(x, points=p) for x, p in zip(c.cases, new, strict=True))
    },
    PerValueCriterion: lambda c, new: {
        "per_value": tuple((v, p) for (v, _), p in zip(c.per_value, new, strict=True))
    },
    TiersCriterion: lambda c, new: {
        "tiers": tuple(_copy(x, points=p) for x, p in zip(c.tiers, new, strict=True))
    },
    ActivityCriterion: _activity,
    InactivityCriterion: lambda _, new: {"points": new[0]},
}
