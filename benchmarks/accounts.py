"""What accounts add to counting, at any number of leads: drawn by the engine, never all in memory.

    python -m benchmarks.accounts [--rows 10000000] [--runs 3]

Scores from 0 to 150, 3 in 10 as many accounts as leads. Each figure is the median of the runs, each
ratio that of two figures of the same run. "Tell the accounts apart" is the least that any count of
accounts must do: `select distinct`, nothing else.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

import toolkit as tk
from benchmarks.statistics import LEVELS, everything, opened, over_accounts, seconds


def main() -> None:
    """Parse the command line, draw the leads, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accounts", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "scored.parquet"
        write(file, options.rows)
        compare(file, options.rows, options.runs)


def write(file: Path, rows: int) -> None:
    """Draw one row per scored lead straight into the file."""
    duckdb.execute("select setseed(0.5)")
    duckdb.execute(f"""
        copy (
          with drawn as (
            select range as l, 'a' || cast(floor(random() * {max(rows * 3 // 10, 1)}) as bigint)
              as account, 60 + 30 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) as raw
            from range({rows})),
          scored as (
            select *, cast(least(greatest(round(raw), 0), {LEVELS - 1}) as bigint) as score
            from drawn)
          select l, 0 as k, cast(l as varchar) as lead_id, account, score,
            case when random() < 1 / (1 + exp(4 - score / 40.0)) then 'converted'
              else 'not_converted' end as state
          from scored) to '{file}' (format parquet)""")


def compare(file: Path, rows: int, runs: int) -> None:
    """Run the jobs in turn, again and again; print medians and ratios to the first."""
    plain, clustered = (opened(file, accounts=known) for known in (False, True))
    counts = tk.count_scores(plain)
    jobs: dict[str, Callable[[], object]] = {
        "count from Parquet": lambda: tk.count_scores(plain),
        "tell the accounts apart": lambda: duckdb.execute(
            f"select count(distinct account) from '{file}'"
        ).fetchall(),
        "count with accounts, all intervals": lambda: over_accounts(clustered),
        "all statistics from counts, no accounts": lambda: everything(counts),
    }
    over_accounts(clustered)
    everything(counts)
    found = [{name: seconds(job) for name, job in jobs.items()} for _ in range(runs)]
    first = next(iter(jobs))
    print(f"{rows:,} rows, {rows * 3 // 10:,} accounts; median of {runs} runs (lowest-highest)\n")
    for name in jobs:
        taken = [run[name] for run in found]
        times = statistics.median(run[name] / run[first] for run in found)
        span = f"{statistics.median(taken):.3f} s ({min(taken):.3f}-{max(taken):.3f})"
        print(f"{name:42}{span:>28}{times:10.1f} x")


if __name__ == "__main__":
    main()
