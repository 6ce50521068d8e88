"""A model as a sheet of rows: built for the person who types it into a CRM, and read back."""

from __future__ import annotations

from toolkit.model.formats.sheet.build import build_sheet
from toolkit.model.formats.sheet.columns import COLUMNS, MINIMAL
from toolkit.model.formats.sheet.files import save_sheet
from toolkit.model.formats.sheet.read import read_build_sheet

__all__ = ["COLUMNS", "MINIMAL", "build_sheet", "read_build_sheet", "save_sheet"]
