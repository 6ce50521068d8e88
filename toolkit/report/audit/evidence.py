"""Whether the evidence may be used: does the replay meet the recorded score, what knows the outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.backtest.wording import NOBODY_KNOWN
from toolkit.checks import check_leaks, reconcile
from toolkit.errors import DataError
from toolkit.report.display import Bullets, Column, Paragraph, Picture, Section, Table, table_of
from toolkit.report.figures import plot_differences
from toolkit.report.findings import fact
from toolkit.report.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from toolkit.analysis import Leaks, Reconciliation
    from toolkit.backtest import Outcome
    from toolkit.crm import Crm
    from toolkit.model import Model
    from toolkit.report.audit.prepared import Audit

__all__ = ["evidence_warnings", "leaks_of_crm", "leaks_of_file", "reconciled", "show_evidence"]

_LISTED = 10
_GRAVITY = {"alarm": "alarm", "suspect": "suspect", "answered": "answered"}


def leaks_of_crm(crm: Crm, model: Model, outcome: Outcome) -> Leaks | None:
    """Look at the fields, activities and scores of a CRM; None where no lead is judged from birth."""
    try:
        return check_leaks(crm, outcome=outcome, model=model)
    except DataError:
        return None


def leaks_of_file(
    scored: str | Path | pd.DataFrame, outcome: str, account: str | None, scores: Sequence[str]
) -> Leaks:
    """Look at the columns of a flat file but its scores: what they know is what is audited."""
    found = check_leaks(scored, outcome=outcome, account=account)
    table, reasons = (
        each[~each["name"].isin(scores)].reset_index(drop=True)
        for each in (found.table, found.reasons)
    )
    return replace(found, table=table, reasons=reasons)


def reconciled(model: Model, crm: Crm, *, accept_mismatch: bool) -> Reconciliation | None:
    """Compare with the recorded scores where some can be; stop the audit if they do not agree.

    Raises DataError under 95% agreement, unless the mismatch is accepted.
    """
    if "score_history" not in crm.tables:
        return None
    names = crm.connection.execute(
        "select count(distinct coalesce(score_name, '')), count(*) from score_history"
    ).fetchall()[0]
    if int(names[0]) != 1 or not int(names[1]):
        return None
    try:
        found = reconcile(model, crm)
    except DataError:  # no recorded score can be compared
        return None
    if found.agrees or accept_mismatch:
        return found
    raise DataError(
        f"ScoreMismatch: {_first_letter(found.text)} Numbers about the replayed score would not be"
        " about the score that sales saw, so the audit stops. Run `leadscore reconcile` and mend"
        " the model or the export; --accept-mismatch audits all the same and says so on page one."
    )


def _first_letter(text: str) -> str:
    return f"{text[0].lower()}{text[1:]}"


def evidence_warnings(audit: Audit) -> tuple[Paragraph, ...]:
    """What page one must say of the evidence."""
    found = []
    if NOBODY_KNOWN in audit.ranking.provenance.caveats:
        found.append(Paragraph(NOBODY_KNOWN, "warning", "Who was worked is not recorded."))
    if audit.reconciliation is not None and not audit.reconciliation.agrees:
        found.append(
            Paragraph(audit.reconciliation.text, "warning", "Recorded scores do not match.")
        )
    if audit.leaks is not None and audit.leaks.alarms:
        found.append(
            Paragraph(
                _alarm_text(audit.leaks, asked=audit.kind == "crm"),
                "warning",
                "The outcome may be in a field.",
            )
        )
    return tuple(found)


def _alarm_text(leaks: Leaks, *, asked: bool) -> str:
    """Name the fields; `asked`: whether there is a crm.yaml to answer in."""
    table = leaks.table[leaks.table["level"] == "alarm"]
    paid = table[table["paid_by"] != ""]
    if paid.empty:
        names = ", ".join(f"'{name}'" for name in table["name"])
        seem, it = ("seems", "it") if len(table) == 1 else ("seem", "them")
        return (
            f"{names} {seem} to know the outcome. The score does not use {it}; keep {it} out of any"
            f" refit{', or answer in crm.yaml (field_roles)' if asked else ''}."
        )
    said = [
        f"'{row['name']}' (criterion {row['paid_by']}): {row['because']}."
        for row in paid.to_dict("records")
    ]
    return (
        f"{' '.join(said)} The score may look better than it is. If it is really known before, say"
        " so in crm.yaml (field_roles: known_before)."
    )


def show_evidence(audit: Audit) -> Section:
    """Say whether the replay is the score that sales saw, and which fields may know the outcome."""
    facts: dict[str, object] = {}
    parts = (*_agreement(audit, facts), *_leaks(audit, facts))
    return Section(parts, facts)


def _agreement(audit: Audit, facts: dict[str, object]) -> tuple[Paragraph | Picture | Table, ...]:
    found = audit.reconciliation
    if audit.kind == "flat":
        return ()
    if found is None:
        said = (
            "Whether the replayed score is the one that sales saw cannot be told: the export has no"
            " history of one recorded score that this version gave (tables score_history, model_versions)."
        )
        return (Paragraph(said, "note"),)
    facts |= {
        "reconcile.agree": found.agreement.positives,
        "reconcile.n": found.agreement.n,
        "reconcile.share": fact(found.agreement.estimate),
        "reconcile.low": fact(found.agreement.low),
        "reconcile.high": fact(found.agreement.high),
        "reconcile.agrees": found.agrees,
        "reconcile.causes": [
            f"{row['code']} {row['criterion']}".strip() for row in found.causes.to_dict("records")
        ],
    }
    text = Paragraph(found.text, "finding" if found.agrees else "warning")
    differing = found.differences[found.differences["difference"] != 0]
    if differing.empty:
        return (text,)
    largest = differing.sort_values("n", ascending=False, kind="stable").head(_LISTED)
    columns = [
        Column("Recorded minus replayed", lambda row: f"{int(row['difference']):+d}"),
        Column("Recorded scores", lambda row: count(row["n"])),
        Column(f"Of {count(found.agreement.n)}", lambda row: f"{row['share']:.2%}"),
    ]
    table = table_of(
        largest.sort_values("difference", ignore_index=True),
        columns,
        caption="The most frequent differences, in points",
    )
    return (text, Picture(plot_differences(found.differences)), table)


def _leaks(audit: Audit, facts: dict[str, object]) -> tuple[Paragraph | Table | Bullets, ...]:
    leaks = audit.leaks
    if leaks is None:
        said = "Which fields may know the outcome cannot be told: no lead can be judged from its creation on."
        return (Paragraph(said, "note"),)
    facts |= {
        "leaks.alarms": list(leaks.alarms),
        "leaks.suspects": list(leaks.suspects),
        "leaks.judged": leaks.converted + leaks.not_converted,
    }
    unknown = (Bullets("Not looked at", leaks.unknown),) if leaks.unknown else ()
    listed = leaks.table[leaks.table["level"] != "clear"].reset_index(drop=True)
    clear = int((leaks.table["level"] == "clear").sum())
    if listed.empty:
        said = f"None of {clear} fields and activities looked at seems to know the outcome."
        return (Paragraph(said), *unknown)
    columns = [
        Column("Gravity", lambda row: _GRAVITY[str(row["level"])], "left"),
        Column("What", lambda row: f"{row['about']} {row['name']}", "left"),
        Column("Paid by", lambda row: str(row["paid_by"]) or "none", "left"),
        Column("Answer", lambda row: str(row["answer"]).replace("_", " ") or "none", "left"),
        Column("Because", lambda row: str(row["because"]), "left"),
    ]
    caption = (
        f"What may know the outcome ({leaks.outcome}), of {count(leaks.converted)} converted and"
        f" {count(leaks.not_converted)} other judged leads; {clear} more are clear"
    )
    return (table_of(listed, columns, caption=caption), *unknown)
