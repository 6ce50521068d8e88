"""How well the leads handed over in each quarter did."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import FuncFormatter, MaxNLocator

from toolkit.report.figures.style import (
    BLUE,
    GREY,
    INK,
    NOTE,
    SIZE,
    WIDTH,
    Chart,
    axes_at,
    drawing,
    new_chart,
    text_width,
)
from toolkit.report.sentences import quarters_sentence
from toolkit.report.wording import Words, count, of_all, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_quarters"]

_HEIGHT, _BELOW = 2.4, 0.62
_MOST = 9
_LEFT = 0.75


def plot_quarters(table: pd.DataFrame, *, words: Words | None = None, note: str = "") -> Chart:
    """Draw the share of judged hand-offs that turned into a positive, quarter by quarter.

    `table` has the columns quarter, n (judged), positives, rate, low, high, in the order of time;
    the last nine are drawn, or as many as fit with their counts. A quarter that is still maturing is said to be pending.
    """
    words = words or Words()
    with drawing():
        rows = _fitting(table.tail(_MOST).to_dict("records"))
        headline = quarters_sentence(table, words=words)
        about = f"Share of judged {words.handed_many} that {words.became}. Thin line: 95% interval. {note}"
        chart, floor = new_chart(headline, about.strip(), _HEIGHT + _BELOW + 0.1)
        axes = axes_at(chart, _LEFT, floor + _BELOW, WIDTH - _LEFT - 0.15, _HEIGHT)
        _draw(axes, rows)
    chart.alt = f"{headline}. {' '.join(_spoken(row) for row in rows)}"
    return chart


def _fitting(rows: list[dict[Hashable, Any]]) -> list[dict[Hashable, Any]]:
    lines = (line for row in rows for line in _tick(row).split("\n"))
    widest = max((text_width(line, SIZE["note"]) for line in lines), default=1.0)
    return rows[-max(int((WIDTH - _LEFT - 0.15) / (widest + 0.12)), 1) :]


def _draw(axes: Axes, rows: list[dict[Hashable, Any]]) -> None:
    most = max(
        (float(row["high"]) for row in rows if not math.isnan(float(row["high"]))), default=0.1
    )
    top = max(1.2 * most, 0.01)
    axes.set_xlim(-0.5, max(len(rows), 1) - 0.5)
    axes.set_ylim(0, top)
    axes.grid(axis="y")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{100 * rate:.3g}%"))
    axes.set_xticks(range(len(rows)), [_tick(row) for row in rows])
    axes.tick_params(axis="x", length=0, labelsize=SIZE["note"])
    known = [i for i, row in enumerate(rows) if not math.isnan(float(row["rate"]))]
    for i, row in enumerate(rows):
        _point(axes, i, row, last=i == max(known, default=-1), top=top)


def _tick(row: Mapping[Hashable, Any]) -> str:
    if math.isnan(float(row["rate"])):
        return f"{row['quarter']}\npending"
    return f"{row['quarter']}\n{count(row['positives'])} of\n{count(row['n'])}"


def _point(axes: Axes, x: int, row: Mapping[Hashable, Any], *, last: bool, top: float) -> None:
    rate, low, high = (float(row[name]) for name in ("rate", "low", "high"))
    if math.isnan(rate):
        axes.text(x, top * 0.5, "?", ha="center", va="center", size=SIZE["value"], color=NOTE)
        return
    colour = BLUE if last else GREY
    axes.plot([x, x], [low, high], color=INK, linewidth=1.6)
    axes.plot([x], [rate], "o", color=colour, markersize=9)
    axes.text(
        x,
        high + top * 0.03,
        percent(rate, 0),
        ha="center",
        va="bottom",
        weight="bold",
        size=SIZE["label"],
    )


def _spoken(row: Mapping[Hashable, Any]) -> str:
    if math.isnan(float(row["rate"])):
        return f"{row['quarter']}: pending."
    return (
        f"{row['quarter']}: {percent(float(row['rate']), 0)}, {of_all(row['positives'], row['n'])}."
    )
