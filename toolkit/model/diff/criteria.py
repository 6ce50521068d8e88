"""What differs between two versions of one criterion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from toolkit.model.criteria import (
    Active,
    ActivityCriterion,
    AnyCriterion,
    Case,
    CasesCriterion,
    InactivityCriterion,
    LedgerCriterion,
    PerValueCriterion,
    Tier,
    TiersCriterion,
)
from toolkit.model.describe import (
    decay_words,
    describe,
    describe_condition,
    duration_words,
    per_words,
)
from toolkit.model.diff.changes import Change, Phrase, condition_key, labels, match

__all__ = ["criterion_changes", "pays"]

Said = tuple[str, str, str, str, bool]
"""What, old, new, the sentence, and whether it moves scores."""

_MATCHES = {"first": "the first that holds", "sum": "all that hold", "max": "the best that holds"}


def pays(criterion: AnyCriterion) -> str:
    """Say what a criterion pays, and when.

    >>> pays(InactivityCriterion(id="quiet", inactivity={"after": 2592000}, points=-10))
    'no marketing activity for 30 days or longer: -10 points'
    """
    if isinstance(criterion, ActivityCriterion | InactivityCriterion):
        return f"{describe(criterion)}: {criterion.points} points"
    if isinstance(criterion, CasesCriterion) and len(criterion.cases) == 1:
        return f"{describe(criterion)}: {criterion.cases[0].points} points"
    return describe(criterion)


def criterion_changes(
    old: AnyCriterion, new: AnyCriterion, *, subject: str, points: str
) -> Iterator[Change]:
    """Give the changes of a criterion that is in both models; `points` is the word for its unit."""
    for what, before, after, said, moves in _said(old, new, points):
        yield Change(new.id, what, before, after, subject, said, moves)


def _said(old: AnyCriterion, new: AnyCriterion, points: str) -> Iterator[Said]:
    if type(old) is not type(new):
        before, after = pays(old), pays(new)
        yield "kind", before, after, f"now pays for {after} (was: {before})", True
    else:
        yield from _same_kind(old, new, points)
    for key, phrase in _limits(points).items():
        yield from _attribute(old, new, key, phrase)
    yield from _names(old, new)


def _names(old: AnyCriterion, new: AnyCriterion) -> Iterator[Said]:
    if old.id != new.id:
        yield "id", old.id, new.id, f"id {old.id} -> {new.id} (no score changes)", False
    if old.label != new.label:
        before, after = labels(old.label, new.label)
        yield "label", before, after, f"label only: was '{before}', is '{after}'", False
    if old.basis != new.basis:
        said = f"rests on {old.basis} -> {new.basis} (no score changes)"
        yield "basis", old.basis, new.basis, said, False


def _attribute(old: AnyCriterion, new: AnyCriterion, key: str, phrase: Phrase) -> Iterator[Said]:
    one, other = getattr(old, key), getattr(new, key)
    same = condition_key(one) == condition_key(other) if key == "where" else one == other
    if not same:
        yield (key, *phrase.say(one, other), True)


def _limits(points: str) -> dict[str, Phrase]:
    return {
        "min": Phrase(
            f"at least {{old}} -> {{new}} {points}",
            f"now at least {{new}} {points}",
            f"no longer at least {{old}} {points}",
        ),
        "max": Phrase(
            f"at most {{old}} -> {{new}} {points}",
            f"now at most {{new}} {points}",
            f"no longer at most {{old}} {points}",
        ),
        "weight": Phrase("times {old} -> times {new}", "", ""),
        "active": Phrase(
            "pays at moments {old} -> {new} (UTC)",
            "now only pays at moments {new} (UTC)",
            "pays at any moment, no longer only {old} (UTC)",
            _season,
        ),
    }


def _season(active: Active) -> str:
    since = "" if active.start is None else f"from {active.start}"
    until = "" if active.end is None else f"to {active.end}"
    return f"{since} {until}".strip()


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(names)


_ACTIVITY: dict[str, Phrase] = {
    "activity": Phrase("counts {old} -> {new}", "", "", _either),
    "where": Phrase(
        "where {old} -> {new}",
        "now only where {new}",
        "anywhere, no longer only where {old}",
        describe_condition,
    ),
    "within": Phrase(
        "within {old} -> {new}",
        "now only within {new}",
        "whenever, no longer only within {old}",
        duration_words,
    ),
    "per": Phrase(
        "counts {old} -> {new}", "now counts {new}", "counts each, no longer {old}", per_words
    ),
    "max_units": Phrase(
        "at most {old} -> {new} times", "now at most {new} times", "no longer at most {old} times"
    ),
    "decay": Phrase(
        "fades: {old} -> {new}", "now fades: {new}", "no longer fades: {old}", decay_words
    ),
}
_SILENCE: dict[str, Phrase] = {
    "after": Phrase("after {old} -> {new} of silence", "", "", duration_words),
    "repeat": Phrase(
        "pays {old} -> {new}", "", "", lambda on: "again and again" if on else "once in a silence"
    ),
    "max_times": Phrase(
        "at most {old} -> {new} times", "now at most {new} times", "no longer at most {old} times"
    ),
    "recover": Phrase(
        "{old} -> {new} when activity returns", "", "", lambda on: "taken back" if on else "kept"
    ),
}


def _points(points: str) -> Phrase:
    return Phrase(f"{{old}} -> {{new}} {points}", "", "")


def _same_kind(old: Any, new: Any, points: str) -> Iterator[Said]:
    yield from _HANDLERS[type(new)](old, new, points)


def _activity(old: ActivityCriterion, new: ActivityCriterion, points: str) -> Iterator[Said]:
    for key, phrase in {"points": _points(points), **_ACTIVITY}.items():
        yield from _attribute(old, new, key, phrase)


def _inactivity(old: InactivityCriterion, new: InactivityCriterion, points: str) -> Iterator[Said]:
    yield from _attribute(old, new, "points", _points(points))
    for key, phrase in _SILENCE.items():
        one, other = getattr(old.inactivity, key), getattr(new.inactivity, key)
        if one != other:
            yield (f"inactivity.{key}", *phrase.say(one, other), True)


def _ledger(old: LedgerCriterion, new: LedgerCriterion, points: str) -> Iterator[Said]:
    phrase = Phrase(f"recorded {points} of {{old}} -> {{new}}", "", "", _either)
    yield from _attribute(old, new, "ledger", phrase)


def _per_value(old: PerValueCriterion, new: PerValueCriterion, points: str) -> Iterator[Said]:
    yield from _attribute(old, new, "field", Phrase("values of {old} -> {new}", "", ""))
    before, after = dict(old.per_value), dict(new.per_value)
    for value in dict.fromkeys([*after, *before]):
        one, other = before.get(value), after.get(value)
        if one != other:
            named = value.replace("{", "{{").replace("}", "}}")
            phrase = Phrase(
                f"{named}: {{old}} -> {{new}} {points}",
                f"new value {named}: {{new}} {points}",
                f"value {named} removed (was {{old}} {points})",
            )
            yield ("per_value", *phrase.say(one, other), True)


def _tiers(old: TiersCriterion, new: TiersCriterion, points: str) -> Iterator[Said]:
    for key in ("activity", "where"):
        yield from _attribute(old, new, key, _ACTIVITY[key])
    found = match(old.tiers, new.tiers, key=lambda tier: (tier.at_least, tier.within))
    for one, other in found.both:
        if one.points != other.points:
            sides = (str(one.points), str(other.points))
            yield "tiers", *sides, f"{_tier(one)}: {sides[0]} -> {sides[1]} {points}", True
    for tier in found.added:
        told = f"{_tier(tier)}: {tier.points} {points}"
        yield "tiers", "", told, f"new tier {told}", True
    for tier in found.removed:
        told = f"{_tier(tier)}: {tier.points} {points}"
        yield "tiers", told, "", f"tier removed ({told})", True
    if found.reordered:
        before, after = ("; ".join(map(_tier, each.tiers)) for each in (old, new))
        yield "order", before, after, f"tiers in another order: {after} (the first pays)", True


def _tier(tier: Tier) -> str:
    within = "" if tier.within is None else f" within {duration_words(tier.within)}"
    return f"{tier.at_least} or more{within}"


def _cases(old: CasesCriterion, new: CasesCriterion, points: str) -> Iterator[Said]:
    if old.match != new.match:
        before, after = _MATCHES[old.match], _MATCHES[new.match]
        yield "match", before, after, f"pays {before} -> {after}", True
    if len(old.cases) == len(new.cases) == 1:
        yield from _single_case(old.cases[0], new.cases[0], points)
    else:
        yield from _several_cases(old, new, points)


def _single_case(old: Case, new: Case, points: str) -> Iterator[Said]:
    if old.points != new.points:
        yield ("points", *_points(points).say(old.points, new.points), True)
    if _key(old) != _key(new):
        phrase = Phrase("when {old} -> {new}", "", "", describe_condition)
        yield ("when", *phrase.say(old.when, new.when), True)


def _several_cases(old: CasesCriterion, new: CasesCriterion, points: str) -> Iterator[Said]:
    found = match(old.cases, new.cases, key=_key)
    for one, other in found.both:
        if one.points != other.points:
            sides = (str(one.points), str(other.points))
            yield "cases", *sides, f"{_case(one)}: {sides[0]} -> {sides[1]} {points}", True
    texts = {_case(case) for case in found.added} & {_case(case) for case in found.removed}
    for case in found.added:
        told = f"{_exactly(case, texts)}: {case.points} {points}"
        yield "cases", "", told, f"new case {told}", True
    for case in found.removed:
        told = f"{_exactly(case, texts)}: {case.points} {points}"
        yield "cases", told, "", f"case removed ({told})", True
    if found.reordered:
        moves = new.match == "first"
        before, after = ("; ".join(map(_case, each.cases)) for each in (old, new))
        first = " (the first that holds pays)" if moves else " (no score changes)"
        yield "order", before, after, f"cases in another order: {after}{first}", moves


def _case(case: Case) -> str:
    return "otherwise" if case.when is None else describe_condition(case.when)


def _exactly(case: Case, unclear: set[str]) -> str:
    """The case in words, or as in the file where two cases have the same words."""
    return _key(case) if _case(case) in unclear else _case(case)


def _key(case: Case) -> str:
    return condition_key(case.when)


_HANDLERS: dict[type[AnyCriterion], Callable[[Any, Any, str], Iterator[Said]]] = {
    CasesCriterion: _cases,
    PerValueCriterion: _per_value,
    ActivityCriterion: _activity,
    TiersCriterion: _tiers,
    InactivityCriterion: _inactivity,
    LedgerCriterion: _ledger,
}
