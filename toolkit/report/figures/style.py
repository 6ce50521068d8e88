"""One look for every figure: sizes, colours, measured text, and SVG with the same bytes each time.

Nothing here touches pyplot or the global settings of matplotlib: a figure is built and written
inside `drawing()`.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import withStroke
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator, Locator, MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.patheffects import AbstractPathEffect

__all__ = [
    "BLUE",
    "GREY",
    "GRID",
    "INK",
    "LIGHT_BLUE",
    "NOTE",
    "ORANGE",
    "SIZE",
    "WIDTH",
    "Chart",
    "alt_text",
    "axes_at",
    "bare",
    "drawing",
    "figure_svg",
    "halo",
    "inch_axes",
    "new_chart",
    "score_ticks",
    "text_width",
    "wrapped",
]

INK, NOTE, GREY, GRID = "#1b2733", "#4d5a67", "#8a94a0", "#dfe3e7"
BLUE, LIGHT_BLUE, ORANGE = "#0072b2", "#7fbfe3", "#b84a00"

WIDTH = 8.0
"""Inches. On A4 a figure is shrunk to 0.85, so 9.5 points stay above 8."""
SIZE = {"title": 14.0, "label": 11.0, "value": 12.5, "note": 9.5}
_MARGIN = 0.12
_LINE = 1.32 / 72
"""Height of a line of text in inches for each point of its size."""

_SETTINGS: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": SIZE["label"],
    "text.color": INK,
    # A band may be called "$100k+": text is never a formula.
    "text.parse_math": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 10.5,
    "axes.linewidth": 0.9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.7,
    "lines.solid_capstyle": "butt",
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "leadscore",
    "path.simplify": False,
}


class Chart(Figure):
    """A figure that knows its sentence and its text for readers who do not see it."""

    headline: str = ""
    alt: str = ""

    def _repr_svg_(self) -> str:
        return figure_svg(self)


@contextmanager
def drawing() -> Iterator[None]:
    """Draw with the settings of this report and leave the reader's own as they were."""
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        # A name in a script that the font lacks becomes boxes in the drawing; the text
        # beside it (alt text, table) still has it.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing", category=UserWarning)
        warnings.filterwarnings("ignore", message=r"Matplotlib currently does not support")
        yield


def halo() -> list[AbstractPathEffect]:
    """Set a text off from the lines that pass under it."""
    return [withStroke(linewidth=3.5, foreground="white")]


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of one line of text in inches."""
    font = FontProperties(family=["DejaVu Sans"], size=size, weight=weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72


def wrapped(
    text: str, width: float, size: float, *, weight: str = "normal", most: int = 4
) -> list[str]:
    """Break text into at most `most` lines of `width` inches; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    for word in _words(text, width, size, weight):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) <= most:
        return lines
    return [
        *lines[: most - 1],
        _shortened(f"{lines[most - 1]}\N{HORIZONTAL ELLIPSIS}", width, size, weight),
    ]


def _words(text: str, width: float, size: float, weight: str) -> Iterator[str]:
    for word in text.split():
        rest = word
        while text_width(rest, size, weight) > width:
            cut = len(rest) - 1
            while cut > 1 and text_width(rest[:cut], size, weight) > width:
                cut -= 1
            yield rest[:cut]
            rest = rest[cut:]
        yield rest


def _shortened(line: str, width: float, size: float, weight: str) -> str:
    while text_width(line, size, weight) > width and len(line) > 1:
        line = f"{line[:-2]}{line[-1]}"
    return line


def new_chart(headline: str, note: str, body: float) -> tuple[Chart, float]:
    """Open a chart with its sentence on top and its note below, `body` inches high in between.

    Returns the chart and the height of the body's floor above the lower edge, in inches.
    """
    title = wrapped(headline, WIDTH - 2 * _MARGIN, SIZE["title"], weight="bold", most=4)
    notes = wrapped(note, WIDTH - 2 * _MARGIN, SIZE["note"], most=6) if note else []
    above = _MARGIN + len(title) * SIZE["title"] * _LINE + 0.14
    below = _MARGIN + len(notes) * SIZE["note"] * _LINE + 0.06
    height = above + body + below
    chart = Chart(figsize=(WIDTH, height))
    chart.headline = headline
    chart.text(
        _MARGIN / WIDTH,
        1 - _MARGIN / height,
        "\n".join(title),
        size=SIZE["title"],
        weight="bold",
        va="top",
        linespacing=1.2,
    )
    chart.text(
        _MARGIN / WIDTH,
        _MARGIN / height,
        "\n".join(notes),
        size=SIZE["note"],
        color=NOTE,
        va="bottom",
        linespacing=1.2,
    )
    return chart, below


def axes_at(chart: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a place given in inches."""
    full_width, full_height = chart.get_size_inches()
    box = (left / full_width, bottom / full_height, width / full_width, height / full_height)
    return chart.add_axes(box)


def bare(axes: Axes) -> None:
    """Take every line and tick away."""
    axes.set_axis_off()


def alt_text(figure: Figure) -> str:
    """Say in words what a figure shows: its sentence and the numbers behind it."""
    return figure.alt.strip() if isinstance(figure, Chart) else ""


def figure_svg(figure: Figure) -> str:
    """Write a figure as SVG to be placed inside HTML: same figure, same bytes.

    No date, no metadata, no address of anything, and ids that cannot meet those of another
    figure on the page.
    """
    stream = io.StringIO()
    with drawing():
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return _inline(stream.getvalue())


def _inline(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", svg)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("xlink:href=", "href=")
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    own = hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(
        r'\s+id="([^"]*)"',
        lambda hit: f' id="{own}-{hit[1]}"' if hit[1] in used else "",
        svg,
    )
    return re.sub(r'(href="#|url\(#)', lambda hit: f"{hit[1]}{own}-", svg).strip()


def inch_axes(chart: Figure, floor: float, body: float) -> Axes:
    """Add axes over the whole width whose unit is the inch, downwards from the top of the body."""
    axes = axes_at(chart, 0, floor, WIDTH, body)
    bare(axes)
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(body, 0)
    return axes


def score_ticks(scores: pd.Series) -> Locator:
    """Mark each score where they are few, round scores where they are many."""
    few = sorted({float(score) for score in scores})
    if 0 < len(few) <= 10 and few[-1] - few[0] <= 15 * len(few):  # noqa: PLR2004 - so many fit
        return FixedLocator(few)
    return MaxNLocator(nbins=10, integer=True, steps=[1, 2, 5, 10])
