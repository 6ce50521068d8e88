"""What a score means: the chance of the outcome that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.report.figures.plain import panel
from toolkit.report.figures.style import BLUE, Chart, drawing, new_chart, score_ticks
from toolkit.report.wording import Words, percent, span

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_points", "points_sentence"]

_HEIGHT = 2.9
_SPOKEN = 6


def plot_points(table: pd.DataFrame, *, words: Words | None = None, note: str = "") -> Chart:
    """Draw the rows of `points_table`: the chance that the line gives each score.

    Shaded: interval of the mean of all leads with that score, if the line is right. Dashed: scores
    that no judged lead had, where the line is a guess.
    """
    words = words or Words()
    rows = table.sort_values("score").reset_index(drop=True)
    headline = points_sentence(rows, words=words)
    about = (
        "A straight line in the log odds, fitted to the judged leads. Shaded: 95% interval of the "
        "mean at each score. Dashed: beyond the scores that were seen."
    )
    with drawing():
        chart, floor = new_chart(headline, f"{about} {note}".strip(), _HEIGHT + 0.65)
        axes = panel(chart, floor, _HEIGHT, ())
        _draw(axes, rows, words)
    chart.alt = f"{headline}. {_spoken(rows)}"
    return chart


def _draw(axes: Axes, rows: pd.DataFrame, words: Words) -> None:
    x, chance, low, high = (
        rows[name].to_numpy(dtype=float) for name in ("score", "probability", "low", "high")
    )
    seen = rows["seen"].to_numpy(dtype=bool)
    axes.fill_between(x, low, high, color=BLUE, alpha=0.16, linewidth=0)
    axes.plot(x, chance, color=BLUE, linewidth=1.4, linestyle=(0, (2, 2)))
    axes.plot(x, np.where(seen, chance, np.nan), color=BLUE, linewidth=2.2)
    known = np.concatenate([high, chance])
    most = float(np.max(known[~np.isnan(known)], initial=0.0))
    axes.set_ylim(0, min(1.06 * most, 1.0) or 1.0)
    axes.yaxis.set_major_formatter(lambda y, _: f"{100 * y:.3g}%")
    axes.xaxis.set_major_locator(score_ticks(rows["score"]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.locator_params(axis="y", nbins=5)
    axes.grid(axis="y")
    axes.set_xlabel("Score")
    axes.set_ylabel(f"Chance of {words.one}")


def points_sentence(rows: pd.DataFrame, *, words: Words) -> str:
    """Compare the chances at the ends of the scores that were seen."""
    known = rows[rows["seen"].astype(bool)].dropna(subset=["probability"])
    if known.empty:
        return "No line can be fitted, so no score has a chance"
    first, last = known.to_dict("records")[0], known.to_dict("records")[-1]
    low = f"{percent(first['probability'])} of leads with {first['score']:,} points"
    if first["score"] == last["score"]:
        return f"The line gives {low} the outcome"
    high = f"{percent(last['probability'])} of those with {last['score']:,}"
    return f"By the line {low} {words.become}, and {high}"


def _spoken(rows: pd.DataFrame) -> str:
    known = rows.dropna(subset=["probability"])
    return " ".join(
        _said(row) for row in known.iloc[:: max(len(known) // _SPOKEN, 1)].to_dict("records")
    )


def _said(row: dict[Any, Any]) -> str:
    return (
        f"{row['score']:,} points: {percent(row['probability'])} ({span(row['low'], row['high'])})."
    )
