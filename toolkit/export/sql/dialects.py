"""How the five engines spell what they have in common.

Text of a model enters the statement through `literal`, names of tables and columns through
`identifier` and `table`, and through nothing else.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from itertools import groupby
from types import MappingProxyType

from toolkit.errors import ExportError, QuestionError, nearest_first

__all__ = ["DIALECTS", "Dialect", "dialect_of"]

_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHORT = 0xFFFF
_LARGEST = "1.7976931348623157e308"


def _writable(text: str) -> str:
    if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text):
        raise ExportError(
            f"{text!r} holds a character that SQL text cannot hold; remove it from the model"
        )
    return text


def _escaped(text: str, quote: str) -> str:
    """Escape with backslashes; what is not printable becomes its number."""
    named = {"\\": "\\\\", "'": quote}
    return "".join(named.get(x, x if x.isprintable() else f"\\u{ord(x):04x}") for x in text)


class Dialect(ABC):
    """Standard SQL with backslashes in literals, as Snowflake, BigQuery and Spark read it."""

    name = ""
    text_type = "string"
    float_type = "double"
    composes = True
    """Whether the engine can compose accents (Unicode NFC)."""
    runs_in_tests = False
    _quote = "\\'"

    def literal(self, text: str) -> str:
        """Quote a text, whatever it contains."""
        return f"'{self._inside(_writable(text))}'"

    def _inside(self, text: str) -> str:
        if any(ord(letter) > _SHORT and not letter.isprintable() for letter in text):
            raise ExportError(
                f"{text!r} holds an invisible character that {self.name} cannot spell"
            )
        return _escaped(text, self._quote)

    def identifier(self, name: str) -> str:
        """Quote the name of a column, whatever it contains."""
        return '"' + _writable(name).replace('"', '""') + '"'

    def table(self, name: str) -> str:
        """Quote the name of a table, part by part."""
        return ".".join(self.identifier(part.strip()) for part in name.split("."))

    def as_text(self, value: str) -> str:
        """Cast to text."""
        return f"cast({value} as {self.text_type})"

    def listed(self, column: str) -> str:
        """A column of text with several values; without a cast an array is an error."""
        return column

    def trim(self, value: str, letters: str) -> str:
        """Take letters off both ends."""
        return f"trim({value}, {self.literal(letters)})"

    def compose(self, value: str) -> str:
        """Compose accents, where the engine can."""
        return f"normalize({value}, nfc)" if self.composes else value

    @abstractmethod
    def seconds(self, value: str) -> str:
        """Whole seconds since 1970 UTC, floored."""

    def now(self) -> str:
        """Now, in whole seconds since 1970 UTC."""
        return self.seconds("current_timestamp()")

    @abstractmethod
    def has(self, value: str, pattern: str) -> str:
        """Say whether a regular expression fits somewhere."""

    def holds(self, value: str, part: str) -> str:
        """Say whether a text holds another."""
        return f"strpos({value}, {self.literal(part)}) > 0"

    def swap(self, value: str, pattern: str, new: str) -> str:
        """Replace all that fits a regular expression."""
        return f"regexp_replace({value}, {self.literal(pattern)}, {self.literal(new)})"

    def like(self, value: str, parts: list[str]) -> str:
        """Match the whole text: the parts, with anything in between."""
        escaped = (re.sub("([!%_])", r"!\1", part) for part in parts)
        return f"{value} like {self.literal('%'.join(escaped))} escape '!'"

    def number(self, value: str) -> str:
        """Read a text that is spelled like a number; null where it is not finite."""
        read = self._float(value)
        return f"case when abs({read}) <= {_LARGEST} then {read} end"

    def _float(self, value: str) -> str:
        return f"try_cast({value} as {self.float_type})"


class _DuckDB(Dialect):
    name, text_type, runs_in_tests = "duckdb", "varchar", True

    def literal(self, text: str) -> str:
        # DuckDB knows no escapes in plain literals; line ends and the like are spelled by number.
        pieces: list[str] = []
        for printable, run in groupby(_writable(text), str.isprintable):
            if printable:
                pieces.append("'" + "".join(run).replace("'", "''") + "'")
            else:
                pieces += [f"chr({ord(letter)})" for letter in run]
        return pieces[0] if len(pieces) == 1 else f"({' || '.join(pieces)})" if pieces else "''"

    def compose(self, value: str) -> str:
        return f"nfc_normalize({value})"

    def seconds(self, value: str) -> str:
        return f"cast(floor(epoch_us({value}) / 1000000) as bigint)"

    def now(self) -> str:
        return self.seconds("now()")

    def has(self, value: str, pattern: str) -> str:
        return f"regexp_matches({value}, {self.literal(pattern)})"

    def swap(self, value: str, pattern: str, new: str) -> str:
        return f"regexp_replace({value}, {self.literal(pattern)}, {self.literal(new)}, 'g')"


class _Postgres(Dialect):
    name, text_type, float_type, runs_in_tests = "postgres", "text", "double precision", True
    _quote = "''"

    def literal(self, text: str) -> str:
        # E'' means the same whatever standard_conforming_strings says.
        inside = "".join(
            f"\\U{ord(letter):08x}" if not letter.isprintable() and ord(letter) > _SHORT
            else _escaped(letter, self._quote)
            for letter in _writable(text)
        )  # fmt: skip
        return f"E'{inside}'" if "\\" in inside else f"'{inside}'"

    def as_text(self, value: str) -> str:
        # Under "C" letters compare by their code, whatever the collation of the column.
        return f'cast({value} as text) collate "C"'

    def listed(self, column: str) -> str:
        return f'{column} collate "C"'

    def trim(self, value: str, letters: str) -> str:
        return f"btrim({value}, {self.literal(letters)})"

    def seconds(self, value: str) -> str:
        return f"cast(floor(extract(epoch from {value})) as bigint)"

    def now(self) -> str:
        return self.seconds("now()")

    def has(self, value: str, pattern: str) -> str:
        return f"{value} ~ {self.literal(pattern)}"

    def swap(self, value: str, pattern: str, new: str) -> str:
        return f"regexp_replace({value}, {self.literal(pattern)}, {self.literal(new)}, 'g')"

    def number(self, value: str) -> str:
        # A cast of text to double precision fails outside its range, so numeric comes first.
        exact = f"cast({value} as numeric)"
        return (
            f"case when abs({exact}) >= 179769313486231580793e288 then null "
            f"when abs({exact}) < 25e-325 then 0 "
            f"when abs({exact}) < 1e-300 then sign({exact}) * 1e-300 "
            f"else {exact} end"
        )


class _Snowflake(Dialect):
    name, text_type, composes = "snowflake", "varchar", False
    _quote = "''"

    def identifier(self, name: str) -> str:
        # A plain name means what it means without quotes: the upper-case column.
        plain = _SIMPLE.fullmatch(name) is not None
        return super().identifier(name.upper() if plain else name)

    def seconds(self, value: str) -> str:
        return f"date_part(epoch_second, {value})"

    def has(self, value: str, pattern: str) -> str:
        return f"regexp_instr({value}, {self.literal(pattern)}) > 0"

    def holds(self, value: str, part: str) -> str:
        return f"charindex({self.literal(part)}, {value}) > 0"

    def _float(self, value: str) -> str:
        return f"try_to_double({value})"


class _BigQuery(Dialect):
    name, float_type = "bigquery", "float64"

    def identifier(self, name: str) -> str:
        return "`" + _writable(name).replace("\\", "\\\\").replace("`", "\\`") + "`"

    def seconds(self, value: str) -> str:
        return f"unix_seconds(timestamp({value}))"

    def has(self, value: str, pattern: str) -> str:
        return f"regexp_contains({value}, {self.literal(pattern)})"

    def like(self, value: str, parts: list[str]) -> str:
        escaped = (re.sub(r"([\\%_])", r"\\\1", part) for part in parts)
        return f"{value} like {self.literal('%'.join(escaped))}"

    def _float(self, value: str) -> str:
        return f"safe_cast({value} as float64)"


class _Spark(Dialect):
    name, composes = "spark", False

    def identifier(self, name: str) -> str:
        return "`" + _writable(name).replace("`", "``") + "`"

    def trim(self, value: str, letters: str) -> str:
        return f"trim(both {self.literal(letters)} from {value})"

    def seconds(self, value: str) -> str:
        # A time without zone cast to one with a zone would move with the session's time zone.
        start = "timestamp_ntz'1970-01-01 00:00:00'"
        plain = f"timestampdiff(second, {start}, cast({value} as timestamp_ntz))"
        zoned = f"unix_seconds(cast({value} as timestamp))"
        return f"case when typeof({value}) = 'timestamp' then {zoned} else {plain} end"

    def now(self) -> str:
        return "unix_seconds(current_timestamp())"

    def has(self, value: str, pattern: str) -> str:
        return f"{value} rlike {self.literal(pattern)}"

    def holds(self, value: str, part: str) -> str:
        return f"instr({value}, {self.literal(part)}) > 0"

    def _float(self, value: str) -> str:
        return f"cast({value} as double)"


_ALL = (_DuckDB(), _Postgres(), _Snowflake(), _BigQuery(), _Spark())
_BY_NAME = MappingProxyType({dialect.name: dialect for dialect in _ALL})
DIALECTS = tuple(_BY_NAME)
"""The dialects that can be asked for."""


def dialect_of(name: str) -> Dialect:
    """Find a dialect by its name."""
    if name not in _BY_NAME:
        raise QuestionError(f"there is no dialect '{name}': {nearest_first(name, DIALECTS)}")
    return _BY_NAME[name]
