"""Every change of a score, found without looking at any instant between two changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import TypeVar

import duckdb
import numpy as np
import pandas as pd

from toolkit.backtest.core import Plan
from toolkit.backtest.kernel import (
    CHUNK,
    FAR,
    THREADS,
    Asked,
    Chunk,
    Ints,
    Leads,
    Points,
    Rows,
    chunks_of,
    nth_next,
    read_activities,
    read_leads,
    score_changes,
    spread,
)
from toolkit.backtest.leads import number_leads
from toolkit.backtest.result import new_schema
from toolkit.backtest.sql import make_table
from toolkit.backtest.staging import drop_staged, stage_spans
from toolkit.backtest.timeline.known import NEVER, Entries, read_entries, whole_leads
from toolkit.crm import Crm
from toolkit.errors import DataError, QuestionError, nearest_first
from toolkit.model import Model

__all__ = ["Paths", "instants", "opened", "score_timeline"]

_OFFERED = 2_000
_LONG_AGO = -(1 << 60)

Made = TypeVar("Made")


def score_timeline(model: Model, crm: Crm, *, leads: Sequence[str] | None = None) -> pd.DataFrame:
    """Give the exact path of the score of every lead: one row whenever it changes.

    The first row of a lead is its creation. A score holds from `changed_at` on until the next row
    of the lead, or until `observed_until`: what would expire later is not foretold. Expiries,
    steps of decay, silence and resets are in it to the second, as are activities, recorded changes
    of fields and merges: it is at every instant the score as of that instant. The path of a lead
    that was merged into another ends there. No gate is looked at: this is the score.

    Columns: `lead_id`, `changed_at` (UTC), `score`, `held_until` (UTC, not included: the next row
    of the lead, or its merge into another; NaT if so at `observed_until`); in order of lead_id and
    time.

    Parameters
    ----------
    leads
        Only these; by default all that can be scored. For millions of leads ask
        `threshold_crossings` instead, which keeps what crosses only.

    Raises
    ------
    QuestionError
        A lead is not there or cannot be scored.

    Notes
    -----
    Every rule is a set of spans that pay; their starts and stops are changes, whose running sum
    is the path (docs/scale.md).

    >>> import pandas as pd
    >>> from toolkit import connect, parse_model
    >>> from toolkit.crm import Mapping
    >>> day = lambda d: pd.Timestamp("2026-01-01") + pd.Timedelta(days=d)
    >>> crm = connect(
    ...     {
    ...         "leads": pd.DataFrame({"lead_id": ["A"], "created_at": [day(0)]}),
    ...         "activities": pd.DataFrame(
    ...             {
    ...                 "lead_id": ["A", "A"],
    ...                 "activity_type": ["view", "view"],
    ...                 "occurred_at": [day(1), day(2)],
    ...             }
    ...         ),
    ...     },
    ...     mapping=Mapping(observed_until=day(30).to_pydatetime(), time_zone="UTC"),
    ... )
    >>> model = parse_model('''
    ... lead_score_model: 1
    ... name: m
    ... version: "1"
    ... groups:
    ... - id: web
    ...   dimension: behavior
    ...   criteria: [{id: view, activity: view, points: 5, within: 7d, max: 8}]
    ... ''')
    >>> print(score_timeline(model, crm).to_string(index=False))
    lead_id changed_at  score held_until
          A 2026-01-01      0 2026-01-02
          A 2026-01-02      5 2026-01-03
          A 2026-01-03      8 2026-01-09
          A 2026-01-09      5 2026-01-10
          A 2026-01-10      0        NaT
    """
    with opened(model, crm, leads=leads) as paths:
        parts = list(paths.each(lambda points, score: (points, score)))
        lead = np.concatenate([points.lead for points, _ in parts])
        time = np.concatenate([points.time for points, _ in parts])
        follows = nth_next(lead, time, 1)
        return pd.DataFrame({
            "lead_id": paths.ids[lead],
            "changed_at": instants(time),
            "score": np.concatenate([score for _, score in parts]),
            "held_until": instants(np.where(follows == FAR, paths.gone[lead], follows)),
        })  # fmt: skip


def instants(seconds: Ints) -> pd.DatetimeIndex:
    """Whole seconds UTC as instants."""
    return pd.DatetimeIndex(seconds.astype("datetime64[s]").astype("datetime64[us]"))


@dataclass(frozen=True, slots=True)
class Paths:
    """The leads and activities of a CRM, read once, and what to score them by.

    Where some lead changes, `leads` and `rows` are those of the `entries` of leads.
    """

    plan: Plan
    leads: Leads
    rows: Rows
    until: int
    connection: duckdb.DuckDBPyConnection
    schema: str
    entries: Entries | None = None
    size: int = CHUNK
    threads: int = THREADS

    @property
    def numbers(self) -> Ints:
        """The numbers of the leads."""
        return self.leads.number if self.entries is None else np.unique(self.entries.lead)

    @property
    def ids(self) -> pd.Index:
        """The names of the leads."""
        found = self.connection.execute(f"select lead_id from {self.schema}.lead order by l").df()
        names: pd.Series[str] = found["lead_id"]
        return pd.Index(names.take(self.numbers - 1))

    @property
    def gone(self) -> Ints:
        """When each lead was merged away (NEVER: it was not)."""
        if self.entries is None:
            return np.full(len(self.leads.number), NEVER)
        ends = self.entries.ends()
        return np.where(ends > self.until, NEVER, ends)

    def each(
        self, use: Callable[[Points, Ints], Made], *, plan: Plan | None = None
    ) -> Iterator[Made]:
        """Find the paths of some leads at a time and use them; `Points.lead` counts all leads."""
        entries = self.entries

        def path(piece: tuple[slice, Chunk]) -> tuple[Points, Ints]:
            part, chunk = piece
            points, score = score_changes(plan or self.plan, chunk)
            return Points(points.lead + part.start, points.time), score

        pieces = chunks_of(self.leads, self.rows, until=self.until, size=self.size)
        if entries is None:
            return spread(pieces, lambda piece: use(*path(piece)), threads=self.threads)
        parts = spread(pieces, lambda piece: entries.joined(*path(piece)), threads=self.threads)
        return (use(*part) for part in whole_leads(parts))


@contextmanager
def opened(model: Model, crm: Crm, *, leads: Sequence[str] | None = None) -> Iterator[Paths]:
    """Read what the paths of a model need; the engine's tables are gone afterwards."""
    schema = new_schema(crm.connection)
    until = int(crm.observed_until.replace(tzinfo=UTC).timestamp())
    try:
        number_leads(crm.connection, schema, until=until)
        numbers = None if leads is None else _numbers(crm, schema, leads)
        staged = stage_spans(model, crm, schema)
        entries = None
        if staged.history.split:
            entries = read_entries(crm.connection, schema, staged.history, until=until)
            entries = entries if numbers is None else entries.of(numbers)
        asked = _asked(numbers, until) if entries is None else entries.asked()
        plan, inner = staged.plan, staged.history.schema
        read = read_leads(crm.connection, inner, plan, asked)
        if not len(read.number):
            raise DataError(
                "no lead is left to score. Expected at least one with a lead_id and created_at; "
                "`leadscore check` says what is wrong with the rows"
            )
        rows = read_activities(crm.connection, inner, plan, until=until, asked=asked)
        yield Paths(plan, read, rows, until, crm.connection, schema, entries)
    finally:
        drop_staged(crm, schema)


def _asked(numbers: Ints | None, until: int) -> Asked | None:
    """The whole lives of leads; None for those of all."""
    if numbers is None:
        return None
    return Asked(numbers, np.full(len(numbers), _LONG_AGO), np.full(len(numbers), until))


def _numbers(crm: Crm, schema: str, leads: Sequence[str]) -> Ints:
    """The numbers of leads by name."""
    names = sorted({str(name) for name in leads})
    make_table(crm.connection, f"{schema}.named", pd.DataFrame({"lead_id": names}, dtype="str"))
    found = crm.connection.execute(f"""
        select named.lead_id, lead.l from {schema}.named as named
        left join {schema}.lead as lead using (lead_id) order by lead.l nulls first""").fetchall()
    if found and found[0][1] is None:
        known = crm.connection.execute(
            f"select lead_id from {schema}.lead order by l limit {_OFFERED}"
        ).fetchall()
        raise QuestionError(
            f"no lead '{found[0][0]}' can be scored: "
            f"{nearest_first(found[0][0], [row[0] for row in known])}. Expected ids of the table "
            "'leads'; rows that contradict one another under one id are not scored"
        )
    return np.array([row[1] for row in found], dtype=np.int64)
