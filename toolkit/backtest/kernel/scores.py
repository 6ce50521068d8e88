"""Scores at given instants, and at every instant at which a score changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.backtest.core import Plan
from toolkit.backtest.kernel.chunk import BITS, Chunk, Ints, Points, last_of_ties
from toolkit.backtest.kernel.layout import layout_of, marks, spans_of
from toolkit.backtest.kernel.levels import (
    clamp,
    dimension_points,
    rounded,
    rule_points,
    total_points,
)
from toolkit.backtest.kernel.places import Places
from toolkit.backtest.kernel.spans import Spans

__all__ = ["score_changes", "scores_at"]


def scores_at(plan: Plan, chunk: Chunk, points: Points) -> dict[str, Ints]:
    """Score every instant: p0, p1, ... (per rule), fit, behavior, score, as the SQL text does.

    Where more than one unit makes a point there is also `total`.
    """
    layout = layout_of(plan, each=True)
    sums = np.zeros((layout.columns, len(points.lead)), dtype=np.int64)
    place = Places(points, chunk)
    for column, spans in spans_of(layout, chunk):
        place.add(sums[column], spans)
    found = {
        f"p{i}": rule_points(i, layout, list(sums), points, chunk) for i in range(len(plan.rules))
    }
    for name in ("fit", "behavior"):
        found[name] = _dimension(plan, name, found)
    total = total_points(plan, found["fit"], found["behavior"])
    score = rounded(plan, total)
    return (
        {**found, "score": score} if plan.unit == 1 else {**found, "total": total, "score": score}
    )


def _dimension(plan: Plan, name: str, found: dict[str, Ints]) -> Ints:
    total = np.zeros(len(found["p0"]), dtype=np.int64)
    for group in plan.groups:
        if group.dimension == name:
            total = total + clamp(
                sum((found[f"p{i}"] for i in group.rules), 0 * total), group.limits
            )
    return clamp(total, (plan.fit if name == "fit" else plan.behavior).limits)


def score_changes(plan: Plan, chunk: Chunk) -> tuple[Points, Ints]:
    """Find the exact path: the score of every lead from its creation on, whenever it changes.

    Spans become changes of sums, +points at the start and -points at the stop; their running sum
    is the path. The first instant of every lead is its creation: what began earlier begins there.
    """
    layout = layout_of(plan, each=False)
    changes = [_Change.of(column, spans, chunk) for column, spans in spans_of(layout, chunk)]
    changes += [_Change.of(-1, spans, chunk) for spans in marks(layout, chunk)]
    kinds = sorted({(change.column, change.points) for change in changes if change.points})
    bits = (2 * len(kinds) + 1).bit_length()
    if chunk.n > 1 and (chunk.n - 1).bit_length() + chunk.time_bits + bits > BITS:
        return _in_halves(plan, chunk)
    created = chunk.packed(np.arange(chunk.n), chunk.created)
    keys = np.concatenate([created << bits, *_keys(changes, kinds, bits)])
    # Starts of one rule are in order already: a sort that merges runs takes a sixth of the time.
    keys.sort(kind="stable")
    place, code = keys >> bits, keys & ((1 << bits) - 1)
    last = last_of_ties(place)
    points = chunk.unpacked(place[last])
    first = np.searchsorted(points.lead, np.arange(chunk.n))
    sums = [
        _since_creation(np.cumsum(worth[code])[last], points.lead, first)
        for worth in _worths(layout.columns, kinds)
    ]
    fit, behavior = (dimension_points(name, layout, sums, points, chunk)
                     for name in ("fit", "behavior"))  # fmt: skip
    score = rounded(plan, total_points(plan, fit, behavior))
    moved = np.ones(len(score), dtype=np.bool_)
    moved[1:] = score[1:] != score[:-1]
    moved[first] = True
    return Points(points.lead[moved], points.time[moved]), score[moved]


def _in_halves(plan: Plan, chunk: Chunk) -> tuple[Points, Ints]:
    """Too many leads for one number to hold lead, time and change: take half of them at a time."""
    middle = chunk.n // 2
    (one, first), (other, second) = (
        score_changes(plan, part) for part in (chunk.part(0, middle), chunk.part(middle, chunk.n))
    )
    lead = np.concatenate([one.lead, other.lead + middle])
    return Points(lead, np.concatenate([one.time, other.time])), np.concatenate([first, second])


@dataclass(frozen=True, slots=True)
class _Change:
    """Where spans of the same points begin and end in the life of each lead: lead and time packed."""

    column: int
    points: int
    begun: Ints
    ended: Ints

    @classmethod
    def of(cls, column: int, spans: Spans, chunk: Chunk) -> _Change:
        """Cut to the life of each lead; what cannot be seen in it is left out."""
        start = np.maximum(spans.start, chunk.created[spans.lead])
        seen = np.flatnonzero((spans.stop > start) & (start <= chunk.until))
        lead, stop = spans.lead[seen], spans.stop[seen]
        ended = np.flatnonzero(stop <= chunk.until)
        return cls(
            column,
            spans.points,
            chunk.packed(lead, start[seen]),
            chunk.packed(lead[ended], stop[ended]),
        )


def _keys(changes: Sequence[_Change], kinds: list[tuple[int, int]], bits: int) -> Iterator[Ints]:
    """Lead, time and what changes (an odd number adds, the even one after it takes away)."""
    code_of = {kind: 2 * i + 1 for i, kind in enumerate(kinds)}
    for change in changes:
        code = code_of.get((change.column, change.points), 0)
        yield (change.begun << bits) | code
        yield (change.ended << bits) | (code + 1 if code else 0)


def _worths(columns: int, kinds: list[tuple[int, int]]) -> Ints:
    """What each code adds to each sum."""
    worths = np.zeros((columns, 2 * len(kinds) + 1), dtype=np.int64)
    for i, (column, points) in enumerate(kinds):
        worths[column, 2 * i + 1 : 2 * i + 3] = (points, -points)
    return worths


def _since_creation(total: Ints, lead: Ints, first: Ints) -> Ints:
    """Count a running sum over all leads from each lead's own creation."""
    before = np.where(first > 0, total[first - 1], 0)
    return total - before[lead]
