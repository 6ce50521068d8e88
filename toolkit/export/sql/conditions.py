"""Tests and conditions in SQL, whose own logic of NULL is that of the model.

A missing value is NULL, so a test on it is NULL, which is unknown; AND, OR and NOT follow
Kleene's rules in every engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from toolkit.errors import ExportError
from toolkit.export.sql.dialects import Dialect
from toolkit.export.sql.text import entry_pattern, word_pattern
from toolkit.model import CasesCriterion, Condition, PerValueCriterion, Test, normal_text

__all__ = ["TestOf", "cases_sql", "condition_sql", "limited", "test_sql", "values_sql"]

TestOf = Callable[[str, Test], str]
"""Gives the SQL of a test on a field."""

_EXACT = 2**53


def test_sql(
    test: Test,
    dialect: Dialect,
    *,
    text: str,
    number: str,
    words: str,
    alphabet: frozenset[str],
) -> str:
    """Write a test on a value given as folded text, as a number, and as words only."""
    if test.missing is not None:
        return f"({text} is null)" if test.missing else f"({text} is not null)"
    parts = [
        *_memberships(test, dialect, text, number),
        *_orders(test, number),
        *_texts(test, dialect, text),
    ]
    if test.contains_word is not None:
        parts.append(dialect.has(words, word_pattern(test.contains_word, alphabet)))
    if test.matches is not None:
        raise ExportError(
            f"a test asks whether a text matches {test.matches[0]!r}: regular expressions mean "
            "different things in different engines. Write it with contains_word, starts_with, "
            "ends_with or like"
        )
    made = " and ".join(f"({part})" for part in parts)
    return f"({text} is null or ({made}))" if test.or_missing else f"({made})"


test_sql.__test__ = False  # type: ignore[attr-defined]  # not a test for pytest to collect


def _memberships(test: Test, dialect: Dialect, text: str, number: str) -> list[str]:
    listed = [
        (test.in_, ""),
        (test.not_in, "not "),
        (None if test.equals is None else (test.equals,), ""),
        (None if test.not_equals is None else (test.not_equals,), "not "),
    ]
    return [
        f"{sign}({_inside(entries, dialect, text, number)})"
        for entries, sign in listed
        if entries is not None
    ]


def _inside(entries: Sequence[str | float], dialect: Dialect, text: str, number: str) -> str:
    texts = dict.fromkeys(normal_text(entry) for entry in entries if isinstance(entry, str))
    numbers = dict.fromkeys(entry for entry in entries if not isinstance(entry, str))
    one = f"{text} in ({', '.join(map(dialect.literal, texts))})"
    if not numbers:
        return one
    # A text that is no number is not among numbers: false, not unknown.
    other = f"coalesce({number} in ({', '.join(map(_number, numbers))}), false)"
    return f"{one} or {other}" if texts else f"case when {text} is not null then {other} end"


def _orders(test: Test, number: str) -> list[str]:
    signs = ((">", test.gt), (">=", test.gte), ("<", test.lt), ("<=", test.lte))
    return [f"{number} {sign} {_number(limit)}" for sign, limit in signs if limit is not None]


def _number(value: float) -> str:
    """A number that a floating-point column holds exactly as Python does."""
    if abs(value) >= _EXACT or 0 < abs(value) < 1 / _EXACT:
        raise ExportError(
            f"a test compares with the number {value}, which engines do not hold exactly; "
            f"expected 0 or a size between 1/2^53 and 2^53"
        )
    if isinstance(value, int):
        return str(value) if value >= 0 else f"({value})"
    spelled = repr(value) if "e" in repr(value) else f"{value!r}e0"
    return spelled if value >= 0 else f"({spelled})"


def _texts(test: Test, dialect: Dialect, text: str) -> list[str]:
    makers: list[tuple[Sequence[str] | None, Callable[[str], str]]] = [
        (test.contains, lambda part: dialect.holds(text, part)),
        (test.starts_with, lambda part: f"left({text}, {len(part)}) = {dialect.literal(part)}"),
        (test.ends_with, lambda part: f"right({text}, {len(part)}) = {dialect.literal(part)}"),
        (test.like, lambda part: dialect.like(text, part.split("*"))),
    ]
    return [
        " or ".join(make(normal_text(part)) for part in parts)
        for parts, make in makers
        if parts is not None
    ]


def condition_sql(condition: Condition, test_of: TestOf) -> str:
    """Write a condition in brackets; it is NULL where the model says unknown."""
    parts = [test_of(field, test) for field, test in condition.tests]
    parts += [condition_sql(part, test_of) for part in condition.all_]
    if condition.any_:
        parts.append(f"({' or '.join(condition_sql(part, test_of) for part in condition.any_)})")
    if condition.not_ is not None:
        parts.append(f"(not {condition_sql(condition.not_, test_of)})")
    return parts[0] if len(parts) == 1 else f"({' and '.join(parts)})"


def cases_sql(criterion: CasesCriterion, test_of: TestOf) -> str:
    """Write the points of a criterion, inside its own limits."""
    whens = [
        (condition_sql(case.when, test_of), case.points)
        for case in criterion.cases
        if case.when is not None
    ]
    rest = next((case.points for case in criterion.cases if case.when is None), 0)
    if criterion.match == "sum":
        caught = " or ".join(when for when, _ in whens)
        paid = [f"case when {when} then {points} else 0 end" for when, points in whens]
        paid.append(f"case when {caught} then 0 else {rest} end")
        return limited(" + ".join(paid), criterion.min, criterion.max)
    if criterion.match == "max":
        whens.sort(key=lambda pair: -pair[1])
    listed = " ".join(f"when {when} then {points}" for when, points in whens)
    return limited(f"case {listed} else {rest} end", criterion.min, criterion.max)


def values_sql(criterion: PerValueCriterion, dialect: Dialect, text: str) -> str:
    """Write the points of a criterion per value, inside its own limits."""
    paid = [
        f"case when {dialect.has(text, entry_pattern(value))} then {points} else 0 end"
        for value, points in criterion.per_value
    ]
    return limited(" + ".join(paid), criterion.min, criterion.max)


def limited(value: str, low: int | None, high: int | None) -> str:
    """Keep a value that is never NULL within limits; with NULL engines would differ here."""
    made = f"({value})"
    made = made if high is None else f"least({made}, {high})"
    return made if low is None else f"greatest({made}, {low})"
