"""What cells hand over beside the page: files by ending, as they stand."""

from __future__ import annotations

import re
from importlib import resources

import nbformat
import pytest

from toolkit.errors import ReportError
from toolkit.report.display import FILES_KIND, Section
from toolkit.report.figures.style import SIZE, WIDTH
from toolkit.report.normal import normalised
from toolkit.report.page import files_of, page_of


def notebook(*handed: dict[str, str]):
    """A notebook whose cells hand over files."""
    cells = []
    for i, files in enumerate(handed):
        data = Section((), files=files)._repr_mimebundle_()
        output = nbformat.v4.new_output("execute_result", data=data, execution_count=1)
        cells.append(nbformat.v4.new_code_cell("x", id=f"c{i}", outputs=[output]))
    return nbformat.v4.new_notebook(cells=cells)


def test_files_are_collected_as_they_stand():
    text = "points: 5  # was 0x0badc0de in /data/leads.csv\n"
    book = normalised(notebook({".a.yaml": text}, {}, {".b.md": "x"}), {"crm": "/data/leads.csv"})
    assert files_of(book) == {".a.yaml": text, ".b.md": "x"}


def test_a_section_without_files_hands_over_none():
    assert FILES_KIND not in Section(())._repr_mimebundle_()


@pytest.mark.parametrize("ending", [".html", ".facts.json", "x.yaml", "/../x", ".A", ".x/../y", ""])
def test_an_ending_that_is_none_or_the_pages_own_is_refused(ending: str):
    with pytest.raises(ReportError, match="hands over a file"):
        files_of(notebook({ending: "x"}))


def test_two_sections_cannot_write_one_file():
    with pytest.raises(ReportError, match=r"'\.a\.md'"):
        files_of(notebook({".a.md": "x"}, {".a.md": "x"}))


def test_paper_is_a4_with_page_one_alone_and_heads_repeated():
    css = resources.files("toolkit.report").joinpath("template", "report.css").read_text("utf-8")
    paper = css[css.index("@page") :]
    assert "size: A4" in paper
    assert ".front { break-after: page; }" in paper
    assert "thead { display: table-header-group; }" in paper
    assert "nav, .skip { display: none; }" in paper


def test_every_figure_prints_at_eight_points_or_more():
    css = resources.files("toolkit.report").joinpath("template", "report.css").read_text("utf-8")
    paper = css[css.index("@page") :]
    (side,) = re.findall(r"size: A4; margin: [0-9]+mm ([0-9]+)mm", paper)
    widest = r"\.section > figure, \.front figure \{ max-width: ([0-9]+)%; \}"
    (part,) = re.findall(widest, paper)
    inches = (210 - 2 * int(side)) * int(part) / 100 / 25.4
    assert min(SIZE.values()) * inches / WIDTH >= 8
    # No figure of page one is shrunk to a height.
    assert not re.search(r"\.front figure[^}]*max-height", paper)


def test_every_section_of_the_page_is_opened_and_closed():
    cells = [
        nbformat.v4.new_markdown_cell(text) for text in ("# A", "## B", "## C\n\nsaid", "more")
    ]
    page = page_of(nbformat.v4.new_notebook(cells=cells))
    assert page.count('<section class="part">') == page.count("</section>") == 2
    assert page.index("</section>") < page.index('id="c"') < page.rindex("</section>")
    assert "<section" not in page_of(nbformat.v4.new_notebook(cells=cells[:1]))
