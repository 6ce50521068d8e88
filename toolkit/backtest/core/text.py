"""The whole statement."""

from __future__ import annotations

from toolkit.backtest.core.plan import (
    ActivityRule,
    Bounds,
    Dated,
    FitRule,
    InactivityRule,
    Plan,
    Rule,
)
from toolkit.backtest.core.running import running_sql
from toolkit.backtest.core.silence import (
    silence_column,
    silence_points,
    silence_reach,
    spells_sql,
)
from toolkit.backtest.core.units import (
    join_resets,
    ranked_sql,
    reach_of,
    sum_columns,
    units_points,
)
from toolkit.backtest.core.words import clamp, number, quotient

__all__ = ["as_of_sql", "look_back", "path_sql"]


def as_of_sql(plan: Plan) -> str:
    """Select l, k, s, p0, p1, ... (per criterion), fit, behavior, score.

    The points of criteria and dimensions are in units of the plan; where more than one unit makes
    a point, there is also `total`, the score in units before it is rounded.
    """
    return _statement(plan, _sums_sql(plan))


def path_sql(plan: Plan) -> str:
    """Select the same, for very many moments of each lead: work grows with their number alone.

    Criteria that need their activities in order, and those that resets end, are as in `as_of_sql`.
    """
    return _statement(plan, running_sql(_summed(plan)) or _sums_sql(plan))


def _statement(plan: Plan, sums: str) -> str:
    points = "".join(f", {_points(i, rule)} as p{i}" for i, rule in enumerate(plan.rules))
    total = clamp(f"{number(plan.base)} + {_weighted(plan)}", plan.total)
    score = f"{total} as score from d" if plan.unit == 1 else _rounded(plan, total)
    return f"""
with {_resets_sql(plan)}b as ({sums}),{_own_queries(plan)}
p as (
  select mo.l, mo.k, mo.s{points}
  from mo join ld on ld.l = mo.l left join b on b.l = mo.l and b.k = mo.k{_joins(plan)}
),
d as (
  select p.*, {_dimension(plan, "fit")} as fit, {_dimension(plan, "behavior")} as behavior from p
)
select {"d.*" if plan.unit == 1 else "t.*"}, {score}
"""


def _weighted(plan: Plan) -> str:
    parts = (("fit", plan.fit.weight), ("behavior", plan.behavior.weight))
    return " + ".join(
        name if weight == 1 else f"{number(weight)} * {name}" for name, weight in parts
    )


def _rounded(plan: Plan, total: str) -> str:
    unit = plan.unit
    if plan.down:
        up, under = "total", f"-{quotient(f'{number(unit - 1)} - total', unit)}"
        above = quotient(up, unit)
    else:
        above = quotient(f"2 * total + {number(unit)}", 2 * unit)
        under = f"-{quotient(f'{number(unit)} - 2 * total', 2 * unit)}"
    rounded = f"case when total >= 0 then {above} else {under} end as score"
    return f"{rounded} from (select d.*, {total} as total from d) t"


# --- sums over activities -----------------------------------------------------------------------


def _in_order(rule: Rule) -> bool:
    """Whether the rule has a query of its own."""
    if isinstance(rule, InactivityRule):
        return not rule.recover
    return isinstance(rule, ActivityRule) and rule.ranks


def _own_queries(plan: Plan) -> str:
    queries = (
        f"\nu{i} as ({spells_sql(rule) if isinstance(rule, InactivityRule) else ranked_sql(rule)}),"
        for i, rule in enumerate(plan.rules)
        if isinstance(rule, ActivityRule | InactivityRule) and _in_order(rule)
    )
    return "".join(queries)


def _joins(plan: Plan) -> str:
    own = (
        f" left join u{i} on u{i}.l = mo.l and u{i}.k = mo.k"
        for i, rule in enumerate(plan.rules)
        if _in_order(rule)
    )
    return join_resets(max(_resets(plan), default=None)) + "".join(own)


def _sums_sql(plan: Plan) -> str:
    """Sum up, per lead and moment, what needs no order of the activities.

    The moment's own bounds are on the join, so that rows no rule can see are never aggregated.
    """
    summed = _summed(plan)
    sums = [column for i, rule in summed for column in _columns(i, rule)]
    resets = [rule.reset for _, rule in summed if rule.reset is not None]
    spans = [_reach(rule) for _, rule in summed]
    return f"""
  select mo.l, mo.k{"".join(", " + column for column in sums)}
  from ev e join mo on mo.l = e.l and e.t <= mo.s{_bound(spans)}{join_resets(max(resets, default=None))}
  group by mo.l, mo.k"""


def _summed(plan: Plan) -> list[tuple[int, Dated]]:
    """The criteria, with their places, whose activities need no order."""
    return [
        (i, rule)
        for i, rule in enumerate(plan.rules)
        if not isinstance(rule, FitRule) and not _in_order(rule)
    ]


def _columns(i: int, rule: Dated) -> list[str]:
    return [silence_column(i, rule)] if isinstance(rule, InactivityRule) else sum_columns(i, rule)


def _reach(rule: Rule) -> int | None:
    if isinstance(rule, FitRule):
        return 0
    return silence_reach(rule) if isinstance(rule, InactivityRule) else reach_of(rule)


def look_back(plan: Plan) -> int | None:
    """How far back any rule looks, in seconds; None is for ever."""
    spans = [None if _never_forgets(rule) else _reach(rule) for rule in plan.rules]
    known = [span for span in spans if span is not None]
    return None if len(known) < len(spans) else max(known, default=0)


def _never_forgets(rule: Rule) -> bool:
    return isinstance(rule, InactivityRule) and not rule.recover


def _bound(spans: list[int | None]) -> str:
    """Leave out activities too old for every rule; nothing where one looks back for ever."""
    known = [span for span in spans if span is not None]
    return "" if len(known) < len(spans) else f" and e.t > mo.s - {number(max(known, default=0))}"


def _resets(plan: Plan) -> list[int]:
    known = {rule.reset for rule in plan.rules if not isinstance(rule, FitRule)}
    return sorted(reset for reset in known if reset is not None)


def _resets_sql(plan: Plan) -> str:
    """The time of the last reset of each kind, at or before the moment.

    A reset that is older than all that a rule can see changes nothing for it.
    """
    resets = _resets(plan)
    if not resets:
        return ""
    times = "".join(f", max(case when e.z{i} = 1 then e.t end) as z{i}" for i in resets)
    # What fired before the last reset is gone, however long ago that was.
    spans: list[int | None] = [
        None if _never_forgets(rule) else _reach(rule)
        for rule in plan.rules
        if not isinstance(rule, FitRule) and rule.reset is not None
    ]
    return f"""z as (
  select mo.l, mo.k{times} from ev e join mo on mo.l = e.l and e.t <= mo.s{_bound(spans)}
  group by mo.l, mo.k),
"""


# --- points -------------------------------------------------------------------------------------


def _points(i: int, rule: Rule) -> str:
    if isinstance(rule, FitRule):
        return _bounded(_times(f"ld.f{rule.source}", rule.factor), rule.bounds, whole=True)
    if isinstance(rule, InactivityRule):
        return _bounded(silence_points(i, rule), rule.bounds)
    return _bounded(units_points(i, rule), rule.bounds)


def _times(value: str, factor: int) -> str:
    return value if factor == 1 else f"{number(factor)} * {value}"


def _bounded(value: str, bounds: Bounds, *, whole: bool = False) -> str:
    """Apply limits, then the weight, then the season."""
    if not whole:
        value = clamp(value, bounds.limits)
    if bounds.weight != 1:
        value = f"{number(bounds.weight)} * ({value})"
    sides = ((">=", bounds.since), ("<", bounds.until))
    inside = " and ".join(f"mo.s {sign} {number(s)}" for sign, s in sides if s is not None)
    return f"case when {inside} then {value} else 0 end" if inside else value


def _dimension(plan: Plan, dimension: str) -> str:
    groups = [
        clamp(" + ".join(f"p{i}" for i in group.rules) or "0", group.limits)
        for group in plan.groups
        if group.dimension == dimension
    ]
    part = plan.fit if dimension == "fit" else plan.behavior
    return clamp(" + ".join(groups) or "0", part.limits)
