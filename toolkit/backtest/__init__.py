"""Moments, scores as of the moment, outcomes, counts: the only room with an engine."""

from toolkit.backtest.asof import LeadScores, score_leads
from toolkit.backtest.counting import (
    count_amounts,
    count_days,
    count_delays,
    count_pairs,
    count_patterns,
    count_replicates,
    count_responses,
    count_scores,
    count_stages,
    count_stays,
    count_weeks,
)
from toolkit.backtest.explain import Explanation, explain_lead
from toolkit.backtest.flat import read_scored
from toolkit.backtest.handoffs import HandoffDifferences, handoff_differences
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
from toolkit.backtest.rollup import account_scores
from toolkit.backtest.run import check_model, run_backtest
from toolkit.backtest.timeline import score_timeline, threshold_crossings
from toolkit.backtest.whatif import Replay, replay_models

__all__ = [
    "AtAge",
    "AtCrossing",
    "AtHandoff",
    "AtMoments",
    "AtPeriodEnd",
    "AtScoreChange",
    "Backtest",
    "Explanation",
    "HandoffDifferences",
    "LeadScores",
    "Moment",
    "Outcome",
    "Replay",
    "account_scores",
    "check_model",
    "count_amounts",
    "count_days",
    "count_delays",
    "count_lints",
    "count_pairs",
    "count_patterns",
    "count_replicates",
    "count_responses",
    "count_scores",
    "count_stages",
    "count_stays",
    "count_weeks",
    "explain_lead",
    "handoff_differences",
    "read_scored",
    "replay_models",
    "run_backtest",
    "score_leads",
    "score_timeline",
    "threshold_crossings",
]
