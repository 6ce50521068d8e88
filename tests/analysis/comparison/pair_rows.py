"""Pair tables built from rows: the naive door."""

from __future__ import annotations

import pandas as pd

from tests.analysis.rows import PROVENANCE
from toolkit.counts import AccountCells, PairCounts

KEYS = ["champion", "challenger", "state"]


def count_pairs(rows, *, fitted_on="nothing"):
    """Rows with champion, challenger, state and perhaps account."""
    grouped = rows.groupby(KEYS)
    cells = None
    if "account" in rows:
        inside = pd.DataFrame({"account": rows["account"], "cell": grouped.ngroup()})
        inside = inside[inside["account"].duplicated(keep=False)]
        cells = AccountCells(
            inside.groupby(["account", "cell"]).size().reset_index(name="n").astype("int64")
        )
    frame = grouped.size().reset_index(name="n")
    return PairCounts(frame, PROVENANCE, "challenger 2", fitted_on, cells)


def sides(swap_in, swap_out, both=(0, 0), neither=(0, 0), **more):
    """Pairs of 0/1 choices: (converted, not converted) on each side."""
    places = {(0, 1): swap_in, (1, 0): swap_out, (1, 1): both, (0, 0): neither}
    rows = [
        {"champion": a, "challenger": b, "state": state, "n": n}
        for (a, b), counts in places.items()
        for state, n in zip(("converted", "not_converted", "unworked"), counts, strict=False)
        if n
    ]
    return PairCounts(
        pd.DataFrame(rows), PROVENANCE, "challenger 2", **{"fitted_on": "nothing", **more}
    )
