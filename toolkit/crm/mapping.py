"""crm.yaml: which export column is which, and what the export's words mean."""

from __future__ import annotations

import codecs
import re
from collections import abc
from collections.abc import Mapping as Table
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from toolkit.crm.tables import CONTRACT, DECISIONS, FIELD_ROLES, ROLES
from toolkit.errors import MappingError, QuestionError, nearest_first
from toolkit.yamlfile import Places, YamlModel, fail, found, read_yaml, validate

__all__ = [
    "STAGE_PREFIX",
    "Mapping",
    "MappingFile",
    "TableMapping",
    "instant_of",
    "load_mapping",
    "mapping_of",
    "read_instant",
    "zone_of",
]

STAGE_PREFIX = "stage:"


@cache
def _zones() -> frozenset[str]:
    # Abbreviations are refused: CST is three zones, BST is Dhaka to ICU and London to people.
    return frozenset(name for name in available_timezones() if "/" in name) | {"UTC"}


def zone_of(name: str) -> str:
    """Check the name of a time zone; QuestionError names the nearest ones."""
    if name not in _zones():
        raise QuestionError(_no_zone(name))
    return name


def _no_zone(name: str) -> str:
    likely = [zone for zone in _zones() if not zone.startswith(("Etc/", "SystemV/", "posix"))]
    return (
        f"'{name}' is not a time zone with a full name such as Europe/Berlin, America/New_York "
        f"or UTC (abbreviations mean different zones to different people): "
        f"{nearest_first(name, likely, most=6)}"
    )


def _checked_zone(name: str) -> str:
    if name not in _zones():
        raise fail(_no_zone(name))
    return name


def _texts(value: Any) -> Any:
    """One text is a list of one; numbers and truth values stand for their text."""
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(_text(each) for each in values)


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _instant(value: Any) -> Any:
    if value is None or isinstance(value, date):
        return value
    try:
        text = str(value)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
        return datetime.fromisoformat(text)
    except ValueError:
        raise fail(
            f"'observed_until' must be a time such as 2026-10-01T00:00:00Z; found {found(value)}"
        ) from None


def _frozen(value: dict[str, Any]) -> Any:
    return MappingProxyType(value)


def _checked_encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise fail(
            f"'{name}' is not an encoding; usual ones are utf-8, cp1252 (Windows), latin-1, utf-16"
        ) from None


def _checked_format(text: str) -> str:
    if text in ("epoch_s", "epoch_ms"):
        return text
    codes = re.findall(r"%-?[A-Za-z%]", text)
    unknown = [code for code in codes if code.replace("-", "") not in _CODES]
    if "%Z" in codes:
        raise fail(
            "'%Z' (a zone's abbreviation) is ambiguous: write its letters into the format and "
            "name the zone with time_zone"
        )
    if unknown or not codes or "%" in re.sub(r"%-?[A-Za-z%]", "", text):
        raise fail(f"'{text}' is not a time format: {_FORMAT_HELP}")
    if not {"%Y", "%y"} & {code.replace("-", "") for code in codes}:
        raise fail(f"the time format '{text}' has no year (%Y or %y): {_FORMAT_HELP}")
    return text


_CODES = frozenset(
    [
        "%a",
        "%A",
        "%b",
        "%B",
        "%d",
        "%f",
        "%H",
        "%I",
        "%j",
        "%m",
        "%M",
        "%p",
        "%S",
        "%y",
        "%Y",
        "%z",
        "%%",
    ]
)
_FORMAT_HELP = (
    "write it with %Y %m %d %H %M %S (%b for Jan, %I and %p for 9 PM, %f fraction, %z offset), "
    'e.g. "%m/%d/%Y %H:%M", or epoch_ms or epoch_s'
)

Zone = Annotated[str, AfterValidator(_checked_zone)]
Words = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Format = Annotated[str, AfterValidator(_checked_format)]
Formats = Annotated[tuple[Format, ...], BeforeValidator(_texts)]
Encoding = Annotated[str, AfterValidator(_checked_encoding)]
ColumnNames = Annotated[Table[str, Annotated[str, BeforeValidator(_text)]], AfterValidator(_frozen)]
WordLists = Annotated[Table[str, Words], AfterValidator(_frozen)]


class TableMapping(YamlModel):
    """Where one table is and what its columns are called (ours: theirs)."""

    file: Words | None = None
    """File names or patterns relative to the source, e.g. `activities_*.csv`."""
    table: str | None = None
    """Name of the table inside a .duckdb file, `schema.table` or `table`."""
    columns: ColumnNames = Field(default_factory=lambda: _frozen({}))
    time_zone: Zone | None = None
    formats: Formats | None = None
    encoding: Encoding | None = None
    date_only: bool = False
    """Whether the times of this table are days, whatever time of day stands beside them."""

    @model_validator(mode="after")
    def _one_place(self) -> TableMapping:
        if self.file is not None and self.table is not None:
            raise fail("give 'file' (in a folder) or 'table' (in a .duckdb file), not both")
        return self


def _checked_tables(tables: dict[str, TableMapping]) -> Any:
    for name in tables:
        if name not in CONTRACT:
            raise fail(f"unknown table '{name}': {nearest_first(name, CONTRACT)}", name)
    return _frozen(tables)


def _checked_words(known: tuple[str, ...], what: str) -> AfterValidator:
    def check(words: Table[str, tuple[str, ...]]) -> Table[str, tuple[str, ...]]:
        for ours in words:
            if ours not in known:
                raise fail(f"unknown {what} '{ours}': {nearest_first(ours, known)}", ours)
        _unique(words, what)
        return words

    return AfterValidator(check)


def _unique(words: Table[str, tuple[str, ...]], what: str) -> None:
    taken: dict[str, str] = {}
    for ours, texts in words.items():
        for theirs in texts:
            first = taken.setdefault(theirs.strip().lower(), ours)
            if first != ours:
                raise fail(f"'{theirs}' stands under two {what}s: {first} and {ours}", ours)


def _checked_stages(stages: Table[str, tuple[str, ...]]) -> Table[str, tuple[str, ...]]:
    for ours in stages:
        if ours != ours.strip().lower():
            raise fail(f"write the stage '{ours}' in lower case: {ours.strip().lower()}", ours)
    _unique(stages, "stage")
    return stages


def _checked_stage(text: str) -> str:
    if text != text.strip().lower() or not text:
        raise fail(f"write the stage '{text}' in lower case: {text.strip().lower()}")
    return text


def _checked_order(stages: tuple[str, ...]) -> tuple[str, ...]:
    for stage in stages:
        _checked_stage(stage)
        if stages.count(stage) > 1:
            raise fail(f"the stage '{stage}' stands twice in 'stage_order'")
    return stages


def _checked_columns(columns: Table[str, str]) -> Any:
    for stage in columns:
        _checked_stage(stage)
    return _frozen(dict(columns))


def _checked_evidence(words: tuple[str, ...]) -> tuple[str, ...]:
    known = ("feedback", "sales_activity", f"{STAGE_PREFIX}<name>", "all")
    for word in words:
        if word not in known and not (word.startswith(STAGE_PREFIX) and word != STAGE_PREFIX):
            raise fail(f"unknown evidence '{word}' that sales acted: {nearest_first(word, known)}")
    if not words or ("all" in words and len(words) > 1):
        raise fail(
            "'worked_by' is either `all` or a list of feedback, sales_activity, stage:<name>"
        )
    return tuple(word.lower() for word in words)


Tables = Annotated[Table[str, TableMapping], AfterValidator(_checked_tables)]
Roles = Annotated[WordLists, _checked_words(ROLES, "role")]
FieldRoles = Annotated[WordLists, _checked_words(FIELD_ROLES, "role")]
Decisions = Annotated[WordLists, _checked_words(DECISIONS, "decision")]
Stages = Annotated[WordLists, AfterValidator(_checked_stages)]
StageColumns = Annotated[
    Table[str, Annotated[str, BeforeValidator(_text)]], AfterValidator(_checked_columns)
]
StageOrder = Annotated[Words, AfterValidator(_checked_order)]
Evidence = Annotated[Words, AfterValidator(_checked_evidence)]


class Mapping(YamlModel):
    """What crm.yaml says; every key but the first has a default."""

    crm_mapping: Literal[1] = 1
    source: str = "."
    """Folder or .duckdb file, relative to the mapping file."""
    database: Annotated[str | None, Field(repr=False)] = None
    """URL of a database instead of files, e.g. postgresql+psycopg://user@host/crm."""
    observed_until: Annotated[datetime | date | None, BeforeValidator(_instant)] = None
    """Until when the export saw things; a date means its first moment."""
    time_zone: Zone | None = None
    """Zone of the times that carry none."""
    formats: Formats = ()
    encoding: Encoding | None = None
    missing: Words = ()
    """Texts that mean missing, in any case of letters."""
    tables: Tables = Field(default_factory=lambda: _frozen({}))
    activity_roles: Roles = Field(default_factory=lambda: _frozen({}))
    field_roles: FieldRoles = Field(default_factory=lambda: _frozen({}))
    """What the analyst says of fields that seem to know the outcome: `sales`, `outcome` (never
    paid for) or `known_before`: names of lead fields, activity types or scores."""
    stages: Stages = Field(default_factory=lambda: _frozen({}))
    """Our stage words (lower case): the export's."""
    stage_columns: StageColumns = Field(default_factory=lambda: _frozen({}))
    """Our stage words: columns of leads with the time of the first entry."""
    stage_order: StageOrder = ()
    """The stages from first to last, so that a later one says that an earlier one was passed."""
    decisions: Decisions = Field(default_factory=lambda: _frozen({}))
    handoff_stage: str = "mql"
    worked_by: Evidence | None = None
    """What proves that sales acted; None: whatever evidence there is."""
    labels: ColumnNames = Field(default_factory=lambda: _frozen({}))
    """The team's words for our stages, for the reports."""

    @model_validator(mode="after")
    def _observed_has_zone(self) -> Mapping:
        if (
            self.observed_until is not None
            and self.time_zone is None
            and _naive(self.observed_until)
        ):
            raise fail(
                f"'{self.observed_until}' has no time zone: write 2026-10-01T00:00:00Z, or name "
                "the zone with time_zone",
                "observed_until",
            )
        return self

    def table(self, name: str) -> TableMapping:
        """Return what is said about one table (nothing, if it has no entry)."""
        return self.tables.get(name) or TableMapping()


def _naive(value: date) -> bool:
    return not isinstance(value, datetime) or value.tzinfo is None


def instant_of(value: date, zone: str | None) -> datetime:
    """Naive UTC of a time or of a date's first moment; QuestionError where no zone is known.

    A local time that occurs twice means the second one, one that the clock skips moves forward,
    as in the tables.
    """
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - its zone follows
    if value.tzinfo is None:
        if zone is None:
            raise QuestionError(
                f"'{value}' has no time zone: write 2026-10-01T00:00:00Z, or name the zone with "
                "time_zone"
            )
        value = _in_zone(value, ZoneInfo(zone_of(zone)))
    return value.astimezone(UTC).replace(tzinfo=None)


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    second = local.replace(tzinfo=zone, fold=1)
    skipped = second.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local
    return second.replace(fold=0) if skipped else second


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A mapping with the places of its entries, for errors that name a line."""

    mapping: Mapping
    file: str | None = None
    folder: Path | None = None
    places: Places | None = None

    def place(self, *at: str | int) -> str:
        """Where the entry stands, as `crm.yaml:12`; `crm.yaml` where there is no file."""
        return "crm.yaml" if self.places is None else f"{self.file}:{self.places.of(at)[0]}"

    def error(self, text: str, *at: str | int) -> MappingError:
        """Make a MappingError that points at the entry."""
        if self.places is None:
            return MappingError(text)
        line, column = self.places.of(at)
        return MappingError(text, file=self.file, line=line, column=column)


def read_instant(value: date | str) -> date:
    """Read a time or date given in Python; QuestionError when it is neither."""
    try:
        made: date = _instant(value)
    except PydanticCustomError as reason:
        raise QuestionError(reason.message()) from None
    return made


def mapping_of(data: abc.Mapping[str, Any]) -> MappingFile:
    """Check a mapping given as a dict; MappingError says what is wrong."""
    return MappingFile(validate(Mapping, dict(data), Places("mapping"), "mapping", MappingError))


def load_mapping(path: str | PathLike[str]) -> MappingFile:
    """Read crm.yaml; MappingError names file, line and column of what is wrong."""
    path = Path(path)
    data, places = read_yaml(path, error=MappingError)
    if not isinstance(data, dict):
        raise MappingError(
            f"expected keys such as `crm_mapping: 1`; found {found(data)}", file=path.name, line=1
        )
    if "crm_mapping" not in data:
        raise MappingError(
            "the first line must be `crm_mapping: 1` (it names the version of this format)",
            file=path.name,
            line=1,
        )
    mapping = validate(Mapping, data, places, path.name, MappingError)
    return MappingFile(mapping, path.name, path.parent, places)
