"""The audited quarter against the time before: each sentence with its other forms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.report import by_hand, hostile
from toolkit.report import audit as report
from toolkit.report.audit import Audit
from toolkit.report.audit.before import promised_bands

Cells = list[tuple[object, ...]]


def quarter(name: str, high: tuple[int, int], low: tuple[int, int]) -> Cells:
    """Leads with 90 and with 60 points of a quarter: (converted, not converted)."""
    return [
        (score, state, name, n)
        for score, counts in ((90, high), (60, low))
        for state, n in zip(("converted", "not_converted"), counts, strict=True)
    ]


def audit(now: Cells, *before: Cells) -> Audit:
    cells = [cell for part in (now, *before) for cell in part]
    return replace(by_hand.audit(), ranked_by_quarter=by_hand.counts(cells, "quarter"))


# 900 of 1,600 pairs are in order and 600 tied, so 75%; alike, 50%; turned round, 25%.
GOOD, ALIKE, BAD = ((30, 10), (10, 30)), ((20, 20), (20, 20)), ((10, 30), (30, 10))


def said(now: tuple[tuple[int, int], ...], before: tuple[tuple[int, int], ...]) -> tuple[str, dict]:
    section = report.show_ranking(audit(quarter("2026Q2", *now), quarter("2026Q1", *before)))
    return section.plain(), dict(section.facts)


def test_a_ranking_that_became_worse_is_said_to() -> None:
    text, facts = said(BAD, GOOD)
    assert "in 25% of pairs, in 2026Q1 in 75%: the ranking has become worse, by" in text.replace(
        "had the higher score ", ""
    )
    assert facts["ranking.before"] == "2026Q1"
    assert facts["ranking.change"] == pytest.approx(-0.5)


def test_a_ranking_that_became_better_is_said_to() -> None:
    text, facts = said(GOOD, BAD)
    assert "the ranking has become better, by +50.0 points" in text
    assert facts["ranking.change_low"] > 0


def test_a_change_that_chance_may_have_made_is_not_told() -> None:
    assert "no change can be told (0.0 points" in said(GOOD, GOOD)[0]
    few = ((6, 4), (5, 5))
    assert "no change can be told" in said(few, GOOD)[0]


def test_a_handful_of_conversions_compares_nothing() -> None:
    text, facts = said(((2, 40), (1, 40)), GOOD)
    assert "cannot be said: fewer than 5 judged leads converted" in text
    assert facts["ranking.change"] is None


def test_the_gains_of_two_quarters_are_drawn_where_both_have_enough() -> None:
    assert "In 2026Q1: The best 10% hold" in said(GOOD, ALIKE)[0]
    assert "In 2026Q1: The best" not in said(((6, 4), (5, 5)), GOOD)[0]


def test_without_an_earlier_closed_quarter_nothing_is_compared() -> None:
    alone = audit(quarter("2026Q2", *GOOD))
    assert "2026Q1" not in report.show_ranking(alone).plain()
    assert "earlier" not in report.show_calibration(alone).plain()
    assert promised_bands(alone) is None


def test_the_ranking_has_its_other_names() -> None:
    section = report.show_ranking(by_hand.audit(ranked=by_hand.RANKED))
    # 65 and 235; of the pairs 40*175 + 20*95 in order, 40*60 + 20*80 + 5*95 tied.
    area = (40 * 175 + 20 * 95 + (40 * 60 + 20 * 80 + 5 * 95) / 2) / (65 * 235)
    assert section.facts["ranking.auc"] == pytest.approx(area, abs=1e-7)
    assert section.facts["ranking.gini"] == pytest.approx(2 * area - 1, abs=1e-7)
    # At or above 90: 40 of 65 and 60 of 235; from 60 up it is 60/65 - 140/235, less.
    assert section.facts["ranking.largest_gap"] == pytest.approx(40 / 65 - 60 / 235, abs=1e-7)
    assert "Kolmogorov-Smirnov" not in section.plain()
    appendix = report.show_appendix(by_hand.audit(ranked=by_hand.RANKED))
    assert "Kolmogorov-Smirnov" in appendix.plain()


def promised(now: tuple[tuple[int, int], ...], *before: tuple[tuple[int, int], ...]) -> tuple:
    earlier = [
        quarter("2026Q1" if not i else f"2025Q{5 - i}", *each) for i, each in enumerate(before)
    ]
    asked = audit(quarter("2026Q2", *now), *earlier)
    section, appendix = report.show_calibration(asked), report.show_appendix(asked)
    return f"{section.plain()}\n{appendix.plain()}", dict(section.facts)


def test_earlier_rates_that_fail_are_refuted() -> None:
    # 75% and 25% were promised to 400 each; 25% and 75% came.
    text, facts = promised(((100, 300), (300, 100)), ((300, 100), (100, 300)))
    assert "the earlier rates no longer hold" in text
    assert facts["calibration.joint_p_value"] < 1e-6
    assert facts["calibration.slope"] == pytest.approx(-1.0, abs=1e-6)
    assert "p = under 0.001 (Cox 1958)" in text


def test_earlier_rates_that_hold_are_not_proved() -> None:
    text, facts = promised(GOOD, GOOD, GOOD)
    assert "40 of 80 judged leads became SQL in 2026Q2, and the rates of 2025Q4 to 2026Q1" in text
    assert "nothing here refutes the earlier rates, which is no proof of them" in text
    assert facts["calibration.observed_expected"] == pytest.approx(1.0, abs=1e-6)
    assert facts["calibration.slope"] == pytest.approx(1.0, abs=1e-6)
    # All of the curve is in the promise: what the Brier score loses is discrimination alone.
    assert facts["calibration.miscalibration"] == pytest.approx(0.0, abs=1e-9)
    assert facts["calibration.discrimination"] == pytest.approx(0.25**2, abs=1e-6)
    assert facts["calibration.uncertainty"] == pytest.approx(0.25)


def test_a_quarter_without_enough_conversions_tries_nothing() -> None:
    assert (
        "cannot be said: fewer than 5 judged leads became SQL"
        in promised(((2, 40), (1, 40)), GOOD)[0]
    )
    text, facts = promised(((0, 40), (0, 40)), GOOD)
    assert "Whether the rates of 2026Q1 still hold in 2026Q2 cannot be said" in text
    assert "calibration.slope" not in facts or facts["calibration.slope"] is None


def test_earlier_quarters_without_a_line_promise_nothing() -> None:
    text, facts = promised(GOOD, ((0, 40), (0, 40)))
    assert "Whether the rates of 2026Q1 still hold cannot be said:" in text
    assert hostile.faults(text, facts) == []


def test_more_than_was_promised_is_not_denied_where_the_line_stands() -> None:
    # 75 of 160 were promised and 89 came: level and slope together stay just inside 5%.
    text, facts = promised(((49, 31), (40, 40)), ((400, 400), (350, 450)))
    low = facts["calibration.observed_expected_low"]
    joint = facts["calibration.joint_p_value"]
    assert (low > 1, joint > 0.05) == (True, True), (low, joint)
    assert "by itself that is more than chance explains, but level and slope together" in text
    assert "nothing here refutes" not in text
