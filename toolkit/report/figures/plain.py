"""A panel with room for labels at its right end, and rows of rates with thin intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.report.figures.style import (
    BLUE,
    GREY,
    INK,
    NOTE,
    ORANGE,
    SIZE,
    WIDTH,
    Chart,
    axes_at,
    drawing,
    inch_axes,
    new_chart,
    text_width,
    wrapped,
)
from toolkit.report.wording import number, of_all, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

__all__ = ["DAYS", "Row", "Scale", "label_lines", "mark_today", "panel", "rows_chart", "short"]

_LEFT, _BELOW, _ABOVE = 1.05, 0.55, 0.26
_LABEL_MOST = 1.6
_ROW, _TOP = 0.4, 0.1
_COUNTS, _NAMES = 1.75, 2.3


def panel(
    chart: Chart, floor: float, height: float, labels: Sequence[str], *, below: float = _BELOW
) -> Axes:
    """Axes of this height (inches) above `floor`, leaving room for the labels on the right."""
    wide = [text_width(line, SIZE["label"], "bold") for label in labels for line in _lines(label)]
    width = WIDTH - _LEFT - max(wide, default=0.0) - 0.3
    return axes_at(chart, _LEFT, floor + below, width, height)


def _lines(label: str) -> list[str]:
    return wrapped(label, _LABEL_MOST, SIZE["label"], weight="bold")


def label_lines(axes: Axes, labels: Sequence[tuple[str, str, float]]) -> None:
    """Write (text, colour, height) at the right end of lines, moved apart where they would meet."""
    low, high = axes.get_ylim()
    inches = axes.get_window_extent().height / axes.figure.dpi
    unit = SIZE["label"] * 1.35 / 72 / inches * (high - low)
    known = sorted((y, text, colour) for text, colour, y in labels if not math.isnan(y))
    least, placed = low, []
    for y, text, colour in known:
        half = unit * len(_lines(text)) / 2
        middle = max(y, least + half)
        placed.append((middle, half, text, colour))
        least = middle + half
    over = max(least - high, 0.0)
    for middle, _, text, colour in placed:
        axes.text(
            1.012, middle - over, "\n".join(_lines(text)), transform=axes.get_yaxis_transform(),
            color=colour, size=SIZE["label"], weight="bold", va="center", linespacing=1.15,
        )  # fmt: skip


def short(value: float) -> str:
    """A count on an axis: thousands written out, millions and more abbreviated."""
    for size, word in ((1e9, "bn"), (1e6, "m")):
        if value >= size:
            return f"{value / size:,.3g}{word}"
    return number(value, 0)


def mark_today(axes: Axes, threshold: float | None) -> None:
    """Draw today's threshold as a dashed line, named on top of the panel."""
    if threshold is None or not axes.get_xlim()[0] <= threshold <= axes.get_xlim()[1]:
        return
    axes.axvline(threshold, color=INK, linewidth=1.1, linestyle=(0, (4, 3)))
    axes.text(
        threshold, 1.02, f"today: {threshold:,.0f}", transform=axes.get_xaxis_transform(),
        size=SIZE["note"], ha="center", va="bottom",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One rate with its interval, and grey ranges behind it."""

    name: str
    rate: float
    low: float
    high: float
    positives: float
    n: float
    strong: bool = False
    """Drawn in orange with a square, as one that differs."""
    ranges: tuple[tuple[float, float], ...] = ()
    text: str = ""
    """Written on the right instead of the rate with its counts."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What the axis below rows counts: how far it may reach, and how its ticks are written."""

    most: float
    tick: Callable[[float], str]


SHARES = Scale(1.02, lambda value: f"{100 * value:.3g}%")
DAYS = Scale(math.inf, lambda value: f"{value:,.0f} d")


def rows_chart(
    headline: str,
    about: str,
    rows: Sequence[Row],
    *,
    line: float = math.nan,
    scale: Scale = SHARES,
) -> Chart:
    """Draw each row as a point with a thin interval, its name on the left, its counts on the right.

    `about` stands below; `line` is drawn dashed across the rows. Rows without a rate are not spoken.
    """
    with drawing():
        chart, floor = new_chart(headline, about.strip(), _rows_height(rows))
        _draw_rows(chart, floor, rows, line, scale)
    spoken = " ".join(_spoken(row) for row in rows if not math.isnan(row.rate))
    chart.alt = f"{headline}. {spoken}"
    return chart


def _spoken(row: Row) -> str:
    counts = row.text or f"{percent(row.rate)} ({of_all(row.positives, row.n)})"
    return f"{row.name}: {counts}."


def _rows_height(rows: Sequence[Row]) -> float:
    """Inches that the rows take, the axis below them included."""
    return _TOP + _ROW * max(len(rows), 1) + 0.42


def _draw_rows(chart: Chart, floor: float, rows: Sequence[Row], line: float, scale: Scale) -> None:
    body = _rows_height(rows)
    text = inch_axes(chart, floor, body)
    left = 0.12 + _NAMES + 0.15
    width = WIDTH - left - _COUNTS - 0.12
    height = _ROW * max(len(rows), 1)
    axes = axes_at(chart, left, floor + 0.42, width, height)
    axes.set_ylim(len(rows) - 0.5 if rows else 0.5, -0.5)
    axes.set_xlim(0, min(_furthest(rows), scale.most))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.xaxis.set_major_formatter(lambda value, _: scale.tick(value))
    axes.locator_params(axis="x", nbins=5)
    if not math.isnan(line):
        axes.axvline(line, color=GREY, linewidth=1.1, linestyle=(0, (5, 3)))
    for place, row in enumerate(rows):
        _draw_row(axes, place, row)
        middle = _TOP + _ROW * (place + 0.5)
        name = wrapped(row.name, _NAMES, SIZE["label"], most=1)
        text.text(0.12, middle, "".join(name), size=SIZE["label"], va="center")
        text.text(
            WIDTH - 0.12,
            middle,
            _counts(row),
            size=SIZE["note"],
            color=NOTE,
            va="center",
            ha="right",
        )


def _furthest(rows: Sequence[Row]) -> float:
    ends = [end for row in rows for end in (row.high, row.rate, *(r[1] for r in row.ranges))]
    return max([end for end in ends if not math.isnan(end)], default=1.0) * 1.06 or 1.0


def _draw_row(axes: Axes, place: int, row: Row) -> None:
    for depth, (low, high) in enumerate(row.ranges):
        if not math.isnan(low + high):
            axes.fill_betweenx(
                [place - 0.28, place + 0.28], low, high, color=GREY, alpha=0.16 + 0.1 * depth,
                linewidth=0,
            )  # fmt: skip
    if math.isnan(row.rate):
        return
    colour, marker = (ORANGE, "s") if row.strong else (BLUE, "o")
    axes.plot([row.low, row.high], [place, place], color=colour, linewidth=1.4)
    axes.plot([row.rate], [place], marker, color=colour, markersize=7)


def _counts(row: Row) -> str:
    if row.text:
        return row.text
    if math.isnan(row.rate):
        return "too few to show"
    return f"{percent(row.rate)}, {of_all(row.positives, row.n)}"
