"""What the activities of one criterion are worth at a moment.

Where it does not matter which activities count, their number or the sum of their values is one
conditional aggregate, shared by all such criteria. Buckets, and the most recent units of values
that fade, need the activities in order: a query of their own. Activities of the same second have
the same age and so the same value: whichever of them is displaced, the sum is the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.backtest.core.plan import ActivityRule, Bucket, LedgerRule, TiersRule, Value
from toolkit.backtest.core.words import number, younger

__all__ = [
    "Added",
    "added",
    "after_reset",
    "join_resets",
    "ranked_sql",
    "reach_of",
    "sum_column",
    "sum_columns",
    "units_points",
]

# Weeks enough to make any time positive, so that every engine's mod rounds the same way.
_POSITIVE = 10_000_000 * 604_800


@dataclass(frozen=True, slots=True)
class Added:
    """A column that adds up what each activity is worth at its age, in whatever order they came."""

    name: str
    meets: str
    """The condition on an activity `e`."""
    within: int | None
    value: Value
    times: str = "1"
    """What the value is multiplied by: a column of `e`, or 1."""

    def at(self, age: int) -> int:
        """What an activity of this age is worth."""
        if self.within is not None and age >= self.within:
            return 0
        return next((points for until, points in self.value.steps if age < until), self.value.rest)

    @property
    def ages(self) -> list[int]:
        """The ages at which this may change."""
        window = [] if self.within is None else [self.within]
        return sorted({0, *window, *(until for until, _ in self.value.steps)})


_ONE = Value((), 1)


def added(i: int, rule: ActivityRule | TiersRule | LedgerRule) -> list[Added]:
    """What is added up of a criterion for which no order is needed."""
    meets = f"e.r{rule.source} = 1"
    if isinstance(rule, TiersRule):
        return [Added(f"n{i}_{j}", meets, tier.within, _ONE) for j, tier in enumerate(rule.tiers)]
    if isinstance(rule, LedgerRule):
        return [Added(f"n{i}", meets, None, _ONE, times="e.d")]
    return [Added(f"n{i}", meets, rule.within, rule.value if rule.value.steps else _ONE)]


def sum_columns(i: int, rule: ActivityRule | TiersRule | LedgerRule) -> list[str]:
    """The aggregates of such a criterion at each moment."""
    return [sum_column(column, after_reset(rule.reset)) for column in added(i, rule)]


def sum_column(column: Added, alive: str = "") -> str:
    """The aggregate at each moment, of the activities that are `alive`."""
    condition = f"{column.meets}{alive}{younger(column.within)}"
    value = _worth(column.value, "mo.s - e.t") if column.value.steps else column.times
    return f"sum(case when {condition} then {value} else 0 end) as {column.name}"


def _worth(value: Value, age: str) -> str:
    steps = "".join(
        f" when {age} < {number(until)} then {number(points)}" for until, points in value.steps
    )
    return f"case{steps} else {number(value.rest)} end" if steps else number(value.rest)


def units_points(i: int, rule: ActivityRule | TiersRule | LedgerRule) -> str:
    """The criterion's sum, before its limits."""
    if isinstance(rule, TiersRule):
        tiers = "".join(
            f" when coalesce(b.n{i}_{j}, 0) >= {number(tier.at_least)} then {number(tier.points)}"
            for j, tier in enumerate(rule.tiers)
        )
        return f"case{tiers} else 0 end"
    if isinstance(rule, LedgerRule):
        return f"{number(rule.factor)} * coalesce(b.n{i}, 0)"
    if rule.ranks:
        return f"coalesce(u{i}.n, 0)"
    units = f"coalesce(b.n{i}, 0)"
    if rule.value.steps:
        return units
    if rule.max_units is not None:
        most = number(rule.max_units)
        units = f"case when {units} > {most} then {most} else {units} end"
    return f"{number(rule.value.rest)} * ({units})"


def after_reset(reset: int | None) -> str:
    """Keep what is later than the last reset."""
    return "" if reset is None else f" and (z.z{reset} is null or e.t > z.z{reset})"


def join_resets(reset: int | None) -> str:
    """Join the times of the last resets, where one is needed."""
    return "" if reset is None else " left join z on z.l = mo.l and z.k = mo.k"


def reach_of(rule: ActivityRule | TiersRule | LedgerRule) -> int | None:
    """How far back the criterion looks, in seconds; None is for ever."""
    if isinstance(rule, TiersRule):
        return _longest([tier.within for tier in rule.tiers])
    if isinstance(rule, LedgerRule):
        return None
    if rule.bucket is None and rule.value.steps and rule.value.rest == 0:
        # Older units are worth nothing, and never displace a younger one.
        worthless = rule.value.steps[-1][0]
        return worthless if rule.within is None else min(rule.within, worthless)
    return rule.within


def _longest(spans: list[int | None]) -> int | None:
    return None if None in spans else max(span for span in spans if span is not None)


def ranked_sql(rule: ActivityRule) -> str:
    """Select l, k, n: the sum of the values of the units that count."""
    rows = _activities_sql(rule)
    if rule.bucket is not None:
        rows = _bucketed_sql(rows, rule.bucket)
    if rule.max_units is not None:
        rows = f"""
    select l, k, a from (
      select l, k, a, row_number() over (partition by l, k order by a) as o from ({rows}) x
    ) x where o <= {number(rule.max_units)}"""
    worth = _worth(rule.value, "a")
    return f"select l, k, cast(sum({worth}) as bigint) as n from ({rows}) x group by l, k"


def _activities_sql(rule: ActivityRule) -> str:
    bucket = "" if rule.bucket is None else f", {_bucket_of(rule.bucket)} as g"
    reach = reach_of(rule)
    bound = "" if reach is None else f" and e.t > mo.s - {number(reach)}"
    return f"""
    select mo.l, mo.k, mo.s - e.t as a{bucket}
    from ev e join mo on e.l = mo.l and e.t <= mo.s{bound}{join_resets(rule.reset)}
    where e.r{rule.source} = 1{after_reset(rule.reset)}"""


def _bucket_of(bucket: Bucket) -> str:
    if bucket.column is not None:
        return f"e.g{bucket.column}"
    shifted = f"e.t + {number(_POSITIVE - bucket.offset)}"
    return f"{shifted} - mod({shifted}, {number(bucket.span)})"


def _bucketed_sql(rows: str, bucket: Bucket) -> str:
    """Keep the latest activities of each bucket that is large enough; no bucket: each alone."""
    most = "" if bucket.at_most is None else f" and o <= {number(bucket.at_most)}"
    alone = "case when g is null then 1 else"
    return f"""
    select l, k, a from (
      select l, k, a,
        {alone} count(*) over (partition by l, k, g) end as c,
        {alone} row_number() over (partition by l, k, g order by a) end as o
      from ({rows}) x
    ) x where c >= {number(bucket.at_least)}{most}"""
