"""Leads just below the threshold beside leads just above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.report.figures.plain import Row, rows_chart
from toolkit.report.threshold_sentences import cliff_sentence
from toolkit.report.wording import Words, score_range

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from toolkit.report.figures.style import Chart

__all__ = ["plot_cliff"]


def plot_cliff(table: pd.DataFrame, *, words: Words | None = None, note: str = "") -> Chart:
    """Draw the rows of `cliff_table`: for each width the group above and the group below.

    Groups above the threshold are orange squares, those below blue circles.
    """
    words = words or Words()
    rows = [
        _row(record, side) for record in table.to_dict("records") for side in ("above", "below")
    ]
    about = (
        f"Share of judged leads that {words.became}. Squares: at or above the threshold; circles:"
        " below it. Lines: 95% interval. Those above were handed over, which may itself be why"
        " they differ."
    )
    # The sentence speaks of the widest pair of groups, and so does the note.
    reason = table.sort_values("width")["reason"].iloc[-1] if len(table) else None
    said = f" {reason[0].upper()}{reason[1:]}." if isinstance(reason, str) else ""
    return rows_chart(cliff_sentence(table, words=words), f"{about}{said} {note}", rows)


def _row(record: Mapping[Hashable, Any], side: str) -> Row:
    scores = score_range(record[f"{side}_from"], record[f"{side}_to"] + 1)
    return Row(
        name=f"{scores} points",
        rate=float(record[f"{side}_rate"]),
        low=float(record[f"{side}_low"]),
        high=float(record[f"{side}_high"]),
        positives=float(record[f"{side}_positives"]),
        n=float(record[f"{side}_n"]),
        strong=side == "above",
    )
