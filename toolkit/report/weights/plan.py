"""What is proposed: the file, what rounding costs, who crosses which line, what policy costs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toolkit.analysis.comparison import rollback_power, seen_rate
from toolkit.analysis.proposal.integers import LOSS
from toolkit.analysis.weights.verdicts import LIMITED
from toolkit.model import diff_models, model_text
from toolkit.model.revising import revised_text
from toolkit.report.display import Bullets, Column, Paragraph, Section, table_of
from toolkit.report.findings import fact, rate_facts
from toolkit.report.sentences import FEWEST
from toolkit.report.weights.checks import advice
from toolkit.report.weights.common import counted, points_span
from toolkit.report.weights.evidence import p_text
from toolkit.report.weights.sentences import points_text
from toolkit.report.wording import MINUS, count, joined, of_all, percent, rate_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from toolkit.analysis import Rate
    from toolkit.analysis.proposal.integers import RoundedPoints
    from toolkit.model import ModelDiff
    from toolkit.report.display import Part, Table
    from toolkit.report.weights.review import Review

__all__ = ["TENTH", "proposal_files", "show_lines", "show_prices", "show_proposal"]

_CHOSEN = {
    "keep": "today's points stand: nothing is refuted",
    "intercept": "only the general level is refuted, no points",
    "intercept and slope": "level and scale are refuted, no single points",
    "revise": "today's points as a whole are refuted, so single ones may be revised",
}


def show_proposal(review: Review) -> Section:
    """What changes in the model file, and what the whole numbers cost."""
    found = review.proposal
    diff = diff_models(found.champion, found.model)
    parts: list[Part] = [
        Paragraph(_ladder(review), "finding"),
        *advice(review),
        *_differences(diff),
        *_rounding(review),
        *_way_back(review),
        Paragraph(_files(review), "note"),
    ]
    quality = {} if review.quality is None else rate_facts("quality", review.quality)
    facts: dict[str, object] = {
        **quality,
        "proposal.changed": found.changed,
        "proposal.hash": found.model.hash,
        "proposal.shrinkage": fact(found.shrinkage),
        "proposal.ladder": found.ladder.action,
        "proposal.differences": [each.in_words for each in diff.changes],
        "proposal.fitted_on": found.fitted_on,
    }
    if found.rounding is not None:
        facts |= {
            "proposal.rounding_loss": fact(found.rounding.loss),
            "proposal.rounding_share": fact(found.rounding.loss_share),
        }
    return Section(tuple(parts), facts, files=proposal_files(review))


def _differences(diff: ModelDiff) -> tuple[Bullets, ...]:
    title = "Difference between the files"
    moving = tuple(each for each in diff.changes if each.moves_scores)
    resting = tuple(each for each in diff.changes if not each.moves_scores)
    if not (moving and resting):
        return (Bullets(title, _said(diff)),)
    # Behind the names of the files and the word that no score changes.
    rest = _said(replace(diff, changes=resting))[2:]
    head = Bullets(title, _said(replace(diff, changes=moving)))
    return head, Bullets("Without effect on any score", rest)


def _said(diff: ModelDiff) -> tuple[str, ...]:
    return tuple(diff.text.replace(" -> ", " \N{RIGHTWARDS ARROW} ").splitlines())


def proposal_files(review: Review) -> dict[str, str]:
    """The proposed model file and its difference from today's, to stand beside the page."""
    found = review.proposal
    head = (
        f"# Proposed on {review.prepared_on.isoformat()}; in force only when somebody decides so.\n"
        if found.changed
        else "# No change is proposed: these are today's points.\n"
    )
    text = (
        model_text(found.model) if review.file is None else revised_text(review.file, found.model)
    )
    return {
        ".proposal.yaml": f"{head}{text}",
        ".diff.md": diff_models(found.champion, found.model).markdown,
    }


def _ladder(review: Review) -> str:
    found = review.proposal.ladder
    if found.reason is not None:
        return f"How much of the model is refuted cannot be said: {found.reason}."
    said = f"The closed test of the whole model (Vergouwe and others, 2017) says: {_CHOSEN[found.action]}"
    p = p_text(float(found.table["p"].iloc[0])) if len(found.table) else ""
    return f"{said} (p {p})." if p else f"{said}."


def _rounding(review: Review) -> tuple[Paragraph, ...]:
    found = review.proposal.rounding
    if found is None:
        return ()
    shrunk = f"{percent(review.proposal.shrinkage, 0)} of each supported difference is proposed"
    lost = "under 0.01%" if found.loss_share < _SMALL else percent(found.loss_share, 2)
    return (
        Paragraph(
            f"{shrunk}, because estimates that were large enough to be noticed tend to be too"
            f" large. Whole points on a grid of {review.asked.grid} lose {lost} of what the points"
            f" explain, {_verdict_on_loss(found)}.{_limited(review)}",
        ),
    )


_SMALL = 1e-4


def _verdict_on_loss(found: RoundedPoints) -> str:
    """Say which of the two limits the loss passes: it may be small and yet more than chance."""
    if found.accepted:
        return "which is accepted"
    if found.loss_share >= LOSS:
        return f"which is more than the {percent(LOSS, 0)} agreed"
    if math.isnan(found.loss_share):
        return "and what they explain is nothing"
    return "little, but more than chance explains with so many leads: a finer grid would fit them better"


def _limited(review: Review) -> str:
    """Name the changes that a limit stops for many leads."""
    table = review.proposal.table
    rows = table[(table["change"] != 0) & (table["limited"] >= LIMITED)].to_dict("records")
    said = [f"{row['label']} ({percent(row['limited'], 0)})" for row in rows]
    if not said:
        return ""
    return (
        " At the proposed points a limit of the group, the dimension or the total stops these for"
        f" some of the judged leads that have them: {joined(said)}; a unit that is paid in full may"
        " be worth more."
    )


def _files(review: Review) -> str:
    head = (
        "The new model file (.proposal.yaml) and its difference (.diff.md) stand beside this page."
    )
    if not review.proposal.changed:
        head = "The model file beside this page (.proposal.yaml) is today's: no change is proposed."
    return (
        f"{head} Keep today's file, version"
        f" {review.model.version}: to load it again restores every score, since scores are computed"
        " from the file alone."
    )


def _way_back(review: Review) -> tuple[Paragraph, ...]:
    """When to return to today's points, agreed before they are changed."""
    found = review.quality
    if not review.proposal.changed or found is None or math.isnan(found.low):
        return ()
    words = review.words
    return (
        Paragraph(
            f"of the {words.handed_many} judged today {of_all(found.positives, found.n)}"
            f" {words.became}: {rate_text(found.estimate, found.low, found.high)}. If, in a whole"
            f" quarter under the new points, the interval of that rate lies below"
            f" {percent(found.low)}, load today's file again.{_would_see(review, found)}",
            lead="Roll-back rule:",
        ),
    )


_WEEKS = 13


def _would_see(review: Review, found: Rate) -> str:
    """What the rule sees in one quarter of as many leads as now."""
    weeks = review.weights.provenance.weeks
    if not weeks:
        return ""
    leads = _WEEKS * review.weights.n / weeks
    seen, chance = (
        seen_rate(found, leads=leads),
        rollback_power(found, leads=leads, rate=found.estimate),
    )
    falsely = "under 1%" if chance < 0.01 else percent(chance, 0)  # noqa: PLR2004 - one percent
    fall = (
        "not even a rate of 0 would be seen in 8 of 10 quarters"
        if math.isnan(seen)
        else f"a fall to {percent(seen)} is seen in 8 of 10 quarters, a smaller one more seldom"
    )
    return (
        f" With about {count(leads)} judged leads a quarter {fall}; without any fall the rule sends"
        f" the points back in {falsely} of quarters."
    )


def show_lines(review: Review) -> Section:
    """Who crosses the thresholds, and how many a week that makes."""
    table = review.proposal.thresholds
    if table.empty:
        return Section(
            (Paragraph("The model has no thresholds that anybody could cross.", "note"),)
        )
    facts: dict[str, object] = {}
    for row in table.to_dict("records"):
        name = f"threshold.{row['now']:g}"
        facts |= {
            f"{name}.proposed": fact(row["proposed"]),
            f"{name}.weekly_now": fact(row["weekly_now"]),
            f"{name}.weekly_proposed": fact(row["weekly_proposed"]),
            f"{name}.exact": fact(row["exact"]),
            f"{name}.leads_now": _told(row["leads_now"]),
            f"{name}.leads_proposed": _told(row["leads_proposed"]),
            f"{name}.up": _told(row["up"]),
            f"{name}.down": _told(row["down"]),
        }
    if not review.proposal.changed:
        said = "No points change, so nobody crosses a threshold."
        return Section((Paragraph(said), _lines(review)), facts)
    note = (
        "The new threshold is the score at which a lead has the chance that it has at today's,"
        f" rounded up to {review.asked.grid}. Limits of groups and dimensions are not applied anew"
        " here; the comparison below scores with the new file."
    )
    return Section((*_volume(review), _lines(review), Paragraph(note, "note")), facts)


def _told(n: int) -> int | None:
    return None if 0 < n < FEWEST else int(n)


def _volume(review: Review) -> tuple[Paragraph, ...]:
    """What rounding the threshold up to the grid does to the number handed over."""
    table = review.proposal.thresholds
    rows = table[(table["now"] == review.threshold) & (table["exception"] == 0)].to_dict("records")
    if not rows or math.isnan(rows[0]["exact"]):
        return ()
    row = rows[0]
    now, then = float(row["leads_now"]), float(row["leads_proposed"])
    if not now or then < FEWEST:
        return ()
    lift = row["proposed"] - row["exact"]
    said = (
        f"The same chance lies at {row['exact']:.1f} points, on the grid at {row['proposed']:g}"
        f" ({lift:.1f} higher). There the proposal hands over {count(then)} of {row['leads_of']},"
        f" today's points {count(now)} ({then / now - 1:+.0%})."
    )
    if abs(then / now - 1) <= TENTH:
        return (Paragraph(said, "finding"),)
    ask = "more calls or a higher bar" if then > now else "fewer calls or a lower bar"
    return (Paragraph(f"{said} Decide before it is loaded: {ask}.", "finding"),)


TENTH = 0.1
"""Change of the volume from which it is a decision of its own."""


def _lines(review: Review) -> Table:
    table = review.proposal.thresholds
    columns = [
        Column("Band", lambda row: str(row["band"]), "left"),
        Column("Now from", lambda row: f"{row['now']:g}"),
        Column("Proposed from", lambda row: f"{row['proposed']:g}"),
        Column("Leads now", lambda row: counted(row["leads_now"])),
        Column("Leads then", lambda row: counted(row["leads_proposed"])),
        Column("Newly reach it", lambda row: counted(row["up"])),
        Column("No longer do", lambda row: counted(row["down"])),
        Column("A week now", lambda row: _weekly(row["weekly_now"])),
        Column("A week then", lambda row: _weekly(row["weekly_proposed"])),
    ]
    who = str(table["leads_of"].iloc[0])
    total = f"{count(review.everybody)} leads" if who == "all leads" else who
    return table_of(table, columns, caption=f"Thresholds; of {total}")


def _weekly(value: float) -> str:
    return "not known" if math.isnan(value) else f"{value:,.1f}"


def show_prices(review: Review) -> Section:
    """What points of policy cost in positives; they are never moved by evidence."""
    table = review.proposal.prices
    if table.empty:
        return Section(
            (
                Paragraph(
                    "No points are marked as policy (basis: policy), so none is priced.", "note"
                ),
            )
        )
    won = review.words.many
    sentences = tuple(_price(row, won) for row in table.to_dict("records"))
    facts: dict[str, object] = {}
    for row in table.to_dict("records"):
        facts |= {
            f"price.{row['term']}": fact(row["price"]),
            f"price.{row['term']}.low": fact(row["low"]),
            f"price.{row['term']}.high": fact(row["high"]),
        }
    columns = [
        Column("Criterion", lambda row: str(row["label"]), "left"),
        Column("Now", lambda row: points_text(row["now"])),
        Column(
            "Supported (95% interval)",
            lambda row: points_span(row["supported"], row["supported_low"], row["supported_high"]),
        ),
        Column(f"{won} lost per 100 worked leads", _cost),
    ]
    note = (
        "As many leads are worked either way: those at or above the threshold today. For leads that"
        " nobody worked the price assumes the rate of worked leads that meet the same criteria."
    )
    return Section(
        (
            Bullets("In words", sentences),
            table_of(table, columns, caption="Points of policy and their price", note=note),
        ),
        facts,
    )


def _cost(row: Mapping[Hashable, Any]) -> str:
    if math.isnan(row["price"]):
        return "not known"
    return f"{_amount(row['price'])} ({_amount(row['low'])} to {_amount(row['high'])})"


def _amount(value: float) -> str:
    """Write conversions with two decimals and a true minus; a zero has no sign."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", MINUS)


def _price(row: Mapping[Hashable, Any], won: str) -> str:
    head = f"Keeping {points_text(row['now'])} for \u201c{row['label']}\u201d ({row['basis']})"
    if math.isnan(row["price"]):
        return f"{head}: its price is not known, because {row['reason']}."
    ends = f"{_amount(row['low'])} to {_amount(row['high'])}"
    return f"{head} costs {_amount(row['price'])} expected {won} per 100 worked leads ({ends})."
