"""How long an outcome may take: what each window would see, and how many leads it could judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.analysis.intervals import Family, rate_arrays
from toolkit.analysis.rates import rate_reasons

if TYPE_CHECKING:
    from toolkit.analysis.cells import Floats
    from toolkit.counts import DelayCounts

__all__ = ["outcome_window_table"]

_COLUMNS = [
    "within_days", "n_mature", "n", "positives", "rate",
    "n_plateau", "plateau_positives", "plateau_share", "low", "high", "reason",
]  # fmt: skip


def outcome_window_table(delays: DelayCounts, *, confidence: float = 0.95) -> pd.DataFrame:
    """What share of the conversions each outcome window sees, and how many leads it could judge.

    A long window sees more of the conversions and can judge fewer leads. `plateau_share` compares
    windows on the same leads: of those that are old enough for the longest window and converted
    within it, the share that had converted by the end of this one. Conversions after the longest
    window are in none of the numbers. Wilson intervals, over accounts where they are known.

    Columns: `within_days`; `n_mature` (leads whose window has closed); `n` (of these judged);
    `positives` and `rate` (of the judged); `n_plateau` (conversions within the longest window
    of leads old enough for it); `plateau_positives` (of these by the end of this one);
    `plateau_share`, `low`, `high`; `reason` (why there is no share, or what to know of it).

    Source of the intervals: Wilson (1927) on the effective number of leads, Korn and Graubard (1998).

    >>> from toolkit.counts import DelayCounts
    >>> frame = pd.DataFrame(
    ...     [(30, "all", "converted", 1), (30, "all", "not_converted", 3),
    ...      (90, "all", "converted", 2), (90, "all", "immature", 2),
    ...      (30, "longest", "converted", 1), (30, "longest", "not_converted", 1),
    ...      (90, "longest", "converted", 2)],
    ...     columns=["within_days", "of", "state", "n"])
    >>> table = outcome_window_table(DelayCounts(frame, None))
    >>> table[["within_days", "n_mature", "rate", "plateau_share"]].values.tolist()
    [[30.0, 4.0, 0.25, 0.5], [90.0, 2.0, 1.0, 1.0]]
    """
    frame = delays.frame
    days = np.sort(frame["within_days"].unique())
    every = _by_state(frame, "all", days)
    longest = _by_state(frame, "longest", days)
    hits = longest["converted"]
    plateau = hits.max(initial=0.0)
    family = _family(delays, days, hits, plateau - hits)
    rates = rate_arrays(family, confidence=confidence)
    judged = every["converted"] + every["not_converted"]
    return pd.DataFrame(
        {
            "within_days": days,
            "n_mature": (judged + every["unworked"]).astype("int64"),
            "n": judged.astype("int64"),
            "positives": every["converted"].astype("int64"),
            "rate": np.divide(
                every["converted"], judged, out=np.full(len(days), np.nan), where=judged > 0
            ),
            "n_plateau": np.full(len(days), plateau).astype("int64"),
            "plateau_positives": hits.astype("int64"),
            "plateau_share": rates.estimate,
            "low": rates.low,
            "high": rates.high,
            "reason": [
                "no lead old enough for the longest window converted" if n <= 0 else reason
                for n, reason in zip(family.n, rate_reasons(family.n, rates), strict=True)
            ],
        },
        columns=_COLUMNS,
    )


def _by_state(frame: pd.DataFrame, of: str, days: Floats) -> dict[str, Floats]:
    part = frame[frame["of"] == of].pivot_table(
        index="within_days", columns="state", values="n", aggfunc="sum", fill_value=0
    )
    states = ("converted", "not_converted", "immature", "unworked")
    full = part.reindex(index=days, columns=list(states), fill_value=0)
    return {state: full[state].to_numpy(dtype=np.float64) for state in states}


def _family(delays: DelayCounts, days: Floats, hits: Floats, misses: Floats) -> Family:
    products = delays.within_accounts
    if products is None or products.empty:
        return Family(hits, misses, hits, np.zeros_like(hits), misses, None)
    by_day = products.set_index("within_days").reindex(days)
    one, cross, rest = (
        by_day[name].to_numpy(dtype=np.float64)
        for name in ("hits_hits", "hits_misses", "misses_misses")
    )
    return Family(hits, misses, one, cross, rest, delays.accounts)
