"""One door for text into HTML, and nothing goes around it."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

import toolkit.report
from tests.report import frames
from toolkit.report.display import Bullets, Column, Numbers, Paragraph, Picture, Section, table_of
from toolkit.report.figures import alt_text, plot_bands
from toolkit.report.html import figure_html, tag

ROOM = Path(toolkit.report.__file__).parent
NASTY = "<script>alert('x')</script> & \"quoted\""


def test_text_and_attributes_are_escaped() -> None:
    html = str(tag("p", NASTY, title=NASTY))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 2
    assert 'title="&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &#34;quoted&#34;"' in html


def test_every_part_escapes_what_it_is_given() -> None:
    frame = pd.DataFrame({"a": [NASTY]})
    table = table_of(frame, [Column(NASTY, lambda row: str(row["a"]))], caption=NASTY, note=NASTY)
    parts = (
        Paragraph(NASTY, "warning", NASTY),
        Bullets(NASTY, (NASTY,)),
        Numbers(((NASTY, NASTY, NASTY),)),
        table,
    )
    html = str(Section(parts).html())
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 11


def test_a_hostile_band_name_stays_text_in_a_figure() -> None:
    named = frames.bands([(NASTY, 50, float("nan"), 40, 12, 0), ("b", float("nan"), 50, 40, 4, 0)])
    html = str(Picture(plot_bands(named)).html())
    assert "<script" not in html
    assert "alert(&#39;x&#39;)" in html


def test_a_figure_can_be_read_out() -> None:
    figure = plot_bands(frames.USUAL)
    html = str(figure_html(figure))
    label = re.search(r"<svg role='img' aria-label='([^']*)'", html)
    assert label
    assert label[1] == alt_text(figure)
    assert "179 of 457 leads" in label[1]


def test_no_other_module_builds_html() -> None:
    """Markup is made in html.py alone, no f-string holds a tag, no template skips escaping."""
    built = re.compile(r"\bMarkup\(|\bf\"[^\"]*</?[a-z]+[ >]|\bf'[^']*</?[a-z]+[ >]|\|\s*safe\b")
    allowed = {"html.py", "page.py"}  # page.py: headings of our own notebooks, escaped by mistune
    for path in sorted(ROOM.rglob("*.py")):
        if path.name not in allowed:
            assert not built.findall(path.read_text(encoding="utf-8")), path.name
    template = (ROOM / "template" / "report.html.j2").read_text(encoding="utf-8")
    unescaped = [
        found
        for found in re.findall(r"\{\{(.+?)\}\}", template)
        if not re.search(r"\|\s*(e|prose)\s*$", found)
    ]
    # The style sheet is ours; text/html is taken only from cells that also state facts, i.e. ours.
    assert [found.strip().split(" ")[0] for found in unescaped] == [
        "resources.page.css",
        'output.data["text/html"]',
    ]


def test_tables_can_be_read_as_text() -> None:
    frame = pd.DataFrame({"a": ["x", "yy"], "n": [1, 20]})
    table = table_of(
        frame,
        [Column("A", lambda row: str(row["a"]), "left"), Column("N", lambda row: str(row["n"]))],
        caption="Two rows",
    )
    assert table.plain() == "Two rows\nA    N\nx    1\nyy  20"
