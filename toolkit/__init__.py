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
        area_test,
        auc,
        band_table,
        benefit_sensitivity,
        benefit_table,
        best_thresholds,
        calibration_table,
        capacity_table,
        capacity_threshold,
        cliff_table,
        decision_curve,
        equal_bands,
        exploration_sample,
        gains_table,
        level_table,
        monotonicity,
        partial_pooling,
        ranking_verdict,
        rate,
        rate_difference,
        rate_verdict,
        replay_queue,
        segment_areas,
        segment_table,
        segment_test,
        sla_table,
        threshold_bands,
        threshold_table,
        tier_table,
        two_thresholds,
    )
    from toolkit.backtest import (
        AtAge,
        AtHandoff,
        AtPeriodEnd,
        Backtest,
        Outcome,
        count_lints,
        count_scores,
        count_weeks,
        explain_lead,
        read_scored,
        run_backtest,
    )
    from toolkit.counts import ScoreCounts, WeekCounts
    from toolkit.crm import check_tables, connect
    from toolkit.crm.demo import make_demo
    from toolkit.errors import ToolkitError
    from toolkit.model import (
        Model,
        diff_models,
        lint_model,
        load_model,
        parse_model,
        save_model,
    )
    from toolkit.report import (
        plot_bands,
        plot_best,
        plot_calibration,
        plot_cliff,
        plot_decision,
        plot_gains,
        plot_promises,
        plot_quarters,
        plot_queue,
        plot_segments,
        plot_thresholds,
        run_report,
    )

__version__ = "0.1.0"

_ROOMS = {
    "toolkit.analysis": (
        "area_test",
        "auc",
        "band_table",
        "benefit_sensitivity",
        "benefit_table",
        "best_thresholds",
        "calibration_table",
        "capacity_table",
        "capacity_threshold",
        "cliff_table",
        "decision_curve",
        "equal_bands",
        "exploration_sample",
        "gains_table",
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
        "threshold_bands",
        "threshold_table",
        "tier_table",
        "two_thresholds",
    ),
    "toolkit.backtest": (
        "AtAge",
        "AtHandoff",
        "AtPeriodEnd",
        "Backtest",
        "Outcome",
        "count_lints",
        "count_scores",
        "count_weeks",
        "explain_lead",
        "read_scored",
        "run_backtest",
    ),
    "toolkit.counts": ("ScoreCounts", "WeekCounts"),
    "toolkit.crm": ("check_tables", "connect"),
    "toolkit.crm.demo": ("make_demo",),
    "toolkit.errors": ("ToolkitError",),
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
        "plot_best",
        "plot_calibration",
        "plot_cliff",
        "plot_decision",
        "plot_gains",
        "plot_promises",
        "plot_quarters",
        "plot_queue",
        "plot_segments",
        "plot_thresholds",
        "run_report",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "AtAge",
    "AtHandoff",
    "AtPeriodEnd",
    "Backtest",
    "Model",
    "Outcome",
    "ScoreCounts",
    "ToolkitError",
    "WeekCounts",
    "area_test",
    "auc",
    "band_table",
    "benefit_sensitivity",
    "benefit_table",
    "best_thresholds",
    "calibration_table",
    "capacity_table",
    "capacity_threshold",
    "check_tables",
    "cliff_table",
    "connect",
    "count_lints",
    "count_scores",
    "count_weeks",
    "decision_curve",
    "diff_models",
    "equal_bands",
    "explain_lead",
    "exploration_sample",
    "gains_table",
    "level_table",
    "lint_model",
    "load_model",
    "make_demo",
    "monotonicity",
    "parse_model",
    "partial_pooling",
    "plot_bands",
    "plot_best",
    "plot_calibration",
    "plot_cliff",
    "plot_decision",
    "plot_gains",
    "plot_promises",
    "plot_quarters",
    "plot_queue",
    "plot_segments",
    "plot_thresholds",
    "ranking_verdict",
    "rate",
    "rate_difference",
    "rate_verdict",
    "read_scored",
    "replay_queue",
    "run_backtest",
    "run_report",
    "save_model",
    "segment_areas",
    "segment_table",
    "segment_test",
    "sla_table",
    "threshold_bands",
    "threshold_table",
    "tier_table",
    "two_thresholds",
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
