"""Segments against what chance alone would do to segments of their size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.report.figures.plain import Row, draw_rows, rows_height
from toolkit.report.figures.style import Chart, drawing, new_chart
from toolkit.report.threshold_sentences import segments_sentence
from toolkit.report.wording import Words, count, of_all, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

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
    with drawing():
        headline = segments_sentence(table, words=words, axis=axis)
        about = (
            "Grey: where 95% (lighter: 99.8%) of segments of this size would lie if all were alike. "
            "Thin lines: 95% interval. Dashed: all leads."
        )
        more = f" {count(left)} smaller ones are not drawn." if left > 0 else ""
        chart, floor = new_chart(headline, f"{about}{more} {note}".strip(), rows_height(rows))
        draw_rows(chart, floor, rows, line=overall)
    chart.alt = f"{headline}. {_spoken(rows)}"
    return chart


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


def _spoken(rows: list[Row]) -> str:
    return " ".join(
        f"{row.name}: {percent(row.rate)} ({of_all(row.positives, row.n)})."
        for row in rows
        if not math.isnan(row.rate)
    )
