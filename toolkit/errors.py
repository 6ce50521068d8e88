"""Everything that can go wrong, as one tree.

Each message says what was found, where, what was expected and what to do. An exception is
for wrong input; a question that the data cannot answer is a result, not an error.

    ToolkitError
      ModelError      the model file: unknown key, wrong type, a field that is not there
      MappingError    crm.yaml: unknown key, a column or time zone that is not there
      SourceError     a file, folder, table or column that cannot be read
      DataError       rows that cannot be used as they are
      QuestionError   a call that makes no sense: unknown stage, quarter, segment, threshold
      ExportError     a model that cannot be written exactly in the form asked for
      ReportError     a report that could not be made
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "DataError",
    "ExportError",
    "MappingError",
    "ModelError",
    "QuestionError",
    "ReportError",
    "SourceError",
    "ToolkitError",
    "nearest_first",
]


class ToolkitError(Exception):
    """The root of the tree; the command line and a notebook print its text and no traceback."""

    def _render_traceback_(self) -> list[str]:
        """Answer IPython, which asks an exception that can show itself: wrong input is no crash."""
        return [f"{type(self).__name__}: {self}"]


class _PlacedError(ToolkitError):
    """An error in a text file, with its place as `file:line:column`."""

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.file, self.line, self.column = file, line, column
        place = ":".join(str(part) for part in (file, line, column) if part is not None)
        super().__init__(f"{place}: {message}" if place else message)


class ModelError(_PlacedError):
    """The model file cannot be used as it is."""


class MappingError(_PlacedError):
    """The mapping file (crm.yaml) cannot be used as it is."""


class SourceError(ToolkitError):
    """A file, folder, table or column cannot be read."""


class DataError(ToolkitError):
    """Rows cannot be used as they are."""


class QuestionError(ToolkitError):
    """The call asks for something that does not exist here."""


class ExportError(ToolkitError):
    """The model cannot be written exactly in the form asked for, so nothing is written."""


class ReportError(ToolkitError):
    """A report could not be made."""


def nearest_first(wanted: str, names: Iterable[str], *, most: int = 12) -> str:
    """List `names` for an error message, the nearest to `wanted` first.

    >>> nearest_first("Scor", ["Source", "Score", "City"])
    "did you mean 'Score'? There are: Score, City, Source"
    """
    known = sorted(set(names), key=str.casefold)
    if not known:
        return "there are none"
    folded = {name.casefold(): name for name in reversed(known)}
    close = [folded[hit] for hit in get_close_matches(wanted.casefold(), folded, n=3, cutoff=0.6)]
    ordered = [*close, *(name for name in known if name not in close)]
    listed = ", ".join(ordered[:most])
    more = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    hint = f"did you mean '{close[0]}'? There are: " if close else "there are: "
    return f"{hint}{listed}{more}"
