"""Spans of numbers with open and closed ends, and what a test says of them.

An end is (number, side): side 0 is the number itself, 1 just above it, -1 just below it. So the
ends are ordered as tuples are, and what follows the end (v, side) begins at (v, side + 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from toolkit.model.conditions import Condition, Test

__all__ = [
    "End",
    "Span",
    "condition_of_span",
    "gaps_between",
    "has_whole_number",
    "inside",
    "meet",
    "span_words",
    "spans_of",
]

End = tuple[float, int]
Span = tuple[End, End]

_LOWEST, _HIGHEST = (-math.inf, 1), (math.inf, -1)
_ORDER = {"gt", "gte", "lt", "lte"}


def spans_of(test: Test) -> tuple[Span, ...] | None:
    """Give the spans of numbers that pass a test; None when it is not about numbers alone.

    >>> spans_of(Test(gte=0, lte=15)), spans_of(Test(in_=[1, 3]))
    ((((0, 0), (15, 0)),), (((1, 0), (1, 0)), ((3, 0), (3, 0))))
    """
    given = test.operators
    if given and set(given) <= _ORDER:
        return (_range(test),)
    if set(given) in ({"in"}, {"equals"}):
        values = test.in_ or (test.equals,)
        numbers = [value for value in values if isinstance(value, int | float)]
        if len(numbers) == len(values):
            return tuple(((number, 0), (number, 0)) for number in numbers)
    return None


def _range(test: Test) -> Span:
    low: End = _LOWEST
    high: End = _HIGHEST
    if test.gt is not None or test.gte is not None:
        low = (test.gt, 1) if test.gt is not None else (test.gte or 0, 0)
    if test.lt is not None or test.lte is not None:
        high = (test.lt, -1) if test.lt is not None else (test.lte or 0, 0)
    return low, high


def meet(one: Span, other: Span) -> Span | None:
    """Give what two spans share.

    >>> meet(((11, 0), (1000, 0)), ((1000, 0), (math.inf, -1)))
    ((1000, 0), (1000, 0))
    """
    low, high = max(one[0], other[0]), min(one[1], other[1])
    return (low, high) if low <= high else None


def inside(one: Span, other: Span) -> bool:
    """Say whether all of `one` lies in `other`."""
    return other[0] <= one[0] and one[1] <= other[1]


def gaps_between(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Give what lies between the spans and in none of them, in order.

    >>> gaps_between([((50, 0), (math.inf, -1)), ((0, 0), (15, 0))])
    (((15, 1), (50, -1)),)
    """
    found, reached = [], None
    for low, high in sorted(spans):
        if reached is not None and low > (reached[0], reached[1] + 1):
            found.append(((reached[0], reached[1] + 1), (low[0], low[1] - 1)))
        reached = high if reached is None else max(reached, high)
    return tuple(found)


def _whole_ends(span: Span) -> tuple[float, float] | None:
    """The first and the last whole number, when both ends are finite and given as such."""
    (low, above), (high, below) = span
    if not all(math.isfinite(end) and float(end).is_integer() for end in (low, high)):
        return None
    return int(low) + (above == 1), int(high) - (below == -1)


def has_whole_number(span: Span) -> bool:
    """Say whether a whole number lies in a span, or whether its ends are not whole themselves.

    >>> has_whole_number(((15, 1), (50, -1))), has_whole_number(((15, 1), (16, -1)))
    (True, False)
    """
    ends = _whole_ends(span)
    return ends is None or ends[0] <= ends[1]


def span_words(span: Span) -> str:
    """Write a span for an admin, in whole numbers where its ends are whole.

    >>> span_words(((15, 1), (50, -1))), span_words(((0.5, 1), (50, 0)))
    ('16 to 49', 'above 0.5 up to 50')
    """
    ends = _whole_ends(span)
    if ends is not None and ends[0] <= ends[1]:
        return f"{ends[0]}" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    (low, above), (high, below) = span
    if low == high:
        return f"{low}"
    if math.isinf(low) and math.isinf(high):
        return "any number"
    if math.isinf(high):
        return f"above {low}" if above else f"{low} or more"
    upper = f"below {high}" if below else f"up to {high}"
    return upper if math.isinf(low) else f"{'above' if above else 'from'} {low} {upper}"


def condition_of_span(field: str, span: Span) -> Condition:
    """Write a span as a condition on a field."""
    (low, above), (high, below) = span
    ends: dict[str, float] = {}
    if math.isfinite(low):
        ends["gt" if above else "gte"] = low
    if math.isfinite(high):
        ends["lt" if below else "lte"] = high
    return Condition(tests=((field, Test(**ends)),))
