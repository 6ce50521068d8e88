"""Run the measurements and print one table.

    python -m benchmarks [--leads 1000000] [--runs 3] [--only as_of|replay|audit|statistics|weights]

`--each` sets how many activities a lead has in `replay`.

Every figure is the median over runs of a whole process (wall and processor seconds, peak memory
of the process), and every ratio compares two processes of the same run, alternating, so that a
change of the machine's speed touches both.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.generate import write_big_crm
from benchmarks.statistics import compare as compare_statistics
from benchmarks.weights import write_big_scores

HERE = Path(__file__).parent
EACH = 20


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=EACH)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=["as_of", "replay", "audit", "statistics", "weights"])
    options = parser.parse_args()
    print(f"{os.cpu_count()} processors; median of {options.runs} runs (lowest-highest)\n")
    if options.only in (None, "as_of"):
        as_of(options.leads, options.runs)
    if options.only in (None, "replay"):
        replay(options.leads, options.each, options.runs)
    if options.only in (None, "audit"):
        audit(options.runs)
    if options.only in (None, "statistics"):
        compare_statistics(options.leads, options.runs)
    if options.only in (None, "weights"):
        weights(options.leads, options.runs)


def weights(leads: int, runs: int) -> None:
    """Patterns, fit, score tests, verdicts and proposal against one regression on the rows."""
    folder = HERE / "data" / f"scores_{leads}"
    if not folder.exists():
        write_big_scores(folder, leads=leads)
    jobs = {
        "patterns to proposal": ["weights", str(folder)],
        "of it imports and an open engine": ["weights_floor", str(folder)],
        "statsmodels.Logit on rows": ["logit", str(folder)],
        "patterns to proposal, accounts": ["weights_accounts", str(folder)],
    }
    compare(f"{leads:,} leads, 15 criteria", jobs, runs)


def as_of(leads: int, runs: int) -> None:
    """As-of scores from Parquet against a bare scan of the same columns."""
    folder = HERE / "data" / f"crm_{leads}"
    if not folder.exists():
        write_big_crm(folder, leads=leads)
    jobs = {
        "floor: scan and count per lead": ["floor", str(folder)],
        "as-of scores at age 14 days": ["score", str(folder)],
        "obvious pandas version": ["pandas", str(folder)],
    }
    compare(f"{leads:,} leads / {leads * 20:,} activities", jobs, runs)


REPLAY = {
    "floor": "bare DuckDB scan of the same columns, counted per lead",
    "as_of": "score of each lead as of 14 days",
    "as_of_sql": "the same by the SQL text",
    "hubspot_as_of": "the kernel with fewer rules, group limits and a reset (HubSpot-like)",
    "panel": "scores at 24 month ends with the points of every criterion",
    "panel_sql": "the same by the SQL text",
    "timeline": "every change of every score, crossings of ten thresholds",
    "again": "another model on the activities that were read",
    "hubspot_timeline": "the same timeline, HubSpot-like",
    "all": "as of 14 days, month ends, timeline, and their counts, in one pass",
}


def replay(leads: int, each: int, runs: int) -> None:
    """The parts of replay, each against the same scan; what is timed begins after connecting.

    Printed as the table of the README.
    """
    folder = HERE / "data" / (f"crm_{leads}" if each == EACH else f"crm_{leads}_{each}")
    if not folder.exists():
        write_big_crm(folder, leads=leads, each=each)
    found = measured_jobs({job: [job, str(folder)] for job in REPLAY}, runs, "replay")
    print(f"{leads:,} leads / {leads * each:,} activities\n")
    print("| work | processor | against the scan: processor | wall | peak memory |")
    print("|---|---|---|---|---|")
    for job, rows in found.items():
        cpu, peak = median(rows, "cpu"), round(median(rows, "peak"), -1)
        work, wall = (ratio(rows, found["floor"], key) for key in ("cpu", "wall"))
        print(f"| {REPLAY[job]} | {cpu:.1f} s | {work:.1f} | {wall:.1f} | {peak:,.0f} MB |")
    print()


def audit(runs: int) -> None:
    """The whole audit of the demo, and its parts."""
    with tempfile.TemporaryDirectory() as place:
        jobs = {
            "import toolkit": ["import", place],
            "draw the demo CRM": ["demo", place],
            "connect (CSV)": ["connect", place],
            "backtest and count, two designs": ["counts", place],
            "whole audit to HTML": ["audit", place],
        }
        compare("demo CRM, 20,000 leads", jobs, runs)


def compare(title: str, jobs: dict[str, list[str]], runs: int) -> None:
    """Run the jobs in turn, again and again; print medians and ratios to the first."""
    found = measured_jobs(jobs, runs, "jobs")
    print(title)
    print(f"{'':34}{'wall s':>18}{'cpu s':>9}{'peak MB':>9}{'x first':>9}{'x cpu':>8}")
    for name, rows in found.items():
        print(line(name, rows, found[next(iter(jobs))]))
    print()


def measured_jobs(
    jobs: dict[str, list[str]], runs: int, module: str
) -> dict[str, list[dict[str, float]]]:
    """Run the jobs in turn, again and again."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, arguments in jobs.items():
            found[name].append(measured(arguments, module))
    return found


def line(name: str, rows: list[dict[str, float]], first: list[dict[str, float]]) -> str:
    """One job as a row of the table; the ratio is the median of the pairs."""
    walls = [row["wall"] for row in rows]
    span = f"{statistics.median(walls):.2f} ({min(walls):.2f}-{max(walls):.2f})"
    cpu, peak = median(rows, "cpu"), median(rows, "peak")
    wall, work = (ratio(rows, first, key) for key in ("wall", "cpu"))
    return f"{name:34}{span:>18}{cpu:9.2f}{peak:9.0f}{wall:9.2f}{work:8.2f}"


def median(rows: list[dict[str, float]], key: str) -> float:
    """The median over runs."""
    return statistics.median(row[key] for row in rows)


def ratio(rows: list[dict[str, float]], first: list[dict[str, float]], key: str) -> float:
    """The median of the ratios within each run."""
    return statistics.median(a[key] / b[key] for a, b in zip(rows, first, strict=True))


def measured(arguments: list[str], module: str) -> dict[str, float]:
    """Run one job as a process of its own; the start of Python is part of it, unless it says so."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        check=True, capture_output=True, text=True, cwd=HERE.parent,
    )  # fmt: skip
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    own = json.loads(last(done.stdout))
    return {"wall": own.get("wall", wall), "cpu": own.get("cpu", cpu), "peak": own["peak_mb"]}


def last(text: str) -> str:
    """The last line, where a job reports itself."""
    lines: Iterator[str] = reversed(text.strip().splitlines())
    return next(lines)


if __name__ == "__main__":
    main()
