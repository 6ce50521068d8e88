"""CSV files as exports really are: any delimiter, a byte order mark, a quote left open.

All columns are read as text; what they mean is decided later, explicitly, column by column.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import shutil
from dataclasses import dataclass
from itertools import count
from typing import IO, TYPE_CHECKING, cast

from toolkit.crm.findings import Finding
from toolkit.crm.sql import identifier, literal
from toolkit.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb

__all__ = ["CSV_ENDINGS", "CsvFile", "explain_csv_error", "open_csv"]

CSV_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEAD = 1_000_000
_FIELD_LIMIT = 2_000_000


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One CSV file, understood well enough to be read without guessing."""

    name: str
    """Base name of the customer's file."""
    path: Path
    """What the engine reads: the file itself, or its copy in UTF-8."""
    delimiter: str
    columns: tuple[str, ...]
    blank_lines: int = 0
    """Empty lines before the header."""
    findings: tuple[Finding, ...] = ()

    @property
    def relation(self) -> str:
        """The file as a table of texts."""
        types = ", ".join(f"{literal(f'c{i}')}: 'VARCHAR'" for i in range(len(self.columns)))
        renamed = ", ".join(f"c{i} AS {identifier(name)}" for i, name in enumerate(self.columns))
        return (
            f"(SELECT {renamed} FROM read_csv({literal(_unglobbed(self.path))}, "
            f"auto_detect=false, header=true, delim={literal(self.delimiter)}, quote='\"', "
            f"escape='\"', strict_mode=true, null_padding=false, ignore_errors=false, "
            f"skip={self.blank_lines}, columns={{{types}}}))"
        )


def _unglobbed(path: Path) -> str:
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def open_csv(path: Path, table: str, *, encoding: str | None, scratch: Path) -> CsvFile:
    """Find out encoding, delimiter and header; copy the file as UTF-8 when it is something else.

    Raises SourceError for an empty file, and for UTF-16 without its byte order mark.
    """
    found = _encoding(path, encoding)
    readable = path if found in ("utf-8", "utf-8-sig") else _as_utf8(path, found, scratch)
    delimiter, columns, blank_lines = _header(readable, path.name)
    notes = []
    if readable is not path and encoding is None:
        notes.append((f"{path.name} is {found.upper()}; it was read as such", "encoding"))
    expected = "\t" if path.name.lower().endswith((".tsv", ".tsv.gz")) else ","
    if delimiter != expected:
        notes.append((f"{path.name} separates columns by {_DELIMITERS[delimiter]}", "delimiter"))
    findings = tuple(Finding("note", code, table, text, 0) for text, code in notes)
    return CsvFile(path.name, readable, delimiter, columns, blank_lines, findings)


def _open(path: Path) -> IO[bytes]:
    if path.name.lower().endswith(".gz"):
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")


def _encoding(path: Path, declared: str | None) -> str:
    try:
        with _open(path) as stream:
            head = stream.read(4096)
    except OSError as reason:
        raise SourceError(f"cannot read {path.name}: {reason.strerror or reason}") from None
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if not head.strip():
        raise SourceError(f"{path.name} is empty: expected a header line and rows below it")
    if marked is None and declared is None and b"\0" in head:
        raise SourceError(
            f"{path.name} looks like UTF-16 without a byte order mark (it is full of zero bytes): "
            "save it as UTF-8, or set `encoding: utf-16-le` for the table in crm.yaml"
        )
    return marked or declared or "utf-8"


def _as_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    copy = next(place for i in count() if not (place := scratch / f"{i}-{path.stem}.csv").exists())
    try:
        with (
            io.TextIOWrapper(_open(path), encoding=encoding, newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            shutil.copyfileobj(source, target, 1 << 20)
    except UnicodeError as reason:
        raise SourceError(
            f"{path.name} cannot be read as {encoding.upper()} ({_plain(reason)}): "
            "set the right `encoding` for the table in crm.yaml, or save the file as UTF-8"
        ) from None
    return copy


def _plain(reason: UnicodeError) -> str:
    return str(getattr(reason, "reason", None) or reason)


def _header(path: Path, name: str) -> tuple[str, tuple[str, ...], int]:
    with _open(path) as stream:
        head = stream.read(_HEAD).decode("utf-8-sig", "replace")
    begins = head.lstrip("\r\n")
    blank_lines = len(head[: len(head) - len(begins)].splitlines())
    rows = {mark: _first_row(begins, mark) for mark in _DELIMITERS}
    delimiter = max(rows, key=lambda mark: len(rows[mark]))
    columns = [column.strip() for column in rows[delimiter]]
    if not any(columns):
        raise SourceError(f"{name} has no header line: expected column names in its first line")
    named = tuple(column or f"column {i}" for i, column in enumerate(columns, start=1))
    return delimiter, named, blank_lines


def _first_row(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []


_COMPLAINT = re.compile(r"CSV Error on Line: (\d+)")


def explain_csv_error(error: duckdb.Error, files: Sequence[CsvFile]) -> SourceError | None:
    """Say in plain words, with the line, what the engine could not read; None if it was not CSV.

    The engine's own text quotes the row, so it is never passed on: rows hold names.
    """
    text = str(error)
    file = next((file for file in files if f"file = {file.path}" in text), None)
    file = file or (files[0] if len(files) == 1 and "CSV" in text else None)
    if file is None:
        return None
    return _not_utf8(file) or _ragged(file) or _in_general(file, text)


def _not_utf8(file: CsvFile) -> SourceError | None:
    with _open(file.path) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as reason:
                return SourceError(
                    f"{file.name} is not UTF-8: line {number} has the byte "
                    f"0x{line[reason.start]:02x}. Save it as UTF-8, or set `encoding: cp1252` "
                    "(Windows, Western Europe) for the table in crm.yaml"
                )
    return None


def _ragged(file: CsvFile) -> SourceError | None:
    expected = len(file.columns)
    for line, row in _records(file):
        if row is None:
            return SourceError(
                f"{file.name}, line {line}: a quote is opened and not closed properly: close it, "
                'or write a quote inside a value twice ("")'
            )
        if row and len(row) != expected:
            return SourceError(
                f"{file.name}, line {line}: found {len(row)} columns, expected {expected} as in "
                "the header: put values that contain the separator in quotes"
            )
    return None


def _records(file: CsvFile) -> Iterator[tuple[int, list[str] | None]]:
    """Each record with the line it begins on; None where a quote is not closed."""
    with _open(file.path) as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
        reader = csv.reader(text, delimiter=file.delimiter, strict=True)
        begins = 1
        while True:
            try:
                row = next(reader, None)
            except csv.Error:
                yield begins, None
                return
            if row is None:
                return
            yield begins, row
            begins = reader.line_num + 1


def _in_general(file: CsvFile, text: str) -> SourceError:
    line = _COMPLAINT.search(text)
    where = f", row {line[1]}" if line else ""
    return SourceError(
        f"{file.name}{where}: this is not regular CSV (mixed line ends or stray quotes): export "
        "it again as CSV with quoted values, or as Parquet"
    )
