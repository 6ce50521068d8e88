"""Results of any kind laid side by side: which of their numbers differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import TypeGuard

import numpy as np
import pandas as pd
import pytest

from toolkit.errors import ToolkitError

ON_THE_SCALE = {
    "score", "scores", "start", "stop", "threshold", "thresholds", "best", "today", "low_score",
    "high_score", "first", "last", "from_score", "to_score", "nurture", "immediate", "lower", "upper",
    "asked", "tier_from", "next_from", "below_from", "below_to", "above_from", "above_to",
}  # fmt: skip
"""Columns and fields that are scores, and move with them."""


def values(found: object, place: str = "") -> Iterator[tuple[str, object]]:
    """The numbers and answers of a result, each with its place; texts repeat numbers and are not."""
    if isinstance(found, pd.DataFrame):
        for name in found.columns:
            yield from values(found[name].tolist(), f"{place}.{name}")
    elif is_dataclass(found) and not isinstance(found, type):
        for each in fields(found):
            yield from values(getattr(found, each.name), f"{place}.{each.name}")
    elif isinstance(found, list | tuple | pd.Series | np.ndarray):
        for i, each in enumerate(list(found)):
            yield from values(each, f"{place}[{i}]")
    elif isinstance(found, dict):
        for key, each in found.items():
            yield from values(each, f"{place}[{key}]")
    elif found is None or found is pd.NA or isinstance(found, bool | int | float | np.generic):
        yield place, found


def result(statistic: Callable[[], object]) -> dict[str, object] | str:
    """All values of a result by their places, or the kind of error that refuses the question."""
    try:
        return dict(values(statistic()))
    except ToolkitError as refusal:
        return type(refusal).__name__


def alike(one: object, two: object) -> bool:
    if one is None or two is None or one is pd.NA or two is pd.NA:
        return one is two
    return bool(one == pytest.approx(two, rel=1e-7, abs=1e-9, nan_ok=True))


def on_the_scale(place: str) -> bool:
    """Whether a place holds scores; a field `score` is a proper scoring rule, a column is not."""
    return (
        place != ".score"
        and place.rsplit(".", maxsplit=1)[-1].split("[", maxsplit=1)[0] in ON_THE_SCALE
    )


def differences(
    one: dict[str, object] | str, two: dict[str, object] | str, *, moved: int = 0
) -> dict[str, object]:
    """Places whose values differ, those on the scale once they have been moved by so much."""
    if isinstance(one, str) or isinstance(two, str):
        return {} if one == two else {"refused": (one, two)}
    assert one.keys() == two.keys()
    there = {
        place: value + moved if on_the_scale(place) and is_number(value) else value
        for place, value in one.items()
    }
    return {
        place: (value, two[place]) for place, value in there.items() if not alike(value, two[place])
    }


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
