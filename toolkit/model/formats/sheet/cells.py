"""Values to the text of a cell and back, so that what was written is read as the same value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from toolkit.errors import ModelError
from toolkit.model.formats.sheet.columns import LIST_TESTS, TEXT_TESTS
from toolkit.model.writing import flow_text
from toolkit.yamlfile import read_yaml

__all__ = [
    "decay_cell",
    "decay_of",
    "flow_of",
    "list_cell",
    "names_of",
    "range_of",
    "text_cell",
    "text_of_cell",
    "value_cell",
    "value_of",
]

_DECAY = re.compile(r"([0-9]{1,9}) (percent|points?) every ([0-9]{1,9} ?[a-z]{1,2})")
_EXPIRE = re.compile(r"nothing after ([0-9]{1,9} ?[a-z]{1,2})")
_RANGE = re.compile(r"(\S+)(?: to | and | ?\.\. ?| - )(\S+)")
_HALF_LIFE = re.compile(r"half every ([0-9]{1,9} ?[a-z]{1,2}), (half_up|floor)")


def text_cell(text: str) -> str:
    """Write a text as it stands, or in JSON's quotes where a cell could not hold it as it is."""
    plain = text.isprintable() and text == text.strip() and text_of_cell(text) == text
    return text if plain else json.dumps(text)


def text_of_cell(cell: str) -> str:
    """Read a text, with or without JSON's quotes.

    >>> text_of_cell('VP or above'), text_of_cell('"15"')
    ('VP or above', '15')
    """
    if cell.startswith('"'):
        try:
            text = json.loads(cell)
        except ValueError:
            return cell
        return text if isinstance(text, str) else cell
    return cell


def flow_of(cell: str) -> Any:
    """Read a cell written as in a model file: a mapping or a list in brackets."""
    return read_yaml(cell, error=ModelError)[0]


def _scalar_of(cell: str) -> Any:
    """Read a bare value: a number where it is written as one, else text."""
    if cell.startswith('"'):
        return text_of_cell(cell)
    try:
        value = read_yaml(cell, error=ModelError)[0]
    except ModelError:
        return cell
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, int | float) else cell


def _scalar_cell(value: str | float) -> str:
    if not isinstance(value, str):
        return flow_text(value)
    bare = text_cell(value) == value == _scalar_of(value) and ";" not in value
    return value if bare else json.dumps(value)


def list_cell(values: Sequence[Any], cell: Callable[[Any], str]) -> str:
    """Write one value, or several with `;` between them; in brackets where that is not safe."""
    cells = [cell(value) for value in values]
    safe = all(not re.search(r"[;,]|^[\[{\"]", each) for each in cells)
    return "; ".join(cells) if safe else flow_text(list(values))


def value_cell(test: str, value: Any) -> str:
    """Write what a test compares with."""
    if test in LIST_TESTS:
        return list_cell(value, text_cell if test in TEXT_TESTS else _scalar_cell)
    return _scalar_cell(value)


def value_of(test: str, cell: str) -> Any:
    """Read what a test compares with; raises ModelError where the cell is ambiguous."""
    if test in LIST_TESTS:
        return _list_of(cell, text_of_cell if test in TEXT_TESTS else _scalar_of)
    if ";" in cell and not cell.startswith('"'):
        raise ModelError(f"'{test}' takes one value, and here are several: write the test 'in'")
    return _scalar_of(cell)


def names_of(cell: str) -> list[Any]:
    """Read one name or several with `;` between them."""
    return _list_of(cell, text_of_cell)


def range_of(cell: str) -> dict[str, Any]:
    """Read `500 to 1000`, both ends included, as a test."""
    ends = _RANGE.fullmatch(cell)
    if ends is None:
        raise ModelError(f"a range is written as '500 to 1000'; found '{cell[:60]}'")
    return {"gte": _scalar_of(ends[1]), "lte": _scalar_of(ends[2])}


def _list_of(cell: str, one: Callable[[str], Any]) -> list[Any]:
    if cell.startswith("["):
        read = flow_of(cell)
        if not isinstance(read, list):
            raise ModelError(f"a list is written as [one, two]; found {cell[:60]}")
        return read
    whole = text_of_cell(cell)
    if whole != cell:
        return [whole]
    if "," in cell:
        raise ModelError(
            "write ';' between values; where a comma belongs to the value, write it in brackets "
            'and quotes, as in ["Acme, Inc."]'
        )
    return [one(part.strip()) for part in cell.split(";") if part.strip()]


def decay_cell(decay: dict[str, Any]) -> str:
    """Write a decay in a few words."""
    if "expire" in decay:
        return f"nothing after {decay['expire']}"
    if "half_life" in decay:
        return f"half every {decay['half_life']}, {decay['round']}"
    kind = "percent" if "percent" in decay else "points"
    return f"{decay[kind]} {kind} every {decay['every']}"


def decay_of(cell: str) -> dict[str, Any]:
    """Read a decay in words, or as a model file has it.

    >>> decay_of("25 percent every 1mo")
    {'percent': 25, 'every': '1mo'}
    """
    if cell.startswith("{"):
        return dict(flow_of(cell))
    if step := _DECAY.fullmatch(cell):
        kind = "percent" if step[2] == "percent" else "points"
        return {kind: int(step[1]), "every": step[3]}
    if end := _EXPIRE.fullmatch(cell):
        return {"expire": end[1]}
    if half := _HALF_LIFE.fullmatch(cell):
        return {"half_life": half[1], "round": half[2]}
    raise ModelError(
        "a decay is written as '25 percent every 1mo', '5 points every 7d', 'nothing after 90d' "
        f"or 'half every 30d, half_up'; found '{cell[:60]}'"
    )
