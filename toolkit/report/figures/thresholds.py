"""What each threshold catches, what it wastes, and how many leads it sends to sales."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from toolkit.report.figures.style import (
    BLUE,
    GREY,
    INK,
    LIGHT_BLUE,
    ORANGE,
    SIZE,
    WIDTH,
    Chart,
    axes_at,
    drawing,
    halo,
    new_chart,
    score_ticks,
    text_width,
    wrapped,
)
from toolkit.report.sentences import row_at, thresholds_sentence
from toolkit.report.wording import Words, count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_thresholds"]

_UPPER, _LOWER, _BETWEEN, _BELOW, _ABOVE = 2.9, 1.15, 0.22, 0.5, 0.26
_LABEL_MOST = 1.75
_UNTOLD_HATCH = "////"
_VALUE_ROOM = 0.045
"""Half the height of a value at a line, as a rate."""
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class _Curve:
    """One line of the upper panel."""

    name: str
    colour: str
    rate: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def last(self) -> float:
        """The line's height at its right end, NaN when there is no line."""
        known = self.rate[~np.isnan(self.rate)]
        return float(known[-1]) if known.size else float("nan")


@dataclass(frozen=True, slots=True)
class _Label:
    """A text at the right end of a line, `y` being a rate."""

    lines: tuple[str, ...]
    colour: str
    y: float


def plot_thresholds(
    table: pd.DataFrame,
    *,
    words: Words | None = None,
    threshold: float | None = None,
    capacity_per_week: float | None = None,
    note: str = "",
) -> Chart:
    """Draw the rows of `threshold_table`: positives caught, hand-offs wasted, leads a week.

    Where recall is NaN because leads below the threshold were never worked, the range from
    `recall_lowest` to `recall_highest` is hatched instead, and the title says that it cannot be
    told. Bars above `capacity_per_week` are grey. Today's `threshold` is the dashed line.
    """
    words = words or Words()
    rows = table.sort_values("threshold").reset_index(drop=True)
    with drawing():
        body = _ABOVE + _UPPER + _BETWEEN + _LOWER + _BELOW
        headline = thresholds_sentence(rows, threshold=threshold, words=words)
        chart, floor = new_chart(headline, _note(words, note, untold=_untold(rows).any()), body)
        curves = _curves(rows, words)
        labels = _labels(rows, curves, words)
        upper, lower = _panels(chart, floor, labels)
        _draw_upper(upper, rows, curves, labels)
        _draw_lower(lower, rows, words, capacity_per_week)
        if threshold is not None and len(rows):
            _mark(upper, lower, rows, curves, threshold)
    chart.alt = f"{headline}. {_spoken(rows, threshold, words)}"
    return chart


def _note(words: Words, note: str, *, untold: np.bool_) -> str:
    hatched = (
        f" Hatched: where the share of {words.many} caught may lie, because leads below were never"
        " worked."
        if untold
        else ""
    )
    return f"Shaded: 95% interval.{hatched} {note}".strip()


def _curves(rows: pd.DataFrame, words: Words) -> tuple[_Curve, _Curve]:
    def curve(name: str, colour: str, column: str) -> _Curve:
        ends = (rows[f"{column}{end}"].to_numpy(dtype=float) for end in ("", "_low", "_high"))
        return _Curve(name, colour, *ends)

    return (
        curve("leads that go nowhere", ORANGE, "nowhere_rate"),
        curve(f"{words.many} caught", BLUE, "recall"),
    )


def _labels(rows: pd.DataFrame, curves: Sequence[_Curve], words: Words) -> list[_Label]:
    wanted = [
        _Label(tuple(wrapped(c.name, _LABEL_MOST, SIZE["label"], weight="bold")), c.colour, c.last)
        for c in curves
        if not math.isnan(c.last)
    ]
    ranges = rows.dropna(subset=["recall_lowest", "recall_highest"])
    if math.isnan(curves[1].last) and len(ranges):
        middle = float(ranges[["recall_lowest", "recall_highest"]].iloc[-1].mean())
        text = wrapped(
            f"{words.many} caught: cannot be told", _LABEL_MOST, SIZE["label"], weight="bold"
        )
        wanted.append(_Label(tuple(text), BLUE, middle))
    return _spread(wanted)


def _spread(labels: list[_Label]) -> list[_Label]:
    """Move labels apart until each has room for its lines, inside the panel."""
    unit = SIZE["label"] * 1.35 / 72 / _UPPER
    placed: list[_Label] = []
    for label in sorted(labels, key=lambda label: label.y):
        half = unit * len(label.lines) / 2
        least = placed[-1].y + unit * len(placed[-1].lines) / 2 + half if placed else half - 0.03
        placed.append(_Label(label.lines, label.colour, max(label.y, least)))
    over = (placed[-1].y + unit * len(placed[-1].lines) / 2 - 1.03) if placed else 0.0
    if over > 0:
        placed = [_Label(one.lines, one.colour, one.y - over) for one in placed]
    return placed


def _panels(chart: Chart, floor: float, labels: list[_Label]) -> tuple[Axes, Axes]:
    widest = max(
        (text_width(line, SIZE["label"], "bold") for label in labels for line in label.lines),
        default=0.0,
    )
    left = 1.05
    width = WIDTH - left - widest - 0.3
    lower = axes_at(chart, left, floor + _BELOW, width, _LOWER)
    upper = axes_at(chart, left, floor + _BELOW + _LOWER + _BETWEEN, width, _UPPER)
    return upper, lower


def _limits(rows: pd.DataFrame) -> tuple[float, float, float]:
    """Both ends of the horizontal axis and the width of a bar, in points of score."""
    at = rows["threshold"].to_numpy(dtype=float)
    if not at.size:
        return 0.0, 1.0, 0.8
    step = float(np.diff(at).min()) if at.size > 1 else 1.0
    return at[0] - 0.7 * step, at[-1] + 0.7 * step, 0.78 * step


def _draw_upper(
    axes: Axes, rows: pd.DataFrame, curves: Sequence[_Curve], labels: list[_Label]
) -> None:
    first, last, _ = _limits(rows)
    axes.set_xlim(first, last)
    axes.set_ylim(-0.02, 1.03)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.grid(axis="y")
    axes.tick_params(axis="x", labelbottom=False, length=0)
    x = rows["threshold"].to_numpy(dtype=float)
    _draw_untold(axes, rows, x)
    for curve in curves:
        axes.fill_between(x, curve.low, curve.high, color=curve.colour, alpha=0.16, linewidth=0)
        style = "-" if curve.colour == BLUE else (0, (6, 1.5))
        axes.plot(x, curve.rate, color=curve.colour, linewidth=2.4, linestyle=style)
        if len(x) == 1:
            axes.plot(x, curve.rate, "o", color=curve.colour)
    for label in labels:
        axes.text(
            last + (last - first) * 0.012,
            label.y,
            "\n".join(label.lines),
            color=label.colour,
            size=SIZE["label"],
            weight="bold",
            va="center",
            linespacing=1.15,
        )


def _untold(rows: pd.DataFrame) -> np.ndarray:
    """The rows whose recall is a range; it may also be missing because too few leads were judged."""
    ranged = rows["recall_lowest"] < rows["recall_highest"]
    return (rows["recall"].isna() & ranged).to_numpy(dtype=bool)


def _draw_untold(axes: Axes, rows: pd.DataFrame, x: np.ndarray) -> None:
    untold = _untold(rows)
    low = rows["recall_lowest"].to_numpy(dtype=float)
    high = rows["recall_highest"].to_numpy(dtype=float)
    if not untold.any():
        return
    axes.fill_between(
        x,
        low,
        high,
        where=list(untold),
        facecolor="white",
        edgecolor=LIGHT_BLUE,
        hatch=_UNTOLD_HATCH,
        linewidth=0.9,
    )
    if len(x) == 1:
        axes.plot([x[0], x[0]], [low[0], high[0]], color=LIGHT_BLUE, linewidth=6)


def _draw_lower(axes: Axes, rows: pd.DataFrame, words: Words, capacity: float | None) -> None:
    first, last, width = _limits(rows)
    weekly = bool(len(rows)) and not rows["leads_per_week"].isna().all()
    volume = rows["leads_per_week" if weekly else "leads"].to_numpy(dtype=float)
    limit = capacity if weekly else None
    over = volume > (math.inf if limit is None else limit)
    axes.bar(rows["threshold"], volume, width=width, color=np.where(over, GREY, LIGHT_BLUE))
    axes.set_xlim(first, last)
    tallest = max(float(np.nanmax(volume)) if volume.size else 1.0, limit or 0.0)
    axes.set_ylim(0, (tallest or 1.0) * 1.3)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=tallest >= 3))  # noqa: PLR2004 - digits by size
    axes.yaxis.set_major_formatter(FuncFormatter(_axis_number))
    axes.xaxis.set_major_locator(score_ticks(rows["threshold"]))
    axes.set_xlabel(
        f"{words.handed} threshold (points)" if words.handed.isupper() else "Threshold (points)"
    )
    axes.figure.text(
        0.12 / WIDTH,
        axes.get_position().y0 + axes.get_position().height / 2,
        "Leads\na week" if weekly else "Leads at\nor above",
        size=SIZE["note"],
        va="center",
        linespacing=1.15,
        rotation=90,
        ha="left",
        multialignment="center",
    )
    if limit is not None:
        axes.axhline(limit, color=INK, linewidth=1.2)
        axes.text(
            last,
            limit + tallest * 0.04,
            f"team can work {count(limit)} ",
            size=SIZE["note"],
            ha="right",
            va="bottom",
        )


def _axis_number(value: float, _: int | None = None) -> str:
    for unit, word in ((_MILLION * 1000, "bn"), (_MILLION, "m")):
        if value >= unit:
            return f"{value / unit:,.4g}{word}"
    return f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - digits by size


def _mark(
    upper: Axes, lower: Axes, rows: pd.DataFrame, curves: Sequence[_Curve], threshold: float
) -> None:
    first, last, _ = _limits(rows)
    if not first <= threshold <= last:
        return
    dashes = (0, (4, 3))
    for axes in (upper, lower):
        axes.axvline(threshold, color=INK, linewidth=1.1, linestyle=dashes)
    upper.text(
        threshold, 1.05, f"today: {count(threshold)}", size=SIZE["note"], ha="center", va="bottom"
    )
    _mark_values(upper, rows, curves, threshold, late=threshold > first + 0.8 * (last - first))


def _mark_values(
    axes: Axes, rows: pd.DataFrame, curves: Sequence[_Curve], threshold: float, *, late: bool
) -> None:
    index = rows.index[rows["threshold"] >= threshold]
    if not len(index):
        return
    values = [
        (float(c.rate[index[0]]), float(c.low[index[0]]), float(c.high[index[0]]), c.colour)
        for c in curves
    ]
    known = sorted((v for v in values if not math.isnan(v[0])), reverse=True)
    for value, y, colour in _value_places(known):
        axes.annotate(
            percent(value, 0),
            (threshold, y),
            xytext=(-7 if late else 7, 0),
            textcoords="offset points",
            ha="right" if late else "left",
            va="center",
            size=SIZE["value"],
            weight="bold",
            color=colour,
            path_effects=halo(),
        )


def _value_places(
    values: Sequence[tuple[float, float, float, str]],
) -> list[tuple[float, float, str]]:
    """Where the values of (rate, low, high, colour), the highest first, have room: (rate, y, colour).

    Above the interval, since to the right of today's threshold both lines usually fall; below it
    under the upper edge, and where the value above it is too near.
    """
    placed: list[tuple[float, float, str]] = []
    for rate, low, high, colour in values:
        above = float(np.nanmax([rate, high])) + _VALUE_ROOM
        below = float(np.nanmin([rate, low])) - _VALUE_ROOM
        edge = placed[-1][1] - 2 * _VALUE_ROOM if placed else 1.0
        neighbour = values[0][1] - _VALUE_ROOM if placed else 1.0
        y = above if above <= min(edge, neighbour) else min(below, edge)
        placed.append((rate, min(max(y, _VALUE_ROOM), 1.0), colour))
    # On the floor there is no below: the higher value makes room.
    least = placed[-1][1] + 2 * _VALUE_ROOM * (len(placed) - 1) if placed else 0.0
    return [
        (rate, max(y, least) if i == 0 else y, colour) for i, (rate, y, colour) in enumerate(placed)
    ]


def _spoken(rows: pd.DataFrame, threshold: float | None, words: Words) -> str:
    row = row_at(rows, threshold)
    if row is None:
        return ""
    weekly = float(row["leads_per_week"])
    volume = "" if math.isnan(weekly) else f" That is {weekly:,.1f} leads a week."
    first, last = count(rows["threshold"].min()), count(rows["threshold"].max())
    return (
        f"Lines over thresholds from {first} to {last} points: leads that go nowhere,"
        f" {words.many} caught; bars: leads at or above.{volume}"
    )
