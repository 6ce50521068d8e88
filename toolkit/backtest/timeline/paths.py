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
    THREADS,
    Asked,
    Chunk,
    Ints,
    Leads,
    Points,
    Rows,
    chunks_of,
    read_activities,
    read_leads,
    score_changes,
    spread,
)
from toolkit.backtest.leads import number_leads
from toolkit.backtest.result import new_schema
from toolkit.backtest.sql import make_table
from toolkit.backtest.staging import stage
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
    steps of decay, silence and resets are in it to the second, as are activities. Fields of leads
    are those of the export and merged leads stay two, whatever changes are recorded (scores at
    moments follow them), and no gate is looked at: this is the score.

    Columns: `lead_id`, `changed_at` (UTC), `score`; in order of lead_id and time.

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
    lead_id changed_at  score
          A 2026-01-01      0
          A 2026-01-02      5
          A 2026-01-03      8
          A 2026-01-09      5
          A 2026-01-10      0
    """
    with opened(model, crm, leads=leads) as paths:
        parts = list(paths.each(lambda _, points, score: (points, score)))
        lead = np.concatenate([points.lead for points, _ in parts])
        return pd.DataFrame({
            "lead_id": paths.ids[lead],
            "changed_at": instants(np.concatenate([points.time for points, _ in parts])),
            "score": np.concatenate([score for _, score in parts]),
        })  # fmt: skip


def instants(seconds: Ints) -> pd.DatetimeIndex:
    """Whole seconds UTC as instants."""
    return pd.DatetimeIndex(seconds.astype("datetime64[s]").astype("datetime64[us]"))


@dataclass(frozen=True, slots=True)
class Paths:
    """The leads and activities of a CRM, read once, and what to score them by."""

    plan: Plan
    leads: Leads
    rows: Rows
    until: int
    connection: duckdb.DuckDBPyConnection
    schema: str
    size: int = CHUNK
    threads: int = THREADS

    @property
    def ids(self) -> pd.Index:
        """The names of the leads."""
        found = self.connection.execute(f"select lead_id from {self.schema}.lead order by l").df()
        names: pd.Series[str] = found["lead_id"]
        return pd.Index(names.take(self.leads.number - 1))

    def each(
        self, use: Callable[[slice, Points, Ints], Made], *, plan: Plan | None = None
    ) -> Iterator[Made]:
        """Find the paths of some leads at a time and use them; `Points.lead` counts all leads."""

        def work(piece: tuple[slice, Chunk]) -> Made:
            part, chunk = piece
            points, score = score_changes(plan or self.plan, chunk)
            return use(part, Points(points.lead + part.start, points.time), score)

        pieces = chunks_of(self.leads, self.rows, until=self.until, size=self.size)
        return spread(pieces, work, threads=self.threads)


@contextmanager
def opened(model: Model, crm: Crm, *, leads: Sequence[str] | None = None) -> Iterator[Paths]:
    """Read what the paths of a model need; the engine's tables are gone afterwards."""
    schema = new_schema(crm.connection)
    until = int(crm.observed_until.replace(tzinfo=UTC).timestamp())
    try:
        number_leads(crm.connection, schema, until=until)
        plan = stage(model, crm, schema).plan
        asked = None if leads is None else _asked(crm, schema, leads, until)
        read = read_leads(crm.connection, schema, plan, asked)
        if not len(read.number):
            raise DataError(
                "no lead is left to score. Expected at least one with a lead_id and created_at; "
                "`leadscore check` says what is wrong with the rows"
            )
        rows = read_activities(crm.connection, schema, plan, until=until, asked=asked)
        yield Paths(plan, read, rows, until, crm.connection, schema)
    finally:
        crm.connection.execute(f"drop schema {schema} cascade")


def _asked(crm: Crm, schema: str, leads: Sequence[str], until: int) -> Asked:
    """The numbers of leads by name, and their whole lives."""
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
    number = np.array([row[1] for row in found], dtype=np.int64)
    return Asked(number, np.full(len(number), _LONG_AGO), np.full(len(number), until))
