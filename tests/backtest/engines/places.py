"""Other engines with the customer's tables in them, each in a session far from UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.crm import Crm, Mapping, connect

if TYPE_CHECKING:
    import psycopg

ZONE = "America/New_York"
"""Of every session: nothing may depend on it."""

_POSTGRES = {"b": "boolean", "i": "bigint", "f": "double precision", "M": "timestamp"}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def told(mapping: Mapping, names: dict[str, str]) -> Mapping:
    """The mapping with the place of each table instead of its file."""
    tables = {
        name: mapping.table(name).model_copy(update={"file": None, "table": place})
        for name, place in names.items()
    }
    return mapping.model_copy(update={"tables": tables})


@dataclass
class Postgres:
    """A database of a server that the tests started."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    """Of the database: nothing may depend on them."""
    made: int = 0
    last: Crm | None = None

    def __post_init__(self) -> None:
        self.connection = self.connect()
        for setting, value in self.settings.items():
            self.sql(f"alter database postgres set {setting} = '{value}'")

    def connect(self) -> psycopg.Connection:
        import psycopg

        return psycopg.connect(
            host=str(self.folder), user="test", dbname="postgres", autocommit=True
        )

    def close(self) -> None:
        if self.last is not None:
            self.last.connection.close()
        self.connection.close()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://test@/postgres?host={self.folder}"

    def sql(self, *statements: str) -> None:
        for each in statements:
            self.connection.execute(each)

    def open(self, frames: dict[str, pd.DataFrame], *, mapping: Mapping) -> Crm:
        """Write frames into tables of their own and connect to them."""
        schema = self._schema()
        for name, frame in frames.items():
            self._write(f"{schema}.{name}", frame, like=frame)
        return self._connected(schema, frames, mapping)

    def open_split(
        self, one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame], *, mapping: Mapping
    ) -> Crm:
        """Write frames in two parts, of which views make one again."""
        schema = self._schema()
        for name, frame in one.items():
            places = [f"{schema}.{name}_{i}" for i in range(2)]
            # Types are those of the whole: a part may hold nothing that shows them.
            for place, part in zip(places, (frame, other[name]), strict=True):
                self._write(place, part, like=pd.concat([frame, other[name]]))
            both = " union all ".join(f"select * from {place}" for place in places)
            self.sql(f"create view {schema}.{name} as {both}")
        return self._connected(schema, one, mapping)

    def open_query(self, leads: str, *, mapping: Mapping) -> Crm:
        """Make a table of leads by a query and connect to it."""
        schema = self._schema()
        self.sql(f"create table {schema}.leads as {leads}")
        return self._connected(schema, ["leads"], mapping)

    def _schema(self) -> str:
        self.made += 1
        schema = f"crm{self.made}"
        self.sql(f"drop schema if exists crm{self.made - 1} cascade", f"create schema {schema}")
        return schema

    def _connected(self, schema: str, names: Iterable[str], mapping: Mapping) -> Crm:
        if self.last is not None:
            self.last.connection.close()
        self.last = connect(self.url, mapping=told(mapping, {n: f"{schema}.{n}" for n in names}))
        return self.last

    def _write(self, table: str, frame: pd.DataFrame, like: pd.DataFrame) -> None:
        columns = ", ".join(f"{quoted(c)} {_kind(like[c])}" for c in frame.columns)
        self.sql(f"create table {table} ({columns})")
        plain = frame.astype(object).where(frame.notna(), None)
        with self.connection.cursor().copy(f"copy {table} from stdin") as copy:
            for row in plain.itertuples(index=False):
                copy.write_row([x.item() if hasattr(x, "item") else x for x in row])


def _kind(column: pd.Series) -> str:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return "timestamptz"
    if any(isinstance(each, list) for each in column):
        return "text[]"
    if any(type(each) is date for each in column):
        return "date"
    return _POSTGRES.get(column.dtype.kind, "text")


@dataclass
class SparkPlace:
    """A Spark session in this process; its tables are temporary views."""

    session: Any
    made: int = 0
    written: list[str] = field(default_factory=list)
    last: Crm | None = None

    def open(self, frames: dict[str, pd.DataFrame], *, mapping: Mapping) -> Crm:
        return self._connected({name: self._sent(frame) for name, frame in frames.items()}, mapping)

    def open_split(
        self, one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame], *, mapping: Mapping
    ) -> Crm:
        made = {n: self._sent(frame).unionAll(self._sent(other[n])) for n, frame in one.items()}
        return self._connected(made, mapping)

    def open_query(self, leads: str, *, mapping: Mapping) -> Crm:
        return self._connected({"leads": self.session.sql(leads)}, mapping)

    def _connected(self, made: dict[str, Any], mapping: Mapping) -> Crm:
        if self.last is not None:
            self.last.connection.close()
        for name in self.written:
            self.session.catalog.dropTempView(name)
        self.made += 1
        names = {name: f"crm{self.made}_{name}" for name in made}
        self.written = list(names.values())
        for name, rows in made.items():
            rows.createOrReplaceTempView(names[name])
        self.last = connect(self.session, mapping=told(mapping, names))
        return self.last

    def _sent(self, frame: pd.DataFrame) -> Any:
        import pyarrow as pa

        rows = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        kinds = [
            pa.field(f.name, pa.string() if pa.types.is_large_string(f.type) or pa.types.is_null(f.type)
                     else pa.timestamp("us", f.type.tz) if pa.types.is_timestamp(f.type) else f.type)
            for f in rows.schema
        ]  # fmt: skip
        # Else Spark takes times without a zone for those of the session.
        self.session.conf.set("spark.sql.timestampType", "TIMESTAMP_NTZ")
        made = self.session.createDataFrame(rows.cast(pa.schema(kinds)))
        self.session.conf.unset("spark.sql.timestampType")
        return made
