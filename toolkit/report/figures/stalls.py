"""Leads that wait in a stage longer than those that moved on from it did."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.report.figures.plain import Row, rows_chart
from toolkit.report.wording import Words, count, of_all, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from toolkit.report.figures.style import Chart

__all__ = ["plot_stalls", "stalls_sentence"]


def plot_stalls(table: pd.DataFrame, *, words: Words | None = None, note: str = "") -> Chart:
    """Draw the rows of `stall_table`: of the leads still in a stage, the share that is stalled.

    Beside each stage stands its limit in days. Stages that no lead is in, or that none ever left,
    are named without a point.
    """
    words = words or Words()
    rows = [_row(record) for record in table.to_dict("records")]
    about = (
        "Of the leads still in a stage, the share that has been there for more days than the limit (in"
        " brackets), within which most of those that moved on did so. Thin lines: 95% interval. A lead"
        " whose end nobody recorded stalls in its last stage."
    )
    return rows_chart(stalls_sentence(table), f"{about} {note}", rows)


def _row(record: Mapping[Hashable, Any]) -> Row:
    limit = float(record["limit_days"])
    known = "" if math.isnan(limit) else f" ({count(limit)} d)"
    return Row(
        name=f"{record['stage']}{known}",
        rate=record["rate"],
        low=record["low"],
        high=record["high"],
        positives=record["positives"],
        n=record["n"],
        text=str(record["reason"]) if math.isnan(record["rate"]) else "",
    )


def stalls_sentence(table: pd.DataFrame) -> str:
    """Name the stage in which most leads are stalled."""
    known = table[table["positives"] > 0]
    if table["rate"].isna().all():
        return "In no stage can stalled leads be told from others"
    if known.empty:
        return "No lead waits longer in its stage than most of those that moved on did"
    row = known.sort_values("positives", kind="stable").iloc[-1]
    return (
        f"Most stalled leads are in {row['stage']}: {of_all(row['positives'], row['n'])} there"
        f" ({percent(row['rate'], 0)}) for more than {count(row['limit_days'])} days"
    )
