"""What readers see: figures, findings, the notebook, the page.

    counts -> tables of toolkit.analysis -> figures, findings -> audit sections -> notebook -> page

The names below load on first use: drawing and Jupyter take a second that no other room needs.
Figures are in `toolkit.report.figures`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.report.findings import Finding
    from toolkit.report.parameters import ReportParameter
    from toolkit.report.run import ReportResult, report_names, report_parameters, run_report
    from toolkit.report.wording import Words

__all__ = [
    "Finding",
    "ReportParameter",
    "ReportResult",
    "Words",
    "report_names",
    "report_parameters",
    "run_report",
]

_HOMES = {
    "Finding": "findings",
    "ReportParameter": "parameters",
    "ReportResult": "run",
    "Words": "wording",
    "report_names": "run",
    "report_parameters": "run",
    "run_report": "run",
}


def __getattr__(name: str) -> object:
    """Load a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module 'toolkit.report' has no attribute '{name}'")
    return getattr(import_module(f"toolkit.report.{_HOMES[name]}"), name)
