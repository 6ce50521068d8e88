"""Champion and challenger on the same leads.

worked     which leads either model would work, tied ones by share
paired     tests of two selections: McNemar, weighted generalised score
swap       `swap_set`: the leads that change sides
compare    `compare_models`: change, keep, not enough evidence
rollback   when to return to the old points
baselines  what a score must beat; proposals on leads they have not seen
"""

from __future__ import annotations

from toolkit.analysis.comparison.baselines import (
    baseline_table,
    cross_fitted_pairs,
    deal_folds,
    pattern_pairs,
)
from toolkit.analysis.comparison.compare import Comparison, compare_models
from toolkit.analysis.comparison.paired import McNemar, PrecisionTest
from toolkit.analysis.comparison.rollback import rollback_power, rolls_back, seen_rate
from toolkit.analysis.comparison.swap import SwapSet, swap_set

__all__ = [
    "Comparison",
    "McNemar",
    "PrecisionTest",
    "SwapSet",
    "baseline_table",
    "compare_models",
    "cross_fitted_pairs",
    "deal_folds",
    "pattern_pairs",
    "rollback_power",
    "rolls_back",
    "seen_rate",
    "swap_set",
]
