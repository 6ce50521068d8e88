"""How many leads a week each threshold sends, against what the team can work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.report.figures.plain import label_lines, panel, short
from toolkit.report.figures.style import (
    BLUE,
    INK,
    LIGHT_BLUE,
    Chart,
    drawing,
    new_chart,
    score_ticks,
)
from toolkit.report.wording import Words, count, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_volumes", "volumes_sentence"]

_HEIGHT = 2.9
_SPOKEN = 6
_NAMES = ("average week", "one week in ten is above")


def plot_volumes(
    table: pd.DataFrame, *, capacity_per_week: float, words: Words | None = None, note: str = ""
) -> Chart:
    """Draw the rows of `capacity_table`: leads of an average and of a full week by threshold.

    `capacity_per_week` is the one that the table was made for, and is drawn as a line.
    """
    words = words or Words()
    rows = table.sort_values("threshold").reset_index(drop=True)
    headline = volumes_sentence(rows, words=words, capacity_per_week=capacity_per_week)
    capacity = f"team can work {count(capacity_per_week)}"
    about = (
        "Leads at or above each threshold in the whole weeks seen, weeks without a lead included."
    )
    with drawing():
        chart, floor = new_chart(headline, f"{about} {note}".strip(), _HEIGHT + 0.65)
        axes = panel(chart, floor, _HEIGHT, (*_NAMES, capacity))
        _draw(axes, rows, capacity_per_week, capacity)
    chart.alt = f"{headline}. {_spoken(rows)}"
    return chart


def _draw(axes: Axes, rows: pd.DataFrame, capacity_per_week: float, capacity: str) -> None:
    x = rows["threshold"].to_numpy(dtype=float)
    curves = [rows[name].to_numpy(dtype=float) for name in ("mean", "p90")]
    for values, colour in zip(curves, (BLUE, LIGHT_BLUE), strict=True):
        axes.plot(x, values, color=colour, linewidth=2.2, drawstyle="steps-pre")
    axes.axhline(capacity_per_week, color=INK, linewidth=1.2)
    known = np.concatenate([*curves, [capacity_per_week]])
    axes.set_ylim(0, float(np.max(known[~np.isnan(known)])) * 1.08)
    axes.xaxis.set_major_locator(score_ticks(rows["threshold"]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: short(value))
    axes.locator_params(axis="y", nbins=5)
    axes.grid(axis="y")
    axes.set_xlabel("Threshold")
    axes.set_ylabel("Leads a week")
    ends = [float(values[-1]) if len(values) else np.nan for values in curves]
    label_lines(
        axes,
        list(
            zip(
                (*_NAMES, capacity),
                (BLUE, LIGHT_BLUE, INK),
                (*ends, capacity_per_week),
                strict=True,
            )
        ),
    )


def volumes_sentence(rows: pd.DataFrame, *, words: Words, capacity_per_week: float) -> str:
    """Name the lowest threshold whose average week fits, and how often its weeks do not."""
    if rows["mean"].isna().all():
        return "No whole week was seen, so no threshold can be compared with what the team can work"
    fits = rows[rows["mean"] <= capacity_per_week]
    if fits.empty:
        return f"Even the highest score sends more than {count(capacity_per_week)} leads in an average week"
    row = fits.iloc[0]
    often = row["overflow_rate"]
    weeks = "" if np.isnan(often) else f", though {percent(often, 0)} of weeks bring more"
    return (
        f"From {count(row['threshold'])} points on an average week of {words.handed}s fits the team"
        f"{weeks}"
    )


def _spoken(rows: pd.DataFrame) -> str:
    known = rows.dropna(subset=["mean"])
    return " ".join(
        f"{row['threshold']:,} points: {row['mean']:,.1f} a week on average, {row['p90']:,.1f} in one of ten."
        for row in known.iloc[:: max(len(known) // _SPOKEN, 1)].to_dict("records")
    )
