"""Who was counted, what follows for every criterion, what goes together, what is steady."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.analysis.weights import adequacy, overlap_table
from toolkit.counts import flow_table
from toolkit.report.audit.limits import sharers
from toolkit.report.audit.people import flow_step
from toolkit.report.display import Bullets, Column, Paragraph, Picture, Section, table_of
from toolkit.report.figures import plot_forest, plot_overlap
from toolkit.report.findings import fact
from toolkit.report.sentences import FEWEST
from toolkit.report.weights.checks import rows_on_front
from toolkit.report.weights.common import (
    counted,
    final_words,
    points_span,
    proposed,
    shown,
    term_sentence,
)
from toolkit.report.weights.sentences import points_text
from toolkit.report.wording import count, plural

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from toolkit.report.display import Table
    from toolkit.report.weights.review import Review

__all__ = ["show_criteria", "show_flow", "show_overlap", "show_stability"]


def show_flow(review: Review) -> Section:
    """Account for every lead, and say which of them judge the points."""
    origin = review.patterns.provenance
    frame = flow_table(origin)
    columns = [
        Column("Step", lambda row: flow_step(str(row["kind"]), str(row["step"])), "left"),
        Column("Leads", lambda row: counted(row["n"])),
        Column("Left", lambda row: "" if row["kind"] == "state" else count(row["remaining"])),
    ]
    starts = [i for i, kind in enumerate(frame["kind"]) if kind == "start"]
    at = "at " if review.kind == "crm" else ""
    n, hits = review.weights.n, review.weights.positives
    first, last = origin.first_moment, origin.last_moment
    span = "" if first is None else f", those of {first} to {last}"
    said = f"The points are judged on {plural(n, 'judged lead')}{span}; {count(hits)} {review.words.became}."
    return Section(
        (
            table_of(frame, columns, caption=f"Scored {at}{origin.moment}", marked=starts),
            Paragraph(said, "finding"),
            *_adequate(review),
        ),
        {"weights.judged": n, "weights.positives": hits},
    )


def _worth(review: Review, effective: float) -> str:
    if review.patterns.accounts is None:
        return "No accounts are known, so every lead is taken as independent"
    share = sharers(review.patterns.provenance)
    if effective >= review.weights.n:
        return f"That {share} their fate is not seen here: they are worth as many independent leads"
    return f"{share.capitalize()} their fate: they are worth {count(effective)} independent leads"


def _adequate(review: Review) -> tuple[Paragraph, ...]:
    found = adequacy(review.weights)
    if found.needed is None or found.enough is None:
        return (Paragraph(f"Whether they are enough cannot be said: {found.reason}.", "note"),)
    enough = "enough" if found.enough else "not enough"
    worth = _worth(review, found.n_effective)
    return (
        Paragraph(
            f"{worth}, which is {enough} to fit all {found.parameters} point values at"
            f" once ({count(found.needed.n)} by Riley and others, 2020). Only what is proven moves,"
            " so fewer can be enough for a single change.",
            "note",
        ),
    )


def show_criteria(review: Review) -> Section:
    """One row and one sentence for every term."""
    table, plans = shown(review), proposed(review)
    rows = table.to_dict("records")
    sentences = tuple(term_sentence(review, row) for row in rows)
    facts: dict[str, object] = {}
    for row in rows:
        facts |= _term_facts(row, plans[str(row["term"])])
    for term, n in review.movers.items():
        facts[f"term.{term}.change_band"] = None if 0 < n < FEWEST else n
    forest = (Picture(plot_forest(table)),) if len(table) > rows_on_front(review) else ()
    return Section(
        (
            *forest,
            _main(review, table),
            _numbers(review, table),
            Bullets("In words", sentences),
            Paragraph(_how(review), "note"),
        ),
        facts,
    )


def _how(review: Review) -> str:
    return (
        "One at a time: the points that a criterion would earn if no other were paid. All at once:"
        " beside all others; the gap between the two is what is counted twice. Supported: beside"
        " today's points for the others and the changes already decided; the verdict rests on it."
        f" p is corrected for {review.family} criteria (Holm 1979)."
    )


def _term_facts(row: Mapping[Hashable, Any], plan: Mapping[Hashable, Any]) -> dict[str, object]:
    name = f"term.{row['term']}"
    verdict, because = final_words(row, plan)
    return {
        f"{name}.verdict": verdict,
        f"{name}.because": because,
        f"{name}.now": fact(row["now"]),
        f"{name}.proposed": fact(plan["proposed"]),
        f"{name}.supported": fact(row["implied_points"]),
        f"{name}.low": fact(row["implied_low"]),
        f"{name}.high": fact(row["implied_high"]),
        f"{name}.p": fact(row["p_holm"]),
    }


def _main(review: Review, table: pd.DataFrame) -> Table:
    plans = proposed(review)
    columns = [
        Column("Criterion", lambda row: str(row["label"]), "left"),
        Column("Now", lambda row: points_text(row["now"])),
        Column("Supported (95% interval)", _supported),
        Column("Proposed", lambda row: points_text(plans[str(row["term"])]["proposed"])),
        Column("Change band", lambda row: _moved(review, str(row["term"]))),
        Column("Verdict", lambda row: final_words(row, plans[str(row["term"])])[0], "left"),
        Column("p", lambda row: p_text(row["p_holm"])),
        Column("Same sign later?", lambda row: _later_sign(review, str(row["term"])), "left"),
    ]
    moved = [i for i, row in enumerate(table["term"]) if plans[str(row)]["change"]]
    note = (
        f"Change band: of {count(review.everybody)} leads, those that this change alone would put"
        " into another band, thresholds where they are."
    )
    return table_of(
        table,
        columns,
        caption="What follows for every point value",
        note=note if moved else "",
        marked=moved,
    )


def _moved(review: Review, term: str) -> str:
    return counted(review.movers[term]) if term in review.movers else ""


def _supported(row: Mapping[Hashable, Any]) -> str:
    return points_span(row["implied_points"], row["implied_low"], row["implied_high"])


def p_text(p: float) -> str:
    """Write a p-value; what is very small only as such.

    >>> p_text(0.04567), p_text(1e-9), p_text(float("nan"))
    ('0.046', 'under 0.001', '')
    """
    if math.isnan(p):
        return ""
    return "under 0.001" if p < 0.001 else f"{p:.3f}"  # noqa: PLR2004 - three decimals are shown


def _later_sign(review: Review, term: str) -> str:
    if review.since is None:
        return "no later leads"
    found = review.stability
    holds = found.loc[found["term"] == term, "holds"] if len(found) else pd.Series(dtype=object)
    if not len(holds) or holds.iloc[0] is None or pd.isna(holds.iloc[0]):
        return "not known"
    return "yes" if bool(holds.iloc[0]) else "no"


def _numbers(review: Review, table: pd.DataFrame) -> Table:
    won = f"{review.words.many[:1].upper()}{review.words.many[1:]}"
    columns = [
        Column("Criterion", lambda row: str(row["label"]), "left"),
        Column("One at a time", lambda row: _points(row["alone_points"])),
        Column(
            "All at once (95% interval)",
            lambda row: points_span(
                row["adjusted_points"], row["adjusted_low"], row["adjusted_high"]
            ),
        ),
        Column(f"{won} with it", lambda row: _of(row, "with")),
        Column(f"{won} without it", lambda row: _of(row, "without")),
        Column("Would be seen", lambda row: _seen(row["detectable"])),
        Column("Basis", lambda row: str(row["basis"]), "left"),
    ]
    return table_of(
        table,
        columns,
        caption=f"What it rests on; of {count(review.weights.n)} judged leads",
        note="Would be seen: the difference from today's points that 8 of 10 such samples would"
        " call a change.",
    )


def _points(value: float) -> str:
    return "not known" if math.isnan(value) else points_text(value)


def _of(row: Mapping[Hashable, Any], which: str) -> str:
    n = float(row[f"n_{which}"])
    if 0 < n < FEWEST:
        return f"of under {FEWEST}"
    few_with = 0 < float(row["n_with"]) < FEWEST
    if which == "without" and few_with:
        # The total is known, so the difference would give the hidden number away.
        return f"of about {count(n + row['n_with'])}"
    return f"{count(row[f'positives_{which}'])} of {count(n)}"


def _seen(value: float) -> str:
    return "not known" if math.isnan(value) else f"{value:.0f} points"


def show_overlap(review: Review) -> Section:
    """Which criteria go together, so that one signal is paid twice."""
    table = overlap_table(review.weights)
    enough = (table["n_a"] >= FEWEST) & (table["n_b"] >= FEWEST)
    rare = (table["n_both"] > 0) & (table["n_both"] < FEWEST)
    table = table[enough & ~rare].reset_index(drop=True)
    if table.empty:
        said = "No two criteria are met by enough judged leads to say whether they go together."
        return Section((Paragraph(said, "note"),))
    said = (
        "Where only leads over a threshold were worked, two criteria that each lift a lead over it"
        " are rarer together here than among all leads."
    )
    first = table.iloc[0]
    facts = {
        "overlap.a": str(first["a"]),
        "overlap.b": str(first["b"]),
        "overlap.phi": fact(float(first["phi"])),
    }
    return Section((Picture(plot_overlap(table)), Paragraph(said, "note")), facts)


def show_stability(review: Review) -> Section:
    """Whether a departure points the same way in every quarter."""
    table = review.stability
    if table.empty:
        said = "Whether the effects are steady over time cannot be told: " + (
            "the file has no dates." if review.kind == "flat" else "no point value can be judged."
        )
        return Section((Paragraph(said, "note"),))
    few = set(shown(review).loc[lambda f: f["n_with"] < FEWEST, "term"])
    labels = dict(zip(review.table["term"], review.table["label"], strict=True))
    table = table[~table["term"].isin(few)].reset_index(drop=True)
    columns = [
        Column("Criterion", lambda row: str(labels[row["term"]]), "left"),
        Column("Same sign as the rest", _quarters),
        Column("Earlier: from today's points", lambda row: _points(row["earlier"])),
        Column("Last period: from today's points", lambda row: _points(row["last"])),
        Column("p that it changed", lambda row: p_text(row["p_periods_holm"])),
    ]
    drifted = table[table["p_periods_holm"] < 0.05]  # noqa: PLR2004 - the level of every test here
    names = [str(labels[term]) for term in drifted["term"]]
    said = (
        f"Between periods the worth of {', '.join(names)} differs by more than chance."
        if names
        else "No criterion's worth differs between periods by more than chance would."
    )
    note = (
        "A quarter agrees if its departure from today's points has the sign of that of all other"
        " quarters; p is corrected for the number of criteria."
    )
    return Section(
        (
            Paragraph(said, "finding"),
            table_of(table, columns, caption="Period by period", note=note),
        ),
        {"stability.drifted": [str(term) for term in drifted["term"]]},
    )


def _quarters(row: Mapping[Hashable, Any]) -> str:
    return f"{count(row['same_sign'])} of {count(row['periods'])}"
