"""An export asked for in the words of a command line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from toolkit.errors import QuestionError
from toolkit.export.sql import Tables, export_account_sql, export_fit_case, export_sql
from toolkit.model import Model

__all__ = ["export_text", "tables_of"]

# Columns that every table has: here a name of ours is a setting of its own.
_OWN = {
    "lead_id": "lead_id",
    "created_at": "created_at",
    "account_id": "account_id",
    "activities.lead_id": "activity_lead_id",
    "activities.activity_type": "activity_type",
    "activities.occurred_at": "occurred_at",
    "activities.activity_id": "activity_id",
    "activities.recorded_at": "recorded_at",
    "activities.is_machine": "is_machine",
}


def export_text(
    model: Model,
    *,
    dialect: str = "duckdb",
    tables: Tables | None = None,
    as_of: str | None = None,
    fit_only: bool = False,
    accounts: bool = False,
) -> str:
    """Export a model as SQL; `as_of` is text, a date (its end) or a UTC time.

    Writes what `export_sql` does, or with `fit_only` what `export_fit_case`, or with `accounts`
    what `export_account_sql`.
    """
    moment = None if as_of is None else _moment(as_of)
    if fit_only and accounts:
        raise QuestionError("an account score needs the whole scores; leave one of the two out")
    if fit_only and moment is not None:
        raise QuestionError("the fit points have no moment; leave 'as of' or 'fit only' out")
    if fit_only:
        return export_fit_case(model, dialect, tables=tables)
    write = export_account_sql if accounts else export_sql
    return write(model, dialect=dialect, tables=tables, as_of=moment)


def _moment(text: str) -> datetime | date:
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(text.strip())
        except ValueError:
            continue
    raise QuestionError(
        f"'{text}' is no moment; expected a date or a time, as in 2026-06-30 or 2026-06-30T12:00:00"
    )


def tables_of(
    *,
    leads: str = "leads",
    activities: str = "activities",
    columns: Iterable[str] = (),
    other_types: Iterable[str] = (),
    missing: Iterable[str] = (),
) -> Tables:
    """Read columns written as `<field>=<column>` or `activities.<field>=<column>`.

    >>> tables_of(columns=["title=job", "activities.page=url"]).activity_columns
    {'page': 'url'}
    """
    own: dict[str, Any] = {}
    of_leads: dict[str, str] = {}
    of_activities: dict[str, str] = {}
    for entry in columns:
        field, sign, column = (part.strip() for part in entry.partition("="))
        if not (field and sign and column):
            raise QuestionError(f"'{entry}' is no pair; expected <field>=<your column>")
        if field in _OWN:
            own[_OWN[field]] = column
        elif field.startswith("activities."):
            of_activities[field.removeprefix("activities.")] = column
        else:
            of_leads[field] = column
    return Tables(
        leads=leads,
        activities=activities,
        lead_columns=of_leads,
        activity_columns=of_activities,
        other_types=tuple(other_types),
        missing=tuple(missing),
        **own,
    )
