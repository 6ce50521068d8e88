"""One path of a lead from those of its entries: each holds for as long as the lead was so known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np

from toolkit.backtest.kernel import Asked, Bools, Ints, Points, nth_next
from toolkit.backtest.staging import History

__all__ = ["NEVER", "Entries", "read_entries", "spans_sql", "starts_of", "whole_leads"]

NEVER = np.iinfo(np.int64).min
"""The second that numpy reads as NaT."""


@dataclass(frozen=True)
class Entries:
    """Whose entry each is, and when it holds: since <= instant < stop.

    In order of lead and time; `number` is the entry's in the engine, `lead` that of the lead.
    """

    number: Ints
    lead: Ints
    since: Ints
    stop: Ints

    def of(self, leads: Ints) -> Entries:
        """Those of some leads, by their numbers."""
        kept = np.isin(self.lead, leads)
        parts = (self.number, self.lead, self.since, self.stop)
        return Entries(*(part[kept] for part in parts))

    @cached_property
    def owner(self) -> Ints:
        """The place of each entry's lead among the leads that have one."""
        place: Ints = np.cumsum(starts_of(self.lead)) - 1
        return place

    def asked(self) -> Asked:
        """What must be read for them."""
        return Asked(self.number, self.since, self.stop - 1)

    def ends(self) -> Ints:
        """When the last entry of each lead ends."""
        ends: Ints = self.stop[np.roll(starts_of(self.lead), -1)]
        return ends

    def joined(self, points: Points, score: Ints) -> tuple[Points, Ints]:
        """Cut the path of each entry to its span, and put those of a lead together.

        `points.lead` counts entries; that of the result counts leads.

        >>> two = Entries(*map(np.array, ([1, 2], [7, 7], [0, 5], [5, 9])))
        >>> path = Points(np.array([0, 0, 1, 1, 1]), np.array([0, 6, 0, 4, 8]))
        >>> points, score = two.joined(path, np.array([10, 20, 30, 40, 50]))
        >>> points.time.tolist(), score.tolist()
        ([0, 5, 8], [10, 40, 50])
        """
        since = self.since[points.lead]
        follows = nth_next(points.lead, points.time, 1)
        held = (follows > since) & (points.time < self.stop[points.lead])
        time = np.maximum(points.time, since)[held]
        return _distinct(Points(self.owner[points.lead[held]], time), score[held])


def whole_leads(parts: Iterator[tuple[Points, Ints]]) -> Iterator[tuple[Points, Ints]]:
    """Give the paths of whole leads, where that of the last of a part may go on in the next one.

    >>> one = Points(np.array([0, 1]), np.array([5, 5])), np.array([10, 20])
    >>> two = Points(np.array([1, 1]), np.array([7, 8])), np.array([20, 30])
    >>> [(p.lead.tolist(), p.time.tolist(), s.tolist()) for p, s in whole_leads(iter([one, two]))]
    [([0], [5], [10]), ([1, 1], [5, 8], [20, 30])]
    """
    nothing = np.zeros(0, dtype=np.int64)
    points, score = Points(nothing, nothing), nothing
    for more, further in parts:
        lead = np.concatenate([points.lead, more.lead])
        time = np.concatenate([points.time, more.time])
        points, score = _distinct(Points(lead, time), np.concatenate([score, further]))
        last = int(np.searchsorted(points.lead, points.lead[-1]))
        if last:
            yield Points(points.lead[:last], points.time[:last]), score[:last]
        points, score = Points(points.lead[last:], points.time[last:]), score[last:]
    yield points, score


def _distinct(points: Points, score: Ints) -> tuple[Points, Ints]:
    """Those rows of paths at which the score changes."""
    moved = starts_of(points.lead)
    moved[1:] |= score[1:] != score[:-1]
    return Points(points.lead[moved], points.time[moved]), score[moved]


def starts_of(lead: Ints) -> Bools:
    """Where the rows of another lead begin."""
    starts = np.ones(len(lead), dtype=np.bool_)
    np.not_equal(lead[1:], lead[:-1], out=starts[1:])
    return starts


def read_entries(
    connection: duckdb.DuckDBPyConnection, schema: str, history: History, *, until: int
) -> Entries:
    """Read the spans that `stage_spans` made, in order of lead and time."""
    found = connection.execute(
        f"select l, base, since, stop from ({spans_sql(schema, history, until=until)}) order by l"
    ).fetchnumpy()
    return Entries(*(np.asarray(column, dtype=np.int64) for column in found.values()))


def spans_sql(schema: str, history: History, *, until: int) -> str:
    """SQL of l (entry), base (lead), since, stop; the last of a merged lead ends with the merge."""
    return f"""
        select e.l, e.base, e.at as since, coalesce(
          lead(e.at, 1) over (partition by e.base order by e.at), gone.t, {until + 1}) as stop
        from {history.schema}.lead as e left join {schema}.gone as gone on gone.l = e.base"""
