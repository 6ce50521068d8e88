"""Activities to integers: each distinct kind of activity is tested once, in Python.

A kind is an activity type with the columns that some criterion tests for that type. The
dictionary of kinds is joined back to the activities in a view, which the engine streams: the
activities themselves are never copied.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.backtest.sql import column_names, make_table, quoted, seconds
from toolkit.crm import Crm
from toolkit.errors import ModelError, nearest_first
from toolkit.model import ActivityCriterion, InactivityCriterion, Model
from toolkit.model.logic import TRUE, condition_truth, test_truth, where_fields

__all__ = ["stage_activities"]

Flags = dict[str, npt.NDArray[np.int8]]


def stage_activities(model: Model, crm: Crm, schema: str) -> tuple[str, ...]:
    """Make the view `<schema>.ev(l, t, q, r0, ...)`; return the labels of criteria never met.

    `q` is 1 for an activity that breaks silence (any marketing activity), `r<i>` is 1 where the
    activity meets activity criterion i. Activities of machines, without a time, or that no rule
    can see are not in the view; the checks of the tables count the first two.
    """
    criteria = [p.criterion for p in model.criteria if isinstance(p.criterion, ActivityCriterion)]
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
    kinds = _kinds(crm, schema, criteria, columns)
    flags = _flags(criteria, kinds, columns)
    _refuse_other_roles(criteria, kinds, flags)
    _make_view(
        crm, schema, kinds.assign(q=_breaks_silence(kinds), **flags), columns, silence=silence
    )
    return tuple(c.label for i, c in enumerate(criteria) if not flags[f"r{i}"].any())


def _make_empty_view(crm: Crm, schema: str) -> None:
    crm.connection.execute(
        f"create view {schema}.ev as select 0 as l, cast(0 as bigint) as t, 0 as q where false"
    )


def _where_columns(crm: Crm, criteria: Sequence[ActivityCriterion]) -> list[str]:
    columns = sorted(frozenset[str]().union(*(where_fields(c) for c in criteria)))
    known = column_names(crm.connection, "activities")
    for column in columns:
        if column not in known:
            users = ", ".join(f"'{c.id}'" for c in criteria if column in where_fields(c))
            raise ModelError(
                f"criterion {users} tests the column '{column}' of the table 'activities', which "
                f"is not there: {nearest_first(column, known)}. Correct the name in the model, "
                "or map the column in crm.yaml"
            )
    return columns


def _text(column: str) -> str:
    """A column as text, blank where missing: the dictionary's key."""
    return f"coalesce(cast({column} as varchar), '')"


def _kinds(
    crm: Crm, schema: str, criteria: Sequence[ActivityCriterion], columns: Sequence[str]
) -> pd.DataFrame:
    """Make `<schema>.type(activity_type, role, w0, ...)` and return the distinct kinds.

    Columns `activity_type`, `role`, `k0`, ...: the text of each tested column, blank for the
    types whose criteria do not look at it, so that a million page names of a type that nobody
    tests are never fetched.
    """
    types = crm.connection.execute(
        "select activity_type, any_value(role) as role from activities "
        "where activity_type is not null group by activity_type order by activity_type"
    ).df()
    watched = {
        f"w{i}": [_looks_at(criteria, name, column) for name in types["activity_type"]]
        for i, column in enumerate(columns)
    }
    make_table(crm.connection, f"{schema}.type", types.astype("str").assign(**watched))
    keys = "".join(f", {_watched_key(i, name)} as k{i}" for i, name in enumerate(columns))
    return crm.connection.execute(
        f"select distinct type.activity_type, type.role{keys} from activities as a "
        f"join {schema}.type as type on type.activity_type = a.activity_type order by all"
    ).df()


def _watched_key(i: int, column: str) -> str:
    return f"case when type.w{i} then {_text('a.' + quoted(column))} else '' end"


def _looks_at(criteria: Sequence[ActivityCriterion], name: str, column: str) -> bool:
    return any(column in where_fields(c) and _is_type(c, name) for c in criteria)


def _is_type(criterion: ActivityCriterion, name: str) -> bool:
    return name.strip().casefold() in {kind.strip().casefold() for kind in criterion.activity}


def _flags(
    criteria: Sequence[ActivityCriterion], kinds: pd.DataFrame, columns: Sequence[str]
) -> Flags:
    """For each criterion, 1 where a kind of activity meets it."""
    cells = {name: kinds[f"k{i}"].tolist() for i, name in enumerate(columns)}
    names = kinds["activity_type"].tolist()
    flags = {}
    for i, criterion in enumerate(criteria):
        typed = np.fromiter((_is_type(criterion, name) for name in names), bool, len(names))
        if criterion.where is not None:
            met = condition_truth(
                criterion.where, lambda field, test: test_truth(test, cells[field]), len(names)
            )
            typed &= met == TRUE
        flags[f"r{i}"] = typed.astype(np.int8)
    return flags


def _breaks_silence(kinds: pd.DataFrame) -> npt.NDArray[np.int8]:
    return (kinds["role"] == "marketing").to_numpy().astype(np.int8)


def _refuse_other_roles(
    criteria: Sequence[ActivityCriterion], kinds: pd.DataFrame, flags: Flags
) -> None:
    for i, criterion in enumerate(criteria):
        wrong = kinds[(flags[f"r{i}"] == 1) & (kinds["role"] != "marketing").to_numpy()]
        if len(wrong):
            kind, role = wrong.iloc[0][["activity_type", "role"]]
            raise ModelError(
                f"criterion '{criterion.id}' pays for the activity '{kind}', whose role in "
                f"crm.yaml is '{role}': it may be a consequence of the hand-off and would make "
                "the score look better than it is. Remove the criterion, or give the type the "
                "role 'marketing'"
            )


def _make_view(
    crm: Crm, schema: str, kinds: pd.DataFrame, columns: Sequence[str], *, silence: bool
) -> None:
    """Join activities, leads and kinds; kinds that no rule can see are pruned first."""
    rules = [name for name in kinds.columns if name.startswith("r") and name != "role"]
    seen = kinds[rules].any(axis=1) | ((kinds["q"] == 1) & silence)
    make_table(crm.connection, f"{schema}.kind", kinds[seen].drop(columns="role"))
    keys = "".join(f" and kind.k{i} = {_watched_key(i, name)}" for i, name in enumerate(columns))
    chosen = "".join(f", kind.{name}" for name in rules)
    crm.connection.execute(f"""
        create view {schema}.ev as
        select lead.l, {seconds("a.occurred_at")} as t, kind.q{chosen}
        from activities as a
        join {schema}.type as type on type.activity_type = a.activity_type
        join {schema}.kind as kind on kind.activity_type = a.activity_type{keys}
        join {schema}.lead as lead on lead.lead_id = a.lead_id
        where a.occurred_at is not null and not coalesce(a.is_machine, false)""")
