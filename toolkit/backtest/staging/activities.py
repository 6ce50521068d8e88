"""Activities to integers: each distinct kind of activity is tested once, in Python.

A kind is an activity type with the columns that some criterion tests. The dictionary of kinds is
joined back to the activities in a view, which the engine streams: the activities themselves are
never copied. Its keys are plain columns: a key computed from a second table cannot be hashed
before that table is joined, and made the scores of 20 million activities a hundred times slower.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.backtest.merges import LONG_AGO
from toolkit.backtest.sql import column_names, make_table, quoted, seconds
from toolkit.backtest.staging.plan import (
    ActivitySource,
    bucket_columns,
    reset_sets,
    sources_of,
)
from toolkit.backtest.staging.roles import follows
from toolkit.backtest.staging.source import Activities, activities_of
from toolkit.crm import Crm
from toolkit.errors import DataError, ModelError, nearest_first
from toolkit.model import InactivityCriterion, LedgerCriterion, Model
from toolkit.model.logic import TRUE, condition_truth, test_truth, where_fields
from toolkit.model.values import MOST_POINTS

__all__ = ["stage_activities"]

Flags = dict[str, npt.NDArray[np.int8]]

# Numbers between the least and the greatest id, for each lead, that are worth an array.
_GAPS = 8
_FEW_NUMBERS = 1_000_000


def stage_activities(
    model: Model, crm: Crm, schema: str, *, split: bool = False
) -> tuple[str, ...]:
    """Make the view `<schema>.ev`; return the labels of criteria and resets never met.

    Its columns are those of the core: `l`, `t`, `q` (1 for an activity that breaks silence: any
    marketing activity), `code` (a number of all its flags together), `r<i>` (1 where the activity
    meets criterion i), and where the model needs them `z<i>` (1 where it resets), `g<i>` (number
    of its asset or session) and `d` (recorded delta). Activities of machines, without a time, or
    that no rule can see are not in the view, nor those of leads that were merged into this one,
    unless `ids` says that they count from the beginning; the checks of the tables count the first
    two.

    The kernel reads `<schema>.ev_key`, the same with a whole number `key` in place of `l`, and
    `<schema>.id_key(l, key)`: numbers of the customer's own need no join, unless leads are `split`, so
    that an id is that of several.
    """
    criteria = sources_of(model)
    silence = any(isinstance(p.criterion, InactivityCriterion) for p in model.criteria)
    if not criteria and not silence:
        _make_empty_view(crm, schema)
        return ()
    if "activities" not in crm.tables:
        raise ModelError(
            "the model pays for activities or for silence, but there is no table 'activities'. "
            "Provide it (lead_id, activity_type, occurred_at), or remove these criteria"
        )
    columns = _where_columns(crm, criteria)
    buckets = bucket_columns(model)
    _check_further_columns(crm, criteria, buckets)
    source = activities_of(crm)
    kinds = _kinds(crm, schema, source, columns)
    flags = _flags(criteria, kinds, columns)
    _refuse_other_roles(model, crm, criteria, kinds, flags)
    resets = _reset_flags(model, kinds)
    for i, column in enumerate(buckets):
        _number_buckets(crm, schema, i, column)
    made = kinds.assign(q=_breaks_silence(kinds), **flags, **resets)
    delta = _delta(crm, criteria, kinds, flags)
    _make_view(
        crm, schema, source, made, columns=columns, buckets=buckets, delta=delta,
        silence=silence, split=split,
    )  # fmt: skip
    return _never_met(model, criteria, flags, resets)


def _never_met(
    model: Model, criteria: Sequence[ActivitySource], flags: Flags, resets: Flags
) -> tuple[str, ...]:
    unmet = [c.label for i, c in enumerate(criteria) if not flags[f"r{i}"].any()]
    sets, _ = reset_sets(model)
    unmet += [
        f"reset by {' or '.join(sorted(types))}"
        for i, types in enumerate(sets)
        if not resets[f"z{i}"].any()
    ]
    return tuple(unmet)


def _check_further_columns(
    crm: Crm, criteria: Sequence[ActivitySource], buckets: Sequence[str]
) -> None:
    known = column_names(crm.connection, "activities")
    wanted = {column: f"a criterion counts per {column}" for column in buckets}
    if any(isinstance(c, LedgerCriterion) for c in criteria):
        wanted["delta"] = "a criterion pays recorded deltas"
    for column, reason in wanted.items():
        if column not in known:
            raise ModelError(
                f"{reason}, but the table 'activities' has no column '{column}': "
                f"{nearest_first(column, known)}. Say which one it is in crm.yaml: tables: "
                f"{{activities: {{columns: {{{column}: <its name>}}}}}}"
            )


def _bucket_key(column: str) -> str:
    """Assets and sessions are compared trimmed and without case; blank is none."""
    return f"nullif(nfc_normalize(lower(trim(cast(a.{quoted(column)} as varchar)))), '')"


def _number_buckets(crm: Crm, schema: str, i: int, column: str) -> None:
    """Make `<schema>.bucket<i>(key, g)`: there are too many sessions to fetch."""
    crm.connection.execute(f"""
        create table {schema}.bucket{i} as
        select key, cast(row_number() over (order by key) as bigint) as g
        from (select distinct {_bucket_key(column)} as key from activities as a)
        where key is not null""")


def _reset_flags(model: Model, kinds: pd.DataFrame) -> Flags:
    names = [str(name).strip().casefold() for name in kinds["activity_type"]]
    sets, _ = reset_sets(model)
    return {
        f"z{i}": np.array([name in types for name in names], dtype=np.int8)
        for i, types in enumerate(sets)
    }


def _delta(crm: Crm, criteria: Sequence[ActivitySource], kinds: pd.DataFrame, flags: Flags) -> str:
    """SQL of the recorded delta of an activity, in whole points; refuse what is none."""
    ledgers = [i for i, c in enumerate(criteria) if isinstance(c, LedgerCriterion)]
    if not ledgers:
        return ""
    paid = np.any([flags[f"r{i}"] == 1 for i in ledgers], axis=0)
    types = sorted(set(kinds["activity_type"][paid]))
    listed = ", ".join(["null", *("?" for _ in types)])
    value = "try_cast(a.delta as double)"
    rows = crm.connection.execute(
        f"""select count(*), min(cast(a.delta as varchar)) from activities as a
        where a.activity_type in ({listed}) and a.delta is not null
          and coalesce({value} <> floor({value}) or abs({value}) > {MOST_POINTS}, true)""",
        types,
    ).fetchall()
    if rows[0][0]:
        raise DataError(
            f"{int(rows[0][0]):,} activities of a ledger have a 'delta' that is no whole number of "
            f"points between -{MOST_POINTS:,} and {MOST_POINTS:,}, as '{rows[0][1]}'; correct "
            "the export, or leave the ledger out of the model"
        )
    return f", coalesce(try_cast({value} as bigint), 0) as d"


def _make_empty_view(crm: Crm, schema: str) -> None:
    crm.connection.execute(
        f"create view {schema}.ev as "
        "select 0 as l, cast(0 as bigint) as t, 0 as q, 0 as code where false"
    )
    _key_by_lead(crm, schema)


def _where_columns(crm: Crm, criteria: Sequence[ActivitySource]) -> list[str]:
    columns = sorted(frozenset[str]().union(*map(_where, criteria)))
    known = column_names(crm.connection, "activities")
    for column in columns:
        if column not in known:
            users = ", ".join(f"'{c.id}'" for c in criteria if column in _where(c))
            raise ModelError(
                f"criterion {users} tests the column '{column}' of the table 'activities', which "
                f"is not there: {nearest_first(column, known)}. Correct the name in the model, "
                "or map the column in crm.yaml"
            )
    return columns


def _where(criterion: ActivitySource) -> frozenset[str]:
    return frozenset() if isinstance(criterion, LedgerCriterion) else where_fields(criterion)


def _types(criterion: ActivitySource) -> tuple[str, ...]:
    return criterion.ledger if isinstance(criterion, LedgerCriterion) else criterion.activity


def _text(column: str) -> str:
    """A column as text, blank where missing: the dictionary's key."""
    return f"coalesce(cast({column} as varchar), '')"


def _kinds(crm: Crm, schema: str, source: Activities, columns: Sequence[str]) -> pd.DataFrame:
    """The distinct kinds: `n`, `activity_type`, `role`, `k0`, ... (the tested columns as text).

    Makes `<schema>.raw_kind("<n>", <the customer's columns>)`, from which they are cleaned.
    """
    keys = ", ".join(source.raws(["activity_type", "role", *columns]))
    crm.connection.execute(f"""
        create table {schema}.raw_kind as
        select row_number() over () as "<n>", * from (select distinct {keys} from {source.relation})""")
    texts = "".join(f", {_text(source.cooked[name])} as k{i}" for i, name in enumerate(columns))
    return crm.connection.execute(f"""
        select * from (select "<n>" as n, {source.cooked["activity_type"]} as activity_type,
          {source.cooked["role"]} as role{texts} from {schema}.raw_kind)
        where activity_type is not null order by all""").df()


def _is_type(criterion: ActivitySource, name: str) -> bool:
    return name.strip().casefold() in {kind.strip().casefold() for kind in _types(criterion)}


def _flags(
    criteria: Sequence[ActivitySource], kinds: pd.DataFrame, columns: Sequence[str]
) -> Flags:
    """For each criterion, 1 where a kind of activity meets it."""
    cells = {name: kinds[f"k{i}"].tolist() for i, name in enumerate(columns)}
    names = kinds["activity_type"].tolist()
    flags = {}
    for i, criterion in enumerate(criteria):
        typed = np.fromiter((_is_type(criterion, name) for name in names), bool, len(names))
        if not isinstance(criterion, LedgerCriterion) and criterion.where is not None:
            met = condition_truth(
                criterion.where, lambda field, test: test_truth(test, cells[field]), len(names)
            )
            typed &= met == TRUE
        flags[f"r{i}"] = typed.astype(np.int8)
    return flags


def _breaks_silence(kinds: pd.DataFrame) -> npt.NDArray[np.int8]:
    return (kinds["role"] == "marketing").to_numpy().astype(np.int8)


def _refuse_other_roles(
    model: Model,
    crm: Crm,
    criteria: Sequence[ActivitySource],
    kinds: pd.DataFrame,
    flags: Flags,
) -> None:
    for i, criterion in enumerate(criteria):
        if isinstance(criterion, LedgerCriterion):
            continue  # what was recorded is a fact, whoever recorded it
        wrong = kinds[(flags[f"r{i}"] == 1) & (kinds["role"] != "marketing").to_numpy()]
        if len(wrong):
            kind, role = wrong.iloc[0][["activity_type", "role"]]
            text = f"criterion '{criterion.id}' pays for the activity '{kind}', "
            place = crm.written.place("activity_roles", role)
            raise model.standing.error(text + follows(role, place), criterion.id)


def _make_view(
    crm: Crm,
    schema: str,
    source: Activities,
    kinds: pd.DataFrame,
    *,
    columns: Sequence[str],
    buckets: Sequence[str],
    delta: str,
    silence: bool,
    split: bool,
) -> None:
    """Join activities, leads and kinds; kinds that no rule can see are pruned first."""
    flags = [name for name in kinds.columns if re.fullmatch(r"[rz]\d+", name)]
    seen = kinds[flags].any(axis=1) | ((kinds["q"] == 1) & silence)
    codes = kinds[seen].groupby(["q", *flags]).ngroup()
    made = kinds[seen][["n", "q", *flags]].assign(code=codes)
    make_table(crm.connection, f"{schema}.kind", made)
    keys = source.raws(["activity_type", "role", *columns])
    listed = "".join(f", raw.{column} as a{i}" for i, column in enumerate(keys))
    crm.connection.execute(f"""
        create table {schema}.kind_key as select kind.*{listed}
        from {schema}.kind as kind join {schema}.raw_kind as raw on raw."<n>" = kind.n""")
    chosen = "".join(f", kind.{name}" for name in flags)
    chosen += "".join(f", bucket{i}.g as g{i}" for i in range(len(buckets)))
    joins = "".join(
        f" left join {schema}.bucket{i} as bucket{i} on bucket{i}.key = {_bucket_key(column)}"
        for i, column in enumerate(buckets)
    )
    same = " and ".join(f"kind.a{i} is not distinct from a.a{i}" for i in range(len(keys)))
    names = ["occurred_at", "is_machine", *buckets, *["delta"] * bool(delta)]
    columns = f"{seconds('a.occurred_at')} as t, kind.q, kind.code{chosen}{delta}"
    rows = f"""({source.rows(names, keys)}) as a
        join {schema}.kind_key as kind on {same}"""
    bounds = "a.occurred_at is not null and not coalesce(a.is_machine, false)"
    crm.connection.execute(f"""
        create view {schema}.ev as select lead.l, {columns} from {rows}
        join {_lead_keys(crm, schema, source)} as lead on lead.lead_key = a.lead_key{joins}
        where {bounds}""")
    if source.numbers and not split and _is_dense(crm, schema):
        crm.connection.execute(f"""
            create view {schema}.id_key as
            select l, lead_key as key from {schema}.id_number;
            create view {schema}.ev_key as
            select try_cast(a.lead_key as bigint) as key, {columns} from {rows}{joins}
            where {bounds} and try_cast(a.lead_key as bigint) is not null""")
    else:
        _key_by_lead(crm, schema)


def _key_by_lead(crm: Crm, schema: str) -> None:
    """Where ids are no small numbers, the engine finds the number of each activity's lead."""
    crm.connection.execute(f"""
        create view {schema}.id_key as select l, l as key from {schema}.lead;
        create view {schema}.ev_key as select l as key, * exclude (l) from {schema}.ev""")


def _is_dense(crm: Crm, schema: str) -> bool:
    """Whether few enough numbers lie between the ids."""
    n, span = crm.connection.execute(
        f"select count(*), max(lead_key) - min(lead_key) from {schema}.id_number"
    ).fetchall()[0]
    return int(span or 0) < _GAPS * int(n) + _FEW_NUMBERS


def _lead_keys(crm: Crm, schema: str, source: Activities) -> str:
    """A relation of `l` by `lead_key`: the id as text, or as a number where the source has numbers.

    A text such as 007 is the id of no number.
    """
    if not source.numbers:
        return f"(select l, lead_id as lead_key from {schema}.ids where m = {LONG_AGO})"
    number = "try_cast(lead_id as bigint)"
    crm.connection.execute(f"""
        create table {schema}.id_number as select l, {number} as lead_key from {schema}.ids
        where m = {LONG_AGO} and cast({number} as varchar) = lead_id""")
    return f"{schema}.id_number"
