"""What a score must beat; proposals on leads they have not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.analysis.proposal.models import drawn, model_of, patterns_of
from tests.analysis.weights.patterns import count_cells, term
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
    assert table["reason"].str.endswith("one account is all there is").all()


CELLS = [(0, 0, 20, 100), (1, 0, 80, 100), (0, 1, 40, 100), (1, 1, 160, 100)]
"""(a, b, converted, others), paid 20 for a and 10 for b, and worth it: ten points double the odds."""


@pytest.mark.by_hand("baseline_table", "pattern_pairs")
def test_what_a_score_must_beat_by_hand():
    counts = count_cells({"a": 20, "b": 10}, CELLS)
    pairs = pattern_pairs(counts, counts.frame["t0"].to_numpy(), name="a alone").frame
    found = pairs.groupby(["champion", "challenger", "state"])["n"].sum().to_dict()
    assert found == {
        (0, 0, "converted"): 20, (0, 0, "not_converted"): 100,
        (10, 0, "converted"): 40, (10, 0, "not_converted"): 100,
        (20, 1, "converted"): 80, (20, 1, "not_converted"): 100,
        (30, 1, "converted"): 160, (30, 1, "not_converted"): 100,
    }  # fmt: skip
    table = baseline_table(counts, threshold=20).set_index("baseline")
    assert table.index.tolist() == ["chance", "a alone", "equal points"]
    # Each cell has 100 others; of 300 converted 20, 40, 80, 160 beat 1/2, 3/2, 5/2, 7/2 hundreds.
    today = (20 * 50 + 40 * 150 + 80 * 250 + 160 * 350) / (300 * 400)
    # By a alone 60 and 240 beat 1 and 3 of 4; with equal points 20, 120, 160 beat 1/2, 2, 7/2.
    areas = [1 / 2, (60 * 100 + 240 * 300) / 120_000, (20 * 50 + 120 * 200 + 160 * 350) / 120_000]
    assert table["auc_today"].tolist() == pytest.approx([today] * 3)
    assert table["auc"].tolist() == pytest.approx(areas)
    assert table["auc_gain"].tolist() == pytest.approx([today - each for each in areas])
    # At or above 20 lie 440, of whom 240 converted. Equal points: 260 with both, and 180 of the
    # 320 that have one, of whom 120 converted.
    precision = [300 / 700, 240 / 440, (160 + 120 * 180 / 320) / 440]
    assert table["precision_today"].tolist() == pytest.approx([240 / 440] * 3)
    assert table["precision"].tolist() == pytest.approx(precision)
    assert table["precision_gain"].tolist() == pytest.approx([240 / 440 - p for p in precision])


@pytest.mark.by_hand("cross_fitted_pairs")
def test_proposals_of_other_folds_by_hand():
    """Two folds that are alike. Right points stay; where a is worth 50 and paid 20, it passes b."""
    right = [(a, b, fold, h, m) for fold in (0, 1) for a, b, h, m in CELLS]
    pairs = cross_fitted_pairs(
        any_model(count_cells({"a": 20, "b": 10}, right, by="fold")),
        model_of({"a": 20, "b": 10}),
    ).frame
    assert dict(zip(pairs["champion"], pairs["challenger"], strict=True)) == {
        0: 0,
        10: 1,
        20: 2,
        30: 3,
    }
    wrong = [
        (a, b, fold, 1000 * 2 ** (5 * a + 3 * b), 40_000)
        for fold in (0, 1) for a in (0, 1) for b in (0, 1)
    ]  # fmt: skip
    pairs = cross_fitted_pairs(
        any_model(count_cells({"a": 20, "b": 30}, wrong, by="fold")),
        model_of({"a": 20, "b": 30}),
    )
    assert pairs.fitted_on == "other leads"
    order = dict(zip(pairs.frame["champion"], pairs.frame["challenger"], strict=True))
    assert order == {0: 0, 30: 1, 20: 2, 50: 3}


def any_model(counts):
    return replace(counts, provenance=replace(counts.provenance, model_hash=None))
