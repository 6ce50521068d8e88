"""Regular expressions whose time is proportional to the text, whatever the pattern.

Python's `re` backtracks: `(a+)+$` takes hours on thirty letters, and a model file is input. Here
a pattern becomes a nondeterministic automaton that is followed in all its states at once
(Ken Thompson, 1968), so a text of n characters takes at most n steps over the pattern's states.
What such an automaton cannot do (references back, looking ahead or behind) is refused by name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Literal, NoReturn

__all__ = ["Pattern", "PatternError"]

MAX_PATTERN = 500
MAX_STATES = 5_000
MAX_REPEAT = 200
MAX_GROUPS = 30
_CACHE = 5_000

Letter = Callable[[str], bool]
Anchor = Literal["start", "end", "boundary", "inside"]

_REPEAT = re.compile(r"\{([0-9]{0,9})(,?)([0-9]{0,9})\}")
_ANCHORS: dict[str, Anchor] = {"A": "start", "Z": "end", "b": "boundary", "B": "inside"}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r"}


class PatternError(ValueError):
    """The pattern is not one that can be used; the text says why."""


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


_CLASSES: dict[str, Letter] = {"d": str.isdecimal, "w": _is_word, "s": str.isspace}


def _class_of(letter: str) -> Letter | None:
    inside = _CLASSES.get(letter.lower())
    if inside is None or letter.islower():
        return inside
    return lambda found: not inside(found)


class _Automaton:
    """States by number: a letter and the next state, an anchor and the next, or a free choice."""

    def __init__(self) -> None:
        self.letters: list[Letter | None] = []
        self.anchors: list[Anchor | None] = []
        self.following: list[list[int]] = []

    def add(self, letter: Letter | None = None, anchor: Anchor | None = None) -> int:
        if len(self.letters) >= MAX_STATES:
            raise PatternError(f"it is too large (more than {MAX_STATES} steps); shorten it")
        self.letters.append(letter)
        self.anchors.append(anchor)
        self.following.append([])
        return len(self.letters) - 1


# A fragment is written into the automaton as often as a repetition asks, from an entry state to
# an exit state that nothing follows yet.
Fragment = Callable[[_Automaton], tuple[int, int]]


def _one(letter: Letter | None = None, anchor: Anchor | None = None) -> Fragment:
    def write(automaton: _Automaton) -> tuple[int, int]:
        state, end = automaton.add(letter, anchor), automaton.add()
        automaton.following[state].append(end)
        return state, end

    return write


def _sequence(parts: list[Fragment]) -> Fragment:
    def write(automaton: _Automaton) -> tuple[int, int]:
        start = end = automaton.add()
        for part in parts:
            entry, leave = part(automaton)
            automaton.following[end].append(entry)
            end = leave
        return start, end

    return write


def _choice(parts: list[Fragment]) -> Fragment:
    def write(automaton: _Automaton) -> tuple[int, int]:
        start, end = automaton.add(), automaton.add()
        for part in parts:
            entry, leave = part(automaton)
            automaton.following[start].append(entry)
            automaton.following[leave].append(end)
        return start, end

    return write


def _repeat(part: Fragment, least: int, most: int | None) -> Fragment:
    def write(automaton: _Automaton) -> tuple[int, int]:
        start = end = automaton.add()
        for _ in range(least):
            entry, leave = part(automaton)
            automaton.following[end].append(entry)
            end = leave
        final = automaton.add()
        for _ in range(1 if most is None else most - least):
            entry, leave = part(automaton)
            automaton.following[end] += [entry, final]
            if most is None:
                automaton.following[leave].append(end)
                return start, final
            end = leave
        automaton.following[end].append(final)
        return start, final

    return write


class _Reader:
    """Reads a pattern by recursive descent; the text is compared without case, so is this."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.groups = text, 0, 0

    def read(self) -> Fragment:
        if self.text.startswith("(?i)"):
            self.at = 4  # text is compared without case anyway
        whole = self._alternatives()
        if self.at < len(self.text):
            self._refuse("')' closes nothing")
        return whole

    def _refuse(self, why: str) -> NoReturn:
        raise PatternError(f"{why} (at character {self.at + 1})")

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _take(self) -> str:
        letter = self._peek()
        self.at += 1
        return letter

    def _alternatives(self) -> Fragment:
        parts = [self._parts()]
        while self._peek() == "|":
            self.at += 1
            parts.append(self._parts())
        return parts[0] if len(parts) == 1 else _choice(parts)

    def _parts(self) -> Fragment:
        parts: list[Fragment] = []
        while self._peek() not in {"", "|", ")"}:
            part, repeatable = self._part()
            parts.append(self._repeated(part, repeatable=repeatable))
        return _sequence(parts)

    def _part(self) -> tuple[Fragment, bool]:
        letter = self._take()
        if letter == "(":
            return self._group(), True
        if letter == "[":
            return _one(self._set()), True
        if letter == ".":
            return _one(lambda found: found != "\n"), True
        if letter in "^$":
            return _one(anchor="start" if letter == "^" else "end"), False
        if letter == "\\":
            return self._escape()
        if letter in "*+?":
            self.at -= 1
            self._refuse(f"'{letter}' repeats nothing; write \\{letter} for the character itself")
        return self._literal(letter), True

    def _literal(self, text: str) -> Fragment:
        folded = text.casefold()
        return _sequence([_one(letter.__eq__) for letter in folded])

    def _group(self) -> Fragment:
        self.groups += 1
        if self.groups > MAX_GROUPS:
            self._refuse(f"it has more than {MAX_GROUPS} groups")
        if self._peek() == "?":
            if self.text[self.at : self.at + 2] != "?:":
                self._refuse(
                    "looking ahead or behind, names and flags (everything that begins with '(?' "
                    "but '(?:') are not supported"
                )
            self.at += 2
        inside = self._alternatives()
        if self._peek() != ")":
            self._refuse("a '(' is never closed")
        self.at += 1
        return inside

    def _escape(self) -> tuple[Fragment, bool]:
        letter = self._take()
        if letter in _ANCHORS:
            return _one(anchor=_ANCHORS[letter]), False
        members = _class_of(letter)
        return (_one(members) if members else self._literal(self._escaped(letter))), True

    def _escaped(self, letter: str) -> str:
        if letter.isdigit():
            self._refuse(f"'\\{letter}' refers back to a group, which is not supported")
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if not letter or letter.isalnum():
            self._refuse(f"'\\{letter}' has no meaning here")
        return letter

    def _set(self) -> Letter:
        negated = self._peek() == "^"
        self.at += negated
        members: list[Letter] = []
        while self._peek() != "]" or not members:
            members.append(self._member())
        self.at += 1
        return lambda found: any(member(found) for member in members) is not negated

    def _member(self) -> Letter:
        low = self._take()
        if not low:
            self._refuse("a '[' is never closed")
        if low == "\\":
            low = self._take()
            members = _class_of(low)
            if members:
                return members
            low = self._escaped(low)
        if self._peek() != "-" or self.text[self.at + 1 : self.at + 2] in {"]", ""}:
            return {low, low.casefold()}.__contains__
        self.at += 1
        high = self._take()
        high = self._escaped(self._take()) if high == "\\" else high
        if high < low:
            self._refuse(f"the range {low}-{high} runs backwards")
        return lambda found: low <= found <= high or low <= found.upper() <= high

    def _repeated(self, part: Fragment, *, repeatable: bool) -> Fragment:
        limits = self._limits()
        if limits is None:
            return part
        if not repeatable:
            self._refuse("an anchor cannot be repeated")
        if self._peek() == "?":
            self.at += 1  # as few as possible: the same texts fit
        if self._peek() in {"*", "+", "?"} or self._limits() is not None:
            self._refuse("a repetition is repeated; use a group")
        return _repeat(part, *limits)

    def _limits(self) -> tuple[int, int | None] | None:
        letter = self._peek()
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if letter in simple:
            self.at += 1
            return simple[letter]
        counted = _REPEAT.match(self.text, self.at)
        if counted is None or not (counted[1] or counted[3]):
            return None
        self.at = counted.end()
        least = int(counted[1] or 0)
        most = int(counted[3]) if counted[3] else None if counted[2] else least
        if max(least, most or 0) > MAX_REPEAT:
            self._refuse(f"a repetition of more than {MAX_REPEAT} is not supported")
        if most is not None and most < least:
            self._refuse(f"the repetition {counted[0]} runs backwards")
        return least, most


class Pattern:
    """A checked pattern, searched anywhere in text that is already trimmed and casefolded.

    Raises PatternError when the pattern is broken, too large or not supported.

    >>> Pattern("(a+)+$").search("a" * 5000 + "!")
    False
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_PATTERN:
            raise PatternError(f"it is longer than {MAX_PATTERN} characters; shorten it")
        self._automaton = _Automaton()
        whole = _Reader(unicodedata.normalize("NFC", text)).read()
        self._start, self._end = whole(self._automaton)
        self._anchored = any(self._automaton.anchors)
        self._reached: dict[object, tuple[bool, frozenset[int]]] = {}
        self._stepped: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def search(self, text: str) -> bool:
        """Say whether the pattern fits any part of `text`."""
        states, before = frozenset({self._start}), ""
        for letter in text:
            fits, waiting = self._reach(states, before, letter)
            if fits:
                return True
            states, before = self._step(waiting, letter), letter
        return self._reach(states, before, "")[0]

    def _reach(
        self, states: frozenset[int], before: str, after: str
    ) -> tuple[bool, frozenset[int]]:
        """Follow everything that takes no letter; the states left wait for one."""
        holds = _anchors_that_hold(before, after) if self._anchored else None
        key = (states, holds)
        known = self._reached.get(key)
        if known is None:
            if len(self._reached) >= _CACHE:
                self._reached.clear()
            known = self._reached[key] = self._follow(states, holds or frozenset())
        return known

    def _follow(
        self, states: frozenset[int], holds: frozenset[Anchor]
    ) -> tuple[bool, frozenset[int]]:
        open_, seen = list(states), set(states)
        while open_:
            state = open_.pop()
            anchor = self._automaton.anchors[state]
            if self._automaton.letters[state] is None and (anchor is None or anchor in holds):
                fresh = [after for after in self._automaton.following[state] if after not in seen]
                seen.update(fresh)
                open_ += fresh
        waiting = frozenset(state for state in seen if self._automaton.letters[state] is not None)
        return self._end in seen, waiting

    def _step(self, waiting: frozenset[int], letter: str) -> frozenset[int]:
        key = (waiting, letter)
        known = self._stepped.get(key)
        if known is None:
            if len(self._stepped) >= _CACHE:
                self._stepped.clear()
            known = self._stepped[key] = frozenset(self._after(waiting, letter)) | {self._start}
        return known

    def _after(self, waiting: frozenset[int], letter: str) -> set[int]:
        after: set[int] = set()
        for state in waiting:
            fits = self._automaton.letters[state]
            if fits is not None and fits(letter):
                after.update(self._automaton.following[state])
        return after


def _anchors_that_hold(before: str, after: str) -> frozenset[Anchor]:
    boundary = (before != "" and _is_word(before)) != (after != "" and _is_word(after))
    holds: set[Anchor] = {"boundary" if boundary else "inside"}
    if before == "":
        holds.add("start")
    if after == "":
        holds.add("end")
    return frozenset(holds)
