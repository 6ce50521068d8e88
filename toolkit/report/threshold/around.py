"""Just below against just above the threshold, and tier against tier."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.analysis import cliff_table, tier_table
from toolkit.report.audit.common import counted, small
from toolkit.report.audit.ranking import untold
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_cliff, plot_tiers
from toolkit.report.findings import fact
from toolkit.report.wording import change, count, decimals_for, percent, score_range, span

if TYPE_CHECKING:
    from toolkit.report.threshold.inputs import Review
    from toolkit.report.wording import Words

__all__ = ["compared_tiers", "next_band_text", "show_around", "tiers_text"]

_WIDTHS = (2, 5)
_UNTOLD = "Cannot be told from this data"


def show_around(review: Review) -> Section:
    """The next band down, the cliff at the threshold, and whether the tiers differ."""
    audit = review.audit
    if not audit.told:
        return Section((untold(),))
    parts: list[Part] = []
    facts: dict[str, object] = {}
    if review.threshold is not None:
        cliff = cliff_table(audit.ranking, threshold=review.threshold, widths=_WIDTHS)
        parts.append(Paragraph(next_band_text(cliff, words=audit.words), "finding"))
        parts.append(Picture(plot_cliff(cliff, words=audit.words)))
        facts |= _cliff_facts(cliff)
    if review.tiers:
        tiers = compared_tiers(review)
        parts.append(Paragraph(tiers_text(tiers, words=audit.words), "finding"))
        if tiers[["above_rate", "below_rate"]].notna().to_numpy().any():
            parts.append(Picture(plot_tiers(tiers, words=audit.words)))
        parts.append(_tiers(tiers, review))
        facts |= {
            f"tiers.{int(row['tier_from'])}": str(row["answer"]) for row in tiers.to_dict("records")
        }
    if not parts:
        parts.append(Paragraph("No threshold and no bands were named.", "note"))
    return Section(tuple(parts), facts)


def compared_tiers(review: Review) -> pd.DataFrame:
    """`tier_table`; from today's threshold up on the worked leads, where too many were not.

    Pairs that reach below it stay as they are in all leads: cannot be told.
    """
    table = tier_table(review.audit.ranking, thresholds=review.tiers)
    upper = [tier for tier in review.tiers if tier >= (review.threshold or 0)]
    if not review.restricted or review.threshold is None or len(upper) < 2:  # noqa: PLR2004 - a pair
        return table
    inner = tier_table(review.worked, thresholds=upper).dropna(subset=["next_from"])
    rest = table[~table["tier_from"].isin(inner["tier_from"])]
    return pd.concat([inner, rest]).sort_values("tier_from", ascending=False, ignore_index=True)


def _cliff_facts(table: pd.DataFrame) -> dict[str, object]:
    facts: dict[str, object] = {}
    for row in table.to_dict("records"):
        at = f"cliff.{int(row['width'])}"
        facts[f"{at}.answer"] = str(row["answer"])
        for side in ("below", "above"):
            facts[f"{at}.{side}_rate"] = fact(float(row[f"{side}_rate"]))
    return facts


def next_band_text(table: pd.DataFrame, *, words: Words) -> str:
    """Say how often leads of the next band down convert, against the first band up."""
    row = table.sort_values("width").to_dict("records")[-1]
    below, above = (
        score_range(row[f"{side}_from"], row[f"{side}_to"] + 1) for side in ("below", "above")
    )
    if row["answer"] == _UNTOLD:
        return (
            f"Whether leads scored {below} are worse than leads scored {above} cannot be told from"
            f" this data: {_why(row)}."
        )
    if math.isnan(float(row["difference"])):
        return (
            f"Whether leads scored {below} are worse than leads scored {above} cannot be said:"
            f" {row['reason'] or 'too few were judged'}."
        )
    rates = (
        f"{percent(float(row['below_rate']), 0)} of judged leads scored {below} {words.became},"
        f" {percent(float(row['above_rate']), 0)} of those scored {above}"
    )
    ends = _ends(row)
    if row["answer"] == "Yes":
        return f"{rates}: a difference of {change(row['difference'])} ({ends})."
    if float(row["high"]) <= 0:
        return f"{rates}: just above the threshold leads convert no better ({ends})."
    return f"{rates}: not enough evidence that the threshold parts better from worse ({ends})."


def _why(row: Any) -> str:
    return str(row["reason"]).replace(": judged leads only", "").replace("; ", ", and ")


def _ends(row: Any) -> str:
    return f"{change(row['low'])} to {change(row['high'])}".replace(" points to", " to")


def tiers_text(table: pd.DataFrame, *, words: Words) -> str:
    """Say which neighbouring tiers convert differently."""
    said = [_tier_said(row) for row in table.to_dict("records")]
    return f"Does a higher tier {words.become.removesuffix('s')} more often? {'; '.join(said)}."


def _tier_said(row: Any) -> str:
    pair = f"{count(row['tier_from'])} and more against {_next(row)}"
    if row["answer"] == _UNTOLD:
        return f"{pair}: cannot be told, too many were never worked"
    if row["answer"] == "Yes" and float(row["p_holm"]) > 0.05:  # noqa: PLR2004 - 95% over all pairs
        return f"{pair}: not enough evidence, with so many pairs compared"
    return f"{pair}: {str(row['answer']).lower()}"


def _next(row: Any) -> str:
    lowest = float(row["next_from"])
    if math.isnan(lowest):
        return f"below {count(row['tier_from'])}"
    return score_range(lowest, float(row["tier_from"]))


def _tiers(table: pd.DataFrame, review: Review) -> Table:
    words = review.audit.words
    whose = (
        f" Tiers from {count(review.threshold or 0)} points up: among leads that sales worked."
        if review.restricted
        else ""
    )
    columns = [
        Column("Tier from", lambda row: f"{count(row['tier_from'])} points", "left"),
        Column("Against", _next, "left"),
        Column(
            "Judged: tier, next", lambda row: f"{small(row['above_n'])}, {small(row['below_n'])}"
        ),
        Column(
            f"{words.became} (of judged): tier, next",
            lambda row: f"{_became(row, 'above')}, {_became(row, 'below')}",
        ),
        Column(f"{words.rate} of the tier, of judged", lambda row: _rate(row, "above")),
        Column(f"{words.rate} of the next, of judged", lambda row: _rate(row, "below")),
        Column("Difference (95% interval)", _difference),
        Column("Better?", lambda row: str(row["answer"])),
    ]
    return table_of(
        table,
        columns,
        caption="Tier against the next one down",
        note="A tier ends where the next higher one begins. Better: that is told only where at most"
        f" 5% of the leads of either tier were never worked; rates are of judged leads.{whose}",
    )


def _became(row: Any, side: str) -> str:
    return counted(row[f"{side}_positives"]) if row[f"{side}_n"] else "0"


def _rate(row: Any, side: str) -> str:
    if not row[f"{side}_n"]:
        return "none judged"
    rate, low, high = (float(row[f"{side}_{name}"]) for name in ("rate", "low", "high"))
    if math.isnan(rate):
        return "hidden"
    digits = decimals_for(low, high)
    return f"{percent(rate, digits)} ({span(low, high, digits)})"


def _difference(row: Any) -> str:
    if math.isnan(float(row["difference"])):
        return "not known"
    return f"{change(row['difference'])} ({_ends(row)})"
