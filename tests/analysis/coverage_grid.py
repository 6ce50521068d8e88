"""How often do intervals hold the truth, with and without accounts? Prints the table of the docs.

    python -m tests.analysis.coverage_grid --runs 1000

Leads come in accounts of three. A lead's score and its chance to convert share a part with the
other leads of its account (standard deviation 1 on the log odds), so leads of an account tend to
share their fate. The truth is that of four million leads drawn from the same model.
"""

from __future__ import annotations

import argparse
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit

from tests.analysis.rows import PROVENANCE
from toolkit.analysis import auc, average_precision, partial_auc, rate, threshold_table
from toolkit.counts import AccountPairs, ScoreCounts

SIZES = (200, 2_000, 20_000)
BASES = (0.01, 0.05, 0.25)
NAMES = ("rate", "precision", "recall", "auc", "partial_auc", "average_precision")
LEVELS, THRESHOLD, EACH = 17, 12, 3
STATES = np.array(["converted", "not_converted"])


def draw(rng, accounts, intercept):
    """Cells (2 x score level, + 1 where the lead did not convert) of accounts x three leads."""
    shared, fate = rng.normal(0, 0.5, (accounts, 1)), rng.normal(0, 1, (accounts, 1))
    raw = 8 + 4 * (shared + rng.normal(0, 0.87, (accounts, EACH)))
    score = np.clip(np.rint(raw), 0, LEVELS - 1).astype(int)
    hit = rng.random(score.shape) < expit(intercept + 0.25 * (score - 8) + fate)
    return 2 * score + ~hit


@cache
def population(base):
    """The intercept that gives this base rate, and four million leads in its cells."""
    low, high = -12.0, 3.0
    for _ in range(40):
        middle = (low + high) / 2
        cell = draw(np.random.default_rng(0), 60_000, middle)
        low, high = (middle, high) if (cell % 2 == 0).mean() < base else (low, middle)
    n = np.zeros(2 * LEVELS, dtype=int)
    for seed in range(7):
        n += np.bincount(draw(np.random.default_rng(seed), 200_000, low).ravel(), minlength=len(n))
    return low, n


@cache
def model(base):
    """The intercept that gives this base rate, and the truth of each statistic."""
    intercept, n = population(base)
    counts = counted(n, None)
    row = threshold_table(counts, thresholds=[THRESHOLD]).iloc[0]
    return intercept, {
        "rate": rate(counts).estimate,
        "precision": row["precision"],
        "recall": row["recall"],
        "auc": auc(counts).estimate,
        "partial_auc": partial_auc(counts, replicates=2).estimate,
        "average_precision": average_precision(counts, replicates=2).estimate,
    }


def counted(n, accounts):
    """Counts of cells, as the engine would give them."""
    used = np.flatnonzero(n)
    frame = pd.DataFrame({"score": used // 2, "state": STATES[used % 2], "n": n[used]})
    return ScoreCounts(frame, PROVENANCE, accounts=accounts)


def counts_of(cell):
    """The counts of drawn leads, with their accounts and without."""
    size = 2 * LEVELS
    n = np.bincount(cell.ravel(), minlength=size)
    code = (cell[:, :, None] * size + cell[:, None, :]).ravel()
    pair = np.bincount(code, minlength=size**2)
    at = np.flatnonzero(pair)
    a, b = at // size, at % size
    frame = pd.DataFrame(
        {"score_a": a // 2, "state_a": STATES[a % 2], "score_b": b // 2,
         "state_b": STATES[b % 2], "n": pair[at]}
    )  # fmt: skip
    hit = cell % 2 == 0
    known = AccountPairs(
        frame, len(cell), int(hit.any(axis=1).sum()), int((~hit).any(axis=1).sum()), EACH
    )
    return counted(n, known), counted(n, None)


def intervals(counts, replicates):
    row = threshold_table(counts, thresholds=[THRESHOLD]).iloc[0]
    found = {"rate": rate(counts), "auc": auc(counts),
             "partial_auc": partial_auc(counts, replicates=replicates),
             "average_precision": average_precision(counts, replicates=replicates)}  # fmt: skip
    ends = {name: (each.low, each.high) for name, each in found.items()}
    return ends | {
        name: (row[f"{name}_low"], row[f"{name}_high"]) for name in ("precision", "recall")
    }


def grid(runs, *, sizes=SIZES, bases=BASES, replicates=200):
    """One row per size, base rate and statistic: shares of draws with an interval, and that miss."""
    rows = []
    for n in sizes:
        for base in bases:
            intercept, truth = model(base)
            rng = np.random.default_rng([n, int(base * 100)])
            given, missed = np.zeros((2, len(NAMES))), np.zeros((2, len(NAMES)))
            for _ in range(runs):
                for i, counts in enumerate(counts_of(draw(rng, round(n / EACH), intercept))):
                    ends = intervals(counts, replicates)
                    for j, name in enumerate(NAMES):
                        low, high = ends[name]
                        given[i, j] += not np.isnan(low)
                        missed[i, j] += not (np.isnan(low) or low <= truth[name] <= high)
            for j, name in enumerate(NAMES):
                rows.append((n, base, name, *(given[:, j] / runs), *(missed[:, j] / runs)))
    columns = ["leads", "base", "statistic", "given", "given_ignored", "missed", "missed_ignored"]
    return pd.DataFrame(rows, columns=columns)


def markdown(table):
    """The table of docs/method/coverage.md: coverage over accounts / with accounts ignored."""
    lines = ["| leads | base rate | " + " | ".join(name.replace("_", " ") for name in NAMES) + " |",
             "|---" * (len(NAMES) + 2) + "|"]  # fmt: skip
    for (n, base), part in table.groupby(["leads", "base"], sort=False):
        cells = []
        for row in part.itertuples():
            text = f"{1 - row.missed:.1%} / {1 - row.missed_ignored:.1%}"
            cells.append(text if row.given > 0.995 else f"{text} ({row.given:.0%})")
        lines.append(f"| {n:,} | {base:.0%} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    print(markdown(grid(parser.parse_args().runs)))  # noqa: T201 - it prints the table
