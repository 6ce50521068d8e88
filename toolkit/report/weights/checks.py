"""What is to be asked, or repaired, before the proposed file is loaded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.model.lint import lint_model
from toolkit.report.display import Paragraph
from toolkit.report.weights.common import ON_FRONT, shown
from toolkit.report.weights.sentences import points_text
from toolkit.report.wording import count, joined, of_all

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from toolkit.model import Model
    from toolkit.report.weights.review import Review

__all__ = ["advice", "questions", "rows_on_front", "unreached", "very_large", "warnings"]

_TIMES = 3
"""A rise to more than so many times today's points is asked about."""
_MARGINS = 2
"""Unless it is no more than so many of the agreed margins: +1 to +5 is no great change."""
_ASK = (
    "A sign that strong is more often a step of the sales process than interest of the lead: ask when"
    " it is recorded."
)
_IF = (
    "If it is recorded after sales contact, it must earn no points, and the others are judged anew"
    " without it (after_contact). If it is known before, the other points are small beside it, and so"
    " is every threshold."
)
_LIMITS = (
    "A limit of a group, a dimension or the total stops what is proposed: raise it together with the"
    " points, or keep today's file."
)
_ROWS_FOR_A_WARNING, _FEWEST_ROWS = 2, 4


def warnings(review: Review) -> tuple[Paragraph, ...]:
    """What page one says above a proposal."""
    return tuple(Paragraph(text, "warning", lead) for lead, text, _ in _warnings(review))


def advice(review: Review) -> tuple[Paragraph, ...]:
    """The same with what to do about it."""
    found = _warnings(review)
    return tuple(Paragraph(f"{text} {what}", "warning", lead) for lead, text, what in found)


def rows_on_front(review: Review) -> int:
    """Rows of the forest that fit on page one below its warnings."""
    banners = (review.kind == "flat") + bool(review.leaking) + len(warnings(review))
    return max(ON_FRONT - _ROWS_FOR_A_WARNING * banners, _FEWEST_ROWS)


def _warnings(review: Review) -> Iterator[tuple[str, str, str]]:
    large = very_large(review)
    if large:
        said = " ".join(_said(review, row) for row in large)
        yield "Ask before it is taken over.", f"{said} {_ASK}", _IF
    found = unreached(review.proposal.champion, review.proposal.model)
    if found:
        said = "; ".join(found)
        yield "Not to be loaded as it is.", f"{said[:1].upper()}{said[1:]}.", _LIMITS


def questions(review: Review) -> Iterator[str]:
    """The same as decisions, asked before whether to adopt anything."""
    large = very_large(review)
    if large:
        names = joined([f"\u201c{row['label']}\u201d" for row in large])
        yield f"When {names} is recorded: not to be adopted before somebody who knows says that it is before sales contact."
    if unreached(review.proposal.champion, review.proposal.model):
        yield "Which limits rise with the points: as it is, no score can reach a band of the proposed file."


def very_large(review: Review) -> list[dict[Hashable, Any]]:
    """Proposed rises beyond three times today's points, or to a whole threshold by themselves.

    Those whose field or activity somebody has declared to be known before are not asked about again.
    """
    table = review.proposal.table
    known = _declared(review)
    rows = table[(table["change"] != 0) & ~table["criterion"].isin(known)].to_dict("records")
    return [row for row in rows if _times(review, row) or _alone(review, row)]


def _times(review: Review, row: Mapping[Hashable, Any]) -> bool:
    now, proposed = float(row["now"]), float(row["proposed"])
    enough = abs(proposed - now) > _MARGINS * review.asked.margin
    return now * proposed > 0 and abs(proposed) > _TIMES * abs(now) and enough


def _alone(review: Review, row: Mapping[Hashable, Any]) -> bool:
    if review.threshold is None or review.threshold <= 0:
        return False
    return bool(row["proposed"] >= review.threshold > row["now"])


def _declared(review: Review) -> set[str]:
    if review.leaks is None:
        return set()
    table = review.leaks.table
    paid = table.loc[table["answer"] == "known_before", "paid_by"]
    return {name.strip() for names in paid for name in str(names).split(",")}


def _said(review: Review, row: Mapping[Hashable, Any]) -> str:
    beyond = [f"more than {_TIMES} times today's points"] if _times(review, row) else []
    if _alone(review, row):
        beyond.append(
            f"by itself as much as the {count(review.threshold or 0)} points that hand a lead over"
        )
    rates = shown(review).set_index("term").loc[row["term"]]
    of = (
        f" {of_all(rates['positives_with'], review.weights.positives)} conversions have it."
        if not math.isnan(rates["positives_with"])
        else ""
    )
    now, then = points_text(row["now"]), points_text(row["proposed"])
    return f"\u201c{row['label']}\u201d would go from {now} to {then}, {joined(beyond)}.{of}"


def unreached(champion: Model, proposed: Model) -> tuple[str, ...]:
    """Say which bands and grades no score reaches under the proposal, though one does today."""
    today = {lint.where for lint in lint_model(champion) if lint.code == "never_reached"}
    return tuple(
        lint.text.rstrip(".")
        for lint in lint_model(proposed)
        if lint.code == "never_reached" and lint.where not in today
    )
