"""The input contract: which tables there are, their columns, and what a missing table costs."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONTRACT", "DECISIONS", "FIELD_ROLES", "ROLES", "Column", "Table"]

Kind = Literal["id", "word", "text", "instant", "flag", "number"]

ROLES = ("marketing", "sales", "outcome", "system")
"""What an activity is evidence of; criteria use marketing activities only."""

FIELD_ROLES = ("sales", "outcome", "known_before")
"""The analyst's answer about a field that seems to know the outcome.

`sales` and `outcome`: it follows the hand-off or the outcome, so no model may pay for it.
`known_before`: its values stood before the outcome.
"""

DECISIONS = ("accepted", "rejected", "recycled", "no_response")
"""What sales said about a lead that was handed over."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the contract."""

    name: str
    kind: Kind
    required: bool = True
    date_only: Literal["start", "end"] = "start"
    """Where a date without time falls: on the first or the last microsecond of the local day."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the contract; columns beyond it are kept under their own names."""

    name: str
    columns: tuple[Column, ...]
    without: str
    """What cannot be told when the table is absent; empty where nobody would miss it."""

    @property
    def key(self) -> str:
        """The column that says whose row it is."""
        return self.columns[0].name

    @property
    def required(self) -> tuple[str, ...]:
        """Columns without which the table cannot be read."""
        return tuple(column.name for column in self.columns if column.required)

    def column(self, name: str) -> Column | None:
        """Find the contract's column of this name, if it has one."""
        return next((column for column in self.columns if column.name == name), None)


def _contract(*tables: Table) -> Mapping[str, Table]:
    return MappingProxyType({table.name: table for table in tables})


# A date without time says only "on this day". An activity may not be known before it happened,
# so it counts from the end of its day; creation and everything that is an outcome count from the
# start, so no lead looks younger, and no outcome later, than it may have been. Where the order of
# two facts of one day decides, `is_date_only` says that the time of day is not known.
CONTRACT = _contract(
    Table(
        "leads",
        (
            Column("lead_id", "id"),
            Column("created_at", "instant"),
            Column("account_id", "id", required=False),
        ),
        without="nothing can be scored",
    ),
    Table(
        "activities",
        (
            Column("lead_id", "id"),
            Column("activity_type", "word"),
            Column("occurred_at", "instant", date_only="end"),
            Column("recorded_at", "instant", required=False, date_only="end"),
            Column("is_machine", "flag", required=False),
        ),
        without="behavior points can only be those of inactivity",
    ),
    Table(
        "stage_changes",
        (
            Column("lead_id", "id"),
            Column("stage", "word"),
            Column("entered_at", "instant"),
            Column("left_at", "instant", required=False),
            Column("is_date_only", "flag", required=False),
        ),
        without="neither the hand-off nor an outcome has a date, so nothing can be backtested",
    ),
    Table(
        "sales_feedback",
        (
            Column("lead_id", "id"),
            Column("decided_at", "instant"),
            Column("decision", "word"),
            Column("reason_code", "text", required=False),
            Column("is_date_only", "flag", required=False),
        ),
        without="why sales turned leads down is not known",
    ),
    Table(
        "lead_changes",
        (
            Column("lead_id", "id"),
            Column("field", "text"),
            Column("value", "text"),
            Column("valid_from", "instant", date_only="end"),
            Column("old_value", "text", required=False),
            Column("recorded_at", "instant", required=False, date_only="end"),
        ),
        without="the fields of leads are those of the export, not those of the moment",
    ),
    Table(
        "lead_merges",
        (
            Column("loser_id", "id"),
            Column("winner_id", "id"),
            Column("merged_at", "instant", date_only="end"),
        ),
        without="what a merged lead did counts for its survivor as the export has it",
    ),
    Table(
        "score_history",
        (
            Column("lead_id", "id"),
            Column("changed_at", "instant", date_only="end"),
            Column("new_value", "number", required=False),
            Column("delta", "number", required=False),
            Column("old_value", "number", required=False),
            Column("score_name", "text", required=False),
            Column("reason", "text", required=False),
            Column("model_version", "text", required=False),
        ),
        without="the recorded score cannot be compared with the replayed one",
    ),
    Table(
        "model_versions",
        (
            Column("version", "text"),
            Column("valid_from", "instant"),
            Column("file", "text", required=False),
        ),
        without="",
    ),
    Table(
        "moments",
        (
            Column("lead_id", "id"),
            Column("moment", "instant", date_only="end"),
        ),
        without="",
    ),
)
