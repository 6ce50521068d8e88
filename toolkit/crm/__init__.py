"""Where the rows are: the input contract, the mapping, connecting, and checks. No statistics."""

from __future__ import annotations

from toolkit.crm.checks import check_tables
from toolkit.crm.connect import Crm, connect
from toolkit.crm.findings import Finding, findings_table
from toolkit.crm.mapping import Mapping, load_mapping
from toolkit.crm.tables import CONTRACT, Column, Table

__all__ = [
    "CONTRACT",
    "Column",
    "Crm",
    "Finding",
    "Mapping",
    "Table",
    "check_tables",
    "connect",
    "findings_table",
    "load_mapping",
]
