"""What the numbers ask somebody to decide; often nothing, and then the report says so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from toolkit.analysis import monotonicity, rate
from toolkit.report.audit.best import best_of
from toolkit.report.audit.common import (
    handed_over,
    handoff_rate,
    rate_before,
    worked_leads,
    worked_only,
)
from toolkit.report.audit.volume import overload_text
from toolkit.report.audit.worth import falling_text
from toolkit.report.findings import compare_years
from toolkit.report.wording import count, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.report.audit.prepared import Audit

__all__ = ["decisions", "pilot_size", "pilot_width"]

_MANY_UNTOUCHED = 0.05
_HALF_WIDTH = 0.03
_PART = 0.6
"""Of the rate itself: 3 points either way say nothing of a rate of 2%."""
_LEAST = 0.02
_Z = 1.96


def decisions(audit: Audit) -> tuple[str, ...]:
    """List the decisions that the numbers ask for, each with its reason."""
    if not audit.told:
        return (
            "Whether the scores were recorded before the outcomes: whoever knows should say so.",
            "To keep score history from now on, so that the next audit can answer.",
        )
    found = [
        *_errors(audit),
        *_touch(audit),
        *_fall(audit),
        *_volume(audit),
        *_threshold(audit),
        *_pilot(audit),
        *_points(audit),
    ]
    return tuple(found) or (
        (
            "Nothing here asks for a change. Whether another threshold or other points would be worth more is asked by the"
            " threshold review and the weight review."
        ),
    )


def _errors(audit: Audit) -> Iterator[str]:
    errors = int((audit.health["level"] == "error").sum())
    if errors:
        yield f"Mend {plural(errors, 'error')} in the export first; see the data section."


def _touch(audit: Audit) -> Iterator[str]:
    counts = handed_over(audit)
    if counts is None or counts.total("unworked") <= _MANY_UNTOUCHED * counts.n:
        return
    yield (
        f"Who takes the {audit.words.handed_many} that nobody works:"
        f" {count(counts.total('unworked'))} of {count(counts.n)} in {audit.quarter}."
    )


def _fall(audit: Audit) -> Iterator[str]:
    now, before = handoff_rate(audit), rate_before(audit)
    if now is None or before is None:
        return
    found = compare_years(now, before)
    if found.high < 0:
        yield f"Find out why fewer {audit.words.handed_many} {audit.words.become} than a year ago."


def _volume(audit: Audit) -> Iterator[str]:
    overload = overload_text(audit)
    if overload:
        yield f"More people or fewer leads: {overload}."


def _threshold(audit: Audit) -> Iterator[str]:
    """The answer of the threshold review, where what a call costs was said here, too."""
    found = best_of(worked_leads(audit), today=audit.threshold, cost_ratio=audit.policy.cost_ratio)
    if found is None or found.keep != "No" or found.low is None or found.high is None:
        return
    one, today = found.low == found.high, count(audit.threshold or 0)
    where = count(found.low) if one else f"{count(found.low)} to {count(found.high)}"
    yield (
        f"Whether {today} stays the threshold: at the cost ratio given {where} {'is' if one else 'are'}"
        " worth more. The threshold review says how to try it."
    )


def _pilot(audit: Audit) -> Iterator[str]:
    if not worked_only(audit) or audit.threshold is None:
        return
    yield (
        f"Let sales call a random {count(pilot_size(audit))} leads below {count(audit.threshold)} points:"
        f" that settles their {audit.words.rate} to about {pilot_width(audit)}."
        " Until then nothing here supports moving the threshold."
    )


def pilot_size(audit: Audit) -> int:
    """Random leads below the threshold whose rate would be known to `pilot_width` either way.

    z^2 p (1 - p) / h^2 with the rate p of the few judged ones there (at least 2%), rounded up to
    tens.
    """
    p = _rate_below(audit)
    return 10 * math.ceil(_Z**2 * p * (1 - p) / _half_width(p) ** 2 / 10)


def pilot_width(audit: Audit) -> str:
    """How closely a pilot of `pilot_size` would tell the rate: 3 points, of a small rate less."""
    return _points_of(_half_width(_rate_below(audit)))


def _rate_below(audit: Audit) -> float:
    seen = rate(audit.ranking, below=audit.threshold).estimate
    return 0.1 if math.isnan(seen) else min(max(seen, _LEAST), 0.5)


def _half_width(p: float) -> float:
    return min(_HALF_WIDTH, _PART * p)


def _points_of(half_width: float) -> str:
    return f"{100 * half_width:.2g} points"


def _points(audit: Audit) -> Iterator[str]:
    falling = falling_text(monotonicity(audit.ranked))
    if falling:
        yield f"Review the points: {falling}."
