"""Conversion by score, and whether stated probabilities come true."""

from __future__ import annotations

from toolkit.analysis.calibration.corp import Decomposition, decompose_mapping, reliability_table
from toolkit.analysis.calibration.distance import CalibrationDistance, calibration_distance
from toolkit.analysis.calibration.isotonic import isotonic_rates
from toolkit.analysis.calibration.stated import ProbabilityOf
from toolkit.analysis.calibration.table import Monotonicity, calibration_table, monotonicity
from toolkit.analysis.calibration.validation import (
    Estimate,
    MappingCheck,
    MappingScores,
    check_mapping,
    score_mapping,
)

__all__ = [
    "CalibrationDistance",
    "Decomposition",
    "Estimate",
    "MappingCheck",
    "MappingScores",
    "Monotonicity",
    "ProbabilityOf",
    "calibration_distance",
    "calibration_table",
    "check_mapping",
    "decompose_mapping",
    "isotonic_rates",
    "monotonicity",
    "reliability_table",
    "score_mapping",
]
