"""Fit against behavior as a grid: the share in each cell, hatched where leads are too few."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Rectangle

from toolkit.report.figures.style import (
    BLUE,
    GREY,
    NOTE,
    SIZE,
    WIDTH,
    Chart,
    drawing,
    inch_axes,
    new_chart,
    wrapped,
)
from toolkit.report.sentences import differ
from toolkit.report.wording import Words, of_all, percent, span

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["grid_sentence", "plot_grid"]

_EDGE, _LABEL, _HEIGHT = 0.12, 1.3, 0.74
_DARKEST = 0.55


def plot_grid(table: pd.DataFrame, *, words: Words | None = None, note: str = "") -> Chart:
    """Draw `grid_table`: fit downwards, behavior to the right, best at the upper left.

    The darker the cell, the larger its share; each cell prints the share, the counts and the
    interval. Hatched cells hold fewer judged leads than may be shown. The title is the sentence to
    repeat, from the same cells.
    """
    words = words or Words()
    records = table.to_dict("records")
    fits = list(dict.fromkeys(table["fit_band"]))
    behaviors = list(dict.fromkeys(table["behavior_band"]))
    sentence = grid_sentence(table, words=words)
    said = f"Share of judged leads that {words.became}; in brackets its 95% interval."
    hatched = " Hatched: too few judged leads to show." if table["suppressed"].any() else ""
    with drawing():
        width = (WIDTH - 2 * _EDGE - _LABEL) / max(len(behaviors), 1)
        heads = [wrapped(f"behavior {name}", width - 0.1, SIZE["label"], most=2)
                 for name in behaviors]  # fmt: skip
        top = 0.2 * max((len(lines) for lines in heads), default=1) + 0.08
        body = top + _HEIGHT * max(len(fits), 1)
        chart, floor = new_chart(sentence, f"{said}{hatched} {note}", body)
        axes = inch_axes(chart, floor, body)
        most = max((row["rate"] for row in records if not math.isnan(row["rate"])), default=1.0)
        for place, lines in enumerate(heads):
            axes.text(_EDGE + _LABEL + (place + 0.5) * width, top - 0.08, "\n".join(lines),
                      ha="center", va="bottom", size=SIZE["label"], linespacing=1.1)  # fmt: skip
        for number, name in enumerate(fits):
            lines = wrapped(f"fit {name}", _LABEL - 0.1, SIZE["label"], most=2)
            axes.text(_EDGE + _LABEL - 0.1, top + (number + 0.5) * _HEIGHT, "\n".join(lines),
                      ha="right", va="center", size=SIZE["label"], linespacing=1.1)  # fmt: skip
        for row in records:
            x = _EDGE + _LABEL + behaviors.index(row["behavior_band"]) * width
            y = top + fits.index(row["fit_band"]) * _HEIGHT
            _cell(axes, row, (x, y, width), most or 1.0)
    chart.alt = f"{sentence}. " + " ".join(_spoken(row) for row in records)
    return chart


def _cell(
    axes: Axes, row: Mapping[Hashable, Any], box: tuple[float, float, float], most: float
) -> None:
    x, y, width = box
    known = not math.isnan(row["rate"])
    shade = 0.04 + (_DARKEST - 0.04) * row["rate"] / most if known else 0.0
    axes.add_patch(
        Rectangle(
            (x + 0.02, y + 0.02), width - 0.04, _HEIGHT - 0.04,
            facecolor=(*_rgb(BLUE), shade), edgecolor=GREY, linewidth=0.8,
            hatch="////" if row["suppressed"] else None,
        )
    )  # fmt: skip
    if not known:
        if not row["suppressed"]:
            lines = wrapped("no judged leads", width - 0.1, SIZE["note"], most=2)
            axes.text(x + width / 2, y + _HEIGHT / 2, "\n".join(lines), ha="center", va="center",
                      size=SIZE["note"], color=NOTE)  # fmt: skip
        return
    texts = (
        (percent(row["rate"], 0), SIZE["value"], "bold", 0.18),
        (of_all(row["positives"], row["n"]), SIZE["note"], "normal", 0.38),
        (_interval(row), SIZE["note"], "normal", 0.56),
    )
    for text, size, weight, down in texts:
        line = wrapped(text, width - 0.08, size, weight=weight, most=1)[0]
        axes.text(x + width / 2, y + down, line, ha="center", va="center", size=size, weight=weight)


def _interval(row: Mapping[Hashable, Any]) -> str:
    if math.isnan(row["low"] + row["high"]):
        return "(no interval)"
    return f"({span(row['low'], row['high'], 0)})"


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _where(row: Mapping[Hashable, Any]) -> str:
    return f"fit {row['fit_band']} and behavior {row['behavior_band']}"


def _spoken(row: Mapping[Hashable, Any]) -> str:
    if row["suppressed"]:
        return f"{_where(row)}: too few judged leads to show."
    if math.isnan(row["rate"]):
        return f"{_where(row)}: no judged leads."
    return f"{_where(row)}: {percent(row['rate'], 0)}, {of_all(row['positives'], row['n'])}."


def grid_sentence(table: pd.DataFrame, *, words: Words) -> str:
    """Compare the corner of both highest bands with that of both lowest that have enough leads.

    Named in advance by their place, not picked for their rates: the best of many cells looks
    better than it is.
    """
    known = [row for row in table.to_dict("records") if not math.isnan(row["rate"])]
    if not known:
        return f"No pair of fit and behavior has enough judged leads to say how often they {words.become}"
    high, low = known[0], known[-1]
    first = f"{percent(high['rate'], 0)} of leads with {_where(high)} {words.became}"
    if len(known) == 1:
        return f"{first} ({of_all(high['positives'], high['n'])})"
    other = f"{percent(low['rate'], 0)} of those with {_where(low)}"
    if not math.isnan(high["low"] + low["low"]) and differ(high, low):
        return f"{first}, and {other}"
    return f"{first}, and {other}: these cannot be told apart"
