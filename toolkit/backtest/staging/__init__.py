"""From the customer's tables to integers: the last place where a lead's text is seen.

Every test of the model is evaluated once, in Python, on the distinct values of a column; what
reaches the engine is a dictionary of small integers. So there is one three-valued logic for all
engines, and nothing of a model file becomes SQL.

    plan         the model as integers
    history      leads as they were known at their moments
    fit          lead fields    -> <schema>.ld(l, c, gate, f0, f1, ...)
    activities   activities     -> <schema>.ev(l, t, q, r0, r1, ...)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from toolkit.backtest.core import Plan, as_of_sql
from toolkit.backtest.kernel import kernel_scores
from toolkit.backtest.schemas import new_schema
from toolkit.backtest.sql import column_names
from toolkit.backtest.staging.activities import stage_activities
from toolkit.backtest.staging.fit import asks_by_field, stage_fit
from toolkit.backtest.staging.history import (
    History,
    fields_read,
    known_schema,
    span_leads,
    split_leads,
)
from toolkit.backtest.staging.plan import make_plan
from toolkit.backtest.staging.roles import refuse_followers
from toolkit.crm import Crm
from toolkit.crm.engines import is_remote
from toolkit.model import Model

__all__ = [
    "History",
    "Staged",
    "drop_staged",
    "make_plan",
    "scored_again",
    "scored_moments",
    "stage",
    "stage_at_moments",
    "stage_spans",
]


@dataclass(frozen=True, slots=True)
class Staged:
    """The plan, and what staging noticed on the way."""

    plan: Plan
    never_met: tuple[str, ...]
    """Labels of the activity criteria that no activity in the data can meet."""
    history: History


def stage(model: Model, crm: Crm, schema: str) -> Staged:
    """Make `<schema>.ld` and the view `<schema>.ev`, which the core reads.

    Leads have the fields of the export, and do not inherit from leads that were merged into them.
    """
    return _stage(model, crm, History(schema))


def stage_at_moments(
    model: Model, crm: Crm, schema: str, *, segments: Sequence[str] = ()
) -> Staged:
    """Make them for leads as they were known at the moments in `<schema>.mo`.

    They are in `history.schema`, which has a `lead` and a `mo` of its own where some lead was
    known differently at one of its moments.
    """
    return _stage(model, crm, split_leads(crm, schema, _columns(model, crm), segments))


def stage_spans(model: Model, crm: Crm, schema: str) -> Staged:
    """Make them for leads over their lives: an entry for each span in which one is known alike.

    They are in `history.schema`, where `at` in `lead` is the first second of the span, if some lead
    changes at all.
    """
    return _stage(model, crm, span_leads(crm, schema, _columns(model, crm)))


def _columns(model: Model, crm: Crm) -> list[str]:
    """The columns of leads that the score reads."""
    known = set(column_names(crm.connection, "leads"))
    return [name for name in fields_read(model, list(asks_by_field(model))) if name in known]


def _stage(model: Model, crm: Crm, history: History) -> Staged:
    refuse_followers(model, crm, {*_columns(model, crm)})
    stage_fit(model, crm, history.schema, fields=history.fields)
    never_met = stage_activities(model, crm, history.schema, split=history.split)
    return Staged(make_plan(model), never_met, history)


@contextmanager
def scored_moments(crm: Crm, staged: Staged, *, kernel: bool = True) -> Iterator[str]:
    """Give SQL of l, entry, k, s, p0, ..., fit, behavior, score, gate, profile of every moment.

    `l` is the number of the lead, `entry` that of the lead as it was known at the moment. The
    kernel scores; `kernel=False`, and every other engine than the one in this process, gives the
    text of the core instead, which selects the same rows and asks nothing of numpy.
    """
    inner = staged.history.schema
    if not kernel or is_remote(crm.connection):
        yield _scored_sql(staged, as_of_sql(staged.plan))
        return
    found = kernel_scores(crm.connection, inner, staged.plan)
    name = f"{inner}_scores"
    crm.connection.register(name, pa.table({key: pa.array(part) for key, part in found.items()}))
    try:
        columns = ", ".join(f"cast({key} as bigint) as {key}" for key in found)
        yield _scored_sql(staged, f"select {columns} from {name}")
    finally:
        crm.connection.unregister(name)


def _scored_sql(staged: Staged, score: str) -> str:
    inner = staged.history.schema
    base = f"join {inner}.lead as e on e.l = score.l" if staged.history.split else ""
    number = "e.base" if staged.history.split else "score.l"
    return f"""
        with ld as (select * from {inner}.ld), ev as (select * from {inner}.ev),
          mo as (select * from {inner}.mo), score as ({score})
        select score.* replace ({number} as l), score.l as entry, ld.gate, ld.profile
        from score join ld on ld.l = score.l {base}"""


def drop_staged(crm: Crm, schema: str) -> None:
    """Forget a schema, and that of the leads as they were known."""
    for each in (schema, known_schema(schema)):
        crm.connection.execute(f"drop schema if exists {each} cascade")


@contextmanager
def scored_again(model: Model, crm: Crm, schema: str) -> Iterator[tuple[Plan, str]]:
    """Score another model on the same leads at the same moments: its plan, and SQL of scores."""
    new = new_schema(crm.connection)
    for table in ("lead", "mo", "ids"):
        crm.connection.execute(f"create view {new}.{table} as select * from {schema}.{table}")
    try:
        staged = stage_at_moments(model, crm, new)
        with scored_moments(crm, staged) as scores:
            yield staged.plan, scores
    finally:
        drop_staged(crm, new)
