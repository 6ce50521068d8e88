"""Whether a higher score means a better lead."""

from __future__ import annotations

from math import isinf, isnan
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.analysis import auc, gains_table, ranking_table
from toolkit.report.audit.before import ranking_before
from toolkit.report.audit.common import among, counted, small, worked_only
from toolkit.report.audit.told import band_rate, lowest_told, scores_table, unworked_share
from toolkit.report.display import Column, Paragraph, Part, Picture, Section, Table, table_of
from toolkit.report.figures import plot_gains
from toolkit.report.findings import Finding, fact, find_ranking, ranking_text
from toolkit.report.sentences import band_label, share_at
from toolkit.report.wording import count, number, percent, plural

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from toolkit.report.audit.prepared import Audit

__all__ = ["band_facts", "bands_table", "measures_table", "show_ranking", "untold"]


def untold() -> Paragraph:
    """Say why a section is off for a flat file without a declaration."""
    return Paragraph(
        "The score may have been set after the outcome, or because of it; its ranking would then"
        " only repeat the outcome. Give dated tables, or declare scored_before_outcome if every"
        " score was recorded first.",
        "warning",
        "No answer, because nothing here is point-in-time.",
    )


def bands_table(audit: Audit) -> Table:
    """Rates by band (or score), every column with its denominator."""
    words = audit.words
    columns = [
        Column("Score", band_label, "left"),
        Column("Leads (all)", lambda row: count(row["leads"])),
        Column("Judged", lambda row: small(row["n"])),
        Column(f"{words.became} (of judged)", lambda row: counted(row["positives"])),
        Column(f"{words.rate} (95% interval), of judged", band_rate),
    ]
    if audit.ranking.total("unworked"):
        columns.append(Column("Never worked (of all)", lambda row: count(row["unworked"])))
    if audit.ranking.total("immature"):
        columns.append(Column("Too young (of all)", lambda row: count(row["immature"])))
    table = scores_table(audit)
    handed = [
        i
        for i, start in enumerate(table["start"])
        if audit.threshold is not None and start >= audit.threshold
    ]
    note = "In bold: at or above the threshold." if handed else ""
    return table_of(table, columns, caption="Rate by score", note=note, marked=handed)


def band_facts(audit: Audit) -> dict[str, object]:
    """State each band by the score from which it starts: its leads, and its rate where it is told."""
    named = ("leads", "n", "positives", "rate", "low", "high", "lowest", "highest")
    return {
        f"band.{'lowest' if pd.isna(row['start']) else int(row['start'])}.{name}": fact(
            float(row[name])
        )
        for row in scores_table(audit).to_dict("records")
        for name in named
    }


def show_ranking(audit: Audit) -> Section:
    """Rates by band, how often a converting lead scored higher, and what the best fifth holds."""
    if not audit.told:
        return _described(audit)
    whose = among(audit)
    finding = find_ranking(auc(audit.ranked), among=whose)
    gains = gains_table(audit.ranked)
    parts: list[Part] = [Paragraph(finding.text, "finding")]
    if worked_only(audit):
        parts.append(_restricted(audit))
    apart = _without_hand_raisers(audit)
    if apart is not None:
        parts.append(Paragraph(apart.text))
    parts += [bands_table(audit), Picture(plot_gains(gains, words=audit.words, among=whose))]
    changed, about_it = ranking_before(audit)
    facts = {
        **finding.facts,
        **({} if apart is None else apart.facts),
        "ranking.best_fifth": fact(share_at(gains, 0.2)),
        **band_facts(audit),
        **{
            f"ranking.{row['statistic']}": fact(row["estimate"])
            for row in _named(ranking_table(audit.ranked))
        },
        **about_it,
    }
    return Section((*parts, *changed), facts)


def _without_hand_raisers(audit: Audit) -> Finding | None:
    """How the score ranks who did not ask to be called; None where no criterion says who did."""
    if audit.uncalled is None:
        return None
    found = auc(audit.uncalled)
    left_out = audit.ranked.n - audit.uncalled.n
    said = ranking_text(found, among=f"the {count(audit.uncalled.n)} leads that did not ask")
    text = (
        f"{plural(left_out, 'lead')} of {count(audit.ranked.n)} asked to be called; sales would call"
        f" these at any score. Without them: {said[0].lower()}{said[1:]}"
    )
    facts = {f"ranking.without_hand_raisers.{name}": fact(getattr(found, end))
             for name, end in (("auc", "estimate"), ("low", "low"), ("high", "high"))}  # fmt: skip
    return Finding(text, pd.DataFrame({"left_out": [left_out]}), facts)


_MEASURES = {
    "auc": "Pairs in which the converting lead scored higher (AUC)",
    "gini": "Gini (2 AUC \N{MINUS SIGN} 1)",
    "largest_gap": "Largest gap between the two classes (Kolmogorov-Smirnov)",
    "average_precision": "Average precision",
}
"""The measures that a reader may compare with other reports, in their order."""


def _named(measures: pd.DataFrame) -> list[dict[Hashable, Any]]:
    rows = {row["statistic"]: row for row in measures.to_dict("records")}
    return [rows[name] for name in _MEASURES]


def measures_table(audit: Audit) -> Table:
    """The same ranking by the names of other reports; each with what chance alone would give."""
    columns = [
        Column("Measure", lambda row: _MEASURES[row["statistic"]], "left"),
        Column(f"Among {among(audit)} (95% interval)", _measured),
        Column(
            "By chance", lambda row: "above 0" if isnan(row["chance"]) else _share(row["chance"])
        ),
    ]
    return table_of(
        pd.DataFrame(_named(ranking_table(audit.ranked))),
        columns,
        caption="The same ranking by its other names",
        note="The largest gap is above 0 by chance alone and has no interval here. Average precision"
        " must be read beside its chance, the base rate: it is not comparable between files.",
    )


def _measured(row: Mapping[Hashable, Any]) -> str:
    value, low, high = (float(row[name]) for name in ("estimate", "low", "high"))
    if isnan(value):
        return "not known"
    return (
        _share(value) if isnan(low + high) else f"{_share(value)} ({_share(low)} to {_share(high)})"
    )


def _share(value: float) -> str:
    return number(value, 2)


def _described(audit: Audit) -> Section:
    """A score of unknown age: what the file holds, said so that nobody takes it for proof."""
    finding = find_ranking(auc(audit.ranked), among="")
    text = f"In this file, which proves nothing about the score: {finding.text[0].lower()}{finding.text[1:]}"
    return Section((untold(), Paragraph(text, "note"), bands_table(audit)), finding.facts)


def _restricted(audit: Audit) -> Paragraph:
    """Why the ranking is read over the bar only, and what it must not be compared with."""
    bar = lowest_told(audit)
    missing = unworked_share(audit, below=bar)
    below = (
        f" Leads below {count(bar)} points are left out: {percent(missing, 0)} were never worked, and the"
        " others may have been chosen for what they did later, so to rank them by their earlier score"
        " would look ahead."
        if audit.ranked is not audit.ranking and not isnan(missing)
        else ""
    )
    mostly = (
        "Sales works mostly leads with high scores. "
        if missing > unworked_share(audit, at_least=bar)
        else ""
    )
    whose = "leads that sales worked" if isinf(bar) else "leads over the bar"
    return Paragraph(
        f"{mostly}Among {whose} scores differ less than among all leads, so this number is"
        " not that of all leads and must not be compared with one; below the threshold it cannot be"
        f" told.{below}",
        "note",
    )
