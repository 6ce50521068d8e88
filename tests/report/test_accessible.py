"""The sample pages can be read without seeing a colour, a figure or the order on the screen."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import toolkit.report

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "reports" / "sample").glob("*.html"))
CSS = (Path(toolkit.report.__file__).parent / "template" / "report.css").read_text(encoding="utf-8")
LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3, for texts of usual size."""


class _Tags(HTMLParser):
    """Every opening tag with its attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(params=PAGES, ids=lambda path: path.stem)
def page(request: pytest.FixtureRequest) -> _Tags:
    return _Tags(request.param.read_text(encoding="utf-8"))


def test_there_are_samples() -> None:
    assert [path.stem for path in PAGES] == ["quarterly_audit", "threshold_review", "weight_review"]


def test_headings_are_in_order_below_one_title(page: _Tags) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_figure_is_told_in_words(page: _Tags) -> None:
    figures = page.of("svg")
    assert figures
    for figure in figures:
        assert figure["role"] == "img"
        # More than a title: numbers.
        assert re.search(r"\d", figure["aria-label"] or "")


def test_every_table_has_a_caption_and_scopes(page: _Tags) -> None:
    assert len(page.of("caption")) == len(page.of("table")) > 0
    assert {header.get("scope") for header in page.of("th")} == {"col", "row"}


def test_the_page_names_its_language_and_skips_to_its_contents(page: _Tags) -> None:
    assert page.of("html")[0]["lang"] == "en"
    skips = [link["href"] for link in page.of("a") if link.get("class") == "skip"]
    named = {attributes.get("id") for _, attributes in page.tags}
    assert [(skip or "").removeprefix("#") in named for skip in skips] == [True]


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_colour_of_a_text_stands_out_from_every_ground() -> None:
    named = dict(re.findall(r"--([a-z]+):\s*(#[0-9a-fA-F]{6})", CSS))
    texts = {named[name] for name in re.findall(r"[^-]color:\s*var\(--([a-z]+)\)", CSS)}
    grounds = {"#ffffff"} | {named[n] for n in re.findall(r"background:\s*var\(--([a-z]+)\)", CSS)}
    assert texts
    for text in texts:
        for ground in grounds - {text}:
            assert contrast(text, ground) >= LEAST_CONTRAST, (text, ground)


def test_a_marked_row_and_a_warning_differ_by_more_than_colour() -> None:
    assert re.search(r"tr\.marked[^}]*font-weight:\s*700", CSS)
    assert re.search(r"\.warning[^}]*border-left", CSS)
