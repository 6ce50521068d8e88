"""Which tests prove which public statistic, as their markers say."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
KINDS = ("by_hand", "property_of")
ELSEWHERE = {"slow", "real_data"}
"""A test so marked does not run everywhere, so it holds no claim."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A test that proves a statistic, in the way that its marker names."""

    kind: str
    statistic: str
    test: str
    mentioned: bool
    """Whether the module of the test speaks of the statistic at all."""


@cache
def read_proofs() -> tuple[Proof, ...]:
    """Every proof in the test modules of the analysis."""
    return tuple(proof for path in sorted(HERE.rglob("test_*.py")) for proof in proofs_in(path))


def proofs_in(path: Path) -> Iterator[Proof]:
    text = path.read_text("utf-8")
    # By the name under which pytest reads it, so that it is read once.
    place = ".".join(["tests.analysis", *path.relative_to(HERE).with_suffix("").parts])
    for name, test in vars(importlib.import_module(place)).items():
        marks = getattr(test, "pytestmark", [])
        if not name.startswith("test_") or ELSEWHERE & {mark.name for mark in marks}:
            continue
        for mark in marks:
            if mark.name in KINDS:
                for each in mark.args:
                    mentioned = re.search(rf'(?<!")\b{each}\b', text) is not None
                    yield Proof(mark.name, each, f"{path.stem}.{name}", mentioned)


def unproven(names: set[str], kind: str, proofs: tuple[Proof, ...]) -> set[str]:
    """The statistics of these names that no test proves in this way."""
    return names - {proof.statistic for proof in proofs if proof.kind == kind}
