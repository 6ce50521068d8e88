"""The sentences to repeat: each is computed from the very rows that its figure or table shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.report.wording import (
    TIMES,
    Words,
    count,
    of_all,
    percent,
    percent_of_few,
    score_range,
    span,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

__all__ = [
    "FEWEST",
    "band_label",
    "bands_sentence",
    "differ",
    "mostly_unworked",
]

FEWEST = 5
"""Cells with fewer judged leads are neither shown nor spoken of."""
_MOSTLY = 0.5
_FEW_BANDS, _ENOUGH = 3, 30
_FAR = 10.0
"""A ratio that no handful of conversions tells: both rates are said instead."""
_TENTH = 0.1


def band_label(record: Mapping[Hashable, Any]) -> str:
    """Name a band by its scores and its name, without saying the scores twice."""
    scores = score_range(record["start"], record["stop"])
    name = str(record["band"]).strip()
    if not name or name == scores or name.startswith(scores):
        return name or scores
    return f"{scores} {name}"


def mostly_unworked(record: Mapping[Hashable, Any]) -> bool:
    """Whether most of a band's leads with a closed window were never worked."""
    unworked, judged = float(record.get("unworked", 0)), float(record["n"])
    return unworked > _MOSTLY * (unworked + judged)


def differ(a: Mapping[Hashable, Any], b: Mapping[Hashable, Any]) -> bool:
    """Whether the interval of the difference of two rates excludes no difference.

    Newcombe's (1998) hybrid of the two rates' own intervals, so it is as robust to accounts as
    they are.
    """
    (p, low_p, high_p), (q, low_q, high_q) = (
        (float(row["rate"]), float(row["low"]), float(row["high"])) for row in (a, b)
    )
    low = p - q - math.hypot(p - low_p, high_q - q)
    high = p - q + math.hypot(high_p - p, q - low_q)
    return low > 0 or high < 0


def bands_sentence(table: pd.DataFrame, *, words: Words, pairs: pd.DataFrame | None = None) -> str:
    """Compare the two best bands that can be judged, and claim nothing the tests do not.

    The tests are those of `pairs` (of `compare_bands`); without them two bands differ where their
    intervals do not overlap.

    Bands whose leads were mostly never worked are left out while two others can be compared. Of
    many scores without names the highest and the lowest that at least 30 leads have are compared:
    two neighbours of them differ by chance too easily.
    """
    known = [row for row in table.to_dict("records") if not math.isnan(float(row["rate"]))]
    fair = [row for row in known if not mostly_unworked(row)]
    shown = fair if len(fair) >= 2 else known  # noqa: PLR2004 - digits and pairs
    compared = shown[:2]
    if len(shown) > _FEW_BANDS and all(_is_level(row) for row in shown):
        many = [row for row in shown if row["n"] >= _ENOUGH] or shown
        compared = [many[0], many[-1]] if len(many) > 1 else many
    if not compared:
        return f"No band has enough judged leads to say how often they {words.become}"
    if len(compared) == 1:
        return _one_band(compared[0], words)
    apart = None if pairs is None else _tested(pairs, *compared)
    return _two_bands(compared[0], compared[1], words, apart=apart)


def _tested(
    pairs: pd.DataFrame, upper: Mapping[Hashable, Any], lower: Mapping[Hashable, Any]
) -> bool | None:
    """Whether two bands were told apart; None where they were not compared."""
    found = pairs[(pairs["higher"] == upper["band"]) & (pairs["lower"] == lower["band"])]
    return None if found.empty else bool(found["apart"].iloc[0])


def _is_level(row: Mapping[Hashable, Any]) -> bool:
    """Whether a row is some scores that nobody named."""
    return band_label(row) == score_range(row["start"], row["stop"])


def _one_band(row: Mapping[Hashable, Any], words: Words) -> str:
    scores = score_range(row["start"], row["stop"])
    rate, counts = percent_of_few(float(row["rate"])), of_all(row["positives"], row["n"])
    who = "judged leads" if scores == "all scores" else f"judged leads scored {scores}"
    return f"{rate} of {who} {words.became} ({counts})"


def _two_bands(
    upper: Mapping[Hashable, Any],
    lower: Mapping[Hashable, Any],
    words: Words,
    *,
    apart: bool | None,
) -> str:
    above, below = (score_range(row["start"], row["stop"]) for row in (upper, lower))
    p, q = float(upper["rate"]), float(lower["rate"])
    rates = f"{percent_of_few(p)} against {percent_of_few(q)}"
    if not (differ(upper, lower) if apart is None else apart):
        return (
            f"How often leads scored {above} and {below} {words.become} cannot be told apart"
            f" ({rates})"
        )
    if p < q:
        return f"Leads scored {above} {words.become} less often than leads scored {below} ({rates})"
    if q == 0:
        none = f"none of {count(lower['n'])} scored {below}"
        return f"{percent_of_few(p)} of judged leads scored {above} {words.became}, {none}"
    if p / q >= _FAR:
        return f"Leads scored {above} {words.become} far more often than leads scored {below} ({rates})"
    return f"Leads scored {above} {words.become} {_ratio(p / q)} as often as leads scored {below}"


def _ratio(ratio: float) -> str:
    return f"{ratio:.{2 if ratio < 1.1 else 1}f}{TIMES}"  # noqa: PLR2004 - digits by size


def row_at(table: pd.DataFrame, threshold: float | None) -> Mapping[Hashable, Any] | None:
    """Find the row of a threshold: the lowest one listed at or above it.

    Without a threshold: the row that works the share of leads nearest to a fifth.
    """
    if table.empty:
        return None
    if threshold is None:
        nearest = (table["leads_share"] - 0.2).abs()
        rows = table[nearest == nearest.min()]
    else:
        rows = table[table["threshold"] >= threshold].nsmallest(1, "threshold")
    return None if rows.empty else rows.to_dict("records")[0]


def thresholds_sentence(table: pd.DataFrame, *, threshold: float | None, words: Words) -> str:
    """Say what today's threshold catches and what it wastes, or that it cannot be told."""
    row = row_at(table, threshold)
    if row is None:
        return "No lead reached the threshold"
    points = count(threshold if threshold is not None else row["threshold"])
    if not row["leads"]:
        return f"No lead has {points} points: nobody would be handed over"
    caught, nowhere = float(row["recall"]), float(row["nowhere_rate"])
    wasted = f"{percent(nowhere, 0)} of these leads go nowhere"
    if math.isnan(nowhere):
        wasted = "no lead can be judged yet"
    if math.isnan(caught):
        return f"From {points} points up {wasted}; {_untold(row, words)}"
    return f"From {points} points up we catch {percent(caught, 0)} of {words.many}, but {wasted}"


def _untold(row: Mapping[Hashable, Any], words: Words) -> str:
    low, high = float(row["recall_lowest"]), float(row["recall_highest"])
    what = f"what share of {words.many} we catch cannot be told"
    if math.isnan(low + high):
        return what
    return f"{what} (anything from {percent(low, 0)} to {percent(high, 0)})"


def share_at(gains: pd.DataFrame, share: float) -> float:
    """Share of positives found by working the best-scored `share` of leads, ties at random."""
    x: list[float] = [0.0, *gains["leads_share"].astype(float)]
    y: list[float] = [0.0, *gains["positives_share"].astype(float)]
    for i in range(1, len(x)):
        if x[i] >= share and x[i] > x[i - 1]:
            return y[i - 1] + (y[i] - y[i - 1]) * (share - x[i - 1]) / (x[i] - x[i - 1])
    return float("nan")


def gains_sentence(
    gains: pd.DataFrame, *, words: Words, share: float = 0.2, among: str = "leads"
) -> str:
    """Say what the best-scored part of the leads holds of all positives."""
    found = share_at(gains, share)
    if math.isnan(found):
        return f"No {words.single} among judged leads yet: nothing to rank"
    part = "fifth" if share == 0.2 else percent(share, 0)  # noqa: PLR2004 - digits and pairs
    return f"The best-scored {part} of {among} holds {percent(found, 0)} of their {words.many}"


def promises_sentence(table: pd.DataFrame, *, words: Words, when: str = "") -> str:
    """Count the bands whose promised rate lies outside the interval of what was seen."""
    known = table.dropna(subset=["rate", "promised"])
    if known.empty:
        return f"No band has enough judged leads to hold against the {words.rate} promised"
    inside = (known["low"] <= known["promised"]) & (known["promised"] <= known["high"])
    off = int((~inside).sum())
    said = f"{when} no score band is seen to differ from its earlier {words.rate}"
    if off:
        bands = "score band" if len(known) == 1 else "score bands"
        verb = "differs" if off == 1 else "differ"
        said = f"{when} {off} of {len(known)} {bands} {verb} from the earlier {words.rate}, by the 95% interval of each"
    said = said.strip()
    return f"{said[0].upper()}{said[1:]}"


def calibration_sentence(table: pd.DataFrame, *, words: Words, refuted: str = "") -> str:
    """Say how the rate rises with the points, or where it is refuted that it rises.

    Compared are the scores below and above which a tenth of the judged leads lie: the very ends
    hold a handful of leads, and their 0% and 100% say nothing.
    """
    known = table.dropna(subset=["isotonic"]).sort_values("score")
    if known.empty:
        return f"No judged leads: what points say about {words.many} is not known"
    if refuted:
        return f"More points do not always mean more {words.many}: {refuted}"
    if len(known) == 1:
        return f"All judged leads have {count(known['score'].iloc[0])} points: nothing to compare"
    below = known["n"].cumsum() / known["n"].sum()
    first, last = (known[below >= part].iloc[0] for part in (_TENTH, 1 - _TENTH))
    ends = f"{count(first['score'])} to {count(last['score'])} points"
    rates = " to ".join(percent_of_few(float(end["isotonic"])) for end in (first, last))
    if float(first["band_high"]) < float(last["band_low"]):
        return f"From {ends} the {words.rate} rises from {rates}"
    roughly = " and ".join(
        span(float(end["band_low"]), float(end["band_high"]), 0) for end in (first, last)
    )
    return f"From {ends} the {words.rate} goes from {rates}, each known only roughly ({roughly})"


def quarters_sentence(table: pd.DataFrame, *, words: Words) -> str:
    """Compare the last quarter that can be judged with the same quarter a year earlier."""
    known = table.dropna(subset=["rate"])
    if known.empty:
        return f"No quarter has enough judged {words.handed_many} yet"
    last = known.to_dict("records")[-1]
    said = f"{percent_of_few(float(last['rate']))} of judged {words.handed_many} {words.became}"
    earlier = known[known["quarter"] == year_before(str(last["quarter"]))].to_dict("records")
    if not earlier:
        return f"In {last['quarter']} {said}"
    before = earlier[0]
    then = percent_of_few(float(before["rate"]))
    if not differ(last, before):
        return f"In {last['quarter']} {said}; a year before {then}: no change can be told"
    way = "up" if last["rate"] > before["rate"] else "down"
    return f"In {last['quarter']} {said}, {way} from {then} a year before"


def year_before(quarter: str) -> str:
    """Name the same quarter a year earlier.

    >>> year_before("2026Q3")
    '2025Q3'
    """
    return f"{int(quarter[:4]) - 1}{quarter[4:]}"
