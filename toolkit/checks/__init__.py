"""Is the evidence fit to be used: count in the engine, judge in the analysis, one call each.

leaks      which fields, activities and scores may know the outcome
    reconcile  whether the replayed score is the one that the platform recorded
"""

from __future__ import annotations

from toolkit.checks.leaks import check_leaks
from toolkit.checks.reconcile import reconcile

__all__ = ["check_leaks", "reconcile"]
