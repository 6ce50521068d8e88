"""Segments against what chance alone would do to segments of their size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.report.figures.plain import Row, rows_chart
from toolkit.report.threshold_sentences import segments_sentence
from toolkit.report.wording import Words, count

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from toolkit.report.figures.style import Chart

__all__ = ["plot_segments"]

_MOST = 16


def plot_segments(
    table: pd.DataFrame, *, words: Words | None = None, axis: str = "segment", note: str = ""
) -> Chart:
    """Draw the rows of `segment_table` as a funnel: largest segment on top, limits widening down.

    Grey: where the rate of a segment of this size lies 95% (and, lighter, 99.8%) of the time if all
    segments are alike. Orange squares: segments that differ from the rest (`answer` Yes). The 16
    largest are drawn.
    """
    words = words or Words()
    ordered = table.sort_values("n", ascending=False, na_position="last", kind="stable")
    rows = [_row(record) for record in ordered.head(_MOST).to_dict("records")]
    left = len(table) - len(rows)
    shown = table.dropna(subset=["rate"])
    overall = float(shown["positives"].sum() / shown["n"].sum()) if len(shown) else math.nan
    about = (
        "Grey: where 95% (lighter: 99.8%) of segments of this size would lie if all were alike. "
        "Thin lines: 95% interval. Dashed: all leads."
    )
    more = f" {count(left)} smaller ones are not drawn." if left > 0 else ""
    headline = segments_sentence(table, words=words, axis=axis)
    return rows_chart(headline, f"{about}{more} {note}", rows, line=overall)


def _row(record: Mapping[Hashable, Any]) -> Row:
    def number(name: str) -> float:
        return math.nan if pd.isna(record[name]) else float(record[name])

    return Row(
        name=str(record["segment"]),
        rate=number("rate"),
        low=number("low"),
        high=number("high"),
        positives=number("positives"),
        n=number("n"),
        strong=record["answer"] == "Yes",
        ranges=(
            (number("funnel_lowest"), number("funnel_highest")),
            (number("funnel_low"), number("funnel_high")),
        ),
    )
