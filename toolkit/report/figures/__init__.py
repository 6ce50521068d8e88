"""Figures whose title is the sentence to repeat, each drawn from one documented table."""

from toolkit.report.figures.ages import plot_time_areas
from toolkit.report.figures.areas import plot_areas
from toolkit.report.figures.bands import plot_bands
from toolkit.report.figures.best import plot_best
from toolkit.report.figures.calibration import plot_calibration, plot_promises
from toolkit.report.figures.choices import plot_decision_difference
from toolkit.report.figures.cliff import plot_cliff
from toolkit.report.figures.decision import plot_decision
from toolkit.report.figures.differences import plot_differences
from toolkit.report.figures.dispositions import plot_dispositions
from toolkit.report.figures.forest import plot_forest
from toolkit.report.figures.funnel import plot_funnel
from toolkit.report.figures.gains import plot_gains
from toolkit.report.figures.grid import plot_grid
from toolkit.report.figures.overlap import plot_overlap
from toolkit.report.figures.points import plot_points
from toolkit.report.figures.quarters import plot_quarters
from toolkit.report.figures.queue import plot_queue
from toolkit.report.figures.responses import plot_responses
from toolkit.report.figures.segments import plot_segments
from toolkit.report.figures.sensitivity import plot_sensitivity
from toolkit.report.figures.stalls import plot_stalls
from toolkit.report.figures.style import Chart, alt_text, figure_svg
from toolkit.report.figures.swap import plot_swap
from toolkit.report.figures.thresholds import plot_thresholds
from toolkit.report.figures.tiers import plot_tiers
from toolkit.report.figures.times import plot_times
from toolkit.report.figures.volumes import plot_volumes
from toolkit.report.figures.waits import plot_waits
from toolkit.report.figures.windows import plot_windows

__all__ = [
    "Chart",
    "alt_text",
    "figure_svg",
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
]
