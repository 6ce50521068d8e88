"""What several sections need: small cells hidden, rates as cells, whose leads a number speaks of."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toolkit.analysis import (
    Rate,
    area_verdict,
    auc,
    rate,
    structural_reason,
)
from toolkit.report.audit.prepared import mostly_unworked
from toolkit.report.audit.quarters import is_whole
from toolkit.report.sentences import FEWEST, year_before
from toolkit.report.wording import count, decimals_for, percent, span

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from toolkit.analysis import Auc, Verdict
    from toolkit.counts import ScoreCounts
    from toolkit.report.audit.prepared import Audit

__all__ = [
    "among",
    "counted",
    "handed_over",
    "handoff_rate",
    "masked",
    "percent_of",
    "range_cell",
    "rate_before",
    "rate_cell",
    "small",
    "verdicts",
    "worked_leads",
    "worked_only",
]


def masked(table: pd.DataFrame) -> pd.DataFrame:
    """Hide what became of fewer than five judged leads: rate, interval and positives are NaN."""
    few = (table["n"] > 0) & (table["n"] < FEWEST)
    hidden = ["positives", "rate", "low", "high"]
    return table.assign(**{name: table[name].astype(float).mask(few) for name in hidden})


def small(n: float) -> str:
    """Write a number of judged leads, a very small one only as such."""
    return f"under {FEWEST}" if 0 < n < FEWEST else count(n)


def counted(value: float) -> str:
    """Write a count that may be hidden."""
    return "hidden" if math.isnan(value) else count(value)


def rate_cell(row: Mapping[Hashable, Any], name: str = "rate", ends: str = "") -> str:
    """Write a rate with its interval, as a cell."""
    estimate, low, high = (float(row[key]) for key in (name, f"{ends}low", f"{ends}high"))
    if math.isnan(estimate):
        return "not known"
    digits = decimals_for(low, high)
    return f"{percent(estimate, digits)} ({span(low, high, digits)})"


def range_cell(
    row: Mapping[Hashable, Any], name: str, lowest: str, highest: str, *, ends: str | None = None
) -> str:
    """Write a rate with its interval, or the range in which it lies when it cannot be told."""
    if not math.isnan(float(row[name])):
        return rate_cell(row, name, f"{name}_" if ends is None else ends)
    low, high = float(row[lowest]), float(row[highest])
    if math.isnan(low + high):
        return "not known"
    if low == high:  # whatever became of the unworked leads
        return percent(low, 0)
    return f"cannot be told ({span(low, high, 0)})"


def percent_of(found: Rate) -> str:
    """Write the counts of a rate and its interval."""
    if not found.n:
        return "nothing to judge"
    digits = decimals_for(found.low, found.high)
    return f"{count(found.positives)} of {count(found.n)}; {span(found.low, found.high, digits)}"


def worked_only(audit: Audit) -> bool:
    """Whether so many leads were never worked that numbers speak of the worked ones only."""
    return mostly_unworked(audit.ranking)


def among(audit: Audit) -> str:
    """Whose leads the ranking speaks of."""
    if not worked_only(audit):
        return "judged leads"
    if audit.ranked is audit.ranking:
        return "leads that sales worked"
    return f"leads with {count(audit.threshold or 0)} points or more that sales worked"


def worked_leads(audit: Audit) -> ScoreCounts:
    """The leads whose ranking can be judged, without those that sales never worked.

    What is computed from them holds for all only if the others are like them, and says so.
    """
    return replace(audit.ranked, frame=audit.ranked.frame.query("state != 'unworked'"))


def verdicts(audit: Audit) -> tuple[Auc, Verdict, Verdict]:
    """The ranking, the answer for all leads, and the answer for those that can be judged."""
    found = auc(audit.ranked)
    weeks = audit.ranking.provenance.weeks
    of_all, of_judged = (
        area_verdict(found, margin=audit.policy.margin, structural=reason, weeks=weeks)
        for reason in (structural_reason(audit.ranking), None)
    )
    return found, of_all, of_judged


def handed_over(audit: Audit) -> ScoreCounts | None:
    """The leads handed over in the audited quarter."""
    return _of_quarter(audit, audit.quarter)


def handoff_rate(audit: Audit) -> Rate | None:
    """How many of them turned into a positive."""
    counts = handed_over(audit)
    return None if counts is None else rate(counts)


def rate_before(audit: Audit) -> Rate | None:
    """The same a year earlier; None when the export does not cover that quarter whole."""
    if audit.quarter is None or audit.handoffs is None:
        return None
    earlier = year_before(audit.quarter)
    counts = _of_quarter(audit, earlier)
    if counts is None or not is_whole(earlier, audit.handoffs.provenance.first_moment):
        return None
    return rate(counts)


def _of_quarter(audit: Audit, quarter: str | None) -> ScoreCounts | None:
    if audit.handoffs is None or quarter is None:
        return None
    known = {labels for labels, _ in audit.handoffs.groups()}
    return audit.handoffs.group(quarter) if (quarter,) in known else None
