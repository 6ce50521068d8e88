"""Read canonical tables back, in an order of their own."""

from __future__ import annotations

from toolkit.crm import CONTRACT


def rows(crm, table, columns="*"):
    """Rows of one canonical table, sorted, without the row numbers."""
    chosen = "* EXCLUDE (row_id)" if table == "leads" and columns == "*" else columns
    return crm.connection.execute(f"SELECT {chosen} FROM {table} ORDER BY ALL").fetchall()


def times(crm, table, column):
    """One column of times as text, by lead."""
    query = f"SELECT CAST({column} AS VARCHAR) FROM {table} ORDER BY lead_id, {column}"
    return [row[0] for row in crm.connection.execute(query).fetchall()]


def content(crm):
    """Everything canonical."""
    return {table: rows(crm, table) for table in CONTRACT}


def said(findings, code, table=None):
    """The one finding of a code."""
    hits = [f for f in findings if f.code == code and table in (None, f.table)]
    assert len(hits) == 1, [(f.code, f.table) for f in findings]
    return hits[0]
