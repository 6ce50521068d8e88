"""Page one: the verdict, five numbers, one figure, decisions asked, what cannot be said."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from toolkit.analysis.weights import adequacy
from toolkit.report.display import (
    Bullets,
    Columns,
    Numbers,
    Paragraph,
    Part,
    Picture,
    Section,
)
from toolkit.report.figures import plot_forest
from toolkit.report.findings import fact
from toolkit.report.weights.checks import (
    questions,
    rows_on_front,
    unreached,
    very_large,
    warnings,
)
from toolkit.report.weights.common import (
    counted,
    dash_span,
    final_words,
    nothing_judged,
    proposed,
    shown,
)
from toolkit.report.weights.compared import comparison_answer, difference_text, judged_row
from toolkit.report.weights.limits import limits
from toolkit.report.weights.plan import TENTH
from toolkit.report.weights.sentences import points_text
from toolkit.report.wording import count, joined, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.analysis import Comparison
    from toolkit.report.weights.review import Review

__all__ = ["answer", "decisions", "show_verdict"]

QUESTION = "Should any points change?"
Card = tuple[str, str, str]


def show_verdict(review: Review) -> Section:
    """Everything that a reader with one minute needs, on one screen."""
    said, why = answer(review)
    text = review.proposal.text.rstrip(".") + "."
    right = (
        Bullets("Decisions asked", decisions(review), "front"),
        Bullets("What we cannot say", limits(review)[:4], "front"),
    )
    figure: Part = Picture(plot_forest(shown(review), most=rows_on_front(review)))
    parts: list[Part] = [Paragraph(_subtitle(review), "subtitle")]
    if review.kind == "flat":
        parts.append(_banner(review))
    parts += [
        Paragraph(f"{QUESTION} {why}", "verdict", f"Verdict: {said}."),
        *_leaks(review),
        *warnings(review),
        Paragraph(text, "finding"),
        Numbers(_cards(review)),
        Columns((figure,), right),
    ]
    return Section(tuple(parts), _facts(review, said, why, text), kind="front")


def _subtitle(review: Review) -> str:
    until = review.weights.provenance.observed_until
    seen = "" if until is None else f" Data seen until {until.isoformat()}."
    return f"{review.title}.{seen} Prepared on {review.prepared_on.isoformat()}."


def _banner(review: Review) -> Paragraph:
    if review.told:
        return Paragraph(
            "The file has no dates. The analyst declared that what it says of a lead was known"
            " before its outcome; every answer below stands or falls with that declaration.",
            "warning",
            "By declaration.",
        )
    return Paragraph(
        "The file has no dates, so what it says of a lead may be younger than the outcome, or a"
        " result of it. Nothing is proposed.",
        "warning",
        "Nothing here is point-in-time.",
    )


def _leaks(review: Review) -> tuple[Paragraph, ...]:
    if not review.leaking:
        return ()
    said = "; ".join(f"criterion {name} {why}" for name, why in sorted(review.leaking.items()))
    text = (
        f"{said}. Its points are left out of the score used here, and nothing is proposed for it."
    )
    return (Paragraph(text, "warning", "A criterion may know the outcome."),)


def answer(review: Review) -> tuple[str, str]:
    """Yes, No, Not enough evidence, or Cannot be told; and why.

    Yes: some point of the proposal differs from today's. No: every term that evidence may move is
    right within the margin.
    """
    refused = nothing_judged(review)
    if refused is not None:
        return "Cannot be told from this data", f"{refused}."
    table, margin = review.table, review.asked.margin
    moved = review.proposal.table["change"] != 0
    if moved.any():
        return "Yes", (
            f"For {int(moved.sum())} of {review.family} point values the outcomes rule out, after"
            f" correction for their number, that they are right within {margin:g} points."
            f"{_tried(review)}"
        )
    judged = table[table["verdict"] != "no proposal"]
    if judged.empty:
        return "Cannot be told from this data", "No point value is open to evidence here."
    if (judged["verdict"] == "keep").all():
        return "No", f"All {len(judged)} point values are right within {margin:g} points."
    keep = int((judged["verdict"] == "keep").sum())
    known = f" {count(keep)} of them are right within the margin;" if keep else ""
    return "Not enough evidence", (
        f"{plural(review.weights.positives, 'positive')} among {count(review.weights.n)} judged"
        f" leads prove none of {len(judged)} point values wrong by more than {margin:g} points;"
        f"{known} for the others a fault of up to {_visible(review)} could have stayed unseen."
    )


def _tried(review: Review) -> str:
    found = review.comparison
    if found is None:
        return " The proposal was not compared with today's points."
    if review.since is None:
        return (
            " Whether the proposal does better than today's points cannot be told: there are no"
            " leads that it was not fitted on."
        )
    return f" Is the proposal better on later leads? {comparison_answer(found)}."


def _visible(review: Review) -> str:
    seen = _detectable(review)
    return "any size" if math.isnan(seen) else f"{seen:.0f} points"


def _detectable(review: Review) -> float:
    """The median, over the terms that can be judged, of the fault that would be seen."""
    open_ = review.table[review.table["verdict"] != "no proposal"]["detectable"].dropna()
    return float(np.median(open_)) if len(open_) else math.nan


def _cards(review: Review) -> tuple[Card, ...]:
    return (
        _evidence(review),
        _changes(review),
        _scale(review),
        _power(review),
        _later(review),
    )


def _evidence(review: Review) -> Card:
    weights, found = review.weights, adequacy(review.weights)
    label = f"judged leads; {count(weights.positives)} {review.words.became}"
    if found.needed is None:
        return count(weights.n), label, str(found.reason)
    worth = (
        f"worth {count(found.n_effective)} independent ones; "
        if found.n_effective < weights.n
        else ""
    )
    takes = f"to fit all {found.parameters} point values at once takes {count(found.needed.n)}"
    return count(weights.n), label, f"{worth}{takes}"


def _changes(review: Review) -> Card:
    verdicts = _verdicts(review)
    n = {name: verdicts.count(name) for name in ("change", "keep", "not enough evidence")}
    moved = int((review.proposal.table["change"] != 0).sum())
    # Those of policy, and leaks, are not among the values that could change.
    besides = verdicts.count("no proposal")
    detail = (
        f"{n['keep']} right within {review.asked.margin:g} points, {n['not enough evidence']} open"
        + (f"; {besides} more not open to evidence" if besides else "")
    )
    return f"{moved} of {review.family}", "point values change in the proposal", detail


def _verdicts(review: Review) -> list[str]:
    plans = proposed(review)
    rows = review.table.to_dict("records")
    return [final_words(row, plans[str(row["term"])])[0] for row in rows]


def _scale(review: Review) -> Card:
    scale, label = review.weights.scale, "double the odds today"
    if math.isnan(scale.points_to_double):
        return "not known", f"points {label}", "the score does not raise the odds"
    ends = [math.log(2) / end for end in (scale.high, scale.low) if end > 0]
    span = dash_span(*ends) if len(ends) == 2 else f"{ends[0]:.1f} or more"  # noqa: PLR2004 - both
    return f"{scale.points_to_double:.1f}", f"points {label}", f"95% interval {span} points"


def _power(review: Review) -> Card:
    seen = _detectable(review)
    label = "the fault that 8 of 10 such samples would show"
    if math.isnan(seen):
        return "not known", label, "no point value can be judged"
    open_ = review.table[review.table["verdict"] != "no proposal"].dropna(subset=["detectable"])
    best = open_.sort_values("detectable", kind="stable").to_dict("records")[0]
    detail = f"median of the point values; smallest {best['detectable']:.0f} ({best['label']})"
    return f"{seen:.0f} points", label, detail


def _later(review: Review) -> Card:
    label = f"{_measure(review)} on later leads, proposal against today"
    found = review.comparison
    if found is None:
        why = "no change is proposed" if not review.proposal.changed else "no threshold, no queue"
        return "no comparison", label, why
    row = judged_row(found)
    if math.isnan(row["difference"]):
        return _cannot(found), label, "see the comparison below"
    text, ends = difference_text(found.judged_by, row)
    return text, label, ends


def _cannot(found: Comparison) -> str:
    return "cannot be told" if found.verdict == "cannot be told" else "not known"


def _measure(review: Review) -> str:
    return "precision" if review.comparison is None else review.comparison.judged_by


def decisions(review: Review) -> tuple[str, ...]:
    """List the decisions that the numbers ask for, each with its reason."""
    found = [*questions(review), *_adopt(review), *_prices(review), *_wait(review)]
    return tuple(found) or ("None: nothing in these numbers asks for a change.",)


def _adopt(review: Review) -> Iterator[str]:
    moved = review.proposal.table[review.proposal.table["change"] != 0]
    if moved.empty:
        return
    said = [
        f"{row['label']} {points_text(row['now'])} to {points_text(row['proposed'])}"
        for row in moved.to_dict("records")
    ]
    if review.comparison is not None and review.comparison.verdict == "keep":
        yield f"Whether to change at all: on later leads the gain is below what was agreed. In question: {joined(said)}."
        return
    last = (
        ""
        if review.comparison is not None and review.comparison.verdict == "change"
        else " as a trial"
    )
    file = (
        "The file beside this page is a draft until that is settled."
        if warnings(review)
        else "The file to load stands beside this page."
    )
    yield f"Whether to adopt{last}: {joined(said)}. {file}"
    yield from _volume(review)


def _volume(review: Review) -> Iterator[str]:
    """A hand-over that grows or shrinks by a tenth is a decision of its own."""
    table = review.proposal.thresholds
    rows = table[(table["now"] == review.threshold) & (table["exception"] == 0)].to_dict("records")
    for row in rows[:1]:
        now, then = row["leads_now"], row["leads_proposed"]
        if now and abs(then / now - 1) > TENTH:
            yield (
                f"Where the bar should stand: at {row['proposed']:g} points the proposal hands over"
                f" {count(then)} of {row['leads_of']}, today's {row['now']:g} points"
                f" {count(now)} ({then / now - 1:+.0%})."
            )


def _prices(review: Review) -> Iterator[str]:
    for row in review.proposal.prices.to_dict("records"):
        if not math.isnan(row["low"]) and row["low"] > 0:
            yield (
                f"Whether {points_text(row['now'])} for {row['label']} is worth its price:"
                f" {row['price']:.1f} {review.words.many} per 100 worked leads."
            )


def _wait(review: Review) -> Iterator[str]:
    found = review.comparison
    if found is not None and found.verdict == "cannot be told" and found.swap.explore:
        came = float(found.swap.table.set_index("group")["leads"].to_dict()["swap_in"])
        yield (
            f"Let sales work a random {count(found.swap.explore)} of the leads that only the"
            " proposal would hand over: then it can be told whether they are better. Since"
            f" {review.since} there were {counted(came)} of them."
        )
    if review.kind == "flat" and not review.told:
        yield "Whether the file's fields were known before the outcome: whoever knows should say so."


def _facts(review: Review, said: str, why: str, text: str) -> dict[str, object]:
    verdicts = _verdicts(review)
    found = review.comparison
    return {
        "report.title": review.title,
        "report.headline": f"{text} {QUESTION} {said}. {why}",
        "report.prepared_on": review.prepared_on.isoformat(),
        "verdict.answer": said,
        "weights.judged": review.weights.n,
        "weights.positives": review.weights.positives,
        "weights.terms": len(verdicts),
        **{f"weights.{name.replace(' ', '_')}": verdicts.count(name) for name in _NAMES},
        "weights.points_to_double": fact(review.weights.scale.points_to_double),
        "weights.detectable_median": fact(_detectable(review)),
        "weights.global_p": fact(review.weights.global_test.p),
        "comparison.verdict": None if found is None else found.verdict,
        "checks.very_large": [str(row["term"]) for row in very_large(review)],
        "checks.never_reached": len(unreached(review.proposal.champion, review.proposal.model)),
    }


_NAMES = ("change", "keep", "not enough evidence", "no proposal")
