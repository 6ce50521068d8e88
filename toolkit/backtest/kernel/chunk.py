"""Some leads and their activities as arrays, in order of lead and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

__all__ = ["BITS", "FAR", "Bools", "Chunk", "Ints", "Points", "last_of_ties", "nth_next"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FAR = 1 << 62
"""Later than any moment."""

BITS = 63
"""What a number holds besides its sign."""


@dataclass(frozen=True, slots=True)
class Points:
    """Instants at which scores are wanted, in order of lead and time, no two alike.

    `seconds` are all their different times, lowest first, where these are few.
    """

    lead: Ints
    time: Ints
    seconds: Ints | None = None


@dataclass(frozen=True)
class Chunk:
    """Leads numbered 0, 1, ... and their activities, sorted by lead and time.

    `code` is the kind of an activity: `flags[name][code]` says whether it breaks silence (`q`),
    meets a rule (`r0`, ...) or resets (`z0`, ...). `extra` has a column `d` of recorded deltas
    and columns `g0`, ... of buckets (-1: none), where the plan needs them. Times are whole seconds
    UTC; nothing after `until` is known or asked for.
    """

    created: Ints
    fit: tuple[Ints, ...]
    lead: Ints
    time: Ints
    code: Ints
    flags: Mapping[str, Bools]
    until: int
    extra: Mapping[str, Ints]

    @property
    def n(self) -> int:
        """How many leads."""
        return len(self.created)

    @cached_property
    def low(self) -> int:
        """The earliest second of all."""
        ends = [int(times.min()) for times in (self.created, self.time) if len(times)]
        return min(ends, default=self.until)

    @cached_property
    def time_bits(self) -> int:
        """Bits for all seconds from `low` to `until` and one more."""
        return max(self.until + 1 - self.low, 1).bit_length()

    def packed(self, lead: Ints, time: Ints) -> Ints:
        """Lead and time as one number that sorts as they do; times after `until` are alike."""
        seconds: Ints = np.minimum(time, self.until + 1) - self.low
        return (lead << self.time_bits) | seconds

    def unpacked(self, place: Ints) -> Points:
        """Lead and time again."""
        time = (place & ((1 << self.time_bits) - 1)) + self.low
        return Points(place >> self.time_bits, time)

    def part(self, begin: int, end: int) -> Chunk:
        """Some of the leads, numbered from 0 again."""
        rows = slice(*np.searchsorted(self.lead, [begin, end]).tolist())
        return Chunk(
            self.created[begin:end],
            tuple(points[begin:end] for points in self.fit),
            self.lead[rows] - begin,
            self.time[rows],
            self.code[rows],
            self.flags,
            self.until,
            {name: column[rows] for name, column in self.extra.items()},
        )

    def where(self, flag: str) -> Ints:
        """The positions of the activities with a flag."""
        return np.flatnonzero(self.flags[flag][self.code])

    def next_reset(self, reset: int | None, lead: Ints, time: Ints, *, later: bool = False) -> Ints:
        """When the first reset at or after each time comes (`later`: after it), else FAR."""
        if reset is None:
            return np.full(len(lead), FAR)
        rows = self.where(f"z{reset}")
        owner = np.append(self.lead[rows], -1)
        keys = self.packed(self.lead[rows], self.time[rows])
        found = np.searchsorted(keys, self.packed(lead, time), side="right" if later else "left")
        return np.where(owner[found] == lead, np.append(self.time[rows], FAR)[found], FAR)


def nth_next(owner: Ints, time: Ints, n: int) -> Ints:
    """The time of the n-th next row of the same owner; FAR where there is none.

    >>> nth_next(np.array([0, 0, 0, 1]), np.array([5, 7, 9, 6]), 2).tolist() == [9, FAR, FAR, FAR]
    True
    """
    if n == 0:
        return time
    later = np.full(len(time), FAR)
    if n < len(time):
        later[:-n] = np.where(owner[n:] == owner[:-n], time[n:], FAR)
    return later


def last_of_ties(keys: Ints) -> Ints:
    """The position of the last of each run of equal keys.

    >>> last_of_ties(np.array([3, 3, 4, 7, 7])).tolist()
    [1, 2, 4]
    """
    changes = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=changes[:-1])
    return np.flatnonzero(changes)
