"""What each threshold is worth, and from where to where that cannot be told apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter

from toolkit.report.figures.plain import label_lines, mark_today, panel
from toolkit.report.figures.style import (
    BLUE,
    GREY,
    LIGHT_BLUE,
    NOTE,
    Chart,
    drawing,
    new_chart,
    score_ticks,
)
from toolkit.report.threshold_sentences import best_sentence
from toolkit.report.wording import count, money, true_minus

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from toolkit.analysis import BestThresholds

__all__ = ["plot_best"]

_HEIGHT = 2.4


def plot_best(
    found: BestThresholds, *, value: float = 1.0, unit: str = "", note: str = ""
) -> Chart:
    """Draw the net benefit of each threshold per 100 judged leads, the indifference set marked.

    `value` and `unit` turn it into money (`value` a conversion gains, in `unit`). Thresholds that
    cannot be told from the best have filled points on a shaded ground, the others hollow ones;
    thresholds at or above which too many leads were never worked are missing, and the note says so.
    """
    with drawing():
        headline = best_sentence(found)
        chart, floor = new_chart(headline, _note(found, value, unit, note), _HEIGHT + 0.55 + 0.26)
        axes = panel(chart, floor, _HEIGHT, ["hand over nobody"])
        _draw(axes, found, 100 * value)
    chart.alt = f"{headline}. {_spoken(found, 100 * value)}"
    return chart


def _note(found: BestThresholds, value: float, unit: str, note: str) -> str:
    per = f"in {unit}" if unit else "where a conversion gains 1" if value == 1 else ""
    costs = f"a lead that does not convert costs {found.cost_ratio:.2g} of what one that does gains"
    parts = [
        f"{f'Net benefit per 100 judged leads {per}'.strip()}; {costs}.",
        "Thin lines: 95% interval of a threshold named beforehand.",
        "Filled points on the shaded ground: cannot be told from the best.",
    ]
    corrected, apparent = (money(100 * value * net) for net in (found.corrected, found.apparent))
    if not math.isnan(found.corrected) and corrected != apparent:
        parts.append(
            f"The best was chosen on these leads: corrected for that it is worth {corrected}, not"
            f" {apparent}."
        )
    if found.reason:
        parts.append(true_minus(f"{found.reason[0].upper()}{found.reason[1:]}."))
    return " ".join([*parts, note]).strip()


def _draw(axes: Axes, found: BestThresholds, scale: float) -> None:
    rows = found.table.dropna(subset=["net_benefit"])
    x = rows["threshold"].to_numpy(dtype=float)
    inside = rows["among_best"].fillna(value=False).to_numpy(dtype=bool)
    worth, low, high = (
        scale * rows[name].to_numpy(dtype=float) for name in ("net_benefit", "low", "high")
    )
    step = float(np.diff(x).min()) if x.size > 1 else 1.0
    first, last = (x.min() - step, x.max() + step) if x.size else (0.0, 1.0)
    axes.set_xlim(first, last)
    for place in x[inside]:
        axes.axvspan(place - step / 2, place + step / 2, color=LIGHT_BLUE, alpha=0.25, linewidth=0)
    axes.axhline(0, color=GREY, linewidth=1.4)
    axes.vlines(x, low, high, color=BLUE, linewidth=1.0)
    axes.plot(x, worth, color=BLUE, linewidth=1.4, alpha=0.5)
    for chosen, face in ((inside, BLUE), (~inside, "white")):
        axes.plot(
            x[chosen], worth[chosen], "o", markerfacecolor=face, markeredgecolor=BLUE, markersize=5
        )
    floor = min(float(np.min(low, initial=0.0)), 0.0)
    top = max(float(np.max(high, initial=0.0)), 0.0) or 1.0
    # A few thresholds far below 0 would flatten everything else.
    floor = max(floor, -1.5 * top)
    axes.set_ylim(floor - 0.06 * (top - floor), top + 0.08 * (top - floor))
    axes.grid(axis="y")
    axes.yaxis.set_major_formatter(FuncFormatter(_number))
    axes.xaxis.set_major_locator(score_ticks(rows["threshold"]))
    axes.set_xlabel("Threshold (points)")
    axes.set_ylabel("Net benefit")
    label_lines(axes, [("hand over nobody", NOTE, 0.0)])
    mark_today(axes, found.today)


def _number(value: float, _: int | None = None) -> str:
    for size, word in ((1e9, "bn"), (1e6, "m")):
        if abs(value) >= size:
            return f"{value / size:,.3g}{word}"
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - digits by size


def _spoken(found: BestThresholds, scale: float) -> str:
    if found.best is None:
        return ""
    inside = found.table[found.table["among_best"].fillna(value=False)]
    listed = ", ".join(
        f"{count(row['threshold'])}: {money(scale * row['net_benefit'])}"
        for row in inside.to_dict("records")[:12]
    )
    return (
        f"Net benefit per 100 judged leads of the thresholds that cannot be told apart: {listed}."
    )
