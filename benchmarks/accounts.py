"""What accounts add to counting, at any number of leads: drawn by the engine, never all in memory.

    python -m benchmarks.accounts [--rows 10000000] [--runs 3]

Scores from 0 to 150, 3 in 10 as many accounts as leads. Each figure is the median of the runs, each
ratio that of a figure to the plain count of the same run, from the same place: the file, or the
table of a backtest. A backtest numbers its accounts once, when it makes that table; the file holds
these numbers, and what numbering takes is measured by itself.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

import toolkit as tk
from benchmarks.statistics import LEVELS, copied, everything, opened, over_accounts, seconds
from toolkit.backtest import Backtest
from toolkit.backtest.clusters import with_numbers


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
            select range as l, cast(floor(random() * {max(rows * 3 // 10, 1)}) as bigint) as g,
              60 + 30 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) as raw
            from range({rows})),
          scored as (
            select *, cast(least(greatest(round(raw), 0), {LEVELS - 1}) as bigint) as score
            from drawn)
          select l, 0 as k, cast(l as varchar) as lead_id, 'a' || g as account, g, score,
            case when random() < 1 / (1 + exp(4 - score / 40.0)) then 'converted'
              else 'not_converted' end as state
          from scored) to '{file}' (format parquet)""")


def compare(file: Path, rows: int, runs: int) -> None:
    """Run the jobs in turn, again and again; print medians and ratios."""
    plain, clustered = (opened(file, accounts=known) for known in (False, True))
    plain_table, table = (copied(file, accounts=known) for known in (False, True))
    counts = tk.count_scores(plain)
    first, second = "count from Parquet", "count from the table of a backtest"
    jobs: dict[str, tuple[str, Callable[[], object]]] = {
        first: (first, lambda: tk.count_scores(plain)),
        "  with accounts, all intervals": (first, lambda: over_accounts(clustered)),
        second: (second, lambda: tk.count_scores(plain_table)),
        "  with accounts, all intervals ": (second, lambda: over_accounts(table)),
        "number the accounts, once a backtest": (second, lambda: number(table)),
        "all statistics from counts, no accounts": (second, lambda: everything(counts)),
    }
    for _, job in jobs.values():
        job()
    found = [{name: seconds(job) for name, (_, job) in jobs.items()} for _ in range(runs)]
    print(f"{rows:,} rows, {rows * 3 // 10:,} accounts; median of {runs} runs (lowest-highest)\n")
    for name, (base, _) in jobs.items():
        taken = [run[name] for run in found]
        times = statistics.median(run[name] / run[base] for run in found)
        span = f"{statistics.median(taken):.3f} s ({min(taken):.3f}-{max(taken):.3f})"
        print(f"{name:42}{span:>28}{times:10.1f} x")


def number(backtest: Backtest) -> None:
    """Number the accounts of a table by their names."""
    rows = f"select l, cluster from {backtest.schema}.scored"
    backtest.connection.execute(f"create or replace temp table drawn as {with_numbers(rows)}")


if __name__ == "__main__":
    main()
