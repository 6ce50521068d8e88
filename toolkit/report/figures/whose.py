"""Which leads a row of a table is of, as a label and inside a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.report.sentences import band_label
from toolkit.report.wording import score_range

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

__all__ = ["row_label", "those_of"]


def row_label(row: Mapping[Hashable, Any]) -> str:
    """Name the leads of a row: scores and band, or the name alone where no scores bound them.

    >>> row_label({"band": "A1", "start": float("nan"), "stop": float("nan")})
    'A1'
    >>> row_label({"band": "mql", "start": 50, "stop": float("nan")})
    '50+ mql'
    """
    open_ = pd.isna(row["start"]) and pd.isna(row["stop"])
    return str(row["band"]) if open_ else band_label(row)


def those_of(row: Mapping[Hashable, Any]) -> str:
    """Continue a sentence after `leads`.

    >>> those_of({"band": "mql", "start": 50, "stop": 80})
    'scored 50\N{EN DASH}79'
    >>> those_of({"band": "A1", "start": float("nan"), "stop": float("nan")})
    'in A1'
    """
    if pd.isna(row["start"]) and pd.isna(row["stop"]):
        return "of all scores" if row["band"] == "all leads" else f"in {row['band']}"
    return f"scored {score_range(row['start'], row['stop'])}"
