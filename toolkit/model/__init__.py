"""The model file: what the score is."""

from __future__ import annotations

from toolkit.model.describe import describe, describe_condition
from toolkit.model.file import load_model, parse_model
from toolkit.model.logic import (
    FALSE,
    TRUE,
    UNKNOWN,
    case_points,
    condition_truth,
    conditions_of,
    fields_of,
    test_truth,
    where_fields,
)
from toolkit.model.text import normal_text
from toolkit.model.types import (
    DISQUALIFIED,
    ActivityCriterion,
    Band,
    Case,
    CasesCriterion,
    Condition,
    Criterion,
    Dimension,
    Gate,
    Grade,
    Group,
    InactivityCriterion,
    Model,
    PlacedCriterion,
    Test,
)
from toolkit.model.writing import model_text, save_model

__all__ = [
    "DISQUALIFIED",
    "FALSE",
    "TRUE",
    "UNKNOWN",
    "ActivityCriterion",
    "Band",
    "Case",
    "CasesCriterion",
    "Condition",
    "Criterion",
    "Dimension",
    "Gate",
    "Grade",
    "Group",
    "InactivityCriterion",
    "Model",
    "PlacedCriterion",
    "Test",
    "case_points",
    "condition_truth",
    "conditions_of",
    "describe",
    "describe_condition",
    "fields_of",
    "load_model",
    "model_text",
    "normal_text",
    "parse_model",
    "save_model",
    "test_truth",
    "where_fields",
]
