"""Where the tables are: files of a folder, tables of a DuckDB file, or data frames."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from toolkit.crm.csvfile import CSV_ENDINGS, CsvFile, explain_csv_error, open_csv
from toolkit.crm.findings import Finding, shown, shown_list
from toolkit.crm.sql import identifier, literal
from toolkit.crm.tables import CONTRACT
from toolkit.errors import DataError, SourceError, nearest_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa

    from toolkit.crm.mapping import MappingFile, TableMapping

__all__ = ["Source", "check_there", "find_sources", "reading"]

_ENDINGS = (*CSV_ENDINGS, ".parquet")
_ATTACHED = "crm_source"


@dataclass(frozen=True, slots=True)
class Source:
    """One table of the customer's, ready to be selected from."""

    table: str
    relation: str
    types: Mapping[str, str]
    """The customer's column names and their DuckDB types."""
    label: str
    """What the errors call it: file names, or the table's name."""
    copied: bool
    """Copied once into the engine (CSV, frames), or read where it is on every query."""
    csv: tuple[CsvFile, ...] = ()
    findings: tuple[Finding, ...] = ()


@contextmanager
def reading(source: Source) -> Iterator[None]:
    """Turn the engine's complaints about a file into ours (its texts quote whole rows)."""
    try:
        yield
    except duckdb.Error as reason:
        known = explain_csv_error(reason, source.csv)
        if known is None and source.label.endswith(".parquet"):
            known = SourceError(f"{source.label} cannot be read as Parquet; export it again")
        if known is None:
            raise
        raise known from None


def find_sources(
    connection: duckdb.DuckDBPyConnection,
    source: Path | Mapping[str, pd.DataFrame],
    given: MappingFile,
    scratch: Path,
) -> dict[str, Source]:
    """Find every table of the contract that is there; a missing `leads` is a SourceError."""
    if not isinstance(source, Path):
        found = _frames(connection, source)
    elif source.is_dir():
        found = _folder(connection, source, given, scratch)
    elif source.is_file():
        found = _database(connection, source, given)
    else:
        raise SourceError(_nothing_there(source))
    for each in found.values():
        _check_names(each)
    return found


def check_there(path: Path) -> None:
    """Refuse a path that leads nowhere, with what is there instead."""
    if not path.exists():
        raise SourceError(_nothing_there(path))


def _nothing_there(path: Path) -> str:
    parent = path.parent
    if not parent.is_dir():
        return f"there is no file or folder '{path.name}' (nor the folder it should be in)"
    names = [each.name for each in parent.iterdir() if not each.name.startswith(".")]
    return f"there is no file or folder '{path.name}': {nearest_first(path.name, names)}"


def _check_names(source: Source) -> None:
    _refuse_twins(list(source.types), source.label)


def _refuse_twins(names: Sequence[str], label: str) -> None:
    seen: dict[str, str] = {}
    for name in names:
        first = seen.get(name.casefold())
        seen[name.casefold()] = name
        if first is None:
            continue
        if first == name:
            raise SourceError(
                f"{label} has the column '{shown(name)}' twice: which one is meant cannot be told. "
                "Rename one in the export"
            )
        raise SourceError(
            f"{label} has the columns '{shown(first)}' and '{shown(name)}', which differ only in capital "
            "letters: rename one in the export"
        )


# --- data frames --------------------------------------------------------------------------------


def _frames(
    connection: duckdb.DuckDBPyConnection, frames: Mapping[str, pd.DataFrame]
) -> dict[str, Source]:
    for name in frames:
        if name not in CONTRACT:
            raise SourceError(f"no table is called '{name}': {nearest_first(name, CONTRACT)}")
    if "leads" not in frames:
        raise SourceError(f"there is no frame 'leads': {nearest_first('leads', frames)}")
    return {name: _frame(connection, name, frame) for name, frame in frames.items()}


def _frame(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> Source:
    label = f"the frame '{name}'"
    _refuse_twins([str(column) for column in frame.columns], label)
    mixed: list[str] = []
    columns = {
        str(column): _arrow(frame.iloc[:, i], mixed) for i, column in enumerate(frame.columns)
    }
    import pyarrow as pa  # noqa: PLC0415 - only frames need it

    view = f"crm_frame_{name}"
    connection.register(view, pa.table(columns))
    notes = [
        Finding("note", "mixed_types", name, f"{label} mixes types in {column}; read as text", 0)
        for column in mixed
    ]
    return Source(name, view, _types(connection, view), label, copied=True, findings=tuple(notes))


def _arrow(column: pd.Series, mixed: list[str]) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - only frames need it

    try:
        made = pa.Array.from_pandas(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        mixed.append(f"column '{column.name}'")
        made = pa.Array.from_pandas(column.map(str, na_action="ignore"), type=pa.string())
    return made.cast(pa.string()) if pa.types.is_null(made.type) else made


# --- a DuckDB file ------------------------------------------------------------------------------


def _database(
    connection: duckdb.DuckDBPyConnection, path: Path, given: MappingFile
) -> dict[str, Source]:
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS {_ATTACHED} (READ_ONLY)")
    except duckdb.Error:
        raise SourceError(
            f"{path.name} cannot be opened as a DuckDB file: expected a folder of CSV or Parquet "
            "files, a .duckdb file that no other program holds open, or a mapping (crm.yaml)"
        ) from None
    tables = _tables_in(connection)
    found = {}
    for name in CONTRACT:
        place = _table_named(name, tables, given, path.name)
        if place is not None:
            relation = ".".join(map(identifier, (_ATTACHED, *place)))
            types = _types(connection, relation)
            found[name] = Source(name, relation, types, f"{path.name}, {place[1]}", copied=False)
    _require_leads(found, path.name, [name for _, name in tables])
    return found


def _tables_in(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT schema_name, name FROM (SELECT database_name, schema_name, table_name AS name, "
        "internal FROM duckdb_tables() UNION ALL SELECT database_name, schema_name, view_name, "
        f"internal FROM duckdb_views()) WHERE database_name = '{_ATTACHED}' AND NOT internal "
        "ORDER BY schema_name <> 'main', schema_name, name"
    ).fetchall()


def _table_named(
    name: str, tables: Sequence[tuple[str, str]], given: MappingFile, file: str
) -> tuple[str, str] | None:
    entry = given.mapping.tables.get(name)
    if entry is not None and entry.file is not None:
        raise given.error(f"'file' is for folders; in {file} give 'table'", "tables", name, "file")
    wanted = (entry.table if entry else None) or name
    hit = next((t for t in tables if wanted in (t[1], ".".join(t))), None)
    if hit is None and entry is not None:
        names = [table for _, table in tables]
        raise given.error(
            f"{file} has no table '{wanted}': {nearest_first(wanted, names)}",
            *("tables", name, *(["table"] if entry.table else [])),
        )
    return hit


def _require_leads(found: Mapping[str, Source], place: str, names: Sequence[str]) -> None:
    if "leads" not in found:
        raise SourceError(
            f"{place} has no table 'leads' (one row per lead): {nearest_first('leads', names)}. "
            "Name it in crm.yaml under tables: leads: (file: ..., or table: ... in a .duckdb file)"
        )


# --- a folder -----------------------------------------------------------------------------------


def _folder(
    connection: duckdb.DuckDBPyConnection, folder: Path, given: MappingFile, scratch: Path
) -> dict[str, Source]:
    found = {}
    for name in CONTRACT:
        entry = given.mapping.table(name)
        if entry.table is not None:
            raise given.error(
                f"'table' is for .duckdb files; in the folder {folder.name} give 'file'",
                *("tables", name, "table"),
            )
        files = _files_of(folder, name, entry, given)
        if files:
            found[name] = _from_files(connection, name, files, given, scratch)
    _require_leads(found, f"the folder '{folder.name}'", _data_files(folder))
    return found


def _data_files(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir() if each.name.lower().endswith(_ENDINGS)]


def _files_of(folder: Path, name: str, entry: TableMapping, given: MappingFile) -> list[Path]:
    if entry.file is None:
        files = _default_files(folder, name)
        if not files and name in given.mapping.tables:
            raise given.error(
                f"there is no {name}.csv or {name}.parquet in the folder '{folder.name}': "
                f"{nearest_first(name, _data_files(folder))}",
                *("tables", name),
            )
        return files
    named = [_matching(folder, text, name, i, given) for i, text in enumerate(entry.file)]
    return sorted({file for group in named for file in group})


def _matching(folder: Path, text: str, name: str, i: int, given: MappingFile) -> list[Path]:
    if (folder / text).is_file():
        return [folder / text]
    hits = sorted(folder.glob(text)) if re.search(r"[*?\[]", text) and text[0] != "/" else []
    if hits:
        return hits
    names = _data_files(folder)
    raise given.error(
        f"there is no file '{text}' in the folder '{folder.name}': {nearest_first(text, names)}",
        *("tables", name, "file", i),
    )


def _default_files(folder: Path, name: str) -> list[Path]:
    hits = [each for each in folder.iterdir() if _stem(each) == name]
    if len(hits) > 1:
        names = shown_list(sorted(each.name for each in hits))
        raise SourceError(
            f"the folder '{folder.name}' has more than one '{name}': {names}. Keep one, or name "
            f"it in crm.yaml under tables: {name}: file:"
        )
    if hits and hits[0].is_dir():
        return sorted(e for e in hits[0].iterdir() if e.name.lower().endswith(_ENDINGS))
    return hits


def _stem(path: Path) -> str | None:
    name = path.name.lower()
    if path.is_dir():
        return name
    ending = next((end for end in sorted(_ENDINGS, key=len)[::-1] if name.endswith(end)), None)
    return name.removesuffix(ending) if ending else None


def _from_files(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    files: Sequence[Path],
    given: MappingFile,
    scratch: Path,
) -> Source:
    kinds = {"parquet" if file.name.lower().endswith(".parquet") else "csv" for file in files}
    if len(kinds) > 1:
        raise SourceError(
            f"the table '{name}' is spread over CSV and Parquet files "
            f"({shown_list(file.name for file in files)}): use one kind"
        )
    if kinds == {"parquet"}:
        return _parquet(connection, name, files)
    encoding = given.mapping.table(name).encoding or given.mapping.encoding
    opened = map(partial(open_csv, table=name, encoding=encoding, scratch=scratch), files)
    return _csv(name, tuple(opened))


def _csv(name: str, files: tuple[CsvFile, ...]) -> Source:
    first = files[0]
    for file in files:
        _refuse_twins(file.columns, file.name)
    _refuse_odd_parts(name, {file.name: file.columns for file in files})
    relation = f"({' UNION ALL BY NAME '.join(f'SELECT * FROM {f.relation}' for f in files)})"
    types = dict.fromkeys(first.columns, "VARCHAR")
    label = shown_list((file.name for file in files), most=3)
    notes = tuple(finding for file in files for finding in file.findings)
    return Source(name, relation, types, label, copied=True, csv=files, findings=notes)


def _refuse_odd_parts(table: str, parts: Mapping[str, Sequence[str]]) -> None:
    """Refuse parts with different columns: a column that one lacks would be empty unnoticed."""
    (first, expected), *others = parts.items()
    for file, columns in others:
        odd = set(columns) ^ set(expected)
        if odd:
            raise SourceError(
                f"{first} and {file} are parts of '{table}' but do not have the same columns; "
                f"they differ in {shown_list(sorted(odd))}"
            )


def _parquet(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[Path]) -> Source:
    parts = {file.name: _schema(file) for file in files}
    for label, schema in parts.items():
        # The engine would rename twins without a word.
        _refuse_twins(schema.names, label)
    _refuse_odd_parts(name, {label: schema.names for label, schema in parts.items()})
    _refuse_mixed_times(parts)
    paths = ", ".join(literal(re.sub(r"([*?\[])", r"[\1]", str(file))) for file in files)
    relation = f"read_parquet([{paths}], union_by_name=true, hive_partitioning=false)"
    label = shown_list(parts, most=3)
    return Source(name, relation, _types(connection, relation), label, copied=False)


def _schema(file: Path) -> pa.Schema:
    from pyarrow import parquet  # noqa: PLC0415 - only Parquet needs it

    try:
        return parquet.read_schema(file)
    except (OSError, ValueError):
        raise SourceError(f"{file.name} cannot be read as Parquet; export it again") from None


def _refuse_mixed_times(parts: Mapping[str, pa.Schema]) -> None:
    """Refuse a column of times that only some parts give a zone: the engine would assume one."""
    (first, expected), *others = parts.items()
    for file, schema in others:
        for column in schema.names:
            kinds = {_time_kind(each.field(column).type) for each in (expected, schema)} - {"null"}
            if len(kinds) > 1:
                raise DataError(
                    f"{first} and {file} do not fit together: column '{shown(column)}' holds "
                    f"{' in one and '.join(sorted(kinds))} in the other; write both the same way"
                )


def _time_kind(kind: pa.DataType) -> str:
    import pyarrow as pa  # noqa: PLC0415 - only Parquet needs it

    if pa.types.is_timestamp(kind):
        return "times with a zone" if kind.tz else "times without a zone"
    if pa.types.is_date(kind):
        return "dates"
    return "null" if pa.types.is_null(kind) else "other values"


def _types(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {str(row[0]): str(row[1]) for row in rows}
