"""What sales does with the leads, and which of them become SQL: the planted truth at work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .behavior import DEMO
from .calendar import after_working_time
from .plan import (
    CRITERIA,
    DAY,
    INTERCEPT,
    LANDMARK_DAYS,
    LOG_ODDS_PER_POINT,
    NEVER,
    OBSERVED_UNTIL,
    Bools,
    DemoPlan,
    Floats,
    Ints,
    coin,
    planted_points,
)
from .scoring import Path, Scorer, score_units

if TYPE_CHECKING:
    from .people import People

__all__ = ["WAYS", "Fates", "Moments", "draw_fates", "draw_moments"]

WAYS = ("left_alone", "handed_over", "hand_raiser", "exploration")
"""How a lead comes to sales: by the bar, by asking for a demo below it, by a coin, or not."""
_LEFT_ALONE, _HANDED_OVER, _HAND_RAISER, _EXPLORATION = range(4)


@dataclass(frozen=True, slots=True)
class Moments:
    """When and how each lead comes to sales, and whether sales acts; one entry per lead."""

    when: Ints
    """The moment; for a lead that never comes to sales, its fourteenth day."""
    way: Ints
    """Position in WAYS."""
    worked: Bools


@dataclass(frozen=True, slots=True)
class Fates:
    """What becomes of each lead after its moment; instants are NEVER where nothing happens."""

    units: dict[str, Ints]
    score: Ints
    true_score: Ints
    account_effect: Floats
    probability: Floats
    within: Bools
    """SQL within the horizon, observed or not."""
    sql: Ints
    accepted: Bools
    decided: Ints


def draw_moments(scorer: Scorer, path: Path, plan: DemoPlan, rng: np.random.Generator) -> Moments:
    """Decide who comes to sales first: by the bar, by asking for a demo, or by a coin."""
    people, log, never = scorer.people, scorer.log, _never_comes(scorer)
    n = len(people.created)
    asked = np.full(n, NEVER)
    requests = log.where(log.kind == DEMO)
    np.minimum.at(asked, requests.lead, np.maximum(requests.at, people.created[requests.lead]))
    landmark = people.created + LANDMARK_DAYS * DAY
    explored = coin(n, plan.exploration_share, rng)
    drawn = np.where(explored & (landmark < OBSERVED_UNTIL), landmark, NEVER)
    # Ties go to the bar: the demo request that lifts a lead over it is a hand-off.
    ways = np.stack([np.full(n, NEVER - 1), path.crossing, asked, drawn])
    ways[1:, never] = NEVER
    way = np.argmin(ways, axis=0)
    at = np.where(way == _LEFT_ALONE, landmark, ways[way, np.arange(n)])
    untouched = (way == _HANDED_OVER) & coin(n, plan.untouched_share, rng)
    comes = (way != _LEFT_ALONE) | plan.works_all
    return Moments(at, way, comes & ~never & (~untouched | plan.works_all))


def _never_comes(scorer: Scorer) -> Bools:
    """Competitors, and leads that are another lead: sales works that one."""
    return scorer.people.rival | scorer.changes.merged


def _account_effects(people: People, plan: DemoPlan, rng: np.random.Generator) -> Floats:
    """Draw one effect per account; a lead without account is an account of its own."""
    shared = rng.normal(size=len(people.accounts))
    own = rng.normal(size=len(people.created))
    return plan.account_sd * np.where(people.account >= 0, shared[people.account], own)


def draw_fates(
    people: People, scorer: Scorer, moments: Moments, plan: DemoPlan, rng: np.random.Generator
) -> Fates:
    """Draw SQL from the planted log-odds, then how sales judges the others."""
    n = len(people.created)
    units = scorer.units(np.arange(n), moments.when)
    true_score = score_units(units, planted_points(plan))
    effect = _account_effects(people, plan, rng)
    log_odds = INTERCEPT + LOG_ODDS_PER_POINT * true_score + effect
    log_odds -= plan.handoff_effect * ~moments.worked
    probability = np.where(_never_comes(scorer), 0.0, 1 / (1 + np.exp(-log_odds)))
    within = coin(n, probability, rng)
    late = ~within & coin(n, 0.06 * probability, rng)
    likes = 1 / (1 + np.exp(-0.35 - 0.4 * (log_odds + 1.5)))
    accepted = moments.worked & (within | late | coin(n, likes, rng))
    decided = _decisions(people, moments, accepted, rng)
    sql = _sql_instants(people, moments, decided, within=within, late=late, rng=rng)
    points = {planted.id: planted.points for planted in CRITERIA}
    return Fates(
        units=units,
        score=score_units(units, points),
        true_score=true_score,
        account_effect=effect,
        probability=probability,
        within=within,
        sql=sql,
        accepted=accepted,
        decided=decided,
    )


def _decisions(people: People, moments: Moments, accepted: Bools, rng: np.random.Generator) -> Ints:
    """Draw when sales decides: soon if it accepts, after some attempts if not."""
    n = len(people.created)
    answer = rng.exponential(0.9, size=n)
    attempts = rng.gamma(2.0, 3.2, size=n)
    delay = np.minimum(np.where(accepted, answer, answer + attempts), 21.0)
    at = after_working_time(moments.when + 1800, delay, people.hours_behind)
    return np.where(moments.worked, at, NEVER)


def _sql_instants(
    people: People,
    moments: Moments,
    decided: Ints,
    *,
    within: Bools,
    late: Bools,
    rng: np.random.Generator,
) -> Ints:
    """Draw the delay to SQL: a skewed one inside the horizon, a few long after it."""
    n = len(people.created)
    # 86 days and a weekend stay inside the horizon, so the planted probability is exact.
    soon = 86 * rng.beta(1.9, 4.3, size=n)
    delay = np.where(within, soon, 95 + rng.exponential(35, size=n))
    at = after_working_time(moments.when, delay, people.hours_behind)
    after_decision = np.where(moments.worked, decided, 0) + rng.integers(3600, 3 * 3600, size=n)
    return np.where(within | late, np.maximum(at, after_decision), NEVER)
