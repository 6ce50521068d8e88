"""The types of a model file: groups of criteria, limits, resets, gates, bands and grades.

All are frozen and hold tuples. Order of operations: points of a unit, decay of the unit, limits of
the criterion, its weight, limits of the group, limits and weight of the dimension, base, limits of
the total, rounding, gates, bands. Everything before the rounding (points, limits, base, grades)
is in whole numbers on `scale`; bands are in points of the reported score.
"""

from __future__ import annotations

from typing import Self

from pydantic import PrivateAttr, model_validator

from toolkit.errors import nearest_first
from toolkit.model.accounts import AccountBand, AccountScore
from toolkit.model.checks import refuse_repeated, refuse_rising, refuse_second_rest
from toolkit.model.conditions import Condition, Test
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
from toolkit.model.parts import (
    Band,
    BandException,
    Content,
    Dimension,
    DimensionName,
    Dimensions,
    Gate,
    Grade,
    Group,
    PlacedCriterion,
    Reset,
    score_unit,
)
from toolkit.model.plain import content_hash
from toolkit.model.size import refuse_inexact
from toolkit.model.standing import Standing
from toolkit.model.units import Decay, Per
from toolkit.yamlfile import fail

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

DISQUALIFIED = "disqualified"
"""What a gate may decide besides the name of a band."""
_MOST_EXCEPTIONS = 60
# A scored lead has one column for each criterion, beside these.
_COLUMNS_OF_ROWS = frozenset(
    ["lead_id", "account_id", "moment", "score", "fit", "behavior", "state", "decision"]
) | {"quarter", "month", "band", "grade"}


class Model(Content):
    """A point-based lead-scoring model, as read from a file.

    `valid_from` says which version ran when; it changes no score, so that a new version can be
    tried on the past.
    """

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
    def handoff_threshold(self) -> int | None:
        """The lowest score that hands a lead to sales (inclusive); None without such a band.

        Exceptions of bands are not looked at: this is the threshold of all other leads.
        """
        starts = [band.start for band in self.bands if band.handoff and band.start is not None]
        return min(starts, default=None)

    @property
    def hash(self) -> str:
        """First 12 hex digits of the SHA-256 of the content, whatever its spelling or order."""
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
