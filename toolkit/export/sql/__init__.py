"""A model as one SQL statement on the customer's own tables.

Staging tests text in Python and hands integers to the core; here the tests themselves are
written in SQL, and the integer core is the same text that the backtest runs. Whatever SQL cannot
say exactly is refused or stated at the head of the statement.

    dialects    how the five engines spell what they have in common
    text        trimming, case and words, so that they compare as in `toolkit.model.text`
    fields      the columns a model reads, as stages of a query
    conditions  tests and conditions in the three-valued logic of SQL
    leads       lead fields to points; activities to flags
    statement   the whole statement
    accounts    the whole statement, rolled up to accounts
    fragment    the fit part alone, as an expression
"""

from __future__ import annotations

from toolkit.export.sql.accounts import export_account_sql
from toolkit.export.sql.dialects import DIALECTS
from toolkit.export.sql.fragment import export_fit_case
from toolkit.export.sql.statement import export_sql
from toolkit.export.sql.tables import Tables

__all__ = ["DIALECTS", "Tables", "export_account_sql", "export_fit_case", "export_sql"]
