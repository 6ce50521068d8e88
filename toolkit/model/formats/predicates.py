"""Conditions as PMML predicates, without `not`: it is pushed down to single comparisons.

That is exact. In three-valued logic `not` of `and` is `or` of the `not`s, and a comparison with a
missing value is unknown whichever way it is turned. With `and` and `or` alone, whether a whole
condition is true depends only on which comparisons are true; unknown and false pay the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from toolkit.errors import ModelError
from toolkit.model.conditions import Condition, Test
from toolkit.model.criteria import CasesCriterion
from toolkit.model.text import normal_text

__all__ = ["CONTAINERS", "Predicate", "Reader", "learn", "predicate_of"]

CONTAINERS = ("and", "or")
_EXACT = 2**53
_TEXT_TESTS = ("contains", "contains_word", "starts_with", "ends_with", "like", "matches")
_ORDER = {
    "gt": ("greaterThan", "lessOrEqual"),
    "gte": ("greaterOrEqual", "lessThan"),
    "lt": ("lessThan", "greaterOrEqual"),
    "lte": ("lessOrEqual", "greaterThan"),
}


@dataclass(frozen=True)
class Predicate:
    """One predicate: `and` and `or` have parts, SimplePredicate attributes, True neither."""

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    parts: tuple[Predicate, ...] = ()


@dataclass
class Reader:
    """What is known of the fields so far; one for each file."""

    derived: frozenset[str]
    kinds: dict[str, Literal["text", "number"]] = field(default_factory=dict)
    criterion: str = ""

    def compared(self, name: str) -> str:
        """Name the field in which a text stands trimmed and in lower case."""
        return f"compared:{name}"

    def refused(self, text: str) -> ModelError:
        """Make an error that names the criterion."""
        return ModelError(f"PMML: the criterion '{self.criterion}' {text}")

    def see(self, name: str, kind: Literal["text", "number"]) -> None:
        """Note how a field is compared; it must always be compared in the same way."""
        if name in self.derived:
            raise self.refused(
                f"tests the derived field '{name}', which PMML cannot make in the same way; "
                "put it into a column of its own"
            )
        if self.kinds.setdefault(name, kind) != kind:
            raise self.refused(
                f"compares '{name}' as {kind}, and elsewhere it is compared as "
                f"{self.kinds[name]}; a field of PMML has one type"
            )


def learn(criterion: CasesCriterion, reader: Reader) -> None:
    """See how fields are compared, before any is asked whether it is missing."""
    reader.criterion = criterion.id
    for case in criterion.cases:
        for name, test in case.when.field_tests() if case.when else ():
            for operator, value in test.operators.items():
                _operator(name, operator, value, reader, negated=False)


def predicate_of(condition: Condition, reader: Reader) -> Predicate:
    """Write a condition as a predicate that is true for the same leads."""
    return _condition(condition, reader, negated=False)


def _joined(tag: str, parts: list[Predicate]) -> Predicate:
    return parts[0] if len(parts) == 1 else Predicate(tag, parts=tuple(parts))


def _condition(condition: Condition, reader: Reader, *, negated: bool) -> Predicate:
    both, either = ("or", "and") if negated else ("and", "or")
    parts = [_test(name, test, reader, negated=negated) for name, test in condition.tests]
    parts += [_condition(part, reader, negated=negated) for part in condition.all_]
    if condition.any_:
        some = [_condition(part, reader, negated=negated) for part in condition.any_]
        parts.append(_joined(either, some))
    if condition.not_ is not None:
        parts.append(_condition(condition.not_, reader, negated=not negated))
    return _joined(both, parts)


def _test(name: str, test: Test, reader: Reader, *, negated: bool) -> Predicate:
    if test.missing is not None:
        reader.see(name, reader.kinds.get(name, "text"))
        return _missing(name, reader, missing=test.missing is not negated)
    both = "or" if negated else "and"
    parts = [
        _operator(name, operator, value, reader, negated=negated)
        for operator, value in test.operators.items()
    ]
    told = _joined(both, parts)
    if not test.or_missing:
        return told
    absent = _missing(name, reader, missing=not negated)
    return Predicate("and" if negated else "or", parts=(told, absent))


def _simple(name: str, operator: str, value: str | None = None) -> Predicate:
    told = (("field", name), ("operator", operator))
    return Predicate("SimplePredicate", told if value is None else (*told, ("value", value)))


def _missing(name: str, reader: Reader, *, missing: bool) -> Predicate:
    absent = _simple(name, "isMissing" if missing else "isNotMissing")
    if reader.kinds[name] == "number":
        return absent
    blank = _simple(reader.compared(name), "equal" if missing else "notEqual", "")
    return Predicate("or" if missing else "and", parts=(absent, blank))


def _operator(
    name: str, operator: str, value: object, reader: Reader, *, negated: bool
) -> Predicate:
    if operator in _TEXT_TESTS:
        raise reader.refused(
            f"looks inside the text of '{name}' ({operator}), and a predicate of PMML compares "
            "whole values: list them with 'in'"
        )
    if operator in _ORDER:
        reader.see(name, "number")
        return _simple(name, _ORDER[operator][negated], _number(value, reader))
    values = value if isinstance(value, tuple) else (value,)
    wanted = (operator in {"in", "equals"}) is not negated
    return _membership(name, values, reader, wanted=wanted)


def _membership(
    name: str, values: tuple[object, ...], reader: Reader, *, wanted: bool
) -> Predicate:
    texts = [value for value in values if isinstance(value, str)]
    if texts and len(texts) != len(values):
        raise reader.refused(f"compares '{name}' with texts and with numbers; PMML has one type")
    operator = "equal" if wanted else "notEqual"
    if not texts:
        reader.see(name, "number")
        parts = [_simple(name, operator, _number(value, reader)) for value in values]
        return _joined("or" if wanted else "and", parts)
    reader.see(name, "text")
    folded = [_folded(text, reader) for text in texts]
    parts = [_simple(reader.compared(name), operator, text) for text in folded]
    # A blank text is missing, so it is neither inside nor outside of a list.
    parts += [] if wanted else [_simple(reader.compared(name), "notEqual", "")]
    return _joined("or" if wanted else "and", parts)


def _folded(text: str, reader: Reader) -> str:
    folded = normal_text(text)
    if folded != text.strip().lower():
        raise reader.refused(
            f"compares with '{text}', whose lower case differs from how the toolkit drops case"
        )
    return folded


def _number(value: object, reader: Reader) -> str:
    number = value if isinstance(value, int | float) else 0
    if abs(number) > _EXACT:
        raise reader.refused(f"compares with {number}, too large a number to be exact in PMML")
    return repr(number)
