"""Conditions and criteria in the words of the person who types them into a CRM."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from toolkit.model.types import (
    ActivityCriterion,
    AnyCriterion,
    CasesCriterion,
    Gate,
    InactivityCriterion,
    LedgerCriterion,
    PerValueCriterion,
    TiersCriterion,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from toolkit.model.accounts import AccountScore
    from toolkit.model.conditions import Condition, Test
    from toolkit.model.criteria import Active, Tier
    from toolkit.model.units import Decay, Per

__all__ = [
    "decay_words",
    "describe",
    "describe_account_score",
    "describe_condition",
    "duration_words",
    "per_words",
]

_DAY, _HOUR = 86_400, 3_600


def describe(part: AnyCriterion | Gate) -> str:
    """Say in words when a criterion pays, or a gate decides.

    >>> from toolkit.model.types import ActivityCriterion
    >>> describe(ActivityCriterion(id="pricing", activity="page_view", within="90d", points=15,
    ...                            where={"page": {"like": "/pricing*"}}, max=45))
    'page_view where page is like /pricing*, within 90 days, at most 45 points'
    """
    if isinstance(part, Gate):
        return f"{describe_condition(part.when)}: {part.then}, whatever the score"
    return "".join([_kind(part), *_limits(part.min, part.max), *_more(part.weight, part.active)])


def describe_account_score(rule: AccountScore) -> str:
    """Say how the score of an account is made, without its bands.

    >>> from toolkit.model.accounts import AccountScore
    >>> describe_account_score(AccountScore(roll_up="mean_top", top=3, max=80))
    'the mean of the 3 highest scores of its leads (of all where it has fewer), at most 80 points'
    """
    return "".join([_rolled_up(rule), *_limits(rule.min, rule.max)])


def _rolled_up(rule: AccountScore) -> str:
    if rule.roll_up == "count_from":
        return f"the number of its leads with a score of {rule.start} or more"
    if rule.roll_up == "mean_top" and rule.top != 1:
        return f"the mean of the {rule.top} highest scores of its leads (of all where it has fewer)"
    return (
        "the sum of the scores of its leads"
        if rule.roll_up == "sum"
        else "the highest score of its leads"
    )


def _kind(part: AnyCriterion) -> str:
    if isinstance(part, CasesCriterion):
        return _cases(part)
    if isinstance(part, PerValueCriterion):
        told = "; ".join(
            f"{_shown(v)}: {_counted(points, 'point')}" for v, points in part.per_value
        )
        return f"each value of {part.field} of: {told}"
    if isinstance(part, ActivityCriterion):
        return ", ".join(_activity(part))
    if isinstance(part, TiersCriterion):
        told = "; ".join(map(_tier, part.tiers))
        return f"{_matching(part)}, the first that holds of: {told}"
    if isinstance(part, LedgerCriterion):
        return f"the recorded points of {_either(part.ledger)}"
    return ", ".join(_silence(part))


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


def _more(weight: int, active: Active | None) -> Iterator[str]:
    if weight != 1:
        yield f", times {weight}"
    if active is not None:
        since = "" if active.start is None else f" from {active.start}"
        until = "" if active.end is None else f" to {active.end}"
        yield f", only at moments{since}{until} (UTC)"


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


def _matching(criterion: ActivityCriterion | TiersCriterion) -> str:
    where = f" where {describe_condition(criterion.where)}" if criterion.where else ""
    return f"{_either(criterion.activity)}{where}"


def _activity(criterion: ActivityCriterion) -> Iterator[str]:
    yield _matching(criterion)
    if criterion.within is not None:
        yield f"within {duration_words(criterion.within)}"
    if criterion.per is not None:
        yield per_words(criterion.per)
    if criterion.max_units is not None:
        yield f"counted at most {_counted(criterion.max_units, 'time')}"
    if criterion.decay is not None:
        yield decay_words(criterion.decay)


_BUCKETS = {"day": "day (UTC)", "week": "week from Monday (UTC)"}


def per_words(per: Per) -> str:
    """Say how matching activities make units."""
    bucket = _BUCKETS.get(per.bucket, per.bucket)
    enough = "" if per.at_least == 1 else f" with at least {per.at_least} of them"
    if per.units == "buckets":
        return f"once for each {bucket}{enough}"
    most = "" if per.at_most is None else f"the {per.at_most} latest "
    return f"{most or 'all '}of each {bucket}{enough}"


def decay_words(decay: Decay) -> str:
    """Say how the points of a unit fade."""
    if decay.expire is not None:
        return f"nothing from {duration_words(decay.expire)} on"
    if decay.half_life is not None:
        how = "rounded" if decay.round == "half_up" else "rounded down"
        return f"halved every {duration_words(decay.half_life)} ({how})"
    lost = (
        f"{decay.percent} percent" if decay.points is None else f"{_counted(decay.points, 'point')}"
    )
    return f"less {lost} after every {duration_words(decay.every or 0)}"


def _tier(tier: Tier) -> str:
    within = "" if tier.within is None else f" within {duration_words(tier.within)}"
    return f"{tier.at_least} or more{within}: {_counted(tier.points, 'point')}"


def _silence(criterion: InactivityCriterion) -> Iterator[str]:
    rule = criterion.inactivity
    yield f"no marketing activity for {duration_words(rule.after)} or longer"
    if rule.repeat:
        most = "" if rule.max_times is None else f", {_counted(rule.max_times, 'time')} at most"
        yield f"again after every further {duration_words(rule.after)}{most}"
    if not rule.recover:
        yield "kept when activity returns"


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
