"""How often does a band over all thresholds hold the whole true curve? Prints the table of the docs.

    python -m tests.analysis.coverage_bands --runs 1000

Leads and truth as in `coverage_grid`, with seeds of its own: no rule of the bands was chosen on these
draws. `sup-t` is drawn on leads that are all independent (the first lead of as many accounts), the
Bonferroni band on accounts of three. A band fails when the truth lies outside it at any threshold.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from tests.analysis.coverage_grid import BASES, EACH, SIZES, counted, counts_of, draw, population
from toolkit.analysis import threshold_bands

RATES = ("precision", "recall", "false_positive_rate")
DESIGNS = ("independent", "accounts")
SEED = 90_210


def true_curves(n):
    """Each rate at or above each score, from the cells of the population."""
    hits, misses = (np.cumsum(n[kind::2][::-1])[::-1] for kind in (0, 1))
    return {"precision": hits / (hits + misses), "recall": hits / hits[0],
            "false_positive_rate": misses / misses[0]}  # fmt: skip


def drawn_counts(rng, design, n, intercept):
    if design == "accounts":
        return counts_of(draw(rng, round(n / EACH), intercept))[0]
    cell = draw(rng, n, intercept)[:, 0]
    return counted(np.bincount(cell), None)


def missed_rates(table, truth):
    """The rates whose true curve leaves the band, or the intervals made for one threshold each."""
    true = [truth[rate][at] for rate, at in zip(table["rate"], table["threshold"], strict=True)]
    # Rounding: both are 1 at the lowest threshold.
    band, single = (
        (true < table[f"{name}low"] - 1e-12) | (true > table[f"{name}high"] + 1e-12)
        for name in ("band_", "")
    )
    return set(table.loc[band, "rate"]), set(table.loc[single, "rate"])


def grid(runs, *, sizes=SIZES, bases=BASES, replicates=500, designs=DESIGNS):
    """One row per design, size, base rate and rate: shares of draws whose curve leaves the band."""
    rows = []
    for design in designs:
        for n in sizes:
            for base in bases:
                intercept, cells = population(base)
                truth = true_curves(cells)
                rng = np.random.default_rng([SEED, len(design), n, int(base * 100)])
                missed = dict.fromkeys(RATES, 0)
                alone = dict.fromkeys(RATES, 0)
                for _ in range(runs):
                    counts = drawn_counts(rng, design, n, intercept)
                    table = threshold_bands(counts, replicates=replicates)
                    for found, names in zip(
                        (missed, alone), missed_rates(table, truth), strict=True
                    ):
                        for name in names:
                            found[name] += 1
                rows += [(design, n, base, rate, missed[rate] / runs, alone[rate] / runs)
                         for rate in RATES]  # fmt: skip
    columns = ["design", "leads", "base", "rate", "missed", "missed_alone"]
    return pd.DataFrame(rows, columns=columns)


def markdown(table):
    """The table of docs/method/coverage.md: the band / the intervals for one threshold each."""
    names = [f"{design}: {rate.replace('_', ' ')}" for design in DESIGNS for rate in RATES]
    lines = ["| leads | base rate | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    for (n, base), part in table.groupby(["leads", "base"], sort=False):
        cells = part.set_index(["design", "rate"])
        texts = [f"{1 - cells.loc[key, 'missed']:.1%} / {1 - cells.loc[key, 'missed_alone']:.1%}"
                 for key in ((design, rate) for design in DESIGNS for rate in RATES)]  # fmt: skip
        lines.append(f"| {n:,} | {base:.0%} | " + " | ".join(texts) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    print(markdown(grid(parser.parse_args().runs)))  # noqa: T201 - it prints the table
