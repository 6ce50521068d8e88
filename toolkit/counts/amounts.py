"""What the converted leads of each score were worth."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from toolkit.counts.provenance import Provenance

__all__ = ["AmountCounts"]


@dataclass(frozen=True, slots=True)
class AmountCounts:
    """Amounts of converted leads by score, beside the judged leads of that score.

    `frame` has the columns `score`; `judged` (leads whose outcome is known); `converted`; `valued`
    (converted leads with an amount); `amount` (their sum, in the currency of the table);
    `amount_squared` (sum of their squares); `largest` (the largest of them; NaN without any). One
    row per score of a judged lead, ascending.
    """

    frame: pd.DataFrame = field(repr=False)
    provenance: Provenance
    accounts: pd.DataFrame | None = field(default=None, repr=False)
    """`score_a`, `score_b`, `product`: sum over accounts of (amount of the account at one score) x
    (its amount at the other); symmetric, both halves stored. None where no account is known."""
    account_leads: pd.DataFrame | None = field(default=None, repr=False)
    """`score_a`, `score_b`, `state_b`, `product`: sum over accounts of (amount of the account at score
    a) x (its judged leads of score and state b). None where no account is known."""
    valued_accounts: int | None = None
    """Accounts with a converted lead that has an amount; a lead without an account is one of its own.
    None where no account is known."""
