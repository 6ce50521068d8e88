"""Does it pay: the score against calling all leads and against calling nobody."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from toolkit.analysis import benefit_table, decision_curve
from toolkit.report.audit.common import among, worked_leads, worked_only
from toolkit.report.audit.ranking import untold
from toolkit.report.display import Paragraph, Part, Picture, Section
from toolkit.report.figures import plot_decision
from toolkit.report.findings import fact
from toolkit.report.wording import count, money

if TYPE_CHECKING:
    from toolkit.report.audit.prepared import Audit

__all__ = ["show_payoff"]


def show_payoff(audit: Audit) -> Section:
    """Net benefit per 100 leads at the threshold, and over what a call may cost."""
    if not audit.told:
        return Section((untold(),))
    text, facts = _at_threshold(audit)
    parts: list[Part] = [Paragraph(text, "finding")]
    if worked_only(audit):
        parts.insert(0, _restricted(audit))
    curve = decision_curve(worked_leads(audit))
    note = f"Among {among(audit)}; all leads, and nobody, are all and none of these."
    parts.append(Picture(plot_decision(curve, words=audit.words, note=note)))
    return Section(tuple(parts), facts)


def _restricted(audit: Audit) -> Paragraph:
    return Paragraph(
        f"Of all leads this cannot be told: too many were never worked. The numbers are of"
        f" {among(audit)}, and hold for the others only if these are like them.",
        "note",
        "Cannot be told from this data.",
    )


def _at_threshold(audit: Audit) -> tuple[str, dict[str, object]]:
    ratio, threshold = audit.policy.cost_ratio, audit.threshold
    if ratio is None:
        return (
            "Whether it pays depends on what a wasted call costs, and nobody said (cost_ratio).",
            {},
        )
    if threshold is None:
        return "Whether it pays depends on the threshold, and none is in use.", {}
    table = benefit_table(worked_leads(audit), cost_ratio=ratio, thresholds=[threshold])
    row = table.to_dict("records")[0]
    # Where only leads at or above the threshold are looked at, calling all of them is the same.
    same = audit.ranked is not audit.ranking
    worth, over = (
        [math.nan if hidden else 100 * float(row[f"{name}{end}"]) for end in ("", "_low", "_high")]
        for name, hidden in (("net_benefit", False), ("over_all", same))
    )
    facts: dict[str, object] = {
        "payoff.per_100": fact(worth[0]),
        "payoff.per_100_low": fact(worth[1]),
        "payoff.per_100_high": fact(worth[2]),
        "payoff.over_all_per_100": fact(over[0]),
    }
    return _said(worth, over, at=count(threshold), whose=among(audit)), facts


def _said(worth: list[float], over: list[float], *, at: str, whose: str) -> str:
    if math.isnan(worth[0]):
        return f"What {at} points are worth is not known: there are no judged leads."
    text = (
        f"Calling from {at} points is worth {_worth(worth)} per 100 {whose}, where a useful call"
        " gains 1 and calling nobody is worth 0"
    )
    if math.isnan(over[0]):
        return f"{text}."
    return f"{text}; the difference to calling all of them is {_worth(over)}."


def _worth(ends: list[float]) -> str:
    value, low, high = (money(end) for end in ends)
    return f"{value} (95% interval {low} to {high})"
