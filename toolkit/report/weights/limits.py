"""What cannot be said, and how everything was computed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from toolkit.report.audit.limits import no_accounts, pairs_table, versions_table
from toolkit.report.display import Bullets, Paragraph, Section
from toolkit.report.wording import count, plural

if TYPE_CHECKING:
    from toolkit.counts import PatternCounts
    from toolkit.report.weights.review import Review

__all__ = ["fingerprint", "limits", "show_limits", "show_method"]


def limits(review: Review) -> tuple[str, ...]:
    """List what this report does not say, the most important first."""
    found = [*_dates(review), *_unworked(review), *_open(review), *_later(review)]
    caveats = review.weights.provenance.caveats
    cause = (
        "That a criterion causes anything: points describe who converts, not what would happen if"
        " more leads were brought to do the same."
    )
    return tuple(dict.fromkeys([*found, *caveats, cause]))


def _dates(review: Review) -> list[str]:
    if review.kind == "crm":
        return []
    if review.told:
        return [
            "That the fields are older than the outcome: it was declared, the file cannot show it."
        ]
    return ["Whether any point is right: the fields may have been recorded after the outcome."]


def _unworked(review: Review) -> list[str]:
    frame = review.patterns.frame
    unworked = int(frame.loc[frame["state"] == "unworked", "n"].sum())
    if not unworked:
        return []
    said = (
        f"What would have become of {plural(unworked, 'lead')} that sales never worked: they judge"
        " no point, because being worked itself raises conversion."
    )
    return [said]


def _open(review: Review) -> list[str]:
    n = int((review.table["verdict"] == "not enough evidence").sum())
    if not n:
        return []
    return [
        f"Whether {count(n)} of the point values are right: not to be proven wrong is no proof."
    ]


def _later(review: Review) -> list[str]:
    if not review.proposal.changed or review.since is not None:
        return []
    said = (
        "Whether the proposal does better than today's points: it was fitted on all the leads there"
        " are, and no later ones are left to try it on."
    )
    return [said]


def show_limits(review: Review) -> Section:
    """What this report does not say."""
    found = limits(review)
    return Section((Bullets("Not known, and not claimed", found),), {"limits": len(found)})


def fingerprint(patterns: PatternCounts) -> str:
    """Twelve hexadecimal digits of what was counted; the order of rows does not matter."""
    rows = sorted(",".join(map(str, row)) for row in patterns.frame.to_numpy().tolist())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]


def _accounts(patterns: PatternCounts) -> str:
    if patterns.accounts is None or not patterns.provenance.accounts_known:
        return no_accounts(patterns)
    return "known: every interval allows for them"


def show_method(review: Review) -> Section:
    """Where the numbers come from, enough to make them again."""
    origin, mark = review.patterns.provenance, fingerprint(review.patterns)
    source = [
        ("Source", origin.source),
        ("Engine", origin.engine),
        ("Model", f"{review.model.name} {review.model.version}"),
        ("Model's fingerprint", review.model.hash),
        ("Scored at", origin.moment),
        ("Seen until", str(origin.observed_until or "not known")),
        ("Counted", count(review.patterns.n)),
        ("Judged", count(review.weights.n)),
        ("Patterns", count(len(review.patterns.frame))),
        ("Grouped", review.patterns.grouping or "no: patterns are exact"),
        ("Accounts", _accounts(review.patterns)),
        ("Fingerprint of the counts", mark),
    ]  # fmt: skip
    settings = [*review.settings, ("Prepared on", review.prepared_on.isoformat())]
    note = (
        "Logistic regression on counted patterns, equal to that on rows; covariance over accounts"
        " (Liang and Zeger 1986) where known; points by Fieller (1954); separated outcomes by Firth"
        " (1993). A change needs an interval beyond the margin and Holm's correction; a criterion is"
        " kept when two one-sided tests rule out more than the margin. Proposals: closed test"
        " (Vergouwe and others 2017), shrunk (van Houwelingen and le Cessie 1990), whole points."
    )
    return Section(
        (
            Paragraph(note, "note"),
            pairs_table(source, "Where the numbers come from"),
            pairs_table(settings, "Settings"),
            versions_table(),
        ),
        {"method.fingerprint": mark},
    )
