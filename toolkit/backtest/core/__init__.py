"""The score as of a moment, as one plain SQL text over integers.

The text is made from a `Plan`, which holds integers only, so nothing of a model file can become
SQL. It gives the same rows on any engine. Tables:

    ld(l, c, f0, f1, ...)       lead number, creation, points of each fit criterion
    ev(l, t, q, r0, r1, ...)    lead number, time, 1 if it breaks silence, 1 if it meets a rule;
                                z0, ... 1 if it resets; g0, ... number of its asset or session
                                (null without); d recorded delta
    mo(l, k, s)                 lead number, number of the moment, the moment

Times are whole seconds UTC. An activity counts from its own second on (t <= s) until its window
has passed (s - t < window); silence pays from its last second on (s - last >= after).

    plan     a model as integers
    units    what the activities of one criterion are worth
    silence  what inactivity is worth
    running  sums over activities at very many moments of each lead
    text     the whole statement
    instants every second at which a score may change
    rollup   the scores of leads as scores of accounts
"""

from __future__ import annotations

from toolkit.backtest.core.instants import ages, instants_sql
from toolkit.backtest.core.plan import (
    ActivityRule,
    Bounds,
    Bucket,
    DimensionPlan,
    FitRule,
    GroupPlan,
    InactivityRule,
    LedgerRule,
    Limits,
    Plan,
    Rule,
    TierPlan,
    TiersRule,
    Value,
)
from toolkit.backtest.core.rollup import RollUp, rolled_sql
from toolkit.backtest.core.text import as_of_sql, look_back, path_sql

__all__ = [
    "ActivityRule",
    "Bounds",
    "Bucket",
    "DimensionPlan",
    "FitRule",
    "GroupPlan",
    "InactivityRule",
    "LedgerRule",
    "Limits",
    "Plan",
    "RollUp",
    "Rule",
    "TierPlan",
    "TiersRule",
    "Value",
    "ages",
    "as_of_sql",
    "instants_sql",
    "look_back",
    "path_sql",
    "rolled_sql",
]
