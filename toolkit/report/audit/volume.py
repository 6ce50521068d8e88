"""What sales in fact received in a week, and whether the team can work it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from toolkit.analysis import capacity_table
from toolkit.report.findings import fact
from toolkit.report.wording import count, number, percent, plural

if TYPE_CHECKING:
    from toolkit.report.audit.prepared import Audit

__all__ = ["overload_text", "received", "received_facts", "received_text"]

_NO_LIMIT = 1e12
"""Leads a week that no team is asked to work: where no capacity was given, none is exceeded."""


def received(audit: Audit) -> dict[str, float] | None:
    """Leads handed over a week, in whole weeks: mean, median, 90th percentile, share over capacity.

    Those are the leads that reached sales, whatever their score and age then; leads at or above
    the threshold at a fixed age are fewer, because many reach it later. None where no whole week
    of hand-offs was observed.
    """
    weeks, capacity = audit.handed_weeks, audit.policy.capacity_per_week
    if weeks is None or weeks.frame.empty:
        return None
    lowest = int(weeks.frame["score"].min())
    table = capacity_table(weeks, capacity_per_week=capacity or _NO_LIMIT, thresholds=[lowest])
    row = table.to_dict("records")[0]
    if math.isnan(float(row["median"])):
        return None
    over = math.nan if capacity is None else float(row["overflow_rate"])
    numbers = {name: float(row[name]) for name in ("mean", "median", "p90", "weeks")}
    return {**numbers, "overflow_rate": over}


def received_text(audit: Audit) -> str:
    """Say what sales in fact received."""
    found, words = received(audit), audit.words
    if found is None:
        return f"How many {words.handed_many} sales in fact received a week is not known."
    return (
        f"Sales in fact received {plural(found['median'], words.handed, words.handed_many)} in a"
        f" median week and {count(found['p90'])} at the 90th percentile ({plural(found['weeks'], 'whole week')})."
    )


def overload_text(audit: Audit) -> str:
    """Say that more leads arrive than the team can work; nothing where they do not, or unknown."""
    capacity, found = audit.policy.capacity_per_week, received(audit)
    if capacity is None or found is None or found["mean"] <= capacity:
        return ""
    over = found["overflow_rate"]
    busy = "" if math.isnan(over) else f"; {percent(over, 0)} of weeks bring more than that"
    return (
        f"sales received {number(found['mean'])} {audit.words.handed_many} in a mean week and can work"
        f" {capacity:g}{busy}"
    )


def received_facts(audit: Audit) -> dict[str, object]:
    """State what sales in fact received."""
    return {f"received.{name}": fact(value) for name, value in (received(audit) or {}).items()}
