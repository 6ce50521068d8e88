"""The model file: what the score is."""

from __future__ import annotations

from toolkit.model.file import load_model, parse_model
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
    "load_model",
    "model_text",
    "parse_model",
    "save_model",
]
