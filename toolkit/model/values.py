"""The small values of a model file: points, durations, names, dates, and text or number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic_core import CoreSchema, core_schema

from toolkit.yamlfile import fail, found

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "LONGEST_TEXT",
    "MOST_POINTS",
    "Count",
    "Day",
    "Identifier",
    "Listed",
    "Name",
    "Number",
    "OneOrMore",
    "Pairs",
    "Percent",
    "Points",
    "Scalar",
    "Seconds",
    "Truth",
    "Weight",
    "duration_text",
    "readable",
]

MOST_POINTS = 1_000_000
MOST_WEIGHT = 10_000
LONGEST_TEXT = 1_000
_UNITS = {"h": 3_600, "d": 86_400, "w": 7 * 86_400, "mo": 30 * 86_400, "y": 365 * 86_400}
_DURATION = re.compile(r"([0-9]{1,9})\s?(h|d|w|mo|y)")
_LONGEST = 100 * _UNITS["y"]
_IDENTIFIER = re.compile(r"[^\W\d][\w.-]{0,99}")


def _key(info: ValidationInfo) -> str:
    # The file's spelling of the few fields that Python cannot call by it.
    name = (info.field_name or "this").rstrip("_")
    return "'from'" if name == "start" else f"'{name}'"


def _whole(value: Any, info: ValidationInfo, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise fail(
            f"{_key(info)} must be a whole number from {least} to {most:,}; found {found(value)}"
        )
    return value


def _points(value: Any, info: ValidationInfo) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise fail(f"{_key(info)} must be a whole number; found {found(value)}")
    if abs(value) > MOST_POINTS:
        raise fail(
            f"{_key(info)} must lie between -{MOST_POINTS:,} and {MOST_POINTS:,}; found {value:,}"
        )
    return value


def _count(value: Any, info: ValidationInfo) -> int:
    return _whole(value, info, 1, MOST_POINTS)


def _percent(value: Any, info: ValidationInfo) -> int:
    return _whole(value, info, 1, 100)


def _weight(value: Any, info: ValidationInfo) -> int:
    if isinstance(value, float):
        raise fail(
            f"'weight' must be a whole number; found {found(value)}; to weigh with parts of one, "
            "multiply all weights and set 'scale', as in weight: 40 with scale: 100"
        )
    return _whole(value, info, 0, MOST_WEIGHT)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise fail(f"write true or false; found {found(value)}")
    return value


def _name(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise fail(f"this must be text; found {found(value)}; put it in quotes")
    text = str(value).strip()
    if not text:
        raise fail("this text is blank; write a name")
    if len(text) > LONGEST_TEXT:
        raise fail(f"this text is longer than {LONGEST_TEXT} characters; shorten it")
    return text


def _identifier(value: Any) -> str:
    text = _name(value)
    if not _IDENTIFIER.fullmatch(text):
        raise fail(
            f"an id is one word of letters, digits, '_', '-' or '.', and begins with a letter; "
            f"found {found(value)}"
        )
    return text


def _seconds(value: Any, info: ValidationInfo) -> int:
    if info.context is None and isinstance(value, int) and 0 < value <= _LONGEST:
        return value  # built in Python, where seconds are meant; a file must name its unit
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise fail(
            "a duration is a whole number with a unit, as in 12h, 90d, 2w, 1mo (30 days) or "
            f"1y (365 days); found {found(value)}"
        )
    seconds = int(match[1]) * _UNITS[match[2]]
    if not 0 < seconds <= _LONGEST:
        raise fail(f"a duration must be longer than 0 and at most 100y; found {found(value)}")
    return seconds


def duration_text(seconds: int) -> str:
    """Write whole seconds the way a model file does.

    >>> duration_text(7_776_000), duration_text(43_200)
    ('90d', '12h')
    """
    days, rest = divmod(seconds, _UNITS["d"])
    return f"{seconds // _UNITS['h']}h" if rest else f"{days}d"


def _day(value: Any) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    raise fail(f"a date is written as in 2026-07-01; found {found(value)}")


def _scalar(value: Any) -> str | int | float:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    if not isinstance(value, str):
        raise fail(f"compare with text or a number; found {found(value)}")
    if not value.strip():
        raise fail("blank text means missing: write `missing: true` or `or_missing: true` instead")
    if len(value) > LONGEST_TEXT:
        raise fail(f"this text is longer than {LONGEST_TEXT} characters; shorten it")
    return value.strip()


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fail(f"compare with a number; found {found(value)}")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


def _some(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise fail("this list is empty; it needs at least one entry")
    return values


def readable(identifier: str) -> str:
    """Make an id readable: the label of a criterion that has none.

    >>> readable("free_email")
    'Free email'
    """
    words = re.sub(r"[_.\-\s]+", " ", identifier).strip()
    return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class _Spelled:
    """How a value is written in a file, for the JSON Schema of the file."""

    entries: tuple[tuple[str, Any], ...]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell pydantic; what it would make of the type in Python is put aside."""
        del schema, handler
        return {key: list(v) if isinstance(v, tuple) else v for key, v in self.entries}


def _spelled(description: str, **entries: Any) -> _Spelled:
    return _Spelled((*entries.items(), ("description", description)))


def _whole_number(description: str, least: int, most: int) -> _Spelled:
    return _spelled(description, type="integer", minimum=least, maximum=most)


@dataclass(frozen=True)
class _SpelledList:
    """A list with at least one entry; with `bare` a single entry may stand without brackets."""

    bare: bool

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell pydantic."""
        listed = {**handler(schema), "minItems": 1}
        return {"anyOf": [listed["items"], listed]} if self.bare else listed


_NOT_IN_IDENTIFIER = r"\s!-,/:-@\[-^`{-~"

Points = Annotated[
    int,
    BeforeValidator(_points),
    _whole_number("Points, a whole number on the model's scale.", -MOST_POINTS, MOST_POINTS),
]
Count = Annotated[
    int, BeforeValidator(_count), _whole_number("A whole number from 1.", 1, MOST_POINTS)
]
Percent = Annotated[int, BeforeValidator(_percent), _whole_number("A whole percent.", 1, 100)]
Weight = Annotated[
    int,
    BeforeValidator(_weight),
    _whole_number("A whole number by which the points are multiplied.", 0, MOST_WEIGHT),
]
Truth = Annotated[bool, BeforeValidator(_truth), _spelled("true or false.", type="boolean")]
Name = Annotated[
    str, BeforeValidator(_name), _spelled("A text.", type=("string", "integer"), pattern=r"\S")
]
Identifier = Annotated[
    str,
    BeforeValidator(_identifier),
    _spelled(
        "One word of letters, digits, '_', '-' or '.', which begins with a letter.",
        type="string",
        pattern=rf"^\s*[^\d.\-{_NOT_IN_IDENTIFIER}][^{_NOT_IN_IDENTIFIER}]{{0,99}}\s*$",
    ),
]
Seconds = Annotated[
    int,
    BeforeValidator(_seconds),
    _spelled(
        "A duration: a whole number with a unit, as in 12h, 90d, 2w, 1mo (30 days), 1y (365 days).",
        type="string",
        pattern=r"^\s*(?!0+\s?[a-z])[0-9]{1,9}\s?(h|d|w|mo|y)\s*$",
    ),
]
Day = Annotated[
    date,
    BeforeValidator(_day),
    _spelled(
        "A date, as in 2026-07-01.", type="string", pattern=r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s*$"
    ),
]
Number = Annotated[
    int | float, BeforeValidator(_number), _spelled("A number to compare with.", type="number")
]
Scalar = Annotated[
    str | int | float,
    BeforeValidator(_scalar),
    _spelled(
        "A text or a number to compare with; case does not count.",
        type=("string", "number", "boolean"),
        pattern=r"\S",
        maxLength=LONGEST_TEXT,
    ),
]

Entry = TypeVar("Entry")
Listed = Annotated[tuple[Entry, ...], AfterValidator(_some), _SpelledList(bare=False)]
OneOrMore = Annotated[
    tuple[Entry, ...], BeforeValidator(_listed), AfterValidator(_some), _SpelledList(bare=True)
]


@dataclass(frozen=True)
class Pairs:
    """Reads a mapping into a tuple of (key, value) pairs: frozen, hashable, in file order."""

    checked: Callable[[str], str]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Tell pydantic how to read the pairs."""
        value = handler.generate_schema(source.__args__[0].__args__[1])
        keys = core_schema.no_info_after_validator_function(self.checked, core_schema.str_schema())
        return core_schema.no_info_before_validator_function(
            lambda given: dict(given) if isinstance(given, tuple) else given,
            core_schema.no_info_after_validator_function(
                lambda read: tuple(read.items()), core_schema.dict_schema(keys, value)
            ),
        )
