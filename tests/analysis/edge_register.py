"""How every public function of the analysis is called on a case of the edges.

A function may be called in several ways: thresholds inside and far outside the range, for instance.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.analysis.edge_cases import POINTS, TERMS
from tests.analysis.proposal.models import model_of
from toolkit import analysis as a
from toolkit.model import ActivityCriterion

BANDS = (a.ScoreBand("high", 25), a.ScoreBand("middle", 10), a.ScoreBand("low", None))
FAR = (a.ScoreBand("never reached", 10**9), a.ScoreBand("all", -(10**9)))
OUTSIDE = [-(10**6), 15, 10**6]
STATED = {score: 1 / (1 + np.exp(-score / 40)) for score in range(-1000, 1001)}
PROMISED = pd.Series(STATED)
MODEL = model_of(dict(zip(TERMS, POINTS, strict=True)))
_DECAYING = ActivityCriterion(
    id="c", activity="form", points=8, decay={"half_life": "30d", "round": "half_up"}
)
RATIO, FEW = 0.2, 100


def _hits(case):
    """Positives and n of each score, as arrays."""
    table = a.level_table(case.scores)
    return table["positives"].to_numpy(), table["n"].to_numpy()


def _p_values(case):
    return a.compare_bands(case.scores, BANDS)["p_value"].to_numpy()


def _reached(case):
    rate = a.rate(case.scores)
    return a.rate_difference(rate, a.rate(case.scores, at_least=20))


REGISTER = {
    "adequacy": [lambda c: a.adequacy(c.weights)],
    "agreement": [lambda c: a.agreement(c.differences)],
    "amount_benefit_table": [
        lambda c: a.amount_benefit_table(*c.deals, cost=5),
        lambda c: a.amount_benefit_table(*c.deals, cost=0, thresholds=OUTSIDE),
    ],
    "area_difference": [lambda c: a.area_difference(c.segments, "a", "b")],
    "area_test": [lambda c: a.area_test(c.segments)],
    "area_verdict": [lambda c: a.area_verdict(a.auc(c.scores))],
    "auc": [lambda c: a.auc(c.scores)],
    "auc_difference": [lambda c: a.auc_difference(c.pairs)],
    "average_precision": [lambda c: a.average_precision(c.scores, replicates=FEW)],
    "band_brackets": [lambda c: a.band_brackets(c.scores, BANDS)],
    "band_table": [lambda c: a.band_table(c.scores, BANDS), lambda c: a.band_table(c.scores, FAR)],
    "baseline_table": [lambda c: a.baseline_table(c.patterns, threshold=20)],
    "benefit_sensitivity": [
        lambda c: a.benefit_sensitivity(
            c.scores, cost_ratios=[0.1, 0.5], threshold=15, replicates=FEW
        )
    ],
    "benefit_table": [
        lambda c: a.benefit_table(c.scores, cost_ratio=RATIO),
        lambda c: a.benefit_table(c.scores, cost_ratio=RATIO, value=50.0, thresholds=OUTSIDE),
    ],
    "benjamini_hochberg": [lambda c: a.benjamini_hochberg(_p_values(c))],
    "best_thresholds": [
        lambda c: a.best_thresholds(c.scores, cost_ratio=RATIO, threshold=15, replicates=FEW),
        lambda c: a.best_thresholds(c.scores, cost_ratio=RATIO, threshold=10**6, replicates=FEW),
    ],
    "calibration_distance": [
        lambda c: a.calibration_distance(c.scores, STATED),
        lambda c: a.calibration_distance(c.scores, STATED, curve="isotonic"),
    ],
    "calibration_table": [lambda c: a.calibration_table(c.scores)],
    "capacity_table": [
        lambda c: a.capacity_table(c.weeks, capacity_per_week=5),
        lambda c: a.capacity_table(c.weeks, capacity_per_week=1, thresholds=OUTSIDE),
    ],
    "capacity_threshold": [
        lambda c: a.capacity_threshold(
            c.weeks, c.scores, capacity_per_week=5, cost_ratio=RATIO, replicates=FEW
        )
    ],
    "cause_table": [lambda c: a.cause_table(c.differences)],
    "check_mapping": [lambda c: a.check_mapping(c.scores, STATED)],
    "cliff_table": [
        lambda c: a.cliff_table(c.scores, threshold=15),
        lambda c: a.cliff_table(c.scores, threshold=10**6),
    ],
    "clopper_pearson_interval": [lambda c: a.clopper_pearson_interval(*_hits(c))],
    "compare_bands": [
        lambda c: a.compare_bands(c.scores, BANDS),
        lambda c: a.compare_bands(c.scores, FAR),
    ],
    "compare_models": [
        lambda c: a.compare_models(c.pairs, threshold=15, cost_ratio=RATIO),
        lambda c: a.compare_models(c.pairs, threshold=10**6, cost_ratio=RATIO),
    ],
    "cox_slope": [lambda c: a.cox_slope(c.days)],
    "cross_fitted_pairs": [lambda c: a.cross_fitted_pairs(c.folds, MODEL)],
    "decision_curve": [
        lambda c: a.decision_curve(c.scores, chances=[0.1, 0.5]),
        lambda c: a.decision_curve(
            c.scores, probabilities=PROMISED, same_leads=False, chances=[0.1, 0.99]
        ),
    ],
    "decision_difference": [
        lambda c: a.decision_difference(
            c.pairs, champion=PROMISED, challenger=1 - PROMISED, chances=[0.2, 0.6]
        )
    ],
    "decompose_mapping": [lambda c: a.decompose_mapping(c.scores, STATED, replicates=FEW)],
    "detectable_points": [lambda _: a.detectable_points(2.0)],
    "disposition_table": [lambda c: a.disposition_table(c.stages, BANDS)],
    "dose_table": [lambda c: a.dose_table(c.weights)],
    "equal_bands": [lambda c: a.equal_bands(c.scores)],
    "exploration_sample": [
        lambda c: a.exploration_sample(c.scores, threshold=20, lower=0, cost_ratio=RATIO)
    ],
    "fine_gray": [lambda c: a.fine_gray(c.days)],
    "fit_points": [lambda c: a.fit_points(c.scores)],
    "fit_weights": [lambda c: a.fit_weights(c.patterns)],
    "fitted_half_life": [lambda _: a.fitted_half_life(_DECAYING, given_back=0.5)],
    "funnel_limits": [lambda c: a.funnel_limits(0.2, np.maximum(_hits(c)[1], 1))],
    "funnel_table": [lambda c: a.funnel_table(c.stages, BANDS)],
    "gains_table": [lambda c: a.gains_table(c.scores)],
    "glm_results": [lambda c: a.glm_results(c.weights)],
    "grade_funnel_table": [lambda c: a.grade_funnel_table(c.stages)],
    "grid_table": [lambda c: a.grid_table(c.stages)],
    "hand_raiser_table": [lambda c: a.hand_raiser_table(c.stages, BANDS)],
    "holm": [lambda c: a.holm(_p_values(c))],
    "incidence_table": [
        lambda c: a.incidence_table(c.days, BANDS),
        lambda c: a.incidence_table(c.days, at_days=(1, 10**6)),
    ],
    "integer_points": [lambda c: a.integer_points(c.weights, grid=5, points_to_double=20)],
    "ipcw_brier": [lambda c: a.ipcw_brier(c.days, STATED)],
    "isotonic_rates": [lambda c: a.isotonic_rates(*_hits(c))],
    "jeffreys_interval": [lambda c: a.jeffreys_interval(*_hits(c))],
    "judge_weights": [lambda c: a.judge_weights(c.weights)],
    "largest_gap": [lambda c: a.largest_gap(c.scores)],
    "leak_table": [lambda c: a.leak_table(c.fields)],
    "level_table": [lambda c: a.level_table(c.scores)],
    "log_rank": [lambda c: a.log_rank(c.days, BANDS)],
    "monotonicity": [lambda c: a.monotonicity(c.scores)],
    "optimism": [lambda c: a.optimism(c.weights, runs=3)],
    "outcome_window_table": [lambda c: a.outcome_window_table(c.delays)],
    "overlap_table": [lambda c: a.overlap_table(c.weights)],
    "partial_auc": [lambda c: a.partial_auc(c.scores, replicates=FEW)],
    "partial_pooling": [lambda c: a.partial_pooling(*_hits(c))],
    "pattern_pairs": [
        lambda c: a.pattern_pairs(c.patterns, np.arange(float(len(c.patterns.frame))), name="x")
    ],
    "period_table": [lambda c: a.period_table(c.periods, a.fit_weights(c.periods))],
    "points_table": [
        lambda c: a.points_table(a.fit_points(c.scores)),
        lambda c: a.points_table(a.fit_points(c.scores), OUTSIDE),
    ],
    "propose_model": [lambda c: a.propose_model(MODEL, c.weights)],
    "ranking_table": [lambda c: a.ranking_table(c.scores, replicates=FEW)],
    "ranking_verdict": [lambda c: a.ranking_verdict(c.scores)],
    "rate": [lambda c: a.rate(c.scores), lambda c: a.rate(c.scores, at_least=10**6)],
    "rate_difference": [_reached],
    "rate_verdict": [lambda c: a.rate_verdict(a.rate(c.scores), at_least=0.1)],
    "reconciliation": [lambda c: a.reconciliation(c.differences)],
    "reliability_table": [lambda c: a.reliability_table(c.scores, STATED, replicates=FEW)],
    "replay_queue": [lambda c: a.replay_queue(c.weeks, threshold=15, capacity_per_week=5)],
    "replicate_cells": [lambda c: a.replicate_cells(c.scores, replicates=FEW)],
    "response_table": [lambda c: a.response_table(c.responses, BANDS)],
    "rule_table": [lambda c: a.rule_table(c.weights)],
    "sample_size": [lambda _: a.sample_size(parameters=5, prevalence=0.1)],
    "score_mapping": [lambda c: a.score_mapping(c.scores, STATED)],
    "segment_areas": [lambda c: a.segment_areas(c.segments)],
    "segment_table": [
        lambda c: a.segment_table(c.segments),
        lambda c: a.segment_table(c.segments, rate="recall", threshold=10**6),
    ],
    "segment_test": [
        lambda c: a.segment_test(c.segments),
        lambda c: a.segment_test(c.segments, rate="false_positive_rate", threshold=15),
    ],
    "shape_table": [lambda c: a.shape_table(c.scores)],
    "sla_table": [lambda c: a.sla_table(c.weeks, thresholds=OUTSIDE)],
    "stability_table": [lambda c: a.stability_table(c.periods, c.weights)],
    "stall_table": [lambda c: a.stall_table(c.stays)],
    "structural_reason": [lambda c: a.structural_reason(c.scores)],
    "swap_set": [
        lambda c: a.swap_set(c.pairs, threshold=15),
        lambda c: a.swap_set(c.pairs, threshold=10**6),
    ],
    "threshold_bands": [
        lambda c: a.threshold_bands(c.scores, replicates=FEW),
        lambda c: a.threshold_bands(c.scores, thresholds=OUTSIDE, method="DKW"),
    ],
    "threshold_table": [
        lambda c: a.threshold_table(c.scores, cost_ratio=RATIO),
        lambda c: a.threshold_table(c.scores, cost_ratio=RATIO, thresholds=OUTSIDE, weeks=c.weeks),
    ],
    "tier_table": [lambda c: a.tier_table(c.scores, thresholds=[10, 20, 10**6])],
    "time_auc": [lambda c: a.time_auc(c.days)],
    "time_to_table": [lambda c: a.time_to_table(c.days, BANDS)],
    "two_thresholds": [
        lambda c: a.two_thresholds(
            c.scores, nurture=(1, -0.1), immediate=(2, -0.6), thresholds=[10, 20], replicates=FEW
        )
    ],
    "update_ladder": [
        lambda c: a.update_ladder(c.weights),
        lambda c: a.update_ladder(c.weights, stated=(-2, 0.05)),
    ],
    "value_gains_table": [lambda c: a.value_gains_table(c.deals[0])],
    "weight_contrast": [lambda c: a.weight_contrast(c.weights, a="a", b="b")],
    "weight_table": [lambda c: a.weight_table(c.weights)],
    "wilson_interval": [lambda c: a.wilson_interval(*_hits(c))],
}
