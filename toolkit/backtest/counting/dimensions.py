"""Bands of fit and of behavior: the model's grades, given points, or thirds of the leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Literal

from toolkit.backtest.result import Backtest
from toolkit.errors import QuestionError
from toolkit.model import score_unit

__all__ = ["DimensionBands", "dimension_bands"]


@dataclass(frozen=True, slots=True)
class DimensionBands:
    """The bands of a dimension, highest first, and the SQL that numbers a lead's band."""

    names: tuple[str, ...]
    sql: str


def dimension_bands(
    backtest: Backtest, dimension: Literal["fit", "behavior"], starts: Sequence[int] | None
) -> DimensionBands:
    """Choose the bands: points that were given, the model's grades, or thirds of the leads."""
    if starts is not None:
        if len(set(starts)) < len(starts):
            raise QuestionError(f"{dimension}_starts: two bands start at the same points: {starts}")
        return _of_points(dimension, sorted(starts), backtest.unit)
    model = backtest.model
    grades = () if model is None else getattr(model.dimensions, dimension).grades
    if model is None or not grades:
        return _of_points(dimension, _thirds(backtest, dimension), backtest.unit)
    # Grades read points on the model's scale, which the engine may hold in a finer unit.
    finer = score_unit(model) // model.scale
    cuts = [grade.start * finer for grade in grades]
    return DimensionBands((*(grade.grade for grade in grades), "no grade"), _cases(dimension, cuts))


def _of_points(dimension: str, starts: Sequence[int], unit: int) -> DimensionBands:
    if not starts:
        return DimensionBands(("all",), "0")
    ranges = [
        f"{low} to {stop - 1}" if stop - low > 1 else f"{low}" for low, stop in pairwise(starts)
    ]
    names = (f"{starts[-1]}+", *reversed(ranges), f"under {starts[0]}")
    return DimensionBands(names, _cases(dimension, [start * unit for start in reversed(starts)]))


def _cases(dimension: str, cuts: Sequence[int | Fraction]) -> str:
    """Number the bands: only whole numbers go into the text, a grade may be called anything."""
    tests = " ".join(
        f"when {dimension} >= {-int(-cut // 1)} then {place}" for place, cut in enumerate(cuts)
    )
    return f"case {tests} else {len(cuts)} end"


def _thirds(backtest: Backtest, dimension: str) -> list[int]:
    """Points that a third and two thirds of the leads stay below, each once, without an empty band."""
    rows = backtest.connection.execute(f"""
        select {dimension}, count(*) from {backtest.schema}.scored
        group by {dimension} order by {dimension}""").fetchall()
    below = list(accumulate(int(n) for _, n in rows))
    found = set()
    for third in (1, 2):
        cut = next(
            int(value)
            for (value, _), n in zip(rows, below, strict=True)
            if 3 * n >= third * below[-1]
        )
        if cut > int(rows[0][0]):
            found.add(-(-cut // backtest.unit))
    return sorted(found)
