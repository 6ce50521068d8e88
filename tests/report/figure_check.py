"""What a figure must not do: cut text, let texts meet, or print below 8 points."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation, Text

from toolkit.report.figures.style import drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

_SLACK = 1.0
"""Pixels at 100 dots an inch by which boxes may touch: the box of a text includes its descent."""


def faults(figure: Figure) -> list[str]:
    """Everything that is wrong with the texts of a figure, in words."""
    figure.set_dpi(100)
    with drawing():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        texts = [(text, _box(text, canvas)) for text in _visible(figure)]
    return [*_small(texts), *_cut(texts, figure), *_meeting(texts)]


def _visible(figure: Figure) -> list[Text]:
    undrawn = {id(text) for axes in figure.axes for text in _undrawn(axes)}
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in undrawn
    ]


def _undrawn(axes: Axes) -> list[Text]:
    """Matplotlib keeps tick labels beyond the limits, and of hidden axes, without drawing them."""
    every = [text for axis in (axes.xaxis, axes.yaxis) for text in axis.findobj(Text)]
    if not axes.axison:
        return every
    drawn = {
        id(label)
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis._update_ticks()
        for label in (tick.label1, tick.label2)
    }
    labels = {id(axes.xaxis.label), id(axes.yaxis.label)}
    return [text for text in every if id(text) not in drawn | labels]


def _box(text: Text, canvas: FigureCanvasAgg) -> Bbox:
    if isinstance(text, Annotation):
        text.update_positions(canvas.get_renderer())
        return Text.get_window_extent(text, canvas.get_renderer())
    return text.get_window_extent(canvas.get_renderer())


def _small(texts: list[tuple[Text, Bbox]]) -> list[str]:
    return [f"under 8 pt: {text.get_text()!r}" for text, _ in texts if text.get_fontsize() < 8]


def _cut(texts: list[tuple[Text, Bbox]], figure: Figure) -> list[str]:
    width, height = figure.get_size_inches() * 100
    return [
        f"cut: {text.get_text()!r}"
        for text, box in texts
        if box.x0 < -_SLACK
        or box.y0 < -_SLACK
        or box.x1 > width + _SLACK
        or box.y1 > height + _SLACK
    ]


def _meeting(texts: list[tuple[Text, Bbox]]) -> list[str]:
    return [
        f"{a.get_text()!r} meets {b.get_text()!r}"
        for (a, box), (b, other) in itertools.combinations(texts, 2)
        if min(box.x1, other.x1) - max(box.x0, other.x0) > _SLACK
        and min(box.y1, other.y1) - max(box.y0, other.y0) > _SLACK
    ]
