"""Check plain data against pydantic models, with every problem at its place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from toolkit.errors import nearest_first
from toolkit.yamlfile.places import Loc, PlacedErrorClass, Places, shortened

__all__ = ["Problem", "YamlModel", "fail", "found", "validate"]

MAX_LISTED = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the data below a validated value; `at` is relative to that value."""

    at: Loc
    text: str
    on_key: bool = False


def fail(text: str, *at: str | int, on_key: bool = False) -> PydanticCustomError:
    """Make an error for a pydantic validator to raise, placed at the path `at` below it."""
    return _failure([Problem(at, text, on_key)])


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
        return f"the number {shortened(str(value))}"
    if isinstance(value, str):
        return f"text {shortened(repr(value))}"
    return "a mapping (key: value)" if isinstance(value, Mapping) else "a list"


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
            problems = cls._wrong_keys(data)
            if problems:
                raise _failure(problems)
        return cls.shape(data)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show only what differs from its default."""
        for name, entry in type(self).model_fields.items():
            value = getattr(self, name)
            if entry.repr and (entry.is_required() or value != entry.default):
                yield name, value

    @classmethod
    def shape(cls, data: Any) -> Any:
        """Turn a short spelling into the full one; overridden where there is a short spelling."""
        return data

    @classmethod
    def known_keys(cls) -> frozenset[str]:
        """Name the keys a file may use."""
        return frozenset(entry.alias or name for name, entry in cls.model_fields.items())

    @classmethod
    def _wrong_keys(cls, data: Mapping[str, Any]) -> list[Problem]:
        known = cls.known_keys()
        unknown = [
            Problem((key,), cls.later.get(key) or _unknown(key, known), on_key=True)
            for key in data
            if key not in known
        ]
        return unknown or [
            Problem((key,), f"'{key}' has no value; give it one or delete the key", on_key=True)
            for key, value in data.items()
            if value is None
        ]


def _unknown(key: str, known: frozenset[str]) -> str:
    key = shortened(key)
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


def _leads_on(data: Any, step: str | int) -> bool:
    if isinstance(data, dict):
        return step in data
    return isinstance(data, list) and isinstance(step, int) and step < len(data)


def _path_in(data: Any, steps: Sequence[str | int]) -> Loc:
    """Follow pydantic's location as far as the file has it, without tags of unions and aliases."""
    loc: list[str | int] = []
    for step in steps:
        if not _leads_on(data, step):
            continue
        data = data[step]
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
