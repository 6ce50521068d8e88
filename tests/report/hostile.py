"""Counts that a report must survive, and everything that its sections then say."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

Cells = list[tuple[object, ...]]

CELLS: dict[str, Cells] = {
    "no lead at all": [],
    "no lead is old enough": [(60, "immature", 40), (10, "immature", 60)],
    "one lead": [(60, "converted", 1)],
    "three leads": [(60, "converted", 1), (60, "not_converted", 1), (10, "unworked", 1)],
    "none converted": [(90, "not_converted", 50), (60, "not_converted", 50), (10, "unworked", 500)],
    "all converted": [(90, "converted", 50), (60, "converted", 50), (10, "converted", 50)],
    "one score": [(60, "converted", 40), (60, "not_converted", 160)],
    "one score below the bar": [(0, "converted", 9), (0, "not_converted", 91), (0, "unworked", 900)],
    "nothing worked": [(90, "unworked", 100), (60, "unworked", 100), (10, "unworked", 800)],
    "all worked": [
        (90, "converted", 40), (90, "not_converted", 60),
        (60, "converted", 20), (60, "not_converted", 80),
        (10, "converted", 5), (10, "not_converted", 95),
    ],
    "higher scores are worse": [
        (90, "converted", 5), (90, "not_converted", 95),
        (60, "converted", 20), (60, "not_converted", 80),
        (10, "converted", 40), (10, "not_converted", 60),
    ],
    "negative scores": [
        (-10, "converted", 4), (-10, "not_converted", 40),
        (-90, "converted", 1), (-90, "not_converted", 90),
    ],
    "very many leads": [
        (90, "converted", 4 * 10**9), (90, "not_converted", 6 * 10**9),
        (10, "converted", 10**9), (10, "not_converted", 9 * 10**9),
    ],
}  # fmt: skip

_NOT_SAID = (
    r"(?<![A-Za-z])(?:nan|NaN|NaT|<NA>|inf|None(?! of|:))(?![A-Za-z])",
    "[-\u2212]0(?:\\.0+)?%?(?![\\d.])(?<!\\d[-\u2212]0)(?<!\\d[-\u2212]0%)",  # a minus before nothing
    r"(?<![\w%)-])-\d",  # a hyphen for a minus
    r"\(\)|  +[.,]",
)


def said(report: ModuleType, value: object) -> tuple[str, dict[str, Any]]:
    """Everything that the sections of a report say, as text and as facts."""
    sections = [getattr(report, name)(value) for name in report.__all__ if name.startswith("show_")]
    for section in sections:
        str(section.html())
    facts = {key: fact for section in sections for key, fact in section.facts.items()}
    return "\n\n".join(section.plain() for section in sections), facts


def faults(text: str, facts: dict[str, Any]) -> list[str]:
    """What no page may say: a number that is none, with what stands around it; facts beyond JSON."""
    json.dumps(facts, allow_nan=False)
    return [
        text[max(0, hit.start() - 60) : hit.end() + 20].replace("\n", " | ")
        for pattern in _NOT_SAID
        for hit in re.finditer(pattern, text)
    ]
