"""What leads do before and beside sales: visits, e-mails, webinars, papers, demo requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .calendar import instants, off_weekend
from .plan import DAY, FIRST_SECOND, OBSERVED_UNTIL, Bools, Floats, Ints, coin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .people import People

__all__ = [
    "CALL",
    "CLICK",
    "DEMO",
    "FORM",
    "KINDS",
    "MEETING",
    "OPEN",
    "PAGE",
    "PAPER",
    "PRICING",
    "UNSUBSCRIBE",
    "WEBINAR",
    "Log",
    "draw_behavior",
    "merge_logs",
    "repeat_per_lead",
]

KINDS = (
    "page_view",
    "page_view",
    "email_open",
    "email_click",
    "webinar_attended",
    "whitepaper_download",
    "demo_request",
    "form_submit",
    "unsubscribe",
    "call",
    "meeting",
)
PAGE, PRICING, OPEN, CLICK, WEBINAR, PAPER, DEMO, FORM, UNSUBSCRIBE, CALL, MEETING = range(11)

_WEEK = 7 * DAY
_FIRST_TUESDAY = FIRST_SECOND + 7 * 3600  # 2024-10-01 was a Tuesday
_FIRST_WEBINAR = FIRST_SECOND + 2 * DAY + 15 * 3600
_WEBINAR_EVERY = 14 * DAY
_WEB_SOURCES = ("organic_search", "paid_search", "content_download", "webinar", "demo_form")


@dataclass(frozen=True, slots=True)
class Log:
    """Dated activities: number of the lead, whole seconds UTC, number of the kind."""

    lead: Ints
    at: Ints
    kind: Ints

    def where(self, keep: Bools) -> Log:
        """Keep some entries."""
        return Log(self.lead[keep], self.at[keep], self.kind[keep])

    def ordered(self) -> Log:
        """Sort by lead, then time, then kind."""
        order = np.lexsort((self.kind, self.at, self.lead))
        return Log(self.lead[order], self.at[order], self.kind[order])


def log_of(lead: Ints, at: Ints, kind: int) -> Log:
    """Make a log of one kind."""
    return Log(lead, at, np.full(len(lead), kind, dtype=np.int64))


def merge_logs(logs: Iterable[Log]) -> Log:
    """Put logs together, ordered, and cut at the end of what the export saw."""
    parts = list(logs)
    merged = Log(
        np.concatenate([part.lead for part in parts]),
        np.concatenate([part.at for part in parts]),
        np.concatenate([part.kind for part in parts]),
    )
    return merged.where(merged.at < OBSERVED_UNTIL).ordered()


def repeat_per_lead(mean: Floats, rng: np.random.Generator) -> Ints:
    """Draw a Poisson number per lead and repeat the lead's number so often."""
    return np.repeat(np.arange(len(mean)), rng.poisson(mean))


@dataclass(frozen=True, slots=True)
class _Visits:
    lead: Ints
    start: Ints
    end: Ints
    pages: Log


def _pages_of(lead: Ints, start: Ints, interest: Floats, rng: np.random.Generator) -> _Visits:
    """Draw the pages of each visit; an interested visitor looks at prices, too."""
    n_pages = 1 + rng.poisson(2.3, size=len(lead))
    visit = np.repeat(np.arange(len(lead)), n_pages)
    gap = 5 + rng.exponential(70, size=len(visit)).astype(np.int64)
    elapsed = np.cumsum(gap) - gap
    first = np.cumsum(n_pages) - n_pages
    at = start[visit] + elapsed - elapsed[first][visit]
    asks_price = coin(len(lead), 1 / (1 + np.exp(2.55 - 0.8 * interest[lead])), rng)
    pricing = asks_price[visit] & coin(len(visit), 0.45, rng)
    pages = Log(lead[visit], at, np.where(pricing, PRICING, PAGE))
    return _Visits(lead, start, at[first + n_pages - 1], pages)


def _visits(
    people: People, interest: Floats, rng: np.random.Generator
) -> tuple[_Visits, _Visits, _Visits]:
    """Draw visits long before the form, the one that ends in it, and those after it."""
    n = len(people.created)
    web = np.isin(people.leads["source"].to_numpy().astype(str), _WEB_SOURCES)
    pull = np.exp(0.75 * interest - 0.28)
    early = repeat_per_lead(np.where(web, 0.5, 0.0) * pull, rng)
    days = people.created[early] // DAY - 1 - rng.exponential(12, size=len(early)).astype(np.int64)
    before = _pages_of(early, instants(days, people.hours_behind[early], rng), interest, rng)
    at_birth = np.flatnonzero(web & coin(n, 0.9, rng))
    born = _pages_of(at_birth, np.zeros(len(at_birth), dtype=np.int64), interest, rng)
    born = _ending_at(born, people.created[at_birth] - rng.integers(20, 240, size=len(at_birth)))
    later = repeat_per_lead(np.where(web, 1.9, 1.3) * pull, rng)
    wait = 1 + rng.exponential(42, size=len(later)).astype(np.int64)
    days = off_weekend(people.created[later] // DAY + wait, rng)
    after = _pages_of(later, instants(days, people.hours_behind[later], rng), interest, rng)
    return before, born, after


def _ending_at(visits: _Visits, end: Ints) -> _Visits:
    """Move each visit (at most one a lead) so that its last page is seen at `end`."""
    position = np.searchsorted(visits.lead, visits.pages.lead)
    shift = end - visits.end
    pages = Log(visits.pages.lead, visits.pages.at + shift[position], visits.pages.kind)
    return _Visits(visits.lead, visits.start + shift, end, pages)


def _forms(people: People, after: _Visits, interest: Floats, rng: np.random.Generator) -> list[Log]:
    """Draw what a lead fills in: at its creation by source, and at the end of later visits."""
    source = people.leads["source"].to_numpy().astype(str)

    def at_creation(kind: int, *names: str) -> Log:
        lead = np.flatnonzero(np.isin(source, names))
        return log_of(lead, people.created[lead], kind)

    def after_visit(kind: int, chance: float, pull: float) -> Log:
        p = chance * np.exp(pull * interest[after.lead] - pull**2 / 2)
        hit = coin(len(p), p, rng)
        wait = rng.integers(15, 300, size=int(hit.sum()))
        return log_of(after.lead[hit], after.end[hit] + wait, kind)

    return [
        at_creation(DEMO, "demo_form"),
        at_creation(PAPER, "content_download"),
        at_creation(FORM, "organic_search", "paid_search", "webinar"),
        after_visit(DEMO, 0.016, 0.5),
        after_visit(PAPER, 0.08, 0.1),
        after_visit(FORM, 0.05, 0.1),
    ]


def _webinars(people: People, interest: Floats, rng: np.random.Generator) -> Log:
    """Draw who attends the fortnightly webinar (Thursdays, 15:00 UTC), a few minutes late."""
    n = len(people.created)
    came_for_it = people.leads["source"].to_numpy() == "webinar"
    own = np.flatnonzero(came_for_it & coin(n, 0.55, rng))
    more = repeat_per_lead(0.11 * np.exp(0.5 * interest - 0.125), rng)
    lead = np.concatenate([own, more])
    wait = np.concatenate([np.zeros(len(own)), rng.exponential(70, size=len(more))])
    from_then = people.created[lead] + (wait * DAY).astype(np.int64)
    number = (from_then - _FIRST_WEBINAR) // _WEBINAR_EVERY + 1
    once = np.unique(np.stack([lead, number], axis=1), axis=0)
    late = rng.integers(0, 600, size=len(once))
    return log_of(once[:, 0], _FIRST_WEBINAR + once[:, 1] * _WEBINAR_EVERY + late, WEBINAR)


def _mails(people: People, rng: np.random.Generator) -> list[Log]:
    """Draw opens and clicks of the weekly newsletter (Tuesdays) until a lead unsubscribes."""
    n = len(people.created)
    liking = rng.normal(size=n)
    lead = repeat_per_lead(5.6 * np.exp(0.8 * liking - 0.32), rng)
    wait = rng.exponential(95, size=len(lead)) * DAY
    week = (people.created[lead] + wait.astype(np.int64) - _FIRST_TUESDAY) // _WEEK + 1
    once = np.unique(np.stack([lead, week], axis=1), axis=0)
    lead, tuesday = once[:, 0], _FIRST_TUESDAY + once[:, 1] * _WEEK
    opened = np.maximum(
        instants(tuesday // DAY, people.hours_behind[lead], rng), tuesday + 300
    ) + DAY * rng.choice(4, size=len(lead), p=[0.7, 0.2, 0.07, 0.03])
    hit = coin(len(lead), 0.15 * np.exp(0.3 * liking[lead]), rng)
    clicked = opened[hit] + rng.integers(5, 180, size=int(hit.sum()))
    fed_up = coin(len(lead), 0.009, rng)
    leaves = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(leaves, lead[fed_up], opened[fed_up] + 200)
    gone = np.flatnonzero(leaves < OBSERVED_UNTIL)
    logs = [log_of(lead, opened, OPEN), log_of(lead[hit], clicked, CLICK)]
    kept = [log.where(log.at < leaves[log.lead]) for log in logs]
    return [*kept, log_of(gone, leaves[gone], UNSUBSCRIBE)]


def draw_behavior(people: People, rng: np.random.Generator) -> Log:
    """Draw all marketing activities of people (no machines), ordered by lead and time."""
    interest = rng.normal(size=len(people.created))
    interest += 1.2 * (people.leads["source"].to_numpy() == "demo_form") - 0.5 * people.student
    before, born, after = _visits(people, interest, rng)
    logs = [before.pages, born.pages, after.pages, *_forms(people, after, interest, rng)]
    return merge_logs([*logs, _webinars(people, interest, rng), *_mails(people, rng)])
