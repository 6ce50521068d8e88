"""For the statistician: the ranking by its other names, the earlier line held against this quarter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.report.audit.before import line_table
from toolkit.report.audit.ranking import measures_table, untold
from toolkit.report.display import Section

if TYPE_CHECKING:
    from toolkit.report.audit.prepared import Audit

__all__ = ["show_appendix"]


def show_appendix(audit: Audit) -> Section:
    """The measures of other reports and textbooks; their facts are stated by their sections."""
    if not audit.told:
        return Section((untold(),))
    return Section((measures_table(audit), *line_table(audit)))
