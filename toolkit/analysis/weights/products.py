"""Columns over patterns: put beside one another, and their products.

Products are taken a block of patterns at a time, so small that the linear algebra below does not
spread them over threads. Its threads wait for one another actively, which on a shared machine took
five times the processor time; and sums would depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.analysis.cells import Floats

__all__ = [
    "Columns",
    "beside",
    "column_totals",
    "columns_of",
    "dot",
    "floats_of",
    "linear",
    "residual_products",
    "small_whole",
    "weighted_products",
    "with_constant",
]

Columns = NDArray[np.floating[Any] | np.integer[Any]]
"""One value for each pattern and column; small whole numbers where all are. Products are of floats."""

_VECTOR = 8_192
"""Entries of a block that is multiplied by a vector (OpenBLAS uses threads from 9,216)."""
_MATRIX = 1 << 17
"""Multiplications of a block in a product of matrices (OpenBLAS uses threads from 2^18)."""


def _blocks(rows: int, size: int) -> Iterator[slice]:
    step = max(size, 1)
    return (slice(start, start + step) for start in range(0, rows, step))


def small_whole(values: Floats) -> Columns:
    """The same values in an eighth or a quarter of the memory, where all are small whole numbers.

    >>> [small_whole(np.array([0.0, x])).dtype.name for x in (3.0, -300.0, 0.5)]
    ['int8', 'int16', 'float64']
    """
    most = float(np.abs(values).max(initial=0.0))
    kind: type[np.int8 | np.int16] = np.int8 if most <= np.iinfo(np.int8).max else np.int16
    if not most <= np.iinfo(kind).max:
        return values
    whole: Columns = values.astype(kind)
    return whole if np.array_equal(whole, values) else values


def floats_of(block: Columns) -> Floats:
    """The same values as floats; no copy where they are.

    >>> floats_of(np.array([3], dtype=np.int8)).dtype
    dtype('float64')
    """
    floats: Floats = block.astype(np.float64, copy=False)
    return floats


def beside(*columns: Columns) -> Columns:
    """Put columns beside one another, each in one piece of memory, as everything here reads them.

    >>> beside(np.ones((2, 1)), np.array([[5.0], [6.0]])).tolist()
    [[1.0, 5.0], [1.0, 6.0]]
    """
    joined: Columns = np.concatenate([each.T for each in columns]).T
    return joined


def columns_of(columns: Columns, chosen: NDArray[np.bool_]) -> Columns:
    """The chosen columns; no copy where these are all of them.

    >>> columns_of(np.array([[5.0, 7.0]]), np.array([False, True])).tolist()
    [[7.0]]
    """
    return columns if chosen.all() else columns[:, chosen]


def with_constant(columns: Columns, used: NDArray[np.bool_]) -> Columns:
    """Put a constant before the columns that are used.

    >>> with_constant(np.array([[5.0, 7.0]]), np.array([False, True])).tolist()
    [[1.0, 7.0]]
    """
    rows = np.ones((1 + int(used.sum()), len(columns)), dtype=columns.dtype)
    # In this mode nothing is copied on the way.
    np.take(columns.T, np.flatnonzero(used), axis=0, out=rows[1:], mode="clip")
    return rows.T


def linear(columns: Columns, coefficients: Floats) -> Floats:
    """X b: one value for each pattern; `coefficients` may be several, side by side.

    >>> linear(np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([1.0, 10.0])).tolist()
    [21.0, 31.0]
    """
    value: Floats = np.empty((len(columns), *coefficients.shape[1:]), order="F")
    vector = coefficients.ndim == 1
    size = _VECTOR if vector else _MATRIX // max(coefficients.shape[1], 1)
    for block in _blocks(len(columns), size // max(columns.shape[1], 1)):
        value[block] = floats_of(columns[block]) @ coefficients
    return value


def column_totals(columns: Columns, weight: Floats) -> Floats:
    """X'w: the total of each column, patterns weighted.

    >>> column_totals(np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([1.0, 10.0])).tolist()
    [11.0, 32.0]
    """
    total: Floats = np.zeros(columns.shape[1])
    for block in _blocks(len(columns), _VECTOR // max(columns.shape[1], 1)):
        total += weight[block] @ floats_of(columns[block])
    return total


def dot(one: Floats, other: Floats) -> float:
    """Sum of products.

    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    return float(np.einsum("i,i", one, other))


def residual_products(
    columns: Columns, fitted: Columns, slope: Floats, *, weight: Floats, values: Floats
) -> tuple[Floats, Floats]:
    """R'v and R'WR of the residuals R = X - Y b, which are never held all at once.

    >>> x, y, one = np.array([[1.0], [4.0]]), np.array([[1.0], [1.0]]), np.ones(2)
    >>> total, products = residual_products(x, y, np.array([[1.0]]), weight=one, values=one)
    >>> total.tolist(), products.tolist()  # residuals 0 and 3
    ([3.0], [[9.0]])
    """
    k = columns.shape[1]
    total, products = np.zeros(k), np.zeros((k, k))
    for block in _blocks(len(columns), min(_MATRIX // max(k * k, slope.size, 1), 4_096)):
        left = floats_of(columns[block]) - floats_of(fitted[block]) @ slope
        total += values[block] @ left
        products += left.T @ (weight[block, None] * left)
    return total, products


def weighted_products(columns: Columns, weight: Floats, others: Columns | None = None) -> Floats:
    """X'WY (Y = X without `others`); no copy of all of X is made.

    >>> weighted_products(np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([1.0, 10.0])).tolist()
    [[11.0, 32.0], [32.0, 94.0]]
    """
    right = columns if others is None else others
    total: Floats = np.zeros((columns.shape[1], right.shape[1]))
    for block in _blocks(len(columns), min(_MATRIX // max(total.size, 1), 4_096)):
        total += floats_of(columns[block]).T @ (weight[block, None] * right[block])
    return total
