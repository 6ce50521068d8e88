"""Statistics as pure functions of the counts: no engine below, no drawing above.

Every statistic is of judged leads (worked by sales, outcome window closed) unless its docstring
says otherwise, and where accounts are known every interval allows for leads of one account sharing
their fate. What the data cannot answer is NaN with a reason.
"""

from __future__ import annotations

from toolkit.analysis.bands import BandLike, ScoreBand, band_table, equal_bands, level_table
from toolkit.analysis.bootstrap import replicate_cells
from toolkit.analysis.calibration import (
    Monotonicity,
    calibration_table,
    isotonic_rates,
    monotonicity,
)
from toolkit.analysis.funnel import (
    disposition_table,
    funnel_table,
    grade_funnel_table,
    grid_table,
    hand_raiser_table,
    response_table,
    stall_table,
)
from toolkit.analysis.intervals import clopper_pearson_interval, jeffreys_interval, wilson_interval
from toolkit.analysis.leaks import Leaks, leak_table
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
)
from toolkit.analysis.rates import Difference, Rate, rate, rate_difference
from toolkit.analysis.reconcile import Reconciliation, agreement, cause_table, reconciliation
from toolkit.analysis.survival import (
    CoxSlope,
    LogRank,
    cox_slope,
    incidence_table,
    ipcw_brier,
    log_rank,
    time_auc,
    time_to_table,
)
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
    Judgement,
    Weights,
    WeightVerdict,
    detectable_points,
    fit_weights,
    judge_weights,
    weight_table,
)

__all__ = [
    "Answer",
    "Auc",
    "AucDifference",
    "AveragePrecision",
    "BandLike",
    "CoxSlope",
    "Difference",
    "Gap",
    "Judgement",
    "Leaks",
    "LogRank",
    "Monotonicity",
    "PartialAuc",
    "Rate",
    "Reconciliation",
    "ScoreBand",
    "Verdict",
    "WeightVerdict",
    "Weights",
    "agreement",
    "area_verdict",
    "auc",
    "auc_difference",
    "average_precision",
    "band_table",
    "calibration_table",
    "cause_table",
    "clopper_pearson_interval",
    "cox_slope",
    "detectable_points",
    "disposition_table",
    "equal_bands",
    "fit_weights",
    "funnel_table",
    "gains_table",
    "grade_funnel_table",
    "grid_table",
    "hand_raiser_table",
    "incidence_table",
    "ipcw_brier",
    "isotonic_rates",
    "jeffreys_interval",
    "judge_weights",
    "largest_gap",
    "leak_table",
    "level_table",
    "log_rank",
    "monotonicity",
    "partial_auc",
    "ranking_table",
    "ranking_verdict",
    "rate",
    "rate_difference",
    "rate_verdict",
    "reconciliation",
    "replicate_cells",
    "response_table",
    "stall_table",
    "structural_reason",
    "threshold_table",
    "time_auc",
    "time_to_table",
    "weight_table",
    "wilson_interval",
]
