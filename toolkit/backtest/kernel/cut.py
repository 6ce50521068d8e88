"""Leads and activities as they are kept in memory, and how they are cut into chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolkit.backtest.kernel.chunk import BITS, Bools, Chunk, Ints

__all__ = ["CHUNK", "ONE_RANGE", "Code", "Leads", "Rows", "Small", "chunks_of", "narrowed"]

CHUNK = 60_000
"""About so many activities at a time: they and what is made of them stay in the cache."""

ONE_RANGE = 62
"""Bits of lead numbers in one range that holds them all."""

TIME_BITS = 33

Small = npt.NDArray[np.signedinteger]
"""Whole numbers of as few bits as hold them."""


def narrowed(column: Ints) -> Small:
    """The same numbers in as few bits as hold them all.

    >>> narrowed(np.array([5, -128])).dtype, narrowed(np.array([40_000])).dtype
    (dtype('int8'), dtype('int32'))
    """
    most = max(int(column.max(initial=0)), -int(column.min(initial=0)) - 1)
    kinds = (np.int8, np.int16, np.int32, np.int64)
    return column.astype(next(kind for kind in kinds if most <= np.iinfo(kind).max), copy=False)


@dataclass(frozen=True, slots=True)
class Code:
    """How lead, time and kind of an activity are one number: seconds after `low`, kinds below 2^bits."""

    low: int
    bits: int

    @classmethod
    def of(cls, until: int, kinds: int) -> Code:
        """Times reach back 272 years from `until`."""
        return cls(until + 1 - (1 << TIME_BITS), max((kinds - 1).bit_length(), 1))

    def holds(self, most: int) -> bool:
        """Whether lead numbers up to `most` have room."""
        return most.bit_length() + TIME_BITS + self.bits <= BITS

    def reaches(self, time: Ints) -> bool:
        """Whether all times are late enough."""
        return bool(time.min(initial=self.low + 1) > self.low)

    def packed(self, lead: Ints, time: Ints, kind: Ints) -> Ints:
        """One number that sorts by lead and time."""
        return (((lead << TIME_BITS) | (time - self.low)) << self.bits) | kind

    def end_of(self, lead: Ints) -> Ints:
        """A number above all of a lead, and not above those of the next."""
        return (lead + 1) << (TIME_BITS + self.bits)

    def columns(self, keys: Ints) -> dict[str, Ints]:
        """Lead, time and kind again."""
        time = (keys >> self.bits) & ((1 << TIME_BITS) - 1)
        return {
            "l": keys >> (TIME_BITS + self.bits),
            "t": time + self.low,
            "code": keys & ((1 << self.bits) - 1),
        }


@dataclass(frozen=True, slots=True)
class Rows:
    """Activities in order of lead and time, and what their codes mean.

    Each part holds the activities of one range of leads, those of one `number >> range_bits`: the
    column `key` as `code` makes it, or columns `l`, `t`, `code` and further ones where one number
    cannot hold them.
    """

    parts: tuple[Mapping[str, Ints], ...]
    range_bits: int
    code: Code
    flags: Mapping[str, Bools]


@dataclass(frozen=True, slots=True)
class Leads:
    """The leads that are read: number, creation, and what they have in common with others.

    `fit` has what each fit criterion pays a lead of each `kind`.
    """

    number: Ints
    created: Ints
    kind: Small
    fit: tuple[Ints, ...]


def chunks_of(
    leads: Leads, rows: Rows, *, until: int, size: int = CHUNK
) -> Iterator[tuple[slice, Chunk]]:
    """Give the leads in pieces of about `size` activities, each with its place among all leads."""
    bounds = np.arange(len(rows.parts) + 1) << rows.range_bits
    bounds[-1] = np.iinfo(np.int64).max
    starts = np.searchsorted(leads.number, bounds).tolist()
    for start, stop, part in zip(starts[:-1], starts[1:], rows.parts, strict=True):
        ends = _ends(leads.number[start:stop], part, rows.code)
        for begin, end in _cuts(ends, size):
            inside = slice(int(ends[begin - 1]) if begin else 0, int(ends[end - 1]))
            place = slice(start + begin, start + end)
            columns = {name: column[inside] for name, column in part.items()}
            yield place, _chunk(leads, rows, place, columns, until)


def _ends(numbers: Ints, part: Mapping[str, Ints], code: Code) -> Ints:
    """Where the activities of each lead end."""
    if "key" in part:
        return np.asarray(np.searchsorted(part["key"], code.end_of(numbers)), dtype=np.int64)
    return np.asarray(np.searchsorted(part["l"], numbers, side="right"), dtype=np.int64)


def _cuts(ends: Ints, size: int) -> Iterator[tuple[int, int]]:
    # A lead without activities weighs something as well.
    weight = ends + np.arange(1, len(ends) + 1)
    begin = 0
    while begin < len(ends):
        before = int(weight[begin - 1]) if begin else 0
        end = max(int(np.searchsorted(weight, before + size, side="right")), begin + 1)
        yield begin, end
        begin = end


def _chunk(leads: Leads, rows: Rows, place: slice, part: Mapping[str, Ints], until: int) -> Chunk:
    columns = rows.code.columns(part["key"]) if "key" in part else part
    numbers = leads.number[place]
    return Chunk(
        created=leads.created[place],
        fit=tuple(points[leads.kind[place]] for points in leads.fit),
        lead=_position(numbers, columns["l"]),
        time=columns["t"],
        code=columns["code"],
        flags=rows.flags,
        until=until,
        extra={name: column for name, column in columns.items() if name[0] in "gd"},
    )


def _position(numbers: Ints, lead: Ints) -> Ints:
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return np.asarray(lead - numbers[0], dtype=np.int64)
    return np.asarray(np.searchsorted(numbers, lead), dtype=np.int64)
