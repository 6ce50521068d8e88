"""Recorded scores against replayed ones: counted, with the changes that would explain them.

recorded     what the platform wrote down, one score per lead and second
hypotheses   one change of the model each
search       which change gives what was recorded
counting     all of it, as counts
"""

from __future__ import annotations

from toolkit.backtest.reconcile.counting import count_differences
from toolkit.backtest.reconcile.recorded import Column

__all__ = ["Column", "count_differences"]
