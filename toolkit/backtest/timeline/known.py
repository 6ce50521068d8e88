"""One path of a lead from those of its entries: each holds for as long as the lead was so known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np

from toolkit.backtest.kernel import Asked, Bools, Ints, Points, nth_next
from toolkit.backtest.staging import History

__all__ = ["NEVER", "Entries", "read_entries", "starts_of"]

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
        lead = self.owner[points.lead[held]]
        time, score = np.maximum(points.time, since)[held], score[held]
        moved = starts_of(lead)
        moved[1:] |= score[1:] != score[:-1]
        return Points(lead[moved], time[moved]), score[moved]


def starts_of(lead: Ints) -> Bools:
    """Where the rows of another lead begin."""
    starts = np.ones(len(lead), dtype=np.bool_)
    np.not_equal(lead[1:], lead[:-1], out=starts[1:])
    return starts


def read_entries(
    connection: duckdb.DuckDBPyConnection, schema: str, history: History, *, until: int
) -> Entries:
    """Read the spans that `stage_spans` made; those of a merged lead end with the merge."""
    found = connection.execute(f"""
        select e.l, e.base, e.at, coalesce(
          lead(e.at) over (partition by e.base order by e.at), gone.t, {until + 1}) as stop
        from {history.schema}.lead as e left join {schema}.gone as gone on gone.l = e.base
        order by e.l""").fetchnumpy()
    return Entries(*(np.asarray(column, dtype=np.int64) for column in found.values()))
