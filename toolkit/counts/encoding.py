"""A count table as JSON and frames, and back: one door for every table of the waist."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from importlib import import_module
from typing import Any

import pandas as pd

from toolkit.errors import SourceError, nearest_first

__all__ = ["decode", "encode", "known_types"]

_PLAIN = (bool, int, str, type(None))


def known_types() -> dict[str, Any]:
    """The dataclasses of this room by name: nothing else is ever made from a file."""
    room = import_module("toolkit.counts")
    found = {name: getattr(room, name) for name in room.__all__}
    return {name: each for name, each in found.items() if is_dataclass(each)}


def encode(value: Any, frames: dict[str, pd.DataFrame], place: str) -> Any:
    """Write a value as JSON; frames are put into `frames` under the place where they stood."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, pd.DataFrame):
        frames[place] = value
        times = {name: str(kind) for name, kind in value.dtypes.items() if kind.kind == "M"}
        # Parquet has no whole seconds: it would give back milliseconds.
        return {"$frame": place, "times": times} if times else {"$frame": place}
    if isinstance(value, tuple | list):
        return {"$tuple": [encode(each, frames, f"{place}.{i}") for i, each in enumerate(value)]}
    if isinstance(value, Mapping):
        pairs = sorted(value.items(), key=lambda pair: str(pair[0]))
        return {
            "$map": [
                [encode(key, frames, place), encode(each, frames, f"{place}.{i}")]
                for i, (key, each) in enumerate(pairs)
            ]
        }
    return _encode_other(value, frames, place)


def _encode_other(value: Any, frames: dict[str, pd.DataFrame], place: str) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if type(value).__name__ not in known_types():
        raise TypeError(f"a count table cannot hold a {type(value).__name__} ({place})")
    parts = {
        each.name: encode(getattr(value, each.name), frames, _under(place, each.name))
        for each in fields(value)
    }
    return {"$type": type(value).__name__, **parts}


def _under(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def decode(value: Any, frame_at: Callable[[str], pd.DataFrame], place: str = "the file") -> Any:
    """Read what `encode` wrote; SourceError where it is something else."""
    if isinstance(value, (*_PLAIN, float)):
        return value
    if not isinstance(value, dict):
        raise SourceError(f"{place}: expected a value of a count table, found {_shown(value)}")
    if "$type" in value:
        return _object(value, frame_at, place)
    return _tagged(value, frame_at, place)


def _tagged(value: dict[str, Any], frame_at: Callable[[str], pd.DataFrame], place: str) -> Any:
    match list(value.items()):
        case [("$float", "nan" | "inf" | "-inf" as text)]:
            return float(text)
        case [("$frame", str() as name)]:
            return frame_at(name)
        case [("$frame", str() as name), ("times", dict() as times)]:
            return frame_at(name).astype(times)
        case [("$date", str() as text)]:
            return _day(text, place)
        case [("$tuple", list() as items)]:
            return tuple(decode(each, frame_at, place) for each in items)
        case [("$map", list() as items)] if all(isinstance(pair, list) for pair in items):
            return {
                decode(key, frame_at, place): decode(each, frame_at, place) for key, each in items
            }
    raise SourceError(f"{place}: expected a value of a count table, found {_shown(value)}")


def _day(text: str, place: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SourceError(f"{place}: expected a day such as 2026-09-30, found {text!r}") from None


def _object(value: dict[str, Any], frame_at: Callable[[str], pd.DataFrame], place: str) -> Any:
    types = known_types()
    name = value["$type"]
    if name not in types:
        raise SourceError(
            f"{place} holds a table of the kind {name!r}, which this version does not know: "
            f"{nearest_first(str(name), types)}"
        )
    wanted = {each.name: each for each in fields(types[name])}
    unknown = [key for key in value if key != "$type" and key not in wanted]
    missing = [
        key
        for key, each in wanted.items()
        if key not in value and each.default is MISSING and each.default_factory is MISSING
    ]
    if unknown or missing:
        odd = ", ".join([*(f"unknown '{key}'" for key in unknown),
                         *(f"no '{key}'" for key in missing)])  # fmt: skip
        raise SourceError(
            f"{place}: a {name} with {odd}; it was written by another version or changed since. "
            "Count again, or read it with the version that wrote it"
        )
    parts = {
        key: decode(each, frame_at, f"{place}, {key}")
        for key, each in value.items()
        if key != "$type"
    }
    return types[name](**parts)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}\N{HORIZONTAL ELLIPSIS}"  # noqa: PLR2004 - a line
