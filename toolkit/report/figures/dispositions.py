"""What sales did with the leads of each band, as bars that add up to all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.report.figures.style import (
    BLUE,
    GREY,
    GRID,
    INK,
    LIGHT_BLUE,
    NOTE,
    ORANGE,
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
from toolkit.report.wording import joined, of_all, percent, plural

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["dispositions_sentence", "plot_dispositions"]

_EDGE, _LABEL, _PITCH = 0.12, 1.7, 0.66
_LOOKS: dict[str, tuple[str, str, str | None]] = {
    "accepted": ("accepted", BLUE, None),
    "auto_accepted": ("accepted by a rule", LIGHT_BLUE, "...."),
    "rejected": ("rejected", ORANGE, None),
    "recycled": ("recycled", "white", "////"),
    "no_response": ("no response", GREY, None),
    "undecided": ("undecided", GRID, None),
    "untouched": ("untouched", "white", None),
}
_MEANT = {
    "undecided": "Undecided: sales acted and did not decide, which says nothing about the lead.",
    "untouched": "Untouched: sales neither acted nor decided, which says nothing about the lead.",
}


def plot_dispositions(table: pd.DataFrame, *, note: str = "") -> Chart:
    """Draw `disposition_table` as one bar per band, over the leads whose time to decide has passed.

    Reasons are in the table, not in the figure. Bands of fewer than 5 leads have no bar. The title
    is the sentence to repeat, from the same rows.
    """
    whole = table[table["given_reason"] == ""]
    bands = [part.to_dict("records") for _, part in whole.groupby("band", sort=False)]
    sentence = dispositions_sentence(table)
    with drawing():
        used = [name for name in _LOOKS if whole.loc[whole["disposition"] == name, "leads"].sum()]
        said = " ".join(
            [
                "Of the leads whose time to decide has passed.",
                *(_MEANT[n] for n in used if n in _MEANT),
            ]
        )
        legend = _legend(used)
        top = 0.24 * (1 + max((line for _, _, line in legend), default=0)) + 0.1
        body = top + _PITCH * max(len(bands), 1)
        chart, floor = new_chart(sentence, f"{said} {note}", body)
        axes = inch_axes(chart, floor, body)
        for name, x, line in legend:
            _swatch(axes, x, 0.12 + 0.24 * line, name)
        for number, rows in enumerate(bands):
            _bar(axes, rows, top + _PITCH * number)
    chart.alt = f"{sentence}. " + " ".join(_spoken(rows) for rows in bands)
    return chart


def _legend(used: list[str]) -> list[tuple[str, float, int]]:
    """Place the names of the parts in lines."""
    placed, x, line = [], _EDGE, 0
    for name in used:
        width = 0.42 + text_width(_LOOKS[name][0], SIZE["note"])
        if x + width > WIDTH - _EDGE:
            x, line = _EDGE, line + 1
        placed.append((name, x, line))
        x += width
    return placed


def _swatch(axes: Axes, x: float, y: float, name: str) -> None:
    text, colour, hatch = _LOOKS[name]
    axes.barh(y, 0.18, left=x, height=0.14, color=colour, hatch=hatch, edgecolor=_edge(name),
              linewidth=0.8)  # fmt: skip
    axes.text(x + 0.24, y, text, size=SIZE["note"], va="center")


def _edge(name: str) -> str:
    return ORANGE if name == "recycled" else BLUE if name == "auto_accepted" else GREY


def _bar(axes: Axes, rows: list[dict[Any, Any]], y: float) -> None:
    label = wrapped(row_label(rows[0]), _LABEL, SIZE["label"], most=2)
    axes.text(_EDGE + _LABEL, y + 0.28, "\n".join(label), ha="right", va="center",
              size=SIZE["label"], linespacing=1.1)  # fmt: skip
    left, width = _EDGE + _LABEL + 0.12, WIDTH - 2 * _EDGE - _LABEL - 0.12
    n = rows[0]["n"]
    if n >= FEWEST:
        x = left
        for row in rows:
            if row["disposition"] in _LOOKS and row["leads"]:
                x = _part(axes, row, x, (y + 0.16, width * row["leads"] / n))
    text = wrapped(_counts(rows), width, SIZE["note"], most=1)[0]
    axes.text(left, y + 0.42, text, size=SIZE["note"], color=NOTE, va="center")


def _part(axes: Axes, row: Mapping[Hashable, Any], x: float, place: tuple[float, float]) -> float:
    y, width = place
    name = row["disposition"]
    _, colour, hatch = _LOOKS[name]
    axes.barh(y, width, left=x, height=0.26, color=colour, hatch=hatch, edgecolor=_edge(name),
              linewidth=0.8)  # fmt: skip
    text = percent(row["share"], 0)
    if hatch is None and text_width(text, SIZE["note"]) + 0.1 < width:
        dark = name in {"accepted", "rejected"}
        axes.text(x + width / 2, y, text, ha="center", va="center", size=SIZE["note"],
                  color="white" if dark else INK)  # fmt: skip
    return x + width


def _counts(rows: list[dict[Any, Any]]) -> str:
    n = rows[0]["n"]
    pending = sum(row["leads"] for row in rows if row["disposition"] == "pending")
    open_ = f"; {plural(pending, 'more lead')} still pending" if pending else ""
    if not n:
        return f"no leads whose time to decide has passed{open_}"
    if n < FEWEST:
        return f"fewer than {FEWEST} leads{open_}"
    return f"{plural(n, 'lead')}{open_}"


def _spoken(rows: list[dict[Any, Any]]) -> str:
    parts = [
        f"{percent(row['share'], 0)} {_LOOKS[row['disposition']][0]}"
        for row in rows
        if row["disposition"] in _LOOKS and row["leads"] and row["n"] >= FEWEST
    ]
    return f"{row_label(rows[0])} ({_counts(rows)}): {joined(parts) or 'nothing to show'}."


def dispositions_sentence(table: pd.DataFrame) -> str:
    """Say what share of the best band with enough leads sales accepted, and what became of the rest."""
    whole = table[(table["given_reason"] == "") & (table["n"] >= FEWEST)]
    if whole.empty:
        return "Too few leads have been decided on to say what sales does with them"
    rows = whole[whole["band"] == whole["band"].iloc[0]].to_dict("records")
    by = {row["disposition"]: row for row in rows}
    yes = [by[name] for name in ("accepted", "auto_accepted") if name in by]
    leads = sum(row["leads"] for row in yes)
    n = rows[0]["n"]
    rest = [
        f"{percent(by[name]['leads'] / n, 0)} {said}"
        for name, said in (("rejected", "were rejected"), ("untouched", "were never touched"))
        if name in by and by[name]["leads"]
    ]
    first = (
        f"Sales accepted {percent(leads / n, 0)} of leads {those_of(rows[0])} ({of_all(leads, n)})"
    )
    return f"{first}; {joined(rest)}" if rest else first
