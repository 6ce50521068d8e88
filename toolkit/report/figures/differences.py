"""By how many points recorded scores differ from replayed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from toolkit.report.figures.style import (
    BLUE,
    GREY,
    INK,
    SIZE,
    WIDTH,
    Chart,
    axes_at,
    drawing,
    new_chart,
)
from toolkit.report.wording import MINUS, count, of_all, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["differences_sentence", "plot_differences"]

_HEIGHT, _BELOW, _LEFT, _RIGHT = 2.2, 0.66, 0.85, 0.3
_MOST_BARS = 60
_WIDTHS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
"""Points to a bar: the first with which the bars fit."""


def differences_sentence(table: pd.DataFrame) -> str:
    """Say how many recorded scores differ, and by how much most often."""
    differing, total = _differing(table), float(table["n"].sum())
    if differing.empty:
        return f"All {count(total)} recorded scores are those of the replay"
    share, (most, n) = float(differing["n"].sum()) / total, _most_frequent(differing)
    return (
        f"{percent(share, 1)} of the recorded scores differ from the replayed ones, most often by"
        f" {_signed(most)} points ({count(n)})"
    )


def _signed(points: float) -> str:
    return f"{round(points):+,}".replace("-", MINUS) if round(points) else "0"


def _differing(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["difference"] != 0]


def _most_frequent(differing: pd.DataFrame) -> tuple[int, int]:
    top = differing.sort_values(["n", "difference"], ascending=[False, True]).iloc[0]
    return int(top["difference"]), int(top["n"])


def plot_differences(table: pd.DataFrame, *, note: str = "") -> Chart:
    """Draw `Reconciliation.differences`: a bar for each difference that is not 0.

    Scores that agree are counted in the note: beside them the others would not be seen. Where the
    differences reach further than bars fit, a bar takes in 2, 5, 10, ... points, never both signs.
    """
    differing = _differing(table)
    agreeing = float(table["n"].sum() - differing["n"].sum())
    wide = _bar_width(differing)
    with drawing():
        about = (
            "Recorded minus replayed score, in points: right of 0 the platform gave more than the"
            f" model. {of_all(agreeing, float(table['n'].sum()))} recorded scores agree and are not"
            f" drawn.{f' Each bar takes in {wide} points.' if wide > 1 else ''} {note}"
        )
        body = _HEIGHT + _BELOW + 0.22 if len(differing) else 0.1
        chart, floor = new_chart(differences_sentence(table), about.strip(), body)
        if len(differing):
            axes = axes_at(chart, _LEFT, floor + _BELOW, WIDTH - _LEFT - _RIGHT, _HEIGHT)
            _draw(axes, differing, wide)
    chart.alt = f"{chart.headline}. {_spoken(differing)}".strip()
    return chart


def _bar_width(differing: pd.DataFrame) -> int:
    reach = 0 if differing.empty else int(np.ptp(np.append(differing["difference"], 0)))
    return next((wide for wide in _WIDTHS if reach <= wide * _MOST_BARS), _WIDTHS[-1])


def _draw(axes: Axes, differing: pd.DataFrame, wide: int) -> None:
    # Bars grow away from 0: 1 to w, w + 1 to 2w, ... and the same below it.
    places = np.sign(differing["difference"]) * -(-differing["difference"].abs() // wide)
    bars = differing.groupby(places)["n"].sum()
    at = (
        (bars.index.to_numpy() - np.sign(bars.index.to_numpy()) * 0.5) * wide
        if wide > 1
        else bars.index
    )
    top_place, top = float(np.asarray(at)[bars.argmax()]), float(bars.max())
    axes.bar(at, bars, width=0.8 * wide, color=BLUE)
    axes.axvline(0, color=GREY, linewidth=0.9)
    ends = np.append(np.asarray(at, dtype=float), 0)
    axes.set_xlim(ends.min() - 1.5 * wide, ends.max() + 1.5 * wide)
    axes.set_ylim(0, 1.16 * top)
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda points, _: _signed(round(points))))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda n, _: count(n)))
    axes.set_xlabel("Recorded minus replayed score, in points")
    axes.set_ylabel("Recorded scores")
    axes.text(
        top_place, top * 1.03, count(top), size=SIZE["note"], color=INK, ha="center", va="bottom"
    )


def _spoken(differing: pd.DataFrame) -> str:
    frequent = differing.sort_values(["n", "difference"], ascending=[False, True]).head(5)
    return " ".join(
        f"{_signed(int(row['difference']))} points: {count(row['n'])}."
        for row in frequent.to_dict("records")
    )
