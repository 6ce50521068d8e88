"""Statistics as pure functions of the counts: no engine below, no drawing above.

Every statistic is of judged leads (worked by sales, outcome window closed) unless its docstring
says otherwise, and where accounts are known every interval allows for leads of one account sharing
their fate. What the data cannot answer is NaN with a reason.
"""

from __future__ import annotations

from toolkit.analysis.bands import BandLike, ScoreBand, band_table, equal_bands, level_table
from toolkit.analysis.bootstrap import replicate_cells
from toolkit.analysis.brackets import band_brackets, compare_bands
from toolkit.analysis.calibration import (
    CalibrationDistance,
    Decomposition,
    Estimate,
    MappingCheck,
    MappingScores,
    Monotonicity,
    calibration_distance,
    calibration_table,
    check_mapping,
    decompose_mapping,
    isotonic_rates,
    monotonicity,
    reliability_table,
    score_mapping,
)
from toolkit.analysis.intervals import (
    clopper_pearson_interval,
    jeffreys_interval,
    wilson_interval,
)
from toolkit.analysis.points import PointsFit, fit_points, points_table, shape_table
from toolkit.analysis.ranking import (
    Auc,
    AucDifference,
    AveragePrecision,
    Gap,
    PartialAuc,
    auc,
    auc_difference,
    average_precision,
    gains_table,
    largest_gap,
    partial_auc,
    ranking_table,
    value_gains_table,
)
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

__all__ = [
    "Answer",
    "Auc",
    "AucDifference",
    "AveragePrecision",
    "BandLike",
    "CalibrationDistance",
    "Decomposition",
    "Difference",
    "Estimate",
    "Gap",
    "MappingCheck",
    "MappingScores",
    "Monotonicity",
    "PartialAuc",
    "PointsFit",
    "Rate",
    "ScoreBand",
    "Verdict",
    "area_verdict",
    "auc",
    "auc_difference",
    "average_precision",
    "band_brackets",
    "band_table",
    "calibration_distance",
    "calibration_table",
    "check_mapping",
    "clopper_pearson_interval",
    "compare_bands",
    "decompose_mapping",
    "equal_bands",
    "fit_points",
    "gains_table",
    "isotonic_rates",
    "jeffreys_interval",
    "largest_gap",
    "level_table",
    "monotonicity",
    "partial_auc",
    "points_table",
    "ranking_table",
    "ranking_verdict",
    "rate",
    "rate_difference",
    "rate_verdict",
    "reliability_table",
    "replicate_cells",
    "score_mapping",
    "shape_table",
    "structural_reason",
    "threshold_table",
    "value_gains_table",
    "wilson_interval",
]
