"""Sums over activities at very many moments of each lead: what changes, added up in order of time.

The text of `sum_columns` looks at each activity from each moment, which grows with the square of a
lead's activities where every second that matters is a moment. What is added up changes only when
an activity comes or reaches an age at which it is worth something else, so it is the running sum of
these changes: one pass in order of time, and the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.backtest.core.plan import Dated, InactivityRule
from toolkit.backtest.core.silence import silence_added
from toolkit.backtest.core.units import Added, added
from toolkit.backtest.core.words import number

__all__ = ["running_sql"]


def running_sql(rules: Sequence[tuple[int, Dated]]) -> str | None:
    """Select l, k and the columns of some criteria; None where there are none, or resets end them."""
    if not rules or any(rule.reset is not None for _, rule in rules):
        return None
    columns = [column for i, rule in rules for column in _added(i, rule)]
    last = [f"n{i}" for i, rule in rules if isinstance(rule, InactivityRule) and rule.times != 1]
    ages = sorted({0, *(age for column in columns for age in column.ages)})
    names = [column.name for column in columns] + last
    changes = [_change(column) for column in columns] + [
        "case when e.q = 1 and x.a = 0 then e.t end" for _ in last
    ]
    sums = [_over("sum", column.name) for column in columns] + [_over("max", n) for n in last]
    return f"""
  select {", ".join(["l", "k", *names])} from (
    select {", ".join(["l", "k", *sums])} from (
      select {", ".join(["mo.l", "mo.k", "mo.s", *(f"null as {name}" for name in names)])} from mo
      union all
      select {", ".join(["e.l", "null", "e.t + x.a", *changes])}
      from ev e cross join ({_listed(ages)}) x
    ) x
  ) x where k is not null"""


def _added(i: int, rule: Dated) -> list[Added]:
    if isinstance(rule, InactivityRule):
        return [silence_added(i, rule)] if rule.times == 1 else []
    return added(i, rule)


def _over(aggregate: str, name: str) -> str:
    """Up to and including the row's second, whatever else is in that second."""
    return f"{aggregate}({name}) over (partition by l order by s) as {name}"


def _change(column: Added) -> str:
    """By how much an activity changes a column on reaching an age."""
    worth = [0, *map(column.at, column.ages)]
    steps = zip(column.ages, worth[1:], worth, strict=False)
    cases = " ".join(f"when {number(a)} then {number(now - old)}" for a, now, old in steps)
    return f"case when {column.meets} then {column.times} * case x.a {cases} else 0 end end"


def _listed(ages: Sequence[int]) -> str:
    return " union all ".join(f"select {number(age)} as a" for age in ages)
