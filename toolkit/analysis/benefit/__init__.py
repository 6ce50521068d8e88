"""What working the leads at or above a threshold is worth, and how surely it is worth more."""

from __future__ import annotations

from toolkit.analysis.benefit.best import BestThresholds, best_thresholds
from toolkit.analysis.benefit.deals import amount_benefit_table
from toolkit.analysis.benefit.decision import decision_curve
from toolkit.analysis.benefit.difference import decision_difference
from toolkit.analysis.benefit.exploration import Exploration, exploration_sample
from toolkit.analysis.benefit.money import benefit_sensitivity, benefit_table
from toolkit.analysis.benefit.net import net_benefit, net_benefit_error

__all__ = [
    "BestThresholds",
    "Exploration",
    "amount_benefit_table",
    "benefit_sensitivity",
    "benefit_table",
    "best_thresholds",
    "decision_curve",
    "decision_difference",
    "exploration_sample",
    "net_benefit",
    "net_benefit_error",
]
