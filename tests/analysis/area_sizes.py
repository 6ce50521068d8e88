"""How often equal areas of segments are called different at 5%, by simulation.

Run as `python -m tests.analysis.area_sizes --runs 400`: prints the table of docs/method/segments.md.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.special import expit

from tests.analysis.rows import lead_rows
from tests.analysis.segment_rows import count_segments
from toolkit.analysis import area_test, segment_areas
from toolkit.counts import ScoreCounts

DESIGNS = (
    (12, 20, 3, False), (40, 8, 3, False), (150, 4, 3, False), (24, 10, 6, False),
    (12, 20, 3, True), (40, 8, 3, True),
)  # fmt: skip
"""Accounts, leads of each, segments, and whether accounts have leads in several of these."""


def draw(
    rng: np.random.Generator, accounts: int, leads: int, segments: int, *, spanning: bool
) -> ScoreCounts:
    """Leads whose accounts share their fate (standard deviation 1 on the log odds), ranked alike."""
    account = np.repeat(np.arange(accounts), leads)
    score = np.round(rng.normal(50, 15, len(account)) / 5).astype(int) * 5
    fate = rng.normal(0, 1, accounts)[account]
    hit = rng.random(len(account)) < expit(-0.8 + 0.02 * (score - 50) + fate)
    place = rng.integers(0, segments, len(account)) if spanning else account % segments
    rows = lead_rows(score, hit.astype(int), account)
    return count_segments(rows.assign(segment=[f"s{each}" for each in place]))


def rejected(
    runs: int, accounts: int, leads: int, segments: int, *, spanning: bool
) -> tuple[float, float]:
    """Share of draws in which `area_test`, or Holm's p of any segment, is below 5%."""
    rng, together, single = np.random.default_rng(accounts + segments), 0, 0
    for _ in range(runs):
        counts = draw(rng, accounts, leads, segments, spanning=spanning)
        together += area_test(counts).p_value < 0.05
        single += bool((segment_areas(counts)["p_holm"] < 0.05).any())
    return together / runs, single / runs


def markdown(runs: int) -> str:
    """The table, one line for each design."""
    lines = [
        "| accounts | leads in each | segments | all equal | one against the mean |",
        "|---" * 5 + "|",
    ]
    for accounts, leads, segments, spanning in DESIGNS:
        where = "spanning" if spanning else "in one each"
        shares = " | ".join(
            f"{x:.1%}" for x in rejected(runs, accounts, leads, segments, spanning=spanning)
        )
        lines.append(f"| {accounts}, {where} | {leads} | {segments} | {shares} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    print(markdown(parser.parse_args().runs))  # noqa: T201 - it prints the table
