"""A database as engine, reached through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from toolkit.crm.engines.words import WORDS, Words
from toolkit.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection

__all__ = ["Database", "open_database"]

# PostgreSQL's numbers of its types.
_TYPES = {
    16: "BOOLEAN", 20: "BIGINT", 21: "SMALLINT", 23: "INTEGER", 25: "VARCHAR", 700: "FLOAT",
    701: "DOUBLE", 705: "VARCHAR", 1009: "VARCHAR[]", 1015: "VARCHAR[]", 1042: "VARCHAR", 1043: "VARCHAR",
    1082: "DATE", 1114: "TIMESTAMP", 1184: "TIMESTAMP WITH TIME ZONE", 1700: "DECIMAL",
}  # fmt: skip


@dataclass(slots=True)
class Database:
    """Temporary tables in one connection to PostgreSQL."""

    connection: Connection = field(repr=False)
    words: Words = field(repr=False)
    name: str

    def one_moment(self) -> AbstractContextManager[None]:
        """See everything as it was at one moment, whatever is written meanwhile."""
        return _one_moment(self.connection)

    def create(self, name: str, query: str, *, view: bool) -> None:
        """Make a table of a query's rows, or a view of the query."""
        self._run(f"CREATE TEMPORARY {'VIEW' if view else 'TABLE'} {name} AS {query}")
        if not view:
            # Nobody else looks at temporary tables, so the planner would have to guess.
            self._run(f"ANALYZE pg_temp.{name}")

    def drop(self, name: str, *, view: bool) -> None:
        """Forget a table or view, and what is made of it."""
        self._run(f"DROP {'VIEW' if view else 'TABLE'} IF EXISTS pg_temp.{name} CASCADE")

    def insert(self, name: str, query: str) -> None:
        """Add a query's rows."""
        self._run(f"INSERT INTO pg_temp.{name} {query}")

    def delete(self, name: str, alias: str, condition: str) -> None:
        """Take the rows away for which a condition holds."""
        self._run(f"DELETE FROM pg_temp.{name} AS {alias} WHERE {condition}")

    def load(self, name: str, rows: pa.Table) -> None:
        """Make a table of rows that come from here."""
        import sqlalchemy as sa  # noqa: PLC0415 - only databases need it

        columns = [sa.Column(field.name, _sql_type(field.type)) for field in rows.schema]
        table = sa.Table(name, sa.MetaData(), *columns, prefixes=["TEMPORARY"])
        with _explained():
            table.create(self.connection)
            if rows.num_rows:
                keys = {column.name: f"c{i}" for i, column in enumerate(columns)}
                statement = sa.insert(table).values({n: sa.bindparam(k) for n, k in keys.items()})
                named = rows.rename_columns(list(keys.values()))
                self.connection.execute(statement, named.to_pylist())
        self._run(f"ANALYZE pg_temp.{name}")

    def columns(self, query: str) -> list[tuple[str, str]]:
        """Names and types (in DuckDB's words) of a query's columns."""
        with self._answer(f"SELECT * FROM ({query}) AS q LIMIT 0") as cursor:
            return [(each[0], _TYPES.get(each[1], "OTHER")) for each in cursor.description]

    def fetch(self, query: str, *, most: int) -> pa.Table:
        """Fetch a query's rows, at most so many."""
        import pyarrow as pa  # noqa: PLC0415 - only databases need it

        with self._answer(query) as cursor:
            names = [each[0] for each in cursor.description]
            kinds = [_TYPES.get(each[1], "OTHER") for each in cursor.description]
            rows = cursor.fetchmany(most)
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
        arrays = [_array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
        return pa.Table.from_arrays(arrays, names=names)

    def qualified(self, name: str) -> exp.Table:
        """One of our tables, so that no table of the customer's can be meant."""
        return exp.table_(name, db="pg_temp")

    def close(self) -> None:
        """Leave nothing behind."""
        self.connection.close()

    def _run(self, statement: str) -> None:
        with _explained():
            self.connection.exec_driver_sql(statement.replace("%", "%%"))

    @contextmanager
    def _answer(self, query: str) -> Iterator[Any]:
        with _explained():
            found = self.connection.exec_driver_sql(query.replace("%", "%%"))
            try:
                yield found.cursor
            finally:
                found.close()


@contextmanager
def _explained() -> Iterator[None]:
    """The database's complaint, without the statement, the values and the address."""
    import sqlalchemy as sa  # noqa: PLC0415 - only databases need it

    try:
        yield
    except sa.exc.DBAPIError as reason:
        said = getattr(getattr(reason.orig, "diag", None), "message_primary", None)
        text = said or type(reason.orig).__name__
        raise SourceError(f"the database refuses a statement: {text}") from None


def _sql_type(kind: pa.DataType) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - only databases need it
    import sqlalchemy as sa  # noqa: PLC0415 - the same

    if pa.types.is_boolean(kind):
        return sa.Boolean()
    if pa.types.is_integer(kind):
        return sa.BigInteger()
    if pa.types.is_floating(kind):
        return sa.Double()
    return sa.DateTime() if pa.types.is_timestamp(kind) else sa.Text(collation="C")


def _array(values: Any, kind: str) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - only databases need it

    if kind == "DECIMAL":
        known = [value for value in values if value is not None]
        whole = all(v.is_finite() and v == v.to_integral_value() and abs(v) < 2**63 for v in known)
        read = int if whole else float
        made = [None if value is None else read(value) for value in values]
        return pa.array(made, pa.int64() if whole else pa.float64())
    types = {
        "BOOLEAN": pa.bool_(), "BIGINT": pa.int64(), "SMALLINT": pa.int16(), "INTEGER": pa.int32(),
        "DOUBLE": pa.float64(), "FLOAT": pa.float32(), "VARCHAR": pa.string(), "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"), "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
        "VARCHAR[]": pa.list_(pa.string()),
    }  # fmt: skip
    return pa.array(values, types.get(kind))


@dataclass(frozen=True, slots=True)
class _Tables:
    """The customer's tables and views, by the database's own catalogue."""

    connection: Connection
    name: str

    def tables(self) -> list[tuple[str, str]]:
        """Schema and name of every table and view, those of the usual schema first."""
        import sqlalchemy as sa  # noqa: PLC0415 - only databases need it

        inspector = sa.inspect(self.connection)
        usual = inspector.default_schema_name
        schemas = [name for name in inspector.get_schema_names() if name not in _CATALOGUES]
        return [
            (schema, table)
            for schema in sorted(schemas, key=lambda name: (name != usual, name))
            for names in (inspector.get_table_names, inspector.get_view_names,
                          inspector.get_materialized_view_names)
            for table in names(schema)
        ]  # fmt: skip

    def types(self, schema: str, table: str) -> dict[str, str]:
        """The columns of a table and their types, in DuckDB's words."""
        import sqlalchemy as sa  # noqa: PLC0415 - only databases need it

        columns = sa.inspect(self.connection).get_columns(table, schema)
        return {column["name"]: _kind(column["type"]) for column in columns}


_CATALOGUES = ("information_schema", "pg_catalog")


def _kind(found: Any) -> str:
    import sqlalchemy as sa  # noqa: PLC0415 - only databases need it

    if isinstance(found, sa.DateTime):
        return "TIMESTAMP WITH TIME ZONE" if found.timezone else "TIMESTAMP"
    if isinstance(found, sa.ARRAY):
        return "VARCHAR[]" if _kind(found.item_type) == "VARCHAR" else "OTHER"
    if isinstance(found, sa.Float):
        return "DOUBLE"
    if isinstance(found, sa.Numeric):
        return {None: "NUMERIC", 0: "HUGEINT"}.get(found.scale, "DECIMAL")
    kinds = {
        sa.Boolean: "BOOLEAN", sa.SmallInteger: "SMALLINT", sa.BigInteger: "BIGINT",
        sa.Integer: "INTEGER", sa.Date: "DATE", sa.String: "VARCHAR", sa.Uuid: "VARCHAR",
    }  # fmt: skip
    return next((kind for base, kind in kinds.items() if isinstance(found, base)), "OTHER")


def open_database(url: str) -> tuple[Database, _Tables]:
    """Connect to a database; it must be one whose answers are tested."""
    try:
        import sqlalchemy as sa  # noqa: PLC0415 - only databases need it
    except ImportError:
        raise SourceError(_NOT_INSTALLED) from None
    engine = _engine(sa, url)
    try:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except sa.exc.SQLAlchemyError as reason:
        # The driver's own text may repeat the address, and with it the password.
        raise SourceError(
            f"the database at {_shown(engine.url)} cannot be reached ({type(reason).__name__}): "
            "check host, port, name of the database, user and password, and that this machine may "
            "connect"
        ) from None
    version, encoding = (
        connection.exec_driver_sql(f"SHOW {what}").scalar_one()
        for what in ("server_version", "server_encoding")
    )
    if encoding != "UTF8":
        connection.close()
        raise SourceError(
            f"the database stores texts as {encoding}; expected UTF8, because texts are compared "
            "byte by byte. Export the tables as Parquet and connect to these files"
        )
    for setting in _SETTINGS:
        connection.exec_driver_sql(f"SET {setting}")
    name = f"PostgreSQL {version.split()[0]}"
    return Database(connection, _words(connection), name), _Tables(connection, name)


_SETTINGS = ("DateStyle = 'ISO'", "extra_float_digits = 1", "standard_conforming_strings = on")
"""Of this session alone: what texts of dates and numbers look like, whatever the role's own are."""


@contextmanager
def _one_moment(connection: Connection) -> Iterator[None]:
    """See everything as it was at one moment, whatever is written meanwhile."""
    connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def _engine(sa: Any, url: str) -> Any:
    """An engine, or what is missing; an address is never repeated as it was written."""
    try:
        made = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise SourceError(
            "this is no address of a database: expected "
            "postgresql+psycopg://user:password@host:5432/database"
        ) from None
    if "@" in (made.host or ""):
        # What stands before it is the end of a password: never to be shown as a host.
        raise SourceError(
            "the address of the database has more than one @: write that of a password as %40, or "
            "leave the password out of the address and set PGPASSWORD"
        )
    backend = {"postgres": "postgresql"}.get(made.get_backend_name(), made.get_backend_name())
    if backend not in WORDS or backend == "spark":
        raise SourceError(
            f"{backend} is not among the databases whose answers are tested (PostgreSQL): export "
            "the tables as Parquet and connect to these files, or read them with Spark and give "
            "connect() the Spark session"
        )
    if "+" not in made.drivername:
        made = made.set(drivername=f"{backend}+psycopg")
    try:
        return sa.create_engine(made, poolclass=sa.pool.NullPool)
    except ImportError:
        raise SourceError(_NOT_INSTALLED) from None


_NOT_INSTALLED = (
    "reading a database needs SQLAlchemy and a driver, which are not installed: "
    'pip install "lead-score-toolkit[postgres]"'
)


def _shown(url: Any) -> str:
    """An address without user and password."""
    place = f"{url.host or 'this machine'}{f':{url.port}' if url.port else ''}"
    return f"{place}/{url.database or ''}"


_LETTERS = ('"und-x-icu"', '"unicode"', '"default"', '"C.utf8"')


def _words(connection: Connection) -> Words:
    """Find a collation whose letters include those beyond ASCII: `C` knows no others."""
    import sqlalchemy as sa  # noqa: PLC0415 - only databases need it

    for letters in _LETTERS:
        try:
            lower = connection.exec_driver_sql(
                f"SELECT LOWER('ÀÉÖŁЖΩ' COLLATE {letters})"
            ).scalar_one()
        except sa.exc.DBAPIError:
            continue
        if lower == "àéöłжω":
            return replace(WORDS["postgresql"], letters=letters)
    raise SourceError(
        "the database cannot put letters beyond ASCII into lower case (it has no ICU and no UTF-8 "
        "locale), so words of stages would not be found. Export the tables as Parquet and connect "
        "to these files"
    )
