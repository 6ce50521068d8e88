"""Is the score worth more than working everybody, or nobody, whatever a conversion is worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import PercentFormatter

from toolkit.report.figures.plain import label_lines, panel
from toolkit.report.figures.style import BLUE, GREY, NOTE, ORANGE, Chart, drawing, new_chart
from toolkit.report.threshold_sentences import decision_sentence
from toolkit.report.wording import Words, money, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_decision"]

_HEIGHT = 2.9
_NAMES = ("work by score", "work all leads", "work nobody")


def plot_decision(table: pd.DataFrame, *, words: Words | None = None, note: str = "") -> Chart:
    """Draw the rows of `decision_curve`: the score against working all leads and nobody.

    The horizontal axis is the chance from which a call pays: 10% is a team that would make ten
    calls for one positive. Shaded: interval at each chance by itself.
    """
    words = words or Words()
    rows = table.sort_values("chance").reset_index(drop=True)
    with drawing():
        headline = decision_sentence(rows, words=words)
        chart, floor = new_chart(headline, _note(rows, note), _HEIGHT + 0.65)
        axes = panel(chart, floor, _HEIGHT, _NAMES)
        _draw(axes, rows, words)
    chart.alt = f"{headline}. {_spoken(rows)}"
    return chart


def _note(rows: pd.DataFrame, note: str) -> str:
    reasons = list(dict.fromkeys(str(r) for r in rows["reason"] if isinstance(r, str)))[:2]
    said = " ".join(f"{reason[0].upper()}{reason[1:]}." for reason in reasons)
    about = (
        "Per 100 judged leads, in units of what a conversion gains. Shaded: 95% interval at each "
        "chance by itself."
    )
    return f"{about} {said} {note}".strip()


def _draw(axes: Axes, rows: pd.DataFrame, words: Words) -> None:
    x = rows["chance"].to_numpy(dtype=float)
    curves = {
        name: [100 * rows[f"{name}{end}"].to_numpy(dtype=float) for end in ("", "_low", "_high")]
        for name in ("net_benefit", "net_benefit_all")
    }
    axes.set_xlim(0, max(float(np.max(x, initial=0.0)), 0.02))
    axes.axhline(0, color=GREY, linewidth=1.4)
    styles = {"net_benefit": (BLUE, "-"), "net_benefit_all": (ORANGE, (0, (6, 1.5)))}
    for name, (worth, low, high) in curves.items():
        colour, style = styles[name]
        axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(x, worth, color=colour, linewidth=2.2, linestyle=style)
    top = _highest([part for parts in curves.values() for part in (parts[0], parts[2])])
    # Working all leads soon costs more than any picture should show.
    axes.set_ylim(-0.3 * top, 1.08 * top)
    axes.grid(axis="y")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.locator_params(axis="x", nbins=8)
    axes.set_xlabel(f"Chance of {words.one} from which a call pays")
    axes.set_ylabel("Net benefit")
    ends = [_last(curves[name][0], -0.3 * top) for name in curves]
    colours = (BLUE, ORANGE, NOTE)
    label_lines(axes, list(zip(_NAMES, colours, (*ends, 0.0), strict=True)))


def _highest(parts: list[np.ndarray]) -> float:
    known = np.concatenate([part[~np.isnan(part)] for part in parts]) if parts else np.zeros(0)
    return max(float(np.max(known, initial=0.0)), 0.0) or 1.0


def _last(worth: np.ndarray, least: float) -> float:
    known = worth[~np.isnan(worth)]
    return max(float(known[-1]), least) if known.size else math.nan


def _spoken(rows: pd.DataFrame) -> str:
    picked = rows[rows["net_benefit"].notna()].iloc[:: max(len(rows) // 5, 1)]
    return " ".join(
        f"From {percent(row['chance'], 0)}: {money(100 * row['net_benefit'])} per 100 leads by score."
        for row in picked.to_dict("records")
    )
