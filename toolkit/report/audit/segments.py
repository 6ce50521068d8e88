"""Segment by segment: as counted, drawn together, and against the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.analysis import segment_areas, segment_table
from toolkit.report.audit.common import among, counted, rate_cell, small
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_areas, plot_segments
from toolkit.report.findings import fact
from toolkit.report.sentences import FEWEST
from toolkit.report.wording import change, count

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from toolkit.counts import ScoreCounts
    from toolkit.report.audit.prepared import Audit

__all__ = ["compared_segments", "show_segments"]

_MOST_SEGMENTS = 20
_PAIR = 2
_UNTOLD = "Cannot be told from this data"
_NUMBERS = (
    "rate", "low", "high", "shrunk", "shrunk_low", "shrunk_high", "difference", "difference_low",
    "difference_high", "p_holm",
)  # fmt: skip


def compared_segments(counts: ScoreCounts) -> pd.DataFrame:
    """Rows of `segment_table`, the largest segments first, as floats: NaN where nothing is shown.

    Nothing is shown of fewer than 5 judged leads.
    """
    table = segment_table(counts)
    numbers = ["leads", "n", "positives", *_NUMBERS]
    known = table.assign(**{name: table[name].astype("Float64").astype(float) for name in numbers})
    few = (known["n"] > 0) & (known["n"] < FEWEST)
    hidden = {name: known[name].mask(few) for name in ("positives", *_NUMBERS)}
    order = known.assign(**hidden).fillna({"leads": 0.0})
    return order.sort_values(["leads", "segment"], ascending=[False, True]).reset_index(drop=True)


def show_segments(audit: Audit) -> Section:
    """Rates by the segment asked for, and which of them differ from the rest."""
    if audit.segments is None:
        return Section((Paragraph("No segment was asked for.", "note"),))
    axis = audit.segments.by[0]
    table = compared_segments(audit.segments)
    shown = table.head(_MOST_SEGMENTS)
    parts: list[Part] = [_table(audit, shown, axis, more=len(table) - len(shown))]
    if audit.told and table["rate"].notna().sum() >= _PAIR:
        drawn = segment_table(audit.segments)
        note = f"Among {among(audit)}. {_unworked_note(drawn)}".strip()
        parts.insert(0, Picture(plot_segments(drawn, words=audit.words, axis=axis, note=note)))
        every = _areas(audit.segments, drawn)
        areas = every.dropna(subset=["auc"]).reset_index(drop=True)
        if areas["low"].notna().sum() >= _PAIR:
            whose = f"Among {among(audit)}.{_undrawn(len(every) - len(areas))}"
            parts.append(Picture(plot_areas(areas, words=audit.words, axis=axis, note=whose)))
    return Section(tuple(parts), _facts(table, shown, axis))


def _undrawn(n: int) -> str:
    if not n:
        return ""
    return (
        f" Not drawn: {count(n)} with under {FEWEST} leads that converted, or that did not, or seldom"
        " worked."
    )


def _areas(counts: ScoreCounts, rates: pd.DataFrame) -> pd.DataFrame:
    """Rows of `segment_areas`; none of fewer than 5 leads of a class, or of mostly unworked leads."""
    table = segment_areas(counts)
    enough = (table[["positives", "negatives"]].fillna(0) >= FEWEST).all(axis=1)
    untold = rates.loc[rates["answer"] == _UNTOLD, "segment"]
    shown = enough & ~table["segment"].isin(untold)
    numbers = ["positives", "auc", "low", "high", "p_holm"]
    return table.assign(**{name: table[name].where(shown) for name in numbers})


def _table(audit: Audit, table: pd.DataFrame, axis: str, *, more: int) -> Table:
    words = audit.words
    columns = [
        Column(axis, lambda row: str(row["segment"]), "left"),
        Column(
            "Leads (all)", lambda row: small(row["leads"]) if row["leads"] else f"under {FEWEST}"
        ),
        Column("Judged", _judged),
        Column(f"{words.became} (of judged)", lambda row: counted(row["positives"])),
        Column(f"{words.rate} (95% interval), of judged", rate_cell),
    ]
    if audit.told:
        columns += [
            Column(
                "Drawn together (95% interval)", lambda row: rate_cell(row, "shrunk", "shrunk_")
            ),
            Column("Less the rest (95% interval)", _difference),
            Column("Adjusted p (Holm)", _p),
            Column("Differs?", lambda row: str(row["answer"])),
        ]
    left_out = f" {count(more)} smaller ones are not shown." if more > 0 else ""
    meaning = (
        " Drawn together: the better guess for a small segment, as far as the segments are alike (beta"
        "-binomial). Less the rest: against all other segments. Differs: with the number of segments"
        " allowed for (Holm 1979)."
        if audit.told
        else ""
    )
    return table_of(
        table,
        columns,
        caption=f"By {axis}, among {among(audit)}",
        note=f"Exploratory: with many segments one stands out by chance.{meaning}{left_out}",
    )


def _judged(row: Mapping[Hashable, Any]) -> str:
    return f"under {FEWEST}" if pd.isna(row["n"]) else small(row["n"])


def _difference(row: Mapping[Hashable, Any]) -> str:
    if pd.isna(row["difference"]):
        return "not known"
    ends = f"{change(row['difference_low'])} to {change(row['difference_high'])}"
    return f"{change(row['difference'])} ({ends})".replace(" points", "")


def _p(row: Mapping[Hashable, Any]) -> str:
    if pd.isna(row["p_holm"]):
        return "not known"
    return f"{row['p_holm']:.3f}" if row["p_holm"] >= 1e-3 else "under 0.001"  # noqa: PLR2004 - digits by size


def _facts(table: pd.DataFrame, shown: pd.DataFrame, axis: str) -> dict[str, object]:
    named = ("rate", "low", "high", "shrunk", "difference", "p_holm")
    return {
        "segments.axis": axis,
        "segments.shown": len(shown),
        "segments.differing": int((table["answer"] == "Yes").sum()),
        **{
            f"segment.{row['segment']}.{name}": fact(float(row[name]))
            for row in shown.to_dict("records")
            for name in named
        },
    }


def _unworked_note(compared: pd.DataFrame) -> str:
    """Why segments are not called different where their leads were seldom worked."""
    untold = int((compared["answer"] == "Cannot be told from this data").sum())
    if not untold:
        return ""
    whose = "one of them" if untold == 1 else f"{untold} of them"
    return f"Of {whose} too many leads were never worked to say whether they differ."
