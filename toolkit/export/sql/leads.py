"""The customer's rows as the tables of the core: `ld`, `mo` and `ev`, in a chain of queries."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.backtest.staging.plan import ActivitySource, bucket_columns, reset_sets, sources_of
from toolkit.errors import ExportError
from toolkit.export.sql.conditions import cases_sql, condition_sql, values_sql
from toolkit.export.sql.dialects import Dialect
from toolkit.export.sql.fields import Fields
from toolkit.export.sql.tables import Tables
from toolkit.export.sql.text import BLANKS, folded
from toolkit.model import (
    CasesCriterion,
    InactivityCriterion,
    LedgerCriterion,
    Model,
    PerValueCriterion,
    conditions_of,
    exception_conditions,
)

__all__ = [
    "FitCriterion",
    "activity_queries",
    "fit_criteria",
    "fit_points",
    "lead_fields",
    "lead_queries",
    "uses_activities",
]

FitCriterion = CasesCriterion | PerValueCriterion


def fit_criteria(model: Model) -> list[FitCriterion]:
    """The criteria on lead fields, in file order."""
    return [p.criterion for p in model.criteria if isinstance(p.criterion, FitCriterion)]


def uses_activities(model: Model) -> bool:
    """Whether anything but lead fields is scored."""
    return any(not isinstance(p.criterion, FitCriterion) for p in model.criteria)


# --- leads --------------------------------------------------------------------------------------


def lead_fields(
    model: Model,
    dialect: Dialect,
    tables: Tables,
    criteria: Sequence[FitCriterion],
    *,
    bands: bool,
    inline: bool = False,
) -> Fields:
    """Collect what these criteria, and the gates and bands where asked for, read of a lead."""
    fields = Fields(
        dialect,
        columns=tables.lead_columns,
        missing=tables.missing,
        derived=dict(model.derive),
        inline=inline,
    )
    for criterion in criteria:
        if isinstance(criterion, PerValueCriterion):
            fields.ask_values(criterion)
        for condition in conditions_of(criterion):
            fields.ask(condition)
    if bands:
        for condition in (*(gate.when for gate in model.gates), *exception_conditions(model)):
            fields.ask(condition)
    fields.settle()
    return fields


def fit_points(criterion: FitCriterion, fields: Fields) -> str:
    """Points of a criterion on lead fields."""
    if isinstance(criterion, CasesCriterion):
        return cases_sql(criterion, fields.test)
    return values_sql(criterion, fields.dialect, fields.text_of(criterion.field))


def lead_queries(
    model: Model, dialect: Dialect, tables: Tables, moment: str, *, accounts: bool = False
) -> list[str]:
    """The queries up to `ld(l, c, s, gate, h<i>, f<i>)`, with `account` if asked for, and `mo`.

    A row counts once; ids that stand in rows which differ are left out, as they contradict one
    another.
    """
    criteria = fit_criteria(model)
    fields = lead_fields(model, dialect, tables, criteria, bands=True)
    first, *rest = fields.stages()
    name = dialect.identifier
    own = {
        "l": name(tables.lead_id),
        "c": dialect.seconds(name(tables.created_at)),
        "s": moment if tables.moment is None else dialect.seconds(name(tables.moment)),
    }
    if accounts:
        own["account"] = _account(dialect, tables)
    chosen = _columns({**own, **first})
    queries = [f"a0 as (select distinct {chosen} from {dialect.table(tables.leads)})"]
    rest = [{"copies": "count(*) over (partition by l)"}, *rest]
    queries += _chain("a", rest)
    points = {f"f{i}": fit_points(criterion, fields) for i, criterion in enumerate(criteria)}
    facts = {**_gates(model, fields), **points}
    if accounts:
        facts["account"] = "account"
    last = f"a{len(queries) - 1}"
    told = "".join(f",\n    {sql} as {key}" for key, sql in facts.items())
    one = "copies = 1 and l is not null and c <= s"
    return [
        *queries,
        f"ld as (\n  select l, c, s{told}\n  from {last}\n  where {one}\n)",
        "mo as (select l, 0 as k, s from ld)",
    ]


def _account(dialect: Dialect, tables: Tables) -> str:
    """The account as trimmed text; NULL where it is missing."""
    text = dialect.trim(dialect.as_text(dialect.identifier(tables.account_id)), BLANKS)
    absent = ", ".join(map(dialect.literal, _absent(tables)))
    return f"case when lower({text}) not in ({absent}) then {text} end"


def _gates(model: Model, fields: Fields) -> dict[str, str]:
    """The number of the first gate that is met, and whether each exception of a band is."""
    facts = {}
    if model.gates:
        whens = " ".join(
            f"when {condition_sql(gate.when, fields.test)} then {i}"
            for i, gate in enumerate(model.gates)
        )
        facts["gate"] = f"case {whens} else -1 end"
    for i, condition in enumerate(exception_conditions(model)):
        facts[f"h{i}"] = f"case when {condition_sql(condition, fields.test)} then 1 else 0 end"
    return facts


def _columns(columns: dict[str, str]) -> str:
    return ",".join(f"\n    {sql} as {key}" for key, sql in columns.items())


def _chain(letter: str, stages: Sequence[dict[str, str]]) -> list[str]:
    """One query for each stage that adds a column, upon `<letter>0`."""
    queries: list[str] = []
    for columns in filter(None, stages):
        before = f"{letter}{len(queries)}"
        queries.append(
            f"{letter}{len(queries) + 1} as (\n  select {before}.*,{_columns(columns)}\n"
            f"  from {before}\n)"
        )
    return queries


# --- activities ---------------------------------------------------------------------------------


def activity_queries(model: Model, dialect: Dialect, tables: Tables) -> list[str]:
    """The queries up to `ev`; without a criterion that needs it, an empty one."""
    if not uses_activities(model):
        return ["ev as (select l, s as t, 0 as q from mo where 1 = 0)"]
    sources = sources_of(model)
    _refuse_other_roles(sources, tables)
    fields = Fields(dialect, columns=tables.activity_columns, missing=tables.missing, derived={})
    for source in sources:
        if not isinstance(source, LedgerCriterion) and source.where is not None:
            fields.ask(source.where)
    fields.settle()
    first, *rest = fields.stages()
    own = {**_facts(model, dialect, tables), **first}
    start = f"e0 as (select {_columns(own)}\n  from {dialect.table(tables.activities)}\n)"
    chain = _chain("e", [_copies(tables), *rest])
    flags = _flags(model, sources, fields, dialect, tables)
    told = "".join(f",\n    {sql} as {key}" for key, sql in flags.items())
    where = " and ".join(_counts(dialect, tables))
    end = f"ev as (\n  select l, t{told}\n  from e{len(chain)}\n  where {where}\n)"
    return [start, *chain, end]


def _copies(tables: Tables) -> dict[str, str]:
    """Number the copies of an activity, whatever the order of rows (engines place NULLs apart)."""
    if tables.activity_id is None:
        return {}
    order = "l, case when t is null then 1 else 0 end, t, kind"
    number = f"row_number() over (partition by id order by {order})"
    return {"nth": f"case when id is null then 1 else {number} end"}


def _counts(dialect: Dialect, tables: Tables) -> list[str]:
    """What an activity must be to count at all."""
    absent = ", ".join(map(dialect.literal, _absent(tables)))
    kept = ["t is not null", f"kind not in ({absent})"]
    kept += ["nth = 1"] if tables.activity_id is not None else []
    return [*kept, "not machine"] if tables.is_machine is not None else kept


def _absent(tables: Tables) -> list[str]:
    return ["", *sorted({text.strip().casefold() for text in tables.missing} - {""})]


def _facts(model: Model, dialect: Dialect, tables: Tables) -> dict[str, str]:
    name = dialect.identifier
    at = dialect.seconds(name(tables.occurred_at))
    if tables.recorded_at is not None:
        known = dialect.seconds(name(tables.recorded_at))
        at = f"case when {known} > {at} then {known} else {at} end"
    kind = dialect.trim(dialect.as_text(name(tables.activity_type)), BLANKS)
    letters = "".join(_names(model, tables))
    facts = {
        "l": name(tables.activity_lead_id),
        "t": at,
        "kind": folded(kind, letters, dialect),
    }
    if tables.activity_id is not None:
        own = dialect.trim(dialect.as_text(name(tables.activity_id)), BLANKS)
        facts["id"] = f"nullif({own}, '')"
    if tables.is_machine is not None:
        facts["machine"] = f"coalesce({name(tables.is_machine)}, false)"
    for i, bucket in enumerate(bucket_columns(model)):
        facts[f"g{i}"] = _bucket(tables.activity_columns.get(bucket, bucket), dialect, tables)
    if any(isinstance(source, LedgerCriterion) for source in sources_of(model)):
        delta = name(tables.activity_columns.get("delta", "delta"))
        facts["d"] = f"coalesce(cast({delta} as bigint), 0)"
    return facts


def _names(model: Model, tables: Tables) -> list[str]:
    """Every activity type that the model or the tables name, as it is compared."""
    listed = [kind for source in sources_of(model) for kind in _types(source)]
    listed += [kind for reset in model.resets for kind in reset.activities]
    listed += [*tables.other_types, *tables.missing]
    return [_plain(kind) for kind in listed]


def _plain(kind: str) -> str:
    return kind.strip().casefold()


def _bucket(column: str, dialect: Dialect, tables: Tables) -> str:
    """Assets and sessions are compared trimmed and without case; blank is none."""
    value = dialect.trim(dialect.as_text(dialect.identifier(column)), BLANKS)
    value = dialect.compose(f"lower({value})")
    absent = ", ".join(map(dialect.literal, _absent(tables)))
    return f"case when {value} not in ({absent}) then {value} end"


def _flags(
    model: Model,
    sources: Sequence[ActivitySource],
    fields: Fields,
    dialect: Dialect,
    tables: Tables,
) -> dict[str, str]:
    """The columns of the core that say what an activity is."""

    def among(kinds: Sequence[str]) -> str:
        listed = sorted({_plain(kind) for kind in kinds})
        return f"kind in ({', '.join(map(dialect.literal, listed))})"

    quiet = any(isinstance(p.criterion, InactivityCriterion) for p in model.criteria)
    others = among(tables.other_types) if tables.other_types else ""
    flags = {"q": f"case when {others} then 0 else 1 end" if quiet and others else "1"}
    for i, source in enumerate(sources):
        met = among(_types(source))
        if not isinstance(source, LedgerCriterion) and source.where is not None:
            met += f" and {condition_sql(source.where, fields.test)}"
        flags[f"r{i}"] = f"case when {met} then 1 else 0 end"
    for i, types in enumerate(reset_sets(model)[0]):
        flags[f"z{i}"] = f"case when {among(sorted(types))} then 1 else 0 end"
    for i, _ in enumerate(bucket_columns(model)):
        flags[f"g{i}"] = f"g{i}"
    if any(isinstance(source, LedgerCriterion) for source in sources):
        flags["d"] = "d"
    return flags


def _types(source: ActivitySource) -> tuple[str, ...]:
    return source.ledger if isinstance(source, LedgerCriterion) else source.activity


def _refuse_other_roles(sources: Sequence[ActivitySource], tables: Tables) -> None:
    others = {_plain(kind) for kind in tables.other_types}
    for source in sources:
        if isinstance(source, LedgerCriterion):
            continue  # what was recorded is a fact, whoever recorded it
        for kind in source.activity:
            if _plain(kind) in others:
                raise ExportError(
                    f"criterion '{source.id}' pays for the activity '{kind}', which is listed "
                    "among those that are no marketing activity; remove it from one of the two"
                )
