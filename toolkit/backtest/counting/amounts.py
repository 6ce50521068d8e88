"""What converted leads were worth, by score."""

from __future__ import annotations

import pandas as pd

from toolkit.backtest.result import Backtest
from toolkit.backtest.sql import column_names, quoted
from toolkit.counts import AmountCounts
from toolkit.errors import QuestionError, nearest_first

__all__ = ["count_amounts"]

_CENTS = 100
"""Amounts are added as whole cents, so that no order of rows and no thread changes a sum."""


def count_amounts(backtest: Backtest, *, amount: str = "amount") -> AmountCounts:
    """Add up the amounts of converted leads by score.

    The amount of a lead is the last one that `stage_changes` records for it after its moment, or,
    where that table has no such column, the lead's own field (its value today). Text that is not a
    number, and amounts below 0, count as none. A lead counted in several periods is worth its
    amount in each.

    Parameters
    ----------
    backtest
        Leads scored by a model on CRM tables.
    amount
        The column with the amount, in one currency.

    Raises
    ------
    QuestionError
        Neither table has the column; or the leads come from a flat file.
    """
    source = _source_sql(backtest, amount)
    run = backtest.connection.execute
    run(f"""
        create or replace temp table valued as
        select s.score, s.state, coalesce('in ' || s.cluster, 'alone ' || s.l || ' ' || s.k) as g,
          s.cluster is not null as known,
          case when s.state = 'converted' then a.cents end as cents
        from {backtest.schema}.scored as s left join ({source}) as a on a.l = s.l and a.k = s.k
        where s.state in ('converted', 'not_converted')""")
    frame = run(f"""
        select score, count(*) as judged, cast(sum(case when state = 'converted' then 1 else 0 end)
            as bigint) as converted, count(cents) as valued,
          cast(coalesce(sum(cast(cents as hugeint)), 0) as double) / {_CENTS} as amount,
          cast(coalesce(sum(cast(cents as hugeint) * cents), 0) as double) / {_CENTS**2}
            as amount_squared,
          cast(max(cents) as double) / {_CENTS} as largest
        from valued group by score order by score""").df()
    known = run("select 1 from valued where known limit 1").fetchall()
    accounts = _accounts(backtest) if known else None
    leads = _account_leads(backtest) if known else None
    valued = run("select count(distinct g) from valued where cents is not null").fetchall()[0][0]
    run("drop table valued")
    return AmountCounts(
        frame.astype({"score": "int64"}),
        backtest.provenance,
        accounts,
        leads,
        valued if known else None,
    )


def _accounts(backtest: Backtest) -> pd.DataFrame:
    return backtest.connection.execute(f"""
        with cell as (select g, score, sum(cast(cents as hugeint)) as cents from valued
                      where cents is not null group by all)
        select a.score as score_a, b.score as score_b,
          cast(sum(a.cents * b.cents) as double) / {_CENTS**2} as product
        from cell as a join cell as b on a.g = b.g group by all order by all""").df()


def _account_leads(backtest: Backtest) -> pd.DataFrame:
    return backtest.connection.execute(f"""
        with deal as (select g, score, sum(cast(cents as hugeint)) as cents from valued
                      where cents is not null group by all),
          cell as (select g, score, state, count(*) as n from valued
                   where g in (select g from deal) group by all)
        select a.score as score_a, b.score as score_b, b.state as state_b,
          cast(sum(a.cents * b.n) as double) / {_CENTS} as product
        from deal as a join cell as b on a.g = b.g group by all order by all""").df()


def _source_sql(backtest: Backtest, amount: str) -> str:
    """Amounts in cents by lead and moment: `l`, `k`, `cents`."""
    if backtest.crm is None:
        raise QuestionError("a flat file has no amounts by lead: connect CRM tables instead")
    cents = (
        f"case when try_cast({quoted(amount)} as double) >= 0 then "
        f"cast(round(try_cast({quoted(amount)} as double) * {_CENTS}) as bigint) end"
    )
    schema, tables = backtest.schema, backtest.crm.connection
    found = {name: column_names(tables, name) for name in ("stage_changes", "leads")}
    if amount in found["stage_changes"]:
        return f"""select s.l, s.k, arg_max(e.cents, (e.entered_at, e.cents)) as cents
            from {schema}.scored as s
            join (select lead_id, entered_at, {cents} as cents from stage_changes) as e
              on e.lead_id = s.lead_id and epoch_us(e.entered_at) > s.s * 1000000
            where e.cents is not null group by s.l, s.k"""
    if amount in found["leads"]:
        return f"""select s.l, s.k, max(v.cents) as cents from {schema}.scored as s
            join (select lead_id, {cents} as cents from leads) as v on v.lead_id = s.lead_id
            group by s.l, s.k"""
    known = sorted({*found["stage_changes"], *found["leads"]} - {"row_id"})
    raise QuestionError(
        f"neither 'stage_changes' nor 'leads' has a column '{amount}': {nearest_first(amount, known)}"
    )
