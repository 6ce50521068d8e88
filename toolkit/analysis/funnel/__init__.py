"""From hand-off to won: funnel, grid, decisions of sales, stalls; pure functions of counts."""

from __future__ import annotations

from toolkit.analysis.funnel.dispositions import disposition_table, response_table, stall_table
from toolkit.analysis.funnel.grid import grid_table
from toolkit.analysis.funnel.stages import funnel_table, grade_funnel_table, hand_raiser_table

__all__ = [
    "disposition_table",
    "funnel_table",
    "grade_funnel_table",
    "grid_table",
    "hand_raiser_table",
    "response_table",
    "stall_table",
]
