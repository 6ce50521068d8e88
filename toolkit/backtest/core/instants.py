"""Every second at which a score may change, so that its path is the scores at these seconds.

A score is constant between them: an activity counts from its own second on, until one of the ages
at which a rule lets it fade or leave; silence pays at multiples of its length after an activity or
the creation; a season begins and ends. There may be seconds at which nothing changes, never a
change at another second.
"""

from __future__ import annotations

from toolkit.backtest.core.plan import ActivityRule, FitRule, InactivityRule, Plan, Rule, TiersRule
from toolkit.backtest.core.words import number

__all__ = ["ages", "instants_sql"]


def ages(plan: Plan, *, longest: int) -> list[int]:
    """Seconds after an activity or the creation at which some rule may change, 0 among them.

    `longest` bounds silence that fires without end: no lead is older.

    >>> from toolkit.backtest.core.plan import Bounds, DimensionPlan, InactivityRule, Limits, Plan
    >>> silence = InactivityRule(10, -1, None, True, None, Bounds())
    >>> free = DimensionPlan(Limits(), 1)
    >>> ages(Plan((silence,), (), free, free, 0, Limits(), 1, False), longest=35)
    [0, 10, 20, 30]
    """
    return sorted({0, *(age for rule in plan.rules for age in _ages(rule, longest))})


def _ages(rule: Rule, longest: int) -> list[int]:
    if isinstance(rule, InactivityRule):
        times = longest // rule.after if rule.times is None else rule.times
        return [m * rule.after for m in range(1, times + 1)]
    if isinstance(rule, TiersRule):
        return [tier.within for tier in rule.tiers if tier.within is not None]
    if isinstance(rule, ActivityRule):
        window = [] if rule.within is None else [rule.within]
        return window + [age for age, _ in rule.value.steps]
    return []


def instants_sql(plan: Plan, *, until: int) -> str:
    """Select l, s of every such second between creation and `until`, each once.

    Reads `age(a)` beside the tables of the core.
    """
    seasons = sorted({
        second
        for rule in plan.rules
        for second in (rule.bounds.since, rule.bounds.until)
        if second is not None
    })  # fmt: skip
    dated = "".join(f" union all select l, c, {number(s)} as s from ld" for s in seasons)
    happens = " union all select ld.l, ld.c, ev.t from ev join ld on ld.l = ev.l"
    if all(isinstance(rule, FitRule) for rule in plan.rules):
        happens = ""
    return f"""
select distinct l, s from (
  select l, c, t + a as s from (select l, c, c as t from ld{happens}) x cross join age{dated}
) x where s >= c and s <= {number(until)}"""
