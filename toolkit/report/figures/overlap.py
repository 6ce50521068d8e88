"""Pairs of criteria that the same leads meet, so that one signal may be paid twice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.report.figures.style import (
    BLUE,
    GREY,
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
from toolkit.report.wording import count, number, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["overlap_sentence", "plot_overlap"]

_EDGE, _PITCH = 0.12, 0.62
_LABEL_MOST, _BAR = 3.0, 2.0
_STRONG = 0.3
"""Correlation from which one signal may be paid twice (moderate by Cohen's convention)."""


def overlap_sentence(table: pd.DataFrame) -> str:
    """Say which two criteria most often go together, and how often."""
    known = table[table["phi"].notna()]
    if known.empty:
        return "No two criteria can be compared: too few leads differ in them"
    strong = known[known["phi"] >= _STRONG]
    if strong.empty:
        return "No two criteria go together often enough to count one signal twice"
    top = strong.sort_values("phi", ascending=False, kind="stable").to_dict("records")[0]
    a, b, share = _larger_share(top)
    return f"{percent(share, 0)} of the leads with \u201c{a}\u201d also have \u201c{b}\u201d"


def _larger_share(record: Mapping[Hashable, Any]) -> tuple[str, str, float]:
    """The pair so that the larger part of the first has the second."""
    if record["share_of_a"] >= record["share_of_b"]:
        return str(record["label_a"]), str(record["label_b"]), float(record["share_of_a"])
    return str(record["label_b"]), str(record["label_a"]), float(record["share_of_b"])


def plot_overlap(table: pd.DataFrame, *, most: int = 8, note: str = "") -> Chart:
    """Draw the strongest pairs of `overlap_table`, at most `most`: their correlation as a bar.

    Blue: pairs whose correlation is 0.3 or more, which may pay one signal twice.
    """
    with drawing():
        shown = table[table["phi"].notna()].head(most).to_dict("records")
        body = max(_PITCH * len(shown), 0.3)
        about = (
            "Bar: correlation of meeting one and meeting the other, of judged leads (1: always "
            f"together; below 0: rarely together, as where either alone lifts a lead over the bar). {note}"
        )
        chart, floor = new_chart(overlap_sentence(table), about, body)
        axes = inch_axes(chart, floor, body)
        for i, record in enumerate(shown):
            _draw(axes, (i + 0.5) * _PITCH, record)
    chart.alt = f"{chart.headline}. {' '.join(_spoken(record) for record in shown)}"
    return chart


def _draw(axes: Axes, y: float, record: Mapping[Hashable, Any]) -> None:
    phi = float(record["phi"])
    lines = [
        *wrapped(str(record["label_a"]), _LABEL_MOST, SIZE["label"], most=1),
        *wrapped(f"with {record['label_b']}", _LABEL_MOST, SIZE["label"], most=1),
    ]
    middle = _EDGE + _LABEL_MOST + 0.15 + _BAR / 2
    axes.text(
        _EDGE + _LABEL_MOST, y, "\n".join(lines), ha="right", va="center", size=SIZE["label"],
        linespacing=1.15,
    )  # fmt: skip
    axes.plot([middle, middle], [y - 0.2, y + 0.2], color=GREY, linewidth=1)
    strong = phi >= _STRONG
    axes.barh(y, phi * _BAR / 2, left=middle, height=0.26, color=BLUE if strong else GREY)
    x = middle + _BAR / 2 + 0.12
    bold = f"{phi:+.2f}".replace("-", "\N{MINUS SIGN}")
    axes.text(x, y, bold, size=SIZE["value"], weight="bold", va="center", color=INK)
    x += text_width(bold, SIZE["value"], "bold") + 0.12
    lines = wrapped(_counts(record), WIDTH - x - _EDGE, SIZE["note"], most=2)
    axes.text(x, y, "\n".join(lines), size=SIZE["note"], color=NOTE, va="center")


def _counts(record: Mapping[Hashable, Any]) -> str:
    both = float(record["n_both"])
    either = float(record["n_a"]) + float(record["n_b"]) - both
    return f"{count(both)} of {count(either)} leads with either have both"


def _spoken(record: Mapping[Hashable, Any]) -> str:
    phi = float(record["phi"])
    known = "" if math.isnan(phi) else f" correlation {'+' if phi > 0 else ''}{number(phi, 2)},"
    return f"{record['label_a']} with {record['label_b']}:{known} {_counts(record)}."
