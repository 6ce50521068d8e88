"""Which of two models is worth more, whatever a conversion is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import PercentFormatter

from toolkit.report.figures.plain import label_lines, panel
from toolkit.report.figures.style import BLUE, GREY, NOTE, Chart, drawing, new_chart
from toolkit.report.wording import Words, money, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["choices_sentence", "plot_decision_difference"]

_HEIGHT = 2.6
_NAMES = ("challenger\nless champion", "no difference")


def plot_decision_difference(
    table: pd.DataFrame, *, words: Words | None = None, note: str = ""
) -> Chart:
    """Draw the rows of `decision_difference`: net benefit of the challenger less the champion's.

    Above 0 the challenger is worth more to a team to which a call pays from that chance on.
    Shaded: interval at each chance by itself.
    """
    words = words or Words()
    rows = table.sort_values("chance").reset_index(drop=True)
    headline = choices_sentence(rows, words=words)
    with drawing():
        chart, floor = new_chart(headline, _note(rows, note), _HEIGHT + 0.65)
        _draw(
            panel(chart, floor, _HEIGHT, [name.replace("\n", " ") for name in _NAMES]), rows, words
        )
    chart.alt = f"{headline}. {_spoken(rows)}"
    return chart


def _note(rows: pd.DataFrame, note: str) -> str:
    missing = rows.loc[rows["difference"].isna(), "reason"].dropna()
    said = " ".join(f"Not drawn: {reason}." for reason in list(dict.fromkeys(missing))[:2])
    about = (
        "Per 100 judged leads, in units of what a conversion gains. Shaded: 95% interval at each"
        " chance by itself."
    )
    return f"{about} {said} {note}".strip()


def _draw(axes: Axes, rows: pd.DataFrame, words: Words) -> None:
    x = rows["chance"].to_numpy(dtype=float)
    more, low, high = (
        100 * rows[name].to_numpy(dtype=float) for name in ("difference", "low", "high")
    )
    axes.set_xlim(0, max(float(np.max(x, initial=0.0)), 0.02))
    axes.axhline(0, color=GREY, linewidth=1.4)
    axes.fill_between(x, low, high, color=BLUE, alpha=0.16, linewidth=0)
    axes.plot(x, more, color=BLUE, linewidth=2.2)
    reach = np.abs(np.concatenate([low, high]))
    top = float(np.max(reach[~np.isnan(reach)], initial=0.0)) or 1.0
    axes.set_ylim(-1.08 * top, 1.08 * top)
    axes.grid(axis="y")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.locator_params(axis="x", nbins=8)
    axes.set_xlabel(f"Chance of a {words.outcome} from which a call pays")
    axes.set_ylabel("Net benefit gained")
    known = more[~np.isnan(more)]
    ends = (float(known[-1]) if known.size else np.nan, 0.0)
    label_lines(axes, list(zip(_NAMES, (BLUE, NOTE), ends, strict=True)))


def choices_sentence(rows: pd.DataFrame, *, words: Words) -> str:
    """Say at which chances one of the models is seen to be worth more."""
    if rows["difference"].isna().all():
        return "Which model is worth more cannot be told from these leads"
    better, worse = rows[rows["low"] > 0], rows[rows["high"] < 0]
    parts = [
        f"the {name} is worth more where a call pays from a chance of {_chances(part)}"
        for name, part in (("challenger", better), ("champion", worse))
        if len(part)
    ]
    if not parts:
        return f"Neither model is seen to be worth more, whatever a {words.outcome} is worth"
    said = " and ".join(parts)
    return f"{said[0].upper()}{said[1:]}"


def _chances(part: pd.DataFrame) -> str:
    first, last = part["chance"].min(), part["chance"].max()
    if first == last:
        return percent(first, 0)
    return f"{percent(first, 0)} to {percent(last, 0)}"


def _spoken(rows: pd.DataFrame) -> str:
    picked = rows[rows["difference"].notna()].iloc[:: max(len(rows) // 5, 1)]
    return " ".join(
        f"From {percent(row['chance'], 0)}: {money(100 * row['difference'])} per 100 leads"
        f" ({money(100 * row['low'])} to {money(100 * row['high'])})."
        for row in picked.to_dict("records")
    )
