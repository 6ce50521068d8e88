"""Leads by the values of single fields, and by when something was recorded: what leaks show in."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

__all__ = ["FieldCounts", "TimingCounts"]


@dataclass(frozen=True, slots=True)
class FieldCounts:
    """Judged leads by the value of each field, in folds that never split an account.

    `levels`: one row per field, value and fold: `field`, `value` (text; None where missing),
    `fold` (0, 1, ...), `converted`, `not_converted` (leads), `accounts` (distinct accounts among
    them; a lead without an account is one of its own). Because an account lies in one fold only,
    `accounts` may be added over folds. Numbers with many values are cut into ranges of about equal
    size, times into months. Of a field with more values than fit (`kinds.kind` is `many`), only
    those are listed whose rates lie furthest from that of all leads.

    `areas`: for the fields of kind `many`, one row per `field`, `bucket` and `fold`: leads
    (`converted`, `not_converted`) by the rate of their value *outside* their own fold, in steps of
    log-odds, ascending.

    `kinds`: one row per field: `field`, `kind` (`values`, `ranges`, `months`, `many`, `own` where
    nearly every lead has a value of its own, `constant`), `tested` (levels with enough leads to be
    looked at; what the error rate is shared among).
    """

    levels: pd.DataFrame = field(repr=False)
    areas: pd.DataFrame = field(repr=False)
    kinds: pd.DataFrame = field(repr=False)
    source: str
    """Base name of the file or folder."""
    outcome: str
    """The outcome in words."""
    converted: int
    not_converted: int
    accounts: int | None
    """Distinct accounts with a judged lead; None where no account is known."""


@dataclass(frozen=True, slots=True)
class TimingCounts:
    """Leads by when something was recorded, against a moment of their own.

    `frame` has the columns `about` (`field`, `activity`, `score`), `name`, `question`:

    * `first_set`: converted leads in which the field was ever set; `late` of them had it first set
      at or after the outcome;
    * `after_handoff`, `after_outcome`: leads with the activity on one side only of their hand-off
      (outcome), within equally long spans before and after it; `late` of them have it after. An
      activity in the second itself is before a hand-off, and after an outcome;
    * `moved`: converted leads whose recorded score changed in one only of two days: that from
      the outcome on, and the same day a week earlier; `late` of them in the former;

    and `n`, `late` (leads), `accounts` (distinct accounts among the n). `unknown` says what could
    not be looked at, and for want of which table.
    """

    frame: pd.DataFrame = field(repr=False)
    unknown: tuple[str, ...] = ()
