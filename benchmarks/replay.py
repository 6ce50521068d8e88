"""Replay measured by its parts: each job prints the wall and processor seconds of its work.

What is timed begins where the tables are connected and Python has loaded its packages, for the
floor as well. Results are reduced to a count and a sum, never written out.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.backtest.kernel import Ints
    from toolkit.crm import Crm
    from toolkit.model import Model

__all__ = ["JOBS"]

# The prototype's model: caps, windows and a value that fades in steps.
MODEL = """
lead_score_model: 1
name: benchmark
version: "1"
dimensions: {fit: {min: -50, max: 60}, behavior: {max: 100}}
groups:
- id: who
  dimension: fit
  criteria:
  - {id: vp, when: {title: {contains_word: [vp, svp, chief]}}, points: 20}
  - {id: manager, when: {title: {contains_word: [manager, head]}}, points: 10}
  - {id: student, when: {title: {contains_word: [student, intern]}}, points: -20}
  - {id: industry, when: {industry: {in: [i1, i2, i3]}}, points: 10}
  - {id: size, cases: [{when: {employees: {gte: 500}}, points: 15}, {when: {employees: {gte: 50}}, points: 5}]}
  - {id: region, when: {region: {in: [na, eu]}}, points: 5}
  - {id: source, when: {source: referral}, points: 5}
  - {id: free, when: {source: free_trial}, points: -5}
- id: does
  dimension: behavior
  criteria:
  - {id: demo, activity: demo_request, within: 90d, points: 30, max: 30}
  - {id: pricing, activity: page_view, where: {page: {like: "/pricing*"}}, within: 30d, points: 15, max: 40}
  - {id: docs, activity: page_view, where: {page: {like: "/docs*"}}, within: 60d, points: 2, max: 10}
  - {id: open, activity: email_open, within: 30d, points: 1, max: 5}
  - {id: click, activity: email_click, points: 8, decay: {percent: 25, every: 30d}}
  - {id: webinar, activity: webinar, within: 120d, points: 10, max: 20}
  - {id: quiet, inactivity: {after: 30d}, points: -10}
bands: [{name: mql, from: 50, handoff: true}, {name: none}]
"""

# As HubSpot scores: values that fade by the month, limits of groups, a reset.
HUBSPOT = """
lead_score_model: 1
name: hubspot_like
version: "1"
max: 100
dimensions: {fit: {max: 40}, behavior: {max: 60}}
groups:
- id: who
  dimension: fit
  max: 40
  criteria:
  - {id: vp, when: {title: {contains_word: [vp, svp, chief]}}, points: 20}
  - {id: size, cases: [{when: {employees: {gte: 500}}, points: 15}, {when: {employees: {gte: 50}}, points: 5}]}
  - {id: region, when: {region: {in: [na, eu]}}, points: 10}
- id: mail
  dimension: behavior
  max: 20
  criteria:
  - {id: open, activity: email_open, points: 4, decay: {percent: 25, every: 30d}}
  - {id: click, activity: email_click, points: 8, decay: {percent: 25, every: 30d}}
- id: web
  dimension: behavior
  max: 30
  criteria:
  - {id: pricing, activity: page_view, where: {page: {like: "/pricing*"}}, points: 12, max: 24, decay: {percent: 50, every: 30d}}
  - {id: webinar, activity: webinar, points: 10, max_units: 2, within: 90d}
resets: [{activities: [demo_request], groups: [web]}]
bands: [{name: mql, from: 50, handoff: true}, {name: none}]
"""
THRESHOLDS = tuple(range(10, 101, 10))
MONTHS = 24
YEAR = 365 * 86_400


@contextmanager
def timed() -> Iterator[None]:
    """Print what the work inside took, and the peak memory of the whole process."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    yield
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": after.ru_maxrss / 1024}))


def floor(folder: Path) -> None:
    """The least an engine must do: read the same columns and count per lead."""
    import duckdb

    with timed():
        duckdb.sql(f"""
            select count(*), sum(n), max(t) from (
              select lead_id, count(*) as n, max(occurred_at) as t,
                sum(case when activity_type < 'f' and page < '/m' then 1 else 0 end) as x
              from '{folder}/activities_*.parquet' group by lead_id)""").fetchall()


def prepared(folder: Path, text: str = MODEL) -> tuple[Model, Crm, str, int]:
    """Connect and number the leads; activities are not looked at."""
    import pyarrow as pa  # noqa: F401 - loaded before the clock runs

    import toolkit as tk
    from toolkit.backtest.instants import second_of
    from toolkit.backtest.leads import number_leads
    from toolkit.backtest.result import new_schema

    crm = tk.connect(folder / "crm.yaml")
    schema = new_schema(crm.connection)
    until = second_of(crm.observed_until)
    number_leads(crm.connection, schema, until=until)
    return tk.parse_model(text), crm, schema, until


def place(crm: Crm, schema: str, until: int, *, panel: bool) -> None:
    """The moments: age 14 days, or the ends of the last 24 months of every living lead."""
    if panel:
        crm.connection.execute(f"""
            create table {schema}.mo as
            with months as (select k, epoch_us(date_trunc('month', make_timestamp(cast({until} as bigint) * 1000000))
              - to_months(cast(k as integer))) // 1000000 - 1 as s
              from (select unnest(range({MONTHS})) as k))
            select l, k, s from {schema}.lead join months on s >= c and s < c + 365 * 86400""")
    else:
        crm.connection.execute(f"""
            create table {schema}.mo as select l, 0 as k, c + 14 * 86400 as s from {schema}.lead
            where c + 14 * 86400 <= {until}""")


def kernel(folder: Path, *, panel: bool = False, text: str = MODEL) -> None:
    """Stage the activities, scan them once, score every moment."""
    from toolkit.backtest.kernel import kernel_scores
    from toolkit.backtest.staging.activities import stage_activities
    from toolkit.backtest.staging.fit import stage_fit
    from toolkit.backtest.staging.plan import make_plan

    model, crm, schema, until = prepared(folder, text)
    place(crm, schema, until, panel=panel)
    stage_fit(model, crm, schema)
    with timed():
        stage_activities(model, crm, schema)
        found = kernel_scores(crm.connection, schema, make_plan(model))
        print(len(found["l"]), int(found["score"].sum()))


def sql(folder: Path, *, panel: bool = False) -> None:
    """The same by the SQL text."""
    from toolkit.backtest.core import as_of_sql
    from toolkit.backtest.staging.activities import stage_activities
    from toolkit.backtest.staging.fit import stage_fit
    from toolkit.backtest.staging.plan import make_plan

    model, crm, schema, until = prepared(folder)
    place(crm, schema, until, panel=panel)
    stage_fit(model, crm, schema)
    with timed():
        stage_activities(model, crm, schema)
        text = as_of_sql(make_plan(model))
        print(
            crm.connection.execute(f"""
            with ld as (select * from {schema}.ld), ev as (select * from {schema}.ev),
              mo as (select * from {schema}.mo), score as ({text})
            select count(*), sum(score) from score""").fetchall()
        )


def timeline(folder: Path, *, text: str = MODEL, again: bool = False) -> None:
    """Every change of every score, and the first crossing of ten thresholds.

    `again`: once more on the activities that were read, as another model would be.
    """
    import toolkit as tk
    from toolkit.backtest.kernel import Points
    from toolkit.backtest.timeline.crossings import crossings_of
    from toolkit.backtest.timeline.paths import opened

    def reduced(points: Points, score: Ints) -> tuple[int, int, int]:
        found = crossings_of(points, score, THRESHOLDS)
        return len(score), int(score.sum()), int((found["episode"] == 1).sum())

    crm, model = tk.connect(folder / "crm.yaml"), tk.parse_model(text)
    if again:
        with opened(model, crm) as paths, timed():
            parts = list(paths.each(reduced))
    else:
        with timed(), opened(model, crm) as paths:
            parts = list(paths.each(reduced))
    print([sum(part[j] for part in parts) for j in range(3)], file=sys.stderr)


def everything(folder: Path) -> None:
    """Scores at age 14 days and at 24 month ends, timelines, crossings and counts: one pass."""
    import numpy as np

    import toolkit as tk
    from toolkit.backtest.kernel import Chunk, Points, score_changes, scores_at, spread
    from toolkit.backtest.kernel.cut import chunks_of
    from toolkit.backtest.timeline.crossings import crossings_of
    from toolkit.backtest.timeline.paths import opened

    crm, model = tk.connect(folder / "crm.yaml"), tk.parse_model(MODEL)
    with timed(), opened(model, crm) as paths:
        ends = month_ends(paths.until)

        def counted(points: Points, chunk: Chunk) -> Ints:
            return np.bincount(scores_at(paths.plan, chunk, points)["score"] + 100, minlength=400)

        def work(piece: tuple[slice, Chunk]) -> tuple[Ints, Ints, Ints, int]:
            _, chunk = piece
            at = chunk.created + 14 * 86_400
            old = np.flatnonzero(at <= paths.until)
            as_of = counted(Points(old, at[old]), chunk)
            open_ = (ends >= chunk.created[:, None]) & (ends < chunk.created[:, None] + YEAR)
            row, month = np.nonzero(open_)
            panel = counted(Points(row, ends[month], ends), chunk)
            points, score = score_changes(paths.plan, chunk)
            first = crossings_of(points, score, THRESHOLDS)["episode"] == 1
            return as_of, panel, np.bincount(score + 100, minlength=400), int(first.sum())

        parts = list(spread(chunks_of(paths.leads, paths.rows, until=paths.until), work))
        print([sum(int(part[j].sum()) for part in parts) for j in range(3)], file=sys.stderr)


def month_ends(until: int) -> Ints:
    """The last seconds of the 24 months before, earliest first."""
    import numpy as np

    month = np.datetime64(until, "s").astype("datetime64[M]") - np.arange(MONTHS)
    return np.sort(month.astype("datetime64[s]").astype(np.int64) - 1)


JOBS = {
    "floor": floor,
    "as_of": kernel,
    "as_of_sql": sql,
    "panel": lambda folder: kernel(folder, panel=True),
    "panel_sql": lambda folder: sql(folder, panel=True),
    "timeline": timeline,
    "again": lambda folder: timeline(folder, again=True),
    "all": everything,
    "hubspot_as_of": lambda folder: kernel(folder, text=HUBSPOT),
    "hubspot_timeline": lambda folder: timeline(folder, text=HUBSPOT),
}


if __name__ == "__main__":
    JOBS[sys.argv[1]](Path(sys.argv[2]))
