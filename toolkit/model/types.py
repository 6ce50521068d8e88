"""The types of a model file: groups of criteria, limits, gates, bands and grades.

All are frozen and hold tuples. The other kinds of criterion (per_value, ledger, tiers, decay ...)
join the union `Criterion`; until then their keys are refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from toolkit.errors import nearest_first
from toolkit.model.checks import refuse_repeated, refuse_rising
from toolkit.model.conditions import Condition, Test
from toolkit.model.later import (
    LATER_ANYWHERE,
    LATER_IN_BAND,
    LATER_IN_MODEL,
    LATER_KINDS,
    LATER_PER,
)
from toolkit.model.values import (
    Count,
    Day,
    Identifier,
    Listed,
    Name,
    OneOrMore,
    Points,
    Seconds,
    Truth,
    readable,
)
from toolkit.yamlfile import YamlModel, fail, found

__all__ = [
    "DISQUALIFIED",
    "ActivityCriterion",
    "Band",
    "Basis",
    "Case",
    "CasesCriterion",
    "Condition",
    "Criterion",
    "Dimension",
    "DimensionName",
    "Dimensions",
    "Gate",
    "Grade",
    "Group",
    "InactivityCriterion",
    "Model",
    "PlacedCriterion",
    "Silence",
    "Test",
]

DimensionName = Literal["fit", "behavior"]
Basis = Literal["evidence", "policy", "compliance"]
DISQUALIFIED = "disqualified"
"""What a gate may decide besides the name of a band."""


class _Limited(YamlModel):
    """Anything with a lower and an upper limit on its points, both inclusive."""

    min: Points | None = None
    max: Points | None = None

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise fail(f"'min' ({self.min}) is above 'max' ({self.max}); exchange them?", "min")
        return self


class _Labelled(_Limited):
    """Anything with an id and a label, which defaults to the id made readable."""

    id: Identifier
    label: Name = ""

    @classmethod
    def shape(cls, data: Any) -> Any:
        """Fill in the label."""
        if isinstance(data, dict) and "label" not in data and isinstance(data.get("id"), str):
            return {**data, "label": readable(data["id"])}
        return data


class _Criterion(_Labelled):
    later: ClassVar = {**LATER_ANYWHERE, **LATER_PER}

    basis: Basis = "evidence"


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


class ActivityCriterion(_Criterion):
    """Points for each matching activity in the window, for at most `max_units` of them."""

    activity: OneOrMore[Name]
    where: Condition | None = None
    within: Seconds | None = None
    points: Points
    max_units: Count | None = None


class Silence(YamlModel):
    """How long a lead must have been silent, in whole seconds."""

    later: ClassVar = LATER_PER

    after: Seconds


class InactivityCriterion(_Criterion):
    """Points (mostly negative) for a lead without marketing activity for `after` or longer."""

    inactivity: Silence
    points: Points

    @property
    def after(self) -> int:
        """Whole seconds of silence; exactly that long counts."""
        return self.inactivity.after


_KINDS = {
    "cases": "cases",
    "when": "cases",
    "activity": "activity",
    "inactivity": "inactivity",
}
_TAGS: dict[type, str] = {
    CasesCriterion: "<cases>",
    ActivityCriterion: "<activity>",
    InactivityCriterion: "<inactivity>",
}


def _kind_of(data: Any) -> str | None:
    # The brackets keep a tag in pydantic's locations apart from any key of a file.
    if isinstance(data, dict):
        return next((f"<{kind}>" for key, kind in _KINDS.items() if key in data), None)
    return _TAGS.get(type(data))


def _one_kind(data: Any) -> Any:
    if not isinstance(data, dict):
        if isinstance(data, _Criterion):
            return data
        raise fail(f"a criterion is a mapping (id: ..., points: ...); found {found(data)}")
    named = f"criterion '{data['id']}'" if isinstance(data.get("id"), str) else "this criterion"
    for key, reason in LATER_KINDS.items():
        if key in data:
            raise fail(reason, key, on_key=True)
    kinds = [key for key in _KINDS if key in data]
    if len(kinds) > 1:
        keys = " and ".join(f"'{key}'" for key in kinds)
        raise fail(
            f"{named} has {keys}, which clash: give one, or make two criteria",
            kinds[1],
            on_key=True,
        )
    if not kinds:
        raise fail(
            f"{named} says not what it pays for: add 'when', 'cases', 'activity' or 'inactivity'"
        )
    return data


Criterion = Annotated[
    Annotated[CasesCriterion, Tag("<cases>")]
    | Annotated[ActivityCriterion, Tag("<activity>")]
    | Annotated[InactivityCriterion, Tag("<inactivity>")],
    Discriminator(_kind_of),
    BeforeValidator(_one_kind),
]
"""What earns points. A new kind is one more class here and one more line in `_KINDS`."""


class Group(_Labelled):
    """Criteria of one dimension that share limits."""

    later: ClassVar = LATER_ANYWHERE

    dimension: DimensionName
    criteria: Listed[Criterion]


class Grade(YamlModel):
    """A letter or number for a dimension's points at or above `start` (in the file: `from`)."""

    grade: Name
    start: Points = Field(alias="from")


class Dimension(_Limited):
    """Limits and grades of fit or of behavior."""

    later: ClassVar = LATER_ANYWHERE

    grades: tuple[Grade, ...] = ()

    @model_validator(mode="after")
    def _grades_descend(self) -> Self:
        refuse_repeated("grade", [grade.grade for grade in self.grades], "grades")
        refuse_rising("grade", [(one.grade, one.start) for one in self.grades], "grades")
        return self


class Dimensions(YamlModel):
    """The two dimensions; points of fit and of behavior add up to the score."""

    fit: Dimension = Dimension()
    behavior: Dimension = Dimension()


class Gate(YamlModel):
    """A condition that decides the band whatever the score."""

    when: Condition
    then: Name


class Band(YamlModel):
    """Scores at or above `start` (in the file: `from`) and below the band before."""

    later: ClassVar = LATER_IN_BAND

    name: Name
    start: Points | None = Field(None, alias="from")
    handoff: Truth = False


@dataclass(frozen=True, slots=True)
class PlacedCriterion:
    """A criterion with the group and the dimension it counts in."""

    group: Group
    dimension: DimensionName
    criterion: CasesCriterion | ActivityCriterion | InactivityCriterion


def _format(value: Any) -> Any:
    if isinstance(value, bool) or value != 1:
        raise fail(f"this version of the toolkit reads format 1; found {found(value)}")
    return 1


class Model(_Limited):
    """A point-based lead-scoring model, as read from a file."""

    later: ClassVar = LATER_IN_MODEL

    lead_score_model: Annotated[Literal[1], BeforeValidator(_format)] = 1
    name: Name
    version: Name
    label: Name | None = None
    valid_from: Day | None = None
    base: Points = 0
    dimensions: Dimensions = Dimensions()
    groups: Listed[Group]
    gates: tuple[Gate, ...] = ()
    bands: tuple[Band, ...] = ()

    @property
    def criteria(self) -> tuple[PlacedCriterion, ...]:
        """Every criterion with its group and dimension, in file order."""
        return tuple(
            PlacedCriterion(group, group.dimension, criterion)
            for group in self.groups
            for criterion in group.criteria
        )

    @property
    def handoff_threshold(self) -> int | None:
        """The lowest score that hands a lead to sales (inclusive); None without such a band."""
        starts = [band.start for band in self.bands if band.handoff and band.start is not None]
        return min(starts, default=None)

    @property
    def hash(self) -> str:
        """First 12 hex digits of the SHA-256 of the content, whatever its spelling or order."""
        from toolkit.model.writing import content_hash  # noqa: PLC0415 - writing knows the types

        return content_hash(self)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        refuse_repeated("group", [group.id for group in self.groups], "groups", key="id")
        seen: dict[str, str] = {}
        for number, group in enumerate(self.groups):
            for place, criterion in enumerate(group.criteria):
                name = criterion.id.casefold()
                if name in seen:
                    raise fail(
                        f"the criterion '{criterion.id}' stands here twice (first in group "
                        f"'{seen[name]}'); give one of them another id",
                        "groups",
                        number,
                        "criteria",
                        place,
                        "id",
                    )
                seen[name] = group.id
        return self

    @model_validator(mode="after")
    def _bands_descend(self) -> Self:
        refuse_repeated("band", [band.name for band in self.bands], "bands", key="name")
        for number, band in enumerate(self.bands):
            if band.start is None and number < len(self.bands) - 1:
                raise fail(
                    f"only the last band may have no 'from'; '{band.name}' needs one",
                    "bands",
                    number,
                )
            if band.start is None and band.handoff:
                raise fail(
                    f"the band '{band.name}' has no 'from', so it would hand off every "
                    "lead; give it a 'from'",
                    "bands",
                    number,
                    "handoff",
                )
        starts = [(band.name, band.start) for band in self.bands if band.start is not None]
        refuse_rising("band", starts, "bands")
        return self

    @model_validator(mode="after")
    def _gates_lead_somewhere(self) -> Self:
        targets = [DISQUALIFIED, *(band.name for band in self.bands)]
        for number, gate in enumerate(self.gates):
            if gate.then not in targets:
                raise fail(
                    f"'then' must be '{DISQUALIFIED}' or the name of a band; found '{gate.then}': "
                    f"{nearest_first(gate.then, targets)}",
                    "gates",
                    number,
                    "then",
                )
        return self
