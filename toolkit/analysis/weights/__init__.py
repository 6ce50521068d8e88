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
from toolkit.analysis.weights.overlap import overlap_table
from toolkit.analysis.weights.reporting import glm_results
from toolkit.analysis.weights.shape import (
    Contrast,
    dose_table,
    fitted_half_life,
    order_table,
    rule_table,
    weight_contrast,
)
from toolkit.analysis.weights.sizes import Adequacy, SampleSize, adequacy, sample_size
from toolkit.analysis.weights.stability import (
    Optimism,
    optimism,
    period_table,
    stability_table,
)
from toolkit.analysis.weights.table import weight_table
from toolkit.analysis.weights.verdicts import (
    Judgement,
    WeightVerdict,
    detectable_points,
    judge_weights,
)

__all__ = [
    "Adequacy",
    "Contrast",
    "JointFit",
    "Judgement",
    "Optimism",
    "SampleSize",
    "ScaleFit",
    "WeightVerdict",
    "Weights",
    "adequacy",
    "detectable_points",
    "dose_table",
    "fit_weights",
    "fitted_half_life",
    "glm_results",
    "judge_weights",
    "optimism",
    "order_table",
    "overlap_table",
    "period_table",
    "rule_table",
    "sample_size",
    "stability_table",
    "weight_contrast",
    "weight_table",
]
