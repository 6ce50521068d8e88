"""Moments, scores as of the moment, outcomes, counts: the only room with an engine."""

from toolkit.backtest.counting import count_scores
from toolkit.backtest.explain import Explanation, explain_lead
from toolkit.backtest.flat import read_scored
from toolkit.backtest.lints import count_lints
from toolkit.backtest.moments import (
    AtAge,
    AtCrossing,
    AtHandoff,
    AtMoments,
    AtPeriodEnd,
    AtScoreChange,
    Moment,
    Outcome,
)
from toolkit.backtest.result import Backtest
from toolkit.backtest.run import check_model, run_backtest

__all__ = [
    "AtAge",
    "AtCrossing",
    "AtHandoff",
    "AtMoments",
    "AtPeriodEnd",
    "AtScoreChange",
    "Backtest",
    "Explanation",
    "Moment",
    "Outcome",
    "check_model",
    "count_lints",
    "count_scores",
    "explain_lead",
    "read_scored",
    "run_backtest",
]
