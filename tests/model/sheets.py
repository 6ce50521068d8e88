"""Model files that several tests use."""

from __future__ import annotations

from pathlib import Path

from toolkit.model import parse_model

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
DAY = 86_400

HEAD = "lead_score_model: 1\nname: m\nversion: '1'\n"
GROUP = "groups: [{id: g, dimension: fit, criteria: [{id: c, when: {title: vp}, points: 1}]}]\n"
TINY = HEAD + GROUP


def with_criterion(text):
    return f"{HEAD}groups:\n- id: g\n  dimension: behavior\n  criteria:\n  - {{id: c, {text}}}\n"


def criterion(text):
    return parse_model(with_criterion(text)).criteria[0].criterion
