"""Statistics from counts against the usual way on rows, in one process and one run.

    python -m benchmarks.statistics [--rows 1000000] [--runs 3]

Drawn leads with scores from 0 to 150 and 3 in 10 as many accounts as leads. Each figure is the
median of the runs, each ratio that of two figures of the same run. "Extrapolated" is said where
a part was measured and multiplied.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

import toolkit as tk
from toolkit.backtest import Backtest
from toolkit.backtest.result import new_schema
from toolkit.counts import Provenance

LEVELS, FEW_ROWS, REPLICATES = 151, 5, 2000


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    compare(options.rows, options.runs)


def compare(rows: int, runs: int) -> None:
    """Measure all jobs in turn, again and again, and print seconds and ratios."""
    score, hit, account = draw(rows)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "scored.parquet"
        write(file, score, hit, account)
        plain, clustered = (opened(file, accounts=known) for known in (False, True))
        counts = tk.count_scores(plain)
        jobs: dict[str, Callable[[], object]] = {
            "count from Parquet": lambda: tk.count_scores(plain),
            "roc_auc_score, rows in memory": lambda: _roc_auc(hit, score),
            "AUC, thresholds, calibration, decision curve": lambda: everything(counts),
            "confusion matrix at 151 thresholds": lambda: confusion(score, hit),
            f"{REPLICATES:,} replicates: AUC, every precision": lambda: replicated(counts),
            f"{FEW_ROWS} bootstraps of rows": lambda: row_bootstrap(score, hit),
            "count with accounts, all intervals": lambda: over_accounts(clustered),
        }
        warm_up(counts)
        found = {name: [seconds(job) for job in jobs.values()] for name in range(runs)}
    times = {name: [found[run][i] for run in range(runs)] for i, name in enumerate(jobs)}
    print(f"{rows:,} rows, {LEVELS} scores; median of {runs} runs (lowest-highest)\n")
    for name, taken in times.items():
        print(f"{name:48}{statistics.median(taken):10.3f} s ({min(taken):.3f}-{max(taken):.3f})")
    print()
    scale = REPLICATES / FEW_ROWS
    names = list(jobs)
    for text, slow, quick, factor in (
        ("roc_auc_score / count from Parquet", 1, 0, 1.0),
        ("confusion matrices / all statistics from counts", 3, 2, 1.0),
        ("bootstrap of rows (extrapolated) / replicates", 5, 4, scale),
        ("counting and intervals with accounts / counting without", 6, 0, 1.0),
    ):
        ratios = [
            factor * a / b for a, b in zip(times[names[slow]], times[names[quick]], strict=True)
        ]
        print(f"{text:58}{statistics.median(ratios):12,.1f} x")


def draw(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, outcomes and accounts of leads; a better score converts oftener."""
    rng = np.random.default_rng(1)
    score = np.clip(np.rint(rng.normal(60, 30, rows)), 0, LEVELS - 1).astype(np.int64)
    hit = rng.random(rows) < 1 / (1 + np.exp(4 - score / 40))
    return score, hit.astype(np.int64), rng.integers(0, max(rows * 3 // 10, 1), rows)


def write(file: Path, score: np.ndarray, hit: np.ndarray, account: np.ndarray) -> None:
    """One row per scored lead, as an engine would keep them."""
    frame = pd.DataFrame({"score": score, "hit": hit, "g": account})
    connection = duckdb.connect()
    connection.register("frame", frame)
    connection.execute(f"""
        copy (select row_number() over () as l, 0 as k, cast(row_number() over () as varchar)
                as lead_id, 'a' || g as account, g, score,
                case when hit = 1 then 'converted' else 'not_converted' end as state from frame)
        to '{file}' (format parquet)""")


def opened(file: Path, *, accounts: bool) -> Backtest:
    """A backtest that reads the file anew for every count."""
    return _backtest(file, "view", accounts=accounts)


def copied(file: Path, *, accounts: bool) -> Backtest:
    """A backtest whose scored leads are a table of the engine, as `run_backtest` makes it."""
    return _backtest(file, "table", accounts=accounts)


def _backtest(file: Path, kind: str, *, accounts: bool) -> Backtest:
    connection = duckdb.connect()
    schema = new_schema(connection)
    known = "account as cluster, g" if accounts else "cast(null as varchar) as cluster, null as g"
    connection.execute(f"""
        create {kind} {schema}.scored as
        select l, k, lead_id, score, state, {known} from read_parquet('{file}')""")
    provenance = Provenance(
        source=file.name, engine="DuckDB", model=None, model_hash=None, moment="", outcome="",
        outcome_label="", outcome_window_days=None, observed_until=None, first_moment=None,
        last_moment=None,
    )  # fmt: skip
    return Backtest(connection, schema, provenance)


def warm_up(counts: tk.ScoreCounts) -> None:
    """Import what is imported on first use, so that no job pays for it."""
    import sklearn.metrics  # noqa: F401 - the import is the point

    everything(counts)
    replicated(counts)


def seconds(job: Callable[[], object]) -> float:
    """Wall time of one job."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def everything(counts: tk.ScoreCounts) -> None:
    """What a report needs of a score."""
    tk.auc(counts)
    tk.threshold_table(counts, cost_ratio=1 / 9)
    tk.calibration_table(counts)
    tk.decision_curve(counts)


def replicated(counts: tk.ScoreCounts) -> tuple[np.ndarray, np.ndarray]:
    """AUC and the precision above every score, in each replicate of the counts."""
    _, drawn = tk.replicate_cells(counts, replicates=REPLICATES)
    hits, misses = drawn[..., 0], drawn[..., 1]
    below = np.cumsum(misses, axis=1) - misses / 2
    area = (hits * below).sum(axis=1) / (hits.sum(axis=1) * misses.sum(axis=1))
    above = np.cumsum(drawn[:, ::-1], axis=1)[:, ::-1]
    return area, above[..., 0] / np.maximum(above.sum(axis=2), 1)


def over_accounts(backtest: Backtest) -> None:
    """Count with account pairs, and make the interval of every rate at every threshold."""
    tk.threshold_table(tk.count_scores(backtest))


def _roc_auc(hit: np.ndarray, score: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(hit, score))


def confusion(score: np.ndarray, hit: np.ndarray) -> None:
    """The loop one would write first."""
    from sklearn.metrics import confusion_matrix

    for threshold in range(LEVELS):
        confusion_matrix(hit, score >= threshold, labels=[0, 1])


def row_bootstrap(score: np.ndarray, hit: np.ndarray) -> None:
    """Draw rows with replacement; AUC, and the precision above every score, of each draw."""
    rng = np.random.default_rng(2)
    for _ in range(FEW_ROWS):
        rows = rng.integers(0, len(score), len(score))
        drawn, won = score[rows], hit[rows]
        _roc_auc(won, drawn)
        for threshold in range(LEVELS):
            above = drawn >= threshold
            won[above].sum() / max(above.sum(), 1)


if __name__ == "__main__":
    main()
