"""What looks like a connection of DuckDB and is another engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from toolkit.errors import DataError, QuestionError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa
    from sqlglot import exp

    from toolkit.crm.engines.words import Words

__all__ = ["MOST_ROWS", "Driver", "Result", "Session", "engine_name", "is_remote"]

MOST_ROWS = 1_000_000
"""More rows than this are never fetched: counts are few, and so are the different values of a field."""

CUSTOMER = "crm_source"
"""Stands before the names of the customer's own tables; everything else is ours."""


class Driver(Protocol):
    """What an engine must be able to do, in its own words. All that is made is temporary."""

    words: Words
    name: str
    """What a reader calls it, with its version."""

    def one_moment(self) -> AbstractContextManager[None]:
        """See everything as it was at one moment, as far as the engine can."""

    def create(self, name: str, query: str, *, view: bool) -> None:
        """Make a table of a query's rows, or a view of the query."""

    def drop(self, name: str, *, view: bool) -> None:
        """Forget a table or view, and what is made of it."""

    def insert(self, name: str, query: str) -> None:
        """Add a query's rows."""

    def delete(self, name: str, alias: str, condition: str) -> None:
        """Take the rows away for which a condition holds."""

    def load(self, name: str, rows: pa.Table) -> None:
        """Make a table of rows that come from here."""

    def columns(self, query: str) -> list[tuple[str, str]]:
        """Names and types (in DuckDB's words) of a query's columns."""

    def fetch(self, query: str, *, most: int) -> pa.Table:
        """Fetch a query's rows, at most so many."""

    def qualified(self, name: str) -> exp.Table:
        """One of our tables, so that no table of the customer's can be meant."""

    def close(self) -> None:
        """Leave nothing behind."""


def is_remote(connection: object) -> bool:
    """Whether the rows are in another engine than the one inside this process."""
    return isinstance(connection, Session)


def engine_name(connection: object) -> str:
    """What a reader calls the engine, with its version."""
    if isinstance(connection, Session):
        return connection.driver.name
    import duckdb  # noqa: PLC0415 - this room loads without it

    return f"DuckDB {duckdb.__version__}"


@dataclass(frozen=True, slots=True)
class Result:
    """The rows that came back."""

    table: pa.Table | None
    described: tuple[tuple[Any, ...], ...] = ()

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows."""
        if self.table is None:
            return list(self.described)
        return list(zip(*(column.to_pylist() for column in self.table.columns), strict=True))

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row."""
        return next(iter(self.fetchall()), None)

    def fetchnumpy(self) -> NoReturn:
        """Rows for the kernel, which adds up in this process: they stay where they are."""
        raise QuestionError(
            "this needs every lead's activities in this process, and the rows stay in the engine "
            "that holds them: export the tables as Parquet and connect to these files"
        )

    def df(self) -> pd.DataFrame:
        """The rows as a frame of the types that DuckDB gives."""
        with _inside().cursor() as inside:
            made: pd.DataFrame = inside.from_arrow(self.table).df()
            return made


@cache
def _inside() -> duckdb.DuckDBPyConnection:
    """An empty DuckDB of this process, which takes longer to open than to use."""
    import duckdb  # noqa: PLC0415 - only frames need it

    return duckdb.connect()


@dataclass(slots=True)
class _Made:
    """A table or view of ours in the engine."""

    name: str
    view: bool


@dataclass(slots=True, repr=False)
class Session:
    """Runs what is written for a DuckDB connection in another engine.

    It has the part of a connection that this package uses. Our schemas are no schemas there: each
    table is a temporary one with a name of its own, so nothing is written into the customer's
    database and no right to write is needed.
    """

    driver: Driver
    made: dict[str, _Made] = field(default_factory=dict)
    numbered: int = 0

    def __repr__(self) -> str:
        """The engine, and no address."""
        return f"Session({self.driver.name})"

    def execute(
        self, text: str, parameters: Sequence[object] | Mapping[str, object] | None = None
    ) -> Result:
        """Run one statement or several; give the rows of the last."""
        from sqlglot import exp  # noqa: PLC0415 - only other engines need it

        from toolkit.crm.engines.translate import bound, read  # noqa: PLC0415 - the same

        result = Result(None)
        for tree in read(bound(text, parameters)):
            if isinstance(tree, exp.Query):
                result = self._fetch(tree)
            elif isinstance(tree, exp.Describe):
                query = (
                    tree.this
                    if isinstance(tree.this, exp.Query)
                    else exp.select("*").from_(tree.this.copy())
                )
                columns = self.driver.columns(self._sql(query))
                result = Result(None, tuple((n, t, "YES", None, None, None) for n, t in columns))
            else:
                self._change(tree)
        return result

    def register(self, name: str, rows: pd.DataFrame | pa.Table) -> None:
        """Send a small table to the engine."""
        import pyarrow as pa  # noqa: PLC0415 - only other engines need it

        table = (
            rows if isinstance(rows, pa.Table) else pa.Table.from_pandas(rows, preserve_index=False)
        )
        self._forget(name.lower())
        self.driver.load(self._new(name.lower(), view=False), table.replace_schema_metadata(None))

    def unregister(self, name: str) -> None:
        """Forget it."""
        self._forget(name.lower())

    def close(self) -> None:
        """Leave nothing behind in the engine."""
        self.made.clear()
        self.driver.close()

    # --- statements -----------------------------------------------------------------------------

    def _fetch(self, tree: exp.Query) -> Result:
        table = self.driver.fetch(self._sql(tree), most=MOST_ROWS + 1)
        if table.num_rows > MOST_ROWS:
            raise DataError(
                f"more than {MOST_ROWS:,} rows would leave {self.driver.name}. Only counts and the "
                "different values of a field travel, and these are too many: test fewer different "
                "values (a domain instead of an address, a path without its query), or export the "
                "tables as Parquet and connect to these files"
            )
        return Result(table)

    def _change(self, tree: exp.Expr) -> None:
        from sqlglot import exp  # noqa: PLC0415 - only other engines need it

        if isinstance(tree, exp.Create):
            self._create(tree)
        elif isinstance(tree, exp.Drop):
            self._drop(tree)
        elif isinstance(tree, exp.Insert):
            self.driver.insert(self._place(tree.this).name, self._sql(tree.expression))
        elif isinstance(tree, exp.Delete):
            # A query of the same tables, so that names are those of the engine.
            where = exp.select("1").from_(tree.this.copy()).where(tree.args["where"].this.copy())
            made = self._translated(where)
            table = made.args["from_"].this
            condition = made.args["where"].this.sql(self.driver.words.dialect)
            self.driver.delete(self._place(tree.this).name, table.alias, condition)
        else:
            msg = f"no engine is asked for {type(tree).__name__}"
            raise TypeError(msg)

    def _create(self, tree: exp.Create) -> None:
        from sqlglot import exp  # noqa: PLC0415 - only other engines need it

        if tree.kind == "SCHEMA":
            return
        schema = tree.this if isinstance(tree.this, exp.Schema) else None
        key = _key(schema.this if schema else tree.this)
        view = tree.kind == "VIEW"
        query = tree.expression if schema is None else _empty(schema)
        text = self._sql(query)
        if tree.args.get("replace"):
            self._forget(key)
        self.driver.create(self._new(key, view=view), text, view=view)

    def _drop(self, tree: exp.Drop) -> None:
        from sqlglot import exp  # noqa: PLC0415 - only other engines need it

        dropped = next(tree.find_all(exp.Table))
        if tree.args["kind"] != "SCHEMA":
            self._forget(_key(dropped))
            return
        name = (dropped.name or dropped.db).lower()
        for key in [each for each in reversed(self.made) if each.startswith(f"{name}.")]:
            self._forget(key)

    # --- names ----------------------------------------------------------------------------------

    def _new(self, key: str, *, view: bool) -> str:
        self.numbered += 1
        name = f"leadscore_{self.numbered}_{''.join(c for c in key if c.isalnum())[-24:]}"
        self.made[key] = _Made(name, view)
        return name

    def _forget(self, key: str) -> None:
        known = self.made.pop(key, None)
        if known is not None:
            self.driver.drop(known.name, view=known.view)

    def _place(self, table: exp.Table) -> _Made:
        known = self.made.get(_key(table))
        if known is None:
            msg = f"there is no table '{_key(table)}' of ours in the engine"
            raise KeyError(msg)
        return known

    def _named(self, table: exp.Table) -> exp.Expr:
        if table.catalog.lower() == CUSTOMER:
            new = table.copy()
            new.set("catalog", None)
            if not new.db:  # a temporary view of Spark is in no database
                new.set("db", None)
            return new
        return self.driver.qualified(self._place(table).name)

    def _columns_of(self, query: exp.Select, alias: str) -> list[str]:
        """Ask the engine what the columns of an alias in a query are."""
        from sqlglot import exp  # noqa: PLC0415 - only other engines need it

        sources = [query.args["from_"].this, *(join.this for join in query.args.get("joins") or ())]
        source = next(
            each for each in sources if not alias or each.alias_or_name.lower() == alias.lower()
        )
        asked = exp.select("*").from_(source.copy())
        for scope in _scopes(query):
            for cte in scope.ctes:
                asked = asked.with_(cte.alias, cte.this.copy(), append=True)
        return [name for name, _ in self.driver.columns(self._sql(asked))]

    def _translated(self, tree: exp.Expr) -> exp.Expr:
        from toolkit.crm.engines.translate import translated  # noqa: PLC0415 - only other engines need it

        return translated(tree, self.driver.words, names=self._named, columns_of=self._columns_of)

    def _sql(self, tree: exp.Expr) -> str:
        return self._translated(tree).sql(self.driver.words.dialect, copy=False)


def _scopes(query: exp.Select) -> list[exp.Query]:
    """A query and those around it that name subqueries, the outermost first."""
    from sqlglot import exp  # noqa: PLC0415 - only other engines need it

    found: list[exp.Query] = []
    node: exp.Expr | None = query
    while node is not None:
        if isinstance(node, exp.Query) and node.ctes:
            found.append(node)
        node = node.parent
    return found[::-1]


def _empty(schema: exp.Schema) -> exp.Expr:
    """A table without rows, as a query."""
    from sqlglot import exp  # noqa: PLC0415 - only other engines need it

    columns = [
        exp.alias_(exp.cast(exp.Null(), column.args["kind"]), column.name)
        for column in schema.expressions
    ]
    return exp.select(*columns).where("false")


def _key(table: exp.Table) -> str:
    return ".".join(part.lower() for part in (table.db, table.name) if part)
