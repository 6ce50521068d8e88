"""Count tables of every kind, from drawn rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from tests.analysis.day_rows import count_day_rows, count_stage_rows
from tests.analysis.rows import PROVENANCE, count_rows
from toolkit.counts import FlowStep

EARLY = replace(
    PROVENANCE,
    first_moment=date(2026, 1, 1),
    last_moment=date(2026, 3, 31),
    flow=(FlowStep("start", "lead rows imported", 60), FlowStep("excluded", "too young", 3)),
    caveats=("The fit part is not point-in-time.",),
)
LATE = replace(EARLY, first_moment=date(2026, 4, 1), last_moment=date(2026, 6, 30))


def tables_of(
    leads: pd.DataFrame, days: pd.DataFrame, stages: pd.DataFrame, provenance: Any = EARLY
) -> dict[str, Any]:
    """One table of each kind; an empty frame of rows leaves its table out."""
    made: dict[str, Any] = {}
    if len(leads):
        made["scores"] = count_rows(leads, provenance=provenance)
        made["by"] = count_rows(leads, by=("quarter",), provenance=provenance)
        made["alone"] = count_rows(leads.drop(columns="account"), provenance=provenance)
    if len(days):
        made["days"] = count_day_rows(days, provenance=provenance)
    if len(stages):
        made["stages"] = count_stage_rows(stages, provenance=provenance)
    return made
