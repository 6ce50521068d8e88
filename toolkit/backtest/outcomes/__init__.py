"""Moments per lead, and what became of each lead after its moment: one of four states.

evidence    what proves that sales acted
stages      when each lead entered the stages that matter
candidates  every moment that a lead might have
placing     which of them can be used, and why the others cannot
states      what became of each lead after each of its moments
"""

from __future__ import annotations

from toolkit.backtest.outcomes.evidence import Evidence, evidence_of_work, stage_label
from toolkit.backtest.outcomes.placing import place_moments
from toolkit.backtest.outcomes.stages import HANDOFF, OUTCOME, Wanted, further_position, stage_times
from toolkit.backtest.outcomes.states import place_outcomes, place_states, place_work

__all__ = [
    "HANDOFF",
    "OUTCOME",
    "Evidence",
    "Wanted",
    "evidence_of_work",
    "further_position",
    "place_moments",
    "place_outcomes",
    "place_states",
    "place_work",
    "stage_label",
    "stage_times",
]
