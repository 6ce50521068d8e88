"""Just below against just above the threshold, and tier against tier."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.analysis import ScoreBand, cliff_table, tier_table
from toolkit.report.audit.common import counted, small
from toolkit.report.audit.inputs import split_bands
from toolkit.report.audit.ranking import untold
from toolkit.report.audit.told import band_rate, bands_told
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_cliff, plot_tiers
from toolkit.report.findings import fact
from toolkit.report.wording import change, count, percent, score_range

if TYPE_CHECKING:
    from toolkit.report.threshold.inputs import Review
    from toolkit.report.wording import Words

__all__ = ["compared_tiers", "next_band_text", "show_around", "tier_rates", "tiers_text"]

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
        if (cliff["answer"] != _UNTOLD).all() and cliff["difference"].notna().any():
            parts.append(Picture(plot_cliff(cliff, words=audit.words)))
        facts |= _cliff_facts(cliff)
    if review.tiers:
        tiers = compared_tiers(review)
        parts.append(Paragraph(tiers_text(tiers, words=audit.words), "finding"))
        if tiers[["above_rate", "below_rate"]].notna().to_numpy().any():
            parts.append(Picture(plot_tiers(tiers, words=audit.words)))
        rates = tier_rates(review)
        parts.append(_tiers(tiers, rates, review))
        facts |= _tier_facts(tiers, rates)
    if not parts:
        parts.append(Paragraph("No threshold and no bands were named.", "note"))
    return Section(tuple(parts), facts)


def tier_rates(review: Review) -> pd.DataFrame:
    """Rates of the tiers, highest first, as `bands_told`: where they are not told their range."""
    starts = sorted(review.tiers, reverse=True)
    tiers = [ScoreBand("", start) for start in (*starts, None)]
    return bands_told(review.audit, split_bands(tiers, None))


def compared_tiers(review: Review) -> pd.DataFrame:
    """`tier_table` with the rates that are told, and no difference where the answer is not.

    From today's threshold up on the worked leads, where too many were not; pairs that reach below
    it stay as they are in all leads: cannot be told. Further columns: `above_lowest`,
    `above_highest`, `below_lowest`, `below_highest`, the range of a rate that is not told.
    """
    table = _pairs(review)
    untold = table["answer"] == _UNTOLD
    table[["difference", "low", "high"]] = table[["difference", "low", "high"]].mask(untold)
    rates = tier_rates(review).set_index("start")
    for side, start in (("above", "tier_from"), ("below", "next_from")):
        found = rates.reindex(table[start].astype(float))
        for name in ("rate", "low", "high", "lowest", "highest"):
            table[f"{side}_{name}"] = found[name].to_numpy()
    return table


def _pairs(review: Review) -> pd.DataFrame:
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
    less = float(row["high"]) < 0
    if (row["answer"] == "Yes" or less) and float(row["p_holm"]) > 0.05:  # noqa: PLR2004 - 95% over all pairs
        return f"{pair}: not enough evidence, with so many pairs compared"
    if less:
        return f"{pair}: no, less often"
    return f"{pair}: {str(row['answer']).lower()}"


def _next(row: Any) -> str:
    lowest = float(row["next_from"])
    if math.isnan(lowest):
        return f"below {count(row['tier_from'])}"
    return score_range(lowest, float(row["tier_from"]))


def _tier_facts(table: pd.DataFrame, rates: pd.DataFrame) -> dict[str, object]:
    facts: dict[str, object] = {
        f"tiers.{int(row['tier_from'])}": str(row["answer"]) for row in table.to_dict("records")
    }
    for row in rates.dropna(subset=["start"]).to_dict("records"):
        at = f"tiers.{int(row['start'])}"
        facts |= {f"{at}.{name}": fact(float(row[name])) for name in ("rate", "lowest", "highest")}
        facts[f"{at}.never_worked_share"] = fact(_unworked_share(row))
    return facts


def _tiers(table: pd.DataFrame, rates: pd.DataFrame, review: Review) -> Table:
    words = review.audit.words
    pairs = {float(row["tier_from"]): row for row in table.to_dict("records")}
    columns = [
        Column("Tier", lambda row: f"{_scores(row)} points", "left"),
        Column("Leads (all)", lambda row: count(row["leads"])),
        Column("Never worked, of those old enough", _never_worked),
        Column("Judged", lambda row: small(row["n"])),
        Column(f"{words.became} (of judged)", lambda row: counted(row["positives"])),
        Column(f"{words.rate} (95% interval), of judged", band_rate),
        Column(
            "Above the next tier (95% interval)",
            lambda row: _difference(pairs.get(float(row["start"]))),
        ),
        Column("Better?", lambda row: _better(pairs.get(float(row["start"]))), "left"),
    ]
    return table_of(
        rates,
        columns,
        caption="Tier by tier",
        note="Old enough: leads whose time to convert is over. Cannot be told: too few of the tier were"
        " worked, or because of what they did later; in brackets the range from none of its unworked"
        " leads converting to all of them. Better than the next tier below: that is told only where at"
        " most 5% of the leads of either were never worked, or both are at or above the threshold and"
        " the unworked ones are taken to be like the others.",
    )


def _scores(row: Any) -> str:
    start, stop = float(row["start"]), float(row["stop"])
    if math.isnan(start):
        return f"below {count(stop)}"
    return score_range(start, None if math.isnan(stop) else stop)


def _unworked_share(row: Any) -> float:
    mature = float(row["n"] + row["unworked"])
    return float(row["unworked"]) / mature if mature else math.nan


def _never_worked(row: Any) -> str:
    share = _unworked_share(row)
    return "none old enough" if math.isnan(share) else percent(share, 0)


def _difference(pair: Any) -> str:
    if pair is None:
        return ""
    if math.isnan(float(pair["difference"])):
        return "cannot be told" if pair["answer"] == _UNTOLD else "not known"
    return f"{change(pair['difference'])} ({_ends(pair)})"


def _better(pair: Any) -> str:
    return "" if pair is None else str(pair["answer"])
