"""The most recent units of buckets: looked up at the instants themselves.

Which buckets are large enough changes with every activity, and so does which of their units are
the `max_units` most recent ones. Between two changes nothing moves, so it is enough to put the
units that count at each instant in order of age. The pairs (instant, unit) are taken in slices.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from toolkit.backtest.core import ActivityRule, Value
from toolkit.backtest.kernel.chunk import Chunk, Ints, Points
from toolkit.backtest.kernel.spans import Spans, alive

__all__ = ["ranked_sum"]

_PAIRS = 2_000_000


def ranked_sum(rule: ActivityRule, chunk: Chunk, points: Points) -> Ints:
    """The sum of the values of the `max_units` most recent units that count at each instant."""
    found = np.zeros(len(points.lead), dtype=np.int64)
    born, first, stop = _covered(rule, chunk, points)
    load = np.cumsum(np.bincount(first, minlength=len(found) + 1)
                     - np.bincount(stop, minlength=len(found) + 1))  # fmt: skip
    for begin, end in _slices(load[:-1]):
        inside = (first < end) & (stop > begin)
        lows, highs = np.maximum(first[inside], begin), np.minimum(stop[inside], end)
        point, unit = _pairs(lows, highs)
        age = points.time[point] - born[inside][unit]
        order = np.lexsort((age, point))
        point, age = point[order], age[order]
        rank = np.arange(len(point)) - np.searchsorted(point, point)
        kept = rank < (rule.max_units or 0)
        np.add.at(found, point[kept], _worth(rule.value, age[kept]))
    return found


def _covered(rule: ActivityRule, chunk: Chunk, points: Points) -> tuple[Ints, Ints, Ints]:
    """Of each span in which a unit counts: its time of birth, first instant, end of instants."""
    keys = chunk.packed(points.lead, points.time)
    parts = [_ends(spans, keys, chunk) for spans in alive(rule, chunk)]
    born, first, stop = (
        np.concatenate([part[j] for part in parts] or [np.zeros(0, dtype=np.int64)])
        for j in range(3)
    )
    some = stop > first
    return born[some], first[some], stop[some]


def _ends(spans: Spans, keys: Ints, chunk: Chunk) -> tuple[Ints, Ints, Ints]:
    some = (spans.stop > spans.start) & (spans.start <= chunk.until)
    lead, born = spans.lead[some], spans.born[some]
    first = np.searchsorted(keys, chunk.packed(lead, spans.start[some]))
    return born, first, np.searchsorted(keys, chunk.packed(lead, spans.stop[some]))


def _slices(load: Ints) -> Iterator[tuple[int, int]]:
    """Ranges of instants with so many pairs at most (one instant at least)."""
    so_far = np.concatenate([[0], np.cumsum(load)])
    begin = 0
    while begin < len(load):
        end = int(np.searchsorted(so_far, so_far[begin] + _PAIRS, side="right")) - 1
        end = min(max(end, begin + 1), len(load))
        yield begin, end
        begin = end


def _pairs(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
    """Every (instant, unit) with low <= instant < high of that unit.

    >>> _pairs(np.array([4, 9]), np.array([6, 10]))[0].tolist()
    [4, 5, 9]
    """
    n = highs - lows
    unit = np.repeat(np.arange(len(n)), n)
    return lows[unit] + np.arange(len(unit)) - (np.cumsum(n) - n)[unit], unit


def _worth(value: Value, age: Ints) -> Ints:
    ages = np.array([until for until, _ in value.steps], dtype=np.int64)
    worth = np.array([*(points for _, points in value.steps), value.rest], dtype=np.int64)
    return worth[np.searchsorted(ages, age, side="right")]
