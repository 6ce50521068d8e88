"""What several sections say of a term: its row with small counts hidden, its sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.report.sentences import FEWEST
from toolkit.report.weights.sentences import points_text, weight_sentence
from toolkit.report.wording import DASH, count, plural

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from toolkit.report.weights.review import Review

__all__ = [
    "ON_FRONT",
    "counted",
    "final_words",
    "nothing_judged",
    "points_span",
    "proposed",
    "shown",
    "term_sentence",
]

ON_FRONT = 8
"""So many rows of the forest fit on page one of A4 with their texts at 8 points or more."""

_HIDDEN = (
    "positives_with", "alone_points", "adjusted_points", "adjusted_low", "adjusted_high",
    "implied_points", "implied_low", "implied_high", "departure", "departure_low",
    "departure_high", "odds_ratio", "odds_ratio_low", "odds_ratio_high", "rate_with",
    "rate_without", "single_points", "single_low", "single_high", "p", "p_holm",
)  # fmt: skip


def shown(review: Review) -> pd.DataFrame:
    """The weight table without what fewer than five judged leads show, leaks with their reason.

    An end of an interval that is infinite is not known.
    """
    table = review.table
    few = (table["n_with"] > 0) & (table["n_with"] < FEWEST)
    values = {name: table[name].astype(float).mask(few) for name in _HIDDEN}
    found = table.assign(
        **{name: column.where(np.isfinite(column)) for name, column in values.items()},
        because=table["because"].mask(
            few & (table["verdict"] != "no proposal"), f"too few leads have it: under {FEWEST}"
        ),
    )
    leaks = found["criterion"].map(dict(review.leaking))
    return found.assign(because=found["because"].where(leaks.isna(), leaks))


def counted(value: float) -> str:
    """Write a number of leads, a very small one only as such."""
    return f"under {FEWEST}" if 0 < value < FEWEST else count(value)


def points_span(estimate: float, low: float, high: float) -> str:
    """Write points with their interval, as a cell."""
    if math.isnan(estimate):
        return "not known"
    if math.isnan(low + high):
        return points_text(estimate)
    return f"{points_text(estimate)} ({points_text(low)} to {points_text(high)})"


def proposed(review: Review) -> dict[str, dict[Hashable, Any]]:
    """What the proposal does with each term."""
    return {str(row["term"]): row for row in review.proposal.table.to_dict("records")}


def final_words(row: Mapping[Hashable, Any], plan: Mapping[Hashable, Any]) -> tuple[str, str]:
    """Settle the verdict of a row: a change that no number can be given for is refused."""
    if row["verdict"] == "change" and plan["action"] == "refused":
        return "no proposal", str(plan["why"])
    return str(row["verdict"]), str(row["because"])


def term_sentence(review: Review, row: Mapping[Hashable, Any]) -> str:
    """Say what follows for one term, and what of it is in the proposed file."""
    leak = review.leaking.get(str(row["criterion"]))
    if leak is not None:
        return (
            f"No proposal: \u201c{row['label']}\u201d {leak}; so its apparent effect may be caused by"
            " the outcome."
        )
    plan = proposed(review)[str(row["term"])]
    verdict, because = final_words(row, plan)
    if verdict != row["verdict"]:
        return f"No proposal: \u201c{row['label']}\u201d stays at {points_text(row['now'])}: {because}."
    steady = {str(r["term"]): r for r in review.stability.to_dict("records")}
    said = weight_sentence(
        row,
        margin=review.asked.margin,
        family=review.family,
        stability=steady.get(str(row["term"])),
        words=review.words,
        today=review.weights.provenance.observed_until,
    )
    if verdict != "change":
        return said
    now, then = points_text(row["now"]), points_text(plan["proposed"])
    if plan["action"] == "change":
        return f"{said} Proposed: from {now} to {then}{_outside(row, plan)}."
    return f"{said} It stays at {now} all the same: {plan['why']}."


def _outside(row: Mapping[Hashable, Any], plan: Mapping[Hashable, Any]) -> str:
    if not (plan["proposed"] < row["implied_low"] or plan["proposed"] > row["implied_high"]):
        return ""
    return (
        ", outside that interval, because whole points are chosen for all changes together: see what"
        " they do on later leads"
    )


def nothing_judged(review: Review) -> str | None:
    """Why no point can be judged at all; None where some can."""
    reason = review.weights.reason
    if reason is None:
        return None
    frame = review.patterns.frame
    unworked = int(frame.loc[frame["state"] == "unworked", "n"].sum())
    if not review.weights.n and unworked:
        return (
            f"No proposal for any criterion: none of {plural(unworked, 'lead')} with a closed "
            "window was worked by sales, so nobody knows what they would have become"
        )
    return f"No proposal for any criterion: {reason}"


def dash_span(low: float, high: float) -> str:
    """Write two ends of an interval of plain numbers."""
    return f"{low:.1f}{DASH}{high:.1f}"
