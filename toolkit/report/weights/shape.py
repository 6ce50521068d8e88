"""Whether units, rules and the order of points are right: an appendix for the statistician."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.analysis.weights import dose_table, order_table, rule_table
from toolkit.report.display import Column, Paragraph, Section, table_of
from toolkit.report.sentences import FEWEST
from toolkit.report.weights.common import points_span, shown
from toolkit.report.weights.evidence import p_text
from toolkit.report.weights.sentences import points_text
from toolkit.report.wording import count, joined, percent, plural

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from toolkit.report.weights.review import Review

__all__ = ["show_shape"]

_LEVEL = 0.05
_RULES = {
    "excess": "cap: units beyond it pay nothing",
    "limit": "limit on its sum",
    "decay": "decay",
    "other": "limits of groups, dimensions and the total; rounding",
}


def show_shape(review: Review) -> Section:
    """Judge whether units are worth the same, rules take off what they should, the order is right."""
    if review.weights.reason is not None:
        said = "Units, caps, decay and the order of points cannot be judged: no point value can."
        return Section((Paragraph(said, "note"),))
    found = [_doses(review), _rules(review), _order(review)]
    parts = tuple(part for section in found for part in section.parts)
    return Section(parts, {key: value for section in found for key, value in section.facts.items()})


def _labels(review: Review) -> dict[str, str]:
    return {term.id: term.label for term in review.weights.terms}


def _doses(review: Review) -> Section:
    """Ask of activities whether the second unit is worth as much as the first."""
    table = dose_table(review.weights)
    table = table[table["n"] >= FEWEST].reset_index(drop=True)
    if table.empty:
        return Section((Paragraph("No activity pays by the unit, so no dose is judged.", "note"),))
    labels = _labels(review)
    bent = table.loc[table["p_holm"] <= _LEVEL, "term"].drop_duplicates().tolist()
    said = (
        f"Not every unit is worth the same: {joined([labels[t] for t in bent])}. Read the rows below before raising it."
        if bent
        else "Nothing shows that a second or third unit is worth less, or more, than a first."
    )
    columns = [
        Column("Criterion", lambda row: str(labels[row["term"]]), "left"),
        Column("Units", lambda row: _units(table, row)),
        Column("Judged leads", lambda row: count(row["n"])),
        Column("Paid today", lambda row: points_text(row["now"])),
        Column("Supported (95% interval)", _span),
        Column("p of equal units", lambda row: p_text(row["p_shape"])),
    ]
    note = (
        "Points in all for so many units, against leads with none; the last row of a criterion"
        " holds that many and more where a cap counts no further. Beside today's points for all others,"
        " before any change."
    )
    return Section(
        (Paragraph(said, "finding"), table_of(table, columns, caption="Unit by unit", note=note)),
        {"shape.doses": bent},
    )


def _units(table: pd.DataFrame, row: Mapping[Hashable, Any]) -> str:
    most = table.loc[table["term"] == row["term"], "units"].max()
    return f"{row['units']}{' or more' if row['units'] == most else ''}"


def _span(row: Mapping[Hashable, Any]) -> str:
    return points_span(row["implied"], row["low"], row["high"])


def _rules(review: Review) -> Section:
    """Ask of caps, limits and decay whether what they take off deserves to be taken off."""
    table = rule_table(review.weights)
    table = table[table["n_with"] >= FEWEST].reset_index(drop=True)
    if table.empty:
        return Section((Paragraph("No cap, limit or decay touches a judged lead.", "note"),))
    names = {term.criterion: term.label.partition(":")[0] for term in review.weights.terms}
    wrong = table.loc[table["p_holm"] <= _LEVEL]
    said = (
        f"What these rules take off is worth something: {joined([_rule(names, row) for row in wrong.to_dict('records')])}."
        if len(wrong)
        else "No cap, limit or decay is proven wrong."
    )
    columns = [
        Column("Rule", lambda row: _rule(names, row), "left"),
        Column("Judged leads it touches", lambda row: count(row["n_with"])),
        Column("Points it takes off, mean", lambda row: points_text(row["points"])),
        Column("Of these worth giving back (95% interval)", _given_back),
        Column("p", lambda row: p_text(row["p_holm"])),
    ]
    note = (
        "0% where the rule is right, 100% where what it takes off is worth its full price;"
        f" p is corrected for {plural(len(table), 'rule')}."
    )
    return Section(
        (
            Paragraph(said, "finding"),
            table_of(table, columns, caption="Caps, limits and decay", note=note),
        ),
        {"shape.rules": [_rule(names, row) for row in wrong.to_dict("records")]},
    )


def _rule(names: Mapping[str, str], row: Mapping[Hashable, Any]) -> str:
    said = _RULES[str(row["rule"])]
    criterion = str(row["criterion"])
    return f"{names.get(criterion, criterion)}: {said}" if criterion else said


def _given_back(row: Mapping[Hashable, Any]) -> str:
    if math.isnan(row["given_back"]):
        return "not known"
    ends = (
        []
        if math.isnan(row["low"] + row["high"])
        else [percent(row["low"], 0), percent(row["high"], 0)]
    )
    return percent(row["given_back"], 0) + (f" ({' to '.join(ends)})" if ends else "")


def _order(review: Review) -> Section:
    """Ask whether what pays more is worth more."""
    table, few = order_table(review.weights), _few(review)
    table = table[~table["a"].isin(few) & ~table["b"].isin(few)].reset_index(drop=True)
    separated = review.weights.joint.method == "Firth"
    if table.empty:
        none = "No two criteria can be compared with each other"
        why = (
            ": all or none with one of them converted, so differences have no error"
            if separated
            else ""
        )
        return Section((Paragraph(f"{none}{why}.", "note"),))
    labels = _labels(review)
    wrong = table.index[(table["high"] < 0) & (table["p_holm"] <= _LEVEL)].tolist()
    said = [f"{labels[a]} above {labels[b]}" for a, b in table.loc[wrong, ["a", "b"]].to_numpy()]
    text = (
        f"Paid in the wrong order: {joined(said)}."
        if said
        else "No two neighbours in the order of points are proven to stand the wrong way round."
    )
    columns = [
        Column("Pays more", lambda row: labels[row["a"]], "left"),
        Column("Pays less", lambda row: labels[row["b"]], "left"),
        Column("Apart today", lambda row: points_text(row["now"])),
        Column(
            "Supported (95% interval)",
            lambda row: points_span(row["estimate"], row["low"], row["high"]),
        ),
        Column("p of no difference", lambda row: p_text(row["p_holm"])),
    ]
    note = "Each criterion against the next one of its dimension that pays less, all others free."
    if separated:
        note += " Criteria with which all or none converted are left out, with their leads."
    return Section(
        (
            Paragraph(text, "finding"),
            table_of(table, columns, caption="The order of points", note=note, marked=wrong),
        ),
        {"shape.wrong_order": said},
    )


def _few(review: Review) -> list[str]:
    table = shown(review)
    return table.loc[table["n_with"] < FEWEST, "term"].tolist()
