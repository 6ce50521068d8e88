"""Change, keep, not enough evidence: by oracles, by hand, and how often it is wrong."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from tests.analysis.comparison.pair_rows import count_pairs, sides
from toolkit.analysis.comparison import compare_models
from toolkit.analysis.comparison.paired import compare_precision
from toolkit.analysis.comparison.worked import read_choices, select_from
from toolkit.analysis.ranking import auc_difference
from toolkit.counts import AccountCells
from toolkit.errors import DataError, QuestionError


def drawn(better, *, n=4_000, seed=1, accounts=0):
    """Two scores of the same leads; the challenger knows `better` more of the truth."""
    rng = np.random.default_rng(seed)
    truth, one, two = rng.normal(size=(3, n))
    rows = pd.DataFrame({
        "champion": np.round(10 * (truth + 1.5 * one)),
        "challenger": np.round(10 * (truth + (1.5 - better) * two)),
    }).astype(int)  # fmt: skip
    effect = 0.0
    if accounts:
        rows["account"] = rng.integers(0, accounts, n)
        effect = 0.7 * rng.normal(size=accounts)[rows["account"]]
    hit = rng.random(n) < expit(-2 + 1.2 * truth + effect)
    rows["state"] = np.where(hit, "converted", "not_converted")
    return rows


def measures(rows, **more):
    return compare_models(count_pairs(rows), **more).table.set_index("measure")


def test_the_benefit_and_its_error_are_those_of_survey_software(oracle, rows):
    """Against a challenger that works nobody the difference is the champion's own benefit."""
    expected = oracle.value("cluster_nb.leads_t50_pt10")
    flat = rows.assign(challenger=0)
    flat.loc[flat["champion"] >= 50, "champion"] = 1_000
    found = measures(flat, threshold=1_000, cost_ratio=1 / 9).loc["net benefit"]
    assert found["champion"] == pytest.approx(expected["nb"], rel=1e-9)


def test_the_area_is_that_of_the_paired_test(rows):
    pairs = count_pairs(rows)
    found, own = compare_models(pairs, threshold=50), auc_difference(pairs)
    row = found.table.set_index("measure").loc["auc"]
    assert row[["difference", "low", "high"]].tolist() == [own.estimate, own.low, own.high]


@pytest.mark.by_hand("compare_models")
def test_equal_workload_by_hand():
    """Champion works 40 (20 converted). The challenger's best 30 hold 21, 10 of 20 tied: 4 of 8."""
    frame = pd.DataFrame(
        [
            (1, 2, "converted", 15), (1, 2, "not_converted", 9), (0, 2, "converted", 6),
            (1, 1, "converted", 5), (1, 1, "not_converted", 11), (0, 1, "converted", 3),
            (0, 1, "not_converted", 1), (0, 0, "converted", 10), (0, 0, "not_converted", 40),
        ],
        columns=["champion", "challenger", "state", "n"],
    )  # fmt: skip
    pairs = sides((1, 1), (1, 1))
    found = compare_models(type(pairs)(frame, pairs.provenance, "x", "nothing"), threshold=1,
                           cost_ratio=0.25)  # fmt: skip
    table = found.table.set_index("measure")
    assert found.workload == 40
    assert table.loc["precision", ["champion", "challenger"]].tolist() == pytest.approx(
        [20 / 40, (21 + 8 * 10 / 20) / 40]
    )
    assert table.loc["recall", ["champion", "challenger"]].tolist() == pytest.approx(
        [20 / 39, 25 / 39]
    )
    assert table.loc["net benefit", ["champion", "challenger"]].tolist() == pytest.approx(
        [(20 - 0.25 * 20) / 100, (25 - 0.25 * 15) / 100]
    )


def test_a_much_better_challenger_is_a_change():
    found = compare_models(count_pairs(drawn(1.3, n=8_000)), workload=1_500, cost_ratio=0.2)
    assert found.verdict == "change"
    assert found.judged_by == "net benefit"
    assert (found.table["verdict"] == "change").all()
    assert found.text.startswith("Change: net benefit changes by +")


def test_the_margin_decides_not_zero():
    """One interval, three margins: below it, inside it, above the upper end of the 90% interval."""
    pairs = count_pairs(drawn(1.3, n=8_000))
    row = measures(drawn(1.3, n=8_000), workload=1_500).loc["precision"]
    assert 0 < row["low"] < row["high_inner"] < row["high"]
    for margin, verdict in (
        (row["low"] - 1e-6, "change"),
        (row["low"] + 1e-6, "not enough evidence"),
        (row["high_inner"] - 1e-6, "not enough evidence"),
        (row["high_inner"] + 1e-6, "keep"),
    ):
        found = compare_models(pairs, workload=1_500, margins={"precision": margin})
        assert found.verdict == verdict


def test_the_same_ranking_is_kept(rows):
    same = rows.assign(challenger=rows["champion"] * 2 + 7)
    found = compare_models(count_pairs(same), threshold=50, cost_ratio=0.2)
    assert (found.table["verdict"] == "keep").all()
    assert found.verdict == "keep"


def test_little_evidence_says_how_many_leads_would_do():
    found = compare_models(count_pairs(drawn(0.4, n=400)), workload=80)
    assert found.verdict == "not enough evidence"
    assert found.judged_by == "precision"
    assert found.table.set_index("measure").loc["precision", "n_needed"] > 400


def test_a_worse_challenger_leaves_the_champion_in_place():
    worse = drawn(1.3, n=8_000).rename(columns={"champion": "challenger", "challenger": "champion"})
    assert compare_models(count_pairs(worse), workload=1_500).verdict == "keep"


def test_swap_ins_that_nobody_worked_make_no_winner():
    """The refusal stands however good the challenger looks on the worked leads."""
    rows = drawn(1.3, n=8_000)
    start = int(rows["champion"].quantile(0.8))
    rows.loc[rows["champion"] < start, "state"] = "unworked"
    found = compare_models(count_pairs(rows), threshold=start, cost_ratio=0.2)
    assert found.verdict == "cannot be told"
    assert "were never worked" in found.because
    assert "at random and it can be told" in found.because
    assert (found.table["verdict"] == "cannot be told").all()
    rates = found.table.set_index("measure").loc[["net benefit", "precision", "recall"]]
    assert np.isnan(rates[["challenger", "difference", "low", "high"]].astype(float)).all().all()


def test_a_challenger_fitted_on_these_leads_makes_no_winner():
    pairs = count_pairs(drawn(1.3), fitted_on="these leads")
    found = compare_models(pairs, workload=800)
    assert found.verdict == "cannot be told"
    assert found.because.startswith("the challenger was fitted on these leads")
    assert np.isnan(found.table["difference"].astype(float)).all()


def test_an_estimate_at_the_margin_asks_for_no_number_of_leads():
    """11 of 100 against 10 of 100 is the margin of 0.01 itself, but for rounding."""
    pairs = sides((11, 89), (10, 90), (0, 0), (50, 500))
    found = compare_models(pairs, threshold=1).table.set_index("measure").loc["precision"]
    assert found["difference"] == pytest.approx(0.01)
    assert pd.isna(found["n_needed"])


def test_the_columns_are_those_promised(rows):
    found = compare_models(count_pairs(rows), threshold=50)
    assert list(found.table.columns) == [
        "measure", "champion", "challenger", "difference", "low", "high", "low_inner",
        "high_inner", "margin", "verdict", "n_needed", "reason",
    ]  # fmt: skip
    benefit = found.table.set_index("measure").loc["net benefit"]
    assert benefit["reason"] == "no cost ratio was given"
    assert benefit["verdict"] == "not enough evidence"


def test_questions_that_make_no_sense_are_refused(rows):
    pairs = count_pairs(rows)
    with pytest.raises(QuestionError, match="give one of threshold"):
        compare_models(pairs)
    with pytest.raises(QuestionError, match="no measure 'gini'"):
        compare_models(pairs, threshold=50, margins={"gini": 0.1})
    with pytest.raises(QuestionError, match="margin of auc is 0"):
        compare_models(pairs, threshold=50, margins={"auc": 0})


def wrong_wins(runs, **more):
    """Both know as much of the truth: how often the challenger wins by whatever measure decides."""
    found = [
        compare_models(
            count_pairs(drawn(0.0, n=1_500, seed=500 + i, **more)), workload=300, cost_ratio=0.2
        ).verdict
        for i in range(runs)
    ]
    return np.mean([verdict == "change" for verdict in found])


def test_equal_models_seldom_make_a_winner():
    assert wrong_wins(40, accounts=500) <= 0.1


@pytest.mark.slow
def test_equal_models_make_a_winner_in_at_most_five_percent():
    assert wrong_wins(400) <= 0.05
    assert wrong_wins(400, accounts=500) <= 0.05


def test_without_a_lead_there_is_nothing_to_compare_on():
    """A period to try the proposal on that begins after the last lead."""
    pairs = count_pairs(drawn(0.0, n=50))
    with pytest.raises(DataError, match="no lead to compare"):
        compare_models(replace(pairs, frame=pairs.frame.iloc[:0]), threshold=50)


ONE_ACCOUNT = "no interval and no test: one account is all there is"


def test_one_account_gives_differences_without_intervals_and_says_why():
    rows = drawn(0.5, n=400).assign(account=3)
    found = compare_models(count_pairs(rows), threshold=10, cost_ratio=0.2)
    table = found.table.set_index("measure")
    assert table["difference"].notna().all()
    ends = ["low", "high", "low_inner", "high_inner"]
    assert table[ends].isna().all(axis=None)
    assert table["reason"].notna().all()
    assert (table["verdict"] == "not enough evidence").all()
    assert found.text == f"Not enough evidence: {ONE_ACCOUNT}."
    assert found.swap.text == f"Not enough evidence: {ONE_ACCOUNT}."
    assert np.isnan([found.swap.low, found.swap.high, found.swap.p_accounts]).all()
    tests = (found.swap.recall, found.swap.false_positives)
    assert [each.reason for each in tests] == [ONE_ACCOUNT] * 2
    assert np.isnan([each.p for each in tests]).all()
    precision = found.swap.precision
    assert np.isnan([precision.p_robust, precision.low, precision.high]).all()
    assert precision.reason == ONE_ACCOUNT


def test_no_keep_follows_from_a_difference_of_0_that_nobody_can_judge():
    """Two leads in, two out, one of each converted: other leads, the same precision."""
    pairs = sides((1, 1), (1, 1), (3, 3), (3, 3))
    cells = pd.DataFrame({"account": 0, "cell": range(len(pairs.frame)), "n": pairs.frame["n"]})
    found = compare_models(replace(pairs, accounts=AccountCells(cells)), threshold=1)
    row = found.table.set_index("measure").loc["precision"]
    assert (row["difference"], row["verdict"]) == (0, "not enough evidence")
    assert compare_models(sides((0, 0), (0, 0), (3, 3), (3, 3)), threshold=1).verdict == "keep"


def test_intervals_of_differences_stay_where_differences_can_lie():
    """Four leads, one converted and found by the challenger alone: 0.5 + z 0.35 is beyond 1."""
    rows = pd.DataFrame({"champion": [1, 2, 3, 4], "challenger": [4, 3, 2, 1]})
    rows["state"] = ["converted", *["not_converted"] * 3]
    table = compare_models(count_pairs(rows), threshold=3, cost_ratio=0.2).table
    known = table.set_index("measure").loc["precision"]
    assert (known["difference"], known["high"]) == (0.5, 1.0)
    assert known["low"] == pytest.approx(0.5 - 1.959963984540054 * sqrt(2 * 0.25**2))
    recall = table.set_index("measure").loc["recall"]
    assert (recall["difference"], recall["reason"]) == (1.0, "no variance is seen")


def precision_rejections(accounts, *, runs, seed=1, leads=20):
    """Two rules that choose at random: how often their equal precisions are told apart."""
    rng, p = np.random.default_rng([seed, accounts]), []
    for _ in range(runs):
        account = np.repeat(np.arange(accounts), leads)
        fate = rng.normal(size=accounts)[account]
        rows = pd.DataFrame({
            "champion": (rng.normal(size=accounts)[account] + rng.normal(size=len(account)) > 0),
            "challenger": (rng.normal(size=accounts)[account] + rng.normal(size=len(account)) > 0),
            "account": account,
        }).astype(int)  # fmt: skip
        hit = rng.random(len(rows)) < expit(-1 + fate)
        rows["state"] = np.where(hit, "converted", "not_converted")
        choices = read_choices(count_pairs(rows))
        one, two = (select_from(s, 1) for s in (choices.champion, choices.challenger))
        p.append(compare_precision(choices, one, two).p_robust)
    return float(np.mean(np.array(p) < 0.05))


@pytest.mark.parametrize(
    ("accounts", "runs"),
    [(8, 60), *[pytest.param(g, 1_000, marks=pytest.mark.slow) for g in (4, 8, 20, 60)]],
)
def test_equal_precisions_are_told_apart_in_five_percent_however_few_the_accounts(accounts, runs):
    rate = precision_rejections(accounts, runs=runs)
    assert rate <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5 + 0.01


PAIR = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 1), st.integers(0, 12))


@pytest.mark.property_of("compare_models")
@settings(max_examples=8)
@given(st.lists(PAIR, min_size=20, max_size=60), st.integers(3, 15), st.booleans())
def test_exchanging_the_models_turns_the_differences_and_copies_in_accounts_add_nothing(
    rows, workload, known
):
    frame = pd.DataFrame(rows, columns=["champion", "challenger", "hit", "account"])
    frame["state"] = np.where(frame["hit"] == 1, "converted", "not_converted")
    frame = frame.drop(columns="hit" if known else ["hit", "account"])
    one = measures(frame, workload=workload, cost_ratio=0.5)
    roles = {"champion": "challenger", "challenger": "champion"}
    two = measures(frame.rename(columns=roles), workload=workload, cost_ratio=0.5)
    for name, turned in (
        ("champion", two["challenger"]), ("difference", -two["difference"]), ("low", -two["high"]),
        ("high_inner", -two["low_inner"]),
    ):  # fmt: skip
        np.testing.assert_allclose(one[name].astype(float), turned.astype(float), atol=1e-9)
    # From the rows: the best leads by each score, those tied at the end by share.
    for side in ("champion", "challenger"):
        share = best_share(frame[side].to_numpy(), workload)
        hit = (frame["state"] == "converted").to_numpy()
        assert one.loc["precision", side] == pytest.approx(share @ hit / workload)
        worth = share @ np.where(hit, 1.0, -0.5) / len(frame)
        assert one.loc["net benefit", side] == pytest.approx(worth)
    if known:
        # Every account has several leads, so that copies part none of them.
        several = pd.concat([frame] * 2, ignore_index=True)
        once = measures(several, workload=2 * workload, cost_ratio=0.5)
        many = pd.concat([several] * 3, ignore_index=True)
        thrice = measures(many, workload=6 * workload, cost_ratio=0.5)
        for name in ("champion", "challenger", "difference", "low", "high"):
            np.testing.assert_allclose(
                once[name].astype(float), thrice[name].astype(float), atol=1e-9
            )


def best_share(score, workload):
    """Of each lead the share that is worked, lead by lead."""
    above = (score[:, None] < score[None, :]).sum(axis=1)
    tied = (score[:, None] == score[None, :]).sum(axis=1)
    return np.clip((workload - above) / tied, 0, 1)
