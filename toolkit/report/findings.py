"""Findings: a sentence, the table it was read from, and its numbers under names.

Every number of a sentence is taken from the counts through `toolkit.analysis`; the facts hold the
same numbers unrounded, for tests, for `facts.json` and for the next audit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.analysis import rate_difference
from toolkit.report.wording import (
    MINUS,
    Words,
    change,
    count,
    decimals_for,
    month_text,
    of_all,
    percent,
    plural,
    rate_text,
    span,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from toolkit.analysis import Auc, Difference, Rate, Verdict
    from toolkit.counts import ScoreCounts

__all__ = [
    "Finding",
    "compare_years",
    "evidence_text",
    "expected_in",
    "fact",
    "find_handoffs",
    "find_ranking",
    "ranking_text",
    "rate_facts",
]

_CHANCE = 0.5
"""Share of pairs that a score without any knowledge puts in the right order."""
_TEN_YEARS = 520
"""Weeks beyond which a date would be a joke."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: the sentence to repeat, its table, its numbers."""

    text: str
    table: pd.DataFrame = field(repr=False)
    facts: Mapping[str, object]


def fact(value: float | None) -> float | None:
    """Make a number fit for JSON: what is not known is null, never NaN.

    >>> fact(float("nan")), fact(1 / 3)
    (None, 0.33333333)
    """
    return None if value is None or math.isnan(value) else round(float(value), 8)


def rate_facts(name: str, rate: Rate) -> dict[str, object]:
    """State a rate with its counts and interval."""
    return {
        f"{name}.positives": int(rate.positives),
        f"{name}.n": int(rate.n),
        f"{name}.rate": fact(rate.estimate),
        f"{name}.low": fact(rate.low),
        f"{name}.high": fact(rate.high),
    }


def find_handoffs(
    counts: ScoreCounts, found: Rate, *, quarter: str, words: Words, before: Rate | None
) -> Finding:
    """Say what became of the leads handed over in a quarter, against the same one a year before.

    `counts` holds the hand-offs of the quarter, `found` their conversion rate, `before` that of
    a year earlier or None when the export does not reach back that far.
    """
    unworked, open_ = counts.total("unworked"), counts.total("immature")
    aside = [
        f"{_were(n)} {what}"
        for n, what in ((unworked, "never worked by sales"), (open_, "too young to judge"))
        if n
    ]
    handed = f"In {quarter}, {plural(counts.n, 'lead')} {_was(counts.n)} handed over to sales"
    text = " ".join(
        [
            f"{'; '.join([f'{handed} ({words.handed})', *aside])}.",
            _fate(found, words=words),
            _year_text(found, before),
        ]
    ).strip()
    facts: dict[str, object] = {
        "handoff.quarter": quarter,
        "handoff.leads": counts.n,
        "handoff.never_worked": unworked,
        "handoff.too_young": open_,
        **rate_facts("handoff", found),
    }
    if before is not None:
        difference = compare_years(found, before)
        facts |= rate_facts("year_before", before)
        facts |= {
            "difference.estimate": fact(difference.estimate),
            "difference.low": fact(difference.low),
            "difference.high": fact(difference.high),
        }
    table = counts.frame.groupby("state")["n"].sum().reset_index()
    return Finding(text, table, facts)


def _was(n: int) -> str:
    return "was" if n == 1 else "were"


def _were(n: int) -> str:
    return f"{count(n)} {_was(n)}"


def _fate(found: Rate, *, words: Words) -> str:
    if not found.n:
        return "None of them can be judged yet."
    rate = rate_text(found.estimate, found.low, found.high, found.confidence)
    return f"Of the {count(found.n)} judged, {count(found.positives)} {words.became}: {rate}."


def compare_years(now: Rate, before: Rate) -> Difference:
    """Compare two quarters' rates."""
    return rate_difference(now, before, confidence=now.confidence)


def _year_text(now: Rate, before: Rate | None) -> str:
    if before is None or math.isnan(before.estimate):
        return "There is no same quarter a year earlier to compare with."
    if math.isnan(now.estimate):
        return ""
    found = compare_years(now, before)
    digits = decimals_for(before.low, before.high)
    then = f"In the same quarter a year earlier it was {percent(before.estimate, digits)}"
    ends = f"{change(found.low)} to {change(found.high)}".replace(" points to", " to")
    if found.low <= 0 <= found.high:
        return f"{then}; the difference ({change(found.estimate)}, {ends}) may be chance."
    relative = ""
    if before.estimate > 0:
        share = now.estimate / before.estimate - 1
        relative = f", {'+' if share > 0 else MINUS}{abs(share):.0%}"
    return f"{then}: a change of {change(found.estimate)}{relative} (interval {ends})."


def ranking_text(found: Auc, *, among: str = "") -> str:
    """Say the area under the ROC curve as what it is: how often the better lead scored higher."""
    if math.isnan(found.estimate):
        return f"Whether converting leads score higher cannot be said: {found.reason}."
    digits = decimals_for(found.low, found.high)
    known = not math.isnan(found.low + found.high)
    ends = f"{span(found.low, found.high, digits)}, " if known else ""
    whose = f", among {among}" if among else ""
    return (
        f"A converting lead outscored a non-converting one {percent(found.estimate, digits)} of the"
        f" time ({ends}ties count half){whose}; by chance it would be 50%."
    )


def find_ranking(found: Auc, *, among: str) -> Finding:
    """Say how well the score ranks, with the pairs it was read from."""
    facts: dict[str, object] = {
        "ranking.auc": fact(found.estimate),
        "ranking.low": fact(found.low),
        "ranking.high": fact(found.high),
        "ranking.positives": int(found.positives),
        "ranking.negatives": int(found.negatives),
    }
    table = pd.DataFrame({"converted": [found.positives], "not_converted": [found.negatives]})
    return Finding(ranking_text(found, among=among), table, facts)


def evidence_text(found: Verdict, *, positives: int, words: Words, until: date | None) -> str:
    """Say why, and for missing evidence how much more is needed and when it is expected."""
    if found.answer == "Cannot be told from this data":
        return f"{found.because[0].upper()}{found.because[1:]}."
    if math.isnan(found.low + found.high):
        return f"{found.because[0].upper()}{found.because[1:]}."
    digits = decimals_for(found.low, found.high)
    low, high = (percent(end, digits) for end in (found.low, found.high))
    bar = percent(found.bar, 0)
    if found.answer == "Yes":
        return f"Even the low end of the interval lies above {bar}, the bar of this report."
    if found.answer == "No":
        return f"Even the high end of the interval lies below {bar}, the bar of this report."
    better = "Better than chance, but perhaps not by enough: in truth"
    start = better if found.low > _CHANCE else "In truth"
    seen = f"it may be anywhere from {low} to {high} of the time, and the bar is {bar}."
    only = f"Only {of_all(positives, found.n)} judged leads {words.became}."
    return f"{start} {seen} {only} {_needed(found, until)}"


def _needed(found: Verdict, until: date | None) -> str:
    if found.n_needed is None:
        return "No number of leads can be named that would settle it: the estimate is at the bar."
    more = f"About {plural(found.n_needed - found.n, 'more judged lead')} would settle it"
    if found.weeks_to_wait is None or until is None:
        return f"{more}; without dates nobody can say when."
    expected = expected_in(found, until)
    if expected is None:
        return f"{more}, which at the present pace takes more than ten years."
    return f"{more}; at the present pace that is {expected}."


def expected_in(found: Verdict, until: date | None) -> str | None:
    """Name the month in which there should be enough leads; None beyond ten years, or unknown."""
    wait = found.weeks_to_wait
    if wait is None or until is None or wait > _TEN_YEARS:
        return None
    return month_text(until + timedelta(weeks=math.ceil(wait)))
