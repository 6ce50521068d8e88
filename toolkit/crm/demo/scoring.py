"""The demo model's score, exactly as the model file says it, at any instants of any leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .behavior import CLICK, DEMO, PAPER, PRICING, UNSUBSCRIBE, WEBINAR, Log
from .plan import BAR, CRITERIA, DAY, NEVER, Bools, Ints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .changes import Changes
    from .people import People

__all__ = ["Path", "Scorer", "rises", "score_paths", "score_units"]

_QUIET_AFTER = 30 * DAY
_SHIFT = 1 << 33  # a lead's number above, seconds since 1970 below: one sortable integer
_WINDOWED: dict[str, tuple[int, int | None, int]] = {
    "demo": (DEMO, None, 1),
    "pricing": (PRICING, 90 * DAY, 3),
    "webinar": (WEBINAR, 180 * DAY, 2),
    "white_paper": (PAPER, 180 * DAY, 2),
    "email_click": (CLICK, 90 * DAY, 3),
    "unsubscribe": (UNSUBSCRIBE, None, 1),
}
_CONTENT = ("webinar", "white_paper", "email_click")
_CONTENT_MAX = 50
_FIT = (-50, 60)
_BEHAVIOR = (-25, 100)


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores leads at instants from what had happened up to and including them."""

    people: People
    log: Log
    """Ordered marketing activities."""
    changes: Changes
    """What was known when of titles, and who was merged into whom."""
    twice: Bools | None = None
    """Leads whose pricing visits count twice: what a platform may record."""
    forever: Bools | None = None
    """Leads whose activities never expire."""

    def units(self, lead: Ints, at: Ints) -> dict[str, Ints]:
        """Count the units that each criterion pays, its own limit applied, in file order."""
        people, known = self.people, self.changes
        vp = known.is_of("vp", lead, at, people.vp_or_above)
        student = known.is_of("student", lead, at, people.student)
        units = {
            "vp_or_above": vp.astype(np.int64),
            "target_icp": people.target_icp[lead].astype(np.int64),
            "priority_region": people.priority_region[lead].astype(np.int64),
            "free_email": people.free_email[lead].astype(np.int64),
            "student": student.astype(np.int64),
        }
        for name, (kind, within, most) in _WINDOWED.items():
            n = self._count(kind, lead, at, within)
            if self.forever is not None and within is not None:
                n = np.where(self.forever[lead], self._count(kind, lead, at, None), n)
            if self.twice is not None and name == "pricing":
                n = n * (1 + self.twice[lead])
            units[name] = np.minimum(n, most)
        units["quiet"] = (at - self._last(lead, at) >= _QUIET_AFTER).astype(np.int64)
        return units

    def _count(self, kind: int, lead: Ints, at: Ints, within: int | None) -> Ints:
        """Count the activities t of a kind with at - within < t <= at, and what was taken over."""
        n = _count(self.log, kind, lead, at, within)
        if not self.changes.merged.any():
            return n
        theirs = _count(self.changes.taken_over(self.log), kind, lead, at, within)
        return n + np.where(at >= self.changes.joined[lead], theirs, 0)

    def _last(self, lead: Ints, at: Ints) -> Ints:
        """Find the last activity up to `at`, or the creation if that is later."""
        last = np.maximum(_latest(self.log, lead, at), self.people.created[lead])
        if not self.changes.merged.any():
            return last
        theirs = _latest(self.changes.taken_over(self.log), lead, at)
        return np.where(at >= self.changes.joined[lead], np.maximum(last, theirs), last)


def _count(log: Log, kind: int, lead: Ints, at: Ints, within: int | None) -> Ints:
    of_kind = log.where(log.kind == kind)
    keys = of_kind.lead * _SHIFT + of_kind.at
    until = np.searchsorted(keys, lead * _SHIFT + at, side="right")
    start = lead * _SHIFT if within is None else lead * _SHIFT + at - within
    counted: Ints = until - np.searchsorted(keys, start, side="right")
    return counted


def _latest(log: Log, lead: Ints, at: Ints) -> Ints:
    """The last activity of each lead up to an instant, long ago without one."""
    keys = log.lead * _SHIFT + log.at
    position = np.searchsorted(keys, lead * _SHIFT + at, side="right") - 1
    own = (position >= 0) & (log.lead[position] == lead)
    return np.where(own, log.at[position], -NEVER)


def score_units(units: Mapping[str, Ints], points: Mapping[str, int]) -> Ints:
    """Turn units into scores with the limits of the model file and these points."""
    paid = {name: points[name] * n for name, n in units.items()}
    dimension = {planted.id: planted.dimension for planted in CRITERIA}
    fit = sum(value for name, value in paid.items() if dimension[name] == "fit")
    content = sum(paid[name] for name in _CONTENT)
    rest = sum(
        value
        for name, value in paid.items()
        if dimension[name] == "behavior" and name not in _CONTENT
    )
    behavior = np.clip(rest + np.minimum(content, _CONTENT_MAX), *_BEHAVIOR)
    total: Ints = np.clip(fit, *_FIT) + behavior
    return total


@dataclass(frozen=True, slots=True)
class Path:
    """What matters of each lead's score over time."""

    crossing: Ints
    """First instant at or above the bar, NEVER if there is none."""
    highest: Ints
    """Highest score ever."""


def rises(scorer: Scorer) -> tuple[Ints, Ints]:
    """Every lead and instant at which its score may rise: only when something happens.

    That is its creation, an activity, a title, a merge; of a merged lead what comes before it.
    """
    people, log, changes = scorer.people, scorer.log, scorer.changes
    everyone = np.arange(len(people.created))
    theirs = changes.taken_over(log)
    told, joined = changes.title_at < NEVER, changes.joined < NEVER
    lead = np.concatenate([everyone, log.lead, everyone[told], everyone[joined], theirs.lead])
    happens = [people.created, log.at, changes.title_at[told], changes.joined[joined]]
    at = np.concatenate([*happens, np.maximum(theirs.at, changes.joined[theirs.lead])])
    at = np.maximum(at, people.created[lead])
    there = at < changes.gone[lead]
    return lead[there], at[there]


def score_paths(scorer: Scorer) -> Path:
    """Find when each lead's score first reaches the bar, and how high it ever gets."""
    lead, at = rises(scorer)
    n = len(scorer.people.created)
    points = {planted.id: planted.points for planted in CRITERIA}
    score = score_units(scorer.units(lead, at), points)
    crossing, highest = np.full(n, NEVER), np.full(n, np.iinfo(np.int64).min)
    np.minimum.at(crossing, lead[score >= BAR], at[score >= BAR])
    np.maximum.at(highest, lead, score)
    return Path(crossing, highest)
