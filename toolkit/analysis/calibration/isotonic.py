"""The rising curve nearest to the rates."""

from __future__ import annotations

import numpy as np

from toolkit.analysis.cells import Floats, Ints

__all__ = ["isotonic_rates"]


def isotonic_rates(positives: Ints, n: Ints) -> Floats:
    """Fit the rising curve nearest to the rates, by pooling neighbours that fall.

    Pools only strict violations, compared as exact integers; a level without leads pools with a
    neighbour or, where nothing pools with it, is NaN. Source: Ayer et al. (1955).

    >>> isotonic_rates(np.array([1, 0, 3]), np.array([2, 2, 4])).tolist()
    [0.25, 0.25, 0.75]
    """
    blocks: list[tuple[int, int, int]] = []
    for hits, size in zip(positives.tolist(), n.tolist(), strict=True):
        block = (hits, size, 1)
        while blocks and blocks[-1][0] * block[1] > block[0] * blocks[-1][1]:
            last = blocks.pop()
            block = (last[0] + block[0], last[1] + block[1], last[2] + block[2])
        blocks.append(block)
    rates = np.array(
        [hits / size if size else np.nan for hits, size, _ in blocks], dtype=np.float64
    )
    return np.repeat(rates, [width for *_, width in blocks])
