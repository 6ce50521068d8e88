"""What the data say about the points, and when they say nothing.

design      pattern counts as arrays, and sums over accounts
logistic    maximum likelihood on patterns; covariance over accounts
firth       penalised likelihood where outcomes are separated
scoretests  tests that fit only today's score
ratios      coefficients on the scale of points
implied     what one term should pay, the others as they are
fit         `fit_weights`: the fits together
verdicts    change, keep, not enough evidence, no proposal
table       `weight_table`
"""

from __future__ import annotations

from toolkit.analysis.weights.fit import ScaleFit, Weights, fit_weights
from toolkit.analysis.weights.joint import JointFit
from toolkit.analysis.weights.table import weight_table
from toolkit.analysis.weights.verdicts import (
    Judgement,
    WeightVerdict,
    detectable_points,
    judge_weights,
)

__all__ = [
    "JointFit",
    "Judgement",
    "ScaleFit",
    "WeightVerdict",
    "Weights",
    "detectable_points",
    "fit_weights",
    "judge_weights",
    "weight_table",
]
