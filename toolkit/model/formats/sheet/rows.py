"""The rows of a sheet with their places, and errors that name row and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from toolkit.errors import ModelError, nearest_first
from toolkit.model.formats.sheet.cells import flow_of, text_of_cell
from toolkit.model.formats.sheet.columns import COLUMNS, HEADINGS, MINIMAL, NOTES
from toolkit.model.formats.sheet.files import cells_of, normal_heading

__all__ = ["Row", "Sheet", "read_sheet"]

_WHOLE = re.compile(r"[-+]?[0-9]{1,12}")
Read = TypeVar("Read")


@dataclass(frozen=True)
class Sheet:
    """Headings of a file: which column stands where (counted from 1), and how it is headed."""

    file: str
    at: dict[str, int]
    headings: dict[int, str]

    def error(self, row: int, column: int, text: str) -> ModelError:
        """Make an error that names row and column the way a person finds them."""
        heading = self.headings.get(column, "")
        cell = f"{_letters(column)}{row}"
        named = f"column '{heading}' ({cell})" if heading else f"cell {cell}"
        error = ModelError(f"{self.file}, row {row}, {named}: {text}")
        error.file, error.line, error.column = self.file, row, column
        return error

    def placed(self, error: ModelError) -> ModelError:
        """Say rows and columns where an error says file:row:column."""
        place = re.compile(rf"^{re.escape(self.file)}:([0-9]+):([0-9]+): ")
        told = []
        for line in str(error).split("\n"):
            found = place.match(line)
            said = line[found.end() :] if found else line
            told.append(str(self.error(int(found[1]), int(found[2]), said)) if found else said)
        again = ModelError("\n".join(told))
        again.file, again.line, again.column = self.file, error.line, error.column
        return again


def _letters(column: int) -> str:
    """Name a column as a spreadsheet does: 1 is A, 27 is AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclass(frozen=True)
class Row:
    """One row: its number in the file and its cells by column; an empty cell is not there."""

    sheet: Sheet
    number: int
    cells: dict[str, str]

    def __contains__(self, column: str) -> bool:
        """Say whether the cell is filled."""
        return column in self.cells

    def place(self, column: str) -> tuple[int, int]:
        """Give row and column of a cell, also of one that is empty."""
        return self.number, self.sheet.at.get(column, 1)

    def error(self, column: str, text: str) -> ModelError:
        """Make an error at a cell."""
        return self.sheet.error(*self.place(column), text)

    def read(self, column: str, reader: Callable[[str], Read]) -> Read:
        """Read a cell that is there; an error of the reader gets the cell's place."""
        try:
            return reader(self.cells[column])
        except ModelError as reason:
            raise self.error(column, str(reason)) from None

    def text(self, column: str) -> str | None:
        """Read a text; None where the cell is empty."""
        return self.read(column, text_of_cell) if column in self else None

    def flow(self, column: str) -> Any:
        """Read a cell that is written as in a model file."""
        return self.read(column, flow_of)

    def mapping(self, column: str) -> dict[str, Any]:
        """Read a mapping in brackets; an empty cell is an empty mapping."""
        if column not in self:
            return {}
        found = self.flow(column)
        if not isinstance(found, dict):
            raise self.error(column, "write it as in a model file, as in {key: value}")
        return found

    def whole(self, column: str) -> int | str:
        """Read a whole number; text that is none stays text, for the model to refuse."""
        cell = self.cells[column].replace("\N{MINUS SIGN}", "-")
        return int(cell) if _WHOLE.fullmatch(cell) else cell


def read_sheet(path: str | Path) -> tuple[Sheet, list[Row]]:
    """Read the headings and the rows that are not blank."""
    sheet = Sheet(Path(path).name, {}, {})
    rows = cells_of(path)
    try:
        sheet = _headed(sheet.file, *next((row for row in rows if any(row[1])), (1, [])))
        return sheet, list(_filled(sheet, rows))
    except ModelError as error:
        raise sheet.placed(error) from None


_EXPECTED = f"the first row names the columns, at the least {', '.join(MINIMAL)}"


def _headed(file: str, number: int, cells: list[str]) -> Sheet:
    at: dict[str, int] = {}
    headings = {place: cell for place, cell in enumerate(cells, start=1) if cell}
    plain = Sheet(file, at, headings)
    for place, heading in headings.items():
        name = normal_heading(heading)
        column = HEADINGS.get(name, name)
        if column in NOTES:
            continue
        if column not in COLUMNS:
            raise plain.error(
                number,
                place,
                f"there is no column '{heading}': {nearest_first(column, COLUMNS, most=8)}; a "
                "column that should not be read is called 'notes'",
            )
        if column in at:
            raise plain.error(number, place, f"the column '{column}' stands here twice")
        at[column] = place
    _refuse_poor(plain, number)
    return plain


def _refuse_poor(sheet: Sheet, number: int) -> None:
    about = {"field", "activity", "when", "inactivity", "settings"} & sheet.at.keys()
    named = {"criterion", "id"} & sheet.at.keys()
    if "points" not in sheet.at or not about or not named:
        raise sheet.error(number, 1, f"this is no sheet of points: {_EXPECTED}")


def _filled(sheet: Sheet, rows: Iterator[tuple[int, list[str]]]) -> Iterator[Row]:
    for number, cells in rows:
        for place, cell in enumerate(cells, start=1):
            if cell and place not in sheet.headings:
                raise sheet.error(number, place, "this cell has no heading above it")
        found = {
            column: cells[place - 1]
            for column, place in sheet.at.items()
            if place <= len(cells) and cells[place - 1]
        }
        if found:
            yield Row(sheet, number, found)
