"""The scores that the platform recorded, one per lead and second."""

from __future__ import annotations

import duckdb

from toolkit.backtest.sql import column_names, seconds

__all__ = ["history_sql"]


def history_sql(connection: duckdb.DuckDBPyConnection) -> str:
    """SQL of `lead_id, name, t, value, reason, clash`: the score after what happened in a second.

    Where a row holds a change only (`delta`), the changes since the first row are added up. Of
    several values in one second the last is that which no other row of the second replaced
    (`old_value`); where that does not tell, `clash` is true.
    """
    columns = column_names(connection, "score_history")
    new, delta, old = (
        f"try_cast({each} as double)" if each in columns else "cast(null as double)"
        for each in ("new_value", "delta", "old_value")
    )
    reason, name = (
        f"cast({each} as varchar)" if each in columns else "cast(null as varchar)"
        for each in ("reason", "score_name")
    )
    return f"""
        select lead_id, name, t, reason,
          case when replaced > 0 and ends = 1 then last_end else any_value end as value,
          case when replaced > 0 then ends <> 1 else different > 1 end as clash
        from (
          select lead_id, name, t, count(distinct value) as different, min(value) as any_value,
            min(reason) as reason, count(*) filter (inner_value) as replaced,
            count(distinct value) filter (not inner_value) as ends,
            min(value) filter (not inner_value) as last_end
          from (
            select *, coalesce(list_contains(list(old) over (partition by lead_id, name, t), value), false)
              and count(*) over (partition by lead_id, name, t) > 1 as inner_value
            from (
              select lead_id, coalesce({name}, 'score') as name, {seconds("changed_at")} as t,
                {old} as old, {reason} as reason,
                coalesce({new}, sum({delta}) over (partition by lead_id, {name}
                  order by {seconds("changed_at")})) as value
              from score_history where lead_id is not null and changed_at is not null))
          where value is not null
          group by lead_id, name, t)"""
