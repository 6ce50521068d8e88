"""Where the money lies along the score, where amounts of deals are recorded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.analysis import value_gains_table
from toolkit.report.audit.common import among
from toolkit.report.audit.ranking import untold
from toolkit.report.display import Column, Paragraph, Section, Table, table_of
from toolkit.report.findings import fact
from toolkit.report.sentences import FEWEST
from toolkit.report.wording import count, decimals_for, money, percent, span

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.report.threshold.inputs import Review

__all__ = ["amounts_text", "show_amounts"]


def show_amounts(review: Review) -> Section:
    """What share of the amount the leads at or above each threshold brought."""
    audit = review.audit
    if not audit.told:
        return Section((untold(),))
    if audit.amounts is None or not audit.amounts.frame["valued"].sum():
        text = "No amounts of deals are recorded (column amount of stage_changes or leads)."
        return Section((Paragraph(text, "note", "Cannot be told from this data."),))
    valued = int(audit.amounts.frame["valued"].sum())
    if valued < FEWEST:
        text = f"Fewer than {FEWEST} converted leads have an amount: nothing is shown."
        return Section((Paragraph(text, "note", "Not enough evidence."),))
    table = value_gains_table(audit.amounts)
    spoken_of = {*review.thresholds, int(_upper_half(table)["threshold"])}
    shown = table[table["threshold"].isin(spoken_of)].sort_values("threshold")
    text = amounts_text(table, whose=among(audit))
    facts: dict[str, object] = {"amounts.valued": valued}
    for row in shown.to_dict("records"):
        for name in ("amount_share", "low", "high", "without_largest"):
            facts[f"amounts.{int(row['threshold'])}.{name}"] = fact(float(row[name]))
    return Section((Paragraph(text, "finding"), _table(shown, review, valued)), facts)


def amounts_text(table: pd.DataFrame, *, whose: str) -> str:
    """Say what half of the leads brought, and whether one deal decides it."""
    half = _upper_half(table)
    share, alone = float(half["amount_share"]), float(half["without_largest"])
    if math.isnan(share):
        return f"What deals of different scores are worth is not known: {half['reason']}."
    low, high = float(half["low"]), float(half["high"])
    digits = 0 if math.isnan(low + high) else decimals_for(low, high)
    ends = "interval not known" if math.isnan(low + high) else span(low, high, digits)
    taken = "all of them" if half["leads_share"] == 1 else percent(float(half["leads_share"]), 0)
    said = (
        f"Among {whose}, those with {count(half['threshold'])} points or more ({taken}) brought"
        f" {percent(share, digits)} of the amount ({ends})"
    )
    one = (
        f"; without the largest deal of all it would be {percent(alone, digits)}"
        if not math.isnan(alone)
        else ""
    )
    return f"{said}{one}. {_notes(half)}".strip()


def _upper_half(table: pd.DataFrame) -> Any:
    """The row of the highest threshold that at least half of the leads reach."""
    return table[table["leads_share"] >= 0.5].iloc[0]  # noqa: PLR2004 - the upper half


def _notes(row: Any) -> str:
    reason = row["reason"]
    return "" if not isinstance(reason, str) else f"{reason[0].upper()}{reason[1:]}."


def _table(table: pd.DataFrame, review: Review, valued: int) -> Table:
    unit = f" ({review.stakes.currency})" if review.stakes.currency else ""
    columns = [
        Column("Threshold", lambda row: f"{count(row['threshold'])} points", "left"),
        Column("Share of judged leads", lambda row: percent(float(row["leads_share"]), 0)),
        Column(f"Amount{unit}", lambda row: money(float(row["amount"]))),
        Column("Share of the amount (95% interval)", _share),
        Column("Without the largest deal", lambda row: _percent(row["without_largest"])),
    ]
    marked = [i for i, at in enumerate(table["threshold"]) if at == review.threshold]
    return table_of(
        table,
        columns,
        caption=f"Where the money lies, among {among(review.audit)}",
        note=f"{count(valued)} converted leads have an amount. Leads that did not convert are worth 0.",
        marked=marked,
    )


def _share(row: Any) -> str:
    low, high = float(row["low"]), float(row["high"])
    if math.isnan(low + high):
        return _percent(row["amount_share"])
    digits = decimals_for(low, high)
    return f"{percent(float(row['amount_share']), digits)} ({span(low, high, digits)})"


def _percent(value: Any) -> str:
    return "not known" if math.isnan(float(value)) else percent(float(value), 0)
