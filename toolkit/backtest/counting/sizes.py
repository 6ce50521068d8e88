"""How many accounts have so many converted and so many other judged leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.backtest.counting.within import FEW, Laid

__all__ = ["count_sizes", "sum_up"]

_BASE = FEW + 1


def count_sizes(laid: Sequence[Laid], cells: pd.DataFrame) -> pd.DataFrame:
    """Accounts (`n`) by `value`, and by how many of their leads are `converted` and `not_converted`.

    `cells` has, for each cell, the number of the value of the axis and the state. All leads of an
    account have one value.
    """
    state = cells["state"].to_numpy()
    kinds = Kinds(
        cells["value"].to_numpy(np.uint32),
        (state == "converted").astype(np.uint32),
        (state == "not_converted").astype(np.uint32),
    )
    few, many = _of_few(laid, kinds), _of_many(laid, kinds)
    sizes, n = np.unique(many, axis=1, return_counts=True)
    found = np.hstack([few, np.vstack([sizes, n])])
    return pd.DataFrame(dict(zip(("value", "converted", "not_converted", "n"), found, strict=True)))


class Kinds(NamedTuple):
    """Of each cell: the number of the value, whether its leads are converted, or judged and not."""

    value: NDArray[np.uint32]
    hit: NDArray[np.uint32]
    miss: NDArray[np.uint32]


def _of_few(laid: Sequence[Laid], kinds: Kinds) -> NDArray[np.int64]:
    """Value and both numbers of leads are the digits of one number, which is counted."""
    digits = kinds.hit * np.uint32(_BASE) + kinds.miss
    first = kinds.value * np.uint32(_BASE**2) + digits
    table = np.zeros((int(kinds.value.max()) + 1) * _BASE**2, dtype=np.int64)
    for part in laid:
        for beside in part.few:
            number = first[beside[0]]
            for cell in beside[1:]:
                number += digits[cell]
            table += np.bincount(number, minlength=len(table))
    return np.array([*table.reshape(-1, _BASE, _BASE).nonzero(), table[table > 0]])


def _of_many(laid: Sequence[Laid], kinds: Kinds) -> NDArray[np.int64]:
    """Value and both numbers of leads of each larger account."""
    found = [np.zeros((3, 0), dtype=np.int64)]
    for many in (part.many for part in laid if part.many.nnz):
        first = many.indices[many.indptr[:-1]]
        found.append(np.vstack([kinds.value[first], many @ kinds.hit, many @ kinds.miss]))
    return np.hstack(found)


def sum_up(sizes: pd.DataFrame) -> Mapping[str, Any]:
    """The fields of `AccountPairs` that are numbers of accounts and of leads.

    >>> sum_up(pd.DataFrame({"converted": [0, 2], "not_converted": [0, 1], "n": [4, 5]}))
    {'judged': 5, 'converted': 5, 'not_converted': 5, 'largest': 3}
    """
    judged = sizes["converted"] + sizes["not_converted"]
    some = {"judged": judged, "converted": sizes["converted"]}
    some["not_converted"] = sizes["not_converted"]
    accounts = {name: int(sizes["n"][leads > 0].sum()) for name, leads in some.items()}
    return {**accounts, "largest": int(judged.max())}
