"""Times as exports write them -> naive UTC, exactly, and independent of any session's zone.

A local time that the clock skips in spring moves forward by the skipped hour; one that occurs
twice in autumn is taken as the second (standard time). Both are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from toolkit.crm.sql import literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Clock", "is_date", "kind_of_time", "shape_of", "utc_time"]

_DAY = r"\d{4}-\d{2}-\d{2}"
_TIME = r"[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
_OFFSET = r"\s?(?:Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
_SLASHED = r"\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?:[ ,T][0-9:. ]*(?:[AaPp]\.?[Mm]\.?)?)?"
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UINTEGER", "UBIGINT", "HUGEINT", "DOUBLE")


@dataclass(frozen=True, slots=True)
class Clock:
    """How the values of one column become instants."""

    expression: str
    """The column as SQL; texts already cleaned."""
    type: str
    zone: str | None
    formats: tuple[str, ...]
    date_only: Literal["start", "end"]
    dates: bool = False
    """Declared to hold dates, whatever time of day stands beside them."""

    @property
    def is_text(self) -> bool:
        """Whether times must be parsed."""
        return self.type == "VARCHAR"

    @property
    def readable(self) -> bool:
        """Whether a column of this type can hold times at all."""
        typed = self.type == "DATE" or self.type.startswith("TIMESTAMP")
        return self.is_text or typed or (self.type in _WHOLE and bool(self.epochs))

    @property
    def epochs(self) -> list[str]:
        """The declared ways to read whole numbers."""
        return [text for text in self.formats if text.startswith("epoch_")]


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a value: `parsed` is NULL where it does not apply."""

    kind: Literal["zoned", "local", "date"]
    parsed: str


def utc_time(clock: Clock) -> str:
    """Write the instant as naive UTC TIMESTAMP; NULL where the value cannot be read."""
    readings = _readings(clock)
    if len(readings) == 1:
        return _utc(readings[0], clock)
    cases = " ".join(f"WHEN {r.parsed} IS NOT NULL THEN {_utc(r, clock)}" for r in readings)
    return f"CASE {cases} END"


def is_date(clock: Clock) -> str:
    """Whether the value says a day only; false where it cannot be read."""
    cases = " ".join(
        f"WHEN {reading.parsed} IS NOT NULL THEN {str(reading.kind == 'date').lower()}"
        for reading in _readings(clock)
    )
    return f"CASE {cases} ELSE false END"


def kind_of_time(clock: Clock) -> str:
    """How a value was read: blank, zoned, local, date, skipped, twice, slashed, clash, bad."""
    readings = _readings(clock)
    cases = [f"WHEN {clock.expression} IS NULL THEN 'blank'"]
    declared = [r.parsed for r in readings[: len(clock.formats)]] if clock.is_text else []
    if len(declared) > 1:
        listed = ", ".join(f"CAST({parsed} AS TIMESTAMP)" for parsed in declared)
        cases.append(f"WHEN len(list_distinct([{listed}])) > 1 THEN 'clash'")
    for reading in readings:
        cases += _kinds(reading, clock)
    if clock.is_text and not clock.formats:
        cases.append(f"WHEN regexp_full_match({clock.expression}, '{_SLASHED}') THEN 'slashed'")
    return f"CASE {' '.join(cases)} ELSE 'bad' END"


def _kinds(reading: _Reading, clock: Clock) -> list[str]:
    if reading.kind == "local" and clock.zone not in (None, "UTC"):
        zone, local = literal(clock.zone or ""), reading.parsed
        there = f"timezone({zone}, {local})"
        hour = "to_seconds(3600)"
        return [
            f"WHEN timezone({zone}, {there}) <> {local} THEN 'skipped'",
            f"WHEN timezone({zone}, {there} - {hour}) = {local} THEN 'twice'",
            f"WHEN {local} IS NOT NULL THEN 'local'",
        ]
    return [f"WHEN {reading.parsed} IS NOT NULL THEN '{reading.kind}'"]


def shape_of(expression: str) -> str:
    """Write a value's shape: how it is written, without saying what it is."""
    digits = f"regexp_replace({expression}, '[0-9]', '9', 'g')"
    return f"regexp_replace({digits}, '[^0-9 .:,;/+-]', 'a', 'g')"


def _utc(reading: _Reading, clock: Clock) -> str:
    if reading.kind == "zoned":
        return f"make_timestamp(epoch_us({reading.parsed}))"
    if reading.kind == "local":
        return _from_local(reading.parsed, clock.zone)
    if clock.date_only == "start":
        return _from_local(f"CAST({reading.parsed} AS TIMESTAMP)", clock.zone)
    next_day = f"CAST(CAST({reading.parsed} AS DATE) + 1 AS TIMESTAMP)"
    return f"({_from_local(next_day, clock.zone)} - to_microseconds(1))"


def _from_local(expression: str, zone: str | None) -> str:
    if zone is None:
        return "CAST(NULL AS TIMESTAMP)"
    if zone == "UTC":
        return expression  # every reading of local time is a TIMESTAMP already
    return f"make_timestamp(epoch_us(timezone({literal(zone)}, {expression})))"


def _readings(clock: Clock) -> list[_Reading]:
    readings = _as_written(clock)
    return [_day_of(reading, clock) for reading in readings] if clock.dates else readings


def _day_of(reading: _Reading, clock: Clock) -> _Reading:
    """Take the day only, as the clock of the export's zone shows it."""
    local = reading.parsed
    if reading.kind == "zoned":
        utc = f"make_timestamptz(epoch_us({local}))"
        local = f"timezone({literal(clock.zone or 'UTC')}, {utc})"
    return _Reading("date", f"CAST({local} AS DATE)")


def _as_written(clock: Clock) -> list[_Reading]:
    if clock.is_text:
        return [*(_declared(clock.expression, text) for text in clock.formats), *_iso(clock)]
    if clock.type == "DATE":
        return [_Reading("date", clock.expression)]
    if clock.type == "TIMESTAMP WITH TIME ZONE":
        return [_Reading("zoned", clock.expression)]
    if clock.type == "TIMESTAMP":
        return [_Reading("local", clock.expression)]
    if clock.type.startswith("TIMESTAMP"):
        return [_Reading("local", f"make_timestamp(epoch_us({clock.expression}))")]
    return [_Reading("zoned", _epoch(clock.expression, clock.epochs[0]))]


def _iso(clock: Clock) -> list[_Reading]:
    text = clock.expression
    # The engine's own cast knows `+02:00` and `Z` only without a blank before them.
    tight = (
        f"regexp_replace(regexp_replace({text}, '\\s?(?:Z|z|UTC|GMT)$', 'Z'), '\\s([+-])', '\\1')"
    )
    return [
        _Reading(
            "zoned", _if_match(text, _DAY + _TIME + _OFFSET, f"TRY_CAST({tight} AS TIMESTAMPTZ)")
        ),
        _Reading("local", _if_match(text, _DAY + _TIME, f"TRY_CAST({text} AS TIMESTAMP)")),
        _Reading("date", _if_match(text, _DAY, f"TRY_CAST({text} AS DATE)")),
    ]


def _if_match(text: str, pattern: str, value: str) -> str:
    return f"CASE WHEN regexp_full_match({text}, '{pattern}') THEN {value} END"


def _declared(text: str, form: str) -> _Reading:
    if form.startswith("epoch_"):
        digits = _if_match(text, r"-?\d{1,15}", f"CAST({text} AS BIGINT)")
        return _Reading("zoned", _epoch(f"({digits})", form))
    parsed = f"try_strptime({text}, {literal(form)})"
    if "%z" in form:
        return _Reading("zoned", parsed)
    return _Reading("local" if _has_time(form) else "date", parsed)


def _has_time(form: str) -> bool:
    return any(code in form.replace("%-", "%") for code in ("%H", "%I"))


def _epoch(expression: str, form: str) -> str:
    factor: Mapping[str, int] = {"epoch_s": 1_000_000, "epoch_ms": 1_000}
    whole = f"CAST(floor({expression}) AS BIGINT)"
    return f"make_timestamp({whole} * {factor[form]})"
