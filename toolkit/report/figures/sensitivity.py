"""How the best thresholds move with what a call costs, on which people seldom agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.ticker import MaxNLocator

from toolkit.report.figures.plain import mark_today, short
from toolkit.report.figures.style import (
    BLUE,
    NOTE,
    ORANGE,
    SIZE,
    WIDTH,
    Chart,
    axes_at,
    drawing,
    new_chart,
)
from toolkit.report.wording import Words, count, joined, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from matplotlib.axes import Axes

__all__ = ["plot_sensitivity", "sensitivity_sentence"]

_ROW, _LEFT, _RIGHT, _BELOW, _ABOVE = 0.38, 2.1, 2.2, 0.55, 0.26


def plot_sensitivity(
    table: pd.DataFrame,
    *,
    threshold: int | None = None,
    words: Words | None = None,
    note: str = "",
) -> Chart:
    """Draw the rows of `benefit_sensitivity`: best threshold and indifference set by break-even.

    `threshold` is the one in use, drawn as a dashed line. Orange: break-evens at which it lies
    outside the set.
    """
    words = words or Words()
    records = table.to_dict("records")
    headline = sensitivity_sentence(table, threshold=threshold)
    about = (
        f"Break-even: the chance of {words.one} from which working a lead pays. Bars: lowest to "
        "highest threshold that cannot be told from the best one (dot)."
    )
    with drawing():
        height = _ROW * max(len(records), 1)
        chart, floor = new_chart(headline, f"{about} {note}".strip(), height + _BELOW + _ABOVE)
        axes = axes_at(chart, _LEFT, floor + _BELOW, WIDTH - _LEFT - _RIGHT, height)
        _frame(axes, table, threshold)
        for place, record in enumerate(records):
            _draw_row(axes, place, record)
        mark_today(axes, threshold)
    chart.alt = f"{headline}. {' '.join(_spoken(record) for record in records)}"
    return chart


def _frame(axes: Axes, table: pd.DataFrame, threshold: int | None) -> None:
    scores = pd.concat([table[name].dropna().astype(float) for name in ("low", "best", "high")])
    marks = pd.Series([*scores, *([] if threshold is None else [threshold])], dtype=float)
    low, high = (marks.min(), marks.max()) if len(marks) else (0.0, 1.0)
    room = 0.06 * max(high - low, 1.0)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(max(len(table), 1) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_yticks(range(len(table)), [f"break-even {percent(p)}" for p in table["break_even"]])
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: short(value))
    axes.set_xlabel("Threshold")


def _draw_row(axes: Axes, place: int, record: Mapping[Hashable, Any]) -> None:
    axes.text(
        1.02, place, _said(record), transform=axes.get_yaxis_transform(), size=SIZE["note"],
        color=NOTE, va="center",
    )  # fmt: skip
    if pd.isna(record["best"]):
        return
    colour = ORANGE if record["keep"] == "No" else BLUE
    axes.plot([record["low"], record["high"]], [place] * 2, color=colour, linewidth=5, alpha=0.35)
    axes.plot([record["best"]], [place], "o", color=colour, markersize=7)


def _said(record: Mapping[Hashable, Any]) -> str:
    if pd.isna(record["best"]):
        return "none pays, or not known"
    best, low, high = (short(float(record[name])) for name in ("best", "low", "high"))
    return f"{best} alone is best" if low == high else f"{best} best, {low} to {high} alike"


def sensitivity_sentence(table: pd.DataFrame, *, threshold: int | None) -> str:
    """Say for which break-evens today's threshold may stay, or how far the best one moves."""
    known = table.dropna(subset=["best"])
    if known.empty:
        return "Whatever a call costs, no threshold can be said to pay"
    if threshold is not None:
        return _today(known, threshold)
    low, high = int(known["best"].min()), int(known["best"].max())
    if low == high:
        return f"A threshold of {count(low)} is best whatever a call costs"
    return f"What a call costs moves the best threshold from {count(low)} to {count(high)}"


def _today(known: pd.DataFrame, threshold: int) -> str:
    kept = known.loc[known["keep"] == "Yes", "break_even"]
    name = f"today's threshold of {count(threshold)}"
    if kept.empty:
        return f"At none of these costs of a call {name} is among the best"
    if len(kept) == len(known):
        return f"Whatever a call costs, {name} cannot be told from the best"
    chances = joined([percent(chance) for chance in kept])
    return f"At a break-even of {chances} {name} cannot be told from the best"


def _spoken(record: Mapping[Hashable, Any]) -> str:
    return f"Break-even {percent(record['break_even'])}: {_said(record)}."
