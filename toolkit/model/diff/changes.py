"""One change of a model, and the phrases for what was, what is, and what is gone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from toolkit.model.conditions import Condition
from toolkit.model.criteria import Case, CasesCriterion
from toolkit.model.plain import plain_criterion

__all__ = [
    "Change",
    "Matched",
    "Phrase",
    "condition_key",
    "labels",
    "match",
    "one_line",
    "spelled",
]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs between two models."""

    criterion: str
    """The id of the criterion, or the place: `model`, `group web`, `band mql`, `gate 1`, ..."""
    what: str
    """The key of the file that differs; or `added`, `removed`, `moved`, `order`."""
    old: str
    """As it was, in words; blank where it was not there."""
    new: str
    subject: str
    """What the change is about, in an admin's words."""
    said: str
    """The change itself, in an admin's words."""
    moves_scores: bool = True
    """False where no score, band or grade can change: labels, notes, the order of the file."""

    @property
    def in_words(self) -> str:
        """The whole change in one sentence, on one line."""
        return one_line(f"{self.subject}: {self.said}")


def one_line(text: str) -> str:
    """Put text on one line, without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def spelled(plain: Any) -> str:
    """Write plain data the way a file does."""
    return json.dumps(plain, ensure_ascii=False, default=str)


def labels(old: str, new: str) -> tuple[str, str]:
    """Two texts on one line each; as in the file where that hides what differs."""
    before, after = one_line(old), one_line(new)
    return (spelled(old), spelled(new)) if before == after else (before, after)


def condition_key(condition: Condition | None) -> str:
    """Write a condition so that two of the same content are the same text.

    >>> condition_key(Condition(b="x", a="y")) == condition_key(Condition(a="y", b="x"))
    True
    """
    if condition is None:
        return ""
    case = Case(when=condition, points=0)
    bare = CasesCriterion.model_construct(id="c", label="C", cases=(case,))
    return json.dumps(plain_criterion(bare)["when"], sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """How the change of one key is said: both sides given, only the new, only the old."""

    both: str
    gained: str
    lost: str
    words: Callable[[Any], str] = str

    def say(self, old: Any, new: Any) -> tuple[str, str, str]:
        """Give the old side, the new side and the sentence; a side is None where it is absent."""
        before, after = self._sides(old, new)
        if old is None:
            return before, after, self.gained.format(old=before, new=after)
        if new is None:
            return before, after, self.lost.format(old=before, new=after)
        return before, after, self.both.format(old=before, new=after)

    def _sides(self, old: Any, new: Any) -> tuple[str, str]:
        before, after = ("" if side is None else self.words(side) for side in (old, new))
        if before == after:
            # Words that hide a difference (the text "5" and the number 5) give way to the file's.
            return _plainly(old), _plainly(new)
        return before, after


def _plainly(value: Any) -> str:
    if isinstance(value, Condition):
        return condition_key(value)
    return "" if value is None else spelled(value)


Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Matched(Generic[Entry]):
    """Entries of two lists, put together by a key."""

    both: tuple[tuple[Entry, Entry], ...]
    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    reordered: bool
    """Whether the entries that are in both lists stand in another order."""


def match(
    old: Sequence[Entry], new: Sequence[Entry], key: Callable[[Entry], Hashable]
) -> Matched[Entry]:
    """Put the entries of two lists together; the second of the same key meets the second.

    >>> match("abc", "cad", key=str)
    Matched(both=(('c', 'c'), ('a', 'a')), added=('d',), removed=('b',), reordered=True)
    """
    before, after = dict(_numbered(old, key)), dict(_numbered(new, key))
    shared = [each for each in after if each in before]
    return Matched(
        both=tuple((before[each], after[each]) for each in shared),
        added=tuple(entry for each, entry in after.items() if each not in before),
        removed=tuple(entry for each, entry in before.items() if each not in after),
        reordered=shared != [each for each in before if each in after],
    )


def _numbered(
    entries: Sequence[Entry], key: Callable[[Entry], Hashable]
) -> Iterator[tuple[Hashable, Entry]]:
    seen: Counter[Hashable] = Counter()
    for entry in entries:
        found = key(entry)
        seen[found] += 1
        yield (found, seen[found]), entry
