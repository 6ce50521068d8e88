"""Open a CRM export: any source in, canonical tables in UTC out."""

from __future__ import annotations

import os
import re
import tempfile
from collections import abc
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb

from toolkit.crm.audits import audit
from toolkit.crm.canonical import Layout, layout_of, stage_layouts
from toolkit.crm.engines.address import Address, opened
from toolkit.crm.engines.sources import SparkLike, find_tables, refuse_texts
from toolkit.crm.findings import Finding
from toolkit.crm.mapping import (
    Mapping,
    MappingFile,
    instant_of,
    load_mapping,
    mapping_of,
    read_instant,
    zone_of,
)
from toolkit.crm.sources import Source, check_there, find_sources, reading
from toolkit.crm.sql import BLANKS, identifier
from toolkit.crm.tables import CONTRACT
from toolkit.errors import DataError, SourceError

if TYPE_CHECKING:
    from datetime import date, datetime

    import pandas as pd

__all__ = ["Crm", "connect"]

Frames = abc.Mapping[str, "pd.DataFrame"]


@dataclass(frozen=True, slots=True)
class Crm:
    """A CRM export with canonical tables: `leads`, `activities`, and the others of the contract.

    They live in `connection` under exactly these names; instants are naive UTC TIMESTAMPs, NULL
    where they could not be read; every row of the source is there. Tables that the source does
    not have are empty.
    """

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    mapping: Mapping = field(repr=False)
    source: str
    """Base name of the folder or file, or `data frames`."""
    tables: frozenset[str]
    """The tables that the source has."""
    findings: tuple[Finding, ...] = field(repr=False)
    """What was odd while connecting; `check_tables` looks further."""
    observed_until: datetime
    """Naive UTC; what happened later is not known."""
    worked_by: tuple[str, ...] = ("all",)
    """What proves that sales acted on a lead, settled from mapping and data; `all`: nothing can."""
    layouts: abc.Mapping[str, Layout] = field(default_factory=dict, repr=False)
    """How each table that is a view reads the customer's columns."""
    written: MappingFile = field(default_factory=lambda: MappingFile(Mapping()), repr=False)
    """The mapping as it was given, with the lines of its entries."""


def connect(
    source: str | os.PathLike[str] | Frames | SparkLike,
    *,
    mapping: Mapping | abc.Mapping[str, Any] | str | os.PathLike[str] | None = None,
    observed_until: date | str | None = None,
    time_zone: str | None = None,
) -> Crm:
    """Open an export and give it the canonical names, types and words.

    Parameters
    ----------
    source
        A mapping file (crm.yaml), a folder of CSV or Parquet files (its crm.yaml is used when it
        has one), a .duckdb file, a dict of data frames by table name, the URL of a PostgreSQL
        database, or a Spark session: there the rows stay where they are (docs/scale.md).
    mapping
        What the columns and words mean, where `source` is not itself a mapping file: a path, a
        dict with the keys of crm.yaml, or a `Mapping`.
    observed_until, time_zone
        Set or override what the mapping says.

    Raises
    ------
    SourceError
        A file, table or column is not there or cannot be read.
    MappingError
        The mapping names something that does not exist; with its line.
    DataError
        Times or words cannot be read without guessing.
    """
    given, place, name = _given(source, mapping)
    given = _overridden(given, observed_until, time_zone)
    until = _observed_until(given)
    if isinstance(place, Address):
        return _connected_there(place, given, name, until)
    connection = _engine()
    try:
        return _connected(connection, place, given, name, until)
    except BaseException:
        # A .duckdb file must not stay open behind an error.
        connection.close()
        raise


def _connected(
    connection: duckdb.DuckDBPyConnection,
    place: Path | Frames,
    given: MappingFile,
    name: str,
    until: datetime,
) -> Crm:
    with tempfile.TemporaryDirectory(prefix="leadscore-") as scratch:
        found = find_sources(connection, place, given, Path(scratch))
        layouts = {table: _layout(connection, each, given) for table, each in found.items()}
        tables, findings = _create_all(connection, layouts, given)
        for layout in layouts.values():
            if layout.source.relation.startswith("crm_frame_"):
                connection.unregister(layout.source.relation)
    views = {
        table: parts[0]
        for table, parts in tables.items()
        if len(parts) == 1 and not parts[0].source.copied
    }
    crm = Crm(
        connection, given.mapping, name, frozenset(tables), (), until, layouts=views, written=given
    )
    return _settled(crm, findings)


def _connected_there(address: Address, given: MappingFile, name: str, until: datetime) -> Crm:
    """Make the canonical tables inside the engine that holds the customer's."""
    session, shelf = opened(address)
    # It has the part of a connection that is used here; rows are copied once, at one moment.
    connection = cast("duckdb.DuckDBPyConnection", session)
    try:
        with session.driver.one_moment():
            found = find_tables(shelf, given)
            layouts = {
                table: layout_of(each, given, zone=given.mapping.time_zone, trims_ids=True)
                for table, each in found.items()
            }
            refuse_texts(layouts.values())
            tables, findings = _create_all(connection, layouts, given)
            crm = Crm(connection, given.mapping, name, frozenset(tables), (), until)
            return _settled(crm, findings)
    except BaseException:
        session.close()
        raise


def _create_all(
    connection: duckdb.DuckDBPyConnection, layouts: abc.Mapping[str, Layout], given: MappingFile
) -> tuple[dict[str, list[Layout]], list[Finding]]:
    """Make every canonical table; say what each is made of, and what was odd."""
    dated = stage_layouts(layouts["leads"], given)
    read = [*layouts.values(), *dated]
    findings = [f for layout in read for f in audit(connection, layout, given)]
    tables = {table: [layout] for table, layout in layouts.items()}
    if dated:
        tables["stage_changes"] = [*tables.get("stage_changes", ()), *dated]
    for parts in tables.values():
        _create(connection, parts)
    _create_absent(connection, tables)
    return tables, findings


_SHORTENED = re.compile(r"[a-z+]{2,}:/[^/]")
"""An address that was taken for a path, which has no double slash."""


def _given(
    source: str | os.PathLike[str] | Frames | SparkLike,
    mapping: Mapping | abc.Mapping[str, Any] | str | os.PathLike[str] | None,
) -> tuple[MappingFile, Path | Frames | Address, str]:
    given = _mapping_file(mapping)
    if isinstance(source, abc.Mapping):
        return given or MappingFile(Mapping()), source, "data frames"
    if isinstance(source, SparkLike):
        address = Address(source)
        return given or MappingFile(Mapping()), address, address.name
    if not isinstance(source, str | os.PathLike):
        raise SourceError(
            f"cannot connect to {type(source).__name__}: expected a path, or a dict of data "
            "frames such as {'leads': frame}"
        )
    if "://" in str(source):
        address = Address(str(source))
        return given or MappingFile(Mapping()), address, address.name
    if _SHORTENED.match(str(source)):
        raise SourceError(
            "an address of a database is given in a crm.yaml, as its key 'database', where it is "
            "not seen by others (docs/crm-yaml.md)"
        )
    path = Path(source)
    check_there(path)
    own = path / "crm.yaml" if path.is_dir() else path
    if given is None and own.suffix.lower() in (".yaml", ".yml") and (own == path or own.exists()):
        given = load_mapping(own)
        if given.mapping.database is not None:
            address = Address(given.mapping.database)
            return given, address, address.name
        path = path if own != path else (given.folder or path) / given.mapping.source
    return given or MappingFile(Mapping()), path, path.resolve().name


def _mapping_file(
    mapping: Mapping | abc.Mapping[str, Any] | str | os.PathLike[str] | None,
) -> MappingFile | None:
    if mapping is None:
        return None
    if isinstance(mapping, Mapping):
        return MappingFile(mapping)
    return mapping_of(mapping) if isinstance(mapping, abc.Mapping) else load_mapping(mapping)


def _overridden(
    given: MappingFile, observed_until: date | str | None, time_zone: str | None
) -> MappingFile:
    changes: dict[str, object] = {}
    if time_zone is not None:
        changes["time_zone"] = zone_of(time_zone)
    if observed_until is not None:
        changes["observed_until"] = read_instant(observed_until)
    return replace(given, mapping=given.mapping.model_copy(update=changes))


def _observed_until(given: MappingFile) -> datetime:
    until = given.mapping.observed_until
    if until is None:
        raise given.error(
            "observed_until is not set. It is the moment of the export: what happened later is "
            "not known, and a lead whose outcome window was still open then must not count as a "
            "failure. It is never guessed: write `observed_until: 2026-10-01T00:00:00Z` into "
            'crm.yaml, or connect(..., observed_until="2026-10-01T00:00:00Z")'
        )
    return instant_of(until, given.mapping.time_zone)


def _engine() -> duckdb.DuckDBPyConnection:
    # No extension may be fetched; all that is used here is built into the engine.
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "temp_directory": str(Path(tempfile.gettempdir()) / f"leadscore-{os.getpid()}"),
    }
    connection = duckdb.connect(":memory:", config=settings)
    # Global: a cursor would otherwise begin in the zone of the machine.
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def _layout(connection: duckdb.DuckDBPyConnection, source: Source, given: MappingFile) -> Layout:
    layout = layout_of(source, given, zone=given.mapping.time_zone, trims_ids=True)
    if source.copied or given.mapping.missing or _ids_need_trimming(connection, layout):
        return layout
    # Trimming 20 million ids that need none would cost more than counting them.
    return replace(layout, trims_ids=False)


def _ids_need_trimming(connection: duckdb.DuckDBPyConnection, layout: Layout) -> bool:
    ids = [
        identifier(theirs)
        for ours, theirs in layout.columns.items()
        if (column := layout.table.column(ours))
        and column.kind == "id"
        and layout.type_of(theirs) == "VARCHAR"
    ]
    if not ids:
        return False
    tests = " OR ".join(
        f"{name} = '' OR contains({BLANKS}, {name}[1]) OR contains({BLANKS}, {name}[-1])"
        for name in ids
    )
    with reading(layout.source):
        rows = connection.execute(
            f"SELECT coalesce(bool_or({tests}), false) FROM {layout.source.relation}"
        ).fetchall()
    return bool(rows[0][0])


def _create(connection: duckdb.DuckDBPyConnection, parts: abc.Sequence[Layout]) -> None:
    """Make one canonical table, of its own source and of the columns of leads that date stages."""
    kind = "TABLE" if any(part.source.copied for part in parts) else "VIEW"
    names = list(dict.fromkeys(name for part in parts for name in part.expressions()))
    query = " UNION ALL ".join(part.select(names) for part in parts)
    with reading(parts[0].source):
        connection.execute(f"CREATE {kind} {parts[0].table.name} AS {query}")


_TYPES = {"instant": "TIMESTAMP", "flag": "BOOLEAN", "number": "DOUBLE"}


def _create_absent(connection: duckdb.DuckDBPyConnection, found: abc.Container[str]) -> None:
    for name, table in CONTRACT.items():
        if name in found:
            continue
        columns = [f"{c.name} {_TYPES.get(c.kind, 'VARCHAR')}" for c in table.columns]
        made = ["role VARCHAR"] if name == "activities" else []
        connection.execute(f"CREATE TABLE {name} ({', '.join([*columns, *made])})")


def _settled(crm: Crm, findings: abc.Sequence[Finding]) -> Crm:
    """Refuse an empty lead table; settle what proves that sales acted."""
    if _count(crm.connection, "SELECT count(*) FROM leads") == 0:
        raise DataError(
            "the table 'leads' has no rows: expected one row per lead; check the export's filter"
        )
    absent = [
        Finding("note", "no_table", name, f"no {name}: {table.without}", 0)
        for name, table in CONTRACT.items()
        if name not in crm.tables and table.without
    ]
    worked_by, said = _evidence(crm)
    return replace(crm, findings=(*findings, *absent, *said), worked_by=worked_by)


def _evidence(crm: Crm) -> tuple[tuple[str, ...], list[Finding]]:
    if crm.mapping.worked_by is not None:
        return _declared_evidence(crm, crm.mapping.worked_by), []
    there = []
    if "sales_feedback" in crm.tables:
        there.append("feedback")
    if (
        "activities" in crm.tables
        and crm.mapping.activity_roles.get("sales")
        and _count(
            crm.connection,
            "SELECT count(*) FROM (SELECT 1 FROM activities WHERE role = 'sales' LIMIT 1)",
        )
    ):
        there.append("sales_activity")
    if there:
        return tuple(there), []
    text = (
        "no sales feedback and no sales activity: which leads sales worked is not known, so every "
        "lead counts as worked, and a lead that nobody called counts as a failure"
    )
    return ("all",), [Finding("warning", "worked_unknown", "sales_feedback", text, 0)]


def _declared_evidence(crm: Crm, words: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse evidence that is in no table: every lead would look unworked."""
    tables = {"feedback": "sales_feedback", "sales_activity": "activities"}
    for word in words:
        table = tables.get(word) or ("stage_changes" if word != "all" else "leads")
        if table not in crm.tables:
            raise DataError(
                f"worked_by names '{word}', but there is no table '{table}': leave it out of "
                "worked_by in crm.yaml, or export the table"
            )
    if "sales_activity" in words and not crm.mapping.activity_roles.get("sales"):
        raise DataError(
            "worked_by names 'sales_activity', but no activity type has the role sales: list them "
            "in crm.yaml, e.g. activity_roles: {sales: [call, meeting]}"
        )
    return words


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])
