"""What the score must beat, and what a score fitted to these leads would be worth on others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.analysis.weights import optimism
from toolkit.report.display import Column, Paragraph, Section, table_of
from toolkit.report.findings import fact
from toolkit.report.wording import change, count, joined, percent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from toolkit.report.weights.review import Review

__all__ = ["show_rivals"]

_NAMES = {
    "chance": "drawing leads at random",
    "fit alone": "fit points alone",
    "behavior alone": "behavior points alone",
    "equal points": "one point for each criterion met",
}


_FITTED = {
    "other leads": "it was fitted on other leads",
    "nothing": "no outcome took part in it",
}


def show_rivals(review: Review) -> Section:
    """Say whether today's score beats what costs nothing to make, and what a fitted one could reach."""
    parts = (*_against(review), *_reached(review))
    return Section(parts, _facts(review))


def _against(review: Review) -> tuple[Any, ...]:
    table = review.rivals
    if table is None:
        said = "No threshold says how many leads are handed over, so nothing is compared."
        return (Paragraph(said, "note"),)
    external = review.external
    refused = external is not None and external.refused is not None
    rivals = table.iloc[:-1] if refused else table
    open_ = [_name(review, row) for row in rivals.to_dict("records") if row["beaten"] is False]
    told = rivals["beaten"].notna()
    said = (
        f"At as many calls today's score is not shown to find more {review.words.many} than {joined(open_)}."
        if open_
        else f"At as many calls today's score finds more {review.words.many} than each of these."
        if told.all()
        else "Whether today's score finds more than these at as many calls cannot be told: the leads"
        " that they would hand over instead were mostly never worked."
    )
    columns = [
        Column("Instead of today's score", lambda row: _name(review, row), "left"),
        Column("Pairs it orders rightly", lambda row: percent(row["auc"])),
        Column("Today's score", lambda row: percent(row["auc_today"])),
        Column("Gain of today's (95% interval)", lambda row: _gain(row, "auc")),
        Column("Gain in precision at equal calls", lambda row: _gain(row, "precision")),
    ]
    note = (
        "Pairs: of a lead that converted and one that did not, both judged, the share in which the"
        " first has more points (ties half). The single criterion was chosen on these leads, which"
        f" flatters it.{_chosen(review)}"
    )
    return (
        Paragraph(said, "finding"),
        *_outside(review),
        table_of(table, columns, caption="What the score must beat", note=note),
    )


def _outside(review: Review) -> tuple[Paragraph, ...]:
    """Of the score of somebody else: why it is refused, or of which leads its row is."""
    external = review.external
    if external is None:
        return ()
    name = f"\u201c{external.column}\u201d"
    if external.pairs is None:
        text = f"whether today's score beats {name}: {external.refused}."
        return (Paragraph(text, "note", "Cannot be told from this data:"),)
    scored, fitted = external.pairs.n, _FITTED[external.pairs.fitted_on]
    text = (
        f"The row of {name} is of the {count(scored)} of {count(review.everybody)} leads that have a"
        f" value there; that {fitted} was declared, not checked."
    )
    return (Paragraph(text, "note"),)


def _chosen(review: Review) -> str:
    """Who was worked was decided by today's score, which narrows its range among them."""
    if review.kind == "flat":
        return ""
    return (
        " Only worked leads are judged, and mostly today's score chose them: among them it differs"
        " less than among all, so it seems to order worse than it does; the others suffer less."
    )


def _name(review: Review, row: Mapping[Hashable, Any]) -> str:
    name = str(row["baseline"])
    labels = {
        f"{term.criterion} alone": f"{term.label.partition(':')[0]} alone"
        for term in review.weights.terms
    }
    if _is_external(review, row):
        return f"\u201c{name}\u201d"
    return _NAMES.get(name) or labels.get(name, name)


def _is_external(review: Review, row: Mapping[Hashable, Any]) -> bool:
    return review.external is not None and row["baseline"] == review.external.column


def _gain(row: Mapping[Hashable, Any], measure: str) -> str:
    low, high = float(row[f"{measure}_low"]), float(row[f"{measure}_high"])
    if math.isnan(low + high):
        return "cannot be told"
    ends = f"{change(low)} to {change(high)}".replace(" points to", " to")
    return f"{change(row[f'{measure}_gain'])} ({ends})"


def _reached(review: Review) -> tuple[Paragraph, ...]:
    """How well all points fitted at once would do, on their own leads and on others."""
    table = _corrected(review)
    if table is None:
        return ()
    apparent, corrected = (table["auc"][name] for name in ("apparent", "corrected"))
    shrunk = table["slope"]["corrected"]
    return (
        Paragraph(
            f"All {count(len(review.weights.terms))} point values fitted at once would order"
            f" {percent(apparent)} of the pairs among the {count(review.weights.n)} judged leads"
            f" rightly, but only about {percent(corrected)} among leads like them that they were"
            f" not fitted to, and their differences would have to be shrunk to"
            f" {percent(shrunk, 0)} (optimism of Harrell and others, 1996; accounts"
            " resampled).",
            "note",
        ),
    )


def _corrected(review: Review) -> dict[str, dict[str, float]] | None:
    if review.weights.reason is not None:
        return None
    table = optimism(review.weights).table
    if table.isna().any(axis=None):
        return None
    rows = table.astype(float).to_dict("index")
    return {str(name): {str(key): float(x) for key, x in row.items()} for name, row in rows.items()}


def _facts(review: Review) -> dict[str, object]:
    facts: dict[str, object] = {}
    if review.rivals is not None:
        for row in review.rivals.to_dict("records"):
            short = "external" if _is_external(review, row) else str(row["baseline"])
            name = f"rival.{short.replace(' ', '_')}"
            facts |= {f"{name}.{key}": fact(row[key]) for key in ("auc", "auc_gain", "beaten")}
    return facts
