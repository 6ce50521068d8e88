"""The leads that change sides between two models, and how often either kind converts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.analysis.cells import MOST_UNWORKED
from toolkit.report.figures.style import (
    BLUE,
    GREY,
    GRID,
    INK,
    NOTE,
    ORANGE,
    SIZE,
    WIDTH,
    Chart,
    drawing,
    inch_axes,
    new_chart,
    text_width,
    wrapped,
)
from toolkit.report.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from matplotlib.axes import Axes

    from toolkit.analysis import SwapSet

__all__ = ["plot_swap", "swap_sentence"]

_EDGE, _PITCH, _LABEL, _SPAN = 0.12, 0.66, 2.3, 2.8
_LABELS = {
    "swap_in": "Come in: only the challenger works them",
    "swap_out": "Go out: only the champion works them",
    "both": "Stay: both work them",
}
_COLOURS = {"swap_in": BLUE, "swap_out": ORANGE, "both": GREY}


def swap_sentence(swap: SwapSet) -> str:
    """Say whether the leads that come in convert more often than those that go out."""
    rows = {str(row["group"]): row for row in swap.table.to_dict("records")}
    inside, outside = (int(rows[name]["leads"]) for name in ("swap_in", "swap_out"))
    if not inside + outside:
        return "Both models choose the same leads"
    who = f"{count(inside)} leads that come in", f"{count(outside)} that go out"
    if swap.answer == "Cannot be told from this data":
        never = int(rows["swap_in"]["unworked"])
        why = f"{count(never)} were never worked" if swap.explore is not None else "no fair test"
        return f"It cannot be told whether the {who[0]} convert more often than the {who[1]}: {why}"
    if swap.answer == "Not enough evidence":
        return f"Not enough evidence that the {who[0]} convert more often than the {who[1]}"
    more = "more" if swap.answer == "Yes" else "less"
    rates = [percent(float(rows[name]["rate"]), 0) for name in ("swap_in", "swap_out")]
    return f"The {who[0]} convert {more} often than the {who[1]}: {rates[0]} against {rates[1]}"


def plot_swap(swap: SwapSet, *, note: str = "") -> Chart:
    """Draw the conversion of the leads that come in, go out and stay, with their counts.

    Dot and thick line: rate of judged leads with its interval, left out where over 5% of the mature
    ones were never worked. Thin line: what the rate would be
    if none, or all, of the leads never worked had converted.
    """
    with drawing():
        table = swap.table
        shown = table[table["group"].isin(list(_LABELS))].to_dict("records")
        body = _PITCH * len(shown) + 0.1
        about = (
            "Dot: share of judged leads that converted; thick line: 95% interval; thin line: from "
            f"none to all of those never worked. {note}"
        )
        chart, floor = new_chart(swap_sentence(swap), about.strip(), body)
        axes = inch_axes(chart, floor, body)
        most = _most(shown)
        for i, record in enumerate(shown):
            _draw(axes, (i + 0.5) * _PITCH, record, most)
    chart.alt = f"{chart.headline}. {' '.join(_spoken(record) for record in shown)}"
    return chart


def _most(shown: list[dict[Hashable, Any]]) -> float:
    """End of the scale: the highest end of any line."""
    ends = [float(row[name]) for row in shown for name in ("high", "most")]
    return max((end for end in ends if not math.isnan(end)), default=1.0) or 1.0


def _draw(axes: Axes, y: float, record: Mapping[Hashable, Any], most: float) -> None:
    name, start = str(record["group"]), _EDGE + _LABEL + 0.15
    lines = wrapped(_LABELS[name], _LABEL, SIZE["label"], most=2)
    axes.text(
        _EDGE + _LABEL, y, "\n".join(lines), ha="right", va="center", size=SIZE["label"],
        linespacing=1.15,
    )  # fmt: skip
    axes.plot([start, start + _SPAN], [y, y], color=GRID, linewidth=0.8)
    lines_of = [("least", "most", 1.4), *([] if _hidden(record) else [("low", "high", 5.0)])]
    for low, high, width in lines_of:
        ends = [start + float(record[end]) / most * _SPAN for end in (low, high)]
        if not any(map(math.isnan, ends)):
            axes.plot(ends, [y, y], color=_COLOURS[name], linewidth=width, alpha=0.65)
    rate = float(record["rate"])
    if not math.isnan(rate) and not _hidden(record):
        axes.plot([start + rate / most * _SPAN], [y], "o", color=_COLOURS[name], markersize=8)
    _say(axes, start + _SPAN + 0.15, y, record)


def _say(axes: Axes, x: float, y: float, record: Mapping[Hashable, Any]) -> None:
    bold = _rate(record)
    axes.text(x, y, bold, size=SIZE["value"], weight="bold", va="center", color=INK)
    x += text_width(bold, SIZE["value"], "bold") + 0.12
    lines = wrapped(_counts(record), WIDTH - x - _EDGE, SIZE["note"], most=3)
    axes.text(x, y, "\n".join(lines), size=SIZE["note"], color=NOTE, va="center")


def _hidden(record: Mapping[Hashable, Any]) -> bool:
    """Whether so many were never worked that the rate of the others says nothing."""
    never, judged = float(record["unworked"]), float(record["judged"])
    return never > MOST_UNWORKED * (never + judged)


def _rate(record: Mapping[Hashable, Any]) -> str:
    if _hidden(record):
        return f"{percent(float(record['least']), 0)} to {percent(float(record['most']), 0)}"
    rate = float(record["rate"])
    return "?" if math.isnan(rate) else percent(rate, 0)


def _counts(record: Mapping[Hashable, Any]) -> str:
    never = int(record["unworked"])
    said = f"{count(record['positives'])} of {count(record['judged'])} judged"
    return f"{said}; {count(never)} never worked" if never else said


def _spoken(record: Mapping[Hashable, Any]) -> str:
    return f"{_LABELS[str(record['group'])]}: {_rate(record)}, {_counts(record)}."
