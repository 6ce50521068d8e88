"""From DuckDB's words to those of another engine.

sqlglot reads and writes the statements. What a function means differs between engines in ways that
it does not know, so each function is either known to mean the same everywhere, or written by the
words of the engine (`words`). Whatever is neither is refused: a number that cannot be trusted is
none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlglot import exp, parse

from toolkit.crm.engines.words import Words
from toolkit.crm.sql import literal
from toolkit.errors import QuestionError

__all__ = ["Names", "bound", "read", "translated"]

Names = Callable[[exp.Table], exp.Expr]
"""Where a table of ours stands in the engine."""
ColumnsOf = Callable[[exp.Select, str], Sequence[str]]
"""The columns of what an alias stands for in a query."""

_SAME = (
    *(exp.And, exp.Or, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Exists),
    *(exp.Count, exp.Sum, exp.Min, exp.Max, exp.Floor, exp.Abs, exp.Greatest, exp.Least),
    *(
        exp.RowNumber,
        exp.DenseRank,
        exp.Rank,
        exp.Lag,
        exp.Lead,
        exp.LastValue,
        exp.Chr,
        exp.MD5,
        exp.LogicalOr,
    ),
)
"""Functions that mean the same in every engine, nulls included."""
_TYPES = frozenset([
    *("BIGINT", "INT", "BOOLEAN", "DATE", "DOUBLE", "TIMESTAMP", "TIMESTAMPNTZ", "TEXT", "VARCHAR"),
    *("INT128", "DECIMAL", "ARRAY", "LIST"),
])  # fmt: skip
_PARAMETER = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w+)|\?""")


def bound(text: str, parameters: Sequence[object] | Mapping[str, object] | None) -> str:
    """Write the values of parameters into a statement, each quoted.

    >>> bound("select '?' where a = ? and b in (select unnest($c))", {"c": ["O'Neil", "b"]})
    Traceback (most recent call last):
    ...
    KeyError: 0
    >>> bound("select '?' where b in (select unnest($c))", {"c": ["O'Neil", "b"]})
    "select '?' where b in (select unnest(['O''Neil', 'b']))"
    """
    if not parameters:
        return text
    known: dict[Any, object] = dict(
        parameters if isinstance(parameters, Mapping) else enumerate(parameters)
    )
    places = iter(range(len(known)))

    def value(hit: re.Match[str]) -> str:
        if hit[0] != "?" and hit[1] is None:
            return hit[0]
        return _written(known[hit[1] or next(places)])

    return _PARAMETER.sub(value, text)


def _written(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if value is None:
        return "null"
    if isinstance(value, bool | int):
        return str(value)
    return literal(str(value))


def read(text: str) -> list[exp.Expr]:
    """Parse what is written for DuckDB."""
    return [tree for tree in parse(text, read="duckdb") if tree is not None]


def translated(tree: exp.Expr, words: Words, *, names: Names, columns_of: ColumnsOf) -> exp.Expr:
    """Put a query, which is used up, into an engine's words; `.sql(dialect)` gives its text."""
    made = tree
    _leave_out_examples(made)
    _expand_stars(made, columns_of)
    _spell_out_all(made)
    _name_subqueries(made)
    _rename_tables(made, names)
    _tell_zones_apart(made)
    rewriter = _Rewriter(words)
    for node in reversed(list(made.walk(bfs=False))):  # what is inside comes first
        new = rewriter.of(node)
        if new is not node:
            made = new if node is made else made
            node.replace(new)
    return made


# --- what other engines do not have ---------------------------------------------------------------


def _leave_out_examples(tree: exp.Expr) -> None:
    """`min(distinct x, n)` gives examples, such as ids: none, as they are rows."""
    for node in list(tree.find_all(exp.Min)):
        if node.args.get("count") is not None:
            node.replace(exp.Anonymous(this="no_texts"))


def _expand_stars(tree: exp.Expr, columns_of: ColumnsOf) -> None:
    """`x.* replace (...)` and `x.* exclude (...)` name the columns that are left."""
    for query in list(tree.find_all(exp.Select)):
        query.set(
            "expressions",
            [c for each in query.expressions for c in _stars(query, each, columns_of)],
        )


def _stars(query: exp.Select, each: exp.Expr, columns_of: ColumnsOf) -> Iterable[exp.Expr]:
    star = each.this if isinstance(each, exp.Column) else each
    if not isinstance(star, exp.Star) or not (star.args.get("replace") or star.args.get("except_")):
        return [each]
    source = each.table if isinstance(each, exp.Column) else ""
    left_out = {column.name.lower() for column in star.args.get("except_") or ()}
    replaced = {alias.alias.lower(): alias for alias in star.args.get("replace") or ()}
    return [
        replaced.get(name.lower())
        or exp.column(exp.to_identifier(name, quoted=True), source or None)
        for name in columns_of(query, source)
        if name.lower() not in left_out
    ]


def _spell_out_all(tree: exp.Expr) -> None:
    """`group by all` and `order by all`."""
    for query in tree.find_all(exp.Select):
        group, order = query.args.get("group"), query.args.get("order")
        if group is not None and group.args.get("all"):
            keys = [each.unalias() for each in query.expressions if not each.find(exp.AggFunc)]
            keys = [key.copy() for key in keys if not isinstance(key, exp.Literal)]
            query.set("group", exp.Group(expressions=keys) if keys else None)
        if order is not None and order.expressions[0].this.name.upper() == "ALL":
            places = range(1, len(query.expressions) + 1)
            query.set("order", exp.Order(expressions=[
                exp.Ordered(this=exp.Literal.number(i), nulls_first=False) for i in places
            ]))  # fmt: skip


def _name_subqueries(tree: exp.Expr) -> None:
    for i, query in enumerate(tree.find_all(exp.Subquery)):
        if isinstance(query.parent, exp.From | exp.Join) and not query.alias:
            query.set("alias", exp.TableAlias(this=exp.to_identifier(f"q{i}")))


def _rename_tables(tree: exp.Expr, names: Names) -> None:
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if table.db or table.name.lower() not in own:
            new = names(table)
            new.set(
                "alias",
                table.args.get("alias")
                or exp.TableAlias(this=exp.to_identifier(table.name, quoted=table.this.quoted)),
            )
            table.replace(new)


def _tell_zones_apart(tree: exp.Expr) -> None:
    """`timezone` of an instant is the local time there; of a local time it is the instant."""
    for call in tree.find_all(exp.Anonymous):
        if call.name.lower() == "timezone":
            instant = call.expressions[1]
            if isinstance(instant, exp.Anonymous) and instant.name.lower() == "make_timestamptz":
                call.set("this", "local_time")
                call.set("expressions", [call.expressions[0], instant.expressions[0]])


# --- functions ------------------------------------------------------------------------------------


class _Rewriter:
    """Writes one node, whose arguments are already in the engine's words."""

    def __init__(self, words: Words) -> None:
        self.words = words

    def of(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.DataType):
            _check_type(node)
            return node
        for kind, write in _REWRITTEN.items():
            if isinstance(node, kind):
                return write(self, node)
        if not isinstance(node, exp.Func) or isinstance(node, _SAME):
            return node
        raise _refused(node.sql("duckdb"))

    def sql(self, node: exp.Expr) -> str:
        """The text of a part, which is used up."""
        return node.sql(self.words.dialect, copy=False)

    def write(self, name: str, *arguments: exp.Expr, **parts: str) -> exp.Expr:
        template = self.words.functions.get(name)
        if template is None:
            raise _refused(name)
        given = dict(zip("abc", map(self.sql, arguments), strict=False))
        return exp.Var(this=template.format(**given, **parts, letters=self.words.letters))

    def call(self, node: exp.Anonymous) -> exp.Expr:
        name, arguments = node.name.lower(), list(node.expressions)
        if name == "list_position":
            return self.place(*arguments)
        return self.write(name, *arguments)

    def cast(self, node: exp.Cast) -> exp.Expr:
        if isinstance(node, exp.TryCast):
            return self.tried(node)
        if node.to.is_type(exp.DataType.Type.INT128):
            node.set("to", exp.DataType.build("DECIMAL(38, 0)"))
            return node
        inner = node.this
        is_hex = isinstance(inner, exp.Concat) and inner.expressions[0].name == "0x"
        if is_hex:
            return self.write("hex", inner.expressions[1])
        if node.to.is_type("VARCHAR", "TEXT"):
            return exp.Paren(this=exp.Var(this=self.words.text.format(a=self.sql(inner))))
        return node

    def tried(self, node: exp.TryCast) -> exp.Expr:
        """A text as a number, where it is a plain one."""
        kinds = {"BIGINT": "whole_number", "INT": "whole_number", "DOUBLE": "number"}
        name = kinds.get(node.to.this.value)
        if name is None:
            raise _refused(node.sql("duckdb"))
        return self.write(f"try_{name}", node.this)

    def place(self, values: exp.Expr, value: exp.Expr) -> exp.Expr:
        """The place of a value in a list, from 1."""
        listed = values.this if isinstance(values, exp.Cast) else values
        cases = [
            exp.If(this=each.copy(), true=exp.Literal.number(i))
            for i, each in enumerate(listed.expressions, 1)
        ]
        return exp.Case(this=value.copy(), ifs=cases)

    def listed(self, node: exp.In) -> exp.Expr:
        """`in (select unnest([...]))` as a plain list."""
        query = node.args.get("query")
        array = (
            query.find(exp.Array)
            if query is not None and query.find(exp.Explode, exp.Unnest)
            else None
        )
        if array is None:
            return node
        return exp.In(
            this=node.this.copy(), expressions=[each.copy() for each in array.expressions]
        )

    def aggregate(self, name: str, node: exp.Expr, only: str = "") -> exp.Expr:
        """The first or last value in some order."""
        value, order = node.this.this, node.this.expressions
        keys = [self.sql(each.this) for each in order]
        forward = ", ".join(f"{key} ASC NULLS LAST" for key in keys)
        backward = ", ".join(f"{key} DESC NULLS FIRST" for key in keys)
        key = keys[0] if len(keys) == 1 else f"STRUCT({', '.join(keys)})"
        return self.write(name, value, order=forward, reverse=backward, key=key, only=only)

    def filtered(self, node: exp.Filter) -> exp.Expr:
        if not isinstance(node.this, exp.First | exp.Last):
            return node
        only = f" FILTER (WHERE {self.sql(node.expression.this)})"
        return self.aggregate(type(node.this).__name__.lower(), node.this, only)

    def ordered(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node.parent, exp.Filter):
            return node
        return self.aggregate(type(node).__name__.lower(), node)

    def part(self, node: exp.Bracket) -> exp.Expr:
        """`string_split(text, sign)[-1]`, and nothing else."""
        written = node.sql("duckdb")
        if not isinstance(node.this, exp.Split) or not written.endswith("[-1]"):
            raise _refused(written)
        return self.write("after_last", node.this.this, node.this.expression)

    def split(self, node: exp.Split) -> exp.Expr:
        """A text as a list; a sign that is a regular expression somewhere is none here."""
        if isinstance(node.parent, exp.Bracket):
            return node  # which decides
        if node.expression.name not in (";", ","):
            raise _refused(node.sql("duckdb"))
        return self.write("split", node.this, node.expression)

    def month(self, node: exp.TimeToStr) -> exp.Expr:
        if node.args["format"].name != "%Y-%m":
            raise _refused(node.sql("duckdb"))
        return self.write("month_text", node.this)

    def start(self, node: exp.Expr) -> exp.Expr:
        unit = node.text("unit").lower()
        if unit not in ("week", "day", "second"):
            raise _refused(node.sql("duckdb"))
        return self.write("start_of", node.this, unit=unit)

    def numbered(self, node: exp.Window) -> exp.Expr:
        """`row_number() over ()`: a number of each row's own, in no order."""
        plain = not any(node.args.get(part) for part in ("order", "partition_by", "alias"))
        return self.write("number") if plain and isinstance(node.this, exp.RowNumber) else node

    def trim(self, node: exp.Trim) -> exp.Expr:
        signs = node.args.get("expression") or exp.Literal.string(" ")
        return self.write("trim", node.this, signs)


def _named(name: str, *parts: str) -> Callable[[_Rewriter, exp.Expr], exp.Expr]:
    return lambda self, node: self.write(name, *(node.args[part] for part in parts))


_REWRITTEN: dict[type, Callable[..., exp.Expr]] = {
    exp.Anonymous: _Rewriter.call,
    exp.Cast: _Rewriter.cast,
    exp.In: _Rewriter.listed,
    exp.First: _Rewriter.ordered,
    exp.Last: _Rewriter.ordered,
    exp.Filter: _Rewriter.filtered,
    exp.Bracket: _Rewriter.part,
    exp.Split: _Rewriter.split,
    exp.Array: lambda _, node: node,
    exp.Explode: lambda _, node: node,
    exp.Concat: lambda _, node: node,  # only inside a Cast; `||` is no function
    exp.Window: _Rewriter.numbered,
    exp.TimeToStr: _Rewriter.month,
    exp.TimestampTrunc: _Rewriter.start,
    exp.Trim: _Rewriter.trim,
    exp.ArgMin: _named("arg_min", "this", "expression"),
    exp.AnyValue: _named("any_value", "this"),
    exp.IgnoreNulls: lambda _, node: node.this,
    exp.Lower: _named("lower", "this"),
    exp.Avg: _named("avg", "this"),
    exp.UnixToTime: _named("make_timestamp", "this"),
    exp.IntDiv: _named("over", "this", "expression"),
    exp.Year: _named("year", "this"),
    exp.Quarter: _named("quarter", "this"),
    exp.StartsWith: _named("starts_with", "this", "expression"),
    exp.Contains: _named("contains", "this", "expression"),
    exp.ArrayToString: _named("join_list", "this", "expression"),
    exp.ArrayAppend: _named("append", "this", "expression"),
    exp.ArrayContains: _named("has", "this", "expression"),
    exp.BitwiseXor: _named("xor", "this", "expression"),
    exp.IsNan: _named("isnan", "this"),
    exp.Substring: lambda _, node: node,
}


def _check_type(node: exp.DataType) -> None:
    kind = node.this.value
    if kind not in _TYPES:
        raise _refused(f"the type {node.sql('duckdb')}")


def _refused(what: str) -> QuestionError:
    return QuestionError(
        f"this question cannot be put to the engine that holds the tables: it needs '{what}', for "
        "which no wording is known that gives the same result there. Export the tables as Parquet "
        "and connect to these files instead"
    )
