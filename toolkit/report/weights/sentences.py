"""Sentences of a weight review, each from one row of `weight_table`."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from toolkit.report.wording import MINUS, Words, count, month_text, percent, plural

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

__all__ = ["points_text", "weight_sentence"]

_BY_THE_UNIT = ("units", "silence")
_MOST_WEEKS = 260
"""A date more than five years away is no date."""


def points_text(value: float) -> str:
    """Write points with their sign, and one decimal where they are not whole.

    >>> points_text(20), points_text(-9.96), points_text(0)
    ('+20', '\N{MINUS SIGN}10', '0')
    """
    digits = f"{abs(value):.1f}".removesuffix(".0")
    return digits if digits in ("0", "nan") else f"{MINUS if value < 0 else '+'}{digits}"


def weight_sentence(
    row: Mapping[Hashable, Any],
    *,
    margin: float = 5,
    family: int = 1,
    stability: Mapping[Hashable, Any] | None = None,
    words: Words | None = None,
    today: date | None = None,
) -> str:
    """Say what follows for one term: change, keep, not enough evidence, or no proposal.

    `row` is one of `weight_table` made with this `margin`, `family` the number of terms judged
    together, `stability` the same term's row of `stability_table`, `today` the last day seen.
    """
    said = {
        "change": _change,
        "keep": _keep,
        "not enough evidence": _open,
        "no proposal": _refuse,
    }[row["verdict"]]
    return said(row, _Asked(margin, family, stability, words or Words(), today))


class _Asked:
    """What the sentence needs besides the row."""

    def __init__(
        self,
        margin: float,
        family: int,
        stability: Mapping[Hashable, Any] | None,
        words: Words,
        today: date | None,
    ) -> None:
        self.margin, self.family, self.stability = margin, family, stability
        self.words, self.today = words, today


def _change(row: Mapping[Hashable, Any], asked: _Asked) -> str:
    way = "Raise" if row["implied_points"] > row["now"] else "Lower"
    now = points_text(row["now"])
    parts = [f"{way} \u201c{row['label']}\u201d from {now}: the outcomes support {_estimate(row)}."]
    if not math.isnan(row["rate_with"]):
        parts.append(_lifted(row, asked.words))
    ends = [f"{plural(row['positives_with'], 'conversion')} with it"]
    if asked.stability is not None and asked.stability["periods"]:
        ends.append(_steady(asked.stability["same_sign"], asked.stability["periods"]))
    if asked.family > 1:
        ends.append(f"survives correction for {asked.family} criteria")
    text = "; ".join(ends)
    return " ".join([*parts, f"{text[0].upper()}{text[1:]}."])


def _steady(same: int, periods: int) -> str:
    if 2 * same > periods:
        return f"same direction in {count(same)} of {plural(periods, 'period')}"
    return (
        f"but in only {count(same)} of {plural(periods, 'period')} the same direction as in the"
        " others, so try it on later leads first"
    )


def _lifted(row: Mapping[Hashable, Any], words: Words) -> str:
    one = "One unit of it" if row["kind"] in _BY_THE_UNIT else "It"
    odds = (
        f"(odds ratio {row['odds_ratio']:.2f}, {row['odds_ratio_low']:.2f} to"
        f" {row['odds_ratio_high']:.2f})"
    )
    without, with_it = percent(row["rate_without"]), percent(row["rate_with"])
    if without == with_it:
        return f"{one} leaves the {words.rate} of otherwise equal leads at {without} {odds}."
    lifts = row["rate_with"] >= row["rate_without"]
    # Too many points for what does help, or too few taken off for what does harm, read as "only".
    short = abs(row["implied_points"]) < abs(row["now"]) and (row["now"] > 0) == lifts
    return (
        f"{one} {'lifts' if lifts else 'lowers'} the {words.rate} of otherwise equal"
        f" leads{' only' if short else ''} from {without} to {with_it} {odds}."
    )


def _estimate(row: Mapping[Hashable, Any]) -> str:
    low, high = points_text(row["implied_low"]), points_text(row["implied_high"])
    return f"{points_text(row['implied_points'])} (95% interval {low} to {high})"


def _keep(row: Mapping[Hashable, Any], asked: _Asked) -> str:
    return (
        f"Keep \u201c{row['label']}\u201d at {points_text(row['now'])}: the data rule out a "
        f"difference of more than {asked.margin:g} points."
    )


def _open(row: Mapping[Hashable, Any], asked: _Asked) -> str:
    head = f"Not enough evidence to change \u201c{row['label']}\u201d"
    if math.isnan(row["implied_low"]):
        return f"{head}: {row['because']}."
    spread = f"from {points_text(row['implied_low'])} to {points_text(row['implied_high'])}"
    text = (
        f"{head}: the estimate is {points_text(row['implied_points'])}, but anything {spread} fits. "
        f"Do not read this as proof that {points_text(row['now'])} is right."
    )
    return f"{text} {_wait(row, asked)}".strip()


def _wait(row: Mapping[Hashable, Any], asked: _Asked) -> str:
    """How many more leads with it would settle the matter, and when they will have come."""
    because = str(row["because"])
    needed, n = row["n_needed"], row["n_with"] + row["n_without"]
    if needed is None or needed != needed or str(needed) == "<NA>":  # noqa: PLR0124 - NaN
        return f"{because[0].upper()}{because[1:]}."
    more = (int(needed) - n) * row["n_with"] / n
    text = f"Needs about {count(max(more, 1))} more leads that have it"
    weeks = row["weeks_needed"]
    if asked.today is None or math.isnan(weeks):
        return f"{text}."
    if weeks > _MOST_WEEKS:
        return f"{text}: more than five years at the present pace."
    return f"{text}: {month_text(asked.today + timedelta(weeks=weeks))} at the present pace."


def _refuse(row: Mapping[Hashable, Any], asked: _Asked) -> str:
    head = f"No proposal: \u201c{row['label']}\u201d is {row['because']}."
    # An estimate without an interval may be anything: separation runs off without end.
    if row["basis"] == "evidence" or math.isnan(row["departure"] + row["implied_low"]):
        return head
    inside = abs(row["departure"]) <= asked.margin
    seen = "which is within the margin" if inside else "which is its price"
    return f"{head} The outcomes support {_estimate(row)} instead of {points_text(row['now'])}, {seen}."
