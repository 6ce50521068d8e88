"""Weight tables and overlaps as figures receive them, ordinary and extreme."""

from __future__ import annotations

from math import nan

import pandas as pd

LONG = "Downloaded the white paper on total cost of ownership in regulated industries, any year"


def weights(rows: list[tuple]) -> pd.DataFrame:
    """A weight table from (label, n, now, implied, low, high, verdict)."""
    columns = [
        "label", "n_with", "now", "implied_points", "implied_low", "implied_high", "verdict",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def overlap(rows: list[tuple]) -> pd.DataFrame:
    """An overlap table from (a, b, n_a, n_b, n_both, phi)."""
    table = pd.DataFrame(rows, columns=["label_a", "label_b", "n_a", "n_b", "n_both", "phi"])
    return table.assign(
        share_of_a=table["n_both"] / table["n_a"].where(table["n_a"] > 0),
        share_of_b=table["n_both"] / table["n_b"].where(table["n_b"] > 0),
    )


FOREST = {
    "usual": weights([
        ("Demo requested", 555, 30, 44.2, 37.1, 51.9, "change"),
        ("VP or above", 543, 20, 21.5, 17.2, 23.9, "keep"),
        ("Student", 15, -20, -38.6, -90.0, 12.4, "not enough evidence"),
        ("Priority region", 1029, 5, -3.5, -12.0, 6.1, "no proposal"),
    ]),
    "long": weights([(f"{LONG} {i}", 123_456_789, -500 * i, 700.5, -9e4, 9e4, "change")
                     for i in range(25)]),
    "unknown": weights([(LONG, 0, 10, nan, nan, nan, "not enough evidence")] * 2),
    "policy": weights([("Region", 40, 5, nan, nan, nan, "no proposal")]),
    "kept": weights([("A", 900, 10, 10.1, 8.0, 12.0, "keep"), ("B", 900, 0, 0.2, -3, 3, "keep")]),
    "none": weights([]),
}  # fmt: skip

OVERLAP = {
    "usual": overlap([
        ("VP or above", "Chief officer", 300, 280, 270, 0.92),
        ("Demo requested", "White paper", 555, 694, 60, -0.33),
        ("Free e-mail", "Student", 185, 15, 0, nan),
    ]),
    "long": overlap([(LONG, LONG, 10**9, 10**9, 10**9, 1.0)] * 12),
    "weak": overlap([("A", "B", 10, 10, 2, 0.05)]),
    "unknown": overlap([("A", "B", 10, 0, 0, nan)]),
    "none": overlap([]),
}  # fmt: skip
