"""Checks that bands, grades, groups and criteria have in common."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from toolkit.yamlfile import fail

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["refuse_repeated", "refuse_rising", "refuse_second_rest"]


def refuse_repeated(what: str, names: Iterable[str], *at: str, key: str | None = None) -> None:
    """Raise when two of `names` are the same but for case; `at` is where the list stands."""
    listed = [name.casefold() for name in names]
    twice = [name for name, times in Counter(listed).items() if times > 1]
    if twice:
        second = listed.index(twice[0], listed.index(twice[0]) + 1)
        raise fail(
            f"there are two {what}s called '{twice[0]}'; give one of them another name",
            *at,
            second,
            key or what,
        )


def refuse_rising(what: str, starts: list[tuple[str, int]], *at: str) -> None:
    """Raise unless the (name, from) pairs fall strictly, highest first."""
    for number, (before, after) in enumerate(pairwise(starts), start=1):
        if after[1] == before[1]:
            raise fail(
                f"the {what}s '{before[0]}' and '{after[0]}' overlap: both begin at {after[1]}",
                *at,
                number,
                "from",
            )
        if after[1] > before[1]:
            raise fail(
                f"{what}s stand highest first, but '{after[0]}' (from {after[1]}) comes after "
                f"'{before[0]}' (from {before[1]}); exchange them",
                *at,
                number,
                "from",
            )


def refuse_second_rest(starts: list[tuple[str, int | None]]) -> None:
    """Raise unless only the last of the bands (name, from) has no beginning."""
    for number, (name, start) in enumerate(starts[:-1]):
        if start is None:
            raise fail(
                f"only the last band may have no 'from'; '{name}' needs one", "bands", number
            )
