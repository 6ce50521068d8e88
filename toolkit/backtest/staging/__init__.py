"""From the customer's tables to integers: the last place where a lead's text is seen.

Every test of the model is evaluated once, in Python, on the distinct values of a column; what
reaches the engine is a dictionary of small integers. So there is one three-valued logic for all
engines, and nothing of a model file becomes SQL.

    plan         the model as integers
    fit          lead fields    -> <schema>.ld(l, c, gate, f0, f1, ...)
    activities   activities     -> <schema>.ev(l, t, q, r0, r1, ...)
"""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.backtest.core import Plan
from toolkit.backtest.staging.activities import stage_activities
from toolkit.backtest.staging.fit import stage_fit
from toolkit.backtest.staging.plan import make_plan
from toolkit.crm import Crm
from toolkit.model import Model

__all__ = ["Staged", "make_plan", "stage"]


@dataclass(frozen=True, slots=True)
class Staged:
    """The plan, and what staging noticed on the way."""

    plan: Plan
    never_met: tuple[str, ...]
    """Labels of the activity criteria that no activity in the data can meet."""


def stage(model: Model, crm: Crm, schema: str) -> Staged:
    """Make `<schema>.ld` and the view `<schema>.ev`, which the core reads."""
    stage_fit(model, crm, schema)
    never_met = stage_activities(model, crm, schema)
    return Staged(make_plan(model), never_met)
