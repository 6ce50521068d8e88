"""Conditions and criteria in the words of the person who types them into a CRM."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from toolkit.model.types import (
    ActivityCriterion,
    CasesCriterion,
    Gate,
    InactivityCriterion,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from toolkit.model.conditions import Condition, Test

__all__ = ["describe", "describe_condition", "duration_words"]

_DAY, _HOUR = 86_400, 3_600


def describe(part: CasesCriterion | ActivityCriterion | InactivityCriterion | Gate) -> str:
    """Say in words when a criterion pays, or a gate decides.

    >>> from toolkit.model.types import ActivityCriterion
    >>> describe(ActivityCriterion(id="pricing", activity="page_view", within="90d", points=15,
    ...                            where={"page": {"like": "/pricing*"}}, max=45))
    'page_view where page is like /pricing*, within 90 days, at most 45 points'
    """
    if isinstance(part, Gate):
        return f"{describe_condition(part.when)}: {part.then}, whatever the score"
    if isinstance(part, CasesCriterion):
        said = _cases(part)
    elif isinstance(part, ActivityCriterion):
        said = ", ".join(_activity(part))
    else:
        said = f"no marketing activity for {duration_words(part.after)} or longer"
    return "".join([said, *_limits(part.min, part.max)])


def duration_words(seconds: int) -> str:
    """Write whole seconds as days or hours.

    >>> duration_words(7_776_000), duration_words(3_600)
    ('90 days', '1 hour')
    """
    days, rest = divmod(seconds, _DAY)
    return _counted(seconds // _HOUR, "hour") if rest else _counted(days, "day")


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if abs(n) == 1 else f"{n} {what}s"


def _limits(low: int | None, high: int | None) -> Iterator[str]:
    if low is not None:
        yield f", at least {_counted(low, 'point')}"
    if high is not None:
        yield f", at most {_counted(high, 'point')}"


_MATCHES = {"first": "the first that holds", "sum": "all that hold", "max": "the best that holds"}


def _cases(criterion: CasesCriterion) -> str:
    first = criterion.cases[0]
    if len(criterion.cases) == 1 and first.when is not None:
        return describe_condition(first.when)
    told = (
        f"{describe_condition(case.when) if case.when else 'otherwise'}: "
        f"{_counted(case.points, 'point')}"
        for case in criterion.cases
    )
    return f"{_MATCHES[criterion.match]} of: {'; '.join(told)}"


def _activity(criterion: ActivityCriterion) -> Iterator[str]:
    where = f" where {describe_condition(criterion.where)}" if criterion.where else ""
    yield f"{_either(criterion.activity)}{where}"
    if criterion.within is not None:
        yield f"within {duration_words(criterion.within)}"
    if criterion.max_units is not None:
        yield f"counted at most {_counted(criterion.max_units, 'time')}"


def describe_condition(condition: Condition) -> str:
    """Say a condition in words.

    >>> from toolkit.model.conditions import Condition
    >>> describe_condition(Condition(**{"employees": {"gte": 500, "lte": 1000}}))
    'employees is 500 to 1000'
    """
    return " and ".join(_parts(condition))


def _parts(condition: Condition) -> Iterator[str]:
    for field, test in condition.tests:
        yield _test(field, test)
    for part in condition.all_:
        yield _bracketed(part)
    if condition.any_:
        told = "; or ".join(_bracketed(part) for part in condition.any_)
        yield f"({told})" if len(condition.any_) > 1 else told
    if condition.not_ is not None:
        yield f"not ({describe_condition(condition.not_)})"


def _bracketed(condition: Condition) -> str:
    told = list(_parts(condition))
    return told[0] if len(told) == 1 else f"({' and '.join(told)})"


def _test(field: str, test: Test) -> str:
    if test.missing is not None:
        return f"{field} is {'missing' if test.missing else 'given'}"
    said = f"{field} {' and '.join(_tells(test.operators))}"
    return f"({said} or is missing)" if test.or_missing else said


_WORDS: dict[str, Callable[[Any], str]] = {
    "in": lambda values: f"is {_either(values)}",
    "not_in": lambda values: f"is not {_either(values)}",
    "equals": lambda value: f"is {_shown(value)}",
    "not_equals": lambda value: f"is not {_shown(value)}",
    "gt": lambda value: f"is above {value}",
    "gte": lambda value: f"is {value} or more",
    "lt": lambda value: f"is below {value}",
    "lte": lambda value: f"is {value} or less",
    "contains": lambda values: f"contains {_either(values)}",
    "contains_word": lambda values: f"contains the word {_either(values)}",
    "starts_with": lambda values: f"begins with {_either(values)}",
    "ends_with": lambda values: f"ends with {_either(values)}",
    "like": lambda values: f"is like {_either(values)}",
    "matches": lambda values: f"fits the pattern {_either(values)}",
}


def _tells(operators: dict[str, Any]) -> Iterator[str]:
    rest = dict(operators)
    if {"gte", "lte"} <= set(rest):
        yield f"is {rest.pop('gte')} to {rest.pop('lte')}"
    for key, value in rest.items():
        yield _WORDS[key](value)


def _shown(value: object) -> str:
    # A comma or an "or" inside a value must not read as one between two values.
    text = str(value)
    return f'"{text}"' if re.search(r"[,;()]|\b(or|and)\b", text) else text


def _either(values: Sequence[object]) -> str:
    *most, last = map(_shown, values)
    return f"{', '.join(most)} or {last}" if most else last
