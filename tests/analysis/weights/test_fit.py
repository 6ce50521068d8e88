"""The fits are those of independent programs on the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.weights.patterns import LEADS, LEADS_POINTS, count_patterns, term
from toolkit.analysis.weights import fit_weights, glm_results
from toolkit.errors import DataError, QuestionError


def rows_fit(rows, names, account=None, offset=None):
    import statsmodels.api as sm

    model = sm.GLM(
        rows["y"], sm.add_constant(rows[names].astype(float)), offset=offset,
        family=sm.families.Binomial(),
    )  # fmt: skip
    if account is None:
        return model.fit(tol=1e-14)
    return model.fit(tol=1e-14, cov_type="cluster", cov_kwds={"groups": rows[account]})


def plain(rows):
    """The leads with a score of the seven criteria alone, so that nothing is left over."""
    return rows.assign(score=rows[LEADS].to_numpy() @ np.array(LEADS_POINTS))


def test_coefficients_are_those_of_r_and_errors_those_over_accounts(oracle, leads):
    found = fit_weights(count_patterns(plain(leads), LEADS, LEADS_POINTS, account="account_id"))
    expected = oracle.value("glm_cluster.leads")
    assert expected["names"][1:] == LEADS
    np.testing.assert_allclose(found.joint.coefficients, expected["coef"][1:], rtol=1e-7)
    np.testing.assert_allclose(found.joint.standard_errors, expected["CL_HC1"][1:], rtol=1e-7)
    assert found.joint.log_likelihood == pytest.approx(expected["loglik"], rel=1e-9)
    assert found.design.groups == expected["G"]


def test_without_the_small_sample_factor_the_errors_are_those_of_robcov(oracle, leads):
    found = fit_weights(count_patterns(plain(leads), LEADS, LEADS_POINTS, account="account_id"))
    n, g, k = found.n, found.design.groups, len(LEADS) + 1
    factor = g / (g - 1) * (n - 1) / (n - k)
    expected = oracle.value("glm_cluster.leads.robcov")[1:]
    np.testing.assert_allclose(found.joint.standard_errors / factor**0.5, expected, rtol=1e-7)


def test_without_accounts_the_errors_are_those_of_the_information(oracle, leads):
    found = fit_weights(count_patterns(plain(leads), LEADS, LEADS_POINTS))
    expected = oracle.value("glm_cluster.leads")["se_model"]
    np.testing.assert_allclose(found.joint.standard_errors, expected[1:], rtol=1e-7)


def test_patterns_give_what_statsmodels_gives_on_rows(leads):
    rows = plain(leads)
    found = fit_weights(count_patterns(rows, LEADS, LEADS_POINTS, account="account_id"))
    expected = rows_fit(rows, LEADS, "account_id")
    np.testing.assert_allclose(found.joint.coefficients, expected.params[LEADS], rtol=1e-9)
    np.testing.assert_allclose(found.joint.standard_errors, expected.bse[LEADS], rtol=1e-9)
    assert found.joint.log_likelihood == pytest.approx(expected.llf, rel=1e-12)
    scale = rows_fit(rows, ["score"], "account_id")
    assert found.scale.per_point == pytest.approx(scale.params["score"], rel=1e-9)
    assert found.scale.standard_error == pytest.approx(scale.bse["score"], rel=1e-9)


def test_patterns_give_what_scikit_learn_gives_without_penalty(leads):
    from sklearn.linear_model import LogisticRegression

    rows = plain(leads)
    found = fit_weights(count_patterns(rows, LEADS, LEADS_POINTS))
    other = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200)
    other.fit(rows[LEADS].to_numpy(float), rows["y"])
    np.testing.assert_allclose(found.joint.coefficients, other.coef_[0], rtol=1e-6)


def test_the_default_penalty_of_scikit_learn_gives_other_weights(leads):
    """Scorecard packages that lean on its default (C=1) shrink every weight toward 0."""
    from sklearn.linear_model import LogisticRegression

    rows = plain(leads)
    found = fit_weights(count_patterns(rows, LEADS, LEADS_POINTS))
    shrunk = LogisticRegression().fit(rows[LEADS].to_numpy(float), rows["y"]).coef_[0]
    assert (np.abs(shrunk) < np.abs(found.joint.coefficients)).all()
    assert np.abs(shrunk / found.joint.coefficients - 1).max() > 0.01


def test_what_no_criterion_explains_is_an_offset_at_the_price_of_the_score(leads):
    found = fit_weights(count_patterns(leads, LEADS, LEADS_POINTS))  # 'competitor' is in the score
    rest = leads["score"] - leads[LEADS].to_numpy() @ np.array(LEADS_POINTS)
    assert set(rest) == {0, -50}
    expected = rows_fit(leads, LEADS, offset=found.scale.per_point * rest)
    np.testing.assert_allclose(found.joint.coefficients, expected.params[LEADS], rtol=1e-8)


@pytest.mark.by_hand("fit_weights")
def test_true_points_are_found_where_every_pattern_converts_as_they_say():
    """Four patterns whose odds are exactly 1, 2, 4 and 8: both criteria double, or redouble, them."""
    rows = pd.DataFrame(
        {"a": [0, 1, 0, 1], "b": [0, 0, 1, 1], "n": [2, 3, 5, 9], "k": [1, 2, 4, 8]}
    )
    each = rows.loc[rows.index.repeat(rows["n"])]
    each = each.assign(y=(each.groupby(level=0).cumcount() < each["k"]).astype(int))
    each["score"] = 10 * each["a"] + 20 * each["b"]
    found = fit_weights(count_patterns(each, ["a", "b"], [10, 20]))
    np.testing.assert_allclose(found.joint.coefficients, [np.log(2), np.log(4)], rtol=1e-9)
    np.testing.assert_allclose(found.joint.points, [10, 20], rtol=1e-9)
    assert found.scale.points_to_double == pytest.approx(10)
    assert found.global_test.p == pytest.approx(1)


@pytest.mark.property_of("fit_weights")
@given(st.lists(st.tuples(*[st.integers(0, 1)] * 4), min_size=12, max_size=60), st.randoms())
def test_shuffled_rows_and_renamed_accounts_change_nothing(rows, random):
    frame = pd.DataFrame(rows, columns=["a", "b", "y", "account"])
    frame["account"] += np.arange(len(frame)) // 3 * 2
    frame["score"] = 10 * frame["a"] + 5 * frame["b"]
    order = list(range(len(frame)))
    random.shuffle(order)
    other = frame.iloc[order].reset_index(drop=True)
    other["account"] = "x" + (997 - other["account"]).astype(str)
    one, two = (
        fit_weights(count_patterns(f, ["a", "b"], [10, 5], account="account"))
        for f in (frame, other)
    )
    np.testing.assert_allclose(one.joint.points, two.joint.points, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(one.global_test.p, two.global_test.p, rtol=1e-5, atol=1e-7)
    assert one.reason == two.reason


def test_only_judged_leads_are_evidence(leads):
    rows = plain(leads)
    alone = fit_weights(count_patterns(rows, LEADS, LEADS_POINTS, account="account_id"))
    states = rows.assign(state=np.where(rows["y"] == 1, "converted", "not_converted"))
    more = states.head(900).assign(state="unworked"), states.tail(500).assign(state="immature")
    every = pd.concat([states, *more], ignore_index=True).drop(columns="y")
    mixed = fit_weights(count_patterns(every, LEADS, LEADS_POINTS, account="account_id"))
    np.testing.assert_array_equal(mixed.joint.coefficients, alone.joint.coefficients)
    np.testing.assert_allclose(mixed.joint.standard_errors, alone.joint.standard_errors, rtol=1e-12)


@pytest.mark.parametrize(
    ("y", "reason"),
    [
        ([0, 0, 0, 0], "none of 4 judged leads converted"),
        ([1, 1, 1, 1], "all of 4 judged leads converted"),
    ],
)
def test_one_kind_of_outcome_is_a_reason_not_an_error(y, reason):
    rows = pd.DataFrame({"a": [0, 1, 0, 1], "score": [0, 10, 0, 10], "y": y})
    found = fit_weights(count_patterns(rows, ["a"], [10]))
    assert found.reason == reason
    assert np.isnan(found.joint.points).all()
    assert np.isnan(found.global_test.p)


def test_one_score_alone_is_a_reason():
    rows = pd.DataFrame({"a": [0, 0], "score": [5, 5], "y": [0, 1]})
    assert fit_weights(count_patterns(rows, ["a"], [10])).reason == (
        "all judged leads have the same score"
    )


def test_no_leads_at_all_is_a_reason():
    rows = pd.DataFrame({"a": [0], "score": [5], "y": [0]})
    counts = count_patterns(rows, ["a"], [10])
    none = counts.part(np.array([False]))
    assert fit_weights(none).reason == "no judged leads"


def test_terms_that_repeat_others_are_nan_not_noise(leads):
    rows = plain(leads).assign(twin=leads["vp"])
    found = fit_weights(count_patterns(rows, ["vp", "twin", "demo"], [20, 0, 30]))
    assert np.isnan(found.joint.points).tolist() == [False, True, False]


def test_the_linear_model_agrees_on_signs(leads):
    import statsmodels.api as sm

    rows = plain(leads)
    found = fit_weights(count_patterns(rows, LEADS, LEADS_POINTS))
    expected = sm.OLS(rows["y"], sm.add_constant(rows[LEADS].astype(float))).fit().params[LEADS]
    np.testing.assert_allclose(found.linear, expected, rtol=1e-8)
    assert (np.sign(found.linear) == np.sign(found.joint.coefficients)).all()


def test_patterns_of_another_model_are_refused(leads):
    from dataclasses import replace

    from toolkit.model.examples import example_text

    counts = count_patterns(leads, LEADS, LEADS_POINTS)
    other = replace(counts, provenance=replace(counts.provenance, model_hash="0" * 12, model="x 1"))
    from toolkit.model import parse_model

    model = parse_model(example_text("glossary"))

    with pytest.raises(QuestionError, match="count the patterns of a backtest of the same model"):
        fit_weights(other, model)


def test_a_leak_that_does_not_exist_is_named(lead_patterns):
    with pytest.raises(QuestionError, match=r"after_contact names .webinr.*did you mean .webinar."):
        fit_weights(lead_patterns, after_contact=["webinr"])


def test_points_of_a_leak_leave_the_score_used(leads):
    rows = plain(leads)
    found = fit_weights(count_patterns(rows, LEADS, LEADS_POINTS), after_contact=["demo"])
    rest = [name for name in LEADS if name != "demo"]
    points = [p for name, p in zip(LEADS, LEADS_POINTS, strict=True) if name != "demo"]
    without = rows.assign(score=rows["score"] - 30 * rows["demo"])
    expected = fit_weights(count_patterns(without, rest, points))
    kept = [i for i, name in enumerate(LEADS) if name != "demo"]
    np.testing.assert_allclose(found.joint.points[kept], expected.joint.points, rtol=1e-8)
    assert found.global_test.p == pytest.approx(expected.global_test.p, rel=1e-8)
    assert np.isnan(found.joint.points[LEADS.index("demo")])


def test_terms_of_policy_are_not_part_of_what_is_tested(leads):
    rows = plain(leads)
    terms = tuple(
        term(n, p, basis="policy" if n == "webinar" else "evidence")
        for n, p in zip(LEADS, LEADS_POINTS, strict=True)
    )
    free = fit_weights(count_patterns(rows, LEADS, LEADS_POINTS, terms=terms))
    all_ = fit_weights(count_patterns(rows, LEADS, LEADS_POINTS))
    assert free.global_test.degrees == all_.global_test.degrees - 1
    assert free.global_test.statistic < all_.global_test.statistic


def test_accounts_of_other_counts_are_refused(lead_accounts):
    from dataclasses import replace

    from toolkit.counts import AccountCells

    frame = lead_accounts.accounts.frame
    wrong = replace(lead_accounts, accounts=AccountCells(frame.assign(n=frame["n"] * 50)))
    with pytest.raises(DataError, match="belong to other counts"):
        fit_weights(wrong)


def test_states_that_do_not_exist_are_refused(lead_patterns):
    from dataclasses import replace

    wrong = replace(lead_patterns, frame=lead_patterns.frame.assign(state="maybe"))
    with pytest.raises(DataError, match="unknown state"):
        fit_weights(wrong)


def test_statsmodels_reports_the_same_fit(leads):
    rows = plain(leads)
    found = fit_weights(count_patterns(rows, LEADS, LEADS_POINTS))
    results = glm_results(found)
    expected = rows_fit(rows, LEADS)
    assert results.model.exog_names == ["intercept", *LEADS]
    np.testing.assert_allclose(results.params, expected.params, rtol=1e-9)
    np.testing.assert_allclose(results.bse, expected.bse, rtol=1e-8)
    rare = rows.assign(rare=0)
    rare.loc[rare.index[rare["y"] == 1][:5], "rare"] = 1
    separated = fit_weights(count_patterns(rare, [*LEADS, "rare"], [*LEADS_POINTS, 0]))
    assert separated.joint.method == "Firth"
    with pytest.raises(QuestionError, match="the outcomes are separated"):
        glm_results(separated)


def test_a_score_that_separates_the_outcomes_is_a_reason():
    rows = pd.DataFrame({"a": [0, 0, 1, 1] * 9, "b": [0, 1, 0, 1] * 9})
    rows["score"] = 20 * rows["a"] + 5 * rows["b"]
    found = fit_weights(count_patterns(rows.assign(y=rows["a"]), ["a", "b"], [20, 5]))
    assert found.reason == "the score separates the leads that converted from the others"
    assert np.isnan(found.scale.per_point)


def test_accounts_that_show_no_variation_give_no_error_instead_of_none():
    """Every account has the same leads: sums over accounts are all 0, which is no certainty."""
    one = pd.DataFrame({"a": [0, 0, 1, 1], "y": [0, 1, 0, 1], "score": [0, 0, 10, 10]})
    rows = pd.concat([one.assign(account=i) for i in range(50)], ignore_index=True)
    found = fit_weights(count_patterns(rows, ["a"], [10], account="account"))
    assert np.isnan(found.scale.standard_error)
    assert np.isnan(found.joint.standard_errors).all()
    assert np.isnan(found.joint.points_low).all()
