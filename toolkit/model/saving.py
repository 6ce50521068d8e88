"""Save a model to its file."""

from __future__ import annotations

from pathlib import Path

from toolkit.errors import SourceError
from toolkit.model.revising import revised_text
from toolkit.model.types import Model
from toolkit.model.writing import model_text

__all__ = ["save_model"]


def save_model(model: Model, path: str | Path, *, like: str | Path | None = None) -> None:
    """Write the model file; `load_model` gives an equal model back.

    `like` is the file of an earlier version, whose comments, order and spelling are kept where
    only numbers differ; otherwise they are lost. Raises SourceError when a file cannot be read or
    written.
    """
    target = Path(path)
    text = model_text(model) if like is None else _like(Path(like), model)
    try:
        target.write_text(text, encoding="utf-8", newline="\n")
    except OSError as reason:
        raise SourceError(
            f"cannot write {target.name}: {reason.strerror or reason}; check folder and rights"
        ) from None


def _like(source: Path, model: Model) -> str:
    try:
        return revised_text(source.read_text(encoding="utf-8-sig"), model)
    except (OSError, UnicodeDecodeError) as reason:
        raise SourceError(f"cannot read {source.name}: {reason}; check path and rights") from None
