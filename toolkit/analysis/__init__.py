"""Statistics as pure functions of the counts: no engine below, no drawing above.

Every statistic is of judged leads (worked by sales, outcome window closed) unless its docstring
says otherwise, and where accounts are known every interval allows for leads of one account sharing
their fate. What the data cannot answer is NaN with a reason.

Each name is loaded from its module when it is first used: a question waits for its own statistics only.
"""

from __future__ import annotations

from toolkit.loading import load_name

_ROOMS = {
    "toolkit.analysis.bands": (
        "BandLike",
        "ScoreBand",
        "band_table",
        "equal_bands",
        "level_table",
    ),
    "toolkit.analysis.benefit": (
        "BestThresholds",
        "Exploration",
        "amount_benefit_table",
        "benefit_sensitivity",
        "benefit_table",
        "best_thresholds",
        "decision_curve",
        "decision_difference",
        "exploration_sample",
    ),
    "toolkit.analysis.bootstrap": ("replicate_cells",),
    "toolkit.analysis.brackets": (
        "band_brackets",
        "compare_bands",
    ),
    "toolkit.analysis.calibration": (
        "CalibrationDistance",
        "Decomposition",
        "Estimate",
        "MappingCheck",
        "MappingScores",
        "Monotonicity",
        "calibration_distance",
        "calibration_table",
        "check_mapping",
        "decompose_mapping",
        "isotonic_rates",
        "monotonicity",
        "reliability_table",
        "score_mapping",
    ),
    "toolkit.analysis.capacity": (
        "CapacityThreshold",
        "capacity_table",
        "capacity_threshold",
        "replay_queue",
        "sla_table",
    ),
    "toolkit.analysis.comparison": (
        "Comparison",
        "McNemar",
        "PrecisionTest",
        "SwapSet",
        "baseline_table",
        "compare_models",
        "cross_fitted_pairs",
        "pattern_pairs",
        "swap_set",
    ),
    "toolkit.analysis.funnel": (
        "disposition_table",
        "funnel_table",
        "grade_funnel_table",
        "grid_table",
        "hand_raiser_table",
        "response_table",
        "stall_table",
    ),
    "toolkit.analysis.intervals": (
        "clopper_pearson_interval",
        "jeffreys_interval",
        "wilson_interval",
    ),
    "toolkit.analysis.leaks": (
        "Leaks",
        "leak_table",
    ),
    "toolkit.analysis.multiplicity": (
        "benjamini_hochberg",
        "holm",
    ),
    "toolkit.analysis.points": (
        "PointsFit",
        "fit_points",
        "points_table",
        "shape_table",
    ),
    "toolkit.analysis.policies": (
        "Payoff",
        "PolicySet",
        "two_thresholds",
    ),
    "toolkit.analysis.proposal": (
        "Ladder",
        "Proposal",
        "RoundedPoints",
        "integer_points",
        "propose_model",
        "update_ladder",
    ),
    "toolkit.analysis.ranking": (
        "Auc",
        "AucDifference",
        "AveragePrecision",
        "Gap",
        "PartialAuc",
        "auc",
        "auc_difference",
        "average_precision",
        "gains_table",
        "largest_gap",
        "partial_auc",
        "ranking_table",
        "value_gains_table",
    ),
    "toolkit.analysis.rates": (
        "Difference",
        "Rate",
        "rate",
        "rate_difference",
    ),
    "toolkit.analysis.reconcile": (
        "Reconciliation",
        "agreement",
        "cause_table",
        "reconciliation",
    ),
    "toolkit.analysis.segments": (
        "Pooling",
        "SegmentTest",
        "area_difference",
        "area_test",
        "funnel_limits",
        "partial_pooling",
        "segment_areas",
        "segment_table",
        "segment_test",
    ),
    "toolkit.analysis.survival": (
        "CoxSlope",
        "FineGray",
        "LogRank",
        "cox_slope",
        "fine_gray",
        "incidence_table",
        "ipcw_brier",
        "log_rank",
        "time_auc",
        "time_to_table",
    ),
    "toolkit.analysis.thresholds": (
        "cliff_table",
        "threshold_bands",
        "threshold_table",
        "tier_table",
    ),
    "toolkit.analysis.verdict": (
        "Answer",
        "Verdict",
        "area_verdict",
        "ranking_verdict",
        "rate_verdict",
        "structural_reason",
    ),
    "toolkit.analysis.weights": (
        "Adequacy",
        "Contrast",
        "Judgement",
        "Optimism",
        "SampleSize",
        "Weights",
        "WeightVerdict",
        "adequacy",
        "detectable_points",
        "dose_table",
        "fit_weights",
        "fitted_half_life",
        "glm_results",
        "judge_weights",
        "optimism",
        "overlap_table",
        "period_table",
        "rule_table",
        "sample_size",
        "stability_table",
        "weight_contrast",
        "weight_table",
    ),
    "toolkit.analysis.windows": ("outcome_window_table",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

# What each name is, for editors and type checkers, stands in __init__.pyi.
__all__ = sorted(_ROOM_OF)  # noqa: PLE0605 - named once, in _ROOMS; tools read the stub


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use."""
    return load_name(__name__, _ROOM_OF, name)


def __dir__() -> list[str]:
    return sorted(__all__)
