"""How many of the positives the best-scored part of the leads holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.ticker import PercentFormatter

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
    halo,
    new_chart,
)
from toolkit.report.sentences import gains_sentence, share_at
from toolkit.report.wording import Words, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_gains"]

_HEIGHT, _BELOW = 3.1, 0.55
_FEW = 20


def plot_gains(
    table: pd.DataFrame,
    *,
    words: Words | None = None,
    share: float = 0.2,
    among: str = "leads",
    earlier: tuple[str, pd.DataFrame] | None = None,
    note: str = "",
) -> Chart:
    """Draw the rows of `gains_table`, with the share found by working the best `share` of leads.

    `among` says whose ranking it is, e.g. `worked leads`. Between two marks of the curve leads
    have equal scores and are taken as worked in random order. `earlier`: the name of another
    period and its gains, drawn thin.
    """
    words = words or Words()
    with drawing():
        headline = gains_sentence(table, words=words, share=share, among=among)
        about = (
            f"{among[0].upper()}{among[1:]}, best score first; equal scores in random order."
            f"{'' if earlier is None else f' Thin dotted line: {earlier[0]}.'} {note}"
        )
        chart, floor = new_chart(headline, about, _HEIGHT + _BELOW + 0.1)
        axes = axes_at(chart, 0.95, floor + _BELOW, WIDTH - 0.95 - 0.35, _HEIGHT)
        _frame(axes, among, words)
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1.4, linestyle=(0, (5, 3)))
        axes.text(
            0.985,
            0.8,
            "leads picked\nat random",
            color=NOTE,
            size=SIZE["note"],
            ha="right",
            va="top",
        )
        if earlier is not None:
            _thin(axes, earlier[1])
        axes.plot(
            [0.0, *table["leads_share"]],
            [0.0, *table["positives_share"]],
            color=BLUE,
            linewidth=2.4,
            marker="o" if len(table) <= _FEW else None,
            markersize=3.5,
        )
        found = share_at(table, share)
        if not math.isnan(found):
            _mark(axes, share, found)
    past = "" if earlier is None else f" In {earlier[0]}: {_spoken(earlier[1])}"
    chart.alt = f"{headline}. {_spoken(table)}{past}"
    return chart


def _thin(axes: Axes, table: pd.DataFrame) -> None:
    x, y = ([0.0, *table[name]] for name in ("leads_share", "positives_share"))
    axes.plot(x, y, color=INK, linewidth=1.1, linestyle=(0, (1, 2)))


def _frame(axes: Axes, among: str, words: Words) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.03)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axis.set_ticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    axes.grid(axis="y")
    axes.set_xlabel(f"Share of {among}, best score first")
    axes.set_ylabel(f"Share of {words.many} found")


def _mark(axes: Axes, share: float, found: float) -> None:
    axes.plot([share, share], [0, found], color=GREY, linewidth=1)
    axes.plot([share], [found], "o", color=BLUE, markersize=8)
    # Right below the point the curve cannot pass, it only rises; on the floor there is no below.
    low = found < 0.12  # noqa: PLR2004 - the height of the text
    axes.annotate(
        percent(found, 0),
        (share, found),
        xytext=(-6, 5) if low else (9, -4),
        textcoords="offset points",
        ha="right" if low else "left",
        va="bottom" if low else "top",
        size=SIZE["value"],
        weight="bold",
        color=BLUE,
        path_effects=halo(),
    )


def _spoken(table: pd.DataFrame) -> str:
    parts = (0.1, 0.2, 0.5)
    found = [(part, share_at(table, part)) for part in parts]
    return " ".join(
        f"The best {percent(part, 0)} hold {percent(value, 0)}."
        for part, value in found
        if not math.isnan(value)
    )
