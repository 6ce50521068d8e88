"""The histogram of recorded against replayed scores: legible, and its numbers are the table's."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.report.figure_check import faults
from toolkit.report import figures
from toolkit.report.wording import MINUS


def table(**differences: int) -> pd.DataFrame:
    rows = sorted((int(name.replace("m", "-").strip("_")), n) for name, n in differences.items())
    return pd.DataFrame(rows, columns=["difference", "n"])


TABLES = {
    "usual": table(m30=12, m5=40, _0=9_000, _5=80, _15=420, _30=60),
    "one": table(_0=10, _15=1),
    "none": table(_0=10),
    "all": table(m20=7),
    "far": table(**{f"_{i}": i % 13 + 1 for i in range(-2_000, 3_000, 7) if i > 0}, m1999=3, _0=5),
}
LONG_NOTE = (
    "Recorded scores of leads created from the first of October 2024 to September 2026. " * 3
)


@pytest.mark.parametrize("name", TABLES)
def test_differences_are_legible(name: str) -> None:
    assert faults(figures.plot_differences(TABLES[name], note=LONG_NOTE)) == []


@pytest.mark.parametrize(
    ("name", "share", "most"),
    [("usual", "6.4%", "+15 points (420)"), ("all", "100.0%", f"{MINUS}20 points (7)")],
)
def test_the_title_says_how_many_differ_and_by_how_much(name: str, share: str, most: str) -> None:
    # usual: 12 + 40 + 80 + 420 + 60 = 612 of 9,612
    assert figures.plot_differences(TABLES[name]).headline == (
        f"{share} of the recorded scores differ from the replayed ones, most often by {most}"
    )


def test_where_none_differs_the_title_says_so() -> None:
    told = figures.plot_differences(TABLES["none"]).headline
    assert told == "All 10 recorded scores are those of the replay"


def test_every_differing_score_is_in_a_bar_of_its_sign() -> None:
    for name in ("usual", "far"):
        drawn = figures.plot_differences(TABLES[name]).axes[0].patches
        rows = TABLES[name]
        for sign in (1, -1):
            bars = sum(bar.get_height() for bar in drawn if sign * bar.get_center()[0] > 0)
            assert bars == rows.loc[sign * rows["difference"] > 0, "n"].sum()
        assert len(drawn) <= 61


def test_readers_who_do_not_see_hear_the_most_frequent_differences() -> None:
    alt = figures.plot_differences(TABLES["usual"]).alt
    assert f"+15 points: 420. +5 points: 80. +30 points: 60. {MINUS}5 points: 40." in alt


def test_the_same_rows_give_the_same_bytes() -> None:
    one, two = (figures.figure_svg(figures.plot_differences(TABLES["usual"])) for _ in range(2))
    assert one == two
