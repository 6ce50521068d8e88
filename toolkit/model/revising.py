"""Write other numbers into a model's own file: comments, order and spelling stay."""

from __future__ import annotations

import re
from typing import Any

from toolkit.errors import ModelError
from toolkit.model.file import parse_model
from toolkit.model.plain import plain_model
from toolkit.model.types import Model
from toolkit.model.writing import flow_text, model_text
from toolkit.yamlfile import Places, read_yaml
from toolkit.yamlfile.places import Loc

__all__ = ["revised_text"]

_WHOLE = re.compile(r"[-+]?[0-9]+")
_VALUE = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s,#}\]]+")
_KEYS = frozenset(["points", "min", "max", "from"])


def revised_text(text: str, model: Model) -> str:
    """Give the text of an earlier version the numbers and the version of `model`.

    Points, limits and thresholds are replaced where they stand, and a `valid_from` that no longer
    holds becomes a comment. Where that does not make the very same model (criteria added, another
    condition) the model is written anew, without comments. Raises ModelError where `text` is no
    model.

    >>> old = '''lead_score_model: 1
    ... name: tiny  # ours
    ... version: 1
    ... groups: [{id: who, dimension: fit, criteria: [{id: vp, when: {title: VP}, points: 20}]}]
    ... '''
    >>> new = parse_model(old.replace("20", "25").replace("version: 1", "version: 2"))
    >>> print(revised_text(old, new).splitlines()[1:3])
    ['name: tiny  # ours', 'version: "2"']
    """
    parse_model(text)
    data, places = read_yaml(text, error=ModelError)
    lines = text.splitlines(keepends=True)
    # From the end of a line backwards, so that what is replaced moves no place still to come.
    for place, new, pattern in sorted(_edits(data, places, model), key=lambda e: e[0])[::-1]:
        _replace(lines, place, new, pattern)
    found = "".join(_without_start(lines, data, places, model))
    return found if _same(found, model) else model_text(model)


def _same(text: str, model: Model) -> bool:
    try:
        return parse_model(text) == model
    except ModelError:
        return False


def _edits(
    data: dict[str, Any], places: Places, model: Model
) -> list[tuple[tuple[int, int], str, re.Pattern[str]]]:
    """Places of the numbers that differ, and what must stand there."""
    plain = plain_model(model)
    edits = [
        (places.values[loc], str(new), _WHOLE)
        for loc, old, new in _numbers((), data, plain)
        if old != new
    ]
    if ("version",) in places.values and str(data["version"]) != model.version:
        version = flow_text(model.version)
        # A bare number would be read as the same text, but not by every loader.
        version = f'"{version}"' if _WHOLE.fullmatch(version) else version
        edits.append((places.values["version",], version, _VALUE))
    return edits


def _numbers(at: Loc, old: Any, new: Any) -> list[tuple[Loc, int, int]]:
    """Pairs of whole numbers at the same place of two files, in points and thresholds alone."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            found
            for key, value in old.items()
            if key in new
            for found in _at_key((*at, key), value, new[key])
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [found for i, (a, b) in pairs for found in _numbers((*at, i), a, b)]
    return []


def _at_key(loc: Loc, old: Any, new: Any) -> list[tuple[Loc, int, int]]:
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in (old, new))
    if whole:
        return [(loc, old, new)] if loc[-1] in _KEYS or "per_value" in loc else []
    return _numbers(loc, old, new)


def _replace(lines: list[str], place: tuple[int, int], new: str, pattern: re.Pattern[str]) -> None:
    row, column = place[0] - 1, place[1] - 1
    found = pattern.match(lines[row], column)
    if found is not None:
        lines[row] = f"{lines[row][:column]}{new}{lines[row][found.end() :]}"


def _without_start(
    lines: list[str], data: dict[str, Any], places: Places, model: Model
) -> list[str]:
    if model.valid_from is not None or "valid_from" not in data:
        return lines
    row = places.values["valid_from",][0] - 1
    return [*lines[:row], f"# version {data['version']}: {lines[row]}", *lines[row + 1 :]]
