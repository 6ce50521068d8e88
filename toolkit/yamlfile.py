"""Read a YAML file as YAML 1.2, remember where everything stands, and check it against types.

`no` and `on` are text, `12:30` is text, `1e9` is a number, `02134` stays text (a postal code must
not lose its zero), dates stay text. Keys are always text as written. Anchors, aliases, tags and
several documents in one file are refused: a model is read by people, and an alias can blow a file
of a hundred bytes up to gigabytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
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

from toolkit.errors import SourceError, ToolkitError, nearest_first

__all__ = ["Loc", "Places", "Problem", "YamlModel", "fail", "found", "read_yaml", "validate"]

Loc = tuple[str | int, ...]
"""A path into the data: keys of mappings and 0-based positions in lists."""

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_LISTED = 10

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,299})")
_OCTAL, _HEX = re.compile(r"0o[0-7]{1,99}"), re.compile(r"0x[0-9a-fA-F]{1,99}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
# What ruamel's scanner and reader let through besides their own errors, on broken input.
_BROKEN = (YAMLError, ValueError, LookupError, TypeError, AttributeError, AssertionError)


class PlacedErrorClass(Protocol):
    """A class of toolkit.errors that knows its place: ModelError or MappingError."""

    def __call__(
        self, message: str, *, file: str | None, line: int | None, column: int | None
    ) -> ToolkitError:
        """Make the error."""


@dataclass(frozen=True)
class Places:
    """Where each key and value of a file stands, as (line, column), both counted from 1."""

    file: str = "<text>"
    values: Mapping[Loc, tuple[int, int]] = field(default_factory=dict, repr=False)
    keys: Mapping[Loc, tuple[int, int]] = field(default_factory=dict, repr=False)

    def of(self, loc: Loc) -> tuple[int, int]:
        """Place of the value at `loc`, or of the nearest thing around it that exists."""
        while loc and loc not in self.values:
            loc = loc[:-1]
        return self.values.get(loc, (1, 1))

    def of_key(self, loc: Loc) -> tuple[int, int]:
        """Place of the key that ends `loc`; for a list entry the entry itself."""
        return self.keys.get(loc) or self.of(loc)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the data below a validated value; `at` is relative to that value."""

    at: Loc
    text: str
    on_key: bool = False


def fail(text: str, *at: str | int) -> PydanticCustomError:
    """Make an error for a pydantic validator to raise, placed at the path `at` below it."""
    return _failure([Problem(at, text)])


def _failure(problems: Sequence[Problem]) -> PydanticCustomError:
    return PydanticCustomError("placed", "{text}", {"text": problems[0].text, "all": [*problems]})


def found(value: object) -> str:
    """Say what stands in the file: `text 'ten'`, `the number 2.5`, `a list`, `nothing`.

    >>> found("ten"), found(None), found([1])
    ("text 'ten'", 'nothing', 'a list')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {_short(str(value))}"
    if isinstance(value, str):
        return f"text {_short(repr(value))}"
    return "a mapping (key: value)" if isinstance(value, Mapping) else "a list"


def _short(text: str, *, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


# --- reading ------------------------------------------------------------------------------------


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
            line=None,
            column=None,
        )
    return _Builder(text, file, error).build()


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(4 * MAX_BYTES + 1)
    except OSError as reason:
        message = f"cannot read {path.name}: {reason.strerror or reason}; check the path"
        raise SourceError(message) from None


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
            text = _short(" ".join(str(reason).split()), most=120)
            raise self.error(
                f"this is not YAML: {text or type(reason).__name__}",
                file=self.file,
                line=None,
                column=None,
            ) from None

    def _unreadable(self, reason: MarkedYAMLError) -> ToolkitError:
        mark = reason.problem_mark or reason.context_mark
        said = _short(" ".join(f"{reason.context or ''} {reason.problem or ''}".split()), most=120)
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
                f"'*{event.anchor}' is an alias, which is not allowed here: write the value out, "
                "or put text that begins with * in quotes",
            )
        if event.anchor is not None:
            raise self._fail(
                event,
                f"'&{event.anchor}' is an anchor, which is not allowed here: write the value out, "
                "or put text that begins with & in quotes",
            )
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self._fail(event, f"the tag '{tag}' is not allowed here: write the plain value")

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
                raise self._fail(event, f"'{key}' stands here twice (first on line {first})")
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
            raise self._fail(event, f"{_short(text)} is too large for a number")
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


# --- checking against types ---------------------------------------------------------------------


class YamlModel(BaseModel):
    """A frozen mapping of a file: unknown keys are errors that name the nearest known one.

    In a file only the keys' own spelling counts (`from`, `in`); in Python the names of the fields
    (`start`, `in_`) work too. `later` holds keys with a reason why they cannot be used.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True
    )
    later: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any, info: ValidationInfo) -> Any:
        if isinstance(data, dict) and info.context is not None:
            problems = cls._unknown_keys(data)
            if problems:
                raise _failure(problems)
        return cls.shape(data)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show only what differs from its default."""
        for name, entry in type(self).model_fields.items():
            value = getattr(self, name)
            if entry.is_required() or value != entry.default:
                yield name, value

    @classmethod
    def shape(cls, data: Any) -> Any:
        """Turn a short spelling into the full one; overridden where there is a short spelling."""
        return data

    @classmethod
    def known_keys(cls) -> frozenset[str]:
        """The keys a file may use."""
        return frozenset(entry.alias or name for name, entry in cls.model_fields.items())

    @classmethod
    def _unknown_keys(cls, data: Mapping[str, Any]) -> list[Problem]:
        known = cls.known_keys()
        return [
            Problem((key,), cls.later.get(key) or _unknown(key, known), on_key=True)
            for key in data
            if key not in known
        ]


def _unknown(key: str, known: frozenset[str]) -> str:
    return f"unknown key '{key}': {nearest_first(key, known, most=20)}"


Checked = TypeVar("Checked", bound=BaseModel)


def validate(
    model_class: type[Checked], data: Any, places: Places, file: str, error: PlacedErrorClass
) -> Checked:
    """Check `data` against a pydantic model; raise `error` at the first problem of the file.

    Further problems follow, one a line, each with its own `file:line:column`.
    """
    try:
        return model_class.model_validate(data, context={"file": file})
    except ValidationError as failed:
        problems = sorted(
            {
                placed
                for entry in failed.errors(include_url=False)
                for placed in _placed(entry, data, places)
            }
        )
    except RecursionError:
        problems = [((1, 1), "nested too deep; flatten it")]
    (line, column), text = problems[0]
    more = [f"{file}:{a}:{b}: {said}" for (a, b), said in problems[1:MAX_LISTED]]
    if len(problems) > MAX_LISTED:
        more.append(f"... and {len(problems) - MAX_LISTED} more")
    raise error("\n".join([text, *more]), file=file, line=line, column=column)


def _placed(entry: ErrorDetails, data: Any, places: Places) -> list[tuple[tuple[int, int], str]]:
    loc = _path_in(data, entry["loc"])
    if entry["type"] == "placed":
        problems: list[Problem] = entry["ctx"]["all"]
    elif entry["type"] == "extra_forbidden":
        key = str(entry["loc"][-1])
        problems, loc = [Problem((key,), f"unknown key '{key}'", on_key=True)], loc[:-1]
    else:
        problems = [Problem((), _in_words(entry, loc))]
    return [
        (places.of_key((*loc, *p.at)) if p.on_key else places.of((*loc, *p.at)), p.text)
        for p in problems
    ]


def _path_in(data: Any, steps: Sequence[str | int]) -> Loc:
    """Follow pydantic's location as far as the file has it, without tags of unions and aliases."""
    loc: list[str | int] = []
    for step in steps:
        if (isinstance(data, dict) and step in data) or (isinstance(data, list) and isinstance(step, int) and step < len(data)):
            data = data[step]
        else:
            continue
        loc.append(step)
    return tuple(loc)


_EXPECTED = {
    "model_type": "a mapping (key: value)",
    "dict_type": "a mapping (key: value)",
    "tuple_type": "a list",
    "list_type": "a list",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
}


def _in_words(entry: ErrorDetails, loc: Loc) -> str:
    key = next((f"'{step}'" for step in reversed(loc) if isinstance(step, str)), "the file")
    if entry["type"] == "missing":
        return f"'{entry['loc'][-1]}' is missing" + (f" in {key}" if loc else "")
    if entry["type"] == "literal_error":
        said = found(entry["input"])
        wanted = entry["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        near = get_close_matches(str(entry["input"]), wanted, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        return f"{key} must be one of {', '.join(wanted)}; found {said}{hint}"
    expected = _EXPECTED.get(entry["type"])
    if expected is None:
        return f"{key}: {entry['msg']}; found {found(entry['input'])}"
    return f"{key} must be {expected}; found {found(entry['input'])}"
