"""The kinds of criterion: cases, per_value, activity, tiers, inactivity, ledger.

Points and limits are whole numbers on the model's `scale`. What each kind counts is said by its
class; `min` and `max` hold for the criterion's own sum, and `weight` multiplies what is left.
"""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from toolkit.model.base import Labelled
from toolkit.model.conditions import Condition
from toolkit.model.later import (
    NO_CALENDAR,
    NOT_IN_CRITERION,
    NOT_IN_LEDGER,
    NOT_IN_SILENCE,
    NOT_WITH_TIERS,
)
from toolkit.model.text import normal_text
from toolkit.model.units import Decay, Per
from toolkit.model.values import (
    LONGEST_TEXT,
    Count,
    Day,
    Listed,
    Name,
    OneOrMore,
    Pairs,
    Points,
    Seconds,
    Truth,
    Weight,
)
from toolkit.yamlfile import YamlModel, fail, found

__all__ = [
    "Active",
    "ActivityCriterion",
    "AnyCriterion",
    "Basis",
    "Case",
    "CasesCriterion",
    "Criterion",
    "InactivityCriterion",
    "LedgerCriterion",
    "PerValueCriterion",
    "Silence",
    "Tier",
    "TiersCriterion",
]

_MOST_TIERS = 100
Basis = Literal["evidence", "policy", "compliance"]


class Active(YamlModel):
    """The season of a criterion: at moments before `from` or after `to` it pays nothing.

    Both days are inclusive and in UTC. What counts is the moment of the score, not the time of
    an activity: a rule that is switched off pays for nothing, and its own limits rest as well.
    """

    start: Day | None = Field(None, alias="from")
    end: Day | None = Field(None, alias="to")

    @model_validator(mode="after")
    def _has_a_span(self) -> Self:
        if self.start is None and self.end is None:
            raise fail("'active' needs 'from', 'to' or both")
        if self.start is not None and self.end is not None and self.start > self.end:
            raise fail(f"'from' ({self.start}) is after 'to' ({self.end}); exchange them?", "from")
        return self


class _Criterion(Labelled):
    later: ClassVar = NOT_IN_CRITERION

    basis: Basis = "evidence"
    weight: Weight = 1
    active: Active | None = None


class Case(YamlModel):
    """Points for leads that meet `when`; without `when`, for leads that no other case caught."""

    when: Condition | None = None
    points: Points


class CasesCriterion(_Criterion):
    """Points by the lead's fields: of the first matching case, of all (`sum`) or of the best."""

    cases: Listed[Case]
    match: Literal["first", "sum", "max"] = "first"

    @classmethod
    def known_keys(cls) -> frozenset[str]:
        """Add the short form: a single case may be written as `when` and `points` without a list."""
        return super().known_keys() | {"when", "points"}

    @classmethod
    def shape(cls, data: Any) -> Any:
        """Read a bare `when` and `points` as the only case."""
        data = super().shape(data)
        if not isinstance(data, dict) or "when" not in data:
            if isinstance(data, dict) and "points" in data:
                raise fail(
                    "'points' belong inside each case when there are 'cases'",
                    "points",
                    on_key=True,
                )
            return data
        case = {key: data[key] for key in ("when", "points") if key in data}
        rest = {key: value for key, value in data.items() if key not in case}
        return {**rest, "cases": [case]}

    @model_validator(mode="after")
    def _default_comes_last(self) -> Self:
        for number, case in enumerate(self.cases[:-1]):
            if case.when is None:
                raise fail(
                    "only the last case may have no 'when': it pays the leads that no other "
                    "case caught",
                    "cases",
                    number,
                )
        if self.cases[0].when is None:
            raise fail("the only case has no 'when', so it pays every lead; use 'base'", "cases")
        return self


def _entry(text: str) -> str:
    if not text.strip() or ";" in text:
        raise fail(f"a value is one text without ';'; found {found(text)}")
    if len(text) > LONGEST_TEXT:
        raise fail(f"this value is longer than {LONGEST_TEXT} characters; shorten it")
    return text  # as written, so that a value that stands there twice is seen


class PerValueCriterion(_Criterion):
    """Points for each different value of a field that holds several.

    The field is text separated by `;`, or a list. Values are trimmed and compared without case;
    one that stands there twice pays once; one that is not listed pays nothing.
    """

    field: Name
    per_value: Annotated[tuple[tuple[str, Points], ...], Pairs(_entry)]

    @model_validator(mode="after")
    def _values_differ(self) -> Self:
        if not self.per_value:
            raise fail("this mapping is empty; write value: points", "per_value")
        seen: dict[str, str] = {}
        for value, _ in self.per_value:
            same = seen.setdefault(normal_text(value), value)
            if same != value:
                raise fail(
                    f"'{same}' and '{value}' are the same value, as case does not count; "
                    "delete one of them",
                    "per_value",
                    value,
                    on_key=True,
                )
        return self


class ActivityCriterion(_Criterion):
    """Points for each unit of matching activities in the window, for at most `max_units` of them.

    The matching activities in the window that follow the last reset are split by `per`; each
    unit pays `points`, less its decay; of more than `max_units` units the most recent count.
    """

    activity: OneOrMore[Name]
    where: Condition | None = None
    within: Seconds | None = None
    points: Points
    per: Per | None = None
    max_units: Count | None = None
    decay: Decay | None = None

    @model_validator(mode="after")
    def _decay_can_be_written_in_steps(self) -> Self:
        if self.decay is not None:
            self.decay.refuse_too_long(self.points)
        return self


class Tier(YamlModel):
    """Points for at least so many activities within a window (without `within`: ever)."""

    later: ClassVar = NO_CALENDAR

    at_least: Count
    within: Seconds | None = None
    points: Points


class TiersCriterion(_Criterion):
    """Points of the first tier, in the order of the file, whose count is reached."""

    later: ClassVar = NOT_WITH_TIERS

    activity: OneOrMore[Name]
    where: Condition | None = None
    tiers: Listed[Tier]

    @model_validator(mode="after")
    def _every_tier_can_pay(self) -> Self:
        if len(self.tiers) > _MOST_TIERS:
            raise fail(f"there are more than {_MOST_TIERS} tiers", "tiers")
        for (first, one), (second, other) in combinations(enumerate(self.tiers), 2):
            wider = one.within is None or (other.within is not None and other.within <= one.within)
            if one.at_least <= other.at_least and wider:
                raise fail(
                    f"tier {second + 1} can never pay: whoever reaches it has reached tier "
                    f"{first + 1}; write the harder one first",
                    "tiers",
                    second,
                )
        return self


class Silence(YamlModel):
    """How long a lead must have been silent, in whole seconds, and how often that pays.

    `recover: true`: the score as it stands now; the next activity takes the points back.
    `recover: false`: a ledger; what fired once stays, each spell of silence adds to it.
    """

    later: ClassVar = {**NOT_IN_CRITERION, **NOT_IN_SILENCE}

    after: Seconds
    repeat: Truth = False
    max_times: Count | None = None
    recover: Truth = True

    @model_validator(mode="after")
    def _times_need_repeat(self) -> Self:
        if self.max_times is not None and not self.repeat:
            raise fail("'max_times' needs 'repeat: true'", "max_times", on_key=True)
        return self


class InactivityCriterion(_Criterion):
    """Points (mostly negative) for a lead without marketing activity for `after` or longer.

    The clock starts at the last activity, the creation or the last reset of the group, whichever
    is latest. With `repeat` it pays once for every `after` that has passed, `max_times` at most
    in one spell of silence. An activity in the very second keeps the rule from firing.
    """

    inactivity: Silence
    points: Points

    @property
    def after(self) -> int:
        """Whole seconds of silence; exactly that long counts."""
        return self.inactivity.after


class LedgerCriterion(_Criterion):
    """The recorded deltas (column `delta` of the activities, in points) of these types, summed.

    They are facts, not rules: nothing is fitted to them. Deltas of a lead count from their own
    second on, and after the last reset of the group.
    """

    later: ClassVar = NOT_IN_LEDGER

    ledger: OneOrMore[Name]


AnyCriterion = (
    CasesCriterion
    | PerValueCriterion
    | ActivityCriterion
    | TiersCriterion
    | InactivityCriterion
    | LedgerCriterion
)
# The first key of a row that is there names the kind; the brackets keep a tag in pydantic's
# locations apart from any key of a file.
_KINDS = {
    "cases": "<cases>",
    "when": "<cases>",
    "per_value": "<per_value>",
    "tiers": "<tiers>",
    "activity": "<activity>",
    "inactivity": "<inactivity>",
    "ledger": "<ledger>",
}
_TAGS: dict[type, str] = {
    CasesCriterion: "<cases>",
    PerValueCriterion: "<per_value>",
    TiersCriterion: "<tiers>",
    ActivityCriterion: "<activity>",
    InactivityCriterion: "<inactivity>",
    LedgerCriterion: "<ledger>",
}


def _kind_of(data: Any) -> str | None:
    if isinstance(data, dict):
        return next((tag for key, tag in _KINDS.items() if key in data), None)
    return _TAGS.get(type(data))


def _one_kind(data: Any) -> Any:
    if not isinstance(data, dict):
        if isinstance(data, _Criterion):
            return data
        raise fail(f"a criterion is a mapping (id: ..., points: ...); found {found(data)}")
    named = f"criterion '{data['id']}'" if isinstance(data.get("id"), str) else "this criterion"
    kinds = [key for key in _KINDS if key in data and key != "tiers"]
    if len(kinds) > 1:
        keys = " and ".join(f"'{key}'" for key in kinds)
        raise fail(
            f"{named} has {keys}, which clash: give one, or make two criteria",
            kinds[1],
            on_key=True,
        )
    if not kinds:
        raise fail(
            f"{named} says not what it pays for: add 'when', 'cases', 'per_value', 'activity', "
            "'inactivity' or 'ledger'"
        )
    return data


Criterion = Annotated[
    Annotated[CasesCriterion, Tag("<cases>")]
    | Annotated[PerValueCriterion, Tag("<per_value>")]
    | Annotated[TiersCriterion, Tag("<tiers>")]
    | Annotated[ActivityCriterion, Tag("<activity>")]
    | Annotated[InactivityCriterion, Tag("<inactivity>")]
    | Annotated[LedgerCriterion, Tag("<ledger>")],
    Discriminator(_kind_of),
    BeforeValidator(_one_kind),
]
"""What earns points. A new kind is one more class here and one more line in `_KINDS`."""
