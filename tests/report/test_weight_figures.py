"""Forest and overlap: nothing cut, nothing over anything, the sentence of the same rows."""

from __future__ import annotations

import pytest

from tests.report.figure_check import faults
from tests.report.weight_frames import FOREST, OVERLAP
from toolkit.report import figures
from toolkit.report.wording import MINUS

USUAL = (
    "1 of 3 point values should change, 1 is right within the margin and for 1 the evidence is "
    "too thin"
)
LONG_NOTE = "Leads created from the first of October 2024 to the thirtieth of September 2026. " * 3


@pytest.mark.parametrize("name", FOREST)
def test_forest_is_legible(name: str) -> None:
    assert faults(figures.plot_forest(FOREST[name], note=LONG_NOTE)) == []


@pytest.mark.parametrize("name", OVERLAP)
def test_overlap_is_legible(name: str) -> None:
    assert faults(figures.plot_overlap(OVERLAP[name], note=LONG_NOTE)) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("usual", USUAL),
        ("long", "25 of 25 point values should change"),
        ("unknown", "Not enough evidence to judge any of 2 point values"),
        ("policy", "No point value is open to evidence here"),
        ("kept", "2 of 2 point values are right within the margin"),
        ("none", "No point value is open to evidence here"),
    ],
)  # fmt: skip
def test_the_title_of_the_forest_counts_its_rows(name: str, sentence: str) -> None:
    assert figures.plot_forest(FOREST[name]).headline == sentence


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("usual", "96% of the leads with “Chief officer” also have “VP or above”"),
        ("weak", "No two criteria go together often enough to count one signal twice"),
        ("unknown", "No two criteria can be compared: too few leads differ in them"),
    ],
)
def test_the_title_of_the_overlap_names_the_strongest_pair(name: str, sentence: str) -> None:
    assert figures.plot_overlap(OVERLAP[name]).headline == sentence


def test_readers_who_do_not_see_hear_the_numbers() -> None:
    forest = figures.plot_forest(FOREST["usual"]).alt
    assert "Demo requested: +30 today, the outcomes support +44.2 (+37.1 to +51.9)" in forest
    assert f"Student: {MINUS}20 today" in forest
    overlap = figures.plot_overlap(OVERLAP["usual"]).alt
    assert "VP or above with Chief officer: correlation +0.92, 270 of 310 leads" in overlap


def test_the_same_rows_give_the_same_bytes() -> None:
    one, two = (figures.figure_svg(figures.plot_forest(FOREST["usual"])) for _ in range(2))
    assert one == two


def test_of_many_rows_those_that_change_are_drawn_first():
    table = FOREST["long"].assign(verdict="keep")
    table.loc[[20, 23], "verdict"] = "change"
    figure = figures.plot_forest(table, most=4)
    rows = [table["label"][i] for i in (0, 1, 20, 23)]
    assert [figure.alt.index(f"{label}: ") for label in rows] == sorted(
        figure.alt.index(f"{label}: ") for label in rows
    )
    assert f"{table['label'][2]}: " not in figure.alt
    assert "Drawn: 4 of 25, those that should change before the others." in figure.texts[
        1
    ].get_text().replace(chr(10), " ")
    assert figure.headline == figures.plot_forest(table).headline
    assert faults(figure) == []
    assert "Drawn:" not in figures.plot_forest(table).texts[1].get_text()
