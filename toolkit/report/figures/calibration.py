"""Whether points keep their promise: by band against an earlier promise, or point by point."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

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
    axes_at,
    drawing,
    inch_axes,
    new_chart,
    score_ticks,
    text_width,
    wrapped,
)
from toolkit.report.sentences import band_label, calibration_sentence, promises_sentence
from toolkit.report.wording import Words, count, percent, percent_of_few, plural

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_calibration", "plot_promises"]

_PITCH, _HEAD, _FOOT = 0.46, 0.34, 0.3
_HEIGHT, _BELOW = 3.1, 0.55
_LABEL_MOST = 2.3
_FEW, _OUTER, _WELL_FILLED = 15, 0.005, 0.01
_LEFT_OUT = " Scores of the outermost 1% of leads are not drawn."


def plot_promises(
    table: pd.DataFrame, *, words: Words | None = None, when: str = "", note: str = ""
) -> Chart:
    """Draw what each band promised against what was seen, with the interval of what was seen.

    `table` holds the rows of `band_table` and a column `promised` (rate). A promise outside the
    interval is orange and its diamond filled.
    """
    words = words or Words()
    rows = table.to_dict("records")
    with drawing():
        body = _HEAD + _PITCH * max(len(rows), 1) + _FOOT
        headline = promises_sentence(table, words=words, when=when)
        about = f"Orange: the earlier rate lies outside the 95% interval of what was seen. {note}"
        chart, floor = new_chart(headline, about.strip(), body)
        axes = inch_axes(chart, floor, body)
        _dumbbells(axes, rows, body, when)
    chart.alt = f"{headline}. {' '.join(_spoken_promise(row) for row in rows)}"
    return chart


def _dumbbells(axes: Axes, rows: list[dict[Hashable, Any]], body: float, when: str) -> None:
    labels = [_lines(row) for row in rows]
    ends = [_promise_text(row) for row in rows]
    left = 0.12 + max((text_width(t, SIZE["label"]) for ls in labels for t in ls), default=0) + 0.2
    right = WIDTH - 0.3 - max((text_width(text, SIZE["label"]) for text in ends), default=0)
    most = _most(rows)
    _scale_lines(axes, left, right, most, body)
    _key(axes, left, when)
    for i, row in enumerate(rows):
        y = _HEAD + _PITCH * (i + 0.5)
        axes.text(
            left - 0.16,
            y,
            "\n".join(labels[i]),
            ha="right",
            va="center",
            size=SIZE["label"],
            linespacing=1.1,
        )
        axes.text(WIDTH - 0.12, y, ends[i], ha="right", va="center", size=SIZE["label"], color=NOTE)
        _dumbbell(axes, row, y, lambda rate: left + (right - left) * rate / most)


def _most(rows: list[dict[Hashable, Any]]) -> float:
    values = [float(row[name]) for row in rows for name in ("high", "promised", "rate")]
    return max((value for value in values if not math.isnan(value)), default=0.0) or 1.0


def _lines(row: Mapping[Hashable, Any]) -> list[str]:
    label = f"{band_label(row)} ({count(row['n'])})"
    return wrapped(label, _LABEL_MOST, SIZE["label"], most=2)


def _promise_text(row: Mapping[Hashable, Any]) -> str:
    if math.isnan(float(row["rate"])):
        return "too few to judge"
    return f"earlier {percent_of_few(float(row['promised']))}, seen {percent_of_few(float(row['rate']))}"


def _scale_lines(axes: Axes, left: float, right: float, most: float, body: float) -> None:
    ticks = np.asarray(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]).tick_values(0, most))
    decimals = 0 if most >= 0.05 else 1  # noqa: PLR2004 - a share so small
    for tick in ticks[(ticks >= 0) & (ticks <= most)]:
        x = left + (right - left) * tick / most
        axes.plot([x, x], [_HEAD, body - _FOOT], color=GRID, linewidth=0.9, zorder=0)
        axes.text(
            x, body - _FOOT + 0.06, percent(float(tick), decimals), ha="center", va="top", size=10
        )


def _key(axes: Axes, left: float, when: str) -> None:
    y = 0.12
    seen = f"seen {when} (95% interval)".replace("  ", " ")
    axes.plot([left, left + 0.4], [y, y], color=BLUE, linewidth=3)
    axes.plot([left + 0.2], [y], "o", color=BLUE, markersize=7)
    axes.text(left + 0.5, y, seen, va="center", size=SIZE["note"])
    x = left + 0.5 + text_width(seen, SIZE["note"]) + 0.4
    _diamond(axes, x, y, kept=True)
    axes.text(x + 0.15, y, "earlier rate", va="center", size=SIZE["note"])


def _diamond(axes: Axes, x: float, y: float, *, kept: bool) -> None:
    face, edge = ("white", INK) if kept else (ORANGE, ORANGE)
    axes.plot([x], [y], "D", markerfacecolor=face, markeredgecolor=edge, markersize=7, zorder=4)


def _kept(row: Mapping[Hashable, Any]) -> bool:
    return float(row["low"]) <= float(row["promised"]) <= float(row["high"])


def _dumbbell(axes: Axes, row: Mapping[Hashable, Any], y: float, at: Any) -> None:
    if math.isnan(float(row["rate"])):
        return
    axes.plot([at(float(row["low"])), at(float(row["high"]))], [y, y], color=BLUE, linewidth=3)
    axes.plot([at(float(row["rate"]))], [y], "o", color=BLUE, markersize=7.5, zorder=3)
    if not math.isnan(float(row["promised"])):
        _diamond(axes, at(float(row["promised"])), y, kept=_kept(row))


def _spoken_promise(row: Mapping[Hashable, Any]) -> str:
    return f"{band_label(row)}, {plural(row['n'], 'judged lead')}: {_promise_text(row)}."


def plot_calibration(
    table: pd.DataFrame, *, words: Words | None = None, refuted: str = "", note: str = ""
) -> Chart:
    """Draw the rows of `calibration_table`: rate seen at each score and the rising curve in it.

    The band around the curve holds for all scores at once and assumes only that more points
    never mean fewer positives; `refuted` is the sentence that says where this fails.
    """
    words = words or Words()
    rows = _central(table.dropna(subset=["rate"]).sort_values("score"))
    with drawing():
        headline = calibration_sentence(table, words=words, refuted=refuted)
        left_out = "" if len(rows) == table["rate"].notna().sum() else _LEFT_OUT
        about = (
            "Dots: rate seen, larger for more leads. Line: the best curve that never falls."
            f" Shaded: 95% band for all scores at once.{left_out} {note}"
        )
        chart, floor = new_chart(headline, about.strip(), _HEIGHT + _BELOW + 0.1)
        axes = axes_at(chart, 0.95, floor + _BELOW, WIDTH - 0.95 - 0.25, _HEIGHT)
        axes.set_xlabel("Score (points)")
        axes.set_ylabel(words.rate[0].upper() + words.rate[1:])
        axes.grid(axis="y")
        _draw_curve(axes, rows)
    chart.alt = f"{headline}. {_spoken_curve(rows)}"
    return chart


def _central(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave the outermost half percents of leads out: a lone lead is at 0% or at 100%."""
    if len(rows) <= _FEW:
        return rows
    below = rows["n"].cumsum() / rows["n"].sum()
    return rows[(below >= _OUTER) & (below - rows["n"] / rows["n"].sum() <= 1 - _OUTER)]


def _draw_curve(axes: Axes, rows: pd.DataFrame) -> None:
    x = rows["score"].to_numpy(dtype=float)
    low, high = (rows[name].to_numpy(dtype=float) for name in ("band_low", "band_high"))
    axes.fill_between(x, low, high, step="mid", color=GREY, alpha=0.25, linewidth=0)
    axes.step(x, rows["isotonic"], where="mid", color=BLUE, linewidth=2.4)
    if len(rows):
        n = rows["n"].to_numpy(dtype=float)
        sizes = 8 + 110 * n / n.max()
        axes.scatter(
            x, rows["rate"], s=sizes, facecolor="white", edgecolor=INK, linewidth=1, zorder=3
        )
    # Small levels swing from 0% to 100%; the axis follows the curve and the well-filled levels.
    top = np.nanmax([0.02, *rows["isotonic"], *_filled(rows)]) if len(rows) else 1.0
    axes.set_ylim(-0.03 * top, min(1.25 * top, 1.04))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{100 * rate:.3g}%"))
    axes.xaxis.set_major_locator(score_ticks(rows["score"]))


def _filled(rows: pd.DataFrame) -> list[float]:
    share = rows["n"] / max(float(rows["n"].sum()), 1.0)
    return [float(rate) for rate in rows.loc[share >= _WELL_FILLED, "rate"]]


def _spoken_curve(rows: pd.DataFrame) -> str:
    if rows.empty:
        return ""
    picked = rows.iloc[sorted({0, len(rows) // 2, len(rows) - 1})].to_dict("records")
    return " ".join(
        f"At {count(row['score'])} points {percent(float(row['isotonic']), 0)}"
        f" ({percent(float(row['band_low']), 0)} to {percent(float(row['band_high']), 0)})."
        for row in picked
    )
