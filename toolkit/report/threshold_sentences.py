"""Sentences of the threshold review, each computed from the rows that its figure shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.report.wording import (
    Words,
    count,
    joined,
    percent,
    percent_of_few,
    plural,
    score_range,
    true_minus,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from toolkit.analysis import BestThresholds

__all__ = [
    "best_sentence",
    "cliff_sentence",
    "decision_sentence",
    "queue_sentence",
    "segments_sentence",
]


_UNREACHED = "no judged leads at or above the threshold"


def best_sentence(found: BestThresholds) -> str:
    """Say which thresholds cannot be told apart, and whether today's is one of them."""
    said = true_minus(found.text).rstrip(".").removesuffix("; lower ones cannot be judged")
    if found.today is None or found.best is None:
        return said
    reached = found.table.loc[found.table["threshold"] == found.today, "reason"]
    few = (
        f"no judged lead reaches today's {count(found.today)}"
        if (reached == _UNREACHED).any()
        else f"too little is known of today's {count(found.today)}"
    )
    tail = {
        "Yes": f"today's {count(found.today)} is among the best: keep it",
        "No": f"today's {count(found.today)} is worth less",
        "Not enough evidence": few,
        "Cannot be told from this data": f"today's {count(found.today)} cannot be judged",
    }[found.keep]
    return f"{said.removesuffix('; choose by capacity')}; {tail}"


def decision_sentence(table: pd.DataFrame, *, words: Words) -> str:
    """Say at which break-even chances the score is surely worth more than all or nobody.

    The longest run of chances without a gap, each by its own interval.
    """
    if table["net_benefit"].isna().all():
        return "What the score is worth cannot be told from these leads"
    all_told = not table["over_all"].isna().all()
    sure = table["net_benefit_low"] > 0
    if all_told:
        sure &= table["over_all_low"] > 0
    rival = "working all leads or nobody" if all_told else "working nobody"
    run = (sure != sure.shift()).cumsum()[sure]
    chances = table.loc[run.index[run == run.mode().min()], "chance"]
    if chances.empty:
        return f"The score is not surely worth more than {rival}, whatever {words.one} is worth"
    low, high = percent(chances.min(), 0), percent(chances.max(), 0)
    where = f"where a call pays from a chance of {low}" + ("" if low == high else f" to {high}")
    # Chances that were fitted to the very leads they are tried on can only look better.
    same = table["reason"].astype("str").str.contains("fitted to these same leads").any()
    whose = "Flattered by the leads it was fitted to, the score" if same else "The score"
    return f"{whose} is worth more than {rival} {where}"


def queue_sentence(table: pd.DataFrame, *, threshold: float, capacity_per_week: float) -> str:
    """Count the weeks that bring more than the team can work, and the longest queue."""
    if table.empty:
        return "No whole week was observed: weekly volumes are not known"
    over = int((table["leads"] > capacity_per_week).sum())
    most = float(table["backlog"].max())
    weeks = (
        f"{count(over)} of {plural(len(table), 'week')} bring more than {count(capacity_per_week)}"
    )
    queue = "no queue builds up" if most <= 0 else f"at worst {plural(most, 'lead')} wait"
    return f"At {count(threshold)} points {weeks} leads; {queue}"


def segments_sentence(table: pd.DataFrame, *, words: Words, axis: str = "segment") -> str:
    """Name the segments that differ from the rest, or say that none is seen to."""
    shown = table.dropna(subset=["rate"])
    if shown.empty:
        return f"No {axis} has enough judged leads to compare"
    sure = shown[shown["answer"] == "Yes"]
    if (shown["answer"] == "Cannot be told from this data").all():
        return f"Whether any {axis} differs cannot be told: too many leads were never worked"
    if sure.empty:
        return f"No {axis} is seen to differ from the others in how often leads {words.become}"
    better, worse = (
        [str(name)[:40] for name in sure.loc[way, "segment"]][:3]
        for way in (sure["difference"] > 0, sure["difference"] < 0)
    )
    parts = [
        f"{joined(names)} {words.become} {how} than the rest"
        for names, how in ((better, "more often"), (worse, "less often"))
        if names
    ]
    return "Leads of " + "; leads of ".join(parts)


def cliff_sentence(table: pd.DataFrame, *, words: Words) -> str:
    """Compare the widest pair of groups on both sides of the threshold."""
    known = table.dropna(subset=["difference"])
    if known.empty:
        return "Too few leads just below and just above the threshold were judged to compare them"
    row = known.to_dict("records")[-1]
    below, above = (_scores(row, side) for side in ("below", "above"))
    rates = f"{percent_of_few(row['above_rate'])} against {percent_of_few(row['below_rate'])}"
    if row["answer"] == "Cannot be told from this data":
        return f"Too many leads were never worked to compare {above} points with {below}"
    if row["answer"] == "Yes":
        return f"Leads at {above} {words.become} more often than leads at {below} ({rates})"
    return (
        f"Leads at {above} are not seen to {words.become} more often than leads at {below} ({rates})"
        if words.become == "convert"
        else f"Leads at {above} are not seen to convert more often than leads at {below} ({rates})"
    )


def _scores(row: Mapping[Hashable, Any], side: str) -> str:
    text = score_range(row[f"{side}_from"], row[f"{side}_to"] + 1)
    return text if not math.isnan(float(row[f"{side}_from"])) else "all scores"
