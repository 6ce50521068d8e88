"""What proves that sales acted on a lead."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.backtest.sql import seconds
from toolkit.crm import Crm

__all__ = ["Evidence", "evidence_of_work", "stage_label", "work_sql"]

_ABBREVIATION = 3
_WORDS = ("new", "won")
"""Short stages that are no abbreviations."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves that sales acted on a lead; empty means that all leads count as worked."""

    feedback: bool = False
    activity: bool = False
    stages: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether any table says which leads sales worked."""
        return self.feedback or self.activity or bool(self.stages)

    def words(self) -> str:
        """In the words of a reader."""
        parts = ["a decision in the sales feedback"] * self.feedback
        parts += ["a sales activity"] * self.activity
        parts += [f"entry into the stage '{stage}'" for stage in self.stages]
        return " or ".join(parts)


def evidence_of_work(crm: Crm) -> Evidence:
    """Read what was settled when connecting, from the mapping or from the tables there are."""
    words = crm.worked_by
    if "all" in words:
        return Evidence()
    stages = tuple(word.removeprefix("stage:") for word in words if word.startswith("stage:"))
    return Evidence("feedback" in words, "sales_activity" in words, stages)


def stage_label(crm: Crm, stage: str) -> str:
    """The team's word for a stage; a short one without a word is an abbreviation."""
    short = len(stage) <= _ABBREVIATION and stage not in _WORDS
    plain = stage.upper() if short else stage.replace("_", " ")
    return crm.mapping.labels.get(stage, plain)


def work_sql(evidence: Evidence) -> str:
    """Select lead_id, t of everything that sales did; `$stages` are those of the evidence."""
    parts = ["select null::varchar as lead_id, null::bigint as t where false"]
    if evidence.feedback:
        parts.append(f"""select lead_id, {seconds("decided_at")} from sales_feedback
            where decision in ('accepted', 'rejected', 'recycled')""")
    if evidence.activity:
        parts.append(
            f"select lead_id, {seconds('occurred_at')} from activities where role = 'sales'"
        )
    if evidence.stages:
        parts.append(f"""select lead_id, {seconds("entered_at")} from stage_changes
            where stage in (select unnest($stages))""")
    return " union all ".join(parts)
