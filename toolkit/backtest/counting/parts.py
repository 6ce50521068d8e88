"""Leads in parts of neighbouring accounts, small enough to be grouped inside the processor's cache.

A lead is one whole number: account x width + code, where code < width. Putting leads in order of
account in one go writes all over the memory for every lead. Here they are first dealt out to parts
of 65,536 accounts, block by block, and every part is put in order by itself: twice the steps, in a
third of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from toolkit.backtest.counting.within import Grouped, Numbers, group_leads
from toolkit.backtest.kernel.threads import spread

__all__ = ["ACCOUNTS", "deal_out", "group_part"]

ACCOUNTS = 1 << 16
"""Accounts of a part."""


def deal_out(blocks: Iterable[Numbers], width: int, accounts: int) -> Iterator[list[Numbers]]:
    """The leads of each part that has any, from every block; so many accounts are numbered.

    >>> blocks = [np.array([65_536 * 10 + 7, 3], dtype=np.uint32)]  # the first is of the second part
    >>> [np.concatenate(part).tolist() for part in deal_out(blocks, 10, 70_000)]
    [[3], [655367]]
    """
    whole = ACCOUNTS * width
    dealt = list(spread(iter(blocks), lambda block: _dealt(block, whole)))
    for part in range(-(-accounts // ACCOUNTS)):
        found = [leads for block in dealt if len(leads := _of(block, part))]
        if found:
            yield found


def _dealt(block: Numbers, whole: int) -> Grouped:
    """The leads of a block, grouped by part."""
    return group_leads((block // block.dtype.type(whole)).astype(np.int32), block)


def _of(grouped: Grouped, part: int) -> Numbers:
    """The leads of one part of a block; none beyond the last that the block has."""
    if part + 1 >= len(grouped.ends):
        return grouped.cell[:0]
    return grouped.cell[grouped.ends[part] : grouped.ends[part + 1]]


def group_part(part: Sequence[Numbers], value: Numbers) -> Grouped:
    """Bring the leads of each account of a part together, with their code in place of a cell.

    `value` has one number for each code. The leads of an account with different values are different
    accounts; the order of accounts is that of the keys.

    >>> group_part([np.array([13, 11, 12], dtype=np.uint32)], np.zeros(5, int)).cell.tolist()
    [3, 1, 2]
    >>> part = [np.array([13, 11], dtype=np.uint32), np.array([12], dtype=np.uint32)]
    >>> group_part(part, np.array([0, 0, 0, 1, 1])).ends.tolist()
    [0, 2, 3]
    """
    key = np.concatenate(part)
    width = key.dtype.type(len(value))
    account = key // width
    code = (key - account * width).astype(np.min_scalar_type(len(value)))
    account = (account - account.min()).astype(np.int32)
    if value.max() > 0:
        pair = account * np.int64(value.max() + 1) + value[code]
        account = np.unique(pair, return_inverse=True)[1].astype(np.int32)
    return group_leads(account, code)
