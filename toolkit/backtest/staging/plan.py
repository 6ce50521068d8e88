"""A model as integers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from toolkit.backtest.core import (
    ActivityRule,
    Bounds,
    Bucket,
    DimensionPlan,
    FitRule,
    GroupPlan,
    InactivityRule,
    LedgerRule,
    Limits,
    Plan,
    RollUp,
    Rule,
    TierPlan,
    TiersRule,
    Value,
)
from toolkit.model import (
    DISQUALIFIED,
    AccountScore,
    ActivityCriterion,
    AnyCriterion,
    CasesCriterion,
    Dimension,
    InactivityCriterion,
    LedgerCriterion,
    Model,
    Per,
    PerValueCriterion,
    TiersCriterion,
    decay_steps,
    score_unit,
)

__all__ = [
    "ActivitySource",
    "bucket_columns",
    "disqualifying",
    "make_plan",
    "make_roll_up",
    "reset_sets",
    "sources_of",
]

ActivitySource = ActivityCriterion | TiersCriterion | LedgerCriterion
_DAY = 86_400
# 1970 began on a Thursday, so a Monday is three days before or four days after a whole week.
_SPANS = {"day": (_DAY, 0), "week": (7 * _DAY, 4 * _DAY)}


def sources_of(model: Model) -> tuple[ActivitySource, ...]:
    """The criteria that count activities, in file order: flag `r<i>` is that of number i."""
    return tuple(p.criterion for p in model.criteria if isinstance(p.criterion, ActivitySource))


def bucket_columns(model: Model) -> tuple[str, ...]:
    """The columns of activities that split them, in the order of `g0`, `g1`, ..."""
    named = {
        p.criterion.per.bucket
        for p in model.criteria
        if isinstance(p.criterion, ActivityCriterion) and p.criterion.per is not None
    }
    return tuple(sorted(named - set(_SPANS)))


def reset_sets(model: Model) -> tuple[tuple[frozenset[str], ...], dict[str, int]]:
    """The sets of activity types that reset (`z0`, `z1`, ...), and the one of each group's id."""
    of_group = {group.id: _reset_types(model, group.id) for group in model.groups}
    sets = tuple(sorted({types for types in of_group.values() if types}, key=sorted))
    return sets, {name: sets.index(types) for name, types in of_group.items() if types}


def _reset_types(model: Model, group: str) -> frozenset[str]:
    return frozenset(
        name.strip().casefold()
        for reset in model.resets
        if reset.groups is None or group.casefold() in {name.casefold() for name in reset.groups}
        for name in reset.activities
    )


def make_plan(model: Model) -> Plan:
    """Turn a model into integers; criteria keep the order of the file."""
    unit = score_unit(model)
    finer = unit // model.scale
    return Plan(
        rules=_Maker(model, unit, finer).rules(),
        groups=_groups(model, finer),
        fit=_dimension(model.dimensions.fit, finer),
        behavior=_dimension(model.dimensions.behavior, finer),
        base=model.base * finer,
        total=_limits(model.min, model.max, finer),
        unit=unit,
        down=model.rounding == "floor",
    )


def make_roll_up(model: Model, rule: AccountScore) -> RollUp:
    """Turn the score of an account into integers."""
    top = 1 if rule.roll_up == "max" else rule.top
    limits = Limits(rule.min, rule.max)
    down = model.rounding == "floor"
    return RollUp(rule.start, top, rule.roll_up == "mean_top", down, limits)


def disqualifying(model: Model) -> str:
    """SQL that is 1 for a lead whose column `gate` is that of a gate that disqualifies, else 0."""
    gates = [str(i) for i, gate in enumerate(model.gates) if gate.then == DISQUALIFIED]
    return f"case when gate in ({', '.join(gates)}) then 1 else 0 end" if gates else "0"


def _dimension(dimension: Dimension, finer: int) -> DimensionPlan:
    return DimensionPlan(_limits(dimension.min, dimension.max, finer), dimension.weight)


def _limits(low: int | None, high: int | None, finer: int) -> Limits:
    return Limits(None if low is None else low * finer, None if high is None else high * finer)


def _groups(model: Model, finer: int) -> tuple[GroupPlan, ...]:
    plans, start = [], 0
    for group in model.groups:
        stop = start + len(group.criteria)
        members = tuple(range(start, stop))
        plans.append(GroupPlan(members, group.dimension, _limits(group.min, group.max, finer)))
        start = stop
    return tuple(plans)


@dataclass(slots=True)
class _Maker:
    """Makes the rules; `finer` is how many units of the plan make one of the file's."""

    model: Model
    unit: int
    finer: int
    fit: int = 0
    sources: tuple[ActivitySource, ...] = field(init=False)
    columns: tuple[str, ...] = field(init=False)

    def rules(self) -> tuple[Rule, ...]:
        self.sources, self.columns = sources_of(self.model), bucket_columns(self.model)
        _, resets = reset_sets(self.model)
        return tuple(
            self._rule(placed.criterion, resets.get(placed.group.id))
            for placed in self.model.criteria
        )

    def _rule(self, criterion: AnyCriterion, reset: int | None) -> Rule:
        bounds = self._bounds(criterion)
        if isinstance(criterion, CasesCriterion | PerValueCriterion):
            self.fit += 1
            return FitRule(self.fit - 1, self.finer, bounds)
        if isinstance(criterion, InactivityCriterion):
            return self._inactivity(criterion, reset, bounds)
        source = self.sources.index(criterion)
        if isinstance(criterion, LedgerCriterion):
            return LedgerRule(source, self.unit, reset, bounds)
        if isinstance(criterion, TiersCriterion):
            tiers = (TierPlan(t.at_least, t.within, t.points * self.finer) for t in criterion.tiers)
            return TiersRule(source, tuple(tiers), reset, bounds)
        return self._activity(criterion, source, reset, bounds)

    def _bounds(self, criterion: AnyCriterion) -> Bounds:
        active = criterion.active
        since = None if active is None or active.start is None else _first_second(active.start)
        last = None if active is None or active.end is None else _first_second(active.end)
        until = None if last is None else last + _DAY  # 9999-12-31 has no day after it
        limits = _limits(criterion.min, criterion.max, self.finer)
        return Bounds(limits, criterion.weight, since, until)

    def _inactivity(
        self, criterion: InactivityCriterion, reset: int | None, bounds: Bounds
    ) -> InactivityRule:
        rule = criterion.inactivity
        times = rule.max_times if rule.repeat else 1
        points = criterion.points * self.finer
        return InactivityRule(rule.after, points, times, rule.recover, reset, bounds)

    def _activity(
        self, criterion: ActivityCriterion, source: int, reset: int | None, bounds: Bounds
    ) -> ActivityRule:
        steps, rest = decay_steps(criterion.points, criterion.decay)
        worth = tuple((until, int(value * self.finer)) for until, value in steps)
        return ActivityRule(
            source=source,
            value=Value(worth, int(rest * self.finer)),
            within=criterion.within,
            bucket=None if criterion.per is None else self._bucket(criterion.per),
            max_units=criterion.max_units,
            reset=reset,
            bounds=bounds,
        )

    def _bucket(self, per: Per) -> Bucket:
        most = 1 if per.units == "buckets" else per.at_most
        if per.bucket in _SPANS:
            return Bucket(None, *_SPANS[per.bucket], per.at_least, most)
        return Bucket(self.columns.index(per.bucket), 0, 0, per.at_least, most)


def _first_second(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
