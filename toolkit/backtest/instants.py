"""One instant asked for in words: a date (its end), a UTC time, or the end of the tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from toolkit.crm import Crm
from toolkit.errors import QuestionError

__all__ = ["instant_of", "second_of"]


def instant_of(as_of: datetime | date | str | None, crm: Crm) -> datetime:
    """Read an instant as a naive UTC time of whole seconds; by default `observed_until`."""
    if as_of is None:
        return crm.observed_until
    if isinstance(as_of, str):
        as_of = _parsed(as_of)
    if not isinstance(as_of, datetime):
        return datetime.combine(as_of, time(23, 59, 59))
    naive = as_of if as_of.tzinfo is None else as_of.astimezone(UTC).replace(tzinfo=None)
    return naive.replace(microsecond=0)


def second_of(instant: datetime) -> int:
    """Whole seconds since 1970 of a naive UTC time."""
    return int(instant.replace(tzinfo=UTC).timestamp())


def _parsed(text: str) -> datetime | date:
    try:
        return (
            date.fromisoformat(text)
            if len(text) == len("2026-07-01")
            else datetime.fromisoformat(text)
        )
    except ValueError:
        raise QuestionError(
            f"cannot read the moment '{text}': expected a date such as 2026-07-01 (its end) or a "
            "UTC time such as 2026-07-01T09:30:00"
        ) from None
