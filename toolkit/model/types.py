"""The types of a model file: groups of criteria, limits, resets, gates, bands and grades.

All are frozen and hold tuples. Order of operations: points of a unit, decay of the unit, limits of
the criterion, its weight, limits of the group, limits and weight of the dimension, base, limits of
the total, rounding, gates, bands. Everything before the rounding (points, limits, base, grades)
is in whole numbers on `scale`; bands are in points of the reported score.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from toolkit.errors import nearest_first
from toolkit.model.accounts import AccountBand, AccountScore
from toolkit.model.base import Labelled, Limited
from toolkit.model.checks import refuse_repeated, refuse_rising, refuse_second_rest
from toolkit.model.conditions import Condition, Test, field_name
from toolkit.model.criteria import (
    Active,
    ActivityCriterion,
    AnyCriterion,
    Basis,
    Case,
    CasesCriterion,
    Criterion,
    InactivityCriterion,
    LedgerCriterion,
    PerValueCriterion,
    Silence,
    Tier,
    TiersCriterion,
)
from toolkit.model.derived import Derived
from toolkit.model.later import NOT_AT_ALL, NOT_IN_BAND, NOT_IN_GROUP, NOT_IN_MODEL
from toolkit.model.size import refuse_inexact
from toolkit.model.standing import Standing
from toolkit.model.units import Decay, Per, decay_steps
from toolkit.model.values import (
    Count,
    Day,
    Listed,
    Name,
    OneOrMore,
    Pairs,
    Points,
    Truth,
    Weight,
)
from toolkit.yamlfile import YamlModel, fail, found

__all__ = [
    "DISQUALIFIED",
    "AccountBand",
    "AccountScore",
    "Active",
    "ActivityCriterion",
    "AnyCriterion",
    "Band",
    "BandException",
    "Basis",
    "Case",
    "CasesCriterion",
    "Condition",
    "Criterion",
    "Decay",
    "Derived",
    "Dimension",
    "DimensionName",
    "Dimensions",
    "Gate",
    "Grade",
    "Group",
    "InactivityCriterion",
    "LedgerCriterion",
    "Model",
    "Per",
    "PerValueCriterion",
    "PlacedCriterion",
    "Reset",
    "Silence",
    "Test",
    "Tier",
    "TiersCriterion",
    "score_unit",
]

DimensionName = Literal["fit", "behavior"]
Rounding = Literal["half_up", "floor", "none"]
DISQUALIFIED = "disqualified"
"""What a gate may decide besides the name of a band."""
_MOST_EXCEPTIONS = 60
# A scored lead has one column for each criterion, beside these.
_COLUMNS_OF_ROWS = frozenset(
    ["lead_id", "account_id", "moment", "score", "fit", "behavior", "state", "decision"]
) | {"quarter", "month", "band", "grade"}


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


class Model(Limited):
    """A point-based lead-scoring model, as read from a file.

    `valid_from` says which version ran when; it changes no score, so that a new version can be
    tried on the past.
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
    _standing: Standing = PrivateAttr(default_factory=Standing)

    @property
    def standing(self) -> Standing:
        """Where its criteria stand in the file it was read from."""
        return self._standing

    def standing_at(self, standing: Standing) -> Self:
        """The same model, which remembers where its criteria stand."""
        found = self.model_copy()
        found._standing = standing  # noqa: SLF001 - its own
        return found

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
        """The lowest score that hands a lead to sales (inclusive); None without such a band.

        Exceptions of bands are not looked at: this is the threshold of all other leads.
        """
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
    def _rows_have_room_for_the_criteria(self) -> Self:
        for number, group in enumerate(self.groups):
            for place, criterion in enumerate(group.criteria):
                if criterion.id in _COLUMNS_OF_ROWS:
                    raise fail(
                        f"'{criterion.id}' is the name of another column of a scored lead; give "
                        "the criterion another id",
                        *("groups", number, "criteria", place, "id"),
                    )
        return self

    @model_validator(mode="after")
    def _bands_descend(self) -> Self:
        refuse_repeated("band", [band.name for band in self.bands], "bands", key="name")
        refuse_second_rest([(band.name, band.start) for band in self.bands])
        for number, band in enumerate(self.bands):
            if band.start is None and band.handoff:
                raise fail(
                    f"the band '{band.name}' has no 'from', so it would hand off every "
                    "lead; give it a 'from'",
                    "bands",
                    number,
                    "handoff",
                )
        if sum(len(band.exceptions) for band in self.bands) > _MOST_EXCEPTIONS:
            raise fail(f"there are more than {_MOST_EXCEPTIONS} exceptions of bands", "bands")
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

    @model_validator(mode="after")
    def _resets_name_groups(self) -> Self:
        known = {group.id.casefold() for group in self.groups}
        for number, reset in enumerate(self.resets):
            for name in reset.groups or ():
                if name.casefold() not in known:
                    near = nearest_first(name, [group.id for group in self.groups])
                    raise fail(f"there is no group '{name}': {near}", "resets", number, "groups")
        return self

    @model_validator(mode="after")
    def _derived_fields_come_from_given_ones(self) -> Self:
        names = [name for name, _ in self.derive]
        for name, derived in self.derive:
            if derived.source in names:
                raise fail(
                    f"'{name}' is made from '{derived.source}', which is itself derived; name a "
                    "column of leads",
                    "derive",
                    name,
                )
        return self

    @model_validator(mode="after")
    def _no_rounding_needs_whole_points(self) -> Self:
        if self.rounding == "none" and score_unit(self) != 1:
            raise fail(
                "'rounding: none' needs a score that is whole by itself: scale 1 and no decay by "
                "percent that leaves a fraction; write half_up or floor",
                "rounding",
            )
        means = self.account_score is not None and (self.account_score.top or 1) > 1
        if self.rounding == "none" and means:
            raise fail(
                "'rounding: none' does not go with 'roll_up: mean_top': a mean of scores may "
                "leave a fraction; write half_up or floor",
                "rounding",
            )
        return self

    @model_validator(mode="after")
    def _sums_stay_exact(self) -> Self:
        refuse_inexact(self, score_unit(self))
        return self


def score_unit(model: Model) -> int:
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
