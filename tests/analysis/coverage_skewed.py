"""How often intervals hold the truth where accounts are few, or one has a large share of the leads.

    python -m tests.analysis.coverage_skewed --runs 400

Leads of an account share a part of their score and of their chance to convert (standard deviation 1
on the log odds), as in `coverage_grid`. The truth is that of a million accounts of one lead.
"""

from __future__ import annotations

import argparse
from functools import cache

import numpy as np
from scipy.special import expit

from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis import auc, threshold_table

SIZES = {
    "6 of 10 leads": [10] * 6,
    "12 of 10 leads": [10] * 12,
    "25 of 5 leads": [5] * 25,
    "200 of 3 leads": [3] * 200,
    "one of 50 leads, 350 of one": [50] + [1] * 350,
    "one of 200 leads, 200 of one": [200] + [1] * 200,
}
NAMES = ("precision", "recall", "lift", "auc")
THRESHOLD = 50


def draw(rng, sizes):
    """Score, outcome and account of each lead."""
    account = np.repeat(np.arange(len(sizes)), sizes)
    shared, fate = (rng.normal(0, sd, len(sizes))[account] for sd in (8, 1))
    score = np.clip(np.round((rng.normal(30, 15, len(account)) + shared) / 5) * 5, 0, 80)
    hit = rng.random(len(account)) < expit(-1 + 0.05 * (score - 30) + fate)
    return score.astype(int), hit.astype(int), account


@cache
def truth():
    score, hit, _ = draw(np.random.default_rng(0), np.ones(1_000_000, dtype=int))
    row = intervals(score, hit, None)
    return {name: row[name][0] for name in NAMES}


def intervals(score, hit, account):
    """Estimate, low and high of each number."""
    counts = count_rows(lead_rows(score, hit, account))
    row = threshold_table(counts, thresholds=[THRESHOLD]).iloc[0]
    area = auc(counts)
    found = {name: (row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in NAMES[:-1]}
    return {**found, "auc": (area.estimate, area.low, area.high)}


def covered(sizes, runs, *, seed=1):
    """Share of the draws whose interval holds the truth or is not given, and share given."""
    rng = np.random.default_rng(seed)
    held, given = dict.fromkeys(NAMES, 0), dict.fromkeys(NAMES, 0)
    for _ in range(runs):
        for name, (_, low, high) in intervals(*draw(rng, sizes)).items():
            given[name] += not np.isnan(low)
            held[name] += bool(np.isnan(low) or low <= truth()[name] <= high)
    return {name: (held[name] / runs, given[name] / runs) for name in NAMES}


def markdown(runs):
    """The table of docs/method/coverage.md."""
    lines = ["| accounts | " + " | ".join(NAMES) + " |", "|---" * (len(NAMES) + 1) + "|"]
    for title, sizes in SIZES.items():
        cells = [
            f"{held:.1%}" if given > 0.995 else f"{held:.1%} ({given:.0%})"
            for held, given in covered(sizes, runs).values()
        ]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    print(markdown(parser.parse_args().runs))  # noqa: T201 - it prints the table
