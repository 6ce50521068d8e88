"""Finding tables in folders, DuckDB files and frames; CSV files as they really are."""

from __future__ import annotations

import gzip

import duckdb
import pandas as pd
import pytest

from tests.crm.conftest import LEADS, UNTIL
from tests.crm.rows import rows, said
from toolkit.crm import connect
from toolkit.errors import DataError, MappingError, SourceError

HEAD = "lead_id,created_at,note\n"
ROW = "L1,2026-01-02T10:00:00Z,"


def refused(export, *, kind=SourceError, **tables):
    with pytest.raises(kind) as caught:
        export.open(**tables)
    return str(caught.value)


def notes(export, content):
    export.write("leads.csv", content)
    crm = connect(export.folder, observed_until=UNTIL)
    return [row[0] for row in rows(crm, "leads", "note")], crm.findings


# --- what is not there --------------------------------------------------------------------------


def test_a_folder_that_is_not_there_is_named_with_its_neighbours(export):
    with pytest.raises(SourceError) as caught:
        connect(export.folder.with_name("exprot"), observed_until=UNTIL)
    assert str(caught.value) == (
        "there is no file or folder 'exprot': did you mean 'export'? There are: export"
    )


def test_a_folder_without_leads_says_what_it_has(export):
    export.write("lead.csv", LEADS)
    with pytest.raises(SourceError) as caught:
        connect(export.folder, observed_until=UNTIL)
    assert str(caught.value) == (
        "the folder 'export' has no table 'leads' (one row per lead): did you mean 'lead.csv'? "
        "There are: lead.csv. Name it in crm.yaml under tables: leads: (file: ..., or table: ... "
        "in a .duckdb file)"
    )


def test_a_missing_column_is_named_with_the_nearest_ones(export):
    assert refused(export, leads="Lead Id,created_at,Name\nL1,2026-01-01T00:00:00Z,x\n") == (
        "leads.csv has no column 'lead_id', which the table 'leads' needs: did you mean "
        "'Lead Id'? There are: Lead Id, created_at, Name. Say which one it is in crm.yaml: "
        "tables: {leads: {columns: {lead_id: <its name>}}}"
    )


def test_a_file_without_a_header_shows_no_address(export):
    text = refused(export, leads="L1,2026-01-01,ann@example.com\n")
    assert "has no column 'lead_id'" in text
    assert "ann@" not in text


def test_an_empty_lead_table_is_refused(export):
    assert refused(export, kind=DataError, leads="lead_id,created_at\n") == (
        "the table 'leads' has no rows: expected one row per lead; check the export's filter"
    )


def test_an_empty_file_is_refused(export):
    assert refused(export, leads="") == (
        "leads.csv is empty: expected a header line and rows below it"
    )


def test_other_objects_are_refused():
    with pytest.raises(SourceError, match=r"cannot connect to DataFrame: expected a path, or a"):
        connect(pd.DataFrame({"lead_id": ["L1"]}))


def test_one_table_in_two_files_is_refused(export):
    export.write("leads.parquet", b"")
    assert refused(export, leads=LEADS) == (
        "the folder 'export' has more than one 'leads': leads.csv, leads.parquet. Keep one, or "
        "name it in crm.yaml under tables: leads: file:"
    )


def test_csv_and_parquet_parts_do_not_mix(export):
    export.write("a.csv", LEADS)
    export.write("b.parquet", b"")
    with pytest.raises(SourceError, match=r"spread over CSV and Parquet files \(a.csv, b.parquet"):
        export.open({"tables": {"leads": {"file": ["a.csv", "b.parquet"]}}}, leads=LEADS)


def test_a_file_that_only_looks_like_parquet_is_refused(export):
    export.write("leads.parquet", b"lead_id,created_at")
    with pytest.raises(SourceError) as caught:
        connect(export.folder, observed_until=UNTIL)
    assert str(caught.value) == "leads.parquet cannot be read as Parquet; export it again"


# --- names of columns ---------------------------------------------------------------------------


def test_a_column_that_stands_twice_is_refused(export):
    assert refused(export, leads="lead_id,created_at,Title,Title\n") == (
        "leads.csv has the column 'Title' twice: which one is meant cannot be told. "
        "Rename one in the export"
    )


def test_columns_that_differ_only_in_case_are_refused(export):
    assert refused(export, leads="lead_id,created_at,Title,title\n") == (
        "leads.csv has the columns 'Title' and 'title', which differ only in capital letters: "
        "rename one in the export"
    )


def test_twins_are_refused_in_frames_and_parquet_too(export):
    frame = pd.DataFrame([["L1", "x", "y"]], columns=["lead_id", "created_at", "Created_At"])
    with pytest.raises(SourceError, match=r"the frame 'leads' has the columns 'created_at' and"):
        connect({"leads": frame}, observed_until=UNTIL)
    frame.to_parquet(export.folder / "leads.parquet")
    with pytest.raises(SourceError, match=r"leads.parquet has the columns 'created_at' and"):
        connect(export.folder, observed_until=UNTIL)


@pytest.mark.parametrize(
    "name", ['a"b', "a'b", '"; DROP TABLE leads; --', "select", "x y", "Größe", "a]b[c", "$1"]
)
@pytest.mark.parametrize("parquet", [False, True])
def test_names_with_quotes_or_sql_are_only_names(export, name, parquet):
    frame = pd.DataFrame({"lead_id": ["L1"], "created_at": ["2026-01-01T00:00:00Z"], name: ["v"]})
    if parquet:
        frame.to_parquet(export.folder / "leads.parquet")
    else:
        frame.to_csv(export.folder / "leads.csv", index=False)
    crm = connect(export.folder, observed_until=UNTIL)
    assert [row[0] for row in crm.connection.execute("DESCRIBE leads").fetchall()][3] == name
    assert rows(crm, "leads", "#4") == [("v",)]


@pytest.mark.parametrize("text", ["'); DROP TABLE leads; --", 'a"b', "O'Neil", "%s", "?"])
def test_texts_of_the_mapping_are_only_texts(export, text):
    mapping = {
        "missing": [f"not {text}"],
        "activity_roles": {"sales": [text]},
        "stages": {"mql": [text]},
        "decisions": {"accepted": [text]},
    }
    field = '"' + text.replace('"', '""') + '"'
    crm = export.open(
        mapping,
        activities=f"lead_id,activity_type,occurred_at\nL1,{field},2026-02-01T00:00:00Z\n",
        stage_changes=f"lead_id,stage,entered_at\nL1,{field},2026-02-01T00:00:00Z\n",
        sales_feedback=f"lead_id,decision,decided_at\nL1,{field},2026-02-01T00:00:00Z\n",
    )
    assert rows(crm, "activities", "activity_type, role") == [(text, "sales")]
    assert rows(crm, "stage_changes", "stage") == [("mql",)]
    assert rows(crm, "sales_feedback", "decision") == [("accepted",)]
    assert len(rows(crm, "leads")) == 2


def test_a_column_with_one_of_our_names_is_kept_beside_ours(export):
    crm = export.open(
        {"tables": {"leads": {"columns": {"lead_id": "Id"}}}},
        leads="Id,lead_id,created_at,row_id\nL1,old,2026-01-01T00:00:00Z,77\n",
        activities="lead_id,activity_type,occurred_at,role\nL1,form,2026-02-01T00:00:00Z,CTO\n",
    )
    assert rows(crm, "leads", 'lead_id, "lead_id (source)", "row_id (source)"') == [
        ("L1", "old", "77")
    ]
    assert rows(crm, "activities", 'role, "role (source)"') == [("marketing", "CTO")]
    assert said(crm.findings, "renamed_column", "activities").text == (
        "activities.csv has its own column 'role'; it is kept as 'role (source)'"
    )


def test_a_column_without_a_name_gets_one(export):
    crm = export.open(leads="lead_id,created_at,\nL1,2026-01-01T00:00:00Z,x\n")
    assert rows(crm, "leads", '"column 3"') == [("x",)]


# --- CSV ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (HEAD + ROW + '"a, ""b"""\n', ['a, "b"']),
        (HEAD + ROW + '"two\nlines"\n', ["two\nlines"]),
        (HEAD.replace("\n", "\r\n") + ROW + '"two\nlines"\r\n', ["two\nlines"]),
        (HEAD + ROW + "x\n\n\n", ["x"]),
        ("\n\n" + HEAD + ROW + "x", ["x"]),
        (HEAD + ROW + "\n", [None]),
        (HEAD + ROW + '"  "\n', [None]),
        ("\ufeff" + HEAD + ROW + "café\n", ["café"]),
        ('"lead_id","created_at","note"\n' + ROW + "#NULL\n", ["#NULL"]),
    ],
)
def test_csv_is_read_as_it_is_written(export, content, values):
    found, findings = notes(export, content)
    assert found == values
    assert not [f for f in findings if f.table == "leads"]


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_other_separators_are_detected_and_noted(export, mark, word):
    found, findings = notes(export, (HEAD + ROW + "x\n").replace(",", mark))
    assert found == ["x"]
    note = said(findings, "delimiter")
    assert (note.level, note.text) == ("note", f"leads.csv separates columns by {word}")


def test_tabs_in_a_tsv_are_no_news(export):
    export.write("leads.tsv", (HEAD + ROW + "x\n").replace(",", "\t"))
    crm = connect(export.folder, observed_until=UNTIL)
    assert not [f for f in crm.findings if f.code == "delimiter"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark_is_read_and_noted(export, encoding):
    mark = "" if encoding == "utf-16" else "\ufeff"
    found, findings = notes(export, (mark + HEAD + ROW + "café Ω\n").encode(encoding))
    assert found == ["café Ω"]
    assert said(findings, "encoding").text == "leads.csv is UTF-16; it was read as such"


def test_utf_16_without_its_mark_is_refused(export):
    assert refused(export, leads=(HEAD + ROW + "x\n").encode("utf-16-le")) == (
        "leads.csv looks like UTF-16 without a byte order mark (it is full of zero bytes): "
        "save it as UTF-8, or set `encoding: utf-16-le` for the table in crm.yaml"
    )


def test_another_encoding_is_refused_with_its_line(export):
    assert refused(export, leads=(HEAD + ROW + "x\n" + ROW + "café\n").encode("cp1252")) == (
        "leads.csv is not UTF-8: line 3 has the byte 0xe9. Save it as UTF-8, or set "
        "`encoding: cp1252` (Windows, Western Europe) for the table in crm.yaml"
    )


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16-le", "utf-8"])
@pytest.mark.parametrize("for_table", [False, True])
def test_a_declared_encoding_is_used(export, encoding, for_table):
    said_so = {"encoding": encoding}
    mapping = {"tables": {"leads": said_so}} if for_table else said_so
    crm = export.open(mapping, leads=(HEAD + ROW + "café\n").encode(encoding))
    assert rows(crm, "leads", "note") == [("café",)]


def test_a_wrong_declared_encoding_is_refused(export):
    with pytest.raises(SourceError) as caught:
        export.open({"encoding": "ascii"}, leads=HEAD + ROW + "café\n")
    assert str(caught.value) == (
        "leads.csv cannot be read as ASCII (ordinal not in range(128)): set the right `encoding` "
        "for the table in crm.yaml, or save the file as UTF-8"
    )


def test_a_ragged_row_is_named_by_its_line(export):
    short = HEAD + ROW + '"two\nlines"\n' + "L2,2026-01-02T10:00:00Z\n"
    assert refused(export, leads=short) == (
        "leads.csv, line 4: found 2 columns, expected 3 as in the header: put values that "
        "contain the separator in quotes"
    )
    assert "line 2: found 4 columns, expected 3" in refused(export, leads=HEAD + ROW + "Bob,x\n")


def test_an_open_quote_is_named_by_its_line_and_shows_nothing(export):
    content = HEAD + ROW + '"two\nlines"\n' + ROW + '"Bob Jones\n' + ROW + "x\n"
    assert refused(export, leads=content) == (
        "leads.csv, line 4: a quote is opened and not closed properly: close it, or write a "
        'quote inside a value twice ("")'
    )


def test_an_open_quote_in_a_long_file_is_found_too(export):
    content = HEAD + ROW + '"open\n' + (ROW + "x\n") * 100_000
    assert "leads.csv, line 2: a quote is opened" in refused(export, leads=content)


def test_mixed_line_ends_are_refused(export):
    assert refused(export, leads=HEAD + ROW + "x\r\n" + ROW + "y\n") == (
        "leads.csv: this is not regular CSV (mixed line ends or stray quotes): export it again "
        "as CSV with quoted values, or as Parquet"
    )


def test_compressed_csv_is_read(export):
    export.write("leads.csv.gz", gzip.compress((HEAD + ROW + "x\n").encode()))
    assert rows(connect(export.folder, observed_until=UNTIL), "leads", "note") == [("x",)]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_parts_must_have_the_same_columns(export, kind):
    (export.folder / "leads").mkdir()
    for name, extra in (("1", "Title"), ("2", "Role")):
        frame = pd.DataFrame(columns=["lead_id", "created_at", extra], dtype="str")
        path = export.folder / "leads" / f"{name}.{kind}"
        frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    with pytest.raises(SourceError) as caught:
        connect(export.folder, observed_until=UNTIL)
    assert str(caught.value) == (
        f"1.{kind} and 2.{kind} are parts of 'leads' but do not have the same columns; they "
        "differ in Role, Title"
    )


def test_parts_with_and_without_zones_are_refused(export):
    (export.folder / "leads").mkdir()
    for name, zoned in (("1", True), ("2", False), ("3", None)):
        when = pd.to_datetime(["2026-01-02"], utc=bool(zoned)) if zoned is not None else [None]
        frame = pd.DataFrame({"lead_id": ["L1"], "created_at": when, "x": [5 if zoned else "a"]})
        frame.to_parquet(export.folder / "leads" / f"{name}.parquet")
    with pytest.raises(DataError) as caught:
        connect(export.folder, observed_until=UNTIL, time_zone="Asia/Tokyo")
    assert str(caught.value) == (
        "1.parquet and 2.parquet do not fit together: column 'created_at' holds times with a zone "
        "in one and times without a zone in the other; write both the same way"
    )
    (export.folder / "leads" / "2.parquet").unlink()
    crm = connect(export.folder, observed_until=UNTIL, time_zone="Asia/Tokyo")
    assert [str(row[0]) for row in rows(crm, "leads", "created_at")] == [
        "2026-01-02 00:00:00",
        "None",
    ]


def test_a_column_of_structures_is_kept(export):
    frame = pd.DataFrame(
        {"lead_id": ["L1"], "created_at": ["2026-01-01T00:00:00Z"], "f": [{"a": 1}]}
    )
    frame.to_parquet(export.folder / "leads.parquet")
    assert rows(connect(export.folder, observed_until=UNTIL), "leads", "f") == [({"a": 1},)]


def test_a_damaged_gzip_is_refused(export):
    export.write("leads.csv.gz", b"not gzip at all")
    with pytest.raises(SourceError, match=r"cannot read leads.csv.gz: Not a gzipped file"):
        connect(export.folder, observed_until=UNTIL)


def test_a_blank_header_is_refused(export):
    assert refused(export, leads=" , ,\nL1,x,y\n") == (
        "leads.csv has no header line: expected column names in its first line"
    )


def test_a_pattern_names_the_parts(export):
    export.write("leads_2025.csv", LEADS)
    export.write("leads_2026.csv", LEADS.replace("L1", "L3").replace("L2", "L4"))
    crm = export.open({"tables": {"leads": {"file": "leads_*.csv"}}})
    assert rows(crm, "leads", "lead_id") == [("L1",), ("L2",), ("L3",), ("L4",)]


def test_a_folder_with_wildcards_in_its_name_is_read(tmp_path):
    folder = tmp_path / "crm [2026]*"
    folder.mkdir()
    frame = pd.DataFrame({"lead_id": ["L1"], "created_at": ["2026-01-01T00:00:00Z"]})
    frame.to_csv(folder / "leads.csv", index=False)
    frame.rename(columns={"created_at": "entered_at"}).assign(stage="mql").to_parquet(
        folder / "stage_changes.parquet"
    )
    crm = connect(folder, observed_until=UNTIL)
    assert len(rows(crm, "leads")) == len(rows(crm, "stage_changes")) == 1


# --- frames and DuckDB files --------------------------------------------------------------------


def test_an_unknown_frame_is_refused():
    frame = pd.DataFrame({"lead_id": ["L1"]})
    with pytest.raises(SourceError, match=r"no table is called 'lead': did you mean 'leads'\?"):
        connect({"lead": frame}, observed_until=UNTIL)
    with pytest.raises(SourceError, match=r"there is no frame 'leads': there are: activities"):
        connect({"activities": frame}, observed_until=UNTIL)


def test_the_frame_is_not_changed_and_later_changes_do_not_matter():
    frame = pd.DataFrame({"lead_id": [" L1 "], "created_at": ["2026-01-01T00:00:00Z"]}, index=[7])
    before = frame.copy()
    crm = connect({"leads": frame}, observed_until=UNTIL)
    pd.testing.assert_frame_equal(frame, before)
    frame["lead_id"] = "changed"
    assert rows(crm, "leads", "lead_id") == [("L1",)]


def test_mixed_types_in_a_frame_are_read_as_text():
    frame = pd.DataFrame(
        {"lead_id": [1, "a"], "created_at": ["2026-01-01T00:00:00Z"] * 2, "none": [None, None]}
    )
    crm = connect({"leads": frame}, observed_until=UNTIL)
    assert rows(crm, "leads", "lead_id, none") == [("1", None), ("a", None)]
    assert said(crm.findings, "mixed_types").text == (
        "the frame 'leads' mixes types in column 'lead_id'; read as text"
    )


def test_whole_numbers_as_floats_are_ids():
    frame = pd.DataFrame(
        {"lead_id": [1.0, 2.0], "created_at": ["2026-01-01T00:00:00Z"] * 2, "account_id": [7, None]}
    )
    crm = connect({"leads": frame}, observed_until=UNTIL)
    assert rows(crm, "leads", "lead_id, account_id") == [("1", "7"), ("2", None)]


@pytest.mark.parametrize("damaged", [1.5, 1e17])
def test_damaged_float_ids_are_refused(damaged):
    frame = pd.DataFrame({"lead_id": [1.0, damaged], "created_at": ["2026-01-01T00:00:00Z"] * 2})
    with pytest.raises(DataError) as caught:
        connect({"leads": frame}, observed_until=UNTIL)
    assert str(caught.value) == (
        "leads.lead_id holds floating-point numbers, and 1 of them are no whole numbers below "
        "2^53, so digits of the ids are lost: read ids as text when you export or load them"
    )


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "export.duckdb"
    made = duckdb.connect(str(path))
    made.execute(
        "CREATE TABLE raw AS SELECT 'L1' AS lead_id, TIMESTAMPTZ '2026-01-01 00:00:00Z' AS t"
    )
    made.execute("CREATE VIEW leads AS SELECT lead_id, t AS created_at FROM raw")
    made.execute("CREATE SCHEMA crm")
    made.execute(
        "CREATE TABLE crm.moves AS SELECT 'L1' AS lead_id, 'mql' AS stage, DATE '2026-02-01' AS entered_at"
    )
    made.close()
    return path


def test_views_and_schemas_of_a_duckdb_file_are_read(database):
    mapping = {"time_zone": "UTC", "tables": {"stage_changes": {"table": "crm.moves"}}}
    crm = connect(database, mapping=mapping, observed_until=UNTIL)
    assert crm.source == "export.duckdb"
    assert rows(crm, "leads", "lead_id") == [("L1",)]
    assert rows(crm, "stage_changes", "stage") == [("mql",)]
    assert crm.connection.cursor().execute("SELECT count(*) FROM leads").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"table": "moved"}, "export.duckdb has no table 'moved': did you mean 'moves'?"),
        ({"file": "x.csv"}, "'file' is for folders; in export.duckdb give 'table'"),
    ],
)
def test_a_table_that_is_not_in_the_duckdb_file_is_refused(database, entry, message):
    with pytest.raises(MappingError) as caught:
        connect(database, mapping={"tables": {"stage_changes": entry}}, observed_until=UNTIL)
    assert message in str(caught.value)


def test_table_is_refused_for_a_folder(export):
    with pytest.raises(MappingError, match=r"'table' is for .duckdb files; in the folder export"):
        export.open({"tables": {"leads": {"table": "x"}}})


def test_a_file_of_another_kind_is_refused_as_duckdb(export):
    path = export.write("crm.xlsx", "x" * 100)
    with pytest.raises(SourceError) as caught:
        connect(path, observed_until=UNTIL)
    assert str(caught.value) == (
        "crm.xlsx cannot be opened as a DuckDB file: expected a folder of CSV or Parquet files, a "
        ".duckdb file that no other program holds open, or a mapping (crm.yaml)"
    )


def test_an_error_leaves_the_duckdb_file_free(database):
    with pytest.raises(MappingError) as caught:
        connect(database, mapping={"tables": {"activities": {}}}, observed_until=UNTIL)
    duckdb.connect(str(database)).close()
    assert caught.tb is not None  # it keeps the failed frames, and their connection, alive
