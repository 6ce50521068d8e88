"""The proposal against today's model, on leads that took no part in it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.report.display import Bullets, Column, Paragraph, Picture, Section, table_of
from toolkit.report.figures import plot_decision_difference, plot_swap
from toolkit.report.findings import fact
from toolkit.report.sentences import FEWEST
from toolkit.report.weights.common import counted
from toolkit.report.weights.evidence import p_text
from toolkit.report.wording import change, count, percent, true_minus

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from toolkit.analysis import Comparison, SwapSet
    from toolkit.report.display import Part, Table
    from toolkit.report.weights.review import Review

__all__ = [
    "comparison_answer",
    "difference_text",
    "judged_row",
    "show_comparison",
    "show_swap",
]

_ANSWERS = {
    "change": "Yes",
    "keep": "No",
    "not enough evidence": "Not enough evidence",
    "cannot be told": "Cannot be told from this data",
}
_GROUPS = {
    "swap_in": "only the proposal hands over",
    "swap_out": "only today's model hands over",
    "both": "both",
    "neither": "neither",
}
_NAMES = {
    "auc": "Share of pairs in which the converting lead scores higher",
    "net benefit": "Net benefit per lead",
    "precision": "Precision at equal workload",
    "recall": "Recall of the judged, at equal workload",
}


def comparison_answer(found: Comparison) -> str:
    """Give one of the four answers to whether the proposal is better on later leads."""
    return _ANSWERS[found.verdict]


def judged_row(found: Comparison) -> dict[Hashable, Any]:
    """Pick the row of the measure that decides."""
    rows = found.table[found.table["measure"] == found.judged_by]
    return rows.to_dict("records")[0]


def difference_text(measure: str, row: Mapping[Hashable, Any]) -> tuple[str, str]:
    """Write a difference, and its interval, as a card."""
    if measure == "net benefit":
        ends = f"{row['low']:+.4f} to {row['high']:+.4f} per lead"
        return true_minus(f"{row['difference']:+.4f}"), true_minus(ends)
    if math.isnan(row["low"]):
        return change(row["difference"]), str(row["reason"] or "no interval")
    ends = f"{change(row['low'])} to {change(row['high'])}".replace(" points to", " to")
    return change(row["difference"]), ends


def _absent(review: Review) -> Section | None:
    """Say why nothing is compared; None where something is."""
    if not review.proposal.changed:
        said = "Nothing is compared: no change is proposed, so there is no challenger."
    elif review.threshold is None:
        said = "Nothing is compared: no threshold says how many leads are handed over."
    elif review.comparison is None:
        said = f"Nothing is compared: no lead was scored on or after {review.since}."
    else:
        return None
    return Section((Paragraph(said, "note"),), {"comparison.verdict": None})


def show_comparison(review: Review) -> Section:
    """Say whether the proposal is better than today's model."""
    absent, found = _absent(review), review.comparison
    if absent is not None or found is None:
        return absent or Section(())
    said = f"Is the proposal better on later leads? {_because(review, found)}."
    parts: list[Part] = [Paragraph(said, "verdict", f"{comparison_answer(found)}.")]
    if review.since is not None:
        parts += [_table(review, found), *_choices(review)]
    parts += _crossed(review)
    if found.notes:
        parts.append(Bullets("Read with care", tuple(f"{_capital(note)}." for note in found.notes)))
    return Section(tuple(parts), _facts(found) | _crossed_facts(review))


def _choices(review: Review) -> list[Part]:
    """The gain of the proposal whatever a conversion is worth, where any of it is known."""
    table = review.choices
    if table is None or table["difference"].isna().all():
        return []
    note = (
        "Champion: today's points; challenger: the proposal. Chances: of earlier leads, by score."
    )
    return [Picture(plot_decision_difference(table, words=review.words, note=note))]


def _crossed(review: Review) -> list[Part]:
    """What proposals made in the same way do for leads that took no part in them."""
    found = review.crossed
    if found is None or math.isnan(judged_row(found)["low"]):
        return []
    text, ends = difference_text(found.judged_by, judged_row(found))
    return [
        Paragraph(
            "five proposals were made in the same way, each without a fifth of the leads (accounts"
            " kept together), and tried on that fifth, at as many calls as today."
            f" {_NAMES[found.judged_by]} moves by {text} ({ends}). Better?"
            f" {comparison_answer(found)}. This tries the way in which the proposal was made, from"
            " fewer leads, not this very file; later leads remain the proof.",
            lead="A first indication:",
        )
    ]


def _crossed_facts(review: Review) -> dict[str, object]:
    found = review.crossed
    if found is None:
        return {}
    row = judged_row(found)
    return {
        "crossed.verdict": found.verdict,
        **{f"crossed.{name}": fact(row[name]) for name in ("difference", "low", "high")},
    }


def _because(review: Review, found: Comparison) -> str:
    row = judged_row(found)
    if review.since is not None and (math.isnan(row["difference"]) or math.isnan(row["low"])):
        return true_minus(_capital(found.because))
    if review.since is not None:
        text, ends = difference_text(found.judged_by, row)
        least = f"{row['margin']:g}" if found.judged_by == "net benefit" else change(row["margin"])
        return (
            f"{_NAMES[found.judged_by]} moves by {text} ({ends}); {least} were agreed as worth it"
        )
    why = "the file has no dates" if review.kind == "flat" else "no earlier quarter can be judged"
    return f"The proposal was fitted to all leads there are, so they flatter it ({why})"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _table(review: Review, found: Comparison) -> Table:
    def cell(row: Mapping[Hashable, Any]) -> str:
        if math.isnan(row["difference"]):
            refused = row["verdict"] == "cannot be told"
            return "see above" if refused else str(row["reason"] or "not known")
        text, ends = difference_text(str(row["measure"]), row)
        return f"{text} ({ends})"

    def level(row: Mapping[Hashable, Any], name: str) -> str:
        value = float(row[name])
        if math.isnan(value):
            return "not known"
        return f"{value:.4f}" if row["measure"] == "net benefit" else percent(value)

    columns = [
        Column("Measure", lambda row: _NAMES[str(row["measure"])], "left"),
        Column("Today", lambda row: level(row, "champion")),
        Column("Proposal", lambda row: level(row, "challenger")),
        Column("Difference (95% interval)", cell),
        Column("Better?", lambda row: _ANSWERS[str(row["verdict"])], "left"),
    ]
    # Without a cost ratio nobody asked for the net benefit.
    unasked = (found.table["measure"] == "net benefit") & (review.asked.cost_ratio is None)
    table = found.table[~unasked].reset_index(drop=True)
    judged = [i for i, name in enumerate(table["measure"]) if name == found.judged_by]
    return table_of(
        table,
        columns,
        caption=f"Leads scored from {review.since} on; each model hands over {count(found.workload)}",
        note=f"The marked measure decides; it was chosen before looking. Gains under the margin ("
        f"{judged_row(found)['margin']:g}) do not count.",
        marked=judged,
    )


def _facts(found: Comparison) -> dict[str, object]:
    facts: dict[str, object] = {
        "comparison.verdict": found.verdict,
        "comparison.judged_by": found.judged_by,
        "comparison.workload": fact(found.workload),
    }
    for row in found.table.to_dict("records"):
        name = f"comparison.{str(row['measure']).replace(' ', '_')}"
        facts |= {f"{name}.{key}": fact(row[key]) for key in ("difference", "low", "high")}
    return facts


def show_swap(review: Review) -> Section:
    """Who comes in, who goes out, and what became of them."""
    absent = _absent(review)
    if absent is not None or review.comparison is None:
        return absent or Section(())
    swap = review.comparison.swap
    facts: dict[str, object] = {"swap.answer": swap.answer, "swap.explore": swap.explore}
    for row in swap.table.to_dict("records"):
        few = 0 < row["leads"] < FEWEST
        facts[f"swap.{row['group']}.leads"] = None if few else int(row["leads"])
    said = f"Do the leads that come in convert more often? {_swap_because(review, swap)}."
    parts: list[Part] = [Paragraph(said, "verdict", f"{swap.answer}.")]
    if review.since is not None and _can_be_drawn(swap):
        parts.append(Picture(plot_swap(swap)))
    parts.append(_swapped(review, swap))
    if swap.explore is not None:
        parts.append(
            Paragraph(
                f"To settle it let sales work a random {count(swap.explore)} of the leads that come"
                f" in: that shows a rate {percent(swap.margin, 0).rstrip('%')} points above that of"
                " the leads that go out."
            )
        )
    parts += _tests(swap)
    return Section(tuple(parts), facts)


def _swap_because(review: Review, swap: SwapSet) -> str:
    if review.since is None:
        return "The proposal was fitted to these very leads, so they flatter it"
    return true_minus(_capital(swap.because))


def _can_be_drawn(swap: SwapSet) -> bool:
    """Whether no number of the figure is of fewer than five leads."""
    shown = swap.table.loc[swap.table["group"] != "neither", ["leads", "judged", "unworked"]]
    return not ((shown > 0) & (shown < FEWEST)).any(axis=None) and bool((shown["leads"] > 0).all())


def _swapped(review: Review, swap: SwapSet) -> Table:
    def rate(row: Mapping[Hashable, Any]) -> str:
        if row["judged"] < FEWEST or math.isnan(row["rate"]):
            return "hidden" if row["judged"] else "none judged"
        return f"{percent(row['rate'])} ({percent(row['low'])} to {percent(row['high'])})"

    def bounds(row: Mapping[Hashable, Any]) -> str:
        if row["judged"] + row["unworked"] < FEWEST or math.isnan(row["least"]):
            return "hidden"
        return f"{percent(row['least'], 0)} to {percent(row['most'], 0)}"

    columns = [
        Column("Handed over by", lambda row: _GROUPS[str(row["group"])], "left"),
        Column("Leads", lambda row: counted(row["leads"])),
        Column("Judged", lambda row: counted(row["judged"])),
    ]
    rates = [
        Column("Never worked", lambda row: counted(row["unworked"])),
        Column(f"{review.words.rate[:1].upper()}{review.words.rate[1:]} of the judged", rate),
        Column("Whatever the unworked are", bounds),
    ]
    # Rates of the very leads that the points were fitted to would flatter the proposal.
    if review.since is not None:
        columns += rates
    where = "" if review.since is None else f"; leads scored from {review.since} on"
    return table_of(
        swap.table,
        columns,
        caption=f"At {swap.threshold:g} points today and {swap.challenger_threshold:g} in the "
        f"proposal{where}",
    )


def _tests(swap: SwapSet) -> list[Part]:
    if swap.answer == "Cannot be told from this data" or math.isnan(swap.p_fisher):
        return []
    robust = "" if math.isnan(swap.p_accounts) else f"; over accounts p {p_text(swap.p_accounts)}"
    return [
        Paragraph(
            f"Fisher's exact test of equal rates: p {p_text(swap.p_fisher)}{robust}. McNemar's tests"
            " compare how many conversions are caught, never precision.",
            "note",
        )
    ]
