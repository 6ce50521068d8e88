"""The one door through which text becomes HTML: everything is escaped unless it was built here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from toolkit.report.figures import alt_text, figure_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Markup", "escape", "figure_html", "join", "tag"]


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """Build an element; children and attribute values are escaped, Markup is kept as it is.

    A trailing underscore of an attribute's name is dropped (`class_`), others become hyphens.

    >>> tag("p", "1 < 2", tag("b", "&"), class_="note")
    Markup('<p class="note">1 &lt; 2<b>&amp;</b></p>')
    """
    given = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), value)
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(name, given, join(children))


def join(children: object) -> Markup:
    """Put children behind one another, each escaped unless it is Markup already."""
    items = children if isinstance(children, (list, tuple)) else (children,)
    return Markup("").join(items)


def figure_html(figure: Figure) -> Markup:
    """Place a figure in the page as SVG that a screen reader can read out."""
    # The drawing was made by matplotlib from paths; it holds no text of anybody's data.
    svg = figure_svg(figure).replace("<svg ", "<svg role='img' aria-label='{}' ", 1)
    head, _, rest = svg.partition("{}")
    opening, drawn = Markup(head), Markup(rest)  # noqa: S704 - drawn by matplotlib, text escaped above
    return tag("figure", opening + escape(alt_text(figure)) + drawn)
