"""How long to wait for the outcome: what share of the conversions each window sees."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toolkit.report.figures.plain import Row, rows_chart
from toolkit.report.wording import Words, count, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from toolkit.report.figures.style import Chart

__all__ = ["plot_windows", "windows_sentence"]

ENOUGH = 0.9
"""The shortest window that sees so much of what the longest sees is named in the sentence."""


def plot_windows(table: pd.DataFrame, *, words: Words | None = None, note: str = "") -> Chart:
    """Draw the rows of `outcome_window_table`: the share of conversions that each window sees.

    All windows are compared on the same leads, those old enough for the longest one. Beside each
    window stands how many leads it could judge: a longer one sees more and judges fewer.
    """
    words = words or Words()
    rows = [_row(record) for record in table.to_dict("records")]
    # The longest sees all that it sees: no interval of that.
    rows = [*rows[:-1], *(replace(row, low=math.nan, high=math.nan) for row in rows[-1:])]
    headline = windows_sentence(table, words=words)
    about = (
        f"Of the {words.many} within the longest window, the share seen by the end of each. Thin lines: "
        "95% interval. In brackets: leads old enough to be judged by that window."
    )
    return rows_chart(headline, f"{about} {note}", rows)


def _row(record: Mapping[Hashable, Any]) -> Row:
    return Row(
        name=f"{record['within_days']} days ({count(record['n_mature'])})",
        rate=record["plateau_share"],
        low=record["low"],
        high=record["high"],
        positives=record["plateau_positives"],
        n=record["n_plateau"],
    )


def windows_sentence(table: pd.DataFrame, *, words: Words) -> str:
    """Name the shortest window that sees nine tenths of what the longest sees."""
    known = table.dropna(subset=["plateau_share"])
    if known.empty:
        return "No lead is old enough to say how long to wait for the outcome"
    row = known[known["plateau_share"] >= ENOUGH].iloc[0]
    longest = known["within_days"].max()
    if row["within_days"] == longest:
        return (
            f"No window shorter than {longest} days sees {percent(ENOUGH, 0)} of the {words.many} "
            "that it sees"
        )
    share = percent(row["plateau_share"], 0)
    return f"{row['within_days']} days see {share} of the {words.many} that {longest} days see"
