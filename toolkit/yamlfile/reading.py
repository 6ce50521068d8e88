"""Read YAML 1.2 into plain data.

`no` and `on` are text, `12:30` is text, `1e9` is a number, `02134` stays text (a postal code must
not lose its zero), dates stay text. Keys are always text as written. Anchors, aliases, tags and
several documents in one file are refused: a model is read by people, and an alias can blow a file
of a hundred bytes up to gigabytes.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from toolkit.errors import SourceError, ToolkitError
from toolkit.yamlfile.places import Loc, PlacedErrorClass, Places, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_yaml"]

MAX_BYTES = 1_000_000
MAX_DEPTH = 40

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,299})")
_OCTAL, _HEX = re.compile(r"0o[0-7]{1,99}"), re.compile(r"0x[0-9a-fA-F]{1,99}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
# What ruamel's scanner and reader let through besides their own errors, on broken input.
_BROKEN = (YAMLError, ValueError, LookupError, TypeError, AttributeError, AssertionError)


def read_yaml(
    source: Path | str, *, error: PlacedErrorClass, file: str = "<text>"
) -> tuple[Any, Places]:
    """Read one YAML document into dict, list, str, int, float, bool and None.

    A `Path` is opened (its base name stands in the errors); a `str` is the text itself.
    Raises SourceError when the file cannot be read and `error`, with line and column, when the
    text is not plain YAML 1.2.
    """
    if isinstance(source, Path):
        file, text = source.name, _decoded(_bytes_of(source), source.name, error)
    else:
        text = source.removeprefix("\ufeff")
    if len(text) > MAX_BYTES:
        raise error(
            f"the file is larger than {MAX_BYTES:,} characters; a file of this kind has a few "
            "hundred lines: is it the right one?",
            file=file,
            line=text.count("\n", 0, MAX_BYTES) + 1,
            column=1,
        )
    return _Builder(text, file, error).build()


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(4 * MAX_BYTES + 1)
    except (OSError, ValueError) as reason:  # a name with a zero in it is a ValueError
        name = shortened(path.name or str(path))
        said = getattr(reason, "strerror", None) or reason
        raise SourceError(f"cannot read {name}: {said}; check the path") from None


def _decoded(raw: bytes, file: str, error: PlacedErrorClass) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        before = raw[: reason.start]
        line_start = before.rfind(b"\n") + 1
        raise error(
            f"the byte 0x{raw[reason.start]:02x} is not UTF-8 text; save the file as UTF-8",
            file=file,
            line=before.count(b"\n") + 1,
            column=len(before[line_start:].decode("utf-8-sig", "replace")) + 1,
        ) from None


class _Builder:
    """Builds plain data and its places from parser events, so nothing is ever constructed."""

    def __init__(self, text: str, file: str, error: PlacedErrorClass) -> None:
        self.text, self.file, self.error = text, file, error
        self.values: dict[Loc, tuple[int, int]] = {}
        self.keys: dict[Loc, tuple[int, int]] = {}
        self.events: Iterator[Event] = iter(())

    def build(self) -> tuple[Any, Places]:
        self.events = iter(YAML(typ="safe", pure=True).parse(self.text))
        self._next()
        if not isinstance(self._next(), DocumentStartEvent):
            return None, Places(self.file)
        data = self._node(cast("NodeEvent", self._next()), ())
        self._next()
        after = self._next()
        if isinstance(after, DocumentStartEvent):
            raise self._fail(after, "a second document begins here (---); keep one per file")
        return data, Places(self.file, self.values, self.keys)

    def _next(self) -> Event:
        try:
            return next(self.events)
        except MarkedYAMLError as reason:
            raise self._unreadable(reason) from None
        except _BROKEN as reason:
            text = shortened(" ".join(str(reason).split()), most=120)
            raise self.error(
                f"this is not YAML: {text or type(reason).__name__}",
                file=self.file,
                line=None,
                column=None,
            ) from None

    def _unreadable(self, reason: MarkedYAMLError) -> ToolkitError:
        mark = reason.problem_mark or reason.context_mark
        said = shortened(
            " ".join(f"{reason.context or ''} {reason.problem or ''}".split()), most=120
        )
        hint = ""
        if mark and self.text[mark.index : mark.index + 1] in {"*", "&", "@", "`", "%", "!"}:
            hint = "; put text that begins with this character in quotes"
        elif mark and self.text[mark.index : mark.index + 1] == "\t":
            hint = "; indent with spaces, not tabs"
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        return self.error(
            f"this is not YAML: {said}{hint}", file=self.file, line=line, column=column
        )

    def _fail(self, event: Event, text: str) -> ToolkitError:
        mark = event.start_mark
        return self.error(text, file=self.file, line=mark.line + 1, column=mark.column + 1)

    def _node(self, event: NodeEvent, loc: Loc) -> Any:
        self._refuse_magic(event)
        self.values[loc] = (event.start_mark.line + 1, event.start_mark.column + 1)
        if len(loc) > MAX_DEPTH:
            raise self._fail(event, f"nested more than {MAX_DEPTH} levels deep; flatten it")
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        if isinstance(event, SequenceStartEvent):
            return self._list(loc)
        return self._mapping(loc)

    def _refuse_magic(self, event: NodeEvent) -> None:
        if isinstance(event, AliasEvent):
            raise self._fail(
                event,
                f"'*{shortened(str(event.anchor))}' is an alias, which is not allowed here: write the value out, "
                "or put text that begins with * in quotes",
            )
        if event.anchor is not None:
            raise self._fail(
                event,
                f"'&{shortened(str(event.anchor))}' is an anchor, which is not allowed here: write the value out, "
                "or put text that begins with & in quotes",
            )
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self._fail(
                event, f"the tag '{shortened(str(tag))}' is not allowed here: write the plain value"
            )

    def _list(self, loc: Loc) -> list[Any]:
        entries: list[Any] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            entries.append(self._node(cast("NodeEvent", event), (*loc, len(entries))))
        return entries

    def _mapping(self, loc: Loc) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._key(cast("NodeEvent", event))
            place = (event.start_mark.line + 1, event.start_mark.column + 1)
            if key in entries:
                first = self.keys[(*loc, key)][0]
                said = f"'{shortened(key)}' stands here twice (first on line {first})"
                raise self._fail(event, said)
            self.keys[(*loc, key)] = place
            entries[key] = None
            entries[key] = self._node(cast("NodeEvent", self._next()), (*loc, key))
        return entries

    def _key(self, event: NodeEvent) -> str:
        self._refuse_magic(event)
        if not isinstance(event, ScalarEvent) or not event.value.strip():
            raise self._fail(event, "a key must be a word, as in `key: value`")
        return self._text(event)

    def _text(self, event: ScalarEvent) -> str:
        if any("\ud800" <= letter <= "\udfff" for letter in event.value):
            raise self._fail(event, "half a character (a lone surrogate) cannot be text")
        return str(event.value)

    def _scalar(self, event: ScalarEvent) -> str | int | float | bool | None:
        text = self._text(event)
        if not event.implicit[0]:
            return text
        if _NO_NUMBER.fullmatch(text):
            raise self._fail(event, f"{text} is not a number that can be used here")
        value = _plain_value(text)
        if isinstance(value, float) and not math.isfinite(value):
            raise self._fail(event, f"{shortened(text)} is too large for a number")
        return value


def _plain_value(text: str) -> str | int | float | bool | None:
    """Resolve an unquoted scalar by the core schema of YAML 1.2; leading zeros stay text."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return bool(_TRUE.fullmatch(text))
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text
