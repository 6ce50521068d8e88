from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from tests.analysis import naive, strategies
from tests.analysis.rows import PROVENANCE, count_rows, lead_rows
from toolkit.analysis import rate, threshold_table, wilson_interval
from toolkit.counts import ScoreCounts
from toolkit.errors import QuestionError

COLUMNS = [
    "threshold", "leads", "leads_share", "leads_share_low", "leads_share_high",
    "leads_per_week", "hours_per_week", "within_capacity",
    "leads_per_week_median", "leads_per_week_p90",
    "n", "tp", "fp", "fn", "tn",
    "precision", "precision_low", "precision_high",
    "nowhere_rate", "nowhere_rate_low", "nowhere_rate_high",
    "recall", "recall_low", "recall_high",
    "false_positive_rate", "false_positive_rate_low", "false_positive_rate_high",
    "lift", "lift_low", "lift_high", "npv", "npv_low", "npv_high",
    "recall_lowest", "recall_highest", "fpr_lowest", "fpr_highest",
    "worked_share_above", "worked_share_below",
    "net_benefit", "net_benefit_low", "net_benefit_high", "net_benefit_all", "reason",
]  # fmt: skip
RATES = {"recall": "recall", "false_positive_rate": "fpr", "precision": "precision"}


def test_columns_are_those_of_the_docstring(sim_counts):
    assert list(threshold_table(sim_counts).columns) == COLUMNS
    text = str(threshold_table.__doc__)
    for name in COLUMNS:
        stem = name.removesuffix("_low").removesuffix("_high")
        assert f"`{stem}`" in text


def test_counts_and_rates_are_those_of_r(oracle, sim_counts):
    table = threshold_table(sim_counts, thresholds=[20, 40, 50, 80]).set_index("threshold")
    for t, expected in oracle.value("threshold.leads").items():
        row = table.loc[int(t)]
        for name in ("TP", "FP", "FN", "TN"):
            assert row[name.lower()] == expected[name]
        for name, theirs in RATES.items():
            found = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
            assert found == pytest.approx(expected[theirs], rel=1e-9)
        share = [row["leads_share"], row["leads_share_low"], row["leads_share_high"]]
        assert share == pytest.approx(expected["workload"], rel=1e-9)
        assert row["lift"] == pytest.approx(expected["lift"], rel=1e-9)


def test_range_of_recall_with_unworked_leads_is_manskis(oracle, sim):
    states = (
        sim["y"].map({1: "converted", 0: "not_converted"}).where(sim["worked"] == 1, "unworked")
    )
    counts = count_rows(pd.DataFrame({"score": sim["score"], "state": states}))
    row = threshold_table(counts, thresholds=[50]).iloc[0]
    name = "begg_greenes.leads_t50"
    assert row["recall_lowest"] == oracle.approx(name, "manski_tpr_lo")
    assert row["recall_highest"] == oracle.approx(name, "manski_tpr_hi")
    assert row["fpr_highest"] == oracle.approx(name, "naive_fpr")
    full = oracle.value(name)
    assert row["recall_lowest"] < full["full_tpr"] < row["recall_highest"]
    assert row["fpr_lowest"] < full["full_fpr"] < row["fpr_highest"]
    hidden = ["recall", "recall_low", "recall_high", "false_positive_rate", "lift", "npv"]
    assert row[hidden].isna().all()
    # What is known stays: the conversion of the leads that were handed over.
    assert row["precision"] == pytest.approx(95 / 292)
    assert row["reason"] == (
        f"cannot be told: {1 - row['worked_share_below']:.0%} of leads below the threshold "
        "were never worked"
    )


@pytest.fixture
def rows():
    """Scores 10 to 50; above 30: 2 converted, 1 not, 1 immature; below: 1 and 2, 1 unworked."""
    return pd.DataFrame(
        {
            "score": [50, 40, 30, 30, 20, 20, 10, 10],
            "state": [
                "converted", "converted", "not_converted", "immature",
                "converted", "not_converted", "not_converted", "unworked",
            ],
        }
    )  # fmt: skip


@pytest.mark.by_hand("threshold_table")
def test_a_threshold_by_hand(rows):
    row = threshold_table(
        count_rows(rows[rows["state"] != "unworked"]), thresholds=[30], cost_ratio=1 / 4,
        capacity_per_week=0.4,
    ).iloc[0]  # fmt: skip
    assert row[["leads", "n", "tp", "fp", "fn", "tn"]].tolist() == [4, 3, 2, 1, 1, 2]
    assert row["leads_share"] == 4 / 7
    assert row["leads_per_week"] == pytest.approx(4 / 10)  # ten weeks
    assert row["within_capacity"] is np.True_ or row["within_capacity"] is True
    assert row["precision"] == 2 / 3
    assert row["nowhere_rate"] == pytest.approx(1 / 3)
    assert row["recall"] == 2 / 3
    assert row["false_positive_rate"] == 1 / 3
    assert row["lift"] == pytest.approx((2 / 3) / (3 / 6))
    assert row["npv"] == 2 / 3
    assert row["net_benefit"] == pytest.approx((2 - 1 / 4) / 6)
    assert row["net_benefit_all"] == pytest.approx((3 - 3 / 4) / 6)
    assert row["reason"] is None


def test_ranges_by_hand_with_unworked_leads_on_both_sides(rows):
    more = pd.concat([rows, pd.DataFrame({"score": [50, 40], "state": ["unworked"] * 2})])
    row = threshold_table(count_rows(more), thresholds=[30], cost_ratio=1 / 4).iloc[0]
    # Above: 2 converted, 1 not, 2 unworked; below: 1 converted, 2 not, 1 unworked.
    assert row["recall_lowest"] == 2 / (2 + 1 + 1)
    assert row["recall_highest"] == (2 + 2) / (2 + 2 + 1)
    assert row["fpr_lowest"] == 1 / (1 + 2 + 1)
    assert row["fpr_highest"] == (1 + 2) / (1 + 2 + 2)
    assert (row["worked_share_above"], row["worked_share_below"]) == (3 / 5, 3 / 4)
    assert np.isnan(row["net_benefit"])
    assert np.isnan(row["net_benefit_all"])
    assert row["reason"] == (
        "cannot be told: 25% of leads below the threshold were never worked; "
        "cannot be told: 40% of leads at or above the threshold were never worked"
    )


@given(strategies.leads(most=12), st.integers(-30, 120))
def test_no_fate_of_the_unworked_leaves_the_ranges(rows, t):
    row = threshold_table(count_rows(rows), thresholds=[t]).iloc[0]
    unknown = (rows["state"] == "unworked").to_numpy()
    rng = np.random.default_rng(0)
    mature = rows["state"] != "immature"
    score = rows.loc[mature, "score"].to_numpy()
    for _ in range(20):
        fate = np.where(rng.random(len(rows)) < rng.random(), "converted", "not_converted")
        hit = np.where(unknown, fate, rows["state"])[mature] == "converted"
        tp, fp, fn, tn = naive.threshold_row(score, hit, t)
        if tp + fn and not np.isnan(row["recall_lowest"]):
            assert tp / (tp + fn) >= row["recall_lowest"] - 1e-12
        if tp + fn and not np.isnan(row["recall_highest"]):
            assert tp / (tp + fn) <= row["recall_highest"] + 1e-12
        if fp + tn and not np.isnan(row["fpr_lowest"]):
            assert fp / (fp + tn) >= row["fpr_lowest"] - 1e-12
        if fp + tn and not np.isnan(row["fpr_highest"]):
            assert fp / (fp + tn) <= row["fpr_highest"] + 1e-12


def test_five_percent_unworked_may_be_told_and_more_may_not():
    judged = lead_rows([1] * 95 + [9] * 95, ([0] * 4 + [1]) * 38)

    def with_unworked(n, score):
        extra = pd.DataFrame({"score": [score] * n, "state": ["unworked"] * n})
        return threshold_table(count_rows(pd.concat([judged, extra])), thresholds=[5]).iloc[0]

    for score in (1, 9):
        assert not np.isnan(with_unworked(5, score)["recall"])  # 5 of 100
        row = with_unworked(6, score)  # 6 of 101
        assert row[["recall", "false_positive_rate_high", "lift", "npv"]].isna().all()
        assert not np.isnan(row["precision"])


@pytest.mark.property_of("threshold_table")
@given(strategies.judged(both=False, least=0))
def test_every_threshold_is_that_of_the_rows(rows):
    score, hit = rows["score"].to_numpy(), rows["hit"].to_numpy()
    table = threshold_table(
        count_rows(lead_rows(score, hit).astype({"score": "int64"})), thresholds=range(-6, 9)
    )
    for row in table.itertuples():
        tp, fp, fn, tn = naive.threshold_row(score, hit, row.threshold)
        assert (row.tp, row.fp, row.fn, row.tn) == (tp, fp, fn, tn)
        for found, part, whole in (
            ("precision", tp, tp + fp), ("recall", tp, tp + fn), ("false_positive_rate", fp, fp + tn),
        ):  # fmt: skip
            assert getattr(row, found) == pytest.approx(
                part / whole if whole else np.nan, nan_ok=True
            )
            low, high = wilson_interval(part, whole)
            assert getattr(row, f"{found}_low") == pytest.approx(float(low), nan_ok=True)
            assert getattr(row, f"{found}_high") == pytest.approx(float(high), nan_ok=True)


@given(strategies.leads())
def test_recall_volume_and_false_positive_rate_fall_as_the_threshold_rises(rows):
    counts = count_rows(rows[rows["state"] != "unworked"])
    table = threshold_table(counts, thresholds=range(-40, 130, 7))
    for name in ("recall", "false_positive_rate", "leads", "tp", "recall_lowest", "fpr_highest"):
        assert table[name].is_monotonic_decreasing or table[name].isna().all()


@given(strategies.leads(), st.integers(-30, 120))
def test_precision_is_the_rate_at_or_above(rows, t):
    counts = count_rows(rows)
    row, found = threshold_table(counts, thresholds=[t]).iloc[0], rate(counts, at_least=t)
    assert [row["precision"], row["precision_low"], row["precision_high"]] == pytest.approx(
        [found.estimate, found.low, found.high], rel=1e-9, abs=1e-12, nan_ok=True
    )
    assert row["nowhere_rate_low"] == pytest.approx(1 - found.high, nan_ok=True)


@given(strategies.leads(), st.lists(st.integers(-40, 130), min_size=1, max_size=5))
def test_asking_for_some_thresholds_changes_none(rows, asked):
    counts = count_rows(rows)
    every = threshold_table(counts, thresholds=range(-40, 131), cost_ratio=0.2)
    some = threshold_table(counts, thresholds=asked, cost_ratio=0.2)
    assert some["threshold"].tolist() == sorted(set(asked))
    expected = every[every["threshold"].isin(asked)].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, expected)


@given(strategies.judged())
def test_npv_is_the_precision_of_the_mirror_image(rows):
    """Scores and outcomes turned round: what lies below then lies above."""
    for account in (None, rows["account"]):
        table = threshold_table(
            count_rows(lead_rows(rows["score"], rows["hit"], account)), thresholds=range(-3, 7)
        )
        turned = count_rows(lead_rows(-rows["score"], 1 - rows["hit"], account))
        mirror = threshold_table(turned, thresholds=range(-5, 5))
        ends = ["", "_low", "_high"]
        found = table[[f"npv{end}" for end in ends]].to_numpy()
        expected = mirror[[f"precision{end}" for end in ends]].to_numpy()[::-1]
        assert found == pytest.approx(expected, abs=1e-9, nan_ok=True)


@given(strategies.judged())
def test_the_share_of_leads_is_the_recall_if_all_had_converted(rows):
    counts = count_rows(lead_rows(rows["score"], rows["hit"], rows["account"]))
    every = count_rows(lead_rows(rows["score"], [1] * len(rows), rows["account"]))
    ends = ["", "_low", "_high"]
    found = threshold_table(counts)[[f"leads_share{end}" for end in ends]].to_numpy()
    expected = threshold_table(every)[[f"recall{end}" for end in ends]].to_numpy()
    assert found == pytest.approx(expected, abs=1e-9)


@given(strategies.judged())
def test_the_interval_of_lift_is_that_of_the_rows(rows):
    score, hit, account = (rows[name].to_numpy() for name in ("score", "hit", "account"))
    if len(np.unique(account)) == 1:
        return
    for known in (True, False):
        own = account if known else np.arange(len(account))
        table = threshold_table(count_rows(lead_rows(score, hit, account if known else None)))
        for row in table[(table["tp"] > 0) & (table["fp"] > 0)].itertuples():
            above, base = score >= row.threshold, hit.mean()
            p = hit[above].mean()
            u = above * (hit - p) / above.sum() / p - (hit - base) / len(hit) / base
            sums = np.bincount(np.unique(own, return_inverse=True)[1], weights=u)
            g = len(sums)
            error = (g / (g - 1) * (sums**2).sum()) ** 0.5 if known else (u**2).sum() ** 0.5
            assert row.lift == pytest.approx(p / base)
            equal = min(naive.equal_accounts(account[part]) for part in (above, above | True))
            if known and equal <= 1 + 1e-9:
                assert np.isnan(row.lift_low)
                assert "no interval of lift: one account is all there is" in row.reason
            elif error < 1e-8 and not above.all():
                assert np.isnan(row.lift_low)
                assert "no interval of lift" in row.reason
            elif error < 1:
                wide = naive.half_width(equal if known else np.inf) * error
                assert np.log(row.lift_high / row.lift) == pytest.approx(wide, abs=1e-6, rel=1e-6)
                assert np.log(row.lift / row.lift_low) == pytest.approx(wide, abs=1e-6, rel=1e-6)


def test_the_interval_of_lift_by_hand():
    # Four accounts of one lead, one of the two at 60 converted: p = 1/2, base = 1/4. u is
    # (1/2)/2/p - (3/4)/4/base = -1/4 for the converted lead, -(1/2)/2/p + (1/4)/4/base = -1/4 for
    # the other one above, (1/4)/4/base = 1/4 for those below: Var = 4/3 * 4/16. t on the 2 accounts
    # at or above.
    rows = lead_rows([60, 20, 60, 20], [1, 0, 0, 0], list("abcd"))
    row = threshold_table(count_rows(rows), thresholds=[60]).iloc[0]
    wide = student.ppf(0.975, 2 - 1) * (4 / 3 * 4 / 16) ** 0.5
    assert row["lift"] == pytest.approx((1 / 2) / (1 / 4))
    assert np.log(row["lift_high"] / 2) == pytest.approx(wide)


def test_accounts_that_show_no_variation_give_no_interval_of_lift():
    # As above, but two accounts with a lead on each side: u adds up to 0 in both.
    rows = lead_rows([60, 20, 60, 20], [1, 0, 0, 0], list("aabb"))
    row = threshold_table(count_rows(rows), thresholds=[60]).iloc[0]
    assert np.isnan(row["lift_low"])
    assert "no interval of lift: the accounts show no variation" in row["reason"]


def test_working_all_has_a_lift_of_one_by_definition():
    row = threshold_table(count_rows(lead_rows([1, 2, 3], [0, 1, 0]))).iloc[0]
    assert row[["lift_low", "lift", "lift_high"]].tolist() == [1, 1, 1]


@pytest.mark.parametrize("hit", [[1, 1, 1], [0, 0, 0]])
def test_one_class_has_no_interval_of_lift(hit):
    table = threshold_table(count_rows(lead_rows([1, 2, 3], hit)))
    assert table[["lift_low", "lift_high"]].isna().all(axis=None)
    assert table["reason"].notna().all()


def test_one_account_has_no_interval_of_lift():
    table = threshold_table(count_rows(lead_rows([1, 2, 2, 3], [0, 1, 0, 1], [7] * 4)))
    assert table[["lift_low", "lift_high"]].isna().all(axis=None)
    assert table["reason"].str.contains("no interval of lift").all()


def test_default_thresholds_are_the_scores(rows):
    assert threshold_table(count_rows(rows))["threshold"].tolist() == [10, 20, 30, 40, 50]


def test_thresholds_outside_the_scores_are_answered(rows):
    table = threshold_table(
        count_rows(rows[rows["state"] != "unworked"]), thresholds=[-1000, 1000], cost_ratio=0.1
    )
    low, high = table.iloc[0], table.iloc[1]
    assert (low["leads"], low["recall"], low["false_positive_rate"]) == (7, 1, 1)
    assert np.isnan(low["npv"])
    assert (high["leads"], high["n"], high["recall"]) == (0, 0, 0)
    assert np.isnan(high["precision"])
    assert high["reason"] == "no judged leads at or above the threshold"
    assert high["net_benefit"] == 0


@pytest.mark.parametrize(
    ("hit", "column", "reason"),
    [
        ([0, 0], "recall", "none of the judged leads converted, so recall is undefined"),
        (
            [1, 1],
            "false_positive_rate",
            "all judged leads converted, so the false-positive rate is undefined",
        ),
    ],
)
def test_a_missing_class_is_nan_with_a_reason(hit, column, reason):
    table = threshold_table(count_rows(lead_rows([1, 2], hit, [1, 2])))
    assert table[column].isna().all()
    assert (table["reason"] == reason).all() or reason in table["reason"].iloc[0]


def test_no_lead_at_all_is_an_empty_or_undefined_table():
    empty = count_rows(lead_rows([], [], []).astype({"score": "int64"}))
    assert list(threshold_table(empty).columns) == COLUMNS
    assert threshold_table(empty).empty
    row = threshold_table(empty, thresholds=[50], cost_ratio=0.1).iloc[0]
    assert row["leads"] == 0
    assert row[["leads_share", "precision", "recall", "net_benefit"]].isna().all()
    assert row["reason"] == "no judged leads at or above the threshold"


def test_without_dates_there_is_no_weekly_volume(rows):
    counts = count_rows(rows, provenance=replace(PROVENANCE, first_moment=None))
    table = threshold_table(counts, capacity_per_week=3)
    assert table["leads_per_week"].isna().all()
    assert table["within_capacity"].isna().all()


def test_capacity_not_asked_is_not_answered(rows):
    assert threshold_table(count_rows(rows))["within_capacity"].isna().all()
    asked = threshold_table(count_rows(rows), thresholds=[10, 50], capacity_per_week=0.5)
    assert asked["within_capacity"].tolist() == [False, True]


def test_huge_counts_keep_their_integers():
    big = 10**10
    frame = pd.DataFrame(
        {"score": [0, 0, 1, 1], "state": ["converted", "not_converted"] * 2,
         "n": [big + 1, 9 * big, 2 * big, 8 * big + 3]}
    )  # fmt: skip
    row = threshold_table(ScoreCounts(frame, PROVENANCE), cost_ratio=0.1).iloc[1]
    assert (row["tp"], row["fp"], row["fn"], row["tn"]) == (2 * big, 8 * big + 3, big + 1, 9 * big)
    assert row["precision_low"] < row["precision"] < row["precision_high"]
    assert row["precision_high"] - row["precision_low"] == pytest.approx(
        2 * 1.959964 * (0.2 * 0.8 / (10 * big)) ** 0.5, rel=1e-5
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"thresholds": [1.5]}, r"thresholds are whole numbers, found \[1.5\]"),
        ({"cost_ratio": -1}, "cost_ratio is -1: expected .* 0 or more, such as 1/9"),
        ({"cost_ratio": float("inf")}, "cost_ratio is inf"),
        ({"capacity_per_week": -3}, "capacity_per_week is -3: expected leads per week"),
        ({"confidence": 95}, "confidence is 95: expected a number between 0 and 1"),
    ],
)
def test_questions_that_make_no_sense_are_refused(rows, arguments, text):
    with pytest.raises(QuestionError, match=text):
        threshold_table(count_rows(rows), **arguments)
