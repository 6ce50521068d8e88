"""Three-valued logic over many values at once, as in SQL.

A test is evaluated once per distinct value, in Python; conditions combine the outcomes of whole
columns in NumPy. A missing value makes a test UNKNOWN, and only TRUE pays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from toolkit.model.text import (
    is_missing,
    like,
    normal_text,
    number_of,
    pattern_finder,
    text_of,
    word_finder,
)
from toolkit.model.types import (
    ActivityCriterion,
    AnyCriterion,
    CasesCriterion,
    Condition,
    Gate,
    PerValueCriterion,
    Test,
    TiersCriterion,
)

__all__ = [
    "FALSE",
    "TRUE",
    "UNKNOWN",
    "Truth",
    "TruthOf",
    "case_points",
    "condition_truth",
    "conditions_of",
    "fields_of",
    "looks_at",
    "test_truth",
    "value_points",
    "where_fields",
]

TRUE, FALSE, UNKNOWN = 1, 0, -1

Truth = NDArray[np.int8]
TruthOf = Callable[[str, Test], Truth]
"""Gives the outcome of a test on a field for every lead (or row of a dictionary)."""

_Check = Callable[[object], int]


def test_truth(test: Test, values: Sequence[object]) -> Truth:
    """Evaluate a test on each value: TRUE (1), FALSE (0) or UNKNOWN (-1), in the same order.

    None, NaN and blank text are missing: unknown, unless the test has `missing` or `or_missing`.
    Numbers that arrive as text compare as numbers; text that is no number is unknown to
    gt, gte, lt and lte.

    >>> test_truth(Test(gte=50), ["500", 10, "many", None]).tolist()
    [1, 0, -1, -1]
    """
    checks = _checks(test)
    if test.missing is None:
        absent = TRUE if test.or_missing else UNKNOWN
    else:
        absent = TRUE if test.missing else FALSE
        checks = [lambda _: FALSE if test.missing else TRUE]
    outcomes = (absent if is_missing(value) else _every(checks, value) for value in values)
    return np.fromiter(outcomes, dtype=np.int8, count=len(values))


test_truth.__test__ = False  # type: ignore[attr-defined]  # not a test for pytest to collect


def _every(checks: Sequence[_Check], value: object) -> int:
    outcomes = [check(value) for check in checks]
    if FALSE in outcomes:
        return FALSE
    return UNKNOWN if UNKNOWN in outcomes else TRUE


def _checks(test: Test) -> list[_Check]:
    return [*_equality_checks(test), *_order_checks(test), *_text_checks(test)]


def _equality_checks(test: Test) -> Iterator[_Check]:
    for expected, wanted in (
        (test.in_, True),
        (test.not_in, False),
        (None if test.equals is None else (test.equals,), True),
        (None if test.not_equals is None else (test.not_equals,), False),
    ):
        if expected is not None:
            yield _membership(expected, wanted=wanted)


def _membership(expected: Sequence[object], *, wanted: bool) -> _Check:
    texts = {normal_text(entry) for entry in expected if isinstance(entry, str)}
    numbers = {entry for entry in expected if not isinstance(entry, str)}

    def check(value: object) -> int:
        inside = text_of(value) in texts or (bool(numbers) and number_of(value) in numbers)
        return TRUE if inside is wanted else FALSE

    return check


def _order_checks(test: Test) -> Iterator[_Check]:
    limits: list[tuple[float | None, Callable[[float, float], bool]]] = [
        (test.gt, lambda value, limit: value > limit),
        (test.gte, lambda value, limit: value >= limit),
        (test.lt, lambda value, limit: value < limit),
        (test.lte, lambda value, limit: value <= limit),
    ]
    for limit, holds in limits:
        if limit is not None:
            yield _order(limit, holds)


def _order(limit: float, holds: Callable[[float, float], bool]) -> _Check:
    def check(value: object) -> int:
        number = number_of(value)
        return UNKNOWN if number is None else TRUE if holds(number, limit) else FALSE

    return check


def _text_checks(test: Test) -> Iterator[_Check]:
    for parts, find in (
        (test.contains, _any_of(lambda text, part: part in text)),
        (test.starts_with, _any_of(str.startswith)),
        (test.ends_with, _any_of(str.endswith)),
        (test.like, _any_of(like)),
        (test.contains_word, word_finder),
        (test.matches, pattern_finder),
    ):
        if parts is not None:
            yield _text_check(find(parts))


def _any_of(fits: Callable[[str, str], bool]) -> Callable[[Sequence[str]], Callable[[str], bool]]:
    def finder(parts: Sequence[str]) -> Callable[[str], bool]:
        folded = [normal_text(part) for part in parts]
        return lambda text: any(fits(text, part) for part in folded)

    return finder


def _text_check(finds: Callable[[str], bool]) -> _Check:
    return lambda value: TRUE if finds(text_of(value)) else FALSE


def condition_truth(condition: Condition, truth_of: TruthOf, n: int) -> Truth:
    """Combine the tests of a condition over `n` leads by Kleene's rules (1952).

    FALSE decides AND, TRUE decides OR; otherwise UNKNOWN spreads, and NOT UNKNOWN is UNKNOWN.
    """
    parts = [truth_of(field, test) for field, test in condition.tests]
    parts += [condition_truth(part, truth_of, n) for part in condition.all_]
    if condition.any_:
        parts.append(_or([condition_truth(part, truth_of, n) for part in condition.any_]))
    if condition.not_ is not None:
        parts.append(_not(condition_truth(condition.not_, truth_of, n)))
    return reduce(_and, parts, np.full(n, TRUE, dtype=np.int8))


def _and(one: Truth, other: Truth) -> Truth:
    # In the order FALSE < UNKNOWN < TRUE, AND is the minimum and OR the maximum.
    return _from_rank(np.minimum(_rank(one), _rank(other)))


def _or(parts: Sequence[Truth]) -> Truth:
    return _from_rank(reduce(np.maximum, [_rank(part) for part in parts]))


def _not(part: Truth) -> Truth:
    return _from_rank((2 - _rank(part)).astype(np.int8))


_RANKS = np.array([0, 2, 1], dtype=np.int8)  # indexed by FALSE, TRUE and (from the end) UNKNOWN
_TRUTHS = np.array([FALSE, UNKNOWN, TRUE], dtype=np.int8)


def _rank(truth: Truth) -> Truth:
    return _RANKS[truth]


def _from_rank(rank: Truth) -> Truth:
    return _TRUTHS[rank]


def case_points(criterion: CasesCriterion, truth_of: TruthOf, n: int) -> NDArray[np.int64]:
    """Points of the criterion for each of `n` leads, inside its own limits.

    Only a case that is TRUE pays; a last case without `when` pays where no other case is TRUE.
    """
    caught = np.zeros(n, dtype=bool)
    points = np.zeros(n, dtype=np.int64)
    for case in criterion.cases:
        hit = ~caught
        if case.when is not None:
            holds = condition_truth(case.when, truth_of, n) == TRUE
            hit = holds & hit if criterion.match == "first" else holds
        if criterion.match == "max":
            best = np.where(caught, points, np.int64(case.points))
            points = np.where(hit, np.maximum(best, case.points), points)
        else:
            points = points + np.where(hit, np.int64(case.points), np.int64(0))
        caught |= hit
    return _limited(points, criterion.min, criterion.max)


def _limited(points: NDArray[np.int64], low: int | None, high: int | None) -> NDArray[np.int64]:
    if low is not None:
        points = np.maximum(points, low)
    return points if high is None else np.minimum(points, high)


def value_points(criterion: PerValueCriterion, values: Sequence[object]) -> NDArray[np.int64]:
    """Points of a criterion per value for each value of the field, inside its own limits.

    A value is text whose parts are separated by `;`, or a sequence of parts.

    >>> vip = PerValueCriterion(id="i", field="f", per_value={"crm": 10, "cms": 5})
    >>> value_points(vip, ["CRM; cms ;crm", ("cms", None), "erp", None]).tolist()
    [15, 5, 0, 0]
    """
    paid = {normal_text(value): points for value, points in criterion.per_value}
    sums = (sum(paid.get(part, 0) for part in _parts(value)) for value in values)
    points = np.fromiter(sums, dtype=np.int64, count=len(values))
    return _limited(points, criterion.min, criterion.max)


def _parts(value: object) -> frozenset[str]:
    listed = value if isinstance(value, tuple | list) else [value]
    texts = [text_of(part) for part in listed if not is_missing(part)]
    if not isinstance(value, tuple | list):
        texts = [part.strip() for text in texts for part in text.split(";")]
    return frozenset(text for text in texts if text)


Readable = Condition | AnyCriterion | Gate


def conditions_of(part: Readable) -> tuple[Condition, ...]:
    """Give the conditions on fields of the lead that decide `part`, in file order."""
    if isinstance(part, Condition):
        return (part,)
    if isinstance(part, Gate):
        return (part.when,)
    if isinstance(part, CasesCriterion):
        return tuple(case.when for case in part.cases if case.when is not None)
    return ()


def fields_of(part: Readable) -> frozenset[str]:
    """Fields of the lead that decide `part`; none for activities and inactivity."""
    if isinstance(part, PerValueCriterion):
        return frozenset([part.field])
    return frozenset(
        name for condition in conditions_of(part) for name, _ in condition.field_tests()
    )


def where_fields(criterion: ActivityCriterion | TiersCriterion) -> frozenset[str]:
    """Columns of the activities that the criterion's `where` reads."""
    return fields_of(criterion.where) if criterion.where is not None else frozenset()


def looks_at(criterion: AnyCriterion) -> Sequence[str]:
    """What a criterion pays for: names of lead fields, or types of activities."""
    if isinstance(criterion, CasesCriterion | PerValueCriterion):
        return sorted(fields_of(criterion))
    if isinstance(criterion, ActivityCriterion | TiersCriterion):
        return criterion.activity
    return ()
