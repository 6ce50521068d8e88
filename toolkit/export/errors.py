"""What an export refuses."""

from __future__ import annotations

from toolkit.errors import ToolkitError

__all__ = ["ExportError"]


class ExportError(ToolkitError):
    """The model cannot be written exactly in the form asked for, so nothing is written."""
