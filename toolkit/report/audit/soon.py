"""How soon the leads handed over convert: by band, by day, and how long to wait for the outcome."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.analysis import incidence_table, outcome_window_table, time_auc, time_to_table
from toolkit.report.audit.common import counted, rate_cell
from toolkit.report.audit.handed import occurring
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_time_areas, plot_times, plot_waits, plot_windows
from toolkit.report.findings import fact
from toolkit.report.sentences import FEWEST, band_label
from toolkit.report.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.counts import DayCounts
    from toolkit.report.audit.prepared import Audit

__all__ = ["show_soon", "soon_days"]

_FOR_ALL = (
    "Ranking among leads handed over: most of them stand just above the bar, so they differ less than"
    " all leads do, and the number is not that of all leads."
)


def soon_days(audit: Audit) -> tuple[int, ...]:
    """A third, two thirds and the whole of the outcome window."""
    window = audit.ranking.provenance.outcome_window_days or 0
    return tuple(sorted({math.ceil(window * k / 3) for k in (1, 2, 3)} - {0}))


def show_soon(audit: Audit) -> Section:
    """Share converted by day, the day by which half of it happened, ranking by day, windows."""
    days = audit.days
    if days is None or not days.n:
        text = f"No dated {audit.words.handed} says from when on to count the days."
        if audit.kind == "flat":
            text = "The file has no dates."
        return Section((Paragraph(text, "note", "Cannot be told from this data."),))
    table = _by_band(audit, days, soon_days(audit))
    if not (table["leads"] >= FEWEST).any():
        return Section((Paragraph(f"Fewer than {FEWEST} leads were handed over.", "note"),))
    waits, areas = _waits(audit, days), _areas(audit, days)
    windows = _windows(audit)
    parts: list[Part] = [_curves(audit, days), _table(audit, table)]
    if waits["day"].notna().any():
        parts.append(Picture(plot_waits(waits, words=audit.words)))
    if areas["auc"].notna().any():
        parts.append(Picture(plot_time_areas(areas, words=audit.words, note=_FOR_ALL)))
    if windows["plateau_share"].notna().any():
        parts.append(Picture(plot_windows(windows, words=audit.words)))
    return Section(tuple(parts), _facts(table, waits, areas, windows))


def _by_band(audit: Audit, days: DayCounts, at_days: Sequence[int]) -> pd.DataFrame:
    """`incidence_table` of the bands that occur, without what fewer than five leads show."""
    found = incidence_table(days, audit.bands, at_days=at_days)
    table = occurring(found, days.frame["score"])
    few = table["leads"] < FEWEST
    return table.assign(**{name: table[name].mask(few) for name in ("rate", "low", "high")})


def _curves(audit: Audit, days: DayCounts) -> Picture:
    daily = _by_band(audit, days, range(1, soon_days(audit)[-1] + 1))
    return Picture(plot_times(daily, words=audit.words))


def _waits(audit: Audit, days: DayCounts) -> pd.DataFrame:
    found = time_to_table(days, audit.bands, within_days=soon_days(audit)[-1], shares=(0.5,))
    table = occurring(found, days.frame["score"])
    few = table["positives"] < FEWEST
    hidden = {name: table[name].mask(few) for name in ("day", "low", "high")}
    return table.assign(**hidden, reason=table["reason"].mask(few, f"under {FEWEST} conversions"))


def _areas(audit: Audit, days: DayCounts) -> pd.DataFrame:
    table = time_auc(days, at_days=soon_days(audit))
    few = table[["cases", "controls"]].min(axis=1) < FEWEST
    return table.assign(**{name: table[name].mask(few) for name in ("auc", "low", "high")})


def _windows(audit: Audit) -> pd.DataFrame:
    """`outcome_window_table`; no share of fewer than five conversions."""
    if audit.delays is None:
        return pd.DataFrame(columns=["within_days", "plateau_share"])
    table = outcome_window_table(audit.delays)
    few = table["n_plateau"] < FEWEST
    hidden = ("plateau_share", "low", "high")
    return table.assign(**{name: table[name].mask(few) for name in hidden})


def _table(audit: Audit, table: pd.DataFrame) -> Table:
    known = table.dropna(subset=["leads"])
    bands = known.drop_duplicates(["band", "start"]).reset_index(drop=True)
    cells = {(row["band"], int(row["day"])): _cell(row) for row in known.to_dict("records")}
    columns = [
        Column("Score at the hand-off", band_label, "left"),
        Column("Leads (all)", lambda row: counted(float(row["leads"]))),
        *(_day_column(audit, cells, day) for day in soon_days(audit)),
    ]
    return table_of(
        bands,
        columns,
        caption=f"{audit.words.many} by day, of all leads handed over",
        note="Worked or not: of judged leads the rates are higher. Leads not yet followed so long count"
        " for as long as they were; leads turned down stay in the denominator (Aalen and Johansen 1978).",
    )


def _day_column(audit: Audit, cells: dict[tuple[Any, int], str], day: int) -> Column:
    head = f"{audit.words.became} by day {count(day)} (95% interval)"
    return Column(head, lambda row: cells[row["band"], day])


def _cell(row: Any) -> str:
    if row["leads"] < FEWEST:
        return "hidden"
    if not math.isnan(float(row["rate"])) and math.isnan(float(row["low"])):
        return "none so far"
    return rate_cell(row)


def _facts(
    table: pd.DataFrame, waits: pd.DataFrame, areas: pd.DataFrame, windows: pd.DataFrame
) -> dict[str, object]:
    facts: dict[str, object] = {}
    for row in table.to_dict("records"):
        at = f"soon.{row['band']}.{int(row['day'])}"
        facts |= {f"{at}.{name}": fact(float(row[name])) for name in ("rate", "low", "high")}
    for row in waits.to_dict("records"):
        facts[f"soon.{row['band']}.half_by_day"] = fact(float(row["day"]))
    for row in areas.to_dict("records"):
        at = f"soon.auc.{int(row['day'])}"
        facts |= {f"{at}.{name}": fact(float(row[n])) for name, n in _AREA.items()}
    for row in windows.to_dict("records"):
        share = float(row["plateau_share"])
        facts[f"soon.window.{int(row['within_days'])}.share"] = fact(share)
    return facts


_AREA = {"estimate": "auc", "low": "low", "high": "high"}
