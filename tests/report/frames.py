"""Frames of the contract made by hand, from counts, for figures and tables."""

from __future__ import annotations

from math import isnan, nan

import pandas as pd

from toolkit.analysis import wilson_interval

_LONG = "immediate call by the most senior person of the north-western field team"


def bands(rows: list[tuple[str, float, float, int, int, int]]) -> pd.DataFrame:
    """A band table from (name, start, stop, judged, positives, unworked)."""
    table = pd.DataFrame(rows, columns=["band", "start", "stop", "n", "positives", "unworked"])
    table["leads"] = table["n"] + table["unworked"]
    table["immature"] = 0
    table["rate"] = table["positives"] / table["n"].where(table["n"] > 0)
    low, high = wilson_interval(table["positives"], table["n"])
    table["low"], table["high"] = low, high
    return table


USUAL = bands(
    [
        ("immediate", 80, nan, 457, 179, 0),
        ("MQL", 50, 80, 4057, 630, 0),
        ("nurture", 40, 50, 3400, 237, 4700),
        ("", nan, 40, 12086, 403, 9000),
    ]
)
ONE = bands([("", nan, nan, 20, 7, 0)])
TWELVE = bands(
    [
        (f"grade {i}", 120 - 10 * i, nan if i == 0 else 130 - 10 * i, 90, 80 - 6 * i, i)
        for i in range(12)
    ]
)
LONG = bands([(_LONG, 50, nan, 40, 12, 0), (_LONG.replace(" ", "_"), nan, 50, 40, 3, 12345678)])
EXTREME = bands(
    [
        ("all", 80, nan, 9, 9, 0),
        ("huge", 60, 80, 1_234_567_890, 987_654_321, 2_345_678_901),
        ("none", 40, 60, 500, 0, 0),
        ("nobody", nan, 40, 0, 0, 12),
    ]
)
EMPTY = bands([("a", 50, nan, 0, 0, 0), ("$x_{b}$ <i>&</i>", nan, 50, 0, 0, 0)])
BANDS = {
    "usual": USUAL,
    "one": ONE,
    "twelve": TWELVE,
    "long": LONG,
    "extreme": EXTREME,
    "empty": EMPTY,
}


def thresholds(
    at: list[int], *, caught: float | None = 1.0, nowhere: float = 0.8, leads: float = 1000.0
) -> pd.DataFrame:
    """A threshold table with smooth rates; `caught` None makes recall untold."""
    share = [1 - i / (len(at) + 1) for i in range(len(at))]
    recall = [nan if caught is None else caught * s for s in share]
    wasted = [nowhere * (0.6 + 0.4 * s) for s in share]
    return pd.DataFrame(
        {
            "threshold": at,
            "leads": [round(leads * s) for s in share],
            "leads_share": share,
            "leads_per_week": [leads * s / 26 for s in share],
            "nowhere_rate": wasted,
            "nowhere_rate_low": [max(w - 0.05, 0) for w in wasted],
            "nowhere_rate_high": [min(w + 0.05, 1) for w in wasted],
            "recall": recall,
            "recall_low": [max(r - 0.05, 0) if not isnan(r) else nan for r in recall],
            "recall_high": [min(r + 0.05, 1) if not isnan(r) else nan for r in recall],
            "recall_lowest": [0.1 * s for s in share],
            "recall_highest": [0.2 + 0.8 * s for s in share],
        }
    )


_UNDATED = thresholds([1, 2, 3]).assign(leads_per_week=nan)
_NO_RATES = thresholds([0, 50]).assign(
    **dict.fromkeys(
        [
            "nowhere_rate", "nowhere_rate_low", "nowhere_rate_high",
            "recall", "recall_low", "recall_high", "recall_lowest", "recall_highest",
        ],
        nan,
    )
)  # fmt: skip
THRESHOLDS = {
    "usual": (thresholds(list(range(0, 105, 5))), 50),
    "untold": (thresholds(list(range(0, 105, 5)), caught=None), 50),
    "first": (thresholds(list(range(0, 105, 5))), 0),
    "last": (thresholds(list(range(0, 105, 5))), 100),
    "beyond": (thresholds(list(range(0, 105, 5))), 500),
    "one": (thresholds([50]), 50),
    "one untold": (thresholds([50], caught=None), 50),
    "no threshold": (thresholds([1, 2, 3, 4, 5]), None),
    "undated": (_UNDATED, 2),
    "close lines": (thresholds(list(range(0, 100, 10)), caught=0.5, nowhere=0.5), 50),
    "all or nothing": (thresholds([0, 10, 20], caught=0.0, nowhere=1.0), 10),
    "nothing wasted": (thresholds([0, 10, 20], caught=1.0, nowhere=0.0), 10),
    "huge": (thresholds(list(range(-100, 1000, 10)), leads=5e10), 500),
    "no rates": (_NO_RATES, 50),
}

GAINS = {
    "usual": pd.DataFrame(
        {
            "threshold": [90, 70, 50, 20, 0],
            "leads_share": [0.05, 0.15, 0.4, 0.7, 1.0],
            "positives_share": [0.2, 0.45, 0.8, 0.95, 1.0],
        }
    ),
    "perfect": pd.DataFrame(
        {"threshold": [1, 0], "leads_share": [0.1, 1.0], "positives_share": [1.0, 1.0]}
    ),
    "worst": pd.DataFrame(
        {"threshold": [1, 0], "leads_share": [0.9, 1.0], "positives_share": [0.0, 1.0]}
    ),
    "one": pd.DataFrame({"threshold": [0], "leads_share": [1.0], "positives_share": [1.0]}),
    "none": pd.DataFrame(
        {"threshold": [1, 0], "leads_share": [0.1, 1.0], "positives_share": [nan, nan]}
    ),
}


def calibration(levels: int, *, n: int = 100, slope: float = 0.5) -> pd.DataFrame:
    """A calibration table with a rising curve."""
    iso = [slope * i / max(levels - 1, 1) for i in range(levels)]
    return pd.DataFrame(
        {
            "score": [5 * i for i in range(levels)],
            "n": n,
            "rate": iso,
            "isotonic": iso,
            "band_low": [max(r - 0.08, 0) for r in iso],
            "band_high": [min(r + 0.08, 1) for r in iso],
        }
    )


CALIBRATION = {
    "usual": calibration(21),
    "one": calibration(1),
    "flat": calibration(5, slope=0.0),
    "steep": calibration(200, slope=1.0, n=10**9),
    "none": calibration(3).assign(rate=nan, isotonic=nan, n=0),
}


def quarters(counts: list[tuple[str, int, int]]) -> pd.DataFrame:
    """A table by quarter from (quarter, judged, positives)."""
    table = pd.DataFrame(counts, columns=["quarter", "n", "positives"])
    table["rate"] = table["positives"] / table["n"].where(table["n"] > 0)
    table["low"], table["high"] = wilson_interval(table["positives"], table["n"])
    return table


QUARTERS = {
    "usual": quarters(
        [("2025Q3", 1000, 200), ("2025Q4", 900, 170), ("2026Q1", 950, 160), ("2026Q2", 800, 120),
         ("2026Q3", 900, 110), ("2026Q4", 0, 0)]
    ),
    "one": quarters([("2026Q3", 5, 5)]),
    "many": quarters([(f"20{y}Q{q}", 123_456_789, 100_000_000) for y in range(20, 26) for q in (1, 2, 3, 4)]),
    "none": quarters([("2026Q3", 0, 0)]),
}  # fmt: skip
