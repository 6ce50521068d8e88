"""crm.yaml: types, places, nearest names."""

# ruff: noqa: DTZ001 - the canonical instants are naive UTC

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import ValidationError

from toolkit.crm import Mapping, connect, load_mapping
from toolkit.errors import MappingError, QuestionError, SourceError

FULL = """\
crm_mapping: 1
source: data
observed_until: 2026-10-01T00:00:00Z
time_zone: America/New_York
missing: [Select, "[not provided]"]
tables:
  leads:
    file: leads.csv
    columns: {lead_id: Id, created_at: CreatedDate, account_id: AccountId}
  activities: {file: [a.csv, b.csv], time_zone: UTC, formats: ["%m/%d/%Y %H:%M"]}
activity_roles: {marketing: [page_view, form], sales: call}
stages: {mql: [MQL, Marketing Qualified], sql: SQL}
decisions: {accepted: [yes, 1]}
handoff_stage: mql
worked_by: [feedback, sales_activity, "stage:sql"]
labels: {sql: SQL, won: customer}
"""


def loaded(tmp_path, text):
    path = tmp_path / "crm.yaml"
    path.write_text(text)
    return load_mapping(path)


def refused(tmp_path, text):
    with pytest.raises(MappingError) as caught:
        loaded(tmp_path, text)
    return str(caught.value)


def test_every_key_is_read(tmp_path):
    mapping = loaded(tmp_path, FULL).mapping
    assert mapping.observed_until == dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    assert mapping.missing == ("Select", "[not provided]")
    assert mapping.table("leads").columns["created_at"] == "CreatedDate"
    assert mapping.table("activities").file == ("a.csv", "b.csv")
    assert mapping.activity_roles["sales"] == ("call",)
    assert mapping.stages["mql"] == ("MQL", "Marketing Qualified")
    assert mapping.decisions["accepted"] == ("yes", "1")
    assert mapping.worked_by == ("feedback", "sales_activity", "stage:sql")
    assert mapping.labels["won"] == "customer"


def test_a_mapping_has_defaults():
    mapping = Mapping()
    assert mapping.handoff_stage == "mql"
    assert mapping.worked_by is None
    assert mapping.table("leads").columns == {}


def test_a_mapping_cannot_be_changed():
    mapping = Mapping(labels={"sql": "SQL"})
    with pytest.raises(ValidationError):
        mapping.handoff_stage = "sql"
    with pytest.raises(TypeError):
        mapping.labels["sql"] = "x"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("time_zome: UTC", "crm.yaml:2:1: unknown key 'time_zome': did you mean 'time_zone'?"),
        ("time_zone: CST", "crm.yaml:2:12: 'CST' is not a time zone with a full name such as"),
        ("time_zone: America/New_Yrok", "did you mean 'America/New_York'?"),
        ("tables: {lead: {}}", "crm.yaml:2:16: unknown table 'lead': did you mean 'leads'?"),
        (
            "tables: {leads: {colums: {}}}",
            "crm.yaml:2:18: unknown key 'colums': did you mean 'columns'?",
        ),
        ("tables: {leads: {file: a, table: b}}", "give 'file' (in a folder) or 'table'"),
        ("activity_roles: {sale: [x]}", "unknown role 'sale': did you mean 'sales'?"),
        (
            "activity_roles: {sales: [x], marketing: [X]}",
            "'X' stands under two roles: sales and marketing",
        ),
        ("decisions: {accept: [x]}", "unknown decision 'accept': did you mean 'accepted'?"),
        ("stages: {MQL: [x]}", "write the stage 'MQL' in lower case: mql"),
        ("stages: {mql: [x], sql: [x]}", "'x' stands under two stages: mql and sql"),
        ("worked_by: [feedbak]", "unknown evidence 'feedbak' that sales acted: did you mean"),
        ("worked_by: [all, feedback]", "'worked_by' is either `all` or a list"),
        ("worked_by: []", "'worked_by' is either `all` or a list"),
        ("observed_until: soon", "'observed_until' must be a time such as"),
        ("observed_until: 2026-10-01", "'2026-10-01' has no time zone"),
        ("observed_until: 2026-10-01T10:00:00", "'2026-10-01 10:00:00' has no time zone"),
        ('formats: ["%m/%d"]', "the time format '%m/%d' has no year"),
        ('formats: ["%Y-%Q"]', "'%Y-%Q' is not a time format"),
        ("formats: [mm/dd/yyyy]", "'mm/dd/yyyy' is not a time format: write it with %Y %m %d"),
        ('formats: ["%Y-%m-%d %Z"]', "'%Z' (a zone's abbreviation) is ambiguous"),
        ("encoding: ebcdic-x", "'ebcdic-x' is not an encoding; usual ones are utf-8"),
        ("crm_mapping: 2", "'crm_mapping' stands here twice (first on line 1)"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path, line, message):
    text = refused(tmp_path, f"crm_mapping: 1\n{line}\n")
    assert text.startswith("crm.yaml:2:")
    assert message in text


def test_the_format_must_be_named(tmp_path):
    assert refused(tmp_path, "source: .\n") == (
        "crm.yaml:1: the first line must be `crm_mapping: 1` (it names the version of this format)"
    )
    assert "'crm_mapping' must be one of 1; found the number 2" in refused(
        tmp_path, "crm_mapping: 2\n"
    )
    assert "expected keys such as `crm_mapping: 1`; found a list" in refused(tmp_path, "- a\n")


def test_a_missing_mapping_file_is_a_source_error(tmp_path):
    with pytest.raises(SourceError, match=r"cannot read crm.yaml"):
        load_mapping(tmp_path / "crm.yaml")


def test_a_column_that_is_not_there_is_placed(export):
    export.write(
        "crm.yaml",
        "crm_mapping: 1\nobserved_until: 2026-10-01T00:00:00Z\ntables:\n"
        "  leads:\n    columns:\n      created_at: Create Date\n",
    )
    export.write("leads.csv", "lead_id,CreateDate\nL1,2026-01-01T00:00:00Z\n")
    with pytest.raises(MappingError) as caught:
        connect(export.folder)
    assert str(caught.value) == (
        "crm.yaml:6:19: leads.csv has no column 'Create Date' (for created_at): did you mean "
        "'CreateDate'? There are: CreateDate, lead_id"
    )


def test_a_file_that_is_not_there_is_placed(export):
    export.write(
        "crm.yaml",
        "crm_mapping: 1\nobserved_until: 2026-10-01T00:00:00Z\ntables:\n"
        "  leads: {file: lead.csv}\n",
    )
    export.write("leads.csv", "lead_id,created_at\n")
    with pytest.raises(MappingError) as caught:
        connect(export.folder)
    assert str(caught.value) == (
        "crm.yaml:4:17: there is no file 'lead.csv' in the folder 'export': "
        "did you mean 'leads.csv'? There are: leads.csv"
    )


def test_a_table_with_an_entry_must_be_there(export):
    mapping = {"tables": {"activities": {"time_zone": "UTC"}}}
    with pytest.raises(MappingError) as caught:
        export.open(mapping)
    assert str(caught.value) == (
        "there is no activities.csv or activities.parquet in the folder 'export': "
        "there are: leads.csv"
    )


def test_observed_until_is_never_guessed(export):
    with pytest.raises(MappingError) as caught:
        export.open(until=None)
    text = str(caught.value)
    assert text.startswith("observed_until is not set. It is the moment of the export:")
    assert "write `observed_until: 2026-10-01T00:00:00Z` into crm.yaml" in text


@pytest.mark.parametrize(
    ("given", "zone", "utc"),
    [
        ("2026-10-01T00:00:00Z", None, dt.datetime(2026, 10, 1)),
        ("2026-10-01", "America/New_York", dt.datetime(2026, 10, 1, 4)),
        (dt.date(2026, 10, 1), "UTC", dt.datetime(2026, 10, 1)),
        (dt.datetime(2026, 10, 1, 2), "Europe/Berlin", dt.datetime(2026, 10, 1)),
        ("2026-10-01T02:00:00+02:00", "Asia/Tokyo", dt.datetime(2026, 10, 1)),
        ("2026-11-01T01:30:00", "America/New_York", dt.datetime(2026, 11, 1, 6, 30)),
        ("2026-03-08T02:30:00", "America/New_York", dt.datetime(2026, 3, 8, 7, 30)),
    ],
)
def test_observed_until_becomes_utc(export, given, zone, utc):
    assert export.open(until=given, zone=zone).observed_until == utc


def test_a_question_names_what_it_cannot_read(export):
    with pytest.raises(QuestionError, match=r"'2026-10-01 00:00:00' has no time zone"):
        export.open(until="2026-10-01")
    with pytest.raises(QuestionError, match=r"must be a time such as .*; found text 'soon'"):
        export.open(until="soon")
    with pytest.raises(QuestionError, match=r"'EST' is not a time zone with a full name"):
        export.open(zone="EST")


def test_a_mapping_may_be_a_dict(export):
    crm = export.open({"handoff_stage": "sal"})
    assert crm.mapping.handoff_stage == "sal"
    with pytest.raises(MappingError, match=r"unknown key 'handof_stage': did you mean"):
        export.open({"handof_stage": "sal"})
