"""How many accounts have so many converted and so many other judged leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.backtest.counting.within import FEW, Laid, Numbers

__all__ = ["count_sizes", "sum_up"]

_BASE = FEW + 1
_KEYS = ["value", "converted", "not_converted"]


def count_sizes(laid: Sequence[Laid], value: Numbers, hits: int, judged: int) -> pd.DataFrame:
    """Accounts (`n`) by `value`, and by how many of their leads are `converted` and `not_converted`.

    `value` is that of each cell; all leads of an account have the same. The first cells are of
    converted leads (`hits` of them), the others of those that were `judged` follow.
    """
    few = pd.DataFrame(_of_few(laid, value, hits, judged), columns=[*_KEYS, "n"])
    many = pd.DataFrame(_of_many(laid, value, hits, judged), columns=_KEYS)
    return pd.concat([few, many.groupby(_KEYS).size().reset_index(name="n")])


def _of_few(laid: Sequence[Laid], value: Numbers, hits: int, judged: int) -> NDArray[np.int64]:
    """Value and both numbers of leads are the digits of one number, which is counted."""
    table = np.zeros((int(value.max()) + 1) * _BASE**2, dtype=np.int64)
    for beside in (columns for part in laid for columns in part.few):
        won, known = _below(hits, beside), _below(judged, beside)
        number = value[beside[0]] * _BASE**2 + won.astype(np.int64) * _BASE + (known - won)
        table += np.bincount(number, minlength=len(table))
    return np.column_stack([*table.reshape(-1, _BASE, _BASE).nonzero(), table[table > 0]])


def _below(end: int, beside: Numbers) -> NDArray[np.uint8]:
    """Leads of each account in the cells before one."""
    return (beside < end).view(np.uint8).sum(axis=0, dtype=np.uint8)


def _of_many(laid: Sequence[Laid], value: Numbers, hits: int, judged: int) -> NDArray[np.int64]:
    """Value and both numbers of leads of each larger account."""
    found = [np.zeros((0, 3), dtype=np.int64)]
    for many in (part.many for part in laid if part.many.nnz):
        of = value[many.indices[many.indptr[:-1]]]
        won, lost = many[:, :hits].sum(axis=1), many[:, hits:judged].sum(axis=1)
        found.append(np.column_stack([of, won, lost]))
    return np.concatenate(found)


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
