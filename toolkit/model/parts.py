"""The parts of a model file: groups of criteria, limits, resets, gates, bands and grades."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from toolkit.model.accounts import AccountScore
from toolkit.model.base import Labelled, Limited
from toolkit.model.checks import refuse_repeated, refuse_rising
from toolkit.model.conditions import Condition, field_name
from toolkit.model.criteria import ActivityCriterion, AnyCriterion, Criterion
from toolkit.model.derived import Derived
from toolkit.model.later import NOT_AT_ALL, NOT_IN_BAND, NOT_IN_GROUP, NOT_IN_MODEL
from toolkit.model.units import decay_steps
from toolkit.model.values import Count, Day, Listed, Name, OneOrMore, Pairs, Points, Truth, Weight
from toolkit.yamlfile import YamlModel, fail, found

__all__ = [
    "Band",
    "BandException",
    "Content",
    "Dimension",
    "DimensionName",
    "Dimensions",
    "Gate",
    "Grade",
    "Group",
    "PlacedCriterion",
    "Reset",
    "score_unit",
]

DimensionName = Literal["fit", "behavior"]
Rounding = Literal["half_up", "floor", "none"]


class Group(Labelled):
    """Criteria of one dimension that share limits."""

    later: ClassVar = NOT_IN_GROUP

    dimension: DimensionName
    criteria: Listed[Criterion]


class Grade(YamlModel):
    """A letter or number for a dimension's points at or above `start` (in the file: `from`)."""

    grade: Name
    start: Points = Field(alias="from")


class Dimension(Limited):
    """Limits, weight and grades of fit or of behavior.

    Grades read the points inside the limits, before the weight: a dimension of weight 0 has
    grades and adds nothing to the score.
    """

    later: ClassVar = NOT_AT_ALL

    weight: Weight = 1
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
    """A condition that decides the band whatever the score; the first that holds decides."""

    when: Condition
    then: Name


class BandException(YamlModel):
    """Leads for which a band begins elsewhere."""

    when: Condition
    start: Points = Field(alias="from")


class Band(YamlModel):
    """Scores at or above `start` (in the file: `from`) and below the band before.

    For a lead that meets the condition of an exception (the first that holds), the band begins
    there instead. A lead is in the band with the highest beginning that its score reaches.
    """

    later: ClassVar = NOT_IN_BAND

    name: Name
    start: Points | None = Field(None, alias="from")
    handoff: Truth = False
    exceptions: tuple[BandException, ...] = ()

    @model_validator(mode="after")
    def _exceptions_differ_from_something(self) -> Self:
        if self.exceptions and self.start is None:
            raise fail(
                f"'exceptions' need a band with 'from'; '{self.name}' takes every other score",
                "exceptions",
                on_key=True,
            )
        return self


class Reset(YamlModel):
    """Activities that set groups back: whatever stands at or before the last one counts no more.

    Activities of any role may reset. Without `groups` all groups are set back. Criteria on fields
    are not touched; the inactivity clock starts again; recorded deltas before it are gone.
    """

    activities: OneOrMore[Name]
    groups: OneOrMore[Name] | None = None


@dataclass(frozen=True, slots=True)
class PlacedCriterion:
    """A criterion with the group and the dimension it counts in."""

    group: Group
    dimension: DimensionName
    criterion: AnyCriterion


def _format(value: Any) -> Any:
    if isinstance(value, bool) or value != 1:
        raise fail(f"this version of the toolkit reads format 1; found {found(value)}")
    return 1


class Content(Limited):
    """What stands in a model file, each part checked by itself.

    `Model` adds what must hold between the parts.
    """

    later: ClassVar = NOT_IN_MODEL

    lead_score_model: Annotated[Literal[1], BeforeValidator(_format)] = 1
    name: Name
    version: Name
    label: Name | None = None
    valid_from: Day | None = None
    scale: Count = 1
    """How many units make a point: points, limits, base and grades count units."""
    rounding: Rounding = "half_up"
    base: Points = 0
    dimensions: Dimensions = Dimensions()
    groups: Listed[Group]
    gates: tuple[Gate, ...] = ()
    bands: tuple[Band, ...] = ()
    account_score: AccountScore | None = None
    resets: tuple[Reset, ...] = ()
    derive: Annotated[tuple[tuple[str, Derived], ...], Pairs(field_name)] = ()

    @property
    def criteria(self) -> tuple[PlacedCriterion, ...]:
        """Every criterion with its group and dimension, in file order."""
        return tuple(
            PlacedCriterion(group, group.dimension, criterion)
            for group in self.groups
            for criterion in group.criteria
        )


def score_unit(model: Content) -> int:
    """How many of its own units the model counts to a point: whole numbers for all it adds.

    The scale, times what decay by percent needs: 10 points that lose 25 percent at a time are
    10, 7.5, 5, 2.5 points, so halves are counted.
    """
    parts = [
        value.denominator
        for placed in model.criteria
        if isinstance(placed.criterion, ActivityCriterion)
        for _, value in decay_steps(placed.criterion.points, placed.criterion.decay)[0]
    ]
    return model.scale * lcm(*parts)
