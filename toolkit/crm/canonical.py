"""One canonical table from one of the customer's: our names, our types, every row kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from toolkit.crm.findings import Finding, shown
from toolkit.crm.instants import Clock, is_date, utc_time
from toolkit.crm.sql import choice, cleaned, identifier, literal
from toolkit.crm.tables import CONTRACT, DECISIONS, Column, Table
from toolkit.errors import SourceError, nearest_first

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from toolkit.crm.mapping import MappingFile
    from toolkit.crm.sources import Source

__all__ = ["FALSE_WORDS", "FLOATS", "NUMBERS", "TRUE_WORDS", "Layout", "layout_of", "stage_layouts"]

TRUE_WORDS = ("true", "t", "yes", "y", "1", "1.0")
FLOATS = ("DOUBLE", "FLOAT")
_WHOLE_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
)
NUMBERS = (*_WHOLE_NUMBERS, *FLOATS, "DECIMAL")
FALSE_WORDS = ("false", "f", "no", "n", "0", "0.0")
_MADE = {
    "leads": ("row_id",),
    "activities": ("role", "is_machine"),
    "stage_changes": ("is_date_only",),
    "sales_feedback": ("reason_code", "is_date_only"),
}
_DATED = {"stage_changes": "entered_at", "sales_feedback": "decided_at"}
"""Tables of which must be known whether a row has a time of day: the column that has it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which of the customer's columns becomes which of ours, and how it is read."""

    source: Source
    columns: Mapping[str, str]
    """Ours: theirs, the contract's columns and the mapped ones."""
    others: Mapping[str, str]
    """Further columns under the name they keep: theirs."""
    missing: tuple[str, ...]
    zone: str | None
    formats: tuple[str, ...]
    trims_ids: bool
    words: Mapping[str, str]
    """The export's words (lower case): ours; for roles, stages or decisions."""
    dates: bool = False
    """Declared to hold dates without a time of day."""
    stage: str | None = None
    """The stage that a column of leads dates, where this is no table of its own."""
    findings: tuple[Finding, ...] = ()

    @property
    def table(self) -> Table:
        """The contract of this table."""
        return CONTRACT[self.source.table]

    def type_of(self, theirs: str) -> str:
        """DuckDB type of one of the customer's columns; enumerations count as text."""
        kind = self.source.types[theirs]
        return "VARCHAR" if kind.startswith("ENUM") else kind

    def text(self, theirs: str) -> str:
        """One of the customer's columns as cleaned text."""
        name = identifier(theirs)
        if self.source.types[theirs] == "VARCHAR":
            return cleaned(name, self.missing)
        return cleaned(f"CAST({name} AS VARCHAR)", self.missing)

    def identity(self, theirs: str) -> str:
        """Read a column of ids as text; whole numbers stored as floats lose their `.0`."""
        kind = self.source.types[theirs]
        if kind == "VARCHAR" and not self.trims_ids:
            return identifier(theirs)
        if kind in _WHOLE_NUMBERS and not self.missing:
            return f"CAST({identifier(theirs)} AS VARCHAR)"  # no blanks to trim, 20 million times
        if kind in FLOATS:
            return f"CAST(CAST({identifier(theirs)} AS HUGEINT) AS VARCHAR)"
        return self.text(theirs)

    def clock(self, column: Column) -> Clock:
        """How a column of times is read."""
        theirs = self.columns[column.name]
        kind = self.type_of(theirs)
        text = _text_of(column) if kind == "VARCHAR" else theirs
        return Clock(identifier(text), kind, self.zone, self.formats, column.date_only, self.dates)

    def instants(self) -> list[Column]:
        """List the contract's columns of times that are there."""
        return [c for c in self.table.columns if c.kind == "instant" and c.name in self.columns]

    def word(self, theirs: str) -> str:
        """Put a stage or decision into our words."""
        text = self.text(theirs)
        return choice(
            text, self.words, "NULL" if self.table.name == "sales_feedback" else f"lower({text})"
        )

    def select(self, names: Sequence[str]) -> str:
        """Write the canonical table as a query of some columns, null where it has none."""
        known = self.expressions()
        made = [f"{known.get(name, 'NULL')} AS {identifier(name)}" for name in names]
        filled = ""
        if self.stage is not None:
            filled = f" WHERE {self.text(self.columns['entered_at'])} IS NOT NULL"
        return f"SELECT {', '.join(made)} FROM {self.prepared()}{filled}"

    def prepared(self) -> str:
        """Write the source with each time that is text cleaned once, beside its columns."""
        texts = [
            f"{self.text(theirs)} AS {identifier(_text_of(column))}"
            for column in self.instants()
            if self.type_of(theirs := self.columns[column.name]) == "VARCHAR"
        ]
        if not texts:
            return self.source.relation
        return f"(SELECT *, {', '.join(texts)} FROM {self.source.relation})"

    def raw(self, ours: str) -> str | None:
        """The customer's column behind one of ours; None where we made it."""
        theirs = self.columns.get(ours, self.others.get(ours))
        return None if theirs is None else identifier(theirs)

    def whole_number(self, ours: str) -> bool:
        """Whether the customer's ids are whole numbers of at most 64 bits."""
        kind = self.source.types.get(self.columns.get(ours, ""), "")
        return not self.missing and kind in _WHOLE_NUMBERS and "HUGE" not in kind

    def expressions(self) -> dict[str, str]:
        """SQL of every column of the canonical table, over `prepared()`."""
        made = {"row_id": "row_number() OVER ()"} if self.table.name == "leads" else {}
        for ours, theirs in self.columns.items():
            column = self.table.column(ours)
            made[ours] = self._contracted(column, theirs) if column else self._other(theirs)
        made |= {name: self._other(theirs) for name, theirs in self.others.items()}
        return self._completed(made)

    def _contracted(self, column: Column, theirs: str) -> str:
        if column.kind == "id":
            return self.identity(theirs)
        if column.kind == "instant":
            return utc_time(self.clock(column))
        if column.kind == "flag":
            return self._flag(theirs)
        if column.kind == "number":
            return self._number(theirs)
        if column.name in ("stage", "decision"):
            return self.word(theirs)
        return self.text(theirs)

    def _number(self, theirs: str) -> str:
        if self.source.types[theirs] in NUMBERS and not self.missing:
            return f"CAST({identifier(theirs)} AS DOUBLE)"
        return f"TRY_CAST({self.text(theirs)} AS DOUBLE)"

    def _flag(self, theirs: str) -> str:
        if self.source.types[theirs] == "BOOLEAN":
            return f"coalesce({identifier(theirs)}, false)"
        listed = ", ".join(f"'{word}'" for word in TRUE_WORDS)
        return f"coalesce(lower({self.text(theirs)}) IN ({listed}), false)"

    def _other(self, theirs: str) -> str:
        kind = self.type_of(theirs)
        if kind == "VARCHAR":
            return self.text(theirs)
        if kind == "TIMESTAMP WITH TIME ZONE":
            return f"make_timestamp(epoch_us({identifier(theirs)}))"
        return identifier(theirs)

    def _completed(self, made: dict[str, str]) -> dict[str, str]:
        """Add what the contract promises and the export does not have."""
        if self.table.name == "activities":
            made["role"] = choice(made["activity_type"], self.words, "'marketing'")
            made.setdefault("is_machine", "false")
            if "recorded_at" in made:
                known = f"greatest({made['occurred_at']}, {made['recorded_at']})"
                made["occurred_at"] = (
                    f"CASE WHEN {made['occurred_at']} IS NOT NULL THEN {known} END"
                )
        if self.table.name == "lead_changes" and "recorded_at" in made:
            known = f"greatest({made['valid_from']}, {made['recorded_at']})"
            made["valid_from"] = f"CASE WHEN {made['valid_from']} IS NOT NULL THEN {known} END"
        if self.stage is not None:
            made["stage"] = literal(self.stage)
        if time := _DATED.get(self.table.name):
            column = self.table.column(time)
            read = is_date(self.clock(column)) if column else "false"
            said = made.get("is_date_only")
            made["is_date_only"] = read if said is None else f"({said} OR {read})"
        for column in self.table.columns:
            if column.kind in _BLANK:
                made.setdefault(column.name, f"CAST(NULL AS {_BLANK[column.kind]})")
        return made


_BLANK = {"id": "VARCHAR", "text": "VARCHAR", "number": "DOUBLE"}


def _text_of(column: Column) -> str:
    return f"crm text of {column.name}"


def layout_of(source: Source, given: MappingFile, *, zone: str | None, trims_ids: bool) -> Layout:
    """Settle the columns; a required one that is not there is an error that names the nearest."""
    columns = _columns(source, given)
    others, findings = _others(source, columns)
    entry, mapping = given.mapping.table(source.table), given.mapping
    return Layout(
        source,
        columns,
        others,
        missing=mapping.missing,
        zone=entry.time_zone or zone,
        formats=mapping.formats if entry.formats is None else entry.formats,
        trims_ids=trims_ids,
        words=_words(source.table, given),
        findings=findings,
        dates=entry.date_only,
    )


def stage_layouts(leads: Layout, given: MappingFile) -> list[Layout]:
    """Read the columns of leads that date a stage, each as a table of stage changes."""
    return [
        replace(
            leads,
            source=replace(leads.source, table="stage_changes", findings=()),
            columns={
                "lead_id": leads.columns["lead_id"],
                "entered_at": _dating(stage, theirs, leads.source, given),
            },
            others={},
            words={},
            findings=(),
            stage=stage,
        )
        for stage, theirs in given.mapping.stage_columns.items()
    ]


def _dating(stage: str, theirs: str, source: Source, given: MappingFile) -> str:
    folded = {name.casefold(): name for name in source.types}
    hit = theirs if theirs in source.types else folded.get(theirs.casefold())
    if hit is None:
        raise given.error(
            f"{source.label} has no column '{theirs}' (when a lead entered the stage '{stage}'): "
            f"{nearest_first(theirs, map(shown, source.types))}",
            *("stage_columns", stage),
        )
    return hit


def _words(table: str, given: MappingFile) -> dict[str, str]:
    mapping = given.mapping
    lists = {
        "activities": mapping.activity_roles,
        "stage_changes": mapping.stages,
        "sales_feedback": mapping.decisions,
    }.get(table, {})
    words = {word: word for word in DECISIONS} if table == "sales_feedback" else {}
    return words | {
        theirs.strip().lower(): ours for ours, texts in lists.items() for theirs in texts
    }


def _columns(source: Source, given: MappingFile) -> dict[str, str]:
    named = given.mapping.table(source.table).columns
    chosen = {ours: _named(ours, theirs, source, given) for ours, theirs in named.items()}
    folded = {name.casefold(): name for name in source.types}
    contract = CONTRACT[source.table]
    for column in contract.columns:
        if column.name not in chosen and column.name in folded:
            chosen[column.name] = folded[column.name]
    for name in contract.required:
        if name not in chosen:
            raise SourceError(_missing(name, source))
    return {name: chosen[name] for name in _ordered(contract, chosen)}


def _ordered(contract: Table, chosen: Mapping[str, str]) -> list[str]:
    ours = [column.name for column in contract.columns if column.name in chosen]
    return [*ours, *(name for name in chosen if name not in ours)]


def _named(ours: str, theirs: str, source: Source, given: MappingFile) -> str:
    folded = {name.casefold(): name for name in source.types}
    hit = theirs if theirs in source.types else folded.get(theirs.casefold())
    if hit is None:
        raise given.error(
            f"{source.label} has no column '{theirs}' (for {ours}): "
            f"{nearest_first(theirs, map(shown, source.types))}",
            *("tables", source.table, "columns", ours),
        )
    return hit


def _missing(name: str, source: Source) -> str:
    return (
        f"{source.label} has no column '{name}', which the table '{source.table}' needs: "
        f"{nearest_first(name, map(shown, source.types))}. Say which one it is in crm.yaml: "
        f"tables: {{{source.table}: {{columns: {{{name}: <its name>}}}}}}"
    )


def _others(
    source: Source, columns: Mapping[str, str]
) -> tuple[dict[str, str], tuple[Finding, ...]]:
    taken = {name.casefold() for name in (*columns, *_MADE.get(source.table, ()))}
    taken |= {column.name for column in CONTRACT[source.table].columns}
    others, findings = {}, []
    for theirs in source.types:
        if theirs in columns.values():
            continue
        name = theirs
        if theirs.casefold() in taken:
            name = f"{theirs} (source)"
            text = f"{source.label} has its own column '{shown(theirs)}'; it is kept as '{name}'"
            findings.append(Finding("note", "renamed_column", source.table, text, 0))
        others[name] = theirs
    return others, tuple(findings)
