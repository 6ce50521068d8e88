"""Who was counted, what cannot be said, and how it was computed: the audit's own sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from toolkit.report.audit import evidence, people
from toolkit.report.audit import limits as audit_limits
from toolkit.report.display import Bullets, Column, Paragraph, Section, Table, table_of
from toolkit.report.wording import MINUS, count

if TYPE_CHECKING:
    from toolkit.report.threshold.inputs import Review

__all__ = ["limits", "show_evidence", "show_flow", "show_limits", "show_method"]


def show_flow(review: Review) -> Section:
    """Account for every imported lead."""
    return people.show_flow(review.audit)


def show_evidence(review: Review) -> Section:
    """Say whether the replay is the score that sales saw, and which fields may know the outcome."""
    return evidence.show_evidence(review.audit)


def limits(review: Review) -> tuple[str, ...]:
    """List what this review does not say, the most important first."""
    found = list(audit_limits.limits(review.audit))
    own = []
    if review.restricted and review.threshold is not None:
        own.append(
            f"Whether a threshold below {count(review.threshold)} would be worth more; and above it the"
            " answers take leads that were never worked to be like the worked ones."
        )
    if review.best is None and review.audit.told:
        own.append("Which threshold is worth most: nobody said what a wasted call costs.")
    if review.audit.kind == "crm":
        own.append(
            "How good leads are that reach the points later: rates are by the score"
            f" {review.audit.ranking.provenance.moment}."
        )
    own.append("What leads would do that were treated differently: nobody was drawn by lot.")
    return tuple(dict.fromkeys([*own, *found]))


def show_limits(review: Review) -> Section:
    """What this review does not say."""
    found = limits(review)
    return Section((Bullets("Not known, and not claimed", found),), {"limits": len(found)})


def show_method(review: Review) -> Section:
    """Where the numbers come from, enough to make them again."""
    base = audit_limits.show_method(review.audit)
    note = Paragraph(
        "Thresholds that cannot be told from the best: multiple comparisons with the best (Hsu 1984)"
        " on net benefit (Vickers and Elkin 2006), simultaneous at 95% over the thresholds tried and"
        " handing over nobody; optimism from bootstrapped counts (Efron and Gong 1983). Net benefit"
        " = (converted - ratio x not converted, at or above) / judged. Volumes: whole weeks, Monday"
        " to Sunday, UTC. Size of a pilot: 80% power at 95% (Fleiss and others 2003).",
        "note",
    )
    return Section((note, *base.parts, _stakes(review)), base.facts)


def _stakes(review: Review) -> Table:
    stakes = review.stakes
    unit = f" {stakes.currency}" if stakes.currency else ""
    rows = [
        ("Threshold today", _said(review.threshold)),
        ("Cost of a wasted call / gain of a useful one", _said(stakes.cost_ratio)),
        ("A lead pays from a chance of", _said(None if review.best is None else stakes.break_even)),
        ("Gain of a lead that converts", f"{stakes.gain:g}{unit}" if stakes.money else "not given"),
        ("Cost of a lead worked", _said(stakes.cost_per_lead, unit)),
        ("Hours for a lead", _said(stakes.hours_per_lead)),
        ("Lower threshold asked about", _said(review.lower)),
        ("Distance from break-even that a pilot sees", f"{100 * stakes.margin:g} points"),
    ]
    columns = [
        Column("", lambda row: str(row["what"]), "left"),
        Column("", lambda row: str(row["value"]), "left"),
    ]
    return table_of(pd.DataFrame(rows, columns=["what", "value"]), columns, caption="At stake")


def _said(value: float | None, unit: str = "") -> str:
    return "not given" if value is None else f"{value:.4g}{unit}".replace("-", MINUS)
