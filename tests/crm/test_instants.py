"""How times become UTC."""

# ruff: noqa: DTZ001 - the canonical instants are naive UTC

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.crm.rows import said, times
from toolkit.crm import Mapping, connect
from toolkit.errors import DataError


def created(export, text, *, zone="UTC", formats=()):
    leads = f'lead_id,created_at\nL0,2026-01-01T00:00:00Z\nL00,2026-01-01T00:00:00Z\nL1,"{text}"\n'
    crm = export.open(Mapping(formats=formats), zone=zone, leads=leads)
    return times(crm, "leads", "created_at")[2]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02 03:04:05"),
        ("2026-01-02 03:04:05", "2026-01-02 03:04:05"),
        ("2026-01-02T03:04", "2026-01-02 03:04:00"),
        ("2026-01-02T03:04:05.7Z", "2026-01-02 03:04:05.7"),
        ("2026-01-02T03:04:05.1234567Z", "2026-01-02 03:04:05.123456"),
        ("2026-01-02T03:04:05.000+0000", "2026-01-02 03:04:05"),
        ("2026-01-02T03:04:05-0530", "2026-01-02 08:34:05"),
        ("2026-01-02 03:04:05+02", "2026-01-02 01:04:05"),
        ("2026-01-02 03:04:05 +02:00", "2026-01-02 01:04:05"),
        ("2026-01-02 03:04:05 -08:00", "2026-01-02 11:04:05"),
        ("2026-01-02 03:04:05.5 UTC", "2026-01-02 03:04:05.5"),
        ("2026-01-02 03:04:05 Z", "2026-01-02 03:04:05"),
        ("2026-01-02T03:04:05GMT", "2026-01-02 03:04:05"),
        ("  2026-01-02T03:04:05Z\t", "2026-01-02 03:04:05"),
        ("2026-01-02", "2026-01-02 00:00:00"),
        ("2026-02-30", None),
        ("2026-01-02T25:00:00Z", None),
        ("2026-01-02 03:04:05 EST", None),
        ("20260102", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_iso_times_are_read_exactly(export, text, utc):
    assert created(export, text) == utc


@pytest.mark.parametrize(
    ("text", "form", "utc"),
    [
        ("3/4/2026 9:05", "%m/%d/%Y %H:%M", "2026-03-04 09:05:00"),
        ("3/4/2026 9:05", "%d/%m/%Y %H:%M", "2026-04-03 09:05:00"),
        ("03/04/26", "%m/%d/%y", "2026-03-04 00:00:00"),
        ("Jan 2, 2026 9:05 PM", "%b %d, %Y %I:%M %p", "2026-01-02 21:05:00"),
        ("2.1.2026 09:05:06.250", "%d.%m.%Y %H:%M:%S.%f", "2026-01-02 09:05:06.25"),
        ("2026/01/02 03:04 +0200", "%Y/%m/%d %H:%M %z", "2026-01-02 01:04:00"),
        ("1767322800000", "epoch_ms", "2026-01-02 03:00:00"),
        ("1767322800", "epoch_s", "2026-01-02 03:00:00"),
        ("2026-01-02T03:04:05Z", "%m/%d/%Y", "2026-01-02 03:04:05"),
        ("13/13/2026", "%m/%d/%Y", None),
    ],
)
def test_declared_formats_are_read(export, text, form, utc):
    assert created(export, text, formats=(form,)) == utc


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("America/New_York", "2026-01-02 10:00", "2026-01-02 15:00:00"),
        ("America/New_York", "2026-07-02 10:00", "2026-07-02 14:00:00"),
        ("Asia/Kolkata", "2026-01-02 10:00", "2026-01-02 04:30:00"),
        # skipped: 02:30 stands for 03:30 daylight time; twice: 01:30 is standard time
        ("America/New_York", "2026-03-08 02:30", "2026-03-08 07:30:00"),
        ("America/New_York", "2026-11-01 01:30", "2026-11-01 06:30:00"),
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 01:30:00"),
        ("Australia/Sydney", "2026-04-05 02:30", "2026-04-04 16:30:00"),
    ],
)
def test_local_times_become_utc_by_their_zone(export, zone, local, utc):
    assert created(export, local, zone=zone) == utc


@given(
    st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2030, 1, 1)),
    st.sampled_from(["America/New_York", "Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo"]),
)
def test_zones_agree_with_the_standard_library(local, zone):
    frame = pd.DataFrame({"lead_id": ["L1"], "created_at": [local.isoformat(" ")]})
    crm = connect({"leads": frame}, observed_until="2031-01-01T00:00:00Z", time_zone=zone)
    # fold=1 is the second of two, and for a skipped hour the offset before the change
    utc = local.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(dt.UTC)
    skipped = utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local
    if skipped:
        utc = local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(dt.UTC)
    found = crm.connection.execute("SELECT created_at FROM leads").fetchall()[0][0]
    assert found == utc.replace(tzinfo=None)


def test_skipped_and_repeated_hours_are_counted(export):
    leads = "lead_id,created_at\nL1,2026-03-08 02:30\nL2,2026-11-01 01:30\nL3,2026-11-01 12:00\n"
    crm = export.open(zone="America/New_York", leads=leads)
    skipped, twice = (said(crm.findings, code) for code in ("skipped_hour", "repeated_hour"))
    assert (skipped.level, skipped.n, skipped.examples) == ("warning", 1, ("L1",))
    assert skipped.text == "leads.created_at: 1 local time that the clock skipped, moved forward"
    assert (twice.level, twice.n, twice.examples) == ("note", 1, ("L2",))
    assert twice.text == "leads.created_at: 1 local time that occurred twice, taken as the second"


def test_a_date_is_the_end_of_its_day_for_an_activity_and_the_start_for_an_outcome(export):
    crm = export.open(
        zone="America/New_York",
        leads="lead_id,created_at\nL1,2026-01-02\n",
        activities="lead_id,activity_type,occurred_at\nL1,form,2026-01-02\n",
        stage_changes="lead_id,stage,entered_at\nL1,mql,2026-01-02\n",
        sales_feedback="lead_id,decision,decided_at\nL1,accepted,2026-01-02\n",
    )
    assert times(crm, "activities", "occurred_at") == ["2026-01-03 04:59:59.999999"]
    for table, column in (
        ("leads", "created_at"),
        ("stage_changes", "entered_at"),
        ("sales_feedback", "decided_at"),
    ):
        assert times(crm, table, column) == ["2026-01-02 05:00:00"]
        note = said(crm.findings, "date_only", table)
        assert (note.n, note.examples) == (1, ("L1",))
        assert note.text.endswith(
            "1 date without a time, taken as the first moment of that day in America/New_York"
        )
    end = said(crm.findings, "date_only", "activities")
    assert "taken as the last moment of that day" in end.text


def test_the_end_of_a_day_with_23_hours_is_an_hour_earlier_in_utc(export):
    activities = "lead_id,activity_type,occurred_at\nL1,form,2026-03-08\nL2,form,2026-03-07\n"
    crm = export.open(zone="America/New_York", activities=activities)
    assert times(crm, "activities", "occurred_at") == [
        "2026-03-09 03:59:59.999999",
        "2026-03-08 04:59:59.999999",
    ]


def test_an_activity_is_known_from_its_recording(export):
    crm = export.open(
        activities="lead_id,activity_type,occurred_at,recorded_at\n"
        "L1,form,2026-01-02T10:00:00Z,2026-01-05T10:00:00Z\n"
        "L2,form,2026-01-02T10:00:00Z,2026-01-01T10:00:00Z\n"
        "L3,form,2026-01-02T10:00:00Z,\n"
        "L4,form,,2026-01-05T10:00:00Z\n"
    )
    assert times(crm, "activities", "occurred_at") == [
        "2026-01-05 10:00:00",
        "2026-01-02 10:00:00",
        "2026-01-02 10:00:00",
        None,
    ]


def test_times_without_a_zone_are_refused(export):
    leads = "lead_id,Created\nL1,2026-01-02 10:00\nL2,2026-01-02T10:00:00Z\nL3,2026-01-02\n"
    mapping = Mapping(tables={"leads": {"columns": {"created_at": "Created"}}})
    with pytest.raises(DataError) as caught:
        export.open(mapping, leads=leads)
    assert str(caught.value) == (
        "leads.created_at (column 'Created'): 2 of 3 times name no time zone, written like "
        "'9999-99-99', '9999-99-99 99:99' (leads L1, L3). An hour's error moves leads over "
        "thresholds, so the zone is not guessed: write `time_zone: Europe/Berlin` (or UTC) into "
        'crm.yaml, for all tables or for this one, or connect(..., time_zone="UTC")'
    )


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_typed_times_without_a_zone_are_refused_too(unit):
    when = pd.Series(pd.to_datetime(["2026-01-02 10:00"])).astype(f"datetime64[{unit}]")
    frame = pd.DataFrame({"lead_id": ["L1"], "created_at": when})
    with pytest.raises(DataError, match=r"leads.created_at: 1 of 1 time name no time zone"):
        connect({"leads": frame}, observed_until="2026-10-01T00:00:00Z")
    crm = connect({"leads": frame}, observed_until="2026-10-01T00:00:00Z", time_zone="Asia/Tokyo")
    assert times(crm, "leads", "created_at") == ["2026-01-02 01:00:00"]


def test_a_table_may_have_a_zone_of_its_own(export):
    mapping = Mapping(time_zone="UTC", tables={"stage_changes": {"time_zone": "Asia/Tokyo"}})
    crm = export.open(mapping, stage_changes="lead_id,stage,entered_at\nL1,mql,2026-02-01 10:00\n")
    assert times(crm, "stage_changes", "entered_at") == ["2026-02-01 01:00:00"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("01/02/2026", '["%m/%d/%Y"] or ["%d/%m/%Y"]'),
        ("1.2.26", '["%m.%d.%y"] or ["%d.%m.%y"]'),
        ("01-02-2026 10:00:05", '["%m-%d-%Y %H:%M:%S"] or ["%d-%m-%Y %H:%M:%S"]'),
        ("1/2/2026 9:05 PM", '["%m/%d/%Y %I:%M %p"] or ["%d/%m/%Y %I:%M %p"]'),
    ],
)
def test_day_or_month_first_is_never_guessed(export, text, hint):
    leads = f"lead_id,created_at\nL1,{text}\nL2,2026-01-02\nL3,2026-01-02\n"
    with pytest.raises(DataError) as caught:
        export.open(zone="UTC", leads=leads)
    assert str(caught.value) == (
        f"leads.created_at: 1 value may be day/month or month/day, e.g. '{text}' (leads L1). "
        f"Declare the order in crm.yaml, for all tables or for this one: formats: {hint}"
    )


def test_the_suggested_format_works(export):
    assert created(export, "1/2/2026 9:05 PM", formats=("%m/%d/%Y %I:%M %p",)) == (
        "2026-01-02 21:05:00"
    )


def test_two_formats_that_disagree_are_refused(export):
    leads = "lead_id,created_at\nL1,01/02/2026\nL2,25/12/2026\n"
    with pytest.raises(DataError) as caught:
        export.open(Mapping(formats=("%m/%d/%Y", "%d/%m/%Y")), zone="UTC", leads=leads)
    assert str(caught.value) == (
        "leads.created_at: 1 value can be read in two ways by the declared formats, e.g. "
        "'01/02/2026' (leads L1): keep one format per table"
    )


def test_mostly_unreadable_times_are_refused_without_showing_them(export):
    leads = "lead_id,created_at\nL1,ann@example.com\nL2,Bob Jones\nL3,2026-01-02\nL4,\n"
    with pytest.raises(DataError) as caught:
        export.open(zone="UTC", leads=leads)
    assert str(caught.value) == (
        "leads.created_at: 2 of 3 values cannot be read as a time; they look like 'aaa aaaaa', "
        "'aaaaaaaaaaa.aaa' (9 is a digit, a is any letter; leads L1, L2). Is it the right column? "
        'Declare how times are written with `formats`, e.g. formats: ["%m/%d/%Y %H:%M"]'
    )


def test_a_few_unreadable_times_are_counted_and_kept(export):
    leads = "lead_id,created_at\nL1,2026-13-01\nL2,2026-01-02T00:00:00Z\nL3,2026-01-02T00:00:00Z\n"
    crm = export.open(leads=leads)
    finding = said(crm.findings, "unreadable_time")
    assert (finding.level, finding.n, finding.examples) == ("warning", 1, ("L1",))
    assert finding.text == (
        "leads.created_at: 1 value cannot be read as a time (written like '9999-99-99'); "
        "taken as missing"
    )
    assert times(crm, "leads", "created_at") == [None, *["2026-01-02 00:00:00"] * 2]


@pytest.mark.parametrize("values", [[1767322800000], [True], [1.5]])
def test_numbers_are_times_only_when_the_mapping_says_so(values):
    frame = pd.DataFrame({"lead_id": ["L1"], "created_at": values})
    with pytest.raises(DataError, match=r"leads.created_at is of type \w+: expected a time"):
        connect({"leads": frame}, observed_until="2026-10-01T00:00:00Z")


def test_declared_epoch_numbers_are_read():
    frame = pd.DataFrame({"lead_id": ["L1"], "created_at": [1767322800123]})
    mapping = Mapping(formats=("epoch_ms",))
    crm = connect({"leads": frame}, mapping=mapping, observed_until="2026-10-01T00:00:00Z")
    assert times(crm, "leads", "created_at") == ["2026-01-02 03:00:00.123"]


SCRIPT = """
import pandas as pd
from toolkit.crm import connect
frame = pd.DataFrame({
    "lead_id": ["L1", "L2", "L3", "L4"],
    "created_at": ["2026-01-02T10:00:00Z", "2026-07-02 10:00", "2026-07-02", "2026-01-02 10:00+05"],
    "seen": pd.to_datetime(["2026-01-02 10:00"] * 4, utc=True),
})
crm = connect({"leads": frame}, observed_until="2026-10-01", time_zone="Europe/Berlin")
print(crm.observed_until)
for connection in (crm.connection, crm.connection.cursor()):
    print(connection.execute("SELECT * FROM leads ORDER BY lead_id").fetchall())
    print(connection.execute("SELECT current_setting('TimeZone')").fetchall())
"""


def test_the_zone_of_the_machine_changes_nothing():
    outputs = {
        subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone in ("UTC", "America/New_York", "Asia/Kolkata")
    }
    assert len(outputs) == 1
    assert "datetime.datetime(2026, 7, 2, 8, 0)" in outputs.pop()
