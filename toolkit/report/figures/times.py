"""How soon leads of each band convert: curves that use recent leads as far as they were seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import FuncFormatter, MaxNLocator

from toolkit.report.figures.style import (
    BLUE,
    GREY,
    GRID,
    INK,
    LIGHT_BLUE,
    SIZE,
    WIDTH,
    Chart,
    axes_at,
    drawing,
    new_chart,
    wrapped,
)
from toolkit.report.figures.whose import row_label, those_of
from toolkit.report.sentences import FEWEST
from toolkit.report.wording import Words, count, joined, percent, rate_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_times", "times_sentence"]

_LEFT, _BELOW, _LINE = 0.72, 0.55, 0.2
_LOOKS: tuple[tuple[str, Any], ...] = (
    (BLUE, "-"), (LIGHT_BLUE, "-"), (INK, (0, (5, 2))), (GREY, "-"), (GREY, (0, (2, 2))),
)  # fmt: skip


def plot_times(table: pd.DataFrame, *, words: Words | None = None, note: str = "") -> Chart:
    """Draw `incidence_table` as one step curve per band, with the interval at its last day.

    For a smooth step give the table many days (`at_days=range(1, 91)`). A curve ends where no lead
    of the band was followed further; bands of fewer than 5 leads are not drawn. The title is the
    sentence to repeat, from the same rows.
    """
    words = words or Words()
    sentence = times_sentence(table, words=words)
    bands = [
        part.to_dict("records")
        for _, part in table[table["rate"].notna()].groupby("band", sort=False)
        if part["leads"].iloc[0] >= FEWEST
    ]
    said = (
        f"Share of all leads, worked or not, that {words.became} by each day; leads turned down or "
        "recycled stay in the denominator. Upright line: 95% interval at the last day."
    )
    with drawing():
        room = 2.3
        labels = [wrapped(_label(rows), room - 0.1, SIZE["note"], most=2) for rows in bands]
        body = max(3.2, _LINE * sum(len(lines) for lines in labels) + 0.9)
        chart, floor = new_chart(sentence, f"{said} {note}", body)
        box = (WIDTH - _LEFT - room - 0.12, body - _BELOW - 0.1)
        axes = axes_at(chart, _LEFT, floor + _BELOW, *box)
        most = _frame(axes, bands)
        for rows, look in zip(bands, _cycle(len(bands)), strict=True):
            _curve(axes, rows, look)
        _labels(chart, bands, labels, (floor + _BELOW, box, most))
    chart.alt = f"{sentence}. " + " ".join(_spoken(rows[-1]) for rows in bands)
    return chart


def _cycle(n: int) -> list[tuple[str, Any]]:
    return [_LOOKS[min(place, len(_LOOKS) - 1)] for place in range(n)]


def _frame(axes: Axes, bands: list[list[dict[Any, Any]]]) -> float:
    ends = [
        row[name]
        for rows in bands
        for row in rows
        for name in (("rate", "high") if row is rows[-1] else ("rate",))
        if not math.isnan(row[name])
    ]
    most = min(float(max([*ends, 0.01])) * 1.08, 1.0)
    last = max((rows[-1]["day"] for rows in bands), default=90)
    axes.set_ylim(0, most)
    axes.set_xlim(0, last * 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=2))
    digits = 0 if most > 0.05 else 1  # noqa: PLR2004 - ticks under one percent apart
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.{digits}f}%"))
    axes.grid(axis="y", color=GRID)
    axes.set_xlabel("days after the moment of scoring")
    return most


def _curve(axes: Axes, rows: list[dict[Any, Any]], look: tuple[str, Any]) -> None:
    colour, line = look
    days, rates = [0, *(row["day"] for row in rows)], [0.0, *(row["rate"] for row in rows)]
    axes.plot(days, rates, color=colour, linestyle=line, linewidth=1.8, drawstyle="steps-post")
    last = rows[-1]
    if not math.isnan(last["low"] + last["high"]):
        axes.plot([last["day"]] * 2, [last["low"], last["high"]], color=colour, linewidth=1.2)


def _label(rows: list[dict[Any, Any]]) -> str:
    last = rows[-1]
    return f"{row_label(last)}: {percent(last['rate'], 0)} by day {last['day']}"


def _labels(
    chart: Chart,
    bands: list[list[dict[Any, Any]]],
    labels: list[list[str]],
    place: tuple[float, tuple[float, float], float],
) -> None:
    """Put each label beside the end of its curve, pushed apart where curves end close together."""
    bottom, (width, height), most = place
    full = chart.get_size_inches()[1]
    order = sorted(range(len(bands)), key=lambda i: -bands[i][-1]["rate"])
    free = bottom + height + 0.1
    heights = [_LINE * len(labels[i]) for i in order]
    for number, i in enumerate(order):
        below = sum(heights[number:])
        wanted = bottom + height * bands[i][-1]["rate"] / most + heights[number] / 2
        top = max(min(wanted, free), bottom - 0.15 + below)
        middle = top - heights[number] / 2
        chart.text((_LEFT + width + 0.12) / WIDTH, middle / full, "\n".join(labels[i]),
                   size=SIZE["note"], va="center", linespacing=1.1)  # fmt: skip
        free = top - heights[number]


def _spoken(row: Mapping[Hashable, Any]) -> str:
    rate = rate_text(row["rate"], row["low"], row["high"])
    return f"{row_label(row)}: {rate} by day {row['day']}, of {count(row['leads'])} leads."


def times_sentence(table: pd.DataFrame, *, words: Words) -> str:
    """Say what share of the two best bands had converted by the last day that both reach."""
    known = table[table["rate"].notna() & (table["leads"] >= FEWEST)]
    bands = list(dict.fromkeys(known["band"]))[:2]
    if not bands:
        return f"No band has been followed long enough to say how soon leads {words.become}"
    day = min(known.loc[known["band"] == band, "day"].max() for band in bands)
    rows = [
        known[(known["band"] == band) & (known["day"] <= day)].to_dict("records")[-1]
        for band in bands
    ]
    whose = ["of leads", *(["of those"] * (len(rows) - 1))]
    shares = [
        f"{percent(row['rate'], 0)} {word} {those_of(row)}"
        for word, row in zip(whose, rows, strict=True)
    ]
    return f"By day {day}, {joined(shares)} had {_had(words)}"


def _had(words: Words) -> str:
    return words.became.replace("became", "become")
