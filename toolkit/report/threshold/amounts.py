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
from toolkit.report.threshold.money import (
    MONEY_NOTE,
    money_columns,
    money_facts,
    money_table,
    money_text,
    wasted_call,
)
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
    gains = value_gains_table(audit.amounts)
    cost = wasted_call(review, audit.amounts)
    share = Paragraph(amounts_text(gains, whose=among(audit)), "finding")
    shown = _listed(gains, {*review.thresholds, int(_half(gains)["threshold"])})
    facts: dict[str, object] = {"amounts.valued": valued}
    for row in shown.to_dict("records"):
        for name in ("amount_share", "low", "high", "without_largest"):
            facts[f"amounts.{int(row['threshold'])}.{name}"] = fact(float(row[name]))
    if cost is None:
        table = _table(shown, _columns(review), review, valued)
        return Section((share, table, Paragraph(_UNPRICED, "note")), facts)
    worth = money_table(review, audit.amounts, cost, shown["threshold"].tolist())
    today = worth[worth["threshold"] == review.threshold].to_dict("records")
    said = [Paragraph(money_text(row, review, cost), "finding") for row in today]
    kept = ["threshold", "per_100", "per_100_low", "per_100_high", "equal_deals"]
    both = shown.merge(worth[kept], on="threshold", validate="one_to_one")
    table = _table(both, [*_columns(review), *money_columns(review)], review, valued, MONEY_NOTE)
    return Section((share, *said, table), facts | money_facts(worth, cost))


def _listed(gains: pd.DataFrame, thresholds: set[int]) -> pd.DataFrame:
    """The row of each threshold: that of the lowest score at or above it, in ascending order.

    Thresholds above every score reach nobody and have none; of those below every score the lowest
    score alone is listed, as all leads.
    """
    scores = gains["threshold"].sort_values().to_numpy()
    inside = [at for at in sorted(thresholds) if scores[0] < at <= scores[-1]]
    asked = [int(scores[0]), *inside]
    place = scores.searchsorted(asked)
    rows = gains.set_index("threshold").loc[scores[place]].reset_index(drop=True)
    return rows.assign(threshold=asked)


_UNPRICED = (
    "What each threshold is worth in money depends on what a call costs, and that was not given"
    " (cost_per_lead, or cost_ratio)."
)


def amounts_text(table: pd.DataFrame, *, whose: str) -> str:
    """Say what about half of the leads brought, and whether one deal decides it."""
    half = _half(table)
    share, alone = float(half["amount_share"]), float(half["without_largest"])
    if math.isnan(share):
        return f"What deals of different scores are worth is not known: {half['reason']}."
    low, high = float(half["low"]), float(half["high"])
    digits = 0 if math.isnan(low + high) else decimals_for(low, high)
    ends = "interval not known" if math.isnan(low + high) else span(low, high, digits)
    if half["leads_share"] == 1:
        return "All of these leads have one score, which cannot tell where the money lies."
    taken = percent(float(half["leads_share"]), 0)
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


def _half(table: pd.DataFrame) -> Any:
    """The row of the highest threshold that at least half of the leads reach, or else the next.

    That all leads brought all of the amount says nothing.
    """
    parts = table[table["leads_share"] < 1]
    upper = parts[parts["leads_share"] >= 0.5]  # noqa: PLR2004 - the upper half
    if len(upper):
        return upper.iloc[0]
    return (parts if len(parts) else table).iloc[-1]


def _notes(row: Any) -> str:
    reason = row["reason"]
    return "" if not isinstance(reason, str) else f"{reason[0].upper()}{reason[1:]}."


def _columns(review: Review) -> list[Column]:
    unit = f" ({review.stakes.currency})" if review.stakes.currency else ""
    return [
        Column("Threshold", lambda row: f"{count(row['threshold'])} points", "left"),
        Column("Share of judged leads", lambda row: percent(float(row["leads_share"]), 0)),
        Column(f"Amount{unit}", lambda row: money(float(row["amount"]))),
        Column("Share of the amount (95% interval)", _share),
        Column("Without the largest deal", _alone),
    ]


def _table(
    table: pd.DataFrame, columns: list[Column], review: Review, valued: int, note: str = ""
) -> Table:
    marked = [i for i, at in enumerate(table["threshold"]) if at == review.threshold]
    return table_of(
        table,
        columns,
        caption=f"Where the money lies, among {among(review.audit)}",
        note=f"{count(valued)} converted leads have an amount. Leads that did not convert are worth 0"
        f" in the shares.{note}",
        marked=marked,
    )


def _alone(row: Any) -> str:
    return "all" if row["leads_share"] == 1 else _percent(row["without_largest"])


def _share(row: Any) -> str:
    if row["leads_share"] == 1:
        return "all"
    low, high = float(row["low"]), float(row["high"])
    if math.isnan(low + high):
        return _percent(row["amount_share"])
    digits = decimals_for(low, high)
    return f"{percent(float(row['amount_share']), digits)} ({span(low, high, digits)})"


def _percent(value: Any) -> str:
    return "not known" if math.isnan(float(value)) else percent(float(value), 0)
