"""Counts split by segment from rows, products across segments included."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from tests.analysis.rows import count_rows, lead_rows

_CELL = ["segment", "score", "state"]
_PAIR = ["group_a", "score_a", "state_a", "group_b", "score_b", "state_b"]


def count_segments(rows):
    """Count rows of `score`, `state`, `segment` and, when known, `account`."""
    counts = count_rows(rows, by=("segment",))
    if "account" not in rows:
        return counts
    judged = rows[rows["state"].isin(["converted", "not_converted"])]
    cells = judged.groupby(["account", *_CELL], as_index=False).size()
    both = cells.merge(cells, on="account", suffixes=("_a", "_b"))
    both = both[both["segment_a"] != both["segment_b"]]
    both = both.rename(columns={"segment_a": "group_a", "segment_b": "group_b"})
    both["n"] = both["size_a"] * both["size_b"]
    across = both.groupby(_PAIR, as_index=False)["n"].sum()
    return replace(counts, accounts_across=across)


def segments(table, account=None):
    """Rows from {segment: (positives, n)} at one score."""
    parts = []
    for name, (positives, n) in table.items():
        rows = lead_rows([50] * n, [1] * positives + [0] * (n - positives), account)
        parts.append(rows.assign(segment=name))
    return pd.concat(parts, ignore_index=True)
