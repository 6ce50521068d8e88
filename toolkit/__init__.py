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

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.analysis import (
        adequacy,
        auc,
        band_table,
        calibration_table,
        cox_slope,
        disposition_table,
        dose_table,
        equal_bands,
        fit_weights,
        funnel_table,
        gains_table,
        grade_funnel_table,
        grid_table,
        hand_raiser_table,
        incidence_table,
        ipcw_brier,
        judge_weights,
        level_table,
        log_rank,
        monotonicity,
        optimism,
        overlap_table,
        period_table,
        ranking_verdict,
        rate,
        rate_difference,
        rate_verdict,
        response_table,
        rule_table,
        sample_size,
        stability_table,
        stall_table,
        threshold_table,
        time_auc,
        time_to_table,
        weight_contrast,
        weight_table,
    )
    from toolkit.backtest import (
        AtAge,
        AtHandoff,
        AtPeriodEnd,
        Backtest,
        Outcome,
        account_scores,
        count_days,
        count_lints,
        count_patterns,
        count_responses,
        count_scores,
        count_stages,
        count_stays,
        count_weeks,
        explain_lead,
        read_scored,
        run_backtest,
        score_leads,
        score_timeline,
        threshold_crossings,
    )
    from toolkit.checks import check_leaks, reconcile
    from toolkit.counts import (
        DayCounts,
        PatternCounts,
        ScoreCounts,
        StageCounts,
        WeekCounts,
        load_counts,
        merge_counts,
        save_counts,
        suppress_small,
    )
    from toolkit.crm import check_tables, connect
    from toolkit.crm.demo import make_demo
    from toolkit.errors import ToolkitError
    from toolkit.export import Tables, export_account_sql, export_fit_case, export_sql
    from toolkit.model import Model, diff_models, lint_model, load_model, parse_model, save_model
    from toolkit.report import (
        plot_bands,
        plot_calibration,
        plot_dispositions,
        plot_forest,
        plot_funnel,
        plot_gains,
        plot_grid,
        plot_overlap,
        plot_promises,
        plot_quarters,
        plot_thresholds,
        plot_times,
        run_report,
    )

__version__ = "0.1.0"

_ROOMS = {
    "toolkit.analysis": (
        "adequacy",
        "auc",
        "band_table",
        "calibration_table",
        "cox_slope",
        "disposition_table",
        "dose_table",
        "equal_bands",
        "fit_weights",
        "funnel_table",
        "gains_table",
        "grade_funnel_table",
        "grid_table",
        "hand_raiser_table",
        "incidence_table",
        "ipcw_brier",
        "judge_weights",
        "level_table",
        "log_rank",
        "monotonicity",
        "optimism",
        "overlap_table",
        "period_table",
        "ranking_verdict",
        "rate",
        "rate_difference",
        "rate_verdict",
        "response_table",
        "rule_table",
        "sample_size",
        "stability_table",
        "stall_table",
        "threshold_table",
        "time_auc",
        "time_to_table",
        "weight_contrast",
        "weight_table",
    ),
    "toolkit.backtest": (
        "AtAge",
        "AtHandoff",
        "AtPeriodEnd",
        "Backtest",
        "Outcome",
        "account_scores",
        "count_days",
        "count_lints",
        "count_patterns",
        "count_responses",
        "count_scores",
        "count_stages",
        "count_stays",
        "count_weeks",
        "explain_lead",
        "read_scored",
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
        "DayCounts",
        "PatternCounts",
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
        "plot_bands",
        "plot_calibration",
        "plot_dispositions",
        "plot_forest",
        "plot_funnel",
        "plot_gains",
        "plot_grid",
        "plot_overlap",
        "plot_promises",
        "plot_quarters",
        "plot_thresholds",
        "plot_times",
        "run_report",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "AtAge",
    "AtHandoff",
    "AtPeriodEnd",
    "Backtest",
    "DayCounts",
    "Model",
    "Outcome",
    "PatternCounts",
    "ScoreCounts",
    "StageCounts",
    "Tables",
    "ToolkitError",
    "WeekCounts",
    "account_scores",
    "adequacy",
    "auc",
    "band_table",
    "calibration_table",
    "check_leaks",
    "check_tables",
    "connect",
    "count_days",
    "count_lints",
    "count_patterns",
    "count_responses",
    "count_scores",
    "count_stages",
    "count_stays",
    "count_weeks",
    "cox_slope",
    "diff_models",
    "disposition_table",
    "dose_table",
    "equal_bands",
    "explain_lead",
    "export_account_sql",
    "export_fit_case",
    "export_sql",
    "fit_weights",
    "funnel_table",
    "gains_table",
    "grade_funnel_table",
    "grid_table",
    "hand_raiser_table",
    "incidence_table",
    "ipcw_brier",
    "judge_weights",
    "level_table",
    "lint_model",
    "load_counts",
    "load_model",
    "log_rank",
    "make_demo",
    "merge_counts",
    "monotonicity",
    "optimism",
    "overlap_table",
    "parse_model",
    "period_table",
    "plot_bands",
    "plot_calibration",
    "plot_dispositions",
    "plot_forest",
    "plot_funnel",
    "plot_gains",
    "plot_grid",
    "plot_overlap",
    "plot_promises",
    "plot_quarters",
    "plot_thresholds",
    "plot_times",
    "ranking_verdict",
    "rate",
    "rate_difference",
    "rate_verdict",
    "read_scored",
    "reconcile",
    "response_table",
    "rule_table",
    "run_backtest",
    "run_report",
    "sample_size",
    "save_counts",
    "save_model",
    "score_leads",
    "score_timeline",
    "stability_table",
    "stall_table",
    "suppress_small",
    "threshold_crossings",
    "threshold_table",
    "time_auc",
    "time_to_table",
    "weight_contrast",
    "weight_table",
]


def __getattr__(name: str) -> object:
    """Load a public name from its room on first use."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'toolkit' has no attribute '{name}'")
    value = getattr(import_module(_ROOM_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
