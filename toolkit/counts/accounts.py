"""How the leads of one account fall together."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

__all__ = ["AccountCells", "AccountPairs"]


@dataclass(frozen=True, slots=True)
class AccountPairs:
    """How leads of one account fall together, summed over accounts.

    `frame` has the columns `score_a`, `state_a`, `score_b`, `state_b`, `n`: the sum over accounts
    of (leads of the account in cell a) x (leads of the account in cell b), symmetric, both halves
    stored. A lead without an account is an account of its own.
    """

    frame: pd.DataFrame = field(repr=False)
    judged: int
    """Accounts with at least one judged lead."""
    converted: int
    """Accounts with at least one converted lead."""
    not_converted: int
    """Accounts with at least one lead that was judged and did not convert."""
    largest: int
    """Judged leads of the largest account."""


@dataclass(frozen=True, slots=True)
class AccountCells:
    """Which cells of a count table the leads of each account fall in, accounts unnamed.

    For tables with so many cells (patterns of criteria, two scores at once) that products over
    pairs of cells would outgrow the leads themselves; a robust variance is then one pass over
    this table. `frame` has the columns `account` (0, 1, ... in no meaningful order), `cell` (row
    number in the frame of the counts) and `n` (leads). Only accounts with two leads or more are
    listed: every other lead of a cell is an account of its own, so their number is the cell's `n`
    less its sum here.
    """

    frame: pd.DataFrame = field(repr=False)
