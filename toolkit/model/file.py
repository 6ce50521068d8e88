"""Load a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.errors import ModelError
from toolkit.model.standing import Standing
from toolkit.model.types import Model
from toolkit.yamlfile import Places, found, read_yaml, validate

__all__ = ["load_model", "load_placed_model", "parse_model"]


def load_model(path: str | Path) -> Model:
    """Read and check a model file.

    Raises SourceError when the file cannot be read, ModelError with file:line:column when it is
    not a model.
    """
    return load_placed_model(path)[0]


def load_placed_model(path: str | Path) -> tuple[Model, Places]:
    """Read and check a model file, and say where everything stands in it.

    Raises as `load_model` does.
    """
    source = Path(path)
    data, places = read_yaml(source, error=ModelError)
    return _checked(data, places, source.name), places


def parse_model(text: str, file: str = "<text>") -> Model:
    """Check a model given as text; `file` is the name that errors show.

    >>> parse_model('''
    ... lead_score_model: 1
    ... name: tiny
    ... version: 1
    ... groups: [{id: who, dimension: fit, criteria: [{id: vp, when: {title: VP}, points: 20}]}]
    ... ''').criteria[0].criterion.label
    'Vp'
    """
    data, places = read_yaml(text, error=ModelError, file=file)
    return _checked(data, places, file)


def _checked(data: Any, places: Places, file: str) -> Model:
    if not isinstance(data, dict) or "lead_score_model" not in data:
        stands = f"keys {', '.join(data)[:100]}" if isinstance(data, dict) else found(data)
        raise ModelError(
            f"this is no model file: it has no line `lead_score_model: 1`, found {stands}; add "
            "that line, or check the path",
            file=file,
            line=1,
            column=1,
        )
    model = validate(Model, data, places, file, ModelError)
    lines = {
        criterion.id: places.of(("groups", i, "criteria", j))[0]
        for i, group in enumerate(model.groups)
        for j, criterion in enumerate(group.criteria)
    }
    return model.standing_at(Standing(file, lines))
