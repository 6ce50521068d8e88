"""From scored rows to the waist: what the engine can aggregate never leaves it."""

from __future__ import annotations

from toolkit.backtest.counting.scores import count_scores
from toolkit.backtest.counting.weeks import count_weeks

__all__ = ["count_scores", "count_weeks"]
