"""Take out of an executed notebook what differs from run to run, or tells of the machine."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import nbformat

from toolkit.report.display import FILES_KIND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbformat import NotebookNode

__all__ = ["normalised"]

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


def normalised(notebook: NotebookNode, values: Mapping[str, Any]) -> NotebookNode:
    """Copy an executed notebook without times, warnings, addresses and full paths.

    The paths among the parameters are cut to their last part, in code and outputs.
    """
    paths = _paths(values)
    cells = [_cell(cell, paths) for cell in notebook.cells]
    fresh = {"cells": cells, "metadata": _metadata(notebook), "nbformat": 4, "nbformat_minor": 5}
    return _node(fresh)


def _metadata(notebook: NotebookNode) -> dict[str, Any]:
    kept = {key: notebook.metadata[key] for key in ("language_info",) if key in notebook.metadata}
    spec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"kernelspec": spec, **kept}


def _cell(cell: NotebookNode, paths: Mapping[str, str]) -> NotebookNode:
    tags = list(cell.metadata.get("tags", []))
    injected = "injected-parameters" in tags
    fresh = _node(
        {
            "id": "injected-parameters" if injected else cell.id,
            "cell_type": cell.cell_type,
            "metadata": {"tags": tags} if tags else {},
            "source": _clean(cell.source, paths),
        }
    )
    if cell.cell_type == "code":
        fresh["execution_count"] = cell.execution_count
        fresh["outputs"] = [
            _deep(output, paths)
            for output in cell.outputs
            if output.output_type in {"execute_result", "display_data"}
        ]
    return fresh


def _paths(values: Mapping[str, Any]) -> dict[str, str]:
    texts = [value for value in values.values() if isinstance(value, str)]
    absolute = [text for text in texts if PurePath(text).is_absolute()]
    return {text: PurePath(text).name for text in sorted(absolute, key=len, reverse=True)}


def _deep(value: Any, paths: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _clean(value, paths)
    if isinstance(value, dict):
        # A file handed over is meant as it stands: it may be read by machines.
        return _node(
            {key: each if key == FILES_KIND else _deep(each, paths) for key, each in value.items()}
        )
    if isinstance(value, list):
        return [_deep(each, paths) for each in value]
    return value


def _clean(text: str, paths: Mapping[str, str]) -> str:
    for path, name in paths.items():
        text = text.replace(path, name)
    return _ADDRESS.sub("0x0", text)


def _node(content: dict[str, Any]) -> NotebookNode:
    node: NotebookNode = nbformat.from_dict(content)  # type: ignore[no-untyped-call]
    return node
