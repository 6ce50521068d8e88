"""What readers see: figures, findings, the notebook, the page.

    counts -> tables of toolkit.analysis -> figures, findings -> audit sections -> notebook -> page

The names below load on first use: drawing and Jupyter take a second that no other room needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.report.figures import (
        alt_text,
        plot_areas,
        plot_bands,
        plot_best,
        plot_calibration,
        plot_cliff,
        plot_decision,
        plot_differences,
        plot_dispositions,
        plot_forest,
        plot_funnel,
        plot_gains,
        plot_grid,
        plot_overlap,
        plot_points,
        plot_promises,
        plot_quarters,
        plot_queue,
        plot_responses,
        plot_segments,
        plot_sensitivity,
        plot_swap,
        plot_thresholds,
        plot_times,
        plot_volumes,
        plot_windows,
    )
    from toolkit.report.findings import Finding
    from toolkit.report.parameters import ReportParameter
    from toolkit.report.run import ReportResult, report_names, report_parameters, run_report
    from toolkit.report.wording import Words

__all__ = [
    "Finding",
    "ReportParameter",
    "ReportResult",
    "Words",
    "alt_text",
    "plot_areas",
    "plot_bands",
    "plot_best",
    "plot_calibration",
    "plot_cliff",
    "plot_decision",
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
    "plot_swap",
    "plot_thresholds",
    "plot_times",
    "plot_volumes",
    "plot_windows",
    "report_names",
    "report_parameters",
    "run_report",
]

_HOMES = {
    "Finding": "findings",
    "ReportParameter": "parameters",
    "ReportResult": "run",
    "Words": "wording",
    "alt_text": "figures",
    "report_names": "run",
    "report_parameters": "run",
    "run_report": "run",
}


def __getattr__(name: str) -> object:
    """Load a public name from its module."""
    if name not in __all__:
        raise AttributeError(f"module 'toolkit.report' has no attribute '{name}'")
    return getattr(import_module(f"toolkit.report.{_HOMES.get(name, 'figures')}"), name)
