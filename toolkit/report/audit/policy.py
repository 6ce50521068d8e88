"""What the threshold costs: caught, wasted, workload, and three rates that share one name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.analysis import threshold_table, wilson_interval
from toolkit.report.audit.common import (
    among,
    handoff_rate,
    range_cell,
    rate_cell,
    small,
    worked_leads,
    worked_only,
)
from toolkit.report.audit.ranking import untold
from toolkit.report.audit.told import nowhere_cell, told_curve, with_told, with_worth, worth_cell
from toolkit.report.audit.volume import received_facts, received_text
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_thresholds
from toolkit.report.findings import fact
from toolkit.report.sentences import FEWEST, row_at
from toolkit.report.wording import count, of_all, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from typing import Any

    from toolkit.report.audit.prepared import Audit

__all__ = ["policy_table", "rejected", "show_thresholds", "three_rates"]

_MOST_DRAWN = 30
_EACH_SIDE = 4
_TAIL = 0.002


def policy_table(audit: Audit) -> pd.DataFrame:
    """Rows of `threshold_table` on a round grid (every score when there are few), and today's.

    Where too many leads were never worked the rows begin four steps below today's threshold: all
    that is known further down are ranges from nothing to everything. Leads a week are left out: those
    who have the points at a fixed age are fewer than sales receives. With `precision_known` and
    `per_100` (`with_told`, `with_worth`).
    """
    scores = audit.ranking.frame.groupby("score")["n"].sum()
    at = [int(score) for score in scores.index]
    if len(at) > _MOST_DRAWN:
        # The last few leads stretch the axis and say nothing.
        above = scores[::-1].cumsum()[::-1] / scores.sum()
        top = int(above[above >= _TAIL].index.max())
        bottom = int(min(at))
        step = _step((top - bottom) / _MOST_DRAWN)
        at = list(range(step * math.floor(bottom / step), top + 1, step))
        if audit.threshold is not None and worked_only(audit):
            at = [score for score in at if score >= audit.threshold - _EACH_SIDE * step]
    today = () if audit.threshold is None else (audit.threshold,)
    table = threshold_table(audit.ranking, thresholds=sorted({*at, *today}))
    told = with_told(audit, table.assign(leads_per_week=math.nan))
    return with_worth(told, worked_leads(audit), cost_ratio=audit.policy.cost_ratio)


def _step(least: float) -> int:
    """The finest round step that is not finer than `least`."""
    powers = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
    rounds = (factor * power for power in powers for factor in (1, 2, 5))
    return next(step for step in rounds if step >= least)


def show_thresholds(audit: Audit) -> Section:
    """The trade-off, the thresholds around today's, and the three rates by name."""
    if not audit.told:
        return Section((untold(),))
    table = policy_table(audit)
    figure = plot_thresholds(
        told_curve(table), words=audit.words, threshold=audit.threshold, note=_whose_rates(audit)
    )
    parts: list[Part] = [Picture(figure), _around(audit, table)]
    if worked_only(audit):
        parts.insert(0, _below_untold(audit, table))
    if audit.kind == "crm":
        parts += [Paragraph(received_text(audit)), _names(audit, table)]
    return Section(tuple(parts), {**_facts(audit, table), **received_facts(audit)})


def _whose_rates(audit: Audit) -> str:
    when = (
        "" if audit.kind == "flat" else f" Scored {audit.ranking.provenance.moment}, all quarters."
    )
    if not worked_only(audit):
        return f"Rates among judged leads.{when}"
    known = "Rates among leads that sales worked; below today's threshold they are not known."
    return f"{known}{when}"


def _below_untold(audit: Audit, table: pd.DataFrame) -> Paragraph:
    row = row_at(table, audit.threshold)
    said = "" if row is None else str(row["reason"] or "")
    text = said.removeprefix("cannot be told: ").replace("cannot be told: ", "")
    return Paragraph(
        f"{text[:1].upper()}{text[1:]}. What lies below the threshold, and so the share caught and"
        " the false-positive rate, can only be bounded: the range takes in everything from none of"
        " the unworked leads converting to all of them.",
        "note",
        "Cannot be told from this data.",
    )


def _facts(audit: Audit, table: pd.DataFrame) -> dict[str, object]:
    row = row_at(table, audit.threshold)
    if row is None:
        return {}
    names = (
        "nowhere_rate", "nowhere_rate_low", "nowhere_rate_high", "recall", "recall_low",
        "recall_high", "recall_lowest", "recall_highest", "false_positive_rate", "fpr_lowest",
        "fpr_highest",
    )  # fmt: skip
    facts: dict[str, object] = {f"threshold.{name}": fact(float(row[name])) for name in names}
    for each in table[table["n"] >= FEWEST].to_dict("records"):
        for name in ("leads", "n", "per_100", "per_100_low", "per_100_high", "recall_lowest",
                     "recall_highest"):  # fmt: skip
            facts[f"threshold.{int(each['threshold'])}.{name}"] = fact(float(each[name]))
    turned_down = rejected(audit)
    if turned_down is not None:
        one = turned_down.to_dict("records")[0]
        facts |= {
            f"rejected.{name}": fact(float(one[name]))
            for name in ("positives", "n", "rate", "low", "high")
        }
    return {"threshold.points": int(row["threshold"]), **facts}


def _around(audit: Audit, table: pd.DataFrame) -> Table:
    """Today's threshold and the four on either side; all of them when there are few."""
    words = audit.words
    columns = [
        Column("Threshold", lambda row: f"{count(row['threshold'])} points", "left"),
        Column(
            "Leads at or above (of all)",
            lambda row: f"{count(row['leads'])} ({percent(float(row['leads_share']), 0)})",
        ),
        Column("Judged, of these", lambda row: small(float(row["n"]))),
        Column(
            "Go nowhere (95% interval), of judged",
            lambda row: _shown(row, nowhere_cell),
        ),
        Column(f"{words.many} caught, of all {words.many}", lambda row: _shown(row, _caught)),
    ]
    if audit.policy.cost_ratio is not None:
        columns.append(Column(f"Net benefit per 100 {among(audit)}", worth_cell))
    shown = _neighbours(table, audit.threshold)
    marked = [i for i, at in enumerate(shown["threshold"]) if at == audit.threshold]
    bold = "In bold: today's threshold. " if marked else ""
    note = f"{bold}{_when(audit)}".strip()
    return table_of(shown, columns, caption="Thresholds side by side", note=note, marked=marked)


def _when(audit: Audit) -> str:
    """Whose volume it is: leads that reach the points later are in no row."""
    if audit.kind == "flat":
        return ""
    moment = audit.ranking.provenance.moment
    return f"By the score {moment}: leads that reach the points later come on top."


def _neighbours(table: pd.DataFrame, threshold: int | None) -> pd.DataFrame:
    rows = table.sort_values("threshold").reset_index(drop=True)
    if len(rows) <= 2 * _EACH_SIDE + 1 or threshold is None:
        return rows
    at = int((rows["threshold"] < threshold).sum())
    return rows.iloc[max(at - _EACH_SIDE, 0) : at + _EACH_SIDE + 1].reset_index(drop=True)


def _shown(row: Mapping[Hashable, Any], text: Any) -> str:
    return "hidden" if 0 < row["n"] < FEWEST else str(text(row))


def _caught(row: Mapping[Hashable, Any]) -> str:
    return range_cell(row, "recall", "recall_lowest", "recall_highest")


def rejected(audit: Audit) -> pd.DataFrame | None:
    """How many hand-offs sales turned down, of those it decided on; None without decisions.

    Columns n, positives (rejected), rate, low, high: one row. Leads count as independent here.
    """
    if audit.decisions is None:
        return None
    totals = audit.decisions.frame.groupby("decision")["n"].sum()
    decided = int(totals.reindex(["accepted", "rejected", "recycled"]).fillna(0).sum())
    if not decided:
        return None
    turned_down = int(totals.get("rejected", 0))
    low, high = wilson_interval(turned_down, decided)
    return pd.DataFrame(
        {
            "n": [decided],
            "positives": [turned_down],
            "rate": [turned_down / decided],
            "low": [float(low)],
            "high": [float(high)],
        }
    )


def three_rates(audit: Audit, table: pd.DataFrame) -> pd.DataFrame:
    """The three rates that are all called false-positive rate, with their denominators."""
    rows = [_nowhere_row(audit), _rejected_row(audit), _classic_row(audit, table)]
    return pd.DataFrame(rows, columns=["name", "of", "counts", "rate"])


def _nowhere_row(audit: Audit) -> tuple[str, str, str, str]:
    words = audit.words
    name, base = (
        f"{words.handed_many} that went nowhere",
        f"judged {words.handed_many} of {audit.quarter}",
    )
    found = handoff_rate(audit)
    if found is None or not found.n:
        return name, f"judged {words.handed_many}", "none", "not known"
    wasted: dict[Hashable, float] = {
        "rate": 1 - found.estimate,
        "low": 1 - found.high,
        "high": 1 - found.low,
    }
    return name, base, of_all(found.n - found.positives, found.n), rate_cell(wasted)


def _rejected_row(audit: Audit) -> tuple[str, str, str, str]:
    name, base = (
        "Rejected by sales",
        f"{audit.words.handed_many} that sales decided on, all quarters",
    )
    found = rejected(audit)
    if found is None:
        return name, base, "no decisions recorded", "not known"
    row = found.to_dict("records")[0]
    return name, base, of_all(row["positives"], row["n"]), rate_cell(row)


def _classic_row(audit: Audit, table: pd.DataFrame) -> tuple[str, str, str, str]:
    name = "False-positive rate"
    base = f"leads that did not {audit.words.to_become}, scored at or above the threshold"
    row = row_at(table, audit.threshold)
    if row is None:
        return name, base, "", "not known"
    known = not math.isnan(float(row["false_positive_rate"]))
    counts = of_all(row["fp"], row["fp"] + row["tn"]) if known else "outcomes below are missing"
    return name, base, counts, range_cell(row, "false_positive_rate", "fpr_lowest", "fpr_highest")


def _names(audit: Audit, table: pd.DataFrame) -> Table:
    columns = [
        Column("Name", lambda row: str(row["name"]), "left"),
        Column("Share of", lambda row: str(row["of"]), "left"),
        Column("Counts", lambda row: str(row["counts"])),
        Column("Rate (95% interval)", lambda row: str(row["rate"])),
    ]
    return table_of(
        three_rates(audit, table),
        columns,
        caption="Three rates that are all called the false-positive rate",
        note="Not converted is not the same as badly scored: leads that nobody worked are in none"
        " of these. The interval of the second takes leads as independent of one another.",
    )
