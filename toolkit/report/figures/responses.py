"""Conversion by how soon sales first touched a lead, inside each band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.report.figures.plain import Row, rows_chart
from toolkit.report.wording import Words, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from toolkit.report.figures.style import Chart

__all__ = ["plot_responses", "responses_sentence"]


def plot_responses(
    table: pd.DataFrame, *, band: str, words: Words | None = None, note: str = ""
) -> Chart:
    """Draw the rows of `response_table` of one band: conversion by time to the first touch.

    One band at a time, because across bands the score and the haste of sales go together.
    """
    words = words or Words()
    part = table[table["band"] == band]
    rows = [_row(record) for record in part.to_dict("records")]
    headline = responses_sentence(part, band=band, words=words)
    about = (
        f"Share of judged leads of {band} that {words.became}, by time to the first touch, with 95% "
        "intervals. Not the effect of calling sooner: sales chooses whom to call first."
    )
    return rows_chart(headline, f"{about} {note}", rows)


def _row(record: Mapping[Hashable, Any]) -> Row:
    return Row(
        name=str(record["response"]),
        rate=record["rate"],
        low=record["low"],
        high=record["high"],
        positives=record["positives"],
        n=record["n"],
        text="" if record["n"] else "no judged leads",
    )


def responses_sentence(part: pd.DataFrame, *, band: str, words: Words) -> str:
    """Compare the fastest with the slowest response that has judged leads."""
    known = part.dropna(subset=["rate"]).to_dict("records")
    if len(known) < 2:  # noqa: PLR2004 - two are needed to compare
        return f"Too few responses of {band} were judged to compare fast and slow ones"
    fast, slow = known[0], known[-1]
    rates = f"{percent(fast['rate'])} against {percent(slow['rate'])}"
    if fast["low"] > slow["high"] or fast["high"] < slow["low"]:
        how = "more" if fast["rate"] > slow["rate"] else "less"
        return (
            f"Leads of {band} touched {fast['response']} {words.become} {how} often than those touched "
            f"{slow['response']}: {rates}"
        )
    return f"Fast and slow responses of {band} are not seen to differ: {rates}"
