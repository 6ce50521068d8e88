"""Activities to integers: each distinct kind of activity is tested once, in Python.

A kind is an activity type with the columns that some criterion tests. The dictionary of kinds is
joined back to the activities in a view, which the engine streams: the activities themselves are
never copied. Its keys are plain columns: a key computed from a second table cannot be hashed
before that table is joined, and made the scores of 20 million activities a hundred times slower.
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
    kinds = _kinds(crm, columns)
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


def _each_once(crm: Crm) -> str:
    """The activities, copies of one activity_id left out (an export that overlaps repeats rows).

    Which copy stays does not depend on the order of rows: the earliest of the first lead.
    """
    if "activity_id" not in column_names(crm.connection, "activities"):
        return "activities"
    copies = crm.connection.execute(
        "select count(activity_id) - count(distinct activity_id) from activities"
    ).fetchall()[0][0]
    if not copies:
        return "activities"
    return """(select * from activities qualify activity_id is null or row_number() over (
        partition by activity_id order by lead_id, occurred_at, activity_type) = 1)"""


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


def _kinds(crm: Crm, columns: Sequence[str]) -> pd.DataFrame:
    """The distinct kinds: `activity_type`, `role`, `k0`, ... (the tested columns as text)."""
    keys = "".join(f", {_text(quoted(name))} as k{i}" for i, name in enumerate(columns))
    return crm.connection.execute(
        f"select distinct activity_type, role{keys} from activities "
        "where activity_type is not null order by all"
    ).df()


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
    keys = "".join(
        f" and kind.k{i} = {_text('a.' + quoted(name))}" for i, name in enumerate(columns)
    )
    chosen = "".join(f", kind.{name}" for name in rules)
    crm.connection.execute(f"""
        create view {schema}.ev as
        select lead.l, {seconds("a.occurred_at")} as t, kind.q{chosen}
        from {_each_once(crm)} as a
        join {schema}.kind as kind on kind.activity_type = a.activity_type{keys}
        join {schema}.lead as lead on lead.lead_id = a.lead_id
        where a.occurred_at is not null and not coalesce(a.is_machine, false)""")
