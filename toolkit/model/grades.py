"""The band and the grade of a lead, from its points."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from toolkit.model.types import Condition, Dimension, Model

__all__ = ["band_of", "exception_conditions", "grade_of"]


def exception_conditions(model: Model) -> tuple[Condition, ...]:
    """List the conditions of all exceptions of bands, in the order of the file."""
    return tuple(entry.when for band in model.bands for entry in band.exceptions)


def band_of(model: Model, score: int, holds: Sequence[bool] = ()) -> str | None:
    """Name the band of a score: the one with the highest beginning that it reaches (inclusive).

    `holds` says which conditions of `exception_conditions` the lead meets; by default none. A
    last band without `from` takes every other score. None: the score is below all bands. A gate
    is not looked at.
    """
    held = iter(holds or [False] * len(exception_conditions(model)))
    reached: list[tuple[int, int]] = []
    rest = None
    for number, band in enumerate(model.bands):
        starts = [entry.start for entry in band.exceptions if next(held)]
        start = starts[0] if starts else band.start
        if start is None:
            rest = band.name
        elif score >= start:
            reached.append((start, -number))
    return model.bands[-max(reached)[1]].name if reached else rest


def grade_of(model: Model, fit: int | Fraction, behavior: int | Fraction) -> str | None:
    """Write the grade of both dimensions, as in B1, from their points on the model's scale.

    A dimension without grades adds nothing; below its last grade there is none, and so no grade
    of the lead.
    """
    dimensions = ((model.dimensions.fit, fit), (model.dimensions.behavior, behavior))
    grades = [_grade(dimension, points) for dimension, points in dimensions if dimension.grades]
    return "".join(grade or "" for grade in grades) if grades and all(grades) else None


def _grade(dimension: Dimension, points: int | Fraction) -> str | None:
    return next((grade.grade for grade in dimension.grades if points >= grade.start), None)
