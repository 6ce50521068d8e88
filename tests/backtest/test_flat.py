"""A flat file with a score and an outcome: read with care, never called point-in-time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from toolkit.backtest import count_scores, read_scored
from toolkit.errors import DataError, SourceError

TEXT = (
    "Id,Activity Score,Profile Score,Converted\n1,15,15,0\n2,14,20,1\n3,,20,1\n4,16,,0\n5,17,10,\n"
)


def write(folder: Path, text: str, name: str = "leads.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_every_row_is_used_or_counted(tmp_path: Path) -> None:
    backtest = read_scored(write(tmp_path, TEXT), score="Activity Score", outcome="Converted")
    flow = dict(zip(backtest.flow["step"], backtest.flow["n"], strict=True))
    assert flow == {
        "rows imported": 5,
        "no score": 1,
        "a score but no outcome": 1,
        "converted": 1,
        "not_converted": 2,
        "immature": 0,
        "unworked": 0,
    }
    assert backtest.flow["remaining"].iloc[-1] == 3


def test_two_columns_are_added_and_a_missing_part_is_no_score(tmp_path: Path) -> None:
    backtest = read_scored(
        write(tmp_path, TEXT), score=["Activity Score", "Profile Score"], outcome="Converted"
    )
    assert backtest.rows()["score"].tolist() == [30, 34]
    assert "The score is the sum of Activity Score and Profile Score." in (
        backtest.provenance.caveats
    )


def test_nothing_is_point_in_time_unless_declared(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    plain = read_scored(path, score="Activity Score", outcome="Converted").provenance
    assert not plain.point_in_time
    assert plain.caveats[0].startswith("Nothing here is point-in-time: the file has no dates")
    declared = read_scored(
        path, score="Activity Score", outcome="Converted", scored_before_outcome=True
    ).provenance
    assert declared.point_in_time
    assert "The analyst declared" in declared.caveats[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_of_real_exports_are_read(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    path = write(tmp_path, TEXT.replace(",", delimiter), encoding=encoding)
    assert count_scores(read_scored(path, score="Activity Score", outcome="Converted")).n == 3


def test_parquet_and_frames_give_the_same_counts(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    frame = pd.read_csv(path)
    frame.to_parquet(tmp_path / "leads.parquet")
    sources = [path, frame, tmp_path / "leads.parquet"]
    found = [
        count_scores(read_scored(s, score="Activity Score", outcome="Converted")).frame
        for s in sources
    ]
    pd.testing.assert_frame_equal(found[0], found[1])
    pd.testing.assert_frame_equal(found[0], found[2])


@pytest.mark.parametrize("words", [("yes", "No"), ("TRUE", "false"), ("1", "0"), ("1.0", "0.0")])
def test_outcomes_are_read_in_the_usual_words(tmp_path: Path, words: tuple[str, str]) -> None:
    path = write(tmp_path, f"s,y\n5,{words[0]}\n6, {words[1]} \n")
    assert read_scored(path, score="s", outcome="y").rows()["state"].tolist() == [
        "converted",
        "not_converted",
    ]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("s,y\nhot,1\n7,0\n", DataError, r"leads.csv, column 's': expected a number of points; found 'hot' in 1 rows, the first in data row 1"),
        ("s,y\n7,0\n0.35,1\n", DataError, r"expected whole points \(multiply the column.*found '0.35' in 1 rows, the first in data row 2"),
        ("s,y\n7,maybe\n", DataError, r"column 'y': expected 1/0, true/false or yes/no; found 'maybe'"),
        ("s,y\n7,2\n", DataError, r"found '2'"),
        ("s,y\n1e12,1\n", DataError, r"expected points within"),
        ("s,y\ninf,1\n", DataError, r"expected a number of points; found 'inf'"),
        ("s,y\n", DataError, "has a header and no rows"),
        ("s,y\n,1\n4,\n", DataError, r"no row has both a score and an outcome \(1 of 2 rows"),
        ("Score,y\n1,1\n", SourceError, r"leads.csv has no column 's': .*Score, y"),
        ("s,Convertd\n1,1\n", SourceError, r"has no column 'y'"),
    ],
)  # fmt: skip
def test_bad_input_is_named(tmp_path: Path, text: str, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        read_scored(write(tmp_path, text), score="s", outcome="y")


def test_a_missing_file_is_named_with_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, TEXT)
    with pytest.raises(SourceError, match=r"there is no file .*lead.csv: did you mean 'leads.csv'"):
        read_scored(tmp_path / "lead.csv", score="s", outcome="y")
    with pytest.raises(SourceError, match="not a file of a known kind"):
        read_scored(write(tmp_path, "x", "leads.docx"), score="s", outcome="y")
    with pytest.raises(SourceError, match="not a readable Parquet file"):
        read_scored(write(tmp_path, "x", "leads.parquet"), score="s", outcome="y")


def test_the_callers_frame_is_not_touched() -> None:
    frame = pd.DataFrame({"s": [1, None], "y": [1, 0]})
    before = frame.copy()
    read_scored(frame, score="s", outcome="y")
    pd.testing.assert_frame_equal(frame, before)
