"""When one condition implies another, and when two exclude each other.

Both answers are proofs: True is certain, False means that nothing was found. So a lint that rests
on them may be missed, and is never wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.model.conditions import Condition, Test
from toolkit.model.lint.spans import inside, meet, spans_of
from toolkit.model.logic import TRUE, test_truth
from toolkit.model.text import normal_text

__all__ = ["excludes", "implies"]

_ANY_OF = {"in", "contains", "contains_word", "starts_with", "ends_with", "like", "matches"}


def implies(one: Condition, other: Condition) -> bool:
    """Say whether every lead that meets `one` surely meets `other`.

    >>> implies(Condition(a={"gte": 200}), Condition(a={"gte": 50}))
    True
    """
    return one == other or _implied(one, other) or _implied_by_each_part(one, other)


def _implied(one: Condition, other: Condition) -> bool:
    known = _facts(one)
    return (
        all(
            any(field == name and _test_implies(given, test) for name, given in known)
            for field, test in other.tests
        )
        and all(implies(one, part) for part in other.all_)
        and (not other.any_ or any(implies(one, part) for part in other.any_))
        and (other.not_ is None or other.not_ == one.not_)
    )


def _implied_by_each_part(one: Condition, other: Condition) -> bool:
    return bool(one.any_) and all(implies(part, other) for part in one.any_)


def _facts(condition: Condition) -> list[tuple[str, Test]]:
    """The tests that all hold where the condition holds."""
    facts = list(condition.tests)
    for part in condition.all_:
        facts += _facts(part)
    return facts + (_facts(condition.any_[0]) if len(condition.any_) == 1 else [])


def _test_implies(one: Test, other: Test) -> bool:
    if one == other:
        return True
    if other.missing is not None or one.missing is not None:
        return _implies_about_missing(one, other)
    if one.or_missing and not other.or_missing:
        return False
    values = _values(one, other)
    if values is not None:
        return bool(values) and _all_pass(other, values)
    if _span_inside(one, other):
        return True
    return all(
        key in one.operators and _operator_implies(key, one.operators[key], value)
        for key, value in other.operators.items()
    )


def _implies_about_missing(one: Test, other: Test) -> bool:
    if one.missing is True:
        return other.missing is True or other.or_missing
    if other.missing is False:
        return one.missing is False or not one.or_missing
    return False


def _values(test: Test, other: Test) -> list[object] | None:
    """The values that pass, when the test lists them and `other` can be asked about them."""
    if test.in_ is None and test.equals is None:
        return None
    listed: Sequence[object] = test.in_ or (test.equals,)
    if spans_of(other) is None and not all(isinstance(value, str) for value in listed):
        return None  # the number 50 may stand there as the text 50.0
    return [value for value in listed if _all_pass(test, [value])]


def _all_pass(test: Test, values: Sequence[object]) -> bool:
    return bool((test_truth(test, values) == TRUE).all())


def _span_inside(one: Test, other: Test) -> bool:
    wide, narrow = spans_of(other), spans_of(one)
    if wide is None or narrow is None:
        return False
    return all(any(inside(span, around) for around in wide) for span in narrow)


def _operator_implies(key: str, one: Any, other: Any) -> bool:
    if key in _ANY_OF:
        return _folded(one) <= _folded(other)
    if key == "not_in":
        return _folded(other) <= _folded(one)
    return bool(one == other)


def _folded(values: Sequence[object]) -> set[object]:
    return {normal_text(value) if isinstance(value, str) else value for value in values}


def excludes(one: Condition | None, other: Condition | None) -> bool:
    """Say whether nothing can meet both conditions; None holds for everything.

    >>> excludes(Condition(page={"like": "/pricing*"}), Condition(page={"like": "/blog/*"}))
    True
    """
    if one is None or other is None:
        return False
    return any(
        field == name and _tests_exclude(test, given)
        for field, test in _facts(one)
        for name, given in _facts(other)
    )


def _tests_exclude(one: Test, other: Test) -> bool:
    if one.missing is not None or other.missing is not None:
        return _exclude_about_missing(one, other)
    if one.or_missing and other.or_missing:
        return False
    for test, values in ((other, _values(one, other)), (one, _values(other, one))):
        if values is not None:
            return not any(_all_pass(test, [value]) for value in values)
    spans = spans_of(one), spans_of(other)
    if spans[0] is not None and spans[1] is not None:
        return not any(meet(a, b) for a in spans[0] for b in spans[1])
    return _apart(_heads(one), _heads(other), str.startswith) or _apart(
        _tails(one), _tails(other), str.endswith
    )


def _exclude_about_missing(one: Test, other: Test) -> bool:
    for test, given in ((one, other), (other, one)):
        if test.missing is True:
            return given.missing is False or (given.missing is None and not given.or_missing)
    return False


def _heads(test: Test) -> list[str]:
    """What the text must begin with: one of these; empty where nothing is known."""
    if test.starts_with is not None:
        return [normal_text(part) for part in test.starts_with]
    return [normal_text(glob).split("*")[0] for glob in test.like or ()]


def _tails(test: Test) -> list[str]:
    if test.ends_with is not None:
        return [normal_text(part) for part in test.ends_with]
    return [normal_text(glob).split("*")[-1] for glob in test.like or ()]


def _apart(one: Sequence[str], other: Sequence[str], begins: Any) -> bool:
    if not one or not other:
        return False
    return not any(begins(a, b) or begins(b, a) for a in one for b in other)
