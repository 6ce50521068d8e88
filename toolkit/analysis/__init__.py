"""Statistics as pure functions of the counts: no engine below, no drawing above.

Every statistic is of judged leads (worked by sales, outcome window closed) unless its docstring
says otherwise, and where accounts are known every interval allows for leads of one account sharing
their fate. What the data cannot answer is NaN with a reason.
"""

from __future__ import annotations

from toolkit.analysis.bands import BandLike, ScoreBand, band_table, equal_bands, level_table
from toolkit.analysis.benefit import (
    BestThresholds,
    Exploration,
    benefit_sensitivity,
    benefit_table,
    best_thresholds,
    decision_curve,
    exploration_sample,
)
from toolkit.analysis.calibration import (
    Monotonicity,
    calibration_table,
    isotonic_rates,
    monotonicity,
)
from toolkit.analysis.capacity import (
    CapacityThreshold,
    capacity_table,
    capacity_threshold,
    replay_queue,
    sla_table,
)
from toolkit.analysis.intervals import (
    clopper_pearson_interval,
    jeffreys_interval,
    wilson_interval,
)
from toolkit.analysis.multiplicity import benjamini_hochberg, holm
from toolkit.analysis.policies import Payoff, PolicySet, two_thresholds
from toolkit.analysis.ranking import Auc, auc, gains_table
from toolkit.analysis.rates import Difference, Rate, rate, rate_difference
from toolkit.analysis.segments import (
    Pooling,
    SegmentTest,
    area_test,
    funnel_limits,
    partial_pooling,
    segment_areas,
    segment_table,
    segment_test,
)
from toolkit.analysis.thresholds import cliff_table, threshold_bands, threshold_table, tier_table
from toolkit.analysis.verdict import (
    Answer,
    Verdict,
    area_verdict,
    ranking_verdict,
    rate_verdict,
    structural_reason,
)

__all__ = [
    "Answer",
    "Auc",
    "BandLike",
    "BestThresholds",
    "CapacityThreshold",
    "Difference",
    "Exploration",
    "Monotonicity",
    "Payoff",
    "PolicySet",
    "Pooling",
    "Rate",
    "ScoreBand",
    "SegmentTest",
    "Verdict",
    "area_test",
    "area_verdict",
    "auc",
    "band_table",
    "benefit_sensitivity",
    "benefit_table",
    "benjamini_hochberg",
    "best_thresholds",
    "calibration_table",
    "capacity_table",
    "capacity_threshold",
    "cliff_table",
    "clopper_pearson_interval",
    "decision_curve",
    "equal_bands",
    "exploration_sample",
    "funnel_limits",
    "gains_table",
    "holm",
    "isotonic_rates",
    "jeffreys_interval",
    "level_table",
    "monotonicity",
    "partial_pooling",
    "ranking_verdict",
    "rate",
    "rate_difference",
    "rate_verdict",
    "replay_queue",
    "segment_areas",
    "segment_table",
    "segment_test",
    "sla_table",
    "structural_reason",
    "threshold_bands",
    "threshold_table",
    "tier_table",
    "two_thresholds",
    "wilson_interval",
]
