"""Bands of fit and of behavior: the model's grades, given points, or thirds of the leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
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
    low, first, second = backtest.connection.execute(f"""
        select min({dimension}), quantile_disc({dimension}, 1 / 3), quantile_disc({dimension}, 2 / 3)
        from {backtest.schema}.scored""").fetchall()[0]
    found = {-(-int(cut) // backtest.unit) for cut in (first, second) if cut > low}
    return sorted(found)
