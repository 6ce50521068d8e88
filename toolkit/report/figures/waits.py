"""By which day a share of the conversions has happened, band by band."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.report.figures.plain import DAYS, Row, rows_chart
from toolkit.report.figures.whose import row_label
from toolkit.report.wording import Words, count, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from toolkit.report.figures.style import Chart

__all__ = ["plot_waits", "waits_sentence"]


def plot_waits(
    table: pd.DataFrame, *, share: float = 0.5, words: Words | None = None, note: str = ""
) -> Chart:
    """Draw the rows of `time_to_table` of one share: the day by which it has converted, by band."""
    words = words or Words()
    part = table[(table["share"] - share).abs() < 1e-9]  # noqa: PLR2004 - the same share
    rows = [_row(record) for record in part.to_dict("records")]
    about = (
        f"Day by which {percent(share, 0)} of a band's {words.many} within the time looked at have"
        " happened; leads that never convert take no part. Thin lines: 95% interval."
    )
    headline = waits_sentence(part, share=share, words=words)
    return rows_chart(headline, f"{about} {note}", rows, scale=DAYS)


def _row(record: Mapping[Hashable, Any]) -> Row:
    missing = math.isnan(record["day"])
    ends = f"{count(record['low'])} to {count(record['high'])}" if not missing else ""
    return Row(
        name=row_label(record),
        rate=record["day"],
        low=record["low"],
        high=record["high"],
        positives=record["positives"],
        n=record["leads"],
        text=str(record["reason"]) if missing else f"day {count(record['day'])} ({ends})",
    )


def waits_sentence(part: pd.DataFrame, *, share: float, words: Words) -> str:
    """Compare the quickest with the slowest band."""
    known = part.dropna(subset=["day"]).sort_values("day", kind="stable").to_dict("records")
    if not known:
        return f"How soon leads {words.become} cannot be told for any band"
    quick, slow = known[0], known[-1]
    told = f"{percent(share, 0)} of the {words.many} of {row_label(quick)} happen by day"
    said = f"{told} {count(quick['day'])}"
    if len(known) == 1:
        return said
    if quick["high"] >= slow["low"]:
        return f"{said}; no band is seen to take longer"
    return f"{said}, those of {row_label(slow)} by day {count(slow['day'])}"
