"""What differs outside the criteria: the model itself, dimensions, groups, gates, bands, resets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from toolkit.model.base import Limited
from toolkit.model.describe import describe_condition
from toolkit.model.diff.changes import Change, Phrase, condition_key, labels, match
from toolkit.model.types import (
    Band,
    BandException,
    Derived,
    Dimension,
    Gate,
    Group,
    Model,
    Reset,
)

__all__ = [
    "dimension_changes",
    "group_changes",
    "head_changes",
    "limit_changes",
    "outcome_changes",
    "part_change",
    "safe",
]

_ROUNDINGS = {"half_up": "half up", "floor": "down", "none": "not at all"}
_HEAD: dict[str, tuple[Phrase, bool]] = {
    "name": (Phrase("named {old} -> {new}", "", ""), False),
    "version": (Phrase("version {old} -> {new}", "", ""), False),
    "label": (Phrase("label only: was '{old}', is '{new}'", "label only: now '{new}'",
                     "label only: no longer '{old}'"), False),
    "valid_from": (Phrase("valid from {old} -> {new}", "now valid from {new}",
                          "no longer valid from {old}"), False),
    "scale": (Phrase("{old} -> {new} units make a point (all points, limits and grades of the file "
                     "count units)", "", ""), True),
    "rounding": (Phrase("rounded {old} -> {new}", "", "", _ROUNDINGS.__getitem__), True),
}  # fmt: skip


def part_change(
    place: str, subject: str, what: str, phrase: Phrase, sides: tuple[Any, Any], *, moves: bool
) -> Iterator[Change]:
    """Give the change of one key, where there is one."""
    if sides[0] != sides[1]:
        old, new, said = phrase.say(*sides)
        yield Change(place, what, old, new, subject, said, moves)


def head_changes(old: Model, new: Model, points: str) -> Iterator[Change]:
    """Name, version, scale, rounding, base and limits of the total."""
    for key, (phrase, moves) in _HEAD.items():
        sides = (getattr(old, key), getattr(new, key))
        yield from part_change("model", "Model", key, phrase, sides, moves=moves)
    begins = Phrase(f"every lead begins at {{old}} -> {{new}} {points}", "", "")
    yield from part_change("model", "Model", "base", begins, (old.base, new.base), moves=True)
    yield from limit_changes("model", "Model", old, new, points)


def limit_changes(
    place: str, subject: str, old: Limited, new: Limited, points: str
) -> Iterator[Change]:
    """Limits of anything that has them."""
    for key, word in (("min", "at least"), ("max", "at most")):
        phrase = Phrase(
            f"all together {word} {{old}} -> {{new}} {points}",
            f"all together now {word} {{new}} {points}",
            f"all together no longer {word} {{old}} {points}",
        )
        sides = (getattr(old, key), getattr(new, key))
        yield from part_change(place, subject, key, phrase, sides, moves=True)


def dimension_changes(old: Model, new: Model, points: str) -> Iterator[Change]:
    """Limits, weights and grades of fit and behavior."""
    for name in ("fit", "behavior"):
        one, other = getattr(old.dimensions, name), getattr(new.dimensions, name)
        subject = name.capitalize()
        yield from limit_changes(name, subject, one, other, points)
        weighs = Phrase("times {old} -> times {new}", "", "")
        sides = (one.weight, other.weight)
        yield from part_change(name, subject, "weight", weighs, sides, moves=True)
        yield from _grades(name, subject, one, other)


def _grades(name: str, subject: str, old: Dimension, new: Dimension) -> Iterator[Change]:
    before = {grade.grade: grade.start for grade in old.grades}
    after = {grade.grade: grade.start for grade in new.grades}
    for grade in dict.fromkeys([*after, *before]):
        told = safe(grade)
        phrase = Phrase(
            f"grade {told} from {{old}} -> {{new}}",
            f"new grade {told} from {{new}}",
            f"grade {told} removed (was from {{old}})",
        )
        sides = (before.get(grade), after.get(grade))
        yield from part_change(name, subject, "grades", phrase, sides, moves=True)


def safe(text: str) -> str:
    """Text that may stand in a phrase."""
    return text.replace("{", "{{").replace("}", "}}")


# --- groups --------------------------------------------------------------------------------------


def group_changes(old: Model, new: Model, points: str) -> Iterator[Change]:
    """Groups added, removed and changed; their criteria are looked at elsewhere."""
    found = match(old.groups, new.groups, key=lambda group: group.id.casefold())
    for one, other in found.both:
        yield from _group(one, other, points)
    for group in found.added:
        told = f"new group of {group.dimension}{_limited(group, points)}"
        yield Change(f"group {group.id}", "added", "", told, f"Group {group.label}", told)
    for group in found.removed:
        told = f"group of {group.dimension}{_limited(group, points)}"
        subject = f"Group {group.label}"
        yield Change(f"group {group.id}", "removed", told, "", subject, f"removed ({told})")
    if found.reordered:
        sides = (_order(old.groups), _order(new.groups))
        yield Change("model", "order", *sides, "Model", _reordered("groups"), moves_scores=False)
    for one, other in found.both:
        yield from _order_of_criteria(one, other)


def _reordered(what: str) -> str:
    return f"the {what} stand in another order (no score changes)"


def _order(parts: tuple[Any, ...]) -> str:
    return ", ".join(part.id for part in parts)


def _limited(group: Group, points: str) -> str:
    low = "" if group.min is None else f", at least {group.min} {points}"
    high = "" if group.max is None else f", at most {group.max} {points}"
    return f"{low}{high}"


def _group(old: Group, new: Group, points: str) -> Iterator[Change]:
    place, subject = f"group {new.id}", f"Group {new.label}"
    if old.id != new.id:
        said = f"id {old.id} -> {new.id} (no score changes)"
        yield Change(place, "id", old.id, new.id, subject, said, moves_scores=False)
    if old.label != new.label:
        before, after = labels(old.label, new.label)
        said = f"label only: was '{before}', is '{after}'"
        yield Change(place, "label", before, after, subject, said, moves_scores=False)
    moved = Phrase("counts in {old} -> {new}", "", "")
    sides = (old.dimension, new.dimension)
    yield from part_change(place, subject, "dimension", moved, sides, moves=True)
    yield from limit_changes(place, subject, old, new, points)


def _order_of_criteria(old: Group, new: Group) -> Iterator[Change]:
    found = match(old.criteria, new.criteria, key=lambda criterion: criterion.id.casefold())
    if found.reordered:
        place, subject = f"group {new.id}", f"Group {new.label}"
        sides = (_order(old.criteria), _order(new.criteria))
        yield Change(place, "order", *sides, subject, _reordered("criteria"), moves_scores=False)


# --- gates, bands, resets, derived fields ---------------------------------------------------------


def outcome_changes(old: Model, new: Model) -> Iterator[Change]:
    """Gates, bands, resets and derived fields."""
    yield from _listed(old.gates, new.gates, _GATE)
    yield from _bands(old, new)
    yield from _listed(old.resets, new.resets, _RESET)
    yield from _derived(old, new)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of list whose entries are known by their content alone."""

    place: str
    subject: str
    key: Callable[[Any], str]
    words: Callable[[Any], str]
    first_decides: bool

    def at(self, number: int) -> tuple[str, str]:
        """The place and the subject of an entry."""
        return f"{self.place} {number}", f"{self.subject} {number}"


def _gate(gate: Gate) -> str:
    return f"{describe_condition(gate.when)}: {gate.then}"


def _reset(reset: Reset) -> str:
    groups = "all groups" if reset.groups is None else f"the groups {', '.join(reset.groups)}"
    return f"{' or '.join(reset.activities)} sets back {groups}"


def _gate_key(gate: Gate) -> str:
    return f"{condition_key(gate.when)}: {gate.then}"


def _exception_key(entry: BandException) -> str:
    return f"from {entry.start} where {condition_key(entry.when)}"


_GATE = _Kind("gate", "Gate", _gate_key, _gate, first_decides=True)
_RESET = _Kind("reset", "Reset", repr, _reset, first_decides=False)


def _listed(old: tuple[Any, ...], new: tuple[Any, ...], kind: _Kind) -> Iterator[Change]:
    found = match(old, new, key=kind.key)
    unclear = {kind.words(entry) for entry in found.added} & {
        kind.words(entry) for entry in found.removed
    }

    def told(entry: Any) -> str:
        said = kind.words(entry)
        return kind.key(entry) if said in unclear else said

    for number, entry in enumerate(new, start=1):
        if any(entry is each for each in found.added):
            place, subject = kind.at(number)
            yield Change(place, "added", "", told(entry), subject, f"new: {told(entry)}")
    for number, entry in enumerate(old, start=1):
        if any(entry is each for each in found.removed):
            place, subject = kind.at(number)
            yield Change(place, "removed", told(entry), "", subject, f"removed ({told(entry)})")
    if found.reordered:
        sides = ("; ".join(map(told, old)), "; ".join(map(told, new)))
        why = " (the first that holds decides)" if kind.first_decides else " (no score changes)"
        said = f"another order: {sides[1]}{why}"
        yield Change(
            f"{kind.place}s", "order", *sides, f"{kind.subject}s", said, kind.first_decides
        )


def _bands(old: Model, new: Model) -> Iterator[Change]:
    found = match(old.bands, new.bands, key=lambda band: band.name)
    for one, other in found.both:
        yield from _band(one, other)
    for band in found.added:
        yield Change(
            f"band {band.name}",
            "added",
            "",
            _whole(band),
            f"Band {band.name}",
            f"new: {_whole(band)}",
        )
    for band in found.removed:
        told = _whole(band)
        place, subject = f"band {band.name}", f"Band {band.name}"
        yield Change(place, "removed", told, "", subject, f"removed (was {told})")
    if found.reordered:
        sides = tuple(", ".join(band.name for band in model.bands) for model in (old, new))
        said = f"now stand in the order {sides[1]} (were {sides[0]})"
        yield Change("bands", "order", sides[0], sides[1], "Bands", said)


def _start(start: int) -> str:
    return f"from {start}"


def _whole(band: Band) -> str:
    start = "every other score" if band.start is None else _start(band.start)
    handoff = ", handed to sales" if band.handoff else ""
    return "".join([start, handoff, *(f", {_exception(entry)}" for entry in band.exceptions)])


def _exception(entry: BandException) -> str:
    return f"from {entry.start} where {describe_condition(entry.when)}"


def _band(old: Band, new: Band) -> Iterator[Change]:
    place, subject = f"band {new.name}", f"Band {new.name}"
    begins = Phrase("from {old} -> {new}", "now from {new}, was every other score",
                    "now every other score, was from {old}")  # fmt: skip
    yield from part_change(place, subject, "from", begins, (old.start, new.start), moves=True)
    if old.handoff is not new.handoff:
        said = "now handed to sales" if new.handoff else "no longer handed to sales"
        sides = (str(old.handoff).lower(), str(new.handoff).lower())
        yield Change(place, "handoff", *sides, subject, said)
    kind = _Kind(
        f"band {new.name} exception",
        f"Band {new.name}, exception",
        _exception_key,
        _exception,
        first_decides=True,
    )
    yield from _listed(old.exceptions, new.exceptions, kind)


def _derived(old: Model, new: Model) -> Iterator[Change]:
    before, after = dict(old.derive), dict(new.derive)
    for name in dict.fromkeys([*after, *before]):
        phrase = Phrase("{old} -> {new}", "new: {new}", "removed ({old})", _derivation)
        sides = (before.get(name), after.get(name))
        yield from part_change(
            f"field {name}", f"Field {name}", "derive", phrase, sides, moves=True
        )


def _derivation(derived: Derived) -> str:
    if derived.domain_of is not None:
        return f"the domain of {derived.domain_of}"
    lists = "; ".join(f"{n}: {', '.join(words)}" for n, words in derived.first_word_list or ())
    return f"the first list with a word of {derived.of}: {lists}"
