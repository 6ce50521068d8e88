"""Equal rows taken together: what a fit of few columns reads is far less than all patterns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.analysis.cells import Floats, Ints

__all__ = ["Numbered", "number_rows"]

_MOST = 1 << 62
_NEAR = 1_000
"""Whole numbers so near to each other need no table of values."""
_ROOM = 8
"""So many times the rows may be the codes for a table of them to be quicker than sorting."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """Rows numbered so that equal ones have the same number, in the order of their values."""

    number: Ints = field(repr=False)
    first: Ints = field(repr=False)
    """Where each number is first seen."""

    def totals(self, values: Floats) -> Floats:
        """Sum of the values of each number."""
        found = np.bincount(self.number, weights=values, minlength=len(self.first))
        return found.astype(np.float64)


def number_rows(columns: Iterable[NDArray[Any]], rows: int) -> Numbered:
    """Number the rows that these columns make.

    Column by column in one whole number for each row: a copy of all columns would be the largest
    thing that a fit holds.

    >>> number_rows([np.array([2.0, 1.0, 2.0]), np.array([5.0, 5.0, 5.0])], 3).number.tolist()
    [1, 0, 1]
    """
    code, size = np.zeros(rows, dtype=np.int64), 1
    for column in columns:
        part, values = _places(column)
        if size * values >= _MOST:
            code, size = _ranks(code, size)
        code, size = code * values + part, size * values
    number, size = _ranks(code, size)
    first = np.zeros(size, dtype=np.int64)
    first[number[::-1]] = np.arange(rows)[::-1]
    return Numbered(number, first)


def _places(column: NDArray[Any]) -> tuple[Ints, int]:
    """A number for each value, in order of the values, and a number above all of them."""
    if column.dtype.kind in "iuf" and len(column):
        low, high = column.min(), column.max()
        if float(high) - float(low) <= _NEAR:
            whole = column.astype(np.int64)
            if np.array_equal(whole, column):
                return whole - int(low), int(high - low) + 1
    place, values = pd.factorize(column, sort=True)
    return place.astype(np.int64), len(values)


def _ranks(code: Ints, size: int) -> tuple[Ints, int]:
    """Numbers without gaps for codes below `size`, in the same order, and how many they are."""
    if size > _ROOM * (len(code) + 1):
        place, values = pd.factorize(code, sort=True)
        return place.astype(np.int64), len(values)
    seen = np.zeros(size, dtype=np.bool_)
    seen[code] = True
    rank = np.cumsum(seen) - 1
    return rank[code], int(seen.sum())
