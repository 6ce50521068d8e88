"""Today's points against what the outcomes support, criterion by criterion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import MaxNLocator

from toolkit.report.figures.style import (
    BLUE,
    GREY,
    GRID,
    INK,
    NOTE,
    SIZE,
    WIDTH,
    Chart,
    axes_at,
    drawing,
    new_chart,
    text_width,
    wrapped,
)
from toolkit.report.sentences import FEWEST
from toolkit.report.wording import MINUS, count, joined

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["forest_sentence", "plot_forest"]

_EDGE, _PITCH, _BELOW, _LEGEND = 0.12, 0.4, 0.55, 0.3
_BESIDE = 0.24
"""Between labels and the axis, with room for the arrow of an interval that leaves the figure."""
_LABEL_MOST = 2.6
_REACH = 1.35
"""How far beyond the points and estimates the axis goes, as a share of their range."""


@dataclass(frozen=True, slots=True)
class _Row:
    label: tuple[str, ...]
    now: float
    estimate: float
    low: float
    high: float
    verdict: str
    said: str

    @property
    def bold(self) -> bool:
        return self.verdict == "change"

    @property
    def colour(self) -> str:
        return BLUE if self.bold else GREY


def forest_sentence(table: pd.DataFrame) -> str:
    """Say how many point values should change, may stay, or cannot be judged yet."""
    judged = table[table["verdict"] != "no proposal"]
    n = judged["verdict"].value_counts()
    change, keep = int(n.get("change", 0)), int(n.get("keep", 0))
    thin = len(judged) - change - keep
    if not len(judged):
        return "No point value is open to evidence here"
    if not change and not keep:
        return f"Not enough evidence to judge any of {len(judged)} point values"
    of = f"of {len(judged)} point values"
    right = str(keep) if change else f"{keep} {of}"
    parts = [f"{change} {of} should change"] if change else []
    parts += [f"{right} {'is' if keep == 1 else 'are'} right within the margin"] if keep else []
    parts += [f"for {thin} the evidence is too thin"] if thin else []
    return joined(parts)


def plot_forest(table: pd.DataFrame, *, note: str = "", most: int | None = None) -> Chart:
    """Draw the rows of `weight_table`: today's points as a diamond, what the data imply as a bar.

    The bar is the 95% interval of the implied points on which the verdict rests; an end that lies
    outside the figure is an arrow. Blue: change; grey: all else, with the verdict in words. Of more
    than `most` rows those that change come first, then the others, in the order of the table; the
    sentence counts all rows.
    """
    picked = _first(table, most)
    with drawing():
        rows = [_row(record) for record in picked.to_dict("records")]
        body = _LEGEND + _PITCH * max(len(rows), 1) + _BELOW
        about = (
            "In brackets: judged leads that met it. Bar: 95% interval of the points that the outcomes "
            f"support, relative to the scale set by the other criteria.{_left_out(table, picked)} {note}"
        )
        chart, floor = new_chart(forest_sentence(table), about, body)
        left = _EDGE + max((text_width(t, SIZE["label"]) for r in rows for t in r.label), default=1)
        right = max((text_width(r.said, SIZE["label"], "bold") for r in rows), default=1) + 0.3
        width = WIDTH - left - _BESIDE - right - _EDGE
        axes = axes_at(chart, left + _BESIDE, floor + _BELOW, width, body - _BELOW - _LEGEND)
        _frame(axes, rows)
        for y, row in enumerate(rows):
            _draw(axes, y, row)
        _legend(chart, floor + body - _LEGEND / 2)
    chart.alt = f"{chart.headline}. {' '.join(_spoken(r) for r in picked.to_dict('records'))}"
    return chart


def _first(table: pd.DataFrame, most: int | None) -> pd.DataFrame:
    if most is None or len(table) <= most:
        return table
    ranks = (table["verdict"] != "change").to_numpy().argsort(kind="stable")
    return table.iloc[sorted(ranks[:most])]


def _left_out(table: pd.DataFrame, picked: pd.DataFrame) -> str:
    if len(picked) == len(table):
        return ""
    return f" Drawn: {len(picked)} of {len(table)}, those that should change before the others."


def _points(value: float) -> str:
    """Points with a sign, in whole numbers where they are whole."""
    digits = f"{abs(value):.1f}".removesuffix(".0")
    return digits if digits in ("0", "nan") else f"{MINUS if value < 0 else '+'}{digits}"


def _row(record: Mapping[Hashable, Any]) -> _Row:
    verdict, now = str(record["verdict"]), float(record["now"])
    estimate = float(record["implied_points"])
    said = {
        "change": f"change: data say {_points(estimate)}",
        "keep": f"keep {_points(now)}",
        "not enough evidence": "not enough evidence",
        "no proposal": "no proposal",
    }[verdict]
    label = f"{record['label']} ({_leads(float(record['n_with']))})"
    return _Row(
        label=tuple(wrapped(label, _LABEL_MOST, SIZE["label"], most=2)),
        now=now,
        estimate=estimate,
        low=float(record["implied_low"]),
        high=float(record["implied_high"]),
        verdict=verdict,
        said=said,
    )


def _leads(n: float) -> str:
    """Leads that met it, a very small number only as such."""
    return f"under {FEWEST}" if 0 < n < FEWEST else count(n)


def _ends(rows: list[_Row]) -> tuple[float, float]:
    """The axis: all points of today and all estimates, and some room; wide intervals are cut."""
    seen = [v for r in rows for v in (r.now, r.estimate) if not math.isnan(v)] or [0.0]
    low, high = min(*seen, 0.0), max(*seen, 10.0)
    room = (high - low) * (_REACH - 1) / 2
    return low - room, high + room


def _frame(axes: Axes, rows: list[_Row]) -> None:
    axes.set_xlim(*_ends(rows))
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.grid(axis="x", color=GRID)
    axes.axvline(0, color=GREY, linewidth=1.2)
    axes.set_xlabel("Points for one unit")


def _draw(axes: Axes, y: int, row: _Row) -> None:
    across = axes.get_yaxis_transform()
    axes.text(
        -0.02, y, "\n".join(row.label), transform=across, ha="right", va="center",
        size=SIZE["label"], linespacing=1.1,
    )  # fmt: skip
    axes.text(
        1.05, y, row.said, transform=across, va="center", size=SIZE["label"],
        weight="bold" if row.bold else "normal", color=BLUE if row.bold else NOTE,
    )  # fmt: skip
    if not math.isnan(row.low + row.high):
        _bar(axes, y, row)
    least, most = axes.get_xlim()
    if least <= row.estimate <= most:
        axes.plot([row.estimate], [y], "o", color=row.colour, markersize=7)
    axes.plot([row.now], [y], "D", color="white", markeredgecolor=INK, markersize=8)


def _bar(axes: Axes, y: int, row: _Row) -> None:
    least, most = axes.get_xlim()
    low, high = max(row.low, least), min(row.high, most)
    axes.plot([low, high], [y, y], color=row.colour, linewidth=4)
    if row.low < least:
        axes.plot([least], [y], "<", color=row.colour, markersize=8, clip_on=False)
    if row.high > most:
        axes.plot([most], [y], ">", color=row.colour, markersize=8, clip_on=False)


def _legend(chart: Chart, height: float) -> None:
    """Marks with their meaning beside them, right-aligned above the rows."""
    full = chart.get_size_inches()[1]
    said, now = "what the outcomes support", "points today"
    x = WIDTH - _EDGE - text_width(now, SIZE["note"])
    chart.text(x / WIDTH, height / full, now, size=SIZE["note"], color=NOTE, va="center")
    axes = axes_at(chart, 0, height - 0.1, WIDTH, 0.2)
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(-1, 1)
    axes.plot([x - 0.14], [0], "D", color="white", markeredgecolor=INK, markersize=7)
    x -= 0.5 + text_width(said, SIZE["note"])
    chart.text(x / WIDTH, height / full, said, size=SIZE["note"], color=NOTE, va="center")
    axes.plot([x - 0.42, x - 0.1], [0, 0], color=BLUE, linewidth=4)
    axes.plot([x - 0.26], [0], "o", color=BLUE, markersize=7)


def _spoken(record: Mapping[Hashable, Any]) -> str:
    row = _row(record)
    known = "" if math.isnan(row.low + row.high) else (
        f", the outcomes support {_points(row.estimate)} "
        f"({_points(row.low)} to {_points(row.high)})"
    )  # fmt: skip
    return f"{record['label']}: {_points(row.now)} today{known}; {row.said}."
