"""From scored rows to the waist: what the engine can aggregate never leaves it."""

from __future__ import annotations

from toolkit.backtest.counting.amounts import count_amounts
from toolkit.backtest.counting.days import count_days
from toolkit.backtest.counting.delays import count_delays
from toolkit.backtest.counting.pairs import count_pairs
from toolkit.backtest.counting.patterns import count_patterns
from toolkit.backtest.counting.replicates import count_replicates
from toolkit.backtest.counting.scores import count_scores
from toolkit.backtest.counting.stages import count_stages
from toolkit.backtest.counting.stays import count_responses, count_stays
from toolkit.backtest.counting.weeks import count_weeks

__all__ = [
    "count_amounts",
    "count_days",
    "count_delays",
    "count_pairs",
    "count_patterns",
    "count_replicates",
    "count_responses",
    "count_scores",
    "count_stages",
    "count_stays",
    "count_weeks",
]
