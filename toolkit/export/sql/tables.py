"""Where the customer's rows are, and what their columns are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from toolkit.errors import QuestionError

__all__ = ["Tables"]


@dataclass(frozen=True, slots=True)
class Tables:
    """Names of the customer's tables and columns; a table may carry a schema, as in `crm.leads`.

    Parameters
    ----------
    leads, activities
        The two tables. A dot separates database, schema and table.
    lead_id, created_at
        Columns of the lead table.
    activity_lead_id, activity_type, occurred_at
        Columns of the activity table.
    activity_id
        Column of activities that names one, so that a repeated activity counts once; without it
        every row counts.
    recorded_at
        Column of activities: when the row became known; an activity counts from the later time.
    is_machine
        Column of activities (boolean): true for clicks of machines, which never count.
    lead_columns, activity_columns
        A field of the model: its column, where the two names differ.
    other_types
        Activity types that are no marketing activity (calls of sales, status changes): they do
        not break silence, and no criterion but a ledger may pay for them.
    missing
        Texts that stand for a missing value, such as `Select`, in any case of letters.
    account_id
        Column of leads that names the account, for `export_account_sql`.
    moment
        Column of leads with the moment of each lead's score; without it all leads are scored at
        one moment, and a lead without it is left out.
    """

    leads: str = "leads"
    activities: str = "activities"
    lead_id: str = "lead_id"
    created_at: str = "created_at"
    activity_lead_id: str = "lead_id"
    activity_type: str = "activity_type"
    occurred_at: str = "occurred_at"
    activity_id: str | None = None
    recorded_at: str | None = None
    is_machine: str | None = None
    account_id: str = "account_id"
    lead_columns: Mapping[str, str] = field(default_factory=dict)
    activity_columns: Mapping[str, str] = field(default_factory=dict)
    other_types: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    moment: str | None = None

    def __post_init__(self) -> None:
        """Refuse names that no table can have."""
        for name in (self.leads, self.activities):
            if not all(part.strip() for part in name.split(".")):
                raise QuestionError(
                    f"'{name}' is no name of a table; expected a name such as leads or crm.leads"
                )
