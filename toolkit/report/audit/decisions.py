"""What the numbers ask somebody to decide; often nothing, and then the report says so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from toolkit.analysis import monotonicity, rate
from toolkit.report.audit.common import handed_over, handoff_rate, rate_before, worked_only
from toolkit.report.audit.volume import overload_text
from toolkit.report.audit.worth import falling_text
from toolkit.report.findings import compare_years
from toolkit.report.wording import count, percent, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.report.audit.prepared import Audit

__all__ = ["decisions", "pilot_size"]

_MANY_UNTOUCHED = 0.05
_HALF_WIDTH = 0.03
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
        *_pilot(audit),
        *_points(audit),
    ]
    return tuple(found) or ("None: nothing in these numbers asks for a change.",)


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


def _pilot(audit: Audit) -> Iterator[str]:
    if not worked_only(audit) or audit.threshold is None:
        return
    yield (
        f"Let sales call a random {count(pilot_size(audit))} leads below {count(audit.threshold)} points:"
        f" that settles their {audit.words.rate} to about {percent(_HALF_WIDTH, 0).rstrip('%')}"
        " points. Until then nothing here supports moving the threshold."
    )


def pilot_size(audit: Audit) -> int:
    """Random leads below the threshold whose rate would be known to about 3 points either way.

    z^2 p (1 - p) / h^2 with the rate p of the few judged ones there (at least 5%), rounded up to
    tens.
    """
    seen = rate(audit.ranking, below=audit.threshold).estimate
    p = 0.1 if math.isnan(seen) else min(max(seen, 0.05), 0.5)
    return 10 * math.ceil(_Z**2 * p * (1 - p) / _HALF_WIDTH**2 / 10)


def _points(audit: Audit) -> Iterator[str]:
    falling = falling_text(monotonicity(audit.ranked))
    if falling:
        yield f"Review the points: {falling}."
