"""The score as of a moment, as one plain SQL text over integers.

The text is made from a `Plan`, which holds integers only, so nothing of a model file can become
SQL. It uses CASE, COALESCE, SUM and joins alone, and gives the same rows on any engine. Tables:

    ld(l, c, f0, f1, ...)       lead number, creation, points of each fit criterion
    ev(l, t, q, r0, r1, ...)    lead number, time, 1 if it breaks silence, 1 if it meets a rule
    mo(l, k, s)                 lead number, number of the moment, the moment

Times are whole seconds UTC. An activity counts from its own second on (t <= s) until its window
has passed (s - t < window); silence pays from its last second on (s - last >= after).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ActivityRule", "FitRule", "GroupPlan", "InactivityRule", "Limits", "Plan", "as_of_sql"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and the most that a sum may be; None is no limit."""

    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class FitRule:
    """Points found at staging; column `f<source>` of ld."""

    source: int


@dataclass(frozen=True, slots=True)
class ActivityRule:
    """Points per matching activity in the window; flag `r<source>` of ev."""

    source: int
    points: int
    within: int | None
    max_units: int | None
    limits: Limits


@dataclass(frozen=True, slots=True)
class InactivityRule:
    """Points once after so many seconds of silence."""

    after: int
    points: int
    limits: Limits


Rule = FitRule | ActivityRule | InactivityRule


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """A group of criteria: positions in `Plan.rules`, its dimension and its limits."""

    rules: tuple[int, ...]
    dimension: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Plan:
    """A model as integers: criterion, then group, then dimension, then base, then total."""

    rules: tuple[Rule, ...]
    groups: tuple[GroupPlan, ...]
    fit: Limits
    behavior: Limits
    base: int
    total: Limits


def as_of_sql(plan: Plan) -> str:
    """Select l, k, s, p0, p1, ... (points per criterion), fit, behavior, score."""
    points = ", ".join(f"{_points(i, rule)} as p{i}" for i, rule in enumerate(plan.rules))
    return f"""
with b as ({_units_sql(plan)}),
p as (
  select mo.l, mo.k, mo.s{", " + points if points else ""}
  from mo join ld on ld.l = mo.l left join b on b.l = mo.l and b.k = mo.k
),
d as (
  select p.*, {_dimension(plan, "fit")} as fit, {_dimension(plan, "behavior")} as behavior from p
)
select d.*, {_clamp(f"{_int(plan.base)} + fit + behavior", plan.total)} as score from d
"""


def _units_sql(plan: Plan) -> str:
    """Count, per lead and moment, the activities that meet each rule.

    The moment's own bounds are on the join, so that rows no rule can see are never aggregated.
    """
    counts = [
        f"sum(case when e.r{rule.source} = 1{_younger(rule.within)} then 1 else 0 end) as n{i}"
        if isinstance(rule, ActivityRule)
        else f"sum(case when e.q = 1{_younger(rule.after)} then 1 else 0 end) as n{i}"
        for i, rule in enumerate(plan.rules)
        if not isinstance(rule, FitRule)
    ]
    reach = _reach(plan)
    bound = "" if reach is None else f" and e.t > mo.s - {reach}"
    return f"""
  select mo.l, mo.k{"".join(", " + count for count in counts)}
  from ev e join mo on mo.l = e.l and e.t <= mo.s{bound}
  group by mo.l, mo.k"""


def _reach(plan: Plan) -> int | None:
    """How far back any rule looks, in seconds; None when one looks back for ever."""
    spans = [
        rule.within if isinstance(rule, ActivityRule) else rule.after
        for rule in plan.rules
        if not isinstance(rule, FitRule)
    ]
    if not spans:
        return 0
    return None if None in spans else max(span for span in spans if span is not None)


def _younger(seconds: int | None) -> str:
    return "" if seconds is None else f" and mo.s - e.t < {_int(seconds)}"


def _points(i: int, rule: Rule) -> str:
    if isinstance(rule, FitRule):
        return f"ld.f{rule.source}"
    if isinstance(rule, ActivityRule):
        units = f"coalesce(b.n{i}, 0)"
        if rule.max_units is not None:
            most = _int(rule.max_units)
            units = f"case when {units} > {most} then {most} else {units} end"
        return _clamp(f"{_int(rule.points)} * ({units})", rule.limits)
    silent = f"coalesce(b.n{i}, 0) = 0 and ld.c <= mo.s - {_int(rule.after)}"
    return _clamp(f"case when {silent} then {_int(rule.points)} else 0 end", rule.limits)


def _dimension(plan: Plan, dimension: str) -> str:
    groups = [
        _clamp(" + ".join(f"p{i}" for i in group.rules) or "0", group.limits)
        for group in plan.groups
        if group.dimension == dimension
    ]
    limits = plan.fit if dimension == "fit" else plan.behavior
    return _clamp(" + ".join(groups) or "0", limits)


def _clamp(value: str, limits: Limits) -> str:
    """LEAST and GREATEST treat NULL differently from engine to engine; CASE does not."""
    whole = f"cast({value} as bigint)"
    cases = ""
    if limits.low is not None:
        cases += f" when {whole} < {_int(limits.low)} then {_int(limits.low)}"
    if limits.high is not None:
        cases += f" when {whole} > {_int(limits.high)} then {_int(limits.high)}"
    return f"case{cases} else {whole} end" if cases else whole


def _int(value: int) -> str:
    """The only door through which a model's value enters the text."""
    return f"({int(value)})" if value < 0 else str(int(value))
