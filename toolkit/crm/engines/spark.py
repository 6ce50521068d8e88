"""A Spark session as engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from toolkit.crm.engines.words import WORDS, Words
from toolkit.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

    from toolkit.crm.engines.sources import SparkLike

__all__ = ["Spark", "open_spark"]

_TYPES = {
    "boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER",
    "bigint": "BIGINT", "float": "FLOAT", "double": "DOUBLE", "string": "VARCHAR", "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE", "timestamp_ntz": "TIMESTAMP",
    "array<string>": "VARCHAR[]",
}  # fmt: skip


@dataclass(slots=True)
class Spark:
    """Temporary views in a Spark session; what is a table elsewhere is computed once and kept."""

    session: SparkLike = field(repr=False)
    name: str
    words: Words = field(default=WORDS["spark"], repr=False)
    made: set[str] = field(default_factory=set)

    def one_moment(self) -> AbstractContextManager[None]:
        """Tables are read one after the other: Spark knows no moment of several tables."""
        return nullcontext()

    def create(self, name: str, query: str, *, view: bool) -> None:
        """Make a table of a query's rows, or a view of the query."""
        with _explained():
            frame = self.session.sql(query)
            # A checkpoint is computed once and never again: numbers given to rows must not move.
            self._keep(name, frame if view else frame.localCheckpoint())

    def drop(self, name: str, *, view: bool) -> None:  # noqa: ARG002 - all of it are views here
        """Forget a table or view."""
        self._run(f"DROP VIEW IF EXISTS {name}")
        self.made.discard(name)

    def insert(self, name: str, query: str) -> None:
        """Add a query's rows."""
        with _explained():
            both = self.session.sql(f"SELECT * FROM {name} UNION ALL ({query})")
            self._keep(name, both.localCheckpoint())

    def delete(self, name: str, alias: str, condition: str) -> None:
        """Take the rows away for which a condition holds."""
        with _explained():
            left = self.session.sql(
                f"SELECT * FROM {name} AS {alias} WHERE NOT COALESCE({condition}, FALSE)"
            )
            self._keep(name, left.localCheckpoint())

    def load(self, name: str, rows: pa.Table) -> None:
        """Make a table of rows that come from here."""
        import pyarrow as pa  # noqa: PLC0415 - only other engines need it

        # Spark takes times without a zone for those of the session: they travel as microseconds.
        local = {f.name for f in rows.schema if pa.types.is_timestamp(f.type) and f.type.tz is None}
        kinds = [
            pa.field(f.name, pa.timestamp("us")) if f.name in local else f for f in rows.schema
        ]
        numbers = [pa.field(f.name, pa.int64()) if f.name in local else f for f in kinds]
        sent = rows.cast(pa.schema(kinds)).cast(pa.schema(numbers))
        with _explained():
            frame = self.session.createDataFrame(_plain(sent))
            columns = [self._column(f.name, is_time=f.name in local) for f in rows.schema]
            self._keep(name, frame.selectExpr(*columns).localCheckpoint())

    def _column(self, name: str, *, is_time: bool) -> str:
        """A column of rows that were sent; a time is made of its microseconds."""
        quoted = f"`{name.replace('`', '``')}`"
        time = self.words.functions["make_timestamp"].format(a=quoted)
        return f"{time} AS {quoted}" if is_time else quoted

    def columns(self, query: str) -> list[tuple[str, str]]:
        """Names and types (in DuckDB's words) of a query's columns."""
        with _explained():
            fields = self.session.sql(query).schema.fields
        return [(each.name, _kind(each.dataType.simpleString())) for each in fields]

    def fetch(self, query: str, *, most: int) -> pa.Table:
        """Fetch a query's rows, at most so many."""
        with _explained():
            return _plain(self.session.sql(query).limit(most).toArrow())

    def qualified(self, name: str) -> exp.Table:
        """One of our tables; a temporary view comes before any table of the customer's."""
        return exp.table_(name)

    def close(self) -> None:
        """Leave nothing behind."""
        for name in sorted(self.made):
            self.drop(name, view=True)

    def _keep(self, name: str, frame: Any) -> None:
        frame.createOrReplaceTempView(name)
        self.made.add(name)

    def _run(self, statement: str) -> None:
        with _explained():
            self.session.sql(statement)


def _plain(rows: pa.Table) -> pa.Table:
    """Text of one kind, and no decimals."""
    return rows.from_arrays(list(map(_plain_column, rows.columns)), names=rows.column_names)


def _plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa  # noqa: PLC0415 - only other engines need it

    if pa.types.is_large_string(column.type):
        return column.cast(pa.string())
    if not pa.types.is_decimal(column.type):
        return column
    try:
        return column.cast(pa.int64())  # sums of whole numbers stay exact
    except pa.ArrowInvalid:
        return column.cast(pa.float64())


def _kind(spark: str) -> str:
    if spark.startswith("decimal"):
        return "HUGEINT" if spark.endswith(",0)") else "DECIMAL"
    return _TYPES.get(spark, "VARCHAR" if spark.startswith(("varchar", "char")) else "OTHER")


@contextmanager
def _explained() -> Iterator[None]:
    """Spark's complaint, without the rows that its texts may quote."""
    from pyspark.errors import PySparkException  # noqa: PLC0415 - only Spark needs it

    try:
        yield
    except PySparkException as reason:
        kind = reason.getCondition() or type(reason).__name__
        if kind == "USER_RAISED_EXCEPTION":  # a text of this package
            kind = (reason.getMessageParameters() or {}).get("errorMessage", kind)
        raise SourceError(f"Spark refuses a statement: {kind}") from None


@dataclass(frozen=True, slots=True)
class _Tables:
    """The tables and views that the session knows by one name or two."""

    session: SparkLike
    name: str

    def tables(self) -> list[tuple[str, str]]:
        """Database (empty for a temporary view) and name, those of the present database first."""
        now = self.session.sql("SELECT current_database()").first()[0]
        databases = [row[0] for row in self.session.sql("SHOW DATABASES").collect()]
        found: list[tuple[str, str]] = []
        for each in sorted(databases, key=lambda name: (name != now, name)):
            rows = self.session.sql(f"SHOW TABLES IN `{each.replace('`', '``')}`").collect()
            found += [(row["namespace"], row["tableName"]) for row in rows]
        return list(dict.fromkeys(found))

    def types(self, schema: str, table: str) -> dict[str, str]:
        """The columns of a table and their types, in DuckDB's words."""
        place = ".".join(f"`{part.replace('`', '``')}`" for part in (schema, table) if part)
        fields = self.session.sql(f"SELECT * FROM {place}").schema.fields
        return {each.name: _kind(each.dataType.simpleString()) for each in fields}


def open_spark(session: SparkLike) -> tuple[Spark, _Tables]:
    """Use a session that the caller made; none of its settings is changed."""
    try:
        import pyspark  # noqa: PLC0415 - only Spark needs it
    except ImportError:
        raise SourceError(
            'Spark needs pyspark, which is not installed: pip install "lead-score-toolkit[spark]"'
        ) from None
    name = f"Spark {pyspark.__version__}"
    return Spark(session, name), _Tables(session, name)
