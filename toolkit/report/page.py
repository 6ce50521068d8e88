"""From an executed notebook to one page: no code, no script, no network."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Any

import mistune
from nbconvert.exporters.templateexporter import TemplateExporter

from toolkit.errors import ReportError
from toolkit.report.display import FACTS_KIND, FILES_KIND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbformat import NotebookNode

__all__ = ["facts_of", "files_of", "page_of", "section_titles"]

_ENDING = re.compile(r"(\.[a-z0-9_]+)+")
_OWN = (".html", ".htm", ".ipynb", ".facts.json")
_HEADING = re.compile(r"^(#{1,3})\s+(.+?)\s*$", re.MULTILINE)


class _Prose(mistune.HTMLRenderer):
    """Markdown whose headings can be pointed to and whose raw HTML is text."""

    def heading(self, text: str, level: int, **_: Any) -> str:
        return f'<h{level} id="{_slug(text)}">{text}</h{level}>\n'


class _PageExporter(TemplateExporter):
    """The template of this package, given as text, so that it is found inside a wheel too."""

    file_extension = ".html"
    output_mimetype = "text/html"


def page_of(notebook: NotebookNode) -> str:
    """Write the page of an executed notebook."""
    exporter: Any = _exporter()
    exporter.register_filter("prose", mistune.create_markdown(renderer=_Prose(escape=True)))
    page = {
        "title": _title(notebook),
        "css": _template("report.css"),
        "contents": [{"id": _slug(text), "text": text} for text in section_titles(notebook)],
        "ours": FACTS_KIND,
    }
    html, _ = exporter.from_notebook_node(notebook, resources={"page": page})
    return re.sub(r"\n\s*\n+", "\n", html) + "\n"


def facts_of(notebook: NotebookNode) -> dict[str, Any]:
    """Collect the facts that the cells state, in the order of the page.

    Raises ReportError when two cells state one fact with different values: then a sentence and
    a table disagree.
    """
    facts: dict[str, Any] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            for name, value in output.get("data", {}).get(FACTS_KIND, {}).items():
                if facts.setdefault(name, value) != value:
                    raise ReportError(
                        f"the report contradicts itself: '{name}' is {facts[name]!r} in one "
                        f"section and {value!r} in another. This is a fault of the toolkit, not "
                        "of the data: please report it"
                    )
    return facts


def files_of(notebook: NotebookNode) -> dict[str, str]:
    """Collect the texts that the cells hand over to be written beside the page, by ending.

    Raises ReportError for an ending that is none, is the page's own, or is handed over twice.
    """
    files: dict[str, str] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            for ending, text in output.get("data", {}).get(FILES_KIND, {}).items():
                if not _ENDING.fullmatch(ending) or ending in _OWN or ending in files:
                    raise ReportError(
                        f"the report hands over a file '{ending}': expected endings such as "
                        f"'.diff.md', each once, and none of {', '.join(_OWN)}"
                    )
                files[ending] = text
    return files


def section_titles(notebook: NotebookNode) -> list[str]:
    """Name the sections: the headings of the second level."""
    return [text for level, text in _headings(notebook) if level == 2]  # noqa: PLR2004 - h2


def _exporter() -> Any:
    return _PageExporter(raw_template=_template("report.html.j2"))  # type: ignore[no-untyped-call]


def _title(notebook: NotebookNode) -> str:
    title = facts_of(notebook).get("report.title")
    heads = [text for level, text in _headings(notebook) if level == 1]
    return str(title or (heads or ["Report"])[0])


def _headings(notebook: NotebookNode) -> Iterator[tuple[int, str]]:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for marks, text in _HEADING.findall(cell.source):
                yield len(marks), text


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"<[^>]*>|&[a-z]+;", "", text).casefold()).strip("-")


def _template(name: str) -> str:
    return resources.files("toolkit.report").joinpath("template", name).read_text(encoding="utf-8")
