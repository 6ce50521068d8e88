"""Leads by score and state, with the products of counts within accounts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from toolkit.backtest.counting.across import pairs_across
from toolkit.backtest.counting.products import account_pairs, count_together, has_accounts
from toolkit.backtest.result import Backtest
from toolkit.counts import ScoreCounts
from toolkit.errors import QuestionError, nearest_first

__all__ = ["count_scores", "counts_by", "has_points"]

_AXES = ("quarter", "month", "decision")


def count_scores(
    backtest: Backtest,
    *,
    by: str | None = None,
    at_least: int | None = None,
    without: Sequence[str] = (),
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
    without
        Criteria (ids) of which a lead has points: such leads are left out, e.g. those who asked to
        be called.
    outcome
        The stage of one of the outcomes of the backtest; by default that of the first.

    Raises
    ------
    QuestionError
        The axis, the outcome or a criterion does not exist.
    """
    if outcome is not None:
        backtest = backtest.of(outcome)
    axis = _axis(backtest, by)
    rows = _rows_sql(backtest, at_least, without)
    if axis is not None and by is not None:
        return counts_by(backtest, rows, axis, by)
    frame, accounts = count_together(backtest, rows)
    return ScoreCounts(_typed(frame), backtest.provenance, accounts=accounts)


def counts_by(backtest: Backtest, rows: str, axis: str, name: str) -> ScoreCounts:
    """Count rows by score, state and an axis, which is SQL and will have this name."""
    query = f"select score, state, {axis} as v, count(*) as n from {rows} group by all order by all"
    frame = backtest.connection.execute(query).df()
    split = account_pairs(backtest, rows, frame, axis)
    known = has_accounts(backtest, rows)
    return ScoreCounts(
        frame=_typed(frame.rename(columns={"v": name})),
        provenance=backtest.provenance,
        by=(name,),
        accounts=count_together(backtest, rows)[1] if known else None,
        accounts_by={(key,): pairs for key, pairs in split.items()},
        accounts_across=pairs_across(backtest, rows, axis) if split else None,
    )


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({"score": "int64", "n": "int64"})


def _rows_sql(backtest: Backtest, at_least: int | None, without: Sequence[str]) -> str:
    kept = [] if at_least is None else [f"score >= {int(at_least)}"]
    kept += [f"not ({has_points(backtest, without)})"] if without else []
    table = f"{backtest.schema}.scored"
    return f"(select * from {table} where {' and '.join(kept)})" if kept else table


def has_points(backtest: Backtest, criteria: Sequence[str]) -> str:
    """SQL: whether a scored lead has points of any of these criteria."""
    for name in criteria:
        if name not in backtest.criteria:
            raise QuestionError(
                f"no criterion of the model is called '{name}'; "
                f"{nearest_first(name, backtest.criteria)}"
            )
    places = [backtest.criteria.index(name) for name in criteria]
    return " or ".join(f"p{place} <> 0" for place in places) or "false"


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
