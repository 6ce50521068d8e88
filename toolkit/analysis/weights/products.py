"""Columns over patterns: put beside one another, and their products."""

from __future__ import annotations

import numpy as np

from toolkit.analysis.cells import Floats

__all__ = ["beside", "weighted_products"]

_BLOCK = 4_096
"""Patterns at a time: few enough to stay in the processor's cache."""


def beside(*columns: Floats) -> Floats:
    """Put columns beside one another, each in one piece of memory, as everything here reads them.

    >>> beside(np.ones((2, 1)), np.array([[5.0], [6.0]])).tolist()
    [[1.0, 5.0], [1.0, 6.0]]
    """
    joined: Floats = np.concatenate([each.T for each in columns]).T
    return joined


def weighted_products(columns: Floats, weight: Floats, others: Floats | None = None) -> Floats:
    """X'WY (Y = X without `others`); no copy of all of X is made.

    >>> weighted_products(np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([1.0, 10.0])).tolist()
    [[11.0, 32.0], [32.0, 94.0]]
    """
    right = columns if others is None else others
    total: Floats = np.zeros((columns.shape[1], right.shape[1]))
    for start in range(0, len(columns), _BLOCK):
        block = slice(start, start + _BLOCK)
        total += columns[block].T @ (weight[block, None] * right[block])
    return total
