"""What cannot be said, and how everything was computed."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.analysis.cells import MOST_UNWORKED
from toolkit.report.audit.common import handoff_rate, rate_before, worked_only
from toolkit.report.display import Bullets, Column, Paragraph, Section, Table, table_of
from toolkit.report.wording import count, joined, plural, share_text

if TYPE_CHECKING:
    from toolkit.counts import PatternCounts, Provenance, ScoreCounts
    from toolkit.report.audit.prepared import Audit

__all__ = [
    "fingerprint",
    "limits",
    "no_accounts",
    "pairs_table",
    "sharers",
    "show_limits",
    "show_method",
    "versions_table",
]

_PACKAGES = ("numpy", "pandas", "scipy", "duckdb", "matplotlib", "nbconvert", "papermill")


def limits(audit: Audit) -> tuple[str, ...]:
    """List what this report does not say, the most important first."""
    found = [
        *_declared(audit),
        *_unscored(audit),
        *_unworked(audit),
        *_young(audit),
        *_history(audit),
    ]
    cause = (
        "That points cause anything: a score describes leads, and high scores are called sooner."
    )
    return tuple(dict.fromkeys([*found, *_caveats(audit), cause]))


def _caveats(audit: Audit) -> list[str]:
    """What the counts themselves say of their limits; of a flat file the age of the score is said."""
    counted = [counts for counts in (audit.ranking, audit.handoffs) if counts is not None]
    texts = [text for counts in counted for text in counts.provenance.caveats]
    return texts if audit.kind == "crm" else texts[1:]


def _declared(audit: Audit) -> list[str]:
    if audit.kind == "crm":
        return []
    if audit.told:
        return [
            "That the score is older than the outcome: the analyst declared it, the file cannot show it."
        ]
    return ["Whether the score works at all: it may have been set after the outcome."]


def _unscored(audit: Audit) -> list[str]:
    """Rows of a flat file that no number speaks of."""
    if audit.kind == "crm" or not audit.ranking.provenance.flow:
        return []
    rows = audit.ranking.provenance.flow[0].n
    left_out = rows - audit.ranking.n
    if left_out <= MOST_UNWORKED * rows:
        return []
    share = share_text(left_out, rows)
    return [
        (
            f"Anything of {plural(left_out, 'row')} ({share}) without a score or an outcome: they are in"
            " no number, and need not be like the others."
        )
    ]


def _unworked(audit: Audit) -> list[str]:
    if not worked_only(audit):
        return []
    unworked = audit.ranking.total("unworked")
    mature = unworked + audit.ranking.total("converted", "not_converted")
    words, at = audit.words, audit.threshold
    share = share_text(unworked, mature)
    said = f"What would have become of the {share} of leads that sales never worked"
    if at is None:
        return [f"{said}."]
    missed = f"the share of {words.many} missed below {at} points"
    return [
        f"{said}: so neither {missed}, nor the false-positive rate, nor how the score ranks all."
    ]


def _young(audit: Audit) -> list[str]:
    young = audit.ranking.total("immature")
    if not young:
        return []
    return [f"What becomes of {plural(young, 'lead')} whose time is not over; they are in no rate."]


def _history(audit: Audit) -> list[str]:
    if audit.kind == "flat":
        return []
    if audit.handoffs is None:
        return [f"How good the {audit.words.handed_many} are: the export records no hand-off."]
    if handoff_rate(audit) is None:
        return [
            f"How good the {audit.words.handed_many} of a quarter are: no quarter is old enough."
        ]
    if rate_before(audit) is None:
        return [
            "Whether this quarter is better than a year ago: the export does not reach back so far."
        ]
    return []


def show_limits(audit: Audit) -> Section:
    """What this report does not say."""
    found = limits(audit)
    return Section((Bullets("Not known, and not claimed", found),), {"limits": len(found)})


def fingerprint(counts: ScoreCounts) -> str:
    """Twelve hexadecimal digits of what was counted; the order of rows and names do not matter.

    Two reports with one fingerprint were computed from the same counts.
    """
    columns = ["score", "state", *counts.by, "n"]
    rows = sorted(",".join(map(str, row)) for row in counts.frame[columns].to_numpy().tolist())
    pairs = counts.accounts
    if pairs is not None:
        rows += sorted(",".join(map(str, row)) for row in pairs.frame.to_numpy().tolist())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]


def show_method(audit: Audit) -> Section:
    """Where the numbers come from, enough to make them again."""
    tables = (_sources(audit), _settings(audit), versions_table())
    facts: dict[str, object] = {"method.fingerprint": fingerprint(audit.ranking)}
    if audit.handoffs is not None:
        facts["method.fingerprint_handoffs"] = fingerprint(audit.handoffs)
    return Section((*_notes(audit), *tables), facts)


def _sources(audit: Audit) -> Table:
    designs = {"Ranking, bands, thresholds": audit.ranking, "Quality of hand-offs": audit.handoffs}
    counted = {name: counts for name, counts in designs.items() if counts is not None}
    facts = [_origin(counts) for counts in counted.values()]
    labels = list(facts[0])
    frame = pd.DataFrame(
        [
            {"what": label, **{n: f[label] for n, f in zip(counted, facts, strict=True)}}
            for label in labels
        ]
    )
    columns = [
        Column("", lambda row: str(row["what"]), "left"),
        *(Column(name, lambda row, name=name: str(row[name]), "left") for name in counted),  # type: ignore[misc]
    ]
    return table_of(frame, columns, caption="Where the numbers come from")


def _origin(counts: ScoreCounts) -> dict[str, str]:
    origin = counts.provenance
    return {
        "Source": origin.source,
        "Engine": origin.engine,
        "Model": origin.model or "none: the file carries scores",
        "Model's fingerprint": origin.model_hash or "none",
        "Scored at": origin.moment,
        "Outcome": origin.outcome,
        "Seen until": _day(origin.observed_until),
        "First and last moment": " to ".join(
            dict.fromkeys((_day(origin.first_moment), _day(origin.last_moment)))
        ),
        "One count is": f"one {origin.unit}",
        "Counted": count(counts.n),
        "Judged": count(counts.total("converted", "not_converted")),
        "Accounts among the judged": _accounts(counts),
        "Fingerprint of the counts": fingerprint(counts),
    }


def _accounts(counts: ScoreCounts) -> str:
    if counts.accounts is None or not counts.provenance.accounts_known:
        return no_accounts(counts)
    return f"{count(counts.accounts.judged)}, the largest with {plural(counts.accounts.largest, 'lead')}"


def no_accounts(counts: ScoreCounts | PatternCounts) -> str:
    """Say what is taken together where no account is known."""
    if counts.accounts is None:
        return "not known: leads are taken as independent"
    origin = counts.provenance
    whose = "its survivor" if origin.merged == 1 else "their survivors"
    together = [
        *([f"{plural(origin.merged, 'merged lead')} with {whose}"] if origin.merged else []),
        *(["the moments of one lead"] if origin.unit != "lead" else []),
    ]
    return f"not known: only {joined(together)} are taken together, all others as independent"


def sharers(origin: Provenance) -> str:
    """Say who is taken together, where any are."""
    if origin.accounts_known:
        return "leads of one account share"
    return "merged leads and survivors share" if origin.merged else "the moments of one lead share"


def _day(day: object) -> str:
    return "not known" if day is None else str(day)


def _settings(audit: Audit) -> Table:
    rows = [*audit.settings, ("Prepared on", audit.prepared_on.isoformat())]
    return pairs_table(rows, "Settings")


def versions_table() -> Table:
    """List the versions of everything that computes."""
    rows = [
        ("lead-score-toolkit", _version("lead-score-toolkit")),
        ("Python", platform.python_version()),
    ]
    return pairs_table([*rows, *((name, _version(name)) for name in _PACKAGES)], "Versions")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed as a package"


def pairs_table(rows: list[tuple[str, str]], caption: str) -> Table:
    """Show names and their values."""
    columns = [
        Column("", lambda row: str(row["what"]), "left"),
        Column("", lambda row: str(row["value"]), "left"),
    ]
    return table_of(pd.DataFrame(rows, columns=["what", "value"]), columns, caption=caption)


def _notes(audit: Audit) -> tuple[Paragraph, ...]:
    accounts = audit.ranking.accounts is not None
    spread = (
        f" on the effective number of leads, since {sharers(audit.ranking.provenance)} their fate"
        if accounts
        else ""
    )
    ranking = "Obuchowski (1997)" if accounts else "DeLong and others (1988)"
    return (
        Paragraph(
            f"Intervals of rates: Wilson (1927){spread}; of the ranking: {ranking}, on the logit"
            " scale; of a difference: Newcombe (1998). Rising curve: pooled neighbours, with the"
            " band of Dimitriadis and others (2023). Ranges where outcomes are missing: Manski"
            " (1989). All at 95%. A lead at the threshold counts as handed over.",
            "note",
        ),
    )
