"""Tiers: a rate only of tiers that sales worked, of others the range; steps up, and steps down."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from tests.report import by_hand
from toolkit.report import threshold as report
from toolkit.report.audit.told import bands_told, unworked_share
from toolkit.report.figures import plot_tiers
from toolkit.report.threshold.around import compared_tiers, tier_rates, tiers_text
from toolkit.report.threshold.inputs import review_of
from toolkit.report.wording import MINUS, Words

MANY = [(score, state, 10 * n) for score, state, n in by_hand.RANKED]
# 1,000 judged at each of 90, 60 and 10 points; 300 more at 60 and 7,000 more at 10 nobody worked.
SELDOM = [*MANY, (60, "unworked", 150), (10, "unworked", 7000)]


def review(ranked: list[tuple[object, ...]]) -> report.Review:
    return review_of(by_hand.audit(ranked=ranked), lower=10)


def test_a_tier_that_was_seldom_worked_has_a_range_and_no_rate() -> None:
    asked = review(SELDOM)
    table = tier_rates(asked).set_index("start")
    assert table.loc[80, "rate"] == pytest.approx(0.4)
    assert table.loc[50, "rate"] == pytest.approx(0.2)
    low = table[table.index.isna()].iloc[0]
    # None of the 7,000 converts, or all: 50 of 8,000 to 7,050 of 8,000.
    assert pd.isna(low["rate"])
    assert (low["lowest"], low["highest"]) == (50 / 8000, 7050 / 8000)
    section = report.show_around(asked)
    text = section.plain()
    assert re.search(r"below 50 points +8,000 +88% +1,000 +50 +cannot be told \(1-88%\)", text)
    assert re.search(r"50.79 points +1,150 +13% +1,000 +200 +20\.0% .* cannot be told", text)
    assert section.facts["tiers.50.never_worked_share"] == pytest.approx(150 / 1150)
    assert "5.0% (50 of 1,000)" not in text


def test_over_the_bar_too_a_rate_needs_enough_worked_leads() -> None:
    # Of 1,250 at 60 points a fifth, of 1,300 more than a fifth was never worked.
    for unworked, told in ((250, True), (300, False)):
        audit = by_hand.audit(ranked=[*MANY, (60, "unworked", unworked), (10, "unworked", 7000)])
        rates = bands_told(audit, by_hand.BANDS).set_index("band")["rate"]
        assert pd.notna(rates["warm"]) is told


def test_no_difference_is_printed_where_none_can_be_told() -> None:
    table = compared_tiers(review(SELDOM)).set_index("tier_from")
    assert table.loc[50, ["difference", "low", "high"]].isna().all()
    assert table.loc[80, "difference"] == pytest.approx(0.2)
    assert pd.isna(table.loc[50, "below_rate"])
    assert table.loc[50, "below_highest"] == 7050 / 8000


def test_the_figure_draws_the_range_of_a_tier_that_is_not_told() -> None:
    figure = plot_tiers(compared_tiers(review(SELDOM)))
    assert any(
        "cannot be told (1-88%)" in text.get_text()
        for text in figure.findobj()
        if hasattr(text, "get_text")
    )
    assert "Grey: where a rate may lie" in figure.texts[1].get_text()
    told = plot_tiers(compared_tiers(review(MANY)))
    assert "Grey" not in told.texts[1].get_text()


def test_a_step_down_is_no_step_that_is_not_seen() -> None:
    fall = [
        (90, "converted", 400), (90, "not_converted", 600),
        (60, "converted", 100), (60, "not_converted", 900),
        (10, "converted", 300), (10, "not_converted", 700),
    ]  # fmt: skip
    table = compared_tiers(review(fall))
    assert plot_tiers(table).headline == (
        "Leads from 80 points up become SQLs more often, and from 50 points up less often, than those of"
        " the tier below"
    )
    assert "50 and more against below 50: no, less often" in tiers_text(table, words=Words())
    assert f"{MINUS}20.0 points" in report.show_around(review(fall)).plain()
    only = plot_tiers(table[table["tier_from"] == 50]).headline
    assert only == "Leads from 50 points up become SQLs less often than those of the tier below"


def test_a_cliff_of_seldom_worked_leads_is_said_and_not_drawn() -> None:
    some = [
        (52, "converted", 20), (52, "not_converted", 80),
        (48, "converted", 20), (48, "not_converted", 80), (48, "unworked", 400),
    ]  # fmt: skip
    said = report.show_around(review(some)).plain()
    assert "cannot be told from this data: 80% of the leads below were never worked" in said
    assert "Too many leads were never worked to compare" not in said
    worked = report.show_around(review(some[:4])).plain()
    assert "48\N{EN DASH}49 points: 20.0% (20 of 100)" in worked


def test_the_share_never_worked_is_of_those_old_enough() -> None:
    audit = by_hand.audit(ranked=[*SELDOM, (10, "immature", 900)])
    assert unworked_share(audit, below=50) == 7000 / 8000
    assert unworked_share(audit, at_least=50) == 150 / 2150
    assert pd.isna(unworked_share(audit, below=5))
