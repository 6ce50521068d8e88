"""Which instants a span covers: of one instant a lead, of few seconds for all, or of any."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from toolkit.backtest.kernel.chunk import FAR, Chunk, Ints, Points
from toolkit.backtest.kernel.spans import Spans

__all__ = ["Places", "following_among", "following_by_search"]

Following = Callable[[Ints, Ints], Ints]
"""The position of the first instant of a lead at or after a time (past its last: the next lead's)."""

_MOST_STEPS = 1 << 16


class Places:
    """Adds spans to the instants that they cover."""

    def __init__(self, points: Points, chunk: Chunk) -> None:
        self.n = len(points.lead)
        self.time = points.time
        self.alone = self.n == chunk.n and np.array_equal(points.lead, np.arange(chunk.n))
        self.following = following_among(points, chunk) or following_by_search(points, chunk)

    def add(self, into: Ints, spans: Spans) -> None:
        """Add the points of the spans to the instants with start <= instant < stop."""
        if spans.points == 0:
            return
        if self.alone:
            at = self.time[spans.lead]
            hit = spans.lead[(spans.start <= at) & (at < spans.stop)]
            into += spans.points * np.bincount(hit, minlength=self.n)
            return
        first = self.following(spans.lead, spans.start)
        stop = np.maximum(first, self.following(spans.lead, spans.stop))
        change = np.bincount(first, minlength=self.n + 1) - np.bincount(stop, minlength=self.n + 1)
        into += spans.points * np.cumsum(change)[:-1]


def following_by_search(points: Points, chunk: Chunk) -> Following:
    """Search in the instants of all leads."""
    keys = chunk.packed(points.lead, points.time)
    return lambda lead, time: np.searchsorted(keys, chunk.packed(lead, time))


def following_among(points: Points, chunk: Chunk) -> Following | None:
    """Look up in a table of leads and seconds; None where the seconds are many, or too close.

    Time is cut into steps of 2^k seconds, none longer than between two of the instants. So the
    first instant at or after a time is that of the beginning of its step, or the next.
    """
    if points.seconds is None or not len(points.seconds):
        return None
    seconds, end = np.append(points.seconds, FAR), chunk.until + 1
    low = min(chunk.low, int(seconds[0]))
    bits = int(np.diff(seconds).min()).bit_length() - 1
    if (end - low) >> bits > _MOST_STEPS:
        return None
    steps = np.arange(((end - low) >> bits) + 1)
    first = np.searchsorted(seconds, low + (steps << bits))
    width = len(seconds)

    def cell(lead: Ints, time: Ints) -> Ints:
        time = np.clip(time, low, end)
        place = first[(time - low) >> bits]
        found: Ints = lead * width + place + (seconds[place] < time)
        return found

    n = np.bincount(cell(points.lead, points.time), minlength=chunk.n * width)
    before = np.cumsum(n) - n
    return lambda lead, time: before[cell(lead, time)]
