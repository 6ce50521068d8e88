"""The leak guard on real leads: what everybody who knows these files has learnt to leave out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from toolkit.analysis import Leaks
from toolkit.checks import check_leaks

pytestmark = pytest.mark.real_data


def because(found: Leaks, name: str) -> str:
    return str(found.table.set_index("name")["because"][name])


def test_tags_are_an_alarm_in_x_education(real_data: Path) -> None:
    found = check_leaks(real_data / "x_education_leads.csv", outcome="Converted")
    assert found.alarms == ("Tags",)
    row = found.table.set_index("name").loc["Tags"]
    assert round(row["auc"], 2) == 0.92
    assert row["auc_low"] > 0.9
    assert (
        "'Will revert after reading the email': 2,007 of 2,072 leads convert (97%)"
        in row["because"]
    )
    suspects = {"Lead Quality", "Lead Profile", "Last Notable Activity", "Lead Source"}
    assert suspects <= set(found.suspects)
    assert "'Welingak Website': 140 of 142 leads convert (99%)" in because(found, "Lead Source")


def test_what_the_analyst_knows_is_asked_no_more(real_data: Path) -> None:
    found = check_leaks(
        real_data / "x_education_leads.csv",
        outcome="Converted",
        roles={"sales": ["tags", "Lead Quality"], "known_before": ["Lead Source"]},
    )
    assert found.alarms == ()
    assert not {"Lead Quality", "Lead Source"} & set(found.suspects)
    answers = found.table.set_index("name")["answer"]
    assert (answers["Tags"], answers["Lead Source"]) == ("sales", "known_before")


def test_pure_activities_are_alarms_in_smart_lead(real_data: Path) -> None:
    found = check_leaks(real_data / "smart_lead.csv", outcome="buy")
    name = "user_activity_var_{}".format
    assert {name(2), name(9), name(10)} <= set(found.alarms)
    assert {name(4), name(12)} <= set(found.suspects)
    for number, n in ((2, 263), (9, 448), (10, 15)):
        assert f"'1': {n} of {n} leads convert (100%)" in because(found, name(number))
    assert "'1': 385 of 449 leads convert (86%)" in because(found, name(4))
    assert "'1': 15 of 22 leads convert (68%)" in because(found, name(12))
    # By the same rule, with 16 and 23 leads.
    assert set(found.alarms) - {name(2), name(9), name(10)} == {name(5), name(11)}


def test_meetings_and_abandoned_leads_are_alarms_in_marketstar(real_data: Path) -> None:
    counts = pd.read_parquet(real_data / "marketstar_activity_counts.parquet")
    qualified = counts.assign(won=counts["Stage"] == "Qualified").drop(columns="Stage")
    found = check_leaks(qualified, outcome="won")
    assert {"ActivityTypeMeeting", "ActivityTypeAbandon"} <= set(found.alarms)
    assert "'1': 0 of 14,094 leads convert (0%)" in because(found, "ActivityTypeAbandon")
    kinds = {name for name in found.table["name"] if name.startswith("ActivityType")}
    assert kinds & set(found.alarms) == {"ActivityTypeMeeting", "ActivityTypeAbandon"}
