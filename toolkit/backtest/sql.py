"""Small words of SQL that every module of this room shares."""

from __future__ import annotations

import duckdb
import pandas as pd

__all__ = ["column_names", "make_table", "quoted", "seconds"]


def quoted(name: str) -> str:
    """A column name as an SQL identifier, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def seconds(column: str) -> str:
    """Whole seconds since 1970 UTC, floored (a cast would round, `//` would truncate)."""
    return f"cast(floor(epoch_us({column}) / 1000000) as bigint)"


def column_names(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """The columns of a table or view."""
    return [str(row[0]) for row in connection.execute(f"describe {table}").fetchall()]


def make_table(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    """Copy a small frame into the engine."""
    connection.register("staged_frame", frame)
    connection.execute(f"create table {name} as select * from staged_frame")
    connection.unregister("staged_frame")
