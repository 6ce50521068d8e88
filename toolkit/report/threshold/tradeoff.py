"""Threshold by threshold: how many leads, how good, what it costs and what it is worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.analysis import threshold_table
from toolkit.report.audit.common import among, small
from toolkit.report.audit.ranking import untold
from toolkit.report.audit.told import (
    lowest_told,
    precision_cell,
    told_curve,
    unworked_share,
    with_told,
    with_worth,
    worth_cell,
)
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_thresholds
from toolkit.report.findings import fact
from toolkit.report.sentences import FEWEST
from toolkit.report.threshold.inputs import drawn, volume_table
from toolkit.report.wording import count, money, number, of_all, percent

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.report.threshold.inputs import Review

__all__ = ["curve_table", "review_table", "show_tradeoff"]


def review_table(review: Review) -> pd.DataFrame:
    """The rows of `threshold_table` asked for, with what they cost and are worth.

    The volumes a week are those of leads that first reach the threshold, whenever that is.
    Further columns: `precision_known` (whether enough of the leads at or above were worked, and
    none of them below today's threshold where too many there were not); `observed_recall`
    (tp / observed conversions, judged leads only); `cost_per_positive` (cost of a lead / precision)
    with `_low`, `_high`; `per_100` (worth per 100 worked leads) with `_low`, `_high`.
    """
    return _table_at(review, list(review.thresholds))


def curve_table(review: Review) -> pd.DataFrame:
    """The rows of the curve: as `review_table`, hand-offs that go nowhere only where they are known."""
    return told_curve(_table_at(review, drawn(review)))


def _table_at(review: Review, thresholds: list[int]) -> pd.DataFrame:
    stakes = review.stakes
    table = with_told(review.audit, threshold_table(review.audit.ranking, thresholds=thresholds))
    volume = volume_table(review).set_index("threshold").reindex(table["threshold"])
    mean = volume["mean"].astype(float).to_numpy()
    hours = math.nan if stakes.hours_per_lead is None else stakes.hours_per_lead
    table = table.assign(
        leads_per_week=mean,
        leads_per_week_median=volume["median"].astype(float).to_numpy(),
        leads_per_week_p90=volume["p90"].astype(float).to_numpy(),
        hours_per_week=mean * hours,
    )
    known = table["precision_known"]
    precision = table["precision"].where(known & (table["n"] > 0))
    cost = math.nan if stakes.cost_per_lead is None else stakes.cost_per_lead
    shown = table.assign(
        observed_recall=table["tp"] / (table["tp"] + table["fn"]).where(lambda n: n > 0),
        cost_per_positive=cost / precision.where(precision > 0),
        cost_per_positive_low=cost / table["precision_high"].where(known),
        cost_per_positive_high=cost
        / table["precision_low"].where(known & (table["precision_low"] > 0)),
    )
    return with_worth(shown, review.worked, cost_ratio=stakes.cost_ratio, value=stakes.gain)


def show_tradeoff(review: Review) -> Section:
    """The curve of volume and quality, and the table of the thresholds around today's."""
    audit = review.audit
    if not audit.told:
        return Section((untold(),))
    table = review_table(review)
    figure = plot_thresholds(
        curve_table(review),
        words=audit.words,
        threshold=audit.threshold,
        capacity_per_week=review.stakes.capacity_per_week,
        note=_note(review),
    )
    parts: list[Part] = [Picture(figure), _table(review, table)]
    if review.restricted:
        parts.insert(0, _selected(review))
    return Section(tuple(parts), _facts(review, table))


def _note(review: Review) -> str:
    if review.restricted:
        return "Rates among leads that sales worked; below today's threshold they are not known."
    return "Rates among judged leads."


def _selected(review: Review) -> Paragraph:
    at = "the threshold" if review.threshold is None else f"{count(review.threshold)} points"
    share = unworked_share(review.audit, below=lowest_told(review.audit))
    never = "" if math.isnan(share) else f"{percent(share, 0)} of the leads were never worked, and "
    return Paragraph(
        f"Below {at} {never}who was worked may have been chosen for what they did later. Their rates"
        " are given as the range in which they lie, from none of the unworked leads converting to"
        " all of them.",
        "note",
        "Cannot be told from this data.",
    )


def _table(review: Review, table: pd.DataFrame) -> Table:
    words, stakes = review.audit.words, review.stakes
    columns = [Column("Threshold", lambda row: f"{count(row['threshold'])} points", "left")]
    if not table["leads_per_week_median"].isna().all():
        columns.append(Column("Leads a week: median (90th percentile)", _weekly))
    else:
        columns.append(Column("Leads at or above (of all)", lambda row: count(row["leads"])))
    columns += [
        Column("Judged, of these", lambda row: small(float(row["n"]))),
        Column(f"{words.rate} (95% interval), of judged at or above", _precision),
        Column(f"Observed {words.many} caught, of all observed", _caught),
    ]
    if stakes.hours_per_lead is not None:
        columns.append(
            Column("Hours a week (mean)", lambda row: number(float(row["hours_per_week"])))
        )
    if stakes.cost_per_lead is not None:
        unit = f" ({stakes.currency})" if stakes.currency else ""
        columns.append(Column(f"Cost per {words.single}{unit}", _cost))
    if stakes.cost_ratio is not None:
        columns.append(Column(f"Net benefit per 100 {among(review.audit)}", worth_cell))
    marked = [i for i, at in enumerate(table["threshold"]) if at == review.threshold]
    return table_of(
        table,
        columns,
        caption="Thresholds side by side",
        note=_table_note(review, marked=bool(marked)),
        marked=marked,
    )


def _table_note(review: Review, *, marked: bool) -> str:
    words = review.audit.words
    bold = "In bold: today's threshold. " if marked else ""
    moment = review.audit.ranking.provenance.moment
    weekly = (
        "Leads a week: those that reach the points for the first time, whenever that is, in whole"
        f" weeks (rules other than the points are not looked at); all other columns: by the score"
        f" {moment}. "
        if review.volumes
        else ""
    )
    return (
        f"{bold}{weekly}Observed {words.many} are those of judged leads, at any score: leads that"
        " nobody worked are missing from both counts, so this is no share of all there could be."
    )


def _weekly(row: Any) -> str:
    if math.isnan(row["leads_per_week_median"]):
        return "not known"
    return f"{row['leads_per_week_median']:,.0f} ({row['leads_per_week_p90']:,.0f})"


def _precision(row: Any) -> str:
    if 0 < row["n"] < FEWEST:
        return "hidden"
    return precision_cell(row)


def _caught(row: Any) -> str:
    everyone = row["tp"] + row["fn"]
    if 0 < row["n"] < FEWEST or not everyone:
        return "hidden" if everyone else "none observed"
    return of_all(row["tp"], everyone)


def _cost(row: Any) -> str:
    value, low, high = (float(row[f"cost_per_positive{end}"]) for end in ("", "_low", "_high"))
    if 0 < row["n"] < FEWEST:
        return "hidden"
    if math.isnan(value):
        return "cannot be told"
    top = "no limit" if math.isnan(high) else money(high)
    return f"{money(value)} ({money(low)} to {top})"


def _facts(review: Review, table: pd.DataFrame) -> dict[str, object]:
    names = ("precision", "precision_low", "precision_high", "observed_recall")
    weekly = ("leads_per_week_median", "leads_per_week_p90", "hours_per_week")
    worth = ("cost_per_positive", "per_100", "per_100_low", "per_100_high")
    facts: dict[str, object] = {"threshold.today": review.threshold}
    for row in table[table["n"] >= FEWEST].to_dict("records"):
        at = f"threshold.{int(row['threshold'])}"
        told = names if row["precision_known"] else ("observed_recall",)
        for name in (*told, *weekly, *worth):
            facts[f"{at}.{name}"] = fact(float(row[name]))
    return facts
