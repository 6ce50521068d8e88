"""What a scored row says about the units it met, and what must be asked besides.

Where the points of a criterion tell which case was met, or how many units were paid, nothing is
asked. Otherwise a *probe* does: the same criterion with codes in place of its points and without
cap, weight or decay, scored on the same leads by the same engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.counts import Extra, Term, TermKind
from toolkit.model import (
    ActivityCriterion,
    AnyCriterion,
    Case,
    CasesCriterion,
    InactivityCriterion,
    LedgerCriterion,
    Model,
    PerValueCriterion,
    PlacedCriterion,
    TiersCriterion,
    describe_condition,
    score_unit,
)

__all__ = ["Reading", "probe_model", "read_model"]

Floats = NDArray[np.float64]
Units = Callable[[Floats, Sequence[Floats]], tuple[list[Floats], list[Floats]]]
"""From a criterion's points (its own, before the weight) and its probes: units and extras."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one criterion is read from scored rows."""

    group: str
    terms: tuple[Term, ...]
    extras: tuple[Extra, ...]
    probes: tuple[AnyCriterion, ...]
    units: Units
    own: float
    """What the criterion's column must be divided by to give its own points, before its weight."""
    score: float
    """What a point of the criterion, before its weight, adds to the score."""
    ledger: bool = False


def read_model(model: Model) -> tuple[Reading, ...]:
    """Say for each criterion, in file order, how its units are found."""
    return tuple(_read(model, placed) for placed in model.criteria)


def probe_model(model: Model, readings: Sequence[Reading]) -> Model | None:
    """A model that pays for probes only, without any limit; None where nothing is to be asked."""
    probes: dict[str, list[AnyCriterion]] = {}
    for reading in readings:
        probes.setdefault(reading.group, []).extend(reading.probes)
    if not any(probes.values()):
        return None
    groups = tuple(
        _bare(group, criteria=tuple(probes[group.id])) for group in model.groups if probes[group.id]
    )
    none = {"base": 0, "scale": 1, "rounding": "half_up", "gates": (), "bands": ()}
    parts = {name: _bare(getattr(model.dimensions, name), weight=1, grades=())
             for name in ("fit", "behavior")}  # fmt: skip
    dimensions = model.dimensions.model_copy(update=parts)
    probe: Model = _bare(model, groups=groups, dimensions=dimensions, **none)
    return probe


def _bare(part: Any, **more: object) -> Any:
    """A copy without limits."""
    return part.model_copy(update={"min": None, "max": None, **more})


def _probe(criterion: Any, number: int = 0, **more: object) -> Any:
    return _bare(criterion, id=f"{criterion.id}_{number}", weight=1, **more)


def _read(model: Model, placed: PlacedCriterion) -> Reading:
    criterion = placed.criterion
    heavy = criterion.weight * getattr(model.dimensions, placed.dimension).weight
    score = heavy / model.scale
    own = (score_unit(model) // model.scale) * criterion.weight
    if isinstance(criterion, LedgerCriterion):
        parts = _Parts((), (), (), lambda *_: ([], []))
    else:
        parts = _KINDS[type(criterion)](criterion, _Shape(criterion, placed.dimension, score))
    return Reading(
        group=placed.group.id,
        terms=parts.terms,
        extras=parts.extras,
        probes=parts.probes,
        units=parts.units,
        own=own,
        score=score,
        ledger=isinstance(criterion, LedgerCriterion),
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    """Makes the terms of a criterion."""

    criterion: AnyCriterion
    dimension: str
    score: float

    @property
    def silent(self) -> bool:
        """Whether its column is 0 whatever is met, as its weight is."""
        return self.criterion.weight == 0

    def term(self, points: float, kind: TermKind, number: int = -1, label: str = "") -> Term:
        c = self.criterion
        name = c.id if number < 0 else f"{c.id}[{number + 1}]"
        told = c.label if number < 0 else f"{c.label}: {label}"
        return Term(name, c.id, told, points * self.score, kind, c.basis, self.dimension)


@dataclass(frozen=True, slots=True)
class _Parts:
    terms: tuple[Term, ...]
    extras: tuple[Extra, ...]
    probes: tuple[AnyCriterion, ...]
    units: Units


def _limited(value: float, criterion: AnyCriterion) -> float:
    low = value if criterion.min is None else max(value, criterion.min)
    return low if criterion.max is None else min(low, criterion.max)


def _clipped(values: Floats, criterion: AnyCriterion) -> Floats:
    return np.clip(values, criterion.min, criterion.max) if _has_limits(criterion) else values


def _has_limits(criterion: AnyCriterion) -> bool:
    return criterion.min is not None or criterion.max is not None


# --- exclusive: one case or tier pays ---------------------------------------------------------


def _exclusive(
    shape: _Shape,
    points: Sequence[float],
    terms: Sequence[Term],
    probe: AnyCriterion,
    codes: list[int],
) -> _Parts:
    """Terms of which one at most is met; the points tell which, or the probe's code does."""
    if not shape.silent and 0 not in points and len(set(points)) == len(points):

        def by_points(paid: Floats, _: Sequence[Floats]) -> tuple[list[Floats], list[Floats]]:
            return [(paid == value).astype(np.float64) for value in points], []

        return _Parts(tuple(terms), (), (), by_points)

    def by_code(_: Floats, asked: Sequence[Floats]) -> tuple[list[Floats], list[Floats]]:
        return [(asked[0] == code).astype(np.float64) for code in codes], []

    return _Parts(tuple(terms), (), (probe,), by_code)


def _cases(criterion: CasesCriterion, shape: _Shape) -> _Parts:
    if criterion.match == "sum" and len(criterion.cases) > 1:
        return _sum_of_cases(criterion, shape)
    points = [_limited(case.points, criterion) for case in criterion.cases]
    single = len(points) == 1
    terms = [
        shape.term(worth, "flag" if single else "case", -1 if single else i, _case_label(case))
        for i, (worth, case) in enumerate(zip(points, criterion.cases, strict=True))
    ]
    # Of the best case the code must be the highest: codes in order of points, then of the file
    # backwards, as the earlier of two equal cases is the one that is said to pay.
    order = sorted(range(len(points)), key=lambda i: (criterion.cases[i].points, -i))
    codes = [order.index(i) + 1 for i in range(len(points))]
    coded = tuple(
        case.model_copy(update={"points": code})
        for case, code in zip(criterion.cases, codes, strict=True)
    )
    return _exclusive(shape, points, terms, _probe(criterion, cases=coded), codes)


def _case_label(case: Case) -> str:
    return "otherwise" if case.when is None else describe_condition(case.when)


def _tiers(criterion: TiersCriterion, shape: _Shape) -> _Parts:
    points = [_limited(tier.points, criterion) for tier in criterion.tiers]
    terms = [
        shape.term(worth, "tier", i, f"{tier.at_least} or more")
        for i, (worth, tier) in enumerate(zip(points, criterion.tiers, strict=True))
    ]
    coded = tuple(
        tier.model_copy(update={"points": i + 1}) for i, tier in enumerate(criterion.tiers)
    )
    codes = [i + 1 for i in range(len(points))]
    return _exclusive(shape, points, terms, _probe(criterion, tiers=coded), codes)


# --- additive: every case or value that is met pays ---------------------------------------------


def _additive(
    shape: _Shape, points: list[float], terms: list[Term], probes: list[AnyCriterion]
) -> _Parts:
    criterion = shape.criterion
    extras = (Extra("limit", criterion.id),) if _has_limits(criterion) else ()

    def units(_: Floats, asked: Sequence[Floats]) -> tuple[list[Floats], list[Floats]]:
        whole = sum((value * met for value, met in zip(points, asked, strict=True)), start=0.0)
        lost = np.asarray(whole) - _clipped(np.asarray(whole), criterion)
        return list(asked), [lost * shape.score] if extras else []

    return _Parts(tuple(terms), extras, tuple(probes), units)


def _sum_of_cases(criterion: CasesCriterion, shape: _Shape) -> _Parts:
    terms, probes = [], []
    for i, case in enumerate(criterion.cases):
        terms.append(shape.term(case.points, "case", i, _case_label(case)))
        # A last case without condition depends on all the others, so they stay, paying nothing.
        cases = tuple(
            each.model_copy(update={"points": int(j == i)})
            for j, each in enumerate(criterion.cases)
        )
        probes.append(_probe(criterion, i, cases=cases))
    return _additive(shape, [float(case.points) for case in criterion.cases], terms, probes)


def _values(criterion: PerValueCriterion, shape: _Shape) -> _Parts:
    terms, probes = [], []
    for i, (value, points) in enumerate(criterion.per_value):
        terms.append(shape.term(points, "value", i, value))
        probes.append(_probe(criterion, i, per_value=((value, 1),)))
    return _additive(shape, [float(points) for _, points in criterion.per_value], terms, probes)


# --- counted ------------------------------------------------------------------------------------


def _activity(criterion: ActivityCriterion, shape: _Shape) -> _Parts:
    capped = _has_limits(criterion) or criterion.max_units is not None
    fades, points = criterion.decay is not None, float(criterion.points)
    terms = (shape.term(points, "units"),)
    if points and not shape.silent and not capped and not fades:
        return _Parts(terms, (), (), lambda paid, _: ([paid / points + 0.0], []))
    kinds: list[Any] = [kind for kind, there in (("excess", capped), ("decay", fades)) if there]
    extras = tuple(Extra(kind, criterion.id) for kind in kinds)

    def units(paid: Floats, asked: Sequence[Floats]) -> tuple[list[Floats], list[Floats]]:
        every = asked[0]
        most = every if criterion.max_units is None else np.minimum(every, criterion.max_units)
        worth = _clipped(points * most, criterion)
        lost = {"excess": points * every - worth, "decay": worth - paid}
        met = worth / points if points else most
        return [met], [lost[kind] * shape.score for kind in kinds]

    probe = _probe(criterion, points=1, max_units=None, decay=None)
    return _Parts(terms, extras, (probe,), units)


def _silence(criterion: InactivityCriterion, shape: _Shape) -> _Parts:
    points = float(criterion.points)
    terms = (shape.term(points, "silence"),)
    if points and not shape.silent:
        return _Parts(terms, (), (), lambda paid, _: ([paid / points + 0.0], []))
    return _Parts(terms, (), (_probe(criterion, points=1),), lambda _, asked: ([asked[0]], []))


_KINDS: dict[type, Callable[[Any, _Shape], _Parts]] = {
    CasesCriterion: _cases,
    TiersCriterion: _tiers,
    PerValueCriterion: _values,
    ActivityCriterion: _activity,
    InactivityCriterion: _silence,
}
