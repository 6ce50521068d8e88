"""The funnel by band: a column per stage, each share with its own denominator."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.report.figures.style import (
    BLUE,
    GREY,
    GRID,
    INK,
    NOTE,
    SIZE,
    WIDTH,
    Chart,
    drawing,
    inch_axes,
    new_chart,
    text_width,
    wrapped,
)
from toolkit.report.figures.whose import row_label, those_of
from toolkit.report.sentences import FEWEST
from toolkit.report.wording import joined, of_all, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["funnel_sentence", "plot_funnel"]

_LABEL, _EDGE, _GAP, _PITCH = 1.7, 0.12, 0.22, 0.62
_MOST_STAGES = 4


def plot_funnel(table: pd.DataFrame, *, of: str = "judged leads", note: str = "") -> Chart:
    """Draw the rows of `funnel_table` with one denominator, a row per band, a column per stage.

    `of`: `judged leads`, or any other value of that column (the first stage is then left out). At
    most four stages are drawn. Bars share one scale from 0 to 100%. Shares of fewer than 5 leads
    are not shown. The title is the sentence to repeat, from the same rows.
    """
    rows = (
        table[table["of"] == of] if of == "judged leads" else table[table["of"] != "judged leads"]
    )
    stages = list(dict.fromkeys(rows["stage"]))[:_MOST_STAGES]
    bands = list(dict.fromkeys(rows["band"]))
    records = {(row["band"], row["stage"]): row for row in rows.to_dict("records")}
    with drawing():
        sentence = funnel_sentence(rows)
        said = (
            "Thin line: 95% interval. Each share is of the leads named above its column; "
            "leads too young to judge or never worked are in none."
        )
        width = (WIDTH - 2 * _EDGE - _LABEL - _GAP * len(stages)) / max(len(stages), 1)
        heads = [_head(records, bands, stage, width) for stage in stages]
        top = 0.2 * max((len(lines) for lines in heads), default=1) + 0.08
        chart, floor = new_chart(sentence, f"{said} {note}", top + _PITCH * max(len(bands), 1))
        axes = inch_axes(chart, floor, top + _PITCH * max(len(bands), 1))
        for place, (stage, lines) in enumerate(zip(stages, heads, strict=True)):
            x = _EDGE + _LABEL + _GAP + place * (width + _GAP)
            axes.text(x, top - 0.08, "\n".join(lines), size=SIZE["note"], color=NOTE,
                      va="bottom", linespacing=1.15)  # fmt: skip
            for number, band in enumerate(bands):
                _cell(axes, records[band, stage], x, top + _PITCH * number, width)
        for number, band in enumerate(bands):
            label = wrapped(row_label(records[band, stages[0]]), _LABEL, SIZE["label"], most=2)
            axes.text(_EDGE + _LABEL, top + _PITCH * (number + 0.42), "\n".join(label),
                      ha="right", va="center", size=SIZE["label"], linespacing=1.1)  # fmt: skip
    chart.alt = f"{sentence}. " + " ".join(_spoken(row) for row in records.values())
    return chart


def _head(records: dict[Any, Any], bands: list[str], stage: str, width: float) -> list[str]:
    row = records[bands[0], stage]
    text = f"{row['label']} within {row['within_days']} days, of {row['of']}"
    return wrapped(text, width, SIZE["note"], most=3)


def _shown(row: Mapping[Hashable, Any]) -> bool:
    return row["n"] >= FEWEST and not math.isnan(row["rate"])


def _cell(axes: Axes, row: Mapping[Hashable, Any], x: float, y: float, width: float) -> None:
    axes.barh(y + 0.15, width, left=x, height=0.16, color=GRID, linewidth=0)
    text = _counts(row)
    if _shown(row):
        axes.barh(y + 0.15, width * row["rate"], left=x, height=0.16, color=BLUE, linewidth=0)
        if not math.isnan(row["low"] + row["high"]):
            axes.plot([x + width * row["low"], x + width * row["high"]], [y + 0.15, y + 0.15],
                      color=INK, linewidth=1.6)  # fmt: skip
        bold = percent(row["rate"], 0)
        axes.text(x, y + 0.38, bold, size=SIZE["label"], weight="bold", va="center")
        x += text_width(bold, SIZE["label"], "bold") + 0.08
        width -= text_width(bold, SIZE["label"], "bold") + 0.08
    fitting = wrapped(text, max(width, 0.3), SIZE["note"], most=1)
    axes.text(x, y + 0.38, fitting[0], size=SIZE["note"], color=NOTE if _shown(row) else GREY,
              va="center")  # fmt: skip


def _counts(row: Mapping[Hashable, Any]) -> str:
    if not row["n"]:
        return "no such leads"
    return of_all(row["positives"], row["n"]) if _shown(row) else f"fewer than {FEWEST}"


def _spoken(row: Mapping[Hashable, Any]) -> str:
    share = f"{percent(row['rate'], 0)}, " if _shown(row) else ""
    return f"{row_label(row)}, {row['label']} of {row['of']}: {share}{_counts(row)}."


def funnel_sentence(rows: pd.DataFrame) -> str:
    """Say what share of the two best bands with enough leads reached each stage."""
    said: list[tuple[str, str, list[tuple[str, str]]]] = []
    for band in dict.fromkeys(rows["band"]):
        mine = rows[rows["band"] == band].to_dict("records")
        known = [row for row in mine if _shown(row)]
        if known and len(said) < 2:  # noqa: PLR2004 - a sentence holds two bands
            steps = [(percent(row["rate"], 0), str(row["label"])) for row in known[:_MOST_STAGES]]
            said.append((those_of(mine[0]), known[0]["of"], steps))
    if not said:
        return "No band has enough judged leads to say how far they get"
    (whose, of, steps), *rest = said
    first = f"Of {of} {whose}, {_reached(steps)}"
    if of != "judged leads":
        first = f"Step by step, of leads {whose}, {_reached(steps)}"
    return first + "".join(f"; of those {whose}, {_reached(steps)}" for whose, _, steps in rest)


def _reached(steps: list[tuple[str, str]]) -> str:
    (share, label), *rest = steps
    return joined([f"{share} reached {label}", *(" ".join(step) for step in rest)])
