"""How many accounts have so many converted and so many other judged leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from toolkit.backtest.counting.within import Laid, Numbers

__all__ = ["COLUMNS", "count_sizes", "sum_up"]

COLUMNS = ["value", "converted", "not_converted", "n"]


def count_sizes(laid: Sequence[Laid], value: Numbers, hits: int, judged: int) -> Numbers:
    """Rows of `COLUMNS`: `n` accounts of a value have so many leads of either kind.

    `value` is that of each cell; all leads of an account have the same. The first cells are of
    converted leads (`hits` of them), the others of those that were `judged` follow.
    """
    few = (_of_few(beside, value, hits, judged) for part in laid for beside in part.few)
    many = (_of_many(part, value, hits, judged) for part in laid if part.many.nnz)
    return np.concatenate([np.zeros((0, len(COLUMNS)), dtype=np.int64), *few, *many])


def _of_few(beside: Numbers, value: Numbers, hits: int, judged: int) -> Numbers:
    """Of accounts side by side: value and both numbers are the digits of one, which is counted."""
    base = len(beside) + 1
    won, known = _below(hits, beside), _below(judged, beside)
    number = (value[beside[0]] * base + won) * base + (known - won)
    table = np.bincount(number, minlength=(int(value.max()) + 1) * base**2)
    return np.column_stack([*table.reshape(-1, base, base).nonzero(), table[table > 0]])


def _below(end: int, beside: Numbers) -> Numbers:
    """Leads of each account in the cells before one."""
    found: Numbers = (beside < end).view(np.uint8).sum(axis=0, dtype=np.uint8)
    return found


def _of_many(part: Laid, value: Numbers, hits: int, judged: int) -> Numbers:
    """Of the larger accounts, each by itself."""
    first = part.many.indices[part.many.indptr[:-1]]
    won, lost = part.many[:, :hits].sum(axis=1), part.many[:, hits:judged].sum(axis=1)
    return np.column_stack([value[first], won, lost, np.ones_like(won)])


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
