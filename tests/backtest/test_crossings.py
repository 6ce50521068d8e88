"""First crossings by week: whenever a lead reaches a threshold, once for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from tests.backtest.tables import activity, crm_of, lead
from tests.backtest.test_timeline import MODEL
from tests.report import by_hand
from toolkit.analysis import capacity_table
from toolkit.backtest.counting.crossings import count_crossings
from toolkit.model import parse_model


def test_a_lead_counts_in_the_week_of_its_first_crossing_of_each_threshold() -> None:
    # The tables begin on Thursday 1 January 2026. Lead 1 reaches 10 on day 2 and again on day 5.5;
    # lead 2, a VP, reaches 10 on day 3 (a Sunday) and 15 on day 58, 28 February.
    crm = crm_of(
        [lead(1), lead(2, 3, title="VP"), lead(3)],
        [activity(1, "view", d) for d in (1, 2, 5.5)] + [activity(2, "view", 58)],
    )
    origin = replace(by_hand.provenance(), observed_until=date(2026, 3, 31))
    found = count_crossings(parse_model(MODEL), crm, [15, 10, 40], provenance=origin)
    assert list(found) == [10, 15, 40]
    rows = {t: weeks.frame.to_numpy().tolist() for t, weeks in found.items()}
    assert [(row[1], row[2]) for row in rows[10]] == [(10, 2)]
    assert found[10].frame["week"].tolist() == [datetime(2025, 12, 29)]  # noqa: DTZ001 - naive UTC
    assert found[15].frame["week"].tolist() == [datetime(2026, 2, 23)]  # noqa: DTZ001 - naive UTC
    # The span begins with the first crossing, Saturday 3 January: whole weeks from the 5th on.
    table = capacity_table(found[15], capacity_per_week=1, thresholds=[15])
    assert (table["weeks"].tolist(), table["most"].tolist()) == ([12], [1])
    never = capacity_table(found[40], capacity_per_week=1, thresholds=[40])
    assert (never["mean"].tolist(), never["most"].tolist()) == ([0], [0])


def test_where_nobody_crosses_there_is_nothing_to_count() -> None:
    model = parse_model(MODEL)
    assert (
        count_crossings(
            model,
            crm_of([lead(1)], [activity(1, "view", 1)]),
            [15],
            provenance=by_hand.provenance(),
        )
        == {}
    )
