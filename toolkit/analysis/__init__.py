"""Statistics as pure functions of the counts: no engine below, no drawing above.

Every statistic is of judged leads (worked by sales, outcome window closed) unless its docstring
says otherwise, and where accounts are known every interval allows for leads of one account sharing
their fate. What the data cannot answer is NaN with a reason.
"""

from __future__ import annotations

from toolkit.analysis.bands import BandLike, ScoreBand, band_table, equal_bands, level_table
from toolkit.analysis.calibration import (
    Monotonicity,
    calibration_table,
    isotonic_rates,
    monotonicity,
)
from toolkit.analysis.intervals import (
    clopper_pearson_interval,
    jeffreys_interval,
    wilson_interval,
)
from toolkit.analysis.ranking import Auc, auc, gains_table
from toolkit.analysis.rates import Difference, Rate, rate, rate_difference
from toolkit.analysis.thresholds import threshold_table
from toolkit.analysis.verdict import (
    Answer,
    Verdict,
    area_verdict,
    ranking_verdict,
    rate_verdict,
    structural_reason,
)
from toolkit.analysis.weights import (
    Adequacy,
    Contrast,
    Judgement,
    Optimism,
    SampleSize,
    Weights,
    WeightVerdict,
    adequacy,
    detectable_points,
    dose_table,
    fit_weights,
    fitted_half_life,
    judge_weights,
    optimism,
    overlap_table,
    period_table,
    rule_table,
    sample_size,
    stability_table,
    weight_contrast,
    weight_table,
)

__all__ = [
    "Adequacy",
    "Answer",
    "Auc",
    "BandLike",
    "Contrast",
    "Difference",
    "Judgement",
    "Monotonicity",
    "Optimism",
    "Rate",
    "SampleSize",
    "ScoreBand",
    "Verdict",
    "WeightVerdict",
    "Weights",
    "adequacy",
    "area_verdict",
    "auc",
    "band_table",
    "calibration_table",
    "clopper_pearson_interval",
    "detectable_points",
    "dose_table",
    "equal_bands",
    "fit_weights",
    "fitted_half_life",
    "gains_table",
    "isotonic_rates",
    "jeffreys_interval",
    "judge_weights",
    "level_table",
    "monotonicity",
    "optimism",
    "overlap_table",
    "period_table",
    "ranking_verdict",
    "rate",
    "rate_difference",
    "rate_verdict",
    "rule_table",
    "sample_size",
    "stability_table",
    "structural_reason",
    "threshold_table",
    "weight_contrast",
    "weight_table",
    "wilson_interval",
]
