"""The exact path of every score, and what happens on it.

paths       every change of a score            score_timeline
crossings   up over a threshold, and down      threshold_crossings
persons     crossings of one person that was several leads
there       both inside the engine that holds the tables
"""

from toolkit.backtest.timeline.crossings import threshold_crossings
from toolkit.backtest.timeline.paths import score_timeline

__all__ = ["score_timeline", "threshold_crossings"]
