"""Write a model as text: stable order, one criterion a line, safe for any YAML loader."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from toolkit.model.parts import Content
from toolkit.model.plain import Plain, plain_model

__all__ = ["flow_text", "model_text"]

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*([ /.-][A-Za-z0-9_]+)*")
_DATE_OR_DURATION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[1-9][0-9]*[hd]")
# Words that some YAML loader reads as something else than text.
_WORDS = frozenset(
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"]
)


def model_text(model: Content) -> str:
    """Write the model as the text of its file."""
    return "".join(f"{line}\n" for line in _lines(plain_model(model)))


def _lines(plain: Plain) -> list[str]:
    lines: list[str] = []
    for key, value in plain.items():
        if key == "groups":
            lines += ["groups:", *(line for group in value for line in _group_lines(group))]
        elif isinstance(value, list):
            lines += [f"{key}:", *(f"- {flow_text(entry)}" for entry in value)]
        elif isinstance(value, dict):
            lines += [
                f"{key}:",
                *(f"  {_text(name)}: {flow_text(part)}" for name, part in value.items()),
            ]
        else:
            lines.append(f"{key}: {flow_text(value)}")
    return lines


def _group_lines(group: Plain) -> list[str]:
    head = [f"{key}: {flow_text(value)}" for key, value in group.items() if key != "criteria"]
    criteria = [f"  - {flow_text(criterion)}" for criterion in group["criteria"]]
    return [f"- {head[0]}", *(f"  {line}" for line in head[1:]), "  criteria:", *criteria]


def flow_text(value: Any) -> str:
    """Write plain data on one line of YAML, safe for any loader.

    >>> flow_text({"page": {"like": "/pricing*"}, "size": ["no", 5]})
    '{page: {like: "/pricing*"}, size: ["no", 5]}'
    """
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{_text(key)}: {flow_text(part)}" for key, part in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(flow_text, value)) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    if _DATE_OR_DURATION.fullmatch(text):
        return text
    if _BARE.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return '"' + "".join(map(_quoted, text)) + '"'


def _quoted(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    return f"\\U{ord(letter):08x}"
