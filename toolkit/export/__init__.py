"""A model in the words of another system: at present one SQL statement on the customer's tables."""

from __future__ import annotations

from toolkit.export.sql import DIALECTS, Tables, export_account_sql, export_fit_case, export_sql
from toolkit.export.words import export_text, tables_of

__all__ = [
    "DIALECTS",
    "Tables",
    "export_account_sql",
    "export_fit_case",
    "export_sql",
    "export_text",
    "tables_of",
]
