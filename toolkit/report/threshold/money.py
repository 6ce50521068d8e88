"""What each threshold is worth in money, every deal at its own amount."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.analysis import amount_benefit_table
from toolkit.report.audit.common import among
from toolkit.report.audit.told import lowest_told
from toolkit.report.display import Column
from toolkit.report.findings import fact
from toolkit.report.sentences import FEWEST
from toolkit.report.wording import count, money

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.counts import AmountCounts
    from toolkit.report.threshold.inputs import Review

__all__ = [
    "MONEY_NOTE",
    "money_columns",
    "money_facts",
    "money_table",
    "money_text",
    "wasted_call",
]

_PER = 100


def wasted_call(review: Review, amounts: AmountCounts) -> float | None:
    """What a call to a lead that does not convert costs, in the currency of the deals.

    As it was given; else the cost ratio taken of the mean deal. None where neither was.
    """
    stakes = review.stakes
    if stakes.cost_per_lead is not None or stakes.cost_ratio is None:
        return stakes.cost_per_lead
    frame = amounts.frame
    return stakes.cost_ratio * float(frame["amount"].sum() / frame["valued"].sum())


def money_table(
    review: Review, amounts: AmountCounts, cost: float, thresholds: list[int]
) -> pd.DataFrame:
    """`amount_benefit_table` of the leads on which thresholds are compared, per 100 of them.

    Columns `per_100`, `per_100_low`, `per_100_high`, `equal_deals` beside its own; NaN below the lowest threshold
    that is told, and where fewer than 5 leads were judged.
    """
    table = amount_benefit_table(amounts, review.worked, cost=cost, thresholds=thresholds)
    told = (table["threshold"] >= lowest_told(review.audit)) & (table["n"] >= FEWEST)
    ends = {"per_100": "net_benefit", "per_100_low": "low", "per_100_high": "high"}
    return table.assign(
        **{to: _PER * table[name].where(told) for to, name in ends.items()},
        equal_deals=table["deals"],
    )


def money_text(row: Any, review: Review, cost: float) -> str:
    """Say what today's threshold is worth in money, how surely, and whether one deal decides it."""
    at = f"Calling from {count(row['threshold'])} points"
    worth, low, high = (float(row[f"per_100{end}"]) for end in ("", "_low", "_high"))
    unit = f" {review.stakes.currency}" if review.stakes.currency else ""
    reason = row["reason"]
    notes = f" {reason[0].upper()}{reason[1:]}." if isinstance(reason, str) else ""
    if math.isnan(worth):
        return f"What {at[0].lower()}{at[1:]} is worth in money cannot be told.{notes}"
    stakes = review.stakes
    ratio = "" if stakes.cost_per_lead is not None else f" ({stakes.cost_ratio:g} of a mean deal)"
    how = f"with each deal at its amount and a wasted call at {money(cost)}{unit}{ratio}"
    whose = f"per {_PER} {among(review.audit)}"
    said = f"{at} is worth {money(worth)}{unit}"
    if math.isnan(low + high):
        alone = "how surely is not known, because one deal, or one account, is all there is"
        return f"{said} {whose}, {how}; {alone}.{notes}"
    doubt = "" if low > 0 else " It may be worth nothing." if high > 0 else " It loses money."
    return f"{said} (95% interval {money(low)} to {money(high)}) {whose}, {how}.{doubt}{notes}"


def money_columns(review: Review) -> list[Column]:
    """What stands beside the shares of the amount, where somebody said what a call costs."""
    head = f"Net benefit per {_PER} {among(review.audit)} (95% interval)"
    return [Column(head, _worth), Column("Worth as many equal deals", _deals)]


MONEY_NOTE = (
    " Net benefit: a lead that converted counts its amount (0 without one), another what a wasted call"
    " costs. Worth as many equal deals: of one size, or of accounts, where they are known; the fewer,"
    " the more one large deal decides."
)


def _worth(row: Any) -> str:
    worth, low, high = (float(row[f"per_100{end}"]) for end in ("", "_low", "_high"))
    if math.isnan(worth):
        return "cannot be told"
    return (
        money(worth)
        if math.isnan(low + high)
        else f"{money(worth)} ({money(low)} to {money(high)})"
    )


def _deals(row: Any) -> str:
    return "" if math.isnan(float(row["per_100"])) else count(row["equal_deals"])


def money_facts(table: pd.DataFrame, cost: float) -> dict[str, object]:
    """The numbers of the table by name."""
    facts: dict[str, object] = {"amounts.wasted_call": fact(cost)}
    for row in table.dropna(subset=["per_100"]).to_dict("records"):
        for name in ("per_100", "per_100_low", "per_100_high", "equal_deals"):
            facts[f"amounts.{int(row['threshold'])}.{name}"] = fact(float(row[name]))
    return facts
