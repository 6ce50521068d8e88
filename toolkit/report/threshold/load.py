"""Can the team work what the threshold sends? Weeks, hours, and the queue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from toolkit.analysis import replay_queue
from toolkit.report.audit.volume import received_facts, received_text
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_queue
from toolkit.report.findings import fact
from toolkit.report.threshold.inputs import volume_table
from toolkit.report.wording import count, number, percent

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.report.figures import Chart
    from toolkit.report.threshold.inputs import Review

__all__ = ["capacity_text", "fitting", "show_load"]


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
    parts.append(_tiers(review))
    return Section(tuple(parts), facts)


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
        f"The team can work {capacity:g} leads a week. Of the thresholds looked at, {count(least)} is"
        f" the lowest that fits on average ({row['mean']:.1f} leads a week{busy})."
    )
    if today is None or least == today:
        return fills
    if least > today:
        return f"{fills} As many reach today's {count(today)} as the team cannot work."
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
