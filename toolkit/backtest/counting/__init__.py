"""From scored rows to the waist: what the engine can aggregate never leaves it."""

from __future__ import annotations

from toolkit.backtest.counting.amounts import count_amounts
from toolkit.backtest.counting.pairs import count_pairs
from toolkit.backtest.counting.replicates import count_replicates
from toolkit.backtest.counting.scores import count_scores

__all__ = ["count_amounts", "count_pairs", "count_replicates", "count_scores"]
