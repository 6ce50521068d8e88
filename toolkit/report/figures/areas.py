"""How well the score ranks the leads of each segment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.report.figures.plain import Row, rows_chart
from toolkit.report.wording import Words, joined, percent, plural

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from toolkit.report.figures.style import Chart

__all__ = ["areas_sentence", "plot_areas"]

_MOST = 16
_SURE = 0.05


def plot_areas(
    table: pd.DataFrame, *, words: Words | None = None, axis: str = "segment", note: str = ""
) -> Chart:
    """Draw the rows of `segment_areas`: how often a positive outscored another lead, by segment.

    Dashed: chance, 50%. Orange squares: segments whose area differs from the mean of all (p-value
    adjusted for the segments at most 5%). The 16 with most positives are drawn.
    """
    words = words or Words()
    ordered = table.sort_values("positives", ascending=False, na_position="last", kind="stable")
    rows = [_row(record, words) for record in ordered.head(_MOST).to_dict("records")]
    left = len(table) - len(rows)
    headline = areas_sentence(table, axis=axis)
    about = (
        f"How often a lead that {words.became} scores higher than another of its {axis} that was judged, "
        "ties counting half. Thin lines: 95% interval. Dashed: chance."
    )
    more = f" {left} with fewer are not drawn." if left > 0 else ""
    return rows_chart(headline, f"{about}{more} {note}", rows, line=0.5)


def _row(record: Mapping[Hashable, Any], words: Words) -> Row:
    missing = pd.isna(record["auc"])
    positives = 0 if pd.isna(record["positives"]) else int(record["positives"])
    known = f"{percent(record['auc'])}, {plural(positives, words.single, words.many)}"
    return Row(
        name=str(record["segment"]),
        rate=math.nan if missing else record["auc"],
        low=record["low"],
        high=record["high"],
        positives=positives,
        n=math.nan,
        strong=bool(record["p_holm"] <= _SURE),
        text="cannot be told" if missing else known,
    )


def areas_sentence(table: pd.DataFrame, *, axis: str) -> str:
    """Name the segments in which the score ranks surely better or worse than on average."""
    known = table.dropna(subset=["auc"])
    if known.empty:
        return f"No {axis} has enough judged leads to say how well the score ranks them"
    sure = known[known["p_holm"] <= _SURE]
    if sure.empty:
        return f"The score is not seen to rank the leads of any {axis} better or worse than others"
    parts = [
        f"{how} for {joined([str(name)[:40] for name in names][:3])}"
        for how, names in (
            ("better", sure.loc[sure["difference"] > 0, "segment"]),
            ("worse", sure.loc[sure["difference"] < 0, "segment"]),
        )
        if len(names)
    ]
    return f"The score ranks leads {' and '.join(parts)} than on average"
