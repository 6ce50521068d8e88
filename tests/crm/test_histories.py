"""Histories: changes of fields, merges, recorded scores; dates without a time; stage columns."""

from __future__ import annotations

import pytest

from tests.crm.rows import rows, said, times
from toolkit.crm import Mapping, check_tables, connect
from toolkit.errors import MappingError

LEADS = "lead_id,created_at,Became SQL,Won On\nL1,2026-01-02T10:00:00Z,2026-02-01,\n"
DATED = {"stage_columns": {"sql": "Became SQL", "won": "won on"}, "time_zone": "Europe/Berlin"}


def test_a_change_counts_from_the_later_of_its_two_times(export):
    crm = export.open(
        lead_changes="lead_id,field,value,valid_from,recorded_at\n"
        "L1,Title,VP,2026-02-01T00:00:00Z,2026-03-01T00:00:00Z\n"
        "L2,Title,VP,2026-02-01T00:00:00Z,\n"
    )
    assert times(crm, "lead_changes", "valid_from") == [
        "2026-03-01 00:00:00", "2026-02-01 00:00:00",
    ]  # fmt: skip


def test_a_change_on_a_day_holds_from_the_end_of_that_day(export):
    crm = export.open(
        zone="UTC", lead_changes="lead_id,field,value,valid_from\nL1,Title,VP,2026-02-01\n"
    )
    assert times(crm, "lead_changes", "valid_from") == ["2026-02-01 23:59:59.999999"]


def test_columns_of_leads_can_date_stages(export):
    crm = export.open(DATED, leads=LEADS)
    assert rows(crm, "stage_changes", "stage, CAST(entered_at AS VARCHAR), is_date_only") == [
        ("sql", "2026-01-31 23:00:00", True)
    ]
    assert "stage_changes" in crm.tables


def test_dated_stages_are_added_to_the_table_of_stages(export):
    moves = "lead_id,stage,entered_at,who\nL1,MQL,2026-01-05T09:00:00Z,bot\n"
    crm = export.open({**DATED, "handoff_stage": "sql"}, leads=LEADS, stage_changes=moves)
    found = rows(crm, "stage_changes", "stage, is_date_only, who")
    assert found == [("mql", False, "bot"), ("sql", True, None)]
    assert not [f for f in crm.findings if f.code == "absent_stage"]


def test_a_stage_column_that_is_not_there_is_named_with_its_line(export):
    text = "crm_mapping: 1\nobserved_until: 2026-10-01T00:00:00Z\nstage_columns:\n  sql: Became\n"
    export.write("leads.csv", LEADS)
    export.write("crm.yaml", text)
    with pytest.raises(MappingError, match=r"crm.yaml:4.*no column 'Became'.*'Became SQL'"):
        connect(export.folder)


def test_unreadable_dates_of_stages_are_counted(export):
    leads = LEADS + "L2,2026-01-02T10:00:00Z,soon,\nL3,2026-01-02T10:00:00Z,2026-02-03,\n"
    crm = export.open(DATED, leads=leads)
    finding = said(crm.findings, "unreadable_time")
    assert finding.n == 1
    assert "stage_changes.entered_at (column 'Became SQL')" in finding.text
    assert said(check_tables(crm), "missing_value").n == 1


@pytest.mark.parametrize(
    ("text", "expected", "is_date"),
    [
        ("2026-02-01", "2026-02-01 05:00:00", True),
        ("2026-02-01 00:00", "2026-02-01 05:00:00", False),
        ("2026-02-01T03:00:00Z", "2026-02-01 03:00:00", False),
    ],
)
def test_whether_a_stage_has_a_time_of_day_is_known(export, text, expected, is_date):
    moves = f"lead_id,stage,entered_at\nL1,mql,{text}\n"
    crm = export.open(zone="America/New_York", stage_changes=moves)
    found = rows(crm, "stage_changes", "CAST(entered_at AS VARCHAR), is_date_only")
    assert found == [(expected, is_date)]


def test_times_can_be_declared_to_be_dates(export):
    mapping = Mapping(time_zone="America/New_York", tables={"stage_changes": {"date_only": True}})
    moves = "lead_id,stage,entered_at\nL1,mql,2026-02-01T03:00:00Z\nL2,mql,2026-02-01 00:00\n"
    crm = export.open(mapping, stage_changes=moves)
    # Three hours into the first of February in Greenwich it is still January in New York.
    assert times(crm, "stage_changes", "entered_at") == [
        "2026-01-31 05:00:00", "2026-02-01 05:00:00",
    ]  # fmt: skip
    assert rows(crm, "stage_changes", "is_date_only") == [(True,), (True,)]


def test_a_flag_of_the_export_says_it_too(export):
    moves = "lead_id,stage,entered_at,is_date_only\nL1,mql,2026-02-01T00:00:00Z,yes\n"
    assert rows(export.open(stage_changes=moves), "stage_changes", "is_date_only") == [(True,)]


def test_stages_at_midnight_are_suspected_to_be_dates(export):
    moves = "lead_id,stage,entered_at\n" + "".join(
        f"L1,s{i},2026-02-{i:02}T00:00:00Z\n" for i in range(1, 12)
    )
    found = said(check_tables(export.open(stage_changes=moves)), "midnight_times")
    assert found.text.startswith("11 of 11 times are midnight sharp in UTC")
    assert "date_only: true under tables: stage_changes" in found.text


def test_merges_are_read_and_their_leads_are_no_orphans(export):
    crm = export.open(
        lead_merges="loser_id,winner_id,merged_at\nOLD,L1,2026-03-01T00:00:00Z\n",
        activities="lead_id,activity_type,occurred_at\nOLD,form,2026-02-01T00:00:00Z\n",
    )
    assert rows(crm, "lead_merges", "loser_id, winner_id") == [("OLD", "L1")]
    assert not [f for f in check_tables(crm) if f.code == "orphans"]


def test_a_merge_into_a_lead_that_is_not_there_is_counted(export):
    crm = export.open(
        lead_merges="loser_id,winner_id,merged_at\nL1,X,2026-03-01T00:00:00Z\n"
        "L2,L1,2026-03-01T00:00:00Z\n"
    )
    finding = said(check_tables(crm), "orphans", "lead_merges")
    assert (finding.n, finding.examples) == (1, ("X",))


def test_recorded_scores_that_are_no_numbers_are_counted(export):
    crm = export.open(
        score_history="lead_id,changed_at,new_value\nL1,2026-03-01T00:00:00Z,12\n"
        "L1,2026-03-02T00:00:00Z,n/a\nL1,2026-03-03T00:00:00Z,\n"
    )
    assert rows(crm, "score_history", "new_value") == [(12.0,), (None,), (None,)]
    assert said(crm.findings, "unreadable_number").n == 1


@pytest.mark.parametrize(
    ("mapping", "text"),
    [
        ({"stage_columns": {"SQL": "x"}}, "write the stage 'SQL' in lower case: sql"),
        ({"stage_order": ["mql", "sql", "mql"]}, "stands twice in 'stage_order'"),
        ({"stage_order": ["MQL"]}, "in lower case: mql"),
    ],
)
def test_stage_settings_that_make_no_sense_are_refused(mapping, text):
    with pytest.raises(MappingError, match=text):
        connect({}, mapping=mapping, observed_until="2026-10-01T00:00:00Z")
