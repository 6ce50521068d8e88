"""Can the team work what the threshold sends? Weeks, hours, and the queue."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from toolkit.analysis import capacity_threshold, replay_queue
from toolkit.report.audit.volume import received_facts, received_text
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_queue
from toolkit.report.findings import fact
from toolkit.report.threshold.inputs import volume_table
from toolkit.report.wording import count, number, percent, rate_text

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.analysis import CapacityThreshold
    from toolkit.report.figures import Chart
    from toolkit.report.threshold.inputs import Review
    from toolkit.report.wording import Words

__all__ = ["capacity_text", "fitting", "show_load", "ties_text"]


def show_load(review: Review) -> Section:
    """Weekly volumes, hours, and the queue at today's threshold."""
    if not review.volumes:
        text = "Without dates of leads weekly volumes, hours and queues cannot be told."
        return Section((Paragraph(text, "note", "Cannot be told from this data."),))
    capacity, today = review.stakes.capacity_per_week, review.threshold
    parts: list[Part] = [Paragraph(received_text(review.audit), "finding")]
    facts = received_facts(review.audit)
    if capacity is None:
        parts.append(Paragraph("What the team can work in a week was not given.", "note"))
    else:
        table = volume_table(review, capacity)
        parts.append(Paragraph(capacity_text(review, table, capacity), "finding"))
        facts |= {"capacity.per_week": capacity, "capacity.threshold": fitting(table, capacity)}
        if today in review.volumes and today is not None:
            queue = replay_queue(review.volumes[today], threshold=today, capacity_per_week=capacity)
            parts.append(Picture(_queue(review, queue, today, capacity)))
            facts["capacity.longest_queue"] = fact(float(queue["backlog"].max()))
        parts += _ties(review, capacity, facts)
    parts.append(_tiers(review))
    return Section(tuple(parts), facts)


def _ties(review: Review, capacity: float, facts: dict[str, object]) -> list[Part]:
    """What fills the team's week of the leads that sales received, the ties at its edge by lot."""
    audit = review.audit
    if audit.handed_weeks is None or audit.handoffs is None:
        return []
    cells = audit.handoffs.frame.groupby(["score", "state"], as_index=False)[["n"]].sum()
    every = replace(audit.handoffs, frame=cells, by=(), accounts_by={}, accounts_across=None)
    found = capacity_threshold(audit.handed_weeks, every, capacity_per_week=capacity)
    facts |= {
        "capacity.fills_from": found.threshold,
        "capacity.tied_score": found.tied_score,
        "capacity.tied_share": fact(found.tied_share),
        "capacity.overflow_rate": fact(found.overflow_rate),
        "capacity.precision": fact(found.precision),
        "capacity.precision_low": fact(found.precision_low),
        "capacity.precision_high": fact(found.precision_high),
    }
    return [Paragraph(ties_text(found, words=audit.words), "finding")]


def ties_text(found: CapacityThreshold, *, words: Words) -> str:
    """Say which hand-offs fill the week, the best scores first, and what becomes of them."""
    if not found.weeks:
        return "No whole week was observed: which hand-offs fill the team's week is not known."
    asked = (
        f"If the bar stays, and of the {words.handed_many} handed over in fact the best scores are worked"
        " first, a team that works"
        f" {found.capacity_per_week:g} a week works"
    )
    if found.threshold is None and found.tied_score is None:
        return f"{asked} nobody: no hand-off was seen."
    tied = (
        ""
        if found.tied_score is None
        else (
            f"{percent(found.tied_share, 0)} of the {words.handed_many} tied at {count(found.tied_score)}"
            " points, drawn by lot"
        )
    )
    above = (
        ""
        if found.threshold is None
        else (
            f"all {words.handed_many} that had {count(found.threshold)} points or more when handed over,"
            " which most reach just above the bar"
        )
    )
    who = " and ".join(part for part in (above, tied) if part)
    over = found.overflow_rate
    busy = (
        f"; {percent(over, 0)} of weeks bring more than that from {count(found.threshold)} up alone"
        if found.threshold is not None and not math.isnan(over)
        else ""
    )
    return f"{asked} {who}{busy}. {_becoming(found, words)}"


def _becoming(found: CapacityThreshold, words: Words) -> str:
    if math.isnan(found.precision):
        # What is said of the weeks comes first; it is no reason here.
        why = (found.reason or "too few were judged").split("; ")[-1]
        return f"How many of them {words.become} is not known: {why}."
    ends = rate_text(found.precision, found.precision_low, found.precision_high)
    return f"Of those that were judged {ends} {words.became}."


def fitting(table: pd.DataFrame, capacity: float) -> int | None:
    """The lowest threshold whose mean week fits; None where none of them does."""
    fits = table.loc[table["mean"] <= capacity, "threshold"]
    return None if fits.empty else int(fits.min())


def capacity_text(review: Review, table: pd.DataFrame, capacity: float) -> str:
    """Say which threshold fills the team's week, and what lies between it and today's."""
    words, today, least = review.audit.words, review.threshold, fitting(table, capacity)
    if table.empty or not table["weeks"].iloc[0]:
        return "No whole week was observed: weekly volumes are not known."
    if least is None:
        return (
            f"The team can work {capacity:g} leads a week; even {count(table['threshold'].max())} points"
            " bring more on average."
        )
    row = table[table["threshold"] == least].to_dict("records")[0]
    over = float(row["overflow_rate"])
    busy = "" if math.isnan(over) else f"; {percent(over, 0)} of weeks would still bring more"
    fills = (
        f"The team can work {capacity:g} leads a week. If the bar is moved so that no more are sent, of the"
        f" thresholds looked at {count(least)} is the lowest that fits on average ({row['mean']:.1f} leads a"
        f" week{busy})."
    )
    if today is None or least == today:
        return fills
    if least > today:
        return f"{fills} More leads reach today's {count(today)} than the team can work."
    untold = (
        f", but whether leads below it become {words.many} often enough cannot be told"
        if review.restricted
        else ""
    )
    return f"{fills} Today's {count(today)} leaves room{untold}."


def _queue(review: Review, table: pd.DataFrame, threshold: int, capacity: float) -> Chart:
    return plot_queue(
        table,
        threshold=threshold,
        capacity_per_week=capacity,
        words=review.audit.words,
        note="Leads in the week in which they first reach the points; other rules are not looked at.",
    )


def _tiers(review: Review) -> Table:
    hours = review.stakes.hours_per_lead
    asked = {*review.tiers, *(() if review.threshold is None else (review.threshold,))}
    table = volume_table(review)
    table = table[table["threshold"].isin(asked)].sort_values("threshold", ascending=False)
    columns = [
        Column("Reach for the first time", lambda row: f"{count(row['threshold'])} points", "left"),
        Column("Leads a week: median", lambda row: count(row["median"])),
        Column("90th percentile", lambda row: count(row["p90"])),
        Column("Most", lambda row: count(row["most"])),
    ]
    if hours is not None:
        columns.append(Column("Hours a week: mean", lambda row: number(row["mean"] * hours)))
        columns.append(Column("90th percentile", lambda row: number(row["p90"] * hours)))
    return table_of(
        table,
        columns,
        caption="What each tier asks for in a week",
        note="Whole weeks; a lead counts in each tier that it reaches. Promise a response time by the"
        " 90th percentile: about half of the weeks bring more than the median.",
    )
