"""The score of each account at an instant: one plain SQL text over the scores of its leads."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.backtest.core.plan import Limits
from toolkit.backtest.core.words import clamp, number

__all__ = ["RollUp", "rolled_sql"]


@dataclass(frozen=True, slots=True)
class RollUp:
    """How an account is scored, in whole points of the reported score.

    With `start` it is the number of leads with that score or more; otherwise the sum of the `top`
    highest scores (None: of all), divided by their number where `mean`, rounded half away from
    zero, or down if `down`.
    """

    start: int | None
    top: int | None
    mean: bool
    down: bool
    limits: Limits


def rolled_sql(plan: RollUp, rows: str) -> str:
    """Select account, s, n, n_disqualified, score from rows of (account, s, score, gone).

    `gone` is 1 for a lead that a gate disqualifies. `score` is NULL where no lead is left, and for
    the leads without an account. Of fewer than `top` leads all count.
    """
    return f"""
select account, s, n, n_disqualified,
  case when account is not null and n > 0 then {clamp(_divided(plan), plan.limits)} end as score
from (
  select account, s, cast(sum(1 - gone) as bigint) as n,
    cast(sum(gone) as bigint) as n_disqualified,
    cast(sum(case when {_counts(plan)} then {"score" if plan.start is None else "1"} else 0 end)
      as bigint) as v,
    cast(sum(case when {_counts(plan)} then 1 else 0 end) as bigint) as c
  from (
    select account, s, score, gone,
      row_number() over (partition by account, s, gone order by score desc) as o
    from ({rows}) x
  ) x group by account, s
) x"""


def _counts(plan: RollUp) -> str:
    """Whether a lead counts."""
    among = "" if plan.top is None else f" and o <= {number(plan.top)}"
    above = "" if plan.start is None else f" and score >= {number(plan.start)}"
    return f"gone = 0{among}{above}"


def _divided(plan: RollUp) -> str:
    if not plan.mean:
        return "v"
    if plan.down:
        return f"case when v >= 0 then {_over('v', 'c')} else -{_over('c - 1 - v', 'c')} end"
    above, under = _over("2 * v + c", "2 * c"), _over("c - 2 * v", "2 * c")
    return f"case when v >= 0 then {above} else -{under} end"


def _over(value: str, by: str) -> str:
    """Divide what is not negative, rounding down; exact on every engine, as in `quotient`."""
    return f"cast((({value}) - mod({value}, {by})) / ({by}) as bigint)"
