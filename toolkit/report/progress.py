"""Which section of a report is being made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from nbformat import NotebookNode

__all__ = ["Steps", "section_of"]


def section_of(notebook: NotebookNode, cell_id: str) -> str:
    """Name the last heading above a cell, or in it."""
    title = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found = re.findall(r"^#{1,2}\s+(.+?)\s*$", cell.source, re.MULTILINE)
            title = found[-1] if found else title
        if cell.get("id") == cell_id:
            return title
    return ""


class Steps:
    """A bar on standard error, labelled with the current section; nothing where that is no terminal."""

    def __init__(self, notebook: NotebookNode, *, shown: bool) -> None:
        self._notebook = notebook
        console = Console(stderr=True)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
        codes = sum(cell.cell_type == "code" for cell in notebook.cells)
        self._task: TaskID = self._bar.add_task("Starting", total=codes)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def begin(self, *, cell: Any, cell_index: int) -> None:
        """Note that a cell begins; nbclient calls this with these names."""
        del cell_index
        if cell.cell_type != "code":
            return
        title = section_of(self._notebook, cell.get("id", ""))
        if title:
            self._bar.update(self._task, description=title)
        self._bar.advance(self._task)
