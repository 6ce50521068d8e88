"""What inactivity is worth at a moment.

The clock starts at the creation, the last marketing activity or the last reset, whichever is
latest. `recover`: only the present spell of silence counts. Otherwise every spell since the
creation or the last reset counts, and keeps what it fired; it fires at start + m * after if that
comes before the next activity (an activity in that very second prevents it) and not later than
the moment.
"""

from __future__ import annotations

from toolkit.backtest.core.plan import InactivityRule, Value
from toolkit.backtest.core.units import Added, after_reset, join_resets, sum_column
from toolkit.backtest.core.words import number, quotient

__all__ = ["silence_added", "silence_column", "silence_points", "silence_reach", "spells_sql"]


def silence_added(i: int, rule: InactivityRule) -> Added:
    """The activities that break a silence which pays once: none of them, and it pays."""
    return Added(f"n{i}", "e.q = 1", rule.after, Value((), 1))


def silence_column(i: int, rule: InactivityRule) -> str:
    """The aggregate over the activities that break silence."""
    if rule.times == 1:
        return sum_column(silence_added(i, rule))
    return f"max(case when e.q = 1{after_reset(rule.reset)} then e.t end) as n{i}"


def silence_reach(rule: InactivityRule) -> int | None:
    """How far back the rule looks, in seconds; silence that is longer pays no more."""
    return None if rule.times is None else rule.times * rule.after


def silence_points(i: int, rule: InactivityRule) -> str:
    """The criterion's sum, before its limits."""
    points = number(rule.points)
    if not rule.recover:
        return f"{points} * coalesce(u{i}.n, 0)"
    if rule.times == 1:
        since = f"mo.s - {number(rule.after)}"
        reset = "" if rule.reset is None else f" and coalesce(z.z{rule.reset}, ld.c) <= {since}"
        silent = f"coalesce(b.n{i}, 0) = 0 and ld.c <= {since}{reset}"
        return f"case when {silent} then {points} else 0 end"
    start = _later("ld.c", f"b.n{i}")
    if rule.reset is not None:
        start = _later(start, f"z.z{rule.reset}")
    return f"{points} * {_times(f'mo.s - {start}', rule)}"


def _later(one: str, other: str) -> str:
    """The later of two times; `other` may be missing."""
    return f"(case when coalesce({other}, {one}) > {one} then {other} else {one} end)"


def _times(span: str, rule: InactivityRule) -> str:
    """How often the rule fires in a span of silence."""
    most = ""
    if rule.times is not None:
        most = f" when {span} >= {number(rule.times * rule.after)} then {number(rule.times)}"
    few = f"when {span} < {number(rule.after)} then 0"
    return f"case {few}{most} else {quotient(span, rule.after)} end"


def spells_sql(rule: InactivityRule) -> str:
    """Select l, k, n: how often the rule has fired in all spells of silence."""
    start = "ld.c" if rule.reset is None else _later("ld.c", f"z.z{rule.reset}")
    join = f"join ld on ld.l = mo.l{join_resets(rule.reset)}"
    ended, open_ = _times("(nt - t - 1)", rule), _times("(s - t)", rule)
    return f"""
    select l, k, cast(sum(case when nt is null then {open_} else {ended} end) as bigint) as n
    from (
      select l, k, s, t, lead(t, 1) over (partition by l, k order by t) as nt from (
        select mo.l, mo.k, mo.s, {start} as t from mo {join}
        union all
        select mo.l, mo.k, mo.s, e.t
        from ev e join mo on e.l = mo.l and e.t <= mo.s {join}
        where e.q = 1 and e.t > {start}
      ) x
    ) x group by l, k"""
