"""Where the money lies along the score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.cells import Floats, suffix_sum
from toolkit.analysis.intervals import FEW, Family, rate_arrays, ratio
from toolkit.errors import DataError

if TYPE_CHECKING:
    from toolkit.counts import AmountCounts

__all__ = ["value_gains_table"]

_ONE_DEAL = 0.1


def value_gains_table(amounts: AmountCounts, *, confidence: float = 0.95) -> pd.DataFrame:
    """Show what share of the amount lies in the best-scored share of the judged leads.

    One row per score that a judged lead has, best first; leads that did not convert are worth 0.
    Intervals as for any rate (Wilson on the effective number of deals, over accounts where they are
    known), a deal weighing by its amount.

    Columns: `threshold` (score at or above which leads are taken); `leads_share` (of all judged
    leads); `amount` (of the leads taken); `amount_share` (of the amount of all judged leads; NaN
    without any), `low`, `high`; `lift` (amount_share / leads_share); `without_largest` (amount_share
    if the largest deal of all had not been made); `deals` (equal deals, or accounts, that the whole
    amount weighs as much as); `reason` (why a number is NaN, that some converted leads have no
    amount, or that the table rests on few deals or on one; None otherwise). Source: Kish (1965)
    for the equal deals.

    >>> import pandas as pd
    >>> from toolkit.counts import AmountCounts
    >>> frame = pd.DataFrame({"score": [40, 60], "judged": 10, "converted": [1, 4],
    ...     "valued": [1, 4], "amount": [1000.0, 9000.0], "amount_squared": [1e6, 2.1e7],
    ...     "largest": [1000.0, 3000.0]})
    >>> table = value_gains_table(AmountCounts(frame, None))
    >>> table[["threshold", "leads_share", "amount_share", "lift"]].round(9).values.tolist()
    [[60.0, 0.5, 0.9, 1.8], [40.0, 1.0, 1.0, 1.0]]
    """
    frame = amounts.frame.sort_values("score", ignore_index=True)
    amount = frame["amount"].to_numpy(dtype=np.float64)
    family = _family(amounts, frame, amount)
    rates = rate_arrays(family, confidence=confidence)
    leads = suffix_sum(frame["judged"].to_numpy(dtype=np.float64))[:-1]
    deals = float(family.equal_accounts.max(initial=0.0))
    table = pd.DataFrame(
        {
            "threshold": frame["score"].to_numpy(dtype=np.int64),
            "leads_share": ratio(leads, np.full(len(leads), leads.max(initial=0.0))),
            "amount": suffix_sum(amount)[:-1],
            "amount_share": family.share,
            "low": rates.low,
            "high": rates.high,
            "lift": family.share / ratio(leads, np.full(len(leads), leads.max(initial=0.0))),
            "without_largest": _without_largest(frame, amount),
            "deals": deals,
            "reason": pd.Series([_reason(frame, amount, deals)] * len(frame), dtype=object),
        }
    )
    return table.iloc[::-1].reset_index(drop=True)


def _family(amounts: AmountCounts, frame: pd.DataFrame, amount: Floats) -> Family:
    """The share of the amount at or above each score, as a rate of deals that weigh by amount.

    Amounts are scaled so that they add up to the number of equal deals (or accounts) that would
    weigh as much, which is the most that an interval may rest on.
    """
    scores = pd.Index(frame["score"])
    units = int(frame["valued"].sum()) if amounts.accounts is None else amounts.valued_accounts
    if units is None:
        raise DataError(
            "the amounts hold products over accounts but not their number (valued_accounts): "
            "count the amounts again"
        )
    if amounts.accounts is None:
        a = b = np.arange(len(frame))
        product = frame["amount_squared"].to_numpy(dtype=np.float64)
    else:
        pairs = amounts.accounts
        a, b = (scores.get_indexer(pd.Index(pairs[name])) for name in ("score_a", "score_b"))
        product = pairs["product"].to_numpy(dtype=np.float64)
    above = suffix_sum(amount)[:-1]
    both, one = (_from(at, product, len(frame)) for at in (np.minimum(a, b), a))
    # The sums at the lowest score, added up in the same order, so that nothing is left below it.
    total, squares = (float(sums[:1].sum()) for sums in (above, both))
    scale = total / squares if squares > 0 else 0.0
    return Family(
        above * scale,
        (total - above) * scale,
        both * scale**2,
        (one - both) * scale**2,
        (squares - 2 * one + both) * scale**2,
        units,
    )


def _without_largest(frame: pd.DataFrame, amount: Floats) -> Floats:
    if not amount.sum() > 0:
        return np.full(len(frame), np.nan)
    at = int(np.argmax(frame["largest"].fillna(-1.0)))
    rest = amount.copy()
    rest[at] -= float(frame["largest"].iloc[at])
    above = suffix_sum(rest)[:-1]
    return ratio(above, np.full(len(above), max(float(rest.sum()), 0.0)))


def _reason(frame: pd.DataFrame, amount: Floats, deals: float) -> str | None:
    valued, converted = int(frame["valued"].sum()), int(frame["converted"].sum())
    if not amount.sum() > 0:
        return "no judged lead converted" if not converted else "no converted lead has an amount"
    largest = float(frame["largest"].max() / amount.sum())
    notes = [
        f"{converted - valued} of {converted} converted leads have no amount"
        if valued < converted
        else None,
        f"one deal is {largest:.0%} of the amount" if largest >= _ONE_DEAL else None,
        f"few deals: the amounts weigh as much as {deals:.0f} equal ones" if deals < FEW else None,
    ]
    return "; ".join(note for note in notes if note) or None


def _from(position: np.ndarray, values: Floats, levels: int) -> Floats:
    sums = np.bincount(position, weights=values, minlength=levels).astype(np.float64)
    return suffix_sum(sums)[:-1]
