"""Leads by week and score, for volumes, overflow and backlog."""

from __future__ import annotations

from toolkit.backtest.result import Backtest
from toolkit.counts import WeekCounts
from toolkit.errors import QuestionError

__all__ = ["count_weeks"]


def count_weeks(backtest: Backtest) -> WeekCounts:
    """Count leads by score and by the week (Monday to Sunday, UTC) of their moment.

    Every scored lead counts, whatever became of it: a queue fills with leads, not with outcomes.
    At hand-off this is the volume that sales received; at an age it is the volume that a
    threshold applied at that age would have sent. Raises QuestionError where the moments are not
    known (a flat file), or where one lead counts in several periods (a panel).
    """
    if backtest.provenance.first_moment is None:
        raise QuestionError(
            "weeks cannot be counted: the moments of these leads are not known; "
            "run the backtest on dated tables (leads with created_at)"
        )
    if backtest.provenance.unit != "lead":
        raise QuestionError(
            f"weeks cannot be counted: one count here is a {backtest.provenance.unit}, so a lead "
            "would enter the queue several times; use AtHandoff() or AtAge(days)"
        )
    frame = backtest.connection.execute(f"""
        select cast(date_trunc('week', make_timestamp(s * 1000000)) as timestamp) as week, score,
          count(*) as n
        from {backtest.schema}.scored group by all order by all""").df()
    return WeekCounts(
        frame=frame.astype({"week": "datetime64[s]", "score": "int64", "n": "int64"}),
        provenance=backtest.provenance,
    )
