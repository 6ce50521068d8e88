"""How many accounts have so many converted and so many other judged leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from toolkit.backtest.counting.within import FEW, Laid, Numbers

__all__ = ["count_sizes", "sum_up"]

_BASE = FEW + 1
_COLUMNS = ["value", "converted", "not_converted", "n"]


def count_sizes(laid: Sequence[Laid], cells: pd.DataFrame) -> pd.DataFrame:
    """Accounts (`n`) by `value`, and by how many of their leads are `converted` and `not_converted`.

    `cells` has, for each cell, the number of the value of the axis and the state. All leads of an
    account have one value.
    """
    value = cells["value"].to_numpy(dtype=np.int64)
    hit, miss = (cells["state"].eq(s).to_numpy(np.int64) for s in ("converted", "not_converted"))
    few = _of_few([beside for part in laid for beside in part.few], value, hit, miss)
    return pd.concat([few, *(_of_many(part, value, hit, miss) for part in laid)])


def _of_few(few: Sequence[Numbers], value: Numbers, hit: Numbers, miss: Numbers) -> pd.DataFrame:
    """Value and both numbers of leads as the digits of one number, which is counted."""
    digits = (hit * _BASE + miss).astype(np.uint32)
    first = (value * _BASE**2 + digits).astype(np.uint32)
    table = np.zeros((int(value.max(initial=0)) + 1) * _BASE**2, dtype=np.int64)
    for beside in few:
        number = first[beside[0]] + digits[beside[1:]].sum(axis=0, dtype=np.uint32)
        table += np.bincount(number, minlength=len(table))
    there = np.flatnonzero(table)
    of, both = np.divmod(there, _BASE**2)
    return pd.DataFrame(
        dict(zip(_COLUMNS, (of, *np.divmod(both, _BASE), table[there]), strict=True))
    )


def _of_many(part: Laid, value: Numbers, hit: Numbers, miss: Numbers) -> pd.DataFrame:
    first = part.many.indices[part.many.indptr[:-1]]
    sizes = (value[first], part.many @ hit, part.many @ miss)
    return (
        pd.DataFrame(dict(zip(_COLUMNS, sizes, strict=False))).value_counts().reset_index(name="n")
    )


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
