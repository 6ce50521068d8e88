"""A model as integers: all points are in units of the plan, `unit` of which make a point."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ActivityRule",
    "Bounds",
    "Bucket",
    "Dated",
    "DimensionPlan",
    "FitRule",
    "GroupPlan",
    "InactivityRule",
    "LedgerRule",
    "Limits",
    "Plan",
    "Rule",
    "TierPlan",
    "TiersRule",
    "Value",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and the most that a sum may be; None is no limit."""

    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """What becomes of a criterion's sum: its limits, its weight, and when it pays at all.

    Outside since <= moment < until it pays nothing, whatever its limits.
    """

    limits: Limits = Limits()
    weight: int = 1
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """Points of a unit by its age: those of the first (age, points) with a greater age."""

    steps: tuple[tuple[int, int], ...]
    rest: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """How activities are split: by column `g<column>` of ev, or by spans of UTC seconds.

    A span begins at every multiple of `span` after `offset`.
    """

    column: int | None
    span: int
    offset: int
    at_least: int
    at_most: int | None


@dataclass(frozen=True, slots=True)
class FitRule:
    """Points found at staging; column `f<source>` of ld, times `factor`."""

    source: int
    factor: int
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class ActivityRule:
    """Points per unit of matching activities in the window; flag `r<source>` of ev."""

    source: int
    value: Value
    within: int | None
    bucket: Bucket | None
    max_units: int | None
    reset: int | None
    bounds: Bounds

    @property
    def ranks(self) -> bool:
        """Whether it matters which activities count, so that they must be put in order."""
        return self.bucket is not None or (self.max_units is not None and bool(self.value.steps))


@dataclass(frozen=True, slots=True)
class TierPlan:
    """Points for at least so many activities in a window."""

    at_least: int
    within: int | None
    points: int


@dataclass(frozen=True, slots=True)
class TiersRule:
    """Points of the first tier that is reached; flag `r<source>` of ev."""

    source: int
    tiers: tuple[TierPlan, ...]
    reset: int | None
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class InactivityRule:
    """Points for each `after` seconds of silence, `times` at most in one spell (None: any)."""

    after: int
    points: int
    times: int | None
    recover: bool
    reset: int | None
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class LedgerRule:
    """Recorded deltas, each times `factor`; flag `r<source>` of ev."""

    source: int
    factor: int
    reset: int | None
    bounds: Bounds


Dated = ActivityRule | TiersRule | InactivityRule | LedgerRule
"""A rule of dated activities."""
Rule = FitRule | Dated


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """A group of criteria: positions in `Plan.rules`, its dimension and its limits."""

    rules: tuple[int, ...]
    dimension: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class DimensionPlan:
    """Limits of a dimension, and its weight in the total."""

    limits: Limits
    weight: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A model as integers: criterion, then group, then dimension, then base, then total.

    The total is divided by `unit` and rounded half away from zero, or down if `down`.
    """

    rules: tuple[Rule, ...]
    groups: tuple[GroupPlan, ...]
    fit: DimensionPlan
    behavior: DimensionPlan
    base: int
    total: Limits
    unit: int
    down: bool
