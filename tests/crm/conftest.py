"""Tiny exports, written where a test can see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.crm import connect

LEADS = "lead_id,created_at\nL1,2026-01-02T10:00:00Z\nL2,2026-01-03T10:00:00Z\n"
UNTIL = "2026-10-01T00:00:00Z"


class Export:
    """A folder of files; `open` connects to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def open(self, mapping=None, *, until=UNTIL, zone=None, **tables):
        """Write `tables` as CSV (the default leads when none are given) and connect."""
        if not list(self.folder.glob("lead*")) and "leads" not in tables:
            tables["leads"] = LEADS
        for name, content in tables.items():
            self.write(f"{name}.csv", content)
        return connect(self.folder, mapping=mapping, observed_until=until, time_zone=zone)


@pytest.fixture
def export(tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    return Export(folder)
