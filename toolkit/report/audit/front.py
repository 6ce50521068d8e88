"""Page one: the verdict, five numbers, one figure, decisions asked, what cannot be said."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from toolkit.analysis import gains_table, monotonicity, rate
from toolkit.report.audit.common import (
    among,
    handed_over,
    handoff_rate,
    percent_of,
    rate_before,
    verdicts,
    worked_only,
)
from toolkit.report.audit.decisions import decisions, pilot_size
from toolkit.report.audit.evidence import evidence_warnings
from toolkit.report.audit.limits import limits
from toolkit.report.audit.policy import policy_table, rejected
from toolkit.report.audit.ranking import bands_table
from toolkit.report.audit.told import pairs_told, scores_table
from toolkit.report.audit.worth import falling_text
from toolkit.report.display import Bullets, Columns, Numbers, Paragraph, Part, Picture, Section
from toolkit.report.figures import Chart, plot_bands
from toolkit.report.findings import (
    compare_years,
    evidence_text,
    expected_in,
    fact,
    find_handoffs,
    ranking_text,
    rate_facts,
)
from toolkit.report.sentences import band_label, row_at, share_at
from toolkit.report.wording import (
    change,
    count,
    decimals_for,
    of_all,
    percent,
    percent_of_few,
    rate_text,
    span,
)

if TYPE_CHECKING:
    from toolkit.analysis import Rate
    from toolkit.report.audit.prepared import Audit
    from toolkit.report.findings import Finding

__all__ = ["show_verdict"]

_ENOUGH = 30
_QUESTION = "Does a higher score mean a better lead?"
Card = tuple[str, str, str]


def show_verdict(audit: Audit) -> Section:
    """Everything that a reader with one minute needs, on one screen."""
    handoffs = _handoffs(audit)
    answer, why, facts = _answer(audit)
    said = handoffs.text if handoffs else _base_text(audit)
    left: Part = bands_table(audit) if not audit.told else Picture(_figure(audit))
    right = (
        Bullets("Decisions asked", decisions(audit), "front"),
        Bullets("What we cannot say", limits(audit)[:4], "front"),
    )
    parts: list[Part] = [Paragraph(_subtitle(audit), "subtitle")]
    if audit.kind == "flat":
        parts.append(_flat_banner(audit))
    parts += [
        Paragraph(f"{_QUESTION} {why}", "verdict", f"Verdict: {answer.rstrip('.')}."),
        *evidence_warnings(audit),
        *_falling(audit),
        Paragraph(said, "finding"),
        Numbers(_flat_cards(audit) if audit.kind == "flat" else _crm_cards(audit)),
        Columns((left,), right),
    ]
    named: dict[str, object] = {
        "report.title": audit.title,
        "report.headline": f"{said} {_QUESTION} {answer}. {why}",
        "report.prepared_on": audit.prepared_on.isoformat(),
        **({"decision.pilot": pilot_size(audit)} if audit.told and worked_only(audit) else {}),
        **facts,
        **(handoffs.facts if handoffs else rate_facts("base", rate(audit.ranking))),
    }
    return Section(tuple(parts), named, kind="front")


def _subtitle(audit: Audit) -> str:
    until = audit.ranking.provenance.observed_until
    seen = "" if until is None else f" Data seen until {until.isoformat()}."
    return f"{audit.title}.{seen} Prepared on {audit.prepared_on.isoformat()}."


def _flat_banner(audit: Audit) -> Paragraph:
    if audit.told:
        return Paragraph(
            "The file has no dates. The analyst declared that every score was recorded before its"
            " outcome; every answer below stands or falls with that declaration.",
            "warning",
            "By declaration.",
        )
    return Paragraph(
        "The file has no dates, so the score may have been changed after the outcome, or because"
        " of it. What follows describes the file; it is no evidence that the score works.",
        "warning",
        "Nothing here is point-in-time.",
    )


def _falling(audit: Audit) -> tuple[Paragraph, ...]:
    """Scores that convert worse than lower ones: the most useful warning to who sets points."""
    text = falling_text(monotonicity(audit.ranked))
    if not text:
        return ()
    shown = f"{text[0].upper()}{text[1:]}."
    return (Paragraph(shown, "warning", "Higher scores do not always convert better."),)


def _handoffs(audit: Audit) -> Finding | None:
    counts, found = handed_over(audit), handoff_rate(audit)
    if counts is None or found is None or audit.quarter is None:
        return None
    return find_handoffs(
        counts, found, quarter=audit.quarter, words=audit.words, before=rate_before(audit)
    )


def _base_text(audit: Audit) -> str:
    found = rate(audit.ranking)
    if not found.n:
        return f"None of {count(audit.ranking.n)} leads can be judged yet."
    whose = "judged leads" if audit.kind == "crm" else "leads with a score and an outcome"
    return (
        f"{count(found.positives)} of {count(found.n)} {whose} {audit.words.became}:"
        f" {rate_text(found.estimate, found.low, found.high)}."
    )


def _answer(audit: Audit) -> tuple[str, str, dict[str, object]]:
    """The answer for all leads; where that cannot be told, the one for worked leads follows."""
    found, of_all_leads, of_judged = verdicts(audit)
    until = audit.ranking.provenance.observed_until
    facts: dict[str, object] = {"verdict.answer": of_all_leads.answer}
    why = evidence_text(of_all_leads, positives=found.positives, words=audit.words, until=until)
    if not audit.told:
        return of_all_leads.answer, why, facts
    facts["verdict.answer_among_judged"] = of_judged.answer
    facts["verdict.bar"] = fact(of_judged.bar)
    facts["verdict.judged"] = of_judged.n
    if of_judged.n_needed is not None:
        facts["verdict.more_needed"] = of_judged.n_needed - of_judged.n
        facts["verdict.expected"] = expected_in(of_judged, until)
    if math.isnan(found.estimate) and of_all_leads.answer == of_judged.answer:
        return of_all_leads.answer, ranking_text(found), facts
    if of_all_leads.answer == of_judged.answer:
        return of_all_leads.answer, f"{ranking_text(found, among=among(audit))} {why}", facts
    inner = evidence_text(of_judged, positives=found.positives, words=audit.words, until=until)
    why = (
        f"{why} Among {among(audit)} the answer is: {of_judged.answer}."
        f" {ranking_text(found)} {inner}"
    )
    return of_all_leads.answer, why, facts


def _figure(audit: Audit) -> Chart:
    table = scores_table(audit)
    of_bands = audit.kind == "crm" or not audit.few_levels
    return plot_bands(
        table,
        words=audit.words,
        threshold=audit.threshold,
        pairs=pairs_told(audit, table) if of_bands else None,
        note=f"Scored {audit.ranking.provenance.moment}." if audit.kind == "crm" else "",
    )


def _crm_cards(audit: Audit) -> tuple[Card, ...]:
    if audit.handoffs is None:  # three cards would say that nothing is known of hand-offs
        return (_base_card(audit), _ranking_card(audit), _caught_card(audit), *_edge_cards(audit))
    return (
        _quality_card(audit),
        _year_card(audit),
        _ranking_card(audit),
        _rejected_card(audit),
        _caught_card(audit),
    )


def _short(found: Rate) -> str:
    known = not math.isnan(found.estimate)
    return (
        percent(found.estimate, min(decimals_for(found.low, found.high), 1))
        if known
        else "not known"
    )


def _quality_card(audit: Audit) -> Card:
    words, found = audit.words, handoff_rate(audit)
    if found is None:
        return (
            "not known",
            f"of {words.handed_many} {words.became}",
            "no closed quarter of hand-offs",
        )
    return (
        _short(found),
        f"of {words.handed_many} {words.became}, {audit.quarter}",
        percent_of(found),
    )


def _year_card(audit: Audit) -> Card:
    now, before = handoff_rate(audit), rate_before(audit)
    if before is None or now is None or math.isnan(before.estimate + now.estimate):
        return (
            "not known",
            "the same quarter a year earlier",
            "the export does not reach back so far",
        )
    found = compare_years(now, before)
    ends = f"{change(found.low)} to {change(found.high)}".replace(" points to", " to")
    return (
        _short(before),
        "the same quarter a year earlier",
        f"{percent_of(before)}; since then {ends}",
    )


def _ranking_card(audit: Audit) -> Card:
    found, _, _ = verdicts(audit)
    label = "of pairs: the converting lead had the higher score"
    if not audit.told:
        return "cannot be told", label, "the score may be younger than the outcome"
    if math.isnan(found.estimate):
        return "not known", label, str(found.reason)
    digits = decimals_for(found.low, found.high)
    return (
        percent(found.estimate, min(digits, 1)),
        label,
        f"{span(found.low, found.high, digits)}, among {among(audit)}; by chance 50%",
    )


def _rejected_card(audit: Audit) -> Card:
    words, found = audit.words, rejected(audit)
    label = f"of decided {words.handed_many} were rejected by sales"
    if found is None:
        return "not known", label, "no decisions of sales are recorded"
    row = found.to_dict("records")[0]
    low, high = float(row["low"]), float(row["high"])
    digits = decimals_for(low, high)
    detail = f"{of_all(row['positives'], row['n'])}; {span(low, high, digits)}; all quarters"
    return percent(float(row["rate"]), min(digits, 1)), label, detail


def _caught_card(audit: Audit) -> Card:
    words = audit.words
    row = row_at(policy_table(audit), audit.threshold)
    if row is None or audit.threshold is None:
        return "not known", f"of {words.many} are caught", "the model has no hand-off threshold"
    label = f"of {words.many} are caught at {count(audit.threshold)} points"
    if not row["leads"]:
        return "0%", label, "no lead has the points"
    if math.isnan(float(row["recall"])):
        low, high = float(row["recall_lowest"]), float(row["recall_highest"])
        bounds = (
            ""
            if math.isnan(low + high)
            else f"anything from {percent(low, 0)} to {percent(high, 0)}: "
        )
        return "cannot be told", label, f"{bounds}leads below were never worked"
    low, high = float(row["recall_low"]), float(row["recall_high"])
    return percent(float(row["recall"]), 0), label, span(low, high, decimals_for(low, high))


def _flat_cards(audit: Audit) -> tuple[Card, ...]:
    return (_base_card(audit), _ranking_card(audit), _fifth_card(audit), *_edge_cards(audit))


def _base_card(audit: Audit) -> Card:
    found = rate(audit.ranking)
    return _short(found), f"of judged leads {audit.words.became}", percent_of(found)


def _fifth_card(audit: Audit) -> Card:
    label = f"of {audit.words.many} are among the best-scored fifth"
    if not audit.told:
        return "cannot be told", label, "the score may be younger than the outcome"
    held = share_at(gains_table(audit.ranked), 0.2)
    return percent(held, 0), label, "by chance 20%; equal scores in random order"


def _edge_cards(audit: Audit) -> tuple[Card, ...]:
    """The highest and the lowest scores of which enough leads were seen to be worth a card."""
    table = scores_table(audit).dropna(subset=["rate"])
    rows = table[table["n"] >= _ENOUGH].to_dict("records")
    if not rows:
        return (("not known", "conversion of the best scores", "too few judged leads"),)
    cards = []
    for row in (rows[0], rows[-1]):
        low, high = float(row["low"]), float(row["high"])
        detail = f"{of_all(row['positives'], row['n'])}; {span(low, high, decimals_for(low, high))}"
        cards.append(
            (
                percent_of_few(float(row["rate"])),
                f"of leads scored {band_label(row)} {audit.words.became}",
                detail,
            )
        )
    return tuple(cards[: len(rows)])
