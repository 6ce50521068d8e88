"""What a notebook cell of a report returns: one value, shown as HTML, as text and as facts.

The facts travel under a private kind of JSON that no page shows; tests, `facts.json` and the next
audit read them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from toolkit.report.figures import alt_text
from toolkit.report.html import Markup, figure_html, join, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

__all__ = [
    "FACTS_KIND",
    "FILES_KIND",
    "Bullets",
    "Column",
    "Columns",
    "Numbers",
    "Paragraph",
    "Part",
    "Picture",
    "Section",
    "Table",
    "table_of",
]

FACTS_KIND = "application/vnd.leadscore.facts+json"
FILES_KIND = "application/vnd.leadscore.files+json"
"""Texts to be written beside the page, by what follows its name: `.diff.md`."""

Kind = Literal["text", "verdict", "finding", "warning", "note", "subtitle"]


class Part(Protocol):
    """One piece of a section."""

    def html(self) -> Markup:
        """Show it on the page."""
        ...

    def plain(self) -> str:
        """Show it as text."""
        ...


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or a few."""

    text: str
    kind: Kind = "text"
    lead: str = ""
    """Words in front, in bold: the answer, or what is warned of."""

    def html(self) -> Markup:
        """Show it on the page."""
        bold = (tag("strong", self.lead), " ") if self.lead else ()
        return tag("p", *bold, self.text, class_=None if self.kind == "text" else self.kind)

    def plain(self) -> str:
        """Show it as text."""
        return f"{self.lead} {self.text}".strip()


@dataclass(frozen=True, slots=True)
class Bullets:
    """A titled list."""

    title: str
    items: tuple[str, ...]
    kind: str = ""

    def html(self) -> Markup:
        """Show it on the page."""
        items = [tag("li", item) for item in self.items]
        heading = "h2" if self.kind == "front" else "h3"
        return tag("div", tag(heading, self.title), tag("ul", *items), class_="list")

    def plain(self) -> str:
        """Show it as text."""
        return "\n".join([self.title, *(f"- {item}" for item in self.items)])


@dataclass(frozen=True, slots=True)
class Numbers:
    """A row of large numbers: (value, what it is, its interval or counts)."""

    items: tuple[tuple[str, str, str], ...]

    def html(self) -> Markup:
        """Show it on the page."""
        cards = [
            tag(
                "div",
                tag("dt", label),
                tag("dd", value, class_="value" if len(value) < _SHORT else "value words"),
                tag("dd", detail, class_="detail"),
            )
            for value, label, detail in self.items
        ]
        return tag("dl", *cards, class_="numbers")

    def plain(self) -> str:
        """Show it as text."""
        return "\n".join(f"{value}: {label} ({detail})" for value, label, detail in self.items)


_SHORT = 9
"""Longer values are words and printed smaller."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure."""

    figure: Figure

    def html(self) -> Markup:
        """Show it on the page."""
        return figure_html(self.figure)

    def plain(self) -> str:
        """Show it as text."""
        return alt_text(self.figure)


@dataclass(frozen=True, slots=True)
class Columns:
    """Parts beside one another on a wide page."""

    left: tuple[Part, ...]
    right: tuple[Part, ...]

    def html(self) -> Markup:
        """Show it on the page."""
        sides = [tag("div", join([p.html() for p in side])) for side in (self.left, self.right)]
        return tag("div", *sides, class_="columns")

    def plain(self) -> str:
        """Show it as text."""
        return "\n\n".join(part.plain() for part in (*self.left, *self.right))


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of a frame is shown."""

    header: str
    text: Callable[[Mapping[Hashable, Any]], str]
    align: Literal["left", "right"] = "right"


_EMPTY = "nothing to show."


@dataclass(frozen=True, slots=True)
class Table:
    """A table of finished texts."""

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    aligns: tuple[str, ...]
    note: str = ""
    marked: frozenset[int] = frozenset()
    """Rows to stand out."""

    def html(self) -> Markup:
        """Show it on the page; a table without rows as a sentence."""
        if not self.rows:
            return Paragraph(_EMPTY, "note", f"{self.caption}:").html()
        head = [
            # A header without words heads nothing.
            tag("th", text, scope="col", class_=align) if text else tag("td")
            for text, align in zip(self.headers, self.aligns, strict=True)
        ]
        rows = [self._row(i, row) for i, row in enumerate(self.rows)]
        parts = [
            tag("caption", self.caption),
            tag("thead", tag("tr", *head)),
            tag("tbody", *rows),
        ]
        note = tag("p", self.note, class_="note") if self.note else ""
        return tag("div", tag("table", *parts), note, class_="table")

    def _row(self, i: int, row: tuple[str, ...]) -> Markup:
        cells = [
            tag("th", text, scope="row", class_=align) if j == 0 else tag("td", text, class_=align)
            for j, (text, align) in enumerate(zip(row, self.aligns, strict=True))
        ]
        return tag("tr", *cells, class_="marked" if i in self.marked else None)

    def plain(self) -> str:
        """Show it as text."""
        if not self.rows:
            return f"{self.caption}: {_EMPTY}"
        lines = [self.headers, *self.rows]
        widths = [max(len(line[j]) for line in lines) for j in range(len(self.headers))]
        texts = [
            "  ".join(
                cell.ljust(width) if align == "left" else cell.rjust(width)
                for cell, width, align in zip(line, widths, self.aligns, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.caption, *texts, *([self.note] if self.note else [])])


def table_of(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    *,
    caption: str,
    note: str = "",
    marked: Sequence[int] = (),
) -> Table:
    """Write the rows of a frame with the given columns."""
    records = frame.to_dict("records")
    return Table(
        caption=caption,
        headers=tuple(f"{column.header[:1].upper()}{column.header[1:]}" for column in columns),
        rows=tuple(tuple(column.text(record) for column in columns) for record in records),
        aligns=tuple(column.align for column in columns),
        note=note,
        marked=frozenset(marked),
    )


@dataclass(frozen=True, slots=True)
class Section:
    """All that a section shows, and the facts it states."""

    parts: tuple[Part, ...]
    facts: Mapping[str, object] = field(default_factory=dict)
    kind: str = "section"
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Texts that `run_report` writes beside the page, by ending: `.proposal.yaml`."""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """Answer Jupyter in every form at once; which one is shown is the page's business."""
        del include, exclude
        return {
            "text/html": str(self.html()),
            "text/plain": self.plain(),
            FACTS_KIND: dict(self.facts),
            **({FILES_KIND: dict(self.files)} if self.files else {}),
        }

    def html(self) -> Markup:
        """Show it on the page."""
        return tag("div", join([part.html() for part in self.parts]), class_=self.kind)

    def plain(self) -> str:
        """Show it as text."""
        return "\n\n".join(part.plain() for part in self.parts)
