"""What a score must beat; proposals on leads they have not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.analysis.proposal.models import drawn, model_of, patterns_of
from tests.analysis.weights.patterns import term
from toolkit.analysis.comparison import (
    baseline_table,
    compare_models,
    cross_fitted_pairs,
    deal_folds,
)
from toolkit.analysis.comparison.baselines import pattern_pairs
from toolkit.analysis.ranking import auc_difference
from toolkit.errors import QuestionError

NOW = {"a": 20, "b": 10, "c": -10, "d": 15}
TERMS = tuple(
    term(name, worth, dimension="fit" if name in "ab" else "behavior")
    for name, worth in NOW.items()
)


@pytest.fixture(scope="module")
def rows():
    return drawn(NOW, NOW, n=12_000, accounts=4_000, account_sd=0.3)


def test_every_baseline_is_named_and_has_the_area_of_scikit_learn(rows):
    table = baseline_table(patterns_of(rows, NOW, terms=TERMS), threshold=35)
    assert table["baseline"].tolist() == [
        "chance", "a alone", "fit alone", "behavior alone", "equal points",
    ]  # fmt: skip
    found = table.set_index("baseline")["auc"]
    worth = rows[list(NOW)] * pd.Series(NOW)
    assert found["chance"] == 0.5
    for name, score in (
        ("a alone", rows["a"]),
        ("fit alone", worth[["a", "b"]].sum(axis=1)),
        ("behavior alone", worth[["c", "d"]].sum(axis=1)),
        ("equal points", rows["a"] + rows["b"] - rows["c"] + rows["d"]),
    ):
        assert found[name] == pytest.approx(roc_auc_score(rows["y"], score), rel=1e-12)


def test_a_right_score_beats_chance(rows):
    table = baseline_table(patterns_of(rows, NOW, account="account"), threshold=35)
    chance = table.set_index("baseline").loc["chance"]
    assert chance["beaten"]
    assert chance["precision"] == pytest.approx(rows["y"].mean())
    assert chance["precision_low"] < chance["precision_gain"] < chance["precision_high"]


def test_an_external_probability_is_one_more_row(rows):
    counts = patterns_of(rows, NOW)
    other = pattern_pairs(counts, counts.frame["score"].to_numpy(float), name="vendor")
    table = baseline_table(counts, threshold=35, external={"vendor": other})
    row = table.set_index("baseline").loc["vendor"]
    assert row["auc_gain"] == 0
    assert row["beaten"] is None


def folded(rows):
    numbered = rows.assign(fold=rows["account"] % 5)
    return patterns_of(numbered, NOW, account="account", by="fold")


def test_cross_fitted_proposals_improve_a_wrong_score_and_leave_a_right_one(rows):
    wrong = drawn(NOW, {**NOW, "b": -30}, n=12_000, accounts=4_000)
    better = compare_models(cross_fitted_pairs(folded(wrong), model_of(NOW)), workload=3_000)
    assert better.verdict == "change"
    same = cross_fitted_pairs(folded(rows), model_of(NOW))
    assert same.fitted_on == "other leads"
    assert compare_models(same, workload=3_000).verdict != "change"


def test_no_lead_is_scored_by_a_proposal_that_saw_its_outcome():
    """Turning the outcomes of one fold around moves the scores of the other folds only."""
    wrong = drawn(NOW, {**NOW, "b": -30}, n=6_000, accounts=2_000)
    inside = wrong["account"] % 5 == 0
    turned = wrong.assign(y=np.where(inside, 1 - wrong["y"], wrong["y"]))
    scores = []
    for each in (wrong, turned):
        counts = folded(each)
        pairs = cross_fitted_pairs(counts, model_of(NOW)).frame
        own = (counts.frame["fold"].astype(int) == 0).to_numpy()
        keys = (
            counts.frame.loc[own, ["t0", "t1", "t2", "t3"]]
            .astype(int)
            .astype(str)
            .agg("".join, axis=1)
        )
        ranks = pairs.loc[own, "challenger"].groupby(keys).first().rank(method="dense")
        scores.append(ranks)
    pd.testing.assert_series_equal(scores[0], scores[1])


def test_folds_and_scores_must_be_there(rows):
    counts = patterns_of(rows, NOW)
    with pytest.raises(QuestionError, match="no folds"):
        cross_fitted_pairs(counts, model_of(NOW))
    with pytest.raises(QuestionError, match="expected one score for each"):
        pattern_pairs(counts, np.zeros(3), name="x")


def test_dealt_folds_hold_every_lead_once_whatever_the_order_of_rows():
    leads = drawn(NOW, NOW, n=900)
    shuffled = leads.sample(frac=1, random_state=2)
    one, other = (deal_folds(patterns_of(part, NOW), folds=4).frame for part in (leads, shuffled))
    pd.testing.assert_frame_equal(one, other)
    assert one.groupby("fold")["n"].sum().tolist() == [225] * 4
    keys = [name for name in one if name not in ("fold", "n")]
    plain = patterns_of(leads, NOW).frame.set_index(keys)["n"]
    pd.testing.assert_series_equal(one.groupby(keys)["n"].sum(), plain, check_dtype=False)


def test_leads_of_accounts_are_not_dealt_one_by_one(rows):
    with pytest.raises(QuestionError, match="dealing leads would part them"):
        deal_folds(patterns_of(rows, NOW, account="account"))


def test_cross_fitting_leaves_a_leak_where_it_is():
    """`a` mostly knows the outcome: named, it moves nothing; unnamed, it makes a winner."""
    leads = drawn(NOW, NOW, n=6_000)
    flipped = np.random.default_rng(1).random(len(leads)) < 0.2
    leads["a"] = np.where(flipped, 1 - leads["y"], leads["y"])
    leads["score"] = leads[list(NOW)] @ list(NOW.values())
    folded_leads = deal_folds(patterns_of(leads, NOW))
    named, unnamed = (
        auc_difference(cross_fitted_pairs(folded_leads, model_of(NOW), after_contact=names))
        for names in (["a"], [])
    )
    assert abs(named.challenger - named.champion) < 0.01
    assert unnamed.challenger > unnamed.champion + 0.015


def test_what_one_account_cannot_tell_has_a_reason(rows):
    table = baseline_table(
        patterns_of(rows.assign(account=1), NOW, account="account"), threshold=20
    )
    assert table["beaten"].isna().all()
    assert table["reason"].str.startswith("too few accounts").all()
