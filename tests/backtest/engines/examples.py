"""Models for the tests of every engine, and how many random examples each of them draws."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

from tests.backtest.any_model import DERIVE
from toolkit.model import parse_model

# Shrinking takes minutes where each example asks a server.
few = settings(
    max_examples=settings.default.max_examples // 20,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)

MODEL = parse_model("""
lead_score_model: 1
name: m
version: "1"
groups:
- id: who
  dimension: fit
  criteria:
  - {id: vp, when: {title: {contains_word: vp}}, points: 20}
  - {id: big, when: {employees: {gte: 50}}, points: 5}
- id: web
  dimension: behavior
  criteria:
  - {id: view, activity: page_view, where: {page: {contains: pricing}}, points: 8, within: 9d, max: 20}
  - {id: open, activity: [email_open, email_click], points: 3, decay: {points: 1, every: 3d}}
  - {id: quiet, inactivity: {after: 12d}, points: -4}
""")
CHALLENGER = parse_model("""
lead_score_model: 1
name: other
version: "2"
groups:
- id: web
  dimension: behavior
  criteria:
  - {id: view, activity: page_view, points: 5, within: 20d}
""")
EVERY = {
    "lead_score_model": 1, "name": "m", "version": "1", "derive": DERIVE, "scale": 3, "base": 1,
    "resets": [{"activities": ["recycled"], "groups": ["g0"]}],
    "groups": [
        {"id": "g0", "dimension": "behavior", "criteria": [
            {"id": "window", "activity": "view", "points": 10, "within": "30h", "max": 25},
            {"id": "ranked", "activity": ["view", "form"], "points": 5, "max_units": 2,
             "decay": {"percent": 33, "every": "1d"}},
            {"id": "asset", "activity": "form", "points": 3, "per": {"bucket": "asset", "at_most": 1}},
            {"id": "day", "activity": "open", "points": 3, "per": {"bucket": "day", "at_least": 2}},
        ]},
        {"id": "g1", "dimension": "behavior", "criteria": [
            {"id": "tiers", "activity": "open", "tiers": [
                {"at_least": 3, "within": "1w", "points": 20}, {"at_least": 1, "points": 5}]},
            {"id": "quiet", "inactivity": {"after": "3d", "repeat": True, "recover": False}, "points": -1},
            {"id": "ledger", "ledger": ["adjust"]},
        ]},
        {"id": "g2", "dimension": "fit", "criteria": [
            {"id": "level", "when": {"level": "vp"}, "points": 7},
            {"id": "mail", "when": {"domain": "mail.example"}, "points": 4},
            {"id": "tag", "field": "tags", "per_value": {"crm": 10, "cms": 5}},
            {"id": "size", "when": {"size": {"gte": 50}}, "points": 2},
        ]},
    ],
}  # fmt: skip
"""A criterion of every kind."""

NO_RESETS = {name: part for name, part in EVERY.items() if name != "resets"}
"""The same without resets, so that an engine adds up along the path."""
