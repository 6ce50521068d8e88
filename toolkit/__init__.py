r"""Backtest, measure and recalibrate point-based lead-scoring models.

An hourglass: rows live above the waist, in an engine that can hold them; everything below it is
a pure function of small count tables.

     model.yaml      crm.yaml + CSV / Parquet / DuckDB / data frames
         |                |
      model/           crm/         what the score is; where the rows are
             \       /
             backtest/              moments -> scores as of the moment -> outcomes
                 |
              counts                the waist: score x outcome, account pairs
                 |
             analysis/              intervals, ranking, calibration, bands, thresholds, verdicts
                 |
              report/               figures, findings, notebook -> HTML
                 |
                cli

The names below are loaded when first used, so that `import toolkit` stays quick.
"""

from __future__ import annotations

from toolkit.loading import load_name

__version__ = "0.1.0"

_ROOMS = {
    "toolkit.analysis": (
        "adequacy",
        "amount_benefit_table",
        "area_difference",
        "area_test",
        "auc",
        "auc_difference",
        "average_precision",
        "band_brackets",
        "band_table",
        "baseline_table",
        "benefit_sensitivity",
        "benefit_table",
        "best_thresholds",
        "calibration_distance",
        "calibration_table",
        "capacity_table",
        "capacity_threshold",
        "check_mapping",
        "cliff_table",
        "compare_bands",
        "compare_models",
        "cox_slope",
        "cross_fitted_pairs",
        "decision_curve",
        "decision_difference",
        "decompose_mapping",
        "disposition_table",
        "dose_table",
        "equal_bands",
        "exploration_sample",
        "fine_gray",
        "fit_points",
        "fit_weights",
        "funnel_table",
        "gains_table",
        "grade_funnel_table",
        "grid_table",
        "hand_raiser_table",
        "incidence_table",
        "integer_points",
        "ipcw_brier",
        "judge_weights",
        "largest_gap",
        "level_table",
        "log_rank",
        "monotonicity",
        "optimism",
        "outcome_window_table",
        "overlap_table",
        "partial_auc",
        "partial_pooling",
        "period_table",
        "points_table",
        "propose_model",
        "ranking_table",
        "ranking_verdict",
        "rate",
        "rate_difference",
        "rate_verdict",
        "reliability_table",
        "replay_queue",
        "replicate_cells",
        "response_table",
        "rule_table",
        "sample_size",
        "score_mapping",
        "segment_areas",
        "segment_table",
        "segment_test",
        "shape_table",
        "sla_table",
        "stability_table",
        "stall_table",
        "swap_set",
        "threshold_bands",
        "threshold_table",
        "tier_table",
        "time_auc",
        "time_to_table",
        "two_thresholds",
        "update_ladder",
        "value_gains_table",
        "weight_contrast",
        "weight_table",
    ),
    "toolkit.backtest": (
        "AtAge",
        "AtCrossing",
        "AtHandoff",
        "AtMoments",
        "AtPeriodEnd",
        "AtScoreChange",
        "Backtest",
        "Outcome",
        "Replay",
        "account_scores",
        "count_amounts",
        "count_days",
        "count_delays",
        "count_lints",
        "count_pairs",
        "count_patterns",
        "count_replicates",
        "count_responses",
        "count_scores",
        "count_stages",
        "count_stays",
        "count_weeks",
        "explain_lead",
        "handoff_differences",
        "read_scored",
        "replay_models",
        "run_backtest",
        "score_leads",
        "score_timeline",
        "threshold_crossings",
    ),
    "toolkit.checks": (
        "check_leaks",
        "reconcile",
    ),
    "toolkit.counts": (
        "AmountCounts",
        "DayCounts",
        "DelayCounts",
        "PairCounts",
        "PatternCounts",
        "ReplicateCounts",
        "ScoreCounts",
        "StageCounts",
        "WeekCounts",
        "load_counts",
        "merge_counts",
        "save_counts",
        "suppress_small",
    ),
    "toolkit.crm": (
        "check_tables",
        "connect",
    ),
    "toolkit.crm.demo": ("make_demo",),
    "toolkit.errors": ("ToolkitError",),
    "toolkit.export": (
        "Tables",
        "export_account_sql",
        "export_fit_case",
        "export_sql",
    ),
    "toolkit.model": (
        "Model",
        "diff_models",
        "lint_model",
        "load_model",
        "parse_model",
        "save_model",
    ),
    "toolkit.report": (
        "report_names",
        "report_parameters",
        "run_report",
    ),
    "toolkit.report.figures": (
        "plot_areas",
        "plot_bands",
        "plot_best",
        "plot_calibration",
        "plot_cliff",
        "plot_decision",
        "plot_decision_difference",
        "plot_differences",
        "plot_dispositions",
        "plot_forest",
        "plot_funnel",
        "plot_gains",
        "plot_grid",
        "plot_overlap",
        "plot_points",
        "plot_promises",
        "plot_quarters",
        "plot_queue",
        "plot_responses",
        "plot_segments",
        "plot_sensitivity",
        "plot_stalls",
        "plot_swap",
        "plot_thresholds",
        "plot_tiers",
        "plot_time_areas",
        "plot_times",
        "plot_volumes",
        "plot_waits",
        "plot_windows",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

# What each name is, for editors and type checkers, stands in __init__.pyi.
__all__ = sorted(_ROOM_OF)  # noqa: PLE0605 - named once, in _ROOMS; tools read the stub


def __getattr__(name: str) -> object:
    """Load a public name from its room on first use."""
    return load_name(__name__, _ROOM_OF, name)


def __dir__() -> list[str]:
    return sorted(__all__)
