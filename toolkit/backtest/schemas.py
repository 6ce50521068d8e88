"""A schema of its own for each question, so that none sees the tables of another."""

from __future__ import annotations

from itertools import count

import duckdb

__all__ = ["new_schema"]

_numbers = count(1)


def new_schema(connection: duckdb.DuckDBPyConnection) -> str:
    """Make a schema of its own for one backtest; its name never shows in a result."""
    schema = f"backtest_{next(_numbers)}"
    connection.execute(f"create schema {schema}")
    return schema
