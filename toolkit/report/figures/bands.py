"""How often the leads of each band turned into a positive."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.analysis.brackets import brackets_of
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
from toolkit.report.sentences import band_label, bands_sentence, mostly_unworked
from toolkit.report.wording import Words, count, of_all, percent_of_few, span

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from matplotlib.axes import Axes

__all__ = ["plot_bands"]

_LABEL_MOST = 2.4
_EDGE = 0.12
_ROOM = 0.16
"""Inches that a bracket takes."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One band, to be drawn `y` inches below the top of the body."""

    label: tuple[str, ...]
    y: float
    rate: float
    low: float
    high: float
    bold: str
    detail: str
    below: str
    handed: bool
    partial: bool

    @property
    def furthest(self) -> float:
        """The largest rate that is drawn."""
        return max((end for end in (self.rate, self.high) if not math.isnan(end)), default=0.0)

    @property
    def indent(self) -> float:
        """Inches that the bold rate takes."""
        return text_width(self.bold, SIZE["value"], "bold") + 0.1 if self.bold else 0.0

    @property
    def reserve(self) -> float:
        """Inches that the text right of the bar needs."""
        detail = text_width(self.detail, SIZE["label"])
        return self.indent + max(detail, text_width(self.below, SIZE["note"]))


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a rate stands, in inches from the left edge."""

    origin: float
    length: float
    most: float

    def __call__(self, rate: float) -> float:
        return self.origin + self.length * rate / self.most


def plot_bands(
    table: pd.DataFrame,
    *,
    words: Words | None = None,
    threshold: float | None = None,
    pairs: pd.DataFrame | None = None,
    note: str = "",
) -> Chart:
    """Draw a bar for each row of `band_table` (or `level_table`), best scores on top.

    A bar is the share of *judged* leads of the band that turned into a positive, with its
    interval. Bands from `threshold` on are blue. A bar is hatched where most of the
    band's leads with a closed window were never worked: it then speaks of the worked ones only.
    `pairs` (of `compare_bands`, the bands with a rate): brackets at the right edge join bands of which
    no two can be told apart, and the title claims no difference that they do not show.
    A rate that is NaN beside a range (`lowest`, `highest`) cannot be told: no bar, the range in words.
    The title is the sentence to repeat, from the same rows.
    """
    words = words or Words()
    with drawing():
        pitch = 0.56 if len(table) <= 6 else 0.46  # noqa: PLR2004 - more bands, less air
        rows, split, body = _rows(table, threshold, pitch)
        joined = _joined(table, rows, pairs)
        edge = WIDTH - _EDGE - _ROOM * (1 + max((lane for *_, lane in joined), default=-1))
        note = _note(words, rows, note, joined=bool(joined))
        chart, floor = new_chart(bands_sentence(table, words=words, pairs=pairs), note, body)
        axes, scale = inch_axes(chart, floor, body), _scale(rows, edge)
        for row in rows:
            _draw(axes, row, scale, 0.6 * pitch)
        if split is not None and threshold is not None:
            _mark(axes, split, f"today's threshold: {count(threshold)} points", edge)
        for first, last, lane in joined:
            _bracket(axes, first, last, edge + _ROOM * (lane + 1))
    said = [*map(_spoken, rows), *(_not_apart(first, last) for first, last, _ in joined)]
    chart.alt = f"{chart.headline}. {' '.join(said)}"
    return chart


def _note(words: Words, rows: list[_Row], note: str, *, joined: bool) -> str:
    partial = any(row.partial and row.bold for row in rows)
    hatched = " Hatched: most of the band was never worked." if partial else ""
    bracket = " Bracket: no two of these bands can be told apart." if joined else ""
    return f"Share of judged leads that {words.became}. Thin line: 95% interval.{hatched}{bracket} {note}"


def _joined(
    table: pd.DataFrame, rows: list[_Row], pairs: pd.DataFrame | None
) -> list[tuple[_Row, _Row, int]]:
    """The highest and the lowest row of each bracket, and the lane in which it meets no other."""
    if pairs is None:
        return []
    brackets = brackets_of(pairs)
    row = dict(zip(table["band"], rows, strict=True))
    found: list[tuple[_Row, _Row, int]] = []
    for names in zip(brackets["first"], brackets["last"], strict=True):
        first, last = (row[name] for name in names)
        taken = {lane for _, end, lane in found if end.y >= first.y}
        lane = next(lane for lane in range(len(found) + 1) if lane not in taken)
        found.append((first, last, lane))
    return found


def _not_apart(first: _Row, last: _Row) -> str:
    return f"{' '.join(first.label)} to {' '.join(last.label)}: no two can be told apart."


def _rows(
    table: pd.DataFrame, threshold: float | None, pitch: float
) -> tuple[list[_Row], float | None, float]:
    rows: list[_Row] = []
    split, y = None, 0.0
    for record in table.to_dict("records"):
        start = record["start"]
        handed = threshold is None or (not pd.isna(start) and float(start) >= threshold)
        if rows and rows[-1].handed and not handed:
            # Room of its own, so that the mark meets neither a bar nor its numbers.
            split, y = y + 0.12, y + 0.24
        rows.append(_row(record, y + pitch / 2, handed=handed))
        y += pitch
    return rows, split, max(y, 0.3)


def _row(record: Mapping[Hashable, Any], y: float, *, handed: bool) -> _Row:
    rate = float(record["rate"])
    unworked = float(record.get("unworked", 0))
    return _Row(
        label=tuple(wrapped(band_label(record), _LABEL_MOST, SIZE["label"], most=2)),
        y=y,
        rate=rate,
        low=float(record["low"]),
        high=float(record["high"]),
        bold="" if math.isnan(rate) else percent_of_few(rate),
        detail=_counts(record),
        below=f"{count(unworked)} more never worked" if unworked > 0 else "",
        handed=handed,
        partial=mostly_unworked(record),
    )


def _counts(record: Mapping[Hashable, Any]) -> str:
    n, lowest, highest = (float(record.get(name, math.nan)) for name in ("n", "lowest", "highest"))
    if not math.isnan(lowest + highest):
        return f"cannot be told ({span(lowest, highest, 0)})"
    if math.isnan(float(record["rate"])):
        return "too few judged leads to show" if n else "no judged leads"
    return f"{of_all(float(record['positives']), n)} {'lead' if n == 1 else 'leads'}"


def _scale(rows: list[_Row], edge: float) -> _Scale:
    widths = (text_width(line, SIZE["label"]) for row in rows for line in row.label)
    origin = _EDGE + max(widths, default=0.0) + 0.1
    reserve = max((row.reserve for row in rows), default=0.0)
    length = max(edge - origin - reserve - 0.1, 0.5)
    return _Scale(origin, length, max((row.furthest for row in rows), default=0.0) or 1.0)


def _draw(axes: Axes, row: _Row, scale: _Scale, thickness: float) -> None:
    axes.text(
        scale.origin - 0.1,
        row.y,
        "\n".join(row.label),
        ha="right",
        va="center",
        size=SIZE["label"],
        linespacing=1.1,
    )
    if row.bold:
        _bar(axes, row, scale, thickness)
    _numbers(axes, row, scale(row.furthest) + 0.1)


def _bar(axes: Axes, row: _Row, scale: _Scale, thickness: float) -> None:
    colour = BLUE if row.handed else GREY
    axes.barh(
        row.y,
        scale(row.rate) - scale.origin,
        left=scale.origin,
        height=thickness,
        color="white" if row.partial else colour,
        edgecolor=colour,
        hatch="////" if row.partial else None,
        linewidth=0.9,
    )
    if not math.isnan(row.low + row.high):
        ends = [scale(row.low), scale(row.high)]
        axes.plot(ends, [row.y, row.y], color=INK, linewidth=2)


def _numbers(axes: Axes, row: _Row, x: float) -> None:
    y = row.y - 0.08 if row.below else row.y
    if row.bold:
        axes.text(x, y, row.bold, size=SIZE["value"], weight="bold", va="center")
    axes.text(x + row.indent, y, row.detail, size=SIZE["label"], color=NOTE, va="center")
    if row.below:
        axes.text(x + row.indent, y + 0.18, row.below, size=SIZE["note"], color=NOTE, va="center")


def _mark(axes: Axes, y: float, text: str, edge: float) -> None:
    end = edge - text_width(text, SIZE["note"]) - 0.08
    axes.plot([_EDGE, end], [y, y], color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.text(edge, y, text, size=SIZE["note"], ha="right", va="center")


def _bracket(axes: Axes, first: _Row, last: _Row, x: float) -> None:
    top, bottom, tip = first.y - 0.12, last.y + 0.12, x - 0.07
    axes.plot([tip, x, x, tip], [top, top, bottom, bottom], color=INK, linewidth=1.2)


def _spoken(row: _Row) -> str:
    label = " ".join(row.label)
    rest = f"; {row.below}" if row.below else ""
    if not row.bold:
        return f"{label}: {row.detail}{rest}."
    return f"{label}: {row.bold}, {row.detail}{rest}."
