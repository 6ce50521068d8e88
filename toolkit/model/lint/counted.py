"""Criteria that count activities: counted twice, tiers that contradict, counts that pay nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from toolkit.model.criteria import (
    ActivityCriterion,
    AnyCriterion,
    LedgerCriterion,
    Tier,
    TiersCriterion,
)
from toolkit.model.describe import duration_words
from toolkit.model.lint.cases import criterion_parts
from toolkit.model.lint.found import Draft, Part
from toolkit.model.lint.implied import excludes
from toolkit.model.text import normal_text
from toolkit.model.types import Model

__all__ = ["activity_drafts"]

_Counting = ActivityCriterion | TiersCriterion | LedgerCriterion
_Placed = tuple[_Counting, Part]


def activity_drafts(model: Model) -> Iterator[Draft]:
    """Give what is odd about criteria that count activities."""
    counting = [
        (criterion, part)
        for criterion, part in criterion_parts(model)
        if isinstance(criterion, ActivityCriterion | TiersCriterion | LedgerCriterion)
    ]
    for one, other in combinations(counting, 2):
        if _can_share(one[0], other[0]):
            yield _counted_twice(one, other)
            yield from _count_hole(one, other)
            yield from _count_hole(other, one)
    for criterion, part in counting:
        if isinstance(criterion, TiersCriterion):
            yield from _contradictory_tiers(criterion, part)


def _types(criterion: _Counting) -> dict[str, str]:
    """Spelling by name as it is compared."""
    names = criterion.ledger if isinstance(criterion, LedgerCriterion) else criterion.activity
    return {normal_text(name): name for name in names}


def _can_share(one: _Counting, other: _Counting) -> bool:
    if not _types(one).keys() & _types(other).keys() or _never_at_once(one, other):
        return False
    if isinstance(one, LedgerCriterion) or isinstance(other, LedgerCriterion):
        return True
    return not excludes(one.where, other.where)


def _never_at_once(one: AnyCriterion, other: AnyCriterion) -> bool:
    """Whether their seasons have no day in common."""
    starts = [c.active.start for c in (one, other) if c.active and c.active.start]
    ends = [c.active.end for c in (one, other) if c.active and c.active.end]
    return bool(starts and ends) and max(starts) > min(ends)


def _counted_twice(one: _Placed, other: _Placed) -> Draft:
    shared = [name for key, name in _types(one[0]).items() if key in _types(other[0])]
    return Draft(
        "same_activity",
        f"the same {' or '.join(shared)} counts in '{one[0].label}' and in '{other[0].label}', so "
        "their points cannot be estimated apart; make the two exclude each other, or accept it",
        (one[1], other[1]),
        shared=(one[0].id, other[0].id),
    )


def _count_hole(one: _Placed, other: _Placed) -> Iterator[Draft]:
    """The first few of an activity pay, then a number of them pays nothing more, then more do."""
    most, least = _most(one[0]), _least(other[0])
    if most is None or least is None or least <= most + 1 or not _same_matches(one[0], other[0]):
        return
    hole = f"{most + 1}" if least == most + 2 else f"{most + 1} to {least - 1}"
    yield Draft(
        "count_hole",
        f"{hole} of '{' or '.join(_types(one[0]).values())}' pay no more than {most}: "
        f"'{one[0].label}' counts {most} at most, '{other[0].label}' begins at {least}",
        (one[1], other[1]),
    )


def _same_matches(one: _Counting, other: _Counting) -> bool:
    if isinstance(one, LedgerCriterion) or isinstance(other, LedgerCriterion):
        return False
    return one.where == other.where and _types(one).keys() == _types(other).keys()


def _most(criterion: _Counting) -> int | None:
    """How many activities can add to the points, when each pays alone."""
    if isinstance(criterion, ActivityCriterion) and criterion.per is None:
        return criterion.max_units
    if isinstance(criterion, TiersCriterion):
        paying = [tier.at_least for tier in criterion.tiers if tier.points]
        return max(paying, default=None)
    return None


def _least(criterion: _Counting) -> int | None:
    if isinstance(criterion, ActivityCriterion):
        return None if criterion.per is None else criterion.per.at_least
    if isinstance(criterion, TiersCriterion):
        return min((tier.at_least for tier in criterion.tiers if tier.points), default=None)
    return None


def _contradictory_tiers(criterion: TiersCriterion, part: Part) -> Iterator[Draft]:
    """A tier that is harder to reach and pays less, or nothing, where an easier one pays."""
    name, at = part
    for i, hard in enumerate(criterion.tiers):
        easier = [tier for tier in criterion.tiers[i + 1 :] if _reaches(hard, tier)]
        worse = [tier for tier in easier if _pays_less(hard, tier)]
        if not worse:
            continue
        easy = max(worse, key=lambda tier: abs(tier.points))
        more = any(tier.points and _reaches(tier, hard) for tier in criterion.tiers[:i])
        hole = hard.points == 0 and more
        yield Draft(
            "count_hole" if hole else "tiers_contradict",
            f"in '{criterion.label}' {_tier(hard)} pays {hard.points}, but {_tier(easy)}, which is "
            f"easier, pays {easy.points}"
            + ("; more of them pay again" if hole else "")
            + f": who does more {'gets' if easy.points > 0 else 'loses'} less; correct one of them",
            ((name, (*at, "tiers", i)),),
        )


def _tier(tier: Tier) -> str:
    within = "" if tier.within is None else f" within {duration_words(tier.within)}"
    return f"{tier.at_least} or more{within}"


def _reaches(hard: Tier, easy: Tier) -> bool:
    """Whether whoever reaches `hard` has reached `easy`."""
    longer = easy.within is None or (hard.within is not None and hard.within <= easy.within)
    return hard.at_least >= easy.at_least and longer


def _pays_less(hard: Tier, easy: Tier) -> bool:
    """Whether the harder tier is worth less, or costs less."""
    return hard.points < easy.points if easy.points > 0 else easy.points < hard.points <= 0
