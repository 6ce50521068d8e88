"""Sheets on disk: CSV and XLSX, written so that no cell is ever run, read cell by cell."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.errors import ModelError, QuestionError, SourceError
from toolkit.model.formats.sheet.columns import COLUMNS, HEADINGS, HIDDEN, NOTES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cells_of", "guarded", "normal_heading", "save_sheet"]

MOST_BYTES = 20_000_000
MOST_ROWS = 20_000
MOST_IN_A_CELL = 32_767
"""What a spreadsheet program keeps of a cell; it would cut the rest off without a word."""

# A cell that begins so is run as a formula by a program that opens the file; with apostrophes
# before it, it is the same text with one apostrophe more, so that reading can take one away.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
_WIDTHS = {"group": 20, "criterion": 28, "condition": 60, "settings": 60, "value": 30, "when": 40}


def save_sheet(sheet: pd.DataFrame, path: str | Path) -> None:
    """Write a sheet as `.csv` (UTF-8) or `.xlsx`; the same sheet gives the same bytes.

    No cell is a formula or a link. In a CSV file a text that a spreadsheet program would run
    (it begins with = + - @, a tab or a line end, and is no number) gets an apostrophe in front.
    Raises SourceError when the file cannot be written, ModelError when a cell would be cut off.
    """
    target = Path(path)
    rows = [list(sheet.columns), *sheet.astype(object).to_numpy().tolist()]
    cells = [[_written(value) for value in row] for row in rows]
    _refuse_long(cells, target.name)
    write = {".csv": _write_csv, ".xlsx": _write_xlsx}.get(target.suffix.lower())
    if write is None:
        raise QuestionError(f"'{target.name}' is no sheet: name a file that ends in .csv or .xlsx")
    try:
        write(cells, target)
    except OSError as reason:
        raise SourceError(
            f"cannot write {target.name}: {reason.strerror or reason}; check folder and rights"
        ) from None


def _written(value: Any) -> str | int:
    if value is None or value != value:  # noqa: PLR0124 - not a number: an empty cell
        return ""
    return value if isinstance(value, str) else int(value)


def _refuse_long(rows: list[list[str | int]], file: str) -> None:
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row, start=1):
            if isinstance(cell, str) and len(cell) > MOST_IN_A_CELL:
                raise ModelError(
                    f"{rows[0][column - 1]}: {len(cell):,} characters do not fit into a cell, "
                    f"which holds {MOST_IN_A_CELL:,}; split the list over two criteria",
                    file=file,
                    line=number,
                    column=column,
                )


def _write_csv(rows: list[list[str | int]], target: Path) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    # The mark at the beginning is what tells a spreadsheet program that this is UTF-8.
    target.write_bytes(text.getvalue().encode("utf-8-sig"))


def guarded(cell: str) -> str:
    """Put an apostrophe before a text that a spreadsheet program would run.

    >>> guarded('=1+1'), guarded('-5'), guarded('Ann')
    ("'=1+1", '-5', 'Ann')
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell


def _write_xlsx(rows: list[list[str | int]], target: Path) -> None:
    import xlsxwriter  # noqa: PLC0415 - only a workbook needs it
    from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415 - the same

    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    book = xlsxwriter.Workbook(str(target), options)
    book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
    page = book.add_worksheet("build sheet")
    _set_columns(page, rows[0])
    page.freeze_panes(1, 2)
    page.write_row(0, 0, rows[0], book.add_format({"bold": True}))
    for number, row in enumerate(rows[1:], start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, int):
                page.write_number(number, column, cell)
            elif cell:
                # Only a text that already looks guarded needs a guard: nothing is run here.
                page.write_string(number, column, guarded(cell) if cell[0] == "'" else cell)
    try:
        book.close()
    except FileCreateError as reason:
        raise OSError(str(reason)) from None


def _set_columns(page: Any, headings: Sequence[Any]) -> None:
    for column, heading in enumerate(headings):
        folded = {"level": 1, "hidden": True} if heading in HIDDEN else {}
        page.set_column(column, column, _WIDTHS.get(str(heading), 12), None, folded)


# --- reading ------------------------------------------------------------------------------------


def cells_of(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Give the number and the cells of each row of a sheet, as trimmed text; "" is empty.

    Whole numbers of a workbook lose their `.0`. Raises SourceError when the file cannot be read,
    ModelError where a cell is a formula, an error or a date.
    """
    source = Path(path)
    try:
        size = source.stat().st_size
        if size > MOST_BYTES:
            raise SourceError(f"{source.name} has {size:,} bytes: is it the right file?")
        rows = _xlsx_rows if source.suffix.lower() == ".xlsx" else _csv_rows
        yield from _numbered(rows(source), source.name)
    except OSError as reason:
        raise SourceError(
            f"cannot read {source.name}: {reason.strerror or reason}; check the path"
        ) from None


def _numbered(rows: Iterable[list[str]], file: str) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise SourceError(f"{file} has more than {MOST_ROWS:,} rows: is it the right file?")
        yield number, [_unguarded(cell.strip()) for cell in row]


def _csv_rows(source: Path) -> Iterator[list[str]]:
    try:
        text = source.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        raise SourceError(
            f"{source.name} is not UTF-8 text (byte {reason.start + 1}): save it as 'CSV UTF-8', "
            "or as .xlsx"
        ) from None
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    except csv.Error as reason:
        raise SourceError(f"{source.name} is no CSV file: {reason}") from None


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    known = {*COLUMNS, *HEADINGS, *NOTES}

    def hits(delimiter: str) -> int:
        return sum(normal_heading(part.strip('"')) in known for part in first.split(delimiter))

    return max(",;\t", key=hits)


def normal_heading(heading: str) -> str:
    """Write a heading as the columns are named.

    >>> normal_heading(" New points "), normal_heading("Max-Units")
    ('new_points', 'max_units')
    """
    return re.sub(r"[\s_-]+", "_", heading.strip().casefold())


# What the workbook reader lets through besides its own errors, on a broken file.
_BROKEN = (zipfile.BadZipFile, LookupError, ValueError, TypeError, AttributeError, SyntaxError)
_BROKEN_PARTS = (EOFError, RuntimeError, zlib.error)


def _xlsx_rows(source: Path) -> Iterator[list[str]]:
    try:
        content = io.BytesIO(source.read_bytes())
        _refuse_unpacked(content, source.name)
        yield from _page_rows(content, source.name)
    except (*_BROKEN, *_BROKEN_PARTS) as reason:
        raise SourceError(f"{source.name} is no XLSX workbook: {reason}") from None


def _refuse_unpacked(content: io.BytesIO, file: str) -> None:
    with zipfile.ZipFile(content) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > 10 * MOST_BYTES:
        raise SourceError(f"{file} unpacks to {unpacked:,} bytes: is it the right file?")


def _page_rows(content: io.BytesIO, file: str) -> Iterator[list[str]]:
    import openpyxl  # noqa: PLC0415 - only a workbook needs it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions that are not read
        book = openpyxl.load_workbook(content, read_only=True, data_only=False)
    try:
        for number, row in enumerate(book.worksheets[0].iter_rows(), start=1):
            yield [_shown(cell, file, number, at) for at, cell in enumerate(row, start=1)]
    finally:
        book.close()


def _shown(cell: Any, file: str, row: int, column: int) -> str:
    value = cell.value
    if value is None:
        return ""
    wrong = {"f": "a formula", "e": "an error"}.get(cell.data_type)
    if isinstance(value, bool):
        return str(value).lower()
    if wrong is None and isinstance(value, str | int | float):
        whole = isinstance(value, float) and value.is_integer()
        return str(int(value)) if whole else str(value)
    raise ModelError(
        f"this cell is {wrong or 'a date or a time'}, which means one thing here and another "
        "there: write the value itself, as text",
        file=file,
        line=row,
        column=column,
    )
