"""How well the score ranks leads by how long they have had to convert."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.report.figures.plain import Row, rows_chart
from toolkit.report.wording import Words, count, percent, plural

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from toolkit.report.figures.style import Chart

__all__ = ["plot_time_areas", "time_areas_sentence"]


def plot_time_areas(table: pd.DataFrame, *, words: Words | None = None, note: str = "") -> Chart:
    """Draw the rows of `time_auc`: how often the sooner lead had scored higher, by each day.

    Dashed: chance, 50%. All leads take part, worked or not; those followed for fewer days are
    stood for by the others.
    """
    words = words or Words()
    rows = [_row(record, words) for record in table.to_dict("records")]
    about = (
        f"How often a lead that {words.became} by that day outscores one that had not, ties counting"
        " half; leads turned down have not. Thin lines: 95% interval. Dashed: chance."
    )
    return rows_chart(time_areas_sentence(table, words=words), f"{about} {note}", rows, line=0.5)


def _row(record: Mapping[Hashable, Any], words: Words) -> Row:
    missing = math.isnan(record["auc"])
    cases = plural(record["cases"], words.outcome, words.many)
    return Row(
        name=f"within {plural(record['day'], 'day')}",
        rate=record["auc"],
        low=record["low"],
        high=record["high"],
        positives=record["cases"],
        n=math.nan,
        text="cannot be told" if missing else f"{percent(record['auc'])}, {cases}",
    )


def time_areas_sentence(table: pd.DataFrame, *, words: Words) -> str:
    """Compare how well the score ranks by the first and by the last day that are known."""
    known = table.dropna(subset=["auc"]).sort_values("day").to_dict("records")
    if not known:
        return "How well the score ranks leads over time cannot be told"
    first, last = known[0], known[-1]
    said = (
        f"A lead that {words.became} within {count(last['day'])} days had outscored one that did not"
        f" {percent(last['auc'], 0)} of the time"
    )
    if len(known) == 1:
        return said
    return f"{said}; within {count(first['day'])} days {percent(first['auc'], 0)}"
