"""Model files with random damage are read or refused, never crashed into."""

from __future__ import annotations

import random

import pytest

from tests.model.sheets import GOLDEN
from toolkit.errors import ModelError
from toolkit.model import parse_model

SNIPPETS = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ", ",
    "\n",
    "  ",
    "- ",
    "'",
    '"',
    "null",
    "no",
    "1e9",
    "&a ",
    "*a",
]
SNIPPETS += [
    "min: 1",
    "cases: []",
    "when: {}",
    "\x00",
    "\ud800",
    "!!x ",
    "? ",
    "|",
    "%",
    "9" * 400,
    "é",
]


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_model_file_is_read_or_refused_with_its_name(seed):
    draw = random.Random(seed)
    text = (GOLDEN / draw.choice(["enterprise.yaml", "glossary.yaml"])).read_text("utf-8")
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(text))
        text = text[:at] + draw.choice(SNIPPETS) + text[at + draw.choice([0, 0, 1, 5, 40]) :]
    try:
        parse_model(text, "damaged.yaml")
    except ModelError as refused:
        assert str(refused).startswith("damaged.yaml")  # noqa: PT017 - some damage is harmless
