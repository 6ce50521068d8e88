"""Page one: the verdict, five numbers, one figure, decisions asked, what cannot be said."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.analysis import rate
from toolkit.report.audit.common import among, handoff_rate, percent_of
from toolkit.report.audit.evidence import evidence_warnings
from toolkit.report.audit.told import worth_cell
from toolkit.report.audit.volume import received
from toolkit.report.display import Bullets, Columns, Numbers, Paragraph, Part, Picture, Section
from toolkit.report.figures import plot_thresholds
from toolkit.report.findings import rate_facts
from toolkit.report.threshold.below import below_text, pilot_of, recommended
from toolkit.report.threshold.method import limits
from toolkit.report.threshold.tradeoff import curve_table, review_table
from toolkit.report.threshold.worth import best_figure, judged
from toolkit.report.wording import count, decimals_for, of_all, percent, plural, span, true_minus

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from toolkit.report.threshold.inputs import Review

__all__ = ["show_verdict", "verdict_text"]

Card = tuple[str, str, str]


def show_verdict(review: Review) -> Section:
    """Everything that a reader with one minute needs, on one screen."""
    audit, found = review.audit, judged(review)
    text = verdict_text(review)
    pilot = pilot_of(review) if audit.told else None
    parts: list[Part] = [
        Paragraph(_subtitle(review), "subtitle"),
        *_banner(review),
        Paragraph(text, "verdict", f"Verdict: {found.of_all}."),
        *evidence_warnings(audit),
    ]
    if pilot is not None:
        lead = "Cannot be told from this data:" if pilot.needed and pilot.leads else ""
        parts.append(Paragraph(below_text(review, pilot), "finding", lead))
    right = (
        Bullets("Decisions asked", recommended(review), "front"),
        Bullets("What we cannot say", limits(review)[:4], "front"),
    )
    parts.append(Numbers(_cards(review)))
    parts.append(
        Columns((_figure(review),), right) if audit.told else Columns(right[:1], right[1:])
    )
    facts: dict[str, object] = {
        "report.title": audit.title,
        "report.headline": f"{found.of_all}. {text}",
        "report.prepared_on": audit.prepared_on.isoformat(),
        "verdict.answer": found.of_all,
        "verdict.answer_among_worked": found.of_worked,
        **_base(review),
    }
    return Section(tuple(parts), facts, kind="front")


def _base(review: Review) -> dict[str, object]:
    if not review.audit.told:
        return {}
    facts = rate_facts("today", rate(review.worked, at_least=review.threshold))
    handed, row = handoff_rate(review.audit), _today(review)
    if handed is not None:
        facts |= rate_facts("handoff", handed)
    if row is not None:
        facts |= {"caught.positives": int(row["tp"]), "caught.n": int(row["tp"] + row["fn"])}
    return facts


def _subtitle(review: Review) -> str:
    audit = review.audit
    until = audit.ranking.provenance.observed_until
    seen = "" if until is None else f" Data seen until {until.isoformat()}."
    return f"{audit.title}.{seen} Prepared on {audit.prepared_on.isoformat()}."


def _banner(review: Review) -> tuple[Paragraph, ...]:
    if review.audit.kind == "crm":
        return ()
    if review.audit.told:
        return (
            Paragraph(
                "The file has no dates. The analyst declared that every score was recorded before"
                " its outcome; every answer below stands or falls with that declaration.",
                "warning",
                "By declaration.",
            ),
        )
    return (
        Paragraph(
            "The file has no dates, so the score may have been changed after the outcome, or because"
            " of it: no threshold can be judged by it.",
            "warning",
            "Nothing here is point-in-time.",
        ),
    )


def verdict_text(review: Review) -> str:
    """Answer whether today's threshold should be kept, of all leads and of the worked ones."""
    audit, found = review.audit, judged(review)
    today = "today's threshold" if review.threshold is None else count(review.threshold)
    asked = f"Should {today} stay the threshold?"
    if not (review.restricted and audit.told and review.best is not None):
        return f"{asked} {found.why}"
    unworked = audit.ranking.total("unworked")
    mature = unworked + audit.ranking.total("converted", "not_converted")
    return (
        f"{asked} {percent(unworked / mature, 0)} of leads old enough to judge were never worked, most"
        f" of them below it. Among {among(audit)} the answer is: {found.of_worked}. {found.why}"
    )


def _figure(review: Review) -> Picture:
    if review.best is not None and not review.best.table["net_benefit"].isna().all():
        return Picture(best_figure(review, review.best))
    return Picture(
        plot_thresholds(
            curve_table(review),
            words=review.audit.words,
            threshold=review.threshold,
            capacity_per_week=review.stakes.capacity_per_week,
            note=f"Rates among {among(review.audit)}.",
        )
    )


def _cards(review: Review) -> tuple[Card, ...]:
    if not review.audit.told:
        found = rate(review.audit.ranking)
        label = f"of leads {review.audit.words.became}"
        return ((_short(found.estimate, found.low, found.high), label, percent_of(found)),)
    return (
        _quality(review),
        _volume(review),
        _caught(review),
        _worth(review),
        _set(review),
    )


def _short(value: float, low: float, high: float) -> str:
    return "not known" if math.isnan(value) else percent(value, min(decimals_for(low, high), 1))


def _quality(review: Review) -> Card:
    audit = review.audit
    found = handoff_rate(audit)
    if audit.kind == "crm" and found is not None:
        label = f"of {audit.words.handed_many} {audit.words.became}, {audit.quarter}"
    else:
        found = rate(review.worked, at_least=review.threshold)
        at = "" if review.threshold is None else f" with {count(review.threshold)} points or more"
        label = f"of judged leads{at} {audit.words.became}"
    return _short(found.estimate, found.low, found.high), label, percent_of(found)


def _volume(review: Review) -> Card:
    words, found = review.audit.words, received(review.audit)
    label = f"{words.handed_many} a week reach sales (median)"
    if found is None:
        return "not known", label, "no dated hand-offs"
    weeks = plural(found["weeks"], "week")
    return f"{found['median']:,.0f}", label, f"90th percentile {found['p90']:,.0f}; {weeks}"


def _today(review: Review) -> Mapping[Hashable, Any] | None:
    table = review_table(review)
    rows = table[table["threshold"] == review.threshold].to_dict("records")
    return rows[0] if rows else None


def _caught(review: Review) -> Card:
    words, row = review.audit.words, _today(review)
    label = f"of observed {words.many} have the points"
    if row is None:
        return "not known", label, "no threshold in use was named"
    if not row["tp"] + row["fn"]:
        return "not known", label, f"no judged lead {words.became}"
    if not row["leads"]:
        return "0%", label, "no lead has them"
    detail = of_all(row["tp"], row["tp"] + row["fn"])
    low, high = float(row["recall_lowest"]), float(row["recall_highest"])
    if math.isnan(row["recall"]):
        return (
            percent(row["observed_recall"], 0),
            label,
            f"{detail}; of all {words.many} there could be: anything from {percent(low, 0)} to {percent(high, 0)}",
        )
    ends = span(row["recall_low"], row["recall_high"], 0)
    return percent(row["recall"], 0), label, f"{detail}; {ends}"


def _worth(review: Review) -> Card:
    row, stakes = _today(review), review.stakes
    unit = f"{stakes.currency} " if stakes.currency and stakes.money else ""
    label = f"{unit}net benefit per 100 {among(review.audit)}"
    if review.best is None:
        return "cannot be told", label, "nobody said what a wasted call costs"
    if row is None:
        return "cannot be told", label, "no threshold in use was named"
    value, _, ends = worth_cell(row).partition(" (")
    return value, label, ends.rstrip(")") or "too few of them were judged"


def _set(review: Review) -> Card:
    label = "points: thresholds that cannot be told from the best"
    best = review.best
    if best is None:
        return "cannot be told", label, "nobody said what a wasted call costs"
    if best.low is None or best.high is None:
        return "none", label, true_minus(best.text).rstrip(".")
    low, high = count(best.low), count(best.high)
    ends = low if low == high else f"{low} to {high}"
    tried = f"of {plural(len(best.table), 'threshold')} tried"
    nobody = "; nor can handing over nobody" if best.none_among_best else ""
    return ends, label, f"{tried}{nobody}"
