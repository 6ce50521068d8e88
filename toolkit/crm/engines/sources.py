"""The customer's tables in another engine, as sources to be read like any other.

A column is taken in a form that does not depend on the session: instants with a zone become UTC at
once, texts of every kind become plain texts. A column of a kind that is neither number, text,
truth value nor time is left out, with a note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from toolkit.crm.engines.session import CUSTOMER
from toolkit.crm.findings import Finding, shown
from toolkit.crm.sources import Source
from toolkit.crm.sql import identifier
from toolkit.crm.tables import CONTRACT
from toolkit.errors import DataError, SourceError, nearest_first

if TYPE_CHECKING:
    from toolkit.crm.canonical import Layout
    from toolkit.crm.mapping import MappingFile

__all__ = ["Shelf", "SparkLike", "find_tables", "refuse_texts"]


@runtime_checkable
class SparkLike(Protocol):
    """A Spark session, as far as this package needs one."""

    def sql(self, sqlQuery: str) -> Any:  # noqa: N803 - Spark's name of it
        """Run a query."""

    def createDataFrame(self, data: Any) -> Any:  # noqa: N802 - the same
        """Send rows to the engine."""


class Shelf(Protocol):
    """Where an engine keeps the customer's tables."""

    @property
    def name(self) -> str:
        """What a reader calls the engine."""

    def tables(self) -> Sequence[tuple[str, str]]:
        """Schema and name of every table and view, those of the usual schema first."""

    def types(self, schema: str, table: str) -> Mapping[str, str]:
        """The columns of a table and their types, in DuckDB's words; OTHER for what cannot be read."""


def find_tables(shelf: Shelf, given: MappingFile) -> dict[str, Source]:
    """Find every table of the contract that is there; a missing `leads` is a SourceError."""
    there = shelf.tables()
    found = {}
    for name in CONTRACT:
        place = _place_of(name, there, given, shelf.name)
        if place is not None:
            found[name] = _source(name, place, shelf.types(*place))
    if "leads" not in found:
        raise SourceError(
            f"{shelf.name} has no table 'leads' (one row per lead): "
            f"{nearest_first('leads', [table for _, table in there])}. Name it in crm.yaml: "
            "tables: {leads: {table: <schema.table>}}"
        )
    return found


def _place_of(
    name: str, there: Sequence[tuple[str, str]], given: MappingFile, engine: str
) -> tuple[str, str] | None:
    entry = given.mapping.tables.get(name)
    if entry is not None and entry.file is not None:
        raise given.error(
            f"'file' is for folders; in {engine} give 'table'", "tables", name, "file"
        )
    wanted = (entry.table if entry else None) or name
    hit = next((place for place in there if wanted in (place[1], ".".join(place))), None)
    if hit is None and entry is not None:
        names = [".".join(place) for place in there]
        raise given.error(
            f"{engine} has no table '{wanted}': {nearest_first(wanted, names)}",
            *("tables", name, *(["table"] if entry.table else [])),
        )
    return hit


_READING = {
    "VARCHAR": "as_text({column})",
    "TIMESTAMP": "finite({column})",
    "TIMESTAMP WITH TIME ZONE": "in_utc({column})",
    "DATE": "finite({column})",
    "NUMERIC": "without_zeros({column})",
}
"""How columns are taken: `infinity` is no time, and times with a zone become UTC at once; a number
of any number of digits has one text, `1.5`, however many zeros were written."""
_READ_AS = {"NUMERIC": "DECIMAL"}


def _source(name: str, place: tuple[str, str], types: Mapping[str, str]) -> Source:
    whole = [part for part in place if part]
    label = f"the table {shown('.'.join(whole))}"
    read = {column: kind for column, kind in types.items() if kind != "OTHER"}
    chosen = (
        f"{_READING.get(kind, '{column}').format(column=identifier(column))} AS {identifier(column)}"
        for column, kind in read.items()
    )
    relation = f"(SELECT {', '.join(chosen)} FROM {CUSTOMER}.{'.'.join(map(identifier, place))})"
    notes = tuple(
        Finding("note", "left_out", name, f"{label}: column '{shown(column)}' is left out, because "
                "it holds no number, text, truth value or time", 0)
        for column in types if column not in read
    )  # fmt: skip
    # Copied once, so that every question sees the same rows, whatever is written meanwhile.
    types = {column: _READ_AS.get(kind, kind) for column, kind in read.items()}
    return Source(name, relation, types, label, copied=True, findings=notes)


def refuse_texts(layouts: Iterable[Layout]) -> None:
    """Refuse times and numbers that are texts: every engine reads them in a way of its own."""
    for layout in layouts:
        for column in layout.table.columns:
            theirs = layout.columns.get(column.name)
            if theirs is None or column.kind not in _TYPED or layout.type_of(theirs) != "VARCHAR":
                continue
            kind, example = _TYPED[column.kind]
            raise DataError(
                f"{layout.source.label}: column '{shown(theirs)}' (for {column.name}) holds texts, "
                f"expected {kind}. Engines read such texts each in its own way: make a view with a "
                f"column of that type, e.g. {example}, and name it in crm.yaml; or export the "
                "tables as CSV and declare how times are written"
            )


_TYPED = {
    "instant": ("times", "cast(created as timestamp with time zone)"),
    "number": ("numbers", "cast(points as integer)"),
}

Finder = Callable[[], dict[str, Source]]
