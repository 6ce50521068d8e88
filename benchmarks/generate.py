"""A large synthetic CRM in Parquet, quick to write; the demo is the believable one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["MODEL", "write_big_crm"]

CHUNK = 2_000_000
START = np.datetime64("2024-10-01", "us")
DAYS = 730

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
  - {id: click, activity: email_click, within: 60d, points: 3, max: 9}
  - {id: webinar, activity: webinar, within: 120d, points: 10, max: 20}
  - {id: quiet, inactivity: {after: 30d}, points: -10}
bands: [{name: mql, from: 50, handoff: true}, {name: none}]
"""


def write_big_crm(folder: Path, *, leads: int, each: int = 20, seed: int = 1) -> None:
    """Write leads, activities and stage_changes as Parquet with crm.yaml and model.yaml."""
    temporary = folder.with_suffix(".part")
    temporary.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    created = START + (rng.random(leads) * DAYS * 86_400e6).astype("timedelta64[us]")
    _write_leads(rng, created, temporary / "leads.parquet")
    _activities(rng, created, leads * each, temporary)
    won = rng.random(leads) < 0.05
    when = created[won] + (rng.random(int(won.sum())) * 120 * 86_400e6).astype("timedelta64[us]")
    stages = {"lead_id": np.flatnonzero(won), "stage": "sql", "entered_at": when}
    pd.DataFrame(stages).to_parquet(temporary / "stage_changes.parquet", index=False)
    (temporary / "model.yaml").write_text(MODEL, encoding="utf-8")
    (temporary / "crm.yaml").write_text(
        "crm_mapping: 1\nobserved_until: 2026-10-01T00:00:00Z\ntime_zone: UTC\n"
        "tables:\n  activities: {file: activities_*.parquet}\n",
        encoding="utf-8",
    )
    temporary.rename(folder)


def _write_leads(rng: np.random.Generator, created: np.ndarray, file: Path) -> None:
    """Some rows at a time, so that any number of leads fits in memory."""
    writer = None
    for start in range(0, len(created), CHUNK):
        table = pa.Table.from_pandas(_leads(rng, created, start), preserve_index=False)
        writer = writer or pq.ParquetWriter(file, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _leads(rng: np.random.Generator, created: np.ndarray, start: int) -> pd.DataFrame:
    everyone, created = len(created), created[start : start + CHUNK]
    n = len(created)
    words = np.array(["VP Sales", "SVP Marketing", "Manager", "Head of IT", "Student", "Engineer"])
    titles = np.char.add(words[rng.integers(0, len(words), 7_000)], np.arange(7_000).astype(str))
    titles = np.char.replace(np.char.add(words[np.arange(7_000) % len(words)], " "), "  ", " ")
    titles = np.char.add(titles, np.arange(7_000).astype(str))
    return pd.DataFrame(
        {
            "lead_id": np.arange(start, start + n),
            "created_at": created,
            "account_id": rng.integers(0, max(everyone // 2, 1), n),
            "title": titles[rng.integers(0, len(titles), n)],
            "industry": np.array([f"i{i}" for i in range(12)])[rng.integers(0, 12, n)],
            "employees": rng.integers(1, 2_000, n),
            "region": np.array(["na", "eu", "apac", "latam"])[rng.integers(0, 4, n)],
            "source": np.array(["referral", "search", "free_trial"])[rng.integers(0, 3, n)],
        }
    )


def _activities(rng: np.random.Generator, created: np.ndarray, n: int, folder: Path) -> None:
    """Activities in order of time within each file, as logs are."""
    kinds = np.array(["page_view", "email_open", "email_click", "webinar", "demo_request"])
    share = np.array([0.6, 0.25, 0.1, 0.04, 0.01])
    pages = np.array(
        ["", *(f"/pricing/{i}" for i in range(40)), *(f"/docs/{i}" for i in range(2_000))]
    )
    for part, start in enumerate(range(0, n, CHUNK)):
        size = min(CHUNK, n - start)
        lead = rng.integers(0, len(created), size)
        after = (rng.exponential(40, size) * 86_400e6).astype("timedelta64[us]")
        kind = rng.choice(len(kinds), size, p=share)
        page = np.where(kind == 0, rng.integers(0, len(pages), size), 0)
        frame = pd.DataFrame(
            {
                "lead_id": lead,
                "activity_type": pd.Categorical.from_codes(kind, kinds).astype(str),
                "occurred_at": created[lead] + after,
                "page": pages[page],
            }
        ).sort_values("occurred_at")
        frame.to_parquet(folder / f"activities_{part:03d}.parquet", index=False)
