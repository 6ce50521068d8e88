"""Segments: whether they convert alike, and whether the score ranks them alike."""

from __future__ import annotations

from toolkit.analysis.segments.areas import area_difference, area_test, segment_areas
from toolkit.analysis.segments.homogeneity import SegmentTest, segment_test
from toolkit.analysis.segments.pooling import Pooling, funnel_limits, partial_pooling
from toolkit.analysis.segments.table import segment_table

__all__ = [
    "Pooling",
    "SegmentTest",
    "area_difference",
    "area_test",
    "funnel_limits",
    "partial_pooling",
    "segment_areas",
    "segment_table",
    "segment_test",
]
