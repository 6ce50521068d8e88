"""How many leads reached the outcome within each of several windows."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from toolkit.counts.provenance import Provenance

__all__ = ["DelayCounts"]


@dataclass(frozen=True, slots=True)
class DelayCounts:
    """States of the same leads under several outcome windows, for choosing one.

    `frame` has the columns `within_days` (the window), `of` (`all`: every lead; `longest`: leads
    that are old enough for the longest window and judged under it), `state` and `n`.

    `within_accounts` says how conversions of one account fall together, for the leads of
    `longest` that converted: `within_days`, `hits_hits`, `hits_misses`, `misses_misses`, the sums
    over accounts of products of its conversions inside the window (hits) and later ones (misses).
    It is None where no account is known.
    """

    frame: pd.DataFrame = field(repr=False)
    provenance: Provenance
    within_accounts: pd.DataFrame | None = field(default=None, repr=False)
    accounts: int | None = None
    """Accounts with a conversion within the longest window."""
