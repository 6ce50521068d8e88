"""The same rows from every kind of source, in any order and any number of parts."""

from __future__ import annotations

import shutil

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.crm.rows import content, rows
from toolkit.crm import CONTRACT, connect

MAPPING = {
    "observed_until": "2026-10-01T00:00:00Z",
    "time_zone": "America/New_York",
    "missing": ["Select"],
    "formats": ["%m/%d/%Y %H:%M"],
    "tables": {"leads": {"columns": {"lead_id": "Id", "account_id": "Account"}}},
    "activity_roles": {"sales": ["Call"]},
    "stages": {"mql": ["MQL", "Marketing Qualified"]},
    "decisions": {"accepted": ["Yes"], "rejected": ["No"]},
}

TIMES = st.sampled_from(
    [
        "2026-01-02T10:00:00Z",
        "2026-03-08 02:30",
        "2026-07-01",
        "7/1/2026 9:05",
        "2026-01-02 10:00:00.25+02",
    ]
)
IDS = st.sampled_from(["L1", "L2", " L3", "l1", "Select"])


def table(**columns):
    return st.lists(st.fixed_dictionaries(columns), min_size=1, max_size=6)


TABLES = st.fixed_dictionaries(
    {
        "leads": table(
            Id=IDS, created_at=TIMES, Account=st.sampled_from(["A", "", "select"]), Title=st.sampled_from(["VP", " CEO ", "", 'a "b", c'])
        ),
        "activities": table(
            lead_id=IDS, activity_type=st.sampled_from(["call", "Form"]), occurred_at=TIMES,
            recorded_at=TIMES, is_machine=st.sampled_from(["yes", "0", "TRUE", ""]),
        ),
        "stage_changes": table(
            lead_id=IDS, stage=st.sampled_from(["mql", "Marketing qualified", "Won"]), entered_at=TIMES
        ),
        "sales_feedback": table(
            lead_id=IDS, decision=st.sampled_from(["yes", "No", "recycled", ""]), decided_at=TIMES
        ),
        "lead_changes": table(
            lead_id=IDS, field=st.sampled_from(["Title", "Size"]), valid_from=TIMES,
            value=st.sampled_from(["VP", " 5", "", "select"]), recorded_at=TIMES,
        ),
        "lead_merges": table(loser_id=IDS, winner_id=IDS, merged_at=TIMES),
        "score_history": table(
            lead_id=IDS, changed_at=TIMES, new_value=st.sampled_from(["5", "-3.5", "", "?"])
        ),
        "model_versions": table(
            version=st.sampled_from(["1", " v2", ""]), valid_from=TIMES, file=st.sampled_from(["a.yaml", ""])
        ),
        "moments": table(lead_id=IDS, moment=TIMES),
    }
)  # fmt: skip


def frames_of(tables):
    return {name: pd.DataFrame(listed) for name, listed in tables.items()}


def write(frames, folder, kind):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, frame in frames.items():
        if kind == "csv":
            frame.to_csv(folder / f"{name}.csv", index=False)
        else:
            frame.to_parquet(folder / f"{name}.parquet")
    if kind != "duckdb":
        return folder
    database = folder / "crm.duckdb"
    with duckdb.connect(str(database)) as made:
        for name in frames:
            made.execute(f"CREATE TABLE {name} AS FROM read_parquet('{folder}/{name}.parquet')")
    return database


@settings(max_examples=8)  # four connections each
@given(TABLES)
def test_every_kind_of_source_gives_the_same_rows(tmp_path, tables):
    frames = frames_of(tables)
    expected = content(connect(frames, mapping=MAPPING))
    assert [len(expected[name]) for name in CONTRACT] == [len(tables[name]) for name in CONTRACT]
    for kind in ("csv", "parquet", "duckdb"):
        source = write(frames, tmp_path / "export", kind)
        assert content(connect(source, mapping=MAPPING)) == expected


@settings(max_examples=12)
@given(TABLES, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_changes_nothing(tables, random):
    frames = frames_of(tables)
    shuffled = {}
    for name, frame in frames.items():
        order, columns = list(range(len(frame))), list(frame.columns)
        random.shuffle(order)
        random.shuffle(columns)
        shuffled[name] = frame.iloc[order][columns]
    before, after = connect(frames, mapping=MAPPING), connect(shuffled, mapping=MAPPING)
    for name in CONTRACT:
        listed = [row[0] for row in before.connection.execute(f"DESCRIBE {name}").fetchall()]
        same = ", ".join(column for column in listed if column != "row_id")
        assert rows(after, name, same) == rows(before, name, same)
    assert sorted(map(repr, after.findings)) == sorted(map(repr, before.findings))


@settings(max_examples=12)
@given(TABLES, st.sampled_from(["csv", "parquet"]), st.integers(0, 6))
def test_splitting_a_file_changes_nothing(tmp_path, tables, kind, cut):
    frames = frames_of(tables)
    folder = write(frames, tmp_path / "export", kind)
    expected = content(connect(folder, mapping=MAPPING))
    for name, frame in frames.items():
        (folder / f"{name}.{kind}").unlink()
        (folder / name).mkdir()
        for i, part in enumerate((frame.iloc[:cut], frame.iloc[cut:])):
            turned = part[part.columns[::-1]] if i else part
            path = folder / name / f"part{i}.{kind}"
            turned.to_csv(path, index=False) if kind == "csv" else turned.to_parquet(path)
    split = connect(folder, mapping=MAPPING)
    assert content(split) == expected
    numbers = rows(split, "leads", "row_id")
    assert len(set(numbers)) == len(tables["leads"])


def test_typed_and_text_sources_agree():
    text = {
        "leads": pd.DataFrame(
            {"lead_id": ["1", "2"], "created_at": ["2026-01-02T10:00:00Z", "2026-01-02 10:00"]}
        ),
        "activities": pd.DataFrame(
            {
                "lead_id": ["1", "2"], "activity_type": ["form", ""],
                "occurred_at": ["2026-03-01", ""], "is_machine": ["true", "no"],
            }
        ),
    }  # fmt: skip
    typed = {
        "leads": pd.DataFrame(
            {
                "lead_id": [1, 2],
                "created_at": pd.to_datetime(["2026-01-02T10:00Z", "2026-01-02T15:00Z"], utc=True),
            }
        ),
        "activities": pd.DataFrame(
            {
                "lead_id": np.array([1, 2], dtype="int32"),
                "activity_type": pd.Categorical(["form", None]),
                "occurred_at": [pd.Timestamp("2026-03-01").date(), None],
                "is_machine": pd.array([True, False], dtype="boolean"),
            }
        ),
    }
    settings = {"observed_until": "2026-10-01", "time_zone": "America/New_York"}
    assert content(connect(typed, **settings)) == content(connect(text, **settings))


def test_parquet_is_read_where_it_is_and_csv_is_copied_once(tmp_path):
    frame = pd.DataFrame({"lead_id": ["L1"], "created_at": ["2026-01-02T10:00:00Z"]})
    for kind, expected in (("parquet", "VIEW"), ("csv", "BASE TABLE")):
        crm = connect(
            write({"leads": frame}, tmp_path / kind, kind), observed_until="2026-10-01T00:00:00Z"
        )
        query = "SELECT table_type FROM information_schema.tables WHERE table_name = 'leads'"
        assert crm.connection.execute(query).fetchall() == [(expected,)]


def test_canonical_columns_and_types():
    frame = pd.DataFrame({"lead_id": ["L1"], "created_at": ["2026-01-02T10:00:00Z"], "Size": [5]})
    crm = connect({"leads": frame}, observed_until="2026-10-01T00:00:00Z")
    described = {
        name: [tuple(row[:2]) for row in crm.connection.execute(f"DESCRIBE {name}").fetchall()]
        for name in CONTRACT
    }
    assert described["leads"] == [
        ("row_id", "BIGINT"), ("lead_id", "VARCHAR"), ("created_at", "TIMESTAMP"),
        ("Size", "BIGINT"), ("account_id", "VARCHAR"),
    ]  # fmt: skip
    assert set(described["activities"]) == {
        ("lead_id", "VARCHAR"), ("activity_type", "VARCHAR"), ("occurred_at", "TIMESTAMP"),
        ("recorded_at", "TIMESTAMP"), ("is_machine", "BOOLEAN"), ("role", "VARCHAR"),
    }  # fmt: skip
    assert set(described["stage_changes"]) == {
        ("lead_id", "VARCHAR"), ("stage", "VARCHAR"), ("entered_at", "TIMESTAMP"),
        ("left_at", "TIMESTAMP"), ("is_date_only", "BOOLEAN"),
    }  # fmt: skip
    assert set(described["sales_feedback"]) == {
        ("lead_id", "VARCHAR"), ("decided_at", "TIMESTAMP"), ("decision", "VARCHAR"),
        ("reason_code", "VARCHAR"), ("is_date_only", "BOOLEAN"),
    }  # fmt: skip
    assert set(described["lead_changes"]) == {
        ("lead_id", "VARCHAR"), ("field", "VARCHAR"), ("value", "VARCHAR"),
        ("valid_from", "TIMESTAMP"), ("old_value", "VARCHAR"), ("recorded_at", "TIMESTAMP"),
    }  # fmt: skip
    assert set(described["lead_merges"]) == {
        ("loser_id", "VARCHAR"), ("winner_id", "VARCHAR"), ("merged_at", "TIMESTAMP"),
    }  # fmt: skip
    assert set(described["score_history"]) == {
        ("lead_id", "VARCHAR"), ("changed_at", "TIMESTAMP"), ("new_value", "DOUBLE"),
        ("delta", "DOUBLE"), ("old_value", "DOUBLE"), ("score_name", "VARCHAR"),
        ("reason", "VARCHAR"), ("model_version", "VARCHAR"),
    }  # fmt: skip
    assert set(described["model_versions"]) == {
        ("version", "VARCHAR"), ("valid_from", "TIMESTAMP"), ("file", "VARCHAR"),
    }  # fmt: skip
    assert set(described["moments"]) == {("lead_id", "VARCHAR"), ("moment", "TIMESTAMP")}
    assert crm.tables == {"leads"}


def test_times_in_other_columns_are_naive_utc_too():
    frame = pd.DataFrame(
        {
            "lead_id": ["L1"],
            "created_at": ["2026-01-02T10:00:00Z"],
            "last": pd.to_datetime(["2026-01-02 10:00+02:00"], utc=True).tz_convert("Asia/Tokyo"),
        }
    )
    crm = connect({"leads": frame}, observed_until="2026-10-01T00:00:00Z")
    query = "SELECT typeof(last), CAST(last AS VARCHAR) FROM leads"
    assert crm.connection.execute(query).fetchall() == [("TIMESTAMP", "2026-01-02 08:00:00")]


@pytest.mark.parametrize(
    ("text", "flag"),
    [("true", True), ("YES", True), ("1", True), (" y ", True), ("false", False), ("0", False),
     ("no", False), ("", False), ("maybe", False)],
)  # fmt: skip
def test_is_machine_is_read_from_text(export, text, flag):
    crm = export.open(
        activities=f"lead_id,activity_type,occurred_at,is_machine\nL1,form,2026-02-01T00:00:00Z,{text}\n"
    )
    assert rows(crm, "activities", "is_machine") == [(flag,)]
    unknown = [f for f in crm.findings if f.code == "unknown_flag"]
    assert [f.text for f in unknown] == (
        ["is_machine is neither yes nor no, taken as no: maybe (1)"] if text == "maybe" else []
    )


@pytest.mark.parametrize("blank", ["", "  ", "\t", "\u00a0", "Select", " SELECT "])
def test_blank_and_sentinel_texts_are_missing(blank):
    frame = pd.DataFrame(
        {
            "lead_id": ["L1", blank],
            "created_at": ["2026-01-02T10:00:00Z", blank],
            "Title": ["x", blank],
        }
    )
    crm = connect(
        {"leads": frame}, mapping={"missing": ["Select"]}, observed_until="2026-10-01T00:00:00Z"
    )
    assert rows(crm, "leads", "lead_id, created_at IS NULL, Title") == [
        ("L1", False, "x"),
        (None, True, None),
    ]


def test_ids_are_trimmed_in_parquet_too(tmp_path):
    frame = pd.DataFrame({"lead_id": ["L1", "L2 "], "created_at": ["2026-01-02T10:00:00Z"] * 2})
    crm = connect(
        write({"leads": frame}, tmp_path / "x", "parquet"), observed_until="2026-10-01T00:00:00Z"
    )
    assert rows(crm, "leads", "lead_id") == [("L1",), ("L2",)]


def test_a_missing_truth_value_is_not_a_machine():
    frames = {
        "leads": pd.DataFrame({"lead_id": ["L1"], "created_at": ["2026-01-02T10:00:00Z"]}),
        "activities": pd.DataFrame(
            {
                "lead_id": ["L1"] * 3,
                "activity_type": ["form"] * 3,
                "occurred_at": ["2026-02-01T00:00:00Z"] * 3,
                "is_machine": pd.array([True, False, None], dtype="boolean"),
            }
        ),
    }
    crm = connect(frames, observed_until="2026-10-01T00:00:00Z")
    assert rows(crm, "activities", "is_machine") == [(False,), (False,), (True,)]
