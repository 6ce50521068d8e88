"""Thresholds: what each hands over and misses, for one named beforehand and for all at once."""

from __future__ import annotations

from toolkit.analysis.thresholds.neighbours import cliff_table, tier_table
from toolkit.analysis.thresholds.simultaneous import threshold_bands
from toolkit.analysis.thresholds.table import threshold_table

__all__ = ["cliff_table", "threshold_bands", "threshold_table", "tier_table"]
