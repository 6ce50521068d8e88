"""How soon leads convert, and which of them stall: shares of all leads handed over, small ones hidden."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from tests.report import by_hand, hostile
from tests.report.test_audit import stages
from toolkit.counts import DayCounts, DelayCounts, StayCounts
from toolkit.report import audit as report
from toolkit.report.audit.handed import _stall_facts, _stalls
from toolkit.report.audit.soon import soon_days

# 100 leads at 90 points: 20 convert by day 10, 20 more by day 50; 100 at 60: 10 by day 20.
# All others are open to the end of the outcome window, and 10 of them were never worked.
DAYS = [
    (90, 10, "converted", 20), (90, 50, "converted", 20), (90, 90, "open", 60),
    (60, 20, "converted", 10), (60, 90, "open", 80), (60, 90, "unworked", 10),
]  # fmt: skip
WINDOWS = [
    (30, "all", "converted", 30), (30, "all", "not_converted", 170),
    (90, "all", "converted", 50), (90, "all", "not_converted", 150),
    (30, "longest", "converted", 30), (30, "longest", "not_converted", 170),
    (90, "longest", "converted", 50), (90, "longest", "not_converted", 150),
]  # fmt: skip
# Nine in ten who moved on from MQL did so within 3 days; 6 of 10 still there are there for longer.
STAYS = [("MQL", 3, True, 10), ("MQL", 1, False, 4), ("MQL", 9, False, 6), ("won", 9, False, 7)]


def days(rows: list[tuple[int, int, str, int]] = DAYS) -> DayCounts:
    frame = pd.DataFrame(rows, columns=["score", "day", "status", "n"])
    return DayCounts(frame, by_hand.provenance())


def asked(rows: list[tuple[int, int, str, int]] = DAYS, **more: object) -> report.Audit:
    return replace(by_hand.audit(), days=days(rows), **more)  # type: ignore[arg-type]


def delays(rows: list[tuple[int, str, str, int]] = WINDOWS) -> DelayCounts:
    frame = pd.DataFrame(rows, columns=["within_days", "of", "state", "n"])
    return DelayCounts(frame, by_hand.provenance())


def stays(rows: list[tuple[str, int, bool, int]] = STAYS) -> StayCounts:
    frame = pd.DataFrame(rows, columns=["stage", "days", "moved", "n"])
    return StayCounts(frame, by_hand.provenance())


def test_days_are_thirds_of_the_outcome_window() -> None:
    assert soon_days(by_hand.audit()) == (30, 60, 90)


def test_shares_are_of_all_leads_handed_over() -> None:
    section = report.show_soon(asked(delays=delays()))
    facts, text = section.facts, section.plain()
    # With everybody followed to the end the share is that of the counts.
    assert facts["soon.hot.30.rate"] == pytest.approx(20 / 100)
    assert facts["soon.hot.90.rate"] == pytest.approx(40 / 100)
    assert facts["soon.warm.90.rate"] == pytest.approx(10 / 100)
    assert facts["soon.hot.half_by_day"] == 10
    assert "soon.cold.90.rate" not in facts
    assert "By day 90, 40% of leads scored 80+ and 10% of those scored 50\N{EN DASH}79" in text
    assert "50% of the SQLs of 80+ hot happen by day 10; no band is seen to take longer" in text
    # Pairs of a case with a control, at 90 or 60 points each; ties count half.
    cases, controls = {90: 40, 60: 10}, {90: 60, 60: 90}
    won = cases[90] * controls[60] + (cases[90] * controls[90] + cases[60] * controls[60]) / 2
    assert facts["soon.auc.90.estimate"] == pytest.approx(won / (50 * 150))
    # 30 of the 50 conversions within 90 days had happened by day 30.
    assert facts["soon.window.30.share"] == pytest.approx(30 / 50)
    assert "No window shorter than 90 days sees 90% of the SQLs that it sees" in text
    assert hostile.faults(text, dict(facts)) == []


def test_fewer_than_five_are_in_no_share_no_day_and_no_rank() -> None:
    rows = [
        (90, 10, "converted", 4),
        (90, 90, "open", 60),
        (60, 10, "converted", 2),
        (60, 90, "open", 2),
    ]
    section = report.show_soon(asked(rows))
    assert section.facts["soon.warm.90.rate"] is None
    assert section.facts["soon.hot.half_by_day"] is None
    assert "happen by day" not in section.plain()
    assert "hidden" in section.plain()
    none = report.show_soon(asked([(90, 90, "open", 4)]))
    assert "Fewer than 5 leads were handed over" in none.plain()


def test_no_conversion_is_said_as_none_so_far() -> None:
    section = report.show_soon(asked([(90, 90, "open", 60)]))
    assert "none so far" in section.plain()
    assert hostile.faults(section.plain(), dict(section.facts)) == []


def test_without_hand_offs_or_dates_nothing_is_said_of_days() -> None:
    assert "No dated MQL says from when on" in report.show_soon(by_hand.audit()).plain()
    assert "The file has no dates" in report.show_soon(by_hand.audit(told=False)).plain()


def test_stalled_leads_are_of_those_still_there() -> None:
    table = _stalls(replace(by_hand.audit(), stays=stays()))
    # Nobody ever leaves `won`, so nobody stalls there.
    assert table["stage"].tolist() == ["MQL"]
    assert table["rate"].tolist() == [pytest.approx(6 / 10)]
    assert _stall_facts(table)["stalled.MQL.limit_days"] == 3
    few = _stalls(
        replace(by_hand.audit(), stays=stays([("MQL", 3, True, 10), ("MQL", 9, False, 4)]))
    )
    assert few["rate"].isna().all()
    assert few["reason"].tolist() == ["under 5 leads"]
    assert _stalls(by_hand.audit()).empty


@pytest.mark.parametrize("known", [True, False])
def test_the_section_on_hand_offs_shows_stalls_where_any_are_known(known: bool) -> None:
    found = replace(by_hand.audit(), stages=stages(), stays=stays() if known else None)
    text = report.show_handed(found).plain()
    assert (
        "Most stalled leads are in MQL: 6 of 10 there (60%) for more than 3 days" in text
    ) is known
    assert "The two shares of accepted leads differ because of their bases" in text
