"""Leads by score and state, with the products of counts within accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from toolkit.backtest.counting.across import pairs_across
from toolkit.backtest.result import Backtest
from toolkit.counts import STATES, AccountPairs, ScoreCounts
from toolkit.errors import QuestionError, nearest_first

__all__ = ["count_scores"]

_AXES = ("quarter", "month", "decision")


def count_scores(
    backtest: Backtest,
    *,
    by: str | None = None,
    at_least: int | None = None,
    outcome: str | None = None,
) -> ScoreCounts:
    """Count leads by score and state, and how they fall together by account.

    Parameters
    ----------
    backtest
        Scored leads.
    by
        Split by one axis: `quarter` or `month` of the moment (UTC), `decision` (the first
        decision of sales at or after the moment), where leads have several moments `episode`
        (`first` or `later`), or a segment of the backtest.
    at_least
        Only leads with score >= at_least, e.g. those over the bar. To be given here rather than
        cut off later: how many accounts take part must be counted on the rows.
    outcome
        The stage of one of the outcomes of the backtest; by default that of the first.

    Raises
    ------
    QuestionError
        The axis or the outcome does not exist.
    """
    if outcome is not None:
        backtest = backtest.of(outcome)
    axis = _axis(backtest, by)
    rows = _rows_sql(backtest, at_least)
    chosen = f", {axis} as by_value" if axis else ""
    frame = backtest.connection.execute(
        f"select score, state{chosen}, count(*) as n from {rows} group by all order by all"
    ).df()
    frame = frame.rename(columns={"by_value": by}) if by else frame
    split = _pairs(backtest, rows, axis) if axis else {}
    return ScoreCounts(
        frame=frame.astype({"score": "int64", "n": "int64"}),
        provenance=backtest.provenance,
        by=(by,) if by else (),
        accounts=_pairs(backtest, rows, None).get(""),
        accounts_by={(key,): pairs for key, pairs in split.items()},
        accounts_across=pairs_across(backtest, rows, axis) if axis and split else None,
    )


def _rows_sql(backtest: Backtest, at_least: int | None) -> str:
    table = f"{backtest.schema}.scored"
    return table if at_least is None else f"(select * from {table} where score >= {int(at_least)})"


def _axis(backtest: Backtest, by: str | None) -> str | None:
    if by is None:
        return None
    if by in backtest.segments:
        return f"seg{backtest.segments.index(by)}"
    axes = _AXES if backtest.provenance.first_moment is not None else ()
    if by in axes:
        return by
    if by == "episode" and backtest.numbered:
        return "case when episode = 1 then 'first' else 'later' end"
    known = [*axes, *(["episode"] if backtest.numbered else []), *backtest.segments]
    raise QuestionError(
        f"cannot count by '{by}': {nearest_first(by, known)}. "
        "Name further columns of leads in `segments` of the backtest"
    )


def _pairs(backtest: Backtest, rows: str, axis: str | None) -> Mapping[str, AccountPairs]:
    """The account pairs, pooled (key "") or inside each value of an axis.

    One self-join of the cells of each account: linear in the leads as long as an account spans
    few cells, and never more than the square of the number of cells.
    """
    if not _has_clusters(backtest, rows):
        return {}
    value = axis or "''"
    # Whole numbers for accounts and cells: joining and grouping texts takes three times as long.
    places = " ".join(f"when '{state}' then {i}" for i, state in enumerate(STATES))
    backtest.connection.execute(f"""
        create or replace temp table cell as
        with known as (
          select cluster as name, row_number() over () as number
          from (select distinct cluster from {rows} where cluster is not null))
        select {value} as v, coalesce(known.number, -1 - l) as g,
          cast(score as bigint) * {len(STATES)} + case state {places} end as code, count(*) as n
        from {rows} as s left join known on known.name = s.cluster group by all""")
    together = " and a.v = b.v" if axis else ""
    found = backtest.connection.execute(f"""
        select a.v, a.code as code_a, b.code as code_b, cast(sum(a.n * b.n) as bigint) as n
        from cell as a join cell as b on a.g = b.g{together} group by all""").df()
    pairs = _decoded(found)
    # In the order of the fields of AccountPairs.
    sizes = backtest.connection.execute(f"""
        select v, cast(sum(case when c + d > 0 then 1 else 0 end) as bigint) as judged,
          cast(sum(case when c > 0 then 1 else 0 end) as bigint) as converted,
          cast(sum(case when d > 0 then 1 else 0 end) as bigint) as not_converted,
          cast(max(c + d) as bigint) as largest
        from (select v, g, sum(case when code % {len(STATES)} = 0 then n else 0 end) as c,
                sum(case when code % {len(STATES)} in (1, 1 - {len(STATES)}) then n else 0 end) as d
              from cell group by v, g) group by v""").fetchall()
    backtest.connection.execute("drop table cell")
    frames = {str(value): part.drop(columns="v") for value, part in pairs.groupby("v", sort=True)}
    return {
        str(value): AccountPairs(frames[str(value)].reset_index(drop=True), *map(int, size))
        for value, *size in sizes
    }


def _decoded(found: pd.DataFrame) -> pd.DataFrame:
    """Scores and states instead of the numbers of cells, sorted."""
    states = np.array(STATES, dtype=object)
    made: dict[str, Any] = {"v": found["v"]}
    for end in ("a", "b"):
        code = found[f"code_{end}"].to_numpy(dtype=np.int64)
        made[f"score_{end}"] = code // len(STATES)
        made[f"state_{end}"] = states[code % len(STATES)]
    frame = pd.DataFrame({**made, "n": found["n"]})
    return frame.sort_values(list(made), ignore_index=True)


def _has_clusters(backtest: Backtest, rows: str) -> bool:
    query = f"select 1 from {rows} where cluster is not null limit 1"
    return bool(backtest.connection.execute(query).fetchall())
