"""Figures: nothing cut, nothing over anything, the sentence of the same rows, the same bytes."""

from __future__ import annotations

import re
from itertools import combinations

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.text import Text

from tests.report import frames
from tests.report.figure_check import faults
from toolkit.report import figures
from toolkit.report.wording import Words

LONG_NOTE = "Leads created from the first of October 2024 to the thirtieth of September 2026. " * 3
WORDS = {
    "sql": Words(),
    "other": Words("opportunity", "qualified lead"),
    "flat": Words("Converted"),
}


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("name", frames.BANDS)
def test_bands_are_legible(name: str, words: str) -> None:
    figure = figures.plot_bands(
        frames.BANDS[name], words=WORDS[words], threshold=50, note=LONG_NOTE
    )
    assert faults(figure) == []


def pairs(names: list[str], *, apart: set[tuple[str, str]]) -> pd.DataFrame:
    """All pairs of bands, as `compare_bands` tells which of them differ."""
    rows = [(one, other, 0.5, (one, other) in apart) for one, other in combinations(names, 2)]
    return pd.DataFrame(rows, columns=["higher", "lower", "adjusted_p", "apart"])


def test_brackets_are_legible_and_meet_nothing() -> None:
    grades = [f"grade {i}" for i in range(12)]
    far = {(a, b) for (i, a), (j, b) in combinations(enumerate(grades), 2) if j - i > 2}
    figure = figures.plot_bands(
        frames.TWELVE, threshold=50, pairs=pairs(grades, apart=far), note=LONG_NOTE
    )
    assert faults(figure) == []
    lines = [line.get_xydata() for line in figure.axes[0].lines]
    drawn = [points for points in lines if len(points) == 4]
    assert len(drawn) == 10  # each of three bands, overlapping with the next two
    for i, one in enumerate(drawn):
        for other in drawn[i + 1 :]:
            apart = one[:, 1].max() < other[:, 1].min()
            assert (
                apart
                or one[:, 0].max() < other[:, 0].min()
                or (one[:, 0].min() > other[:, 0].max())
            )


def test_a_bracket_says_in_words_what_it_joins_and_the_title_claims_no_more() -> None:
    names = frames.USUAL["band"].tolist()
    every = set(combinations(names, 2))
    told = figures.plot_bands(frames.USUAL, pairs=pairs(names, apart=every))
    assert told.headline.startswith("Leads scored 80+ become SQLs 2.5")
    assert not any("Bracket" in text.get_text() for text in told.texts)
    joined = figures.plot_bands(
        frames.USUAL, pairs=pairs(names, apart=every - {("immediate", "MQL")})
    )
    assert "cannot be told apart" in joined.headline
    assert "79 MQL: no two can be told apart." in figures.alt_text(joined)
    assert any("Bracket: no two of these bands" in text.get_text() for text in joined.texts)


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("name", frames.THRESHOLDS)
def test_thresholds_are_legible(name: str, words: str) -> None:
    table, threshold = frames.THRESHOLDS[name]
    figure = figures.plot_thresholds(
        table, words=WORDS[words], threshold=threshold, capacity_per_week=24, note=LONG_NOTE
    )
    assert faults(figure) == []


@pytest.mark.parametrize("name", frames.GAINS)
def test_gains_are_legible(name: str) -> None:
    figure = figures.plot_gains(frames.GAINS[name], among="worked leads", note=LONG_NOTE)
    assert faults(figure) == []


@pytest.mark.parametrize("name", frames.CALIBRATION)
def test_calibration_is_legible(name: str) -> None:
    refuted = "leads with 16 and 17 points convert worse than leads with 15"
    for text in ("", refuted):
        figure = figures.plot_calibration(frames.CALIBRATION[name], refuted=text, note=LONG_NOTE)
        assert faults(figure) == []


@pytest.mark.parametrize("name", frames.BANDS)
def test_promises_are_legible(name: str) -> None:
    table = frames.BANDS[name]
    figure = figures.plot_promises(
        table.assign(promised=table["rate"].fillna(0.1) * 0.9), when="in 2026Q3", note=LONG_NOTE
    )
    assert faults(figure) == []


@pytest.mark.parametrize("name", frames.QUARTERS)
def test_quarters_are_legible(name: str) -> None:
    assert faults(figures.plot_quarters(frames.QUARTERS[name], note=LONG_NOTE)) == []


def test_the_check_sees_cut_small_and_meeting_text() -> None:
    figure = figures.plot_bands(frames.USUAL)
    figure.text(0.98, 0.5, "beyond the edge")
    figure.text(0.1, 0.5, "tiny", size=7)
    figure.text(0.4, 0.02, "over the note")
    found = " ".join(faults(figure))
    assert "cut: 'beyond the edge'" in found
    assert "under 8 pt: 'tiny'" in found
    assert "meets 'over the note'" in found


def test_the_title_is_the_ratio_of_the_rows() -> None:
    # (179/457) / (630/4057) = 0.3917 / 0.1553 = 2.52
    figure = figures.plot_bands(frames.USUAL)
    assert figure.headline == (
        "Leads scored 80+ become SQLs 2.5\N{MULTIPLICATION SIGN} as often as leads scored"
        " 50\N{EN DASH}79"
    )


def test_bands_that_cannot_be_told_apart_are_not_told_apart() -> None:
    table = frames.bands([("a", 50, float("nan"), 20, 8, 0), ("b", float("nan"), 50, 20, 6, 0)])
    assert figures.plot_bands(table).headline == (
        "How often leads scored 50+ and below 50 become SQLs cannot be told apart (40% against 30%)"
    )


def test_an_upside_down_score_is_said_to_be_upside_down() -> None:
    table = frames.bands(
        [("a", 50, float("nan"), 900, 90, 0), ("b", float("nan"), 50, 900, 270, 0)]
    )
    assert figures.plot_bands(table).headline == (
        "Leads scored 50+ become SQLs less often than leads scored below 50 (10% against 30%)"
    )


def test_a_band_of_mostly_unworked_leads_is_not_compared_while_others_can_be() -> None:
    assert "below 40" not in figures.plot_bands(frames.USUAL).headline
    assert "4,700 more never worked" in figures.alt_text(figures.plot_bands(frames.USUAL))


def test_the_trade_off_says_what_cannot_be_told() -> None:
    table, threshold = frames.THRESHOLDS["untold"]
    told = figures.plot_thresholds(table, threshold=threshold)
    # The row of 50 is the 11th of 21: share 1 - 10/22; lowest 0.1 * 12/22, highest 0.2 + 0.8 * 12/22.
    assert told.headline == (
        "From 50 points up 65% of these leads go nowhere; what share of SQLs we catch cannot be told"
        " (anything from 5% to 64%)"
    )


def test_the_trade_off_never_shows_a_recall_it_does_not_have() -> None:
    table, threshold = frames.THRESHOLDS["untold"]
    texts = [
        t.get_text() for t in figures.plot_thresholds(table, threshold=threshold).findobj(Text)
    ]
    assert not [text for text in texts if text == "SQLs caught"]
    assert any("cannot be told" in text.replace("\n", " ") for text in texts)


def test_the_same_table_gives_the_same_bytes() -> None:
    once, again = (figures.figure_svg(figures.plot_bands(frames.USUAL)) for _ in range(2))
    assert once == again


def test_an_svg_points_to_nothing_outside_and_shares_no_id() -> None:
    one = figures.figure_svg(figures.plot_bands(frames.USUAL))
    other = figures.figure_svg(figures.plot_gains(frames.GAINS["usual"]))
    assert "http" not in one
    assert "<metadata" not in one
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_every_reference_inside_an_svg_is_met() -> None:
    for name, (table, threshold) in frames.THRESHOLDS.items():
        svg = figures.figure_svg(figures.plot_thresholds(table, threshold=threshold))
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
        assert used <= set(re.findall(r'id="([^"]+)"', svg)), name


def test_drawing_leaves_the_readers_settings_alone() -> None:
    before = dict(mpl.rcParams)
    figures.figure_svg(figures.plot_gains(frames.GAINS["usual"]))
    assert dict(mpl.rcParams) == before


def test_a_frame_that_was_drawn_is_unchanged() -> None:
    table, threshold = frames.THRESHOLDS["usual"]
    before = table.copy()
    figures.plot_thresholds(table.sample(frac=1, random_state=1), threshold=threshold)
    figures.plot_thresholds(table, threshold=threshold)
    assert table.equals(before)


def test_a_name_outside_the_font_is_drawn_without_a_warning() -> None:
    table = frames.bands([("見込み客 🚀", 50, float("nan"), 40, 12, 0)])
    svg = figures.figure_svg(figures.plot_bands(table))
    assert svg.startswith("<svg")
