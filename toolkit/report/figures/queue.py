"""Week by week: what a threshold would have sent, and who would have been left waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from toolkit.report.figures.plain import label_lines, panel, short
from toolkit.report.figures.style import (
    GREY,
    INK,
    LIGHT_BLUE,
    NOTE,
    ORANGE,
    SIZE,
    WIDTH,
    Chart,
    drawing,
    new_chart,
)
from toolkit.report.threshold_sentences import queue_sentence
from toolkit.report.wording import Words, count

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_queue"]

_TICKS = 5
_UPPER, _LOWER, _BETWEEN, _BELOW = 2.0, 1.2, 0.22, 0.45


def plot_queue(
    table: pd.DataFrame,
    *,
    threshold: float,
    capacity_per_week: float,
    words: Words | None = None,
    note: str = "",
) -> Chart:
    """Draw the rows of `replay_queue`: leads of each week against the capacity, and the backlog.

    Weeks that bring more than the team can work are grey with a hatch.
    """
    words = words or Words()
    capacity = f"team can work {count(capacity_per_week)}"
    with drawing():
        headline = queue_sentence(table, threshold=threshold, capacity_per_week=capacity_per_week)
        about = (
            "Replay of the whole weeks seen; the queue starts empty and nobody gives up waiting."
        )
        body = _UPPER + _LOWER + _BETWEEN + _BELOW + 0.15
        chart, floor = new_chart(headline, f"{about} {note}".strip(), body)
        lower = panel(chart, floor, _LOWER, [capacity], below=_BELOW)
        upper = panel(chart, floor, _UPPER, [capacity], below=_BELOW + _LOWER + _BETWEEN)
        _draw(upper, lower, table, capacity_per_week)
        label_lines(upper, [(capacity, INK, capacity_per_week)])
        _name(chart, upper, "Leads\na week")
        _name(chart, lower, "Waiting at\nweek's end")
    chart.alt = f"{headline}. {_spoken(table)}"
    return chart


def _draw(upper: Axes, lower: Axes, table: pd.DataFrame, capacity: float) -> None:
    x = np.arange(len(table), dtype=np.float64)
    leads, backlog = (table[name].to_numpy(dtype=float) for name in ("leads", "backlog"))
    over = leads > capacity
    upper.bar(x[~over], leads[~over], width=0.84, color=LIGHT_BLUE)
    upper.bar(
        x[over], leads[over], width=0.84, color=GREY, hatch="///", edgecolor="white", linewidth=0
    )
    upper.axhline(capacity, color=INK, linewidth=1.2)
    lower.bar(x, backlog, width=0.84, color=ORANGE)
    span = (-0.8, max(len(table), 1) - 0.2)
    for axes, values, least in ((upper, leads, capacity), (lower, backlog, 0.0)):
        axes.set_xlim(*span)
        axes.set_ylim(0, max(float(np.max(values, initial=0.0)), least, 1.0) * 1.12)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        axes.yaxis.set_major_formatter(lambda value, _: short(value))
        axes.grid(axis="y")
    upper.tick_params(axis="x", labelbottom=False, length=0)
    marked = list(range(0, len(table), max(-(-len(table) // _TICKS), 1)))
    lower.set_xticks(marked, [f"{table['week'].iloc[place]:%Y-%m-%d}" for place in marked])


def _name(chart: Chart, axes: Axes, text: str) -> None:
    box = axes.get_position()
    chart.text(
        0.12 / WIDTH, box.y0 + box.height / 2, text, size=SIZE["note"], color=NOTE, va="center",
        ha="left", rotation=90, linespacing=1.15, multialignment="center",
    )  # fmt: skip


def _spoken(table: pd.DataFrame) -> str:
    if table.empty:
        return ""
    return (
        f"Leads a week: {count(table['leads'].min())} to {count(table['leads'].max())}, on average "
        f"{table['leads'].mean():.1f}. Waiting in the end: {count(table['backlog'].iloc[-1])}."
    )
