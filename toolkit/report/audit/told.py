"""Where a rate is told, and where only the range in which it lies: one rule for every page.

Where more than 5% of the mature leads were never worked, leads below today's threshold were mostly
worked because of what they did *later*: a rate of theirs is selected on the future, however
many of them were judged. So from there down only the range is given, from none of the unworked
leads converting to all of them (Manski 1989). At or above the threshold a rate of the judged
leads stands where enough of the leads were worked.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.analysis import band_table, benefit_table, compare_bands, level_table
from toolkit.report.audit.common import masked, range_cell, rate_cell, worked_only
from toolkit.report.sentences import FEWEST
from toolkit.report.wording import money, span

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from toolkit.analysis import BandLike
    from toolkit.counts import ScoreCounts
    from toolkit.report.audit.prepared import Audit

__all__ = [
    "ENOUGH_WORKED",
    "band_rate",
    "bands_told",
    "lowest_told",
    "nowhere_cell",
    "pairs_told",
    "precision_cell",
    "scores_table",
    "told_curve",
    "unworked_share",
    "with_told",
    "with_worth",
    "worth_cell",
]

ENOUGH_WORKED = 0.8
"""Share of the mature leads at or above a threshold that must have been worked for a rate of them.

Looser than the 5% that may be missing before an answer for *all* leads is refused: the rate is
said to be of judged leads, and only a fifth of the leads are somebody's choice."""


def lowest_told(audit: Audit) -> float:
    """The score from which rates are told: today's threshold where too many were never worked."""
    if audit.threshold is None or not worked_only(audit):
        return -math.inf
    return float(audit.threshold)


def unworked_share(audit: Audit, *, at_least: float = -math.inf, below: float = math.inf) -> float:
    """Share of the leads old enough to judge, with these scores, that sales never worked."""
    frame = audit.ranking.frame
    inside = frame[(frame["score"] >= at_least) & (frame["score"] < below)]
    n = inside[inside["state"] != "immature"].groupby("state")["n"].sum()
    return float(n.get("unworked", 0) / n.sum()) if n.sum() else math.nan


def with_told(audit: Audit, table: pd.DataFrame) -> pd.DataFrame:
    """Add `precision_known` to the rows of `threshold_table`: whether their rates are told."""
    enough = table["worked_share_above"] >= ENOUGH_WORKED
    return table.assign(precision_known=enough & (table["threshold"] >= lowest_told(audit)))


def told_curve(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out of the curve what is not told, and what became of fewer than five leads."""
    many, ends = table["n"] >= FEWEST, ("", "_low", "_high")
    kept = {f"nowhere_rate{end}": many & table["precision_known"] for end in ends}
    kept |= {f"recall{end}": many for end in ends}
    return table.assign(**{name: table[name].where(shown) for name, shown in kept.items()})


def with_worth(
    table: pd.DataFrame, worked: ScoreCounts, *, cost_ratio: float | None, value: float = 1.0
) -> pd.DataFrame:
    """Add what each threshold is worth per 100 `worked` leads: `per_100`, `per_100_low`, `per_100_high`.

    NaN where the rates are not told, or nobody said what a wasted call costs.
    """
    columns = ["per_100", "per_100_low", "per_100_high"]
    if cost_ratio is None:
        return table.assign(**dict.fromkeys(columns, math.nan))
    at = table["threshold"].tolist()
    worth = benefit_table(worked, cost_ratio=cost_ratio, value=value, thresholds=at)
    known = table["precision_known"].to_numpy()
    return table.assign(**{name: worth[name].where(known).to_numpy() for name in columns})


def worth_cell(row: Mapping[Hashable, Any]) -> str:
    """Write what a threshold is worth per 100 leads."""
    if 0 < row["n"] < FEWEST:
        return "hidden"
    value, low, high = (float(row[f"per_100{end}"]) for end in ("", "_low", "_high"))
    if math.isnan(value):
        return "cannot be told"
    return f"{money(value)} ({money(low)} to {money(high)})"


def precision_cell(row: Mapping[Hashable, Any]) -> str:
    """Write the conversion rate at or above a threshold, or its range."""
    return _cell(row, "precision", row["tp"], row["fp"])


def nowhere_cell(row: Mapping[Hashable, Any]) -> str:
    """Write the share of hand-offs that go nowhere, or its range."""
    return _cell(row, "nowhere_rate", row["fp"], row["tp"])


def _cell(row: Mapping[Hashable, Any], name: str, inside: float, other: float) -> str:
    worked = float(row["worked_share_above"])
    if row["precision_known"] or math.isnan(worked):
        return rate_cell(row, name, f"{name}_")
    if not worked:
        return "cannot be told"
    mature = float(row["n"]) / worked
    return f"cannot be told ({span(inside / mature, 1 - other / mature, 0)})"


def scores_table(audit: Audit) -> pd.DataFrame:
    """Rates by band; by score for a flat file with few scores.

    Further columns: `lowest`, `highest`, the range in which the rate of a band lies that is not
    told (then `rate`, `low`, `high` are NaN); NaN where it is.
    """
    if audit.kind == "flat" and audit.few_levels:
        table = masked(level_table(audit.ranking))
        return _ranged(audit, table)
    return bands_told(audit, audit.bands)


def bands_told(audit: Audit, bands: Sequence[BandLike]) -> pd.DataFrame:
    """Rates of the given bands, as `scores_table`."""
    return _ranged(audit, masked(band_table(audit.ranking, bands)))


def pairs_told(audit: Audit, table: pd.DataFrame) -> pd.DataFrame:
    """Which two of the bands with a rate in `scores_table` can be told apart, as `compare_bands`."""
    pairs, known = compare_bands(audit.ranking, audit.bands), table.dropna(subset=["rate"])["band"]
    return pairs[pairs["higher"].isin(known) & pairs["lower"].isin(known)]


def _ranged(audit: Audit, table: pd.DataFrame) -> pd.DataFrame:
    mature = (table["n"] + table["unworked"]).where(lambda n: n > 0)
    # An open end is below every threshold.
    over = table["start"].astype(float).fillna(-math.inf) >= lowest_told(audit)
    told = over & ~(table["n"] / mature < ENOUGH_WORKED)
    lowest, highest = (
        table["positives"] / mature,
        (table["positives"] + table["unworked"]) / mature,
    )
    shown = {name: table[name].where(told) for name in ("rate", "low", "high")}
    return table.assign(**shown, lowest=lowest.mask(told), highest=highest.mask(told))


def band_rate(row: Mapping[Hashable, Any]) -> str:
    """Write the rate of a band, or the range in which it lies."""
    return range_cell(row, "rate", "lowest", "highest", ends="")
