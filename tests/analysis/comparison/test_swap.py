"""Who changes sides: R's tests, hands, an enumeration, and what nobody can know."""

from __future__ import annotations

from dataclasses import replace
from math import comb, exp, log, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from tests.analysis.comparison.pair_rows import count_pairs, sides
from toolkit.analysis.comparison import swap_set
from toolkit.analysis.comparison.paired import compare_precision, mcnemar
from toolkit.analysis.comparison.swap import _pearson_p, leads_for_difference
from toolkit.analysis.comparison.worked import read_choices, select_from
from toolkit.errors import DataError


def swapped(pairs, **more):
    return swap_set(pairs, threshold=1, challenger_threshold=1, **more)


def test_mcnemar_within_each_class_is_that_of_r(oracle, rows):
    expected = oracle.value("mcnemar.leads")
    best = rows.sort_values(["challenger", "lead_id"], ascending=[False, True])
    top = best.index[: expected["workload"]]
    chosen = rows.assign(champion=(rows["champion"] >= 50).astype(int), challenger=0)
    chosen.loc[top, "challenger"] = 1
    found = swapped(count_pairs(chosen.drop(columns="account")))
    for test, name in ((found.recall, "pos"), (found.false_positives, "neg")):
        cells = expected[name]
        assert [test.neither, test.challenger_only, test.champion_only, test.both] == [
            cells["n00"], cells["n01"], cells["n10"], cells["n11"],
        ]  # fmt: skip
        assert test.statistic == pytest.approx(cells["chi2"], rel=1e-9)
        assert test.p == pytest.approx(cells["p"], rel=1e-9)


def test_few_that_differ_are_tested_exactly():
    """6 and 1 of 7: 2 (1 + 7) / 2^7 = 0.125."""
    found = swapped(sides((6, 0), (1, 0), (5, 5), (5, 5))).recall
    assert found.method == "exact binomial"
    assert found.p == pytest.approx(2 * (comb(7, 0) + comb(7, 1)) / 2**7)


def test_fisher_is_that_of_r(oracle):
    found = swapped(sides((12, 88), (30, 70)))
    assert found.p_fisher == pytest.approx(oracle.value("fisher.swapset")["p"], rel=1e-9)


def test_leads_for_a_difference_are_those_of_r(oracle):
    """power.prop.test(p1 = 0.12, p2 = 0.16, power = 0.8)."""
    expected = oracle.value("power")["prop_n"]  # its search for the root stops at 1.3e-9
    assert leads_for_difference(0.12, 0.16) == pytest.approx(expected, rel=1e-8)


def test_the_table_counts_every_lead_once(rows):
    found = swap_set(count_pairs(rows), threshold=50)
    assert found.table["leads"].sum() == len(rows)
    assert found.table["group"].tolist() == ["swap_in", "swap_out", "both", "neither"]
    assert list(found.table.columns) == [
        "group", "leads", "judged", "positives", "unworked", "immature", "rate", "low", "high",
        "least", "most",
    ]  # fmt: skip
    one, two = rows["champion"] >= 50, rows["challenger"] >= found.challenger_threshold
    hit = rows["state"] == "converted"
    assert found.table.loc[0, ["leads", "positives"]].tolist() == [
        (~one & two).sum(), (~one & two & hit).sum(),
    ]  # fmt: skip


def test_the_challengers_threshold_has_the_nearest_volume(rows):
    found = swap_set(count_pairs(rows), threshold=50)
    work = (rows["champion"] >= 50).sum()
    away = [abs((rows["challenger"] >= t).sum() - work) for t in rows["challenger"].unique()]
    assert abs((rows["challenger"] >= found.challenger_threshold).sum() - work) == min(away)


@pytest.mark.by_hand("swap_set")
def test_a_difference_by_hand():
    """30 of 100 in, 20 of 100 out: 10 points, Newcombe's interval from the two Wilson intervals."""
    found = swapped(sides((30, 70), (20, 80)))
    assert found.difference == pytest.approx(30 / 100 - 20 / 100)

    def wilson(k, n, z=1.959963984540054):
        mid, half = (k / n + z * z / 2 / n), z * sqrt(k / n * (1 - k / n) / n + z * z / 4 / n / n)
        return (mid - half) / (1 + z * z / n), (mid + half) / (1 + z * z / n)

    (l1, u1), (l2, u2) = wilson(30, 100), wilson(20, 100)
    assert found.low == pytest.approx(0.1 - sqrt((0.3 - l1) ** 2 + (u2 - 0.2) ** 2))
    assert found.high == pytest.approx(0.1 + sqrt((u1 - 0.3) ** 2 + (0.2 - l2) ** 2))
    assert found.answer == "Not enough evidence"


@pytest.mark.by_hand("swap_set")
def test_the_weighted_score_statistic_by_hand():
    """A: 12 of 20, B: 9 of 10, both: 8 of 8 converted. p = 21/30."""
    found = swapped(sides((1, 1), (4, 8), (8, 0), (3, 3))).precision
    p = (12 + 9) / 30
    shared = ((1 - p) ** 2 * 8 + p**2 * 0) / 30
    expected = (12 / 20 - 9 / 10) ** 2 / ((p * (1 - p) - 2 * shared) * (1 / 20 + 1 / 10))
    assert found.statistic == pytest.approx(expected)
    assert (found.champion, found.challenger) == (12 / 20, 9 / 10)
    assert found.relative == pytest.approx(1.5)


def test_the_weighted_score_statistic_is_the_score_test_of_the_marginal_model(rows):
    """Kosinski (2013): stack each model's selected leads, fit one rate, weigh the score by lead.

    The variance sums, over leads, the square of what its one or two stacked rows contribute, with
    rows of both models centred on the pooled share of challenger rows.
    """
    one, two = rows["champion"] >= 50, rows["challenger"] >= 45
    hit = (rows["state"] == "converted").to_numpy(float)
    n_a, n_b = one.sum(), two.sum()
    p = (hit[one].sum() + hit[two].sum()) / (n_a + n_b)
    z = n_b / (n_a + n_b)
    centred = np.where(two, 1 - z, 0.0) - np.where(one, z, 0.0)
    score = (centred * (hit - p)).sum()
    # Independence of the two rows' squares under the pooled variance, less twice the shared part.
    both = one & two
    square = n_a * n_b / (n_a + n_b) * p * (1 - p)
    square -= 2 * z * (1 - z) * ((hit[both] - p) ** 2).sum()
    found = swap_set(count_pairs(rows), threshold=50, challenger_threshold=45).precision
    assert found.statistic == pytest.approx(score**2 / square, rel=1e-9)


def test_relative_precision_has_the_interval_of_moskowitz_and_pepe():
    """Delta method on the multinomial of (choice, outcome): from influences, typed out here."""
    cells = {"in": (6, 14), "out": (10, 30), "both": (20, 20)}
    found = swapped(sides(cells["in"], cells["out"], cells["both"], (5, 95))).precision
    a, b = 30 / 80, 26 / 60
    total = 0.0
    for name, (k, m) in cells.items():
        for hit, n in ((1, k), (0, m)):
            u = 0.0
            if name != "out":
                u += (hit - b) / (60 * b)
            if name != "in":
                u -= (hit - a) / (80 * a)
            total += n * u * u
    assert found.low == pytest.approx(exp(log(b / a) - 1.959963984540054 * sqrt(total)))
    assert found.high == pytest.approx(exp(log(b / a) + 1.959963984540054 * sqrt(total)))


def test_swap_ins_that_nobody_worked_are_refused_with_their_bounds():
    """3 of 5 worked swap-ins converted, 15 were never worked: 3/20 to 18/20; 10 of 50 went out."""
    found = swapped(sides((3, 2, 15), (10, 40), (20, 20), (5, 5)))
    assert found.answer == "Cannot be told from this data"
    assert (
        "75% of the leads that would come in, their time over, were never worked" in found.because
    )
    assert (found.least, found.most) == (
        pytest.approx(3 / 20 - 10 / 50), pytest.approx(18 / 20 - 10 / 50),
    )  # fmt: skip
    assert np.isnan([found.difference, found.low, found.high, found.p_fisher]).all()
    assert found.explore == int(np.ceil(leads_for_difference(0.2, 0.25)))
    assert "anything from -5% to +70%" in found.text


def test_a_challenger_fitted_on_these_leads_is_refused():
    found = swapped(sides((30, 10), (5, 35), fitted_on="these leads"))
    assert found.answer == "Cannot be told from this data"
    assert found.because.startswith("the challenger was fitted on these leads")
    assert np.isnan(found.difference)


def test_not_knowing_where_it_was_fitted_is_noted():
    found = swapped(sides((30, 10), (5, 35), fitted_on="unknown"))
    assert found.answer == "Yes"
    assert found.notes[-1].startswith("valid only if the challenger's points were not fitted")


def test_swap_ins_that_are_worse_are_a_no():
    assert swapped(sides((5, 95), (40, 60))).answer == "No"


def test_identical_choices_are_no_evidence():
    found = swapped(sides((0, 0), (0, 0), (10, 10), (10, 10)))
    assert found.answer == "Not enough evidence"
    assert found.because == "no lead changes sides"
    assert np.isnan(found.recall.p)
    assert found.precision.reason == "both select the same judged leads"


def test_copies_of_each_lead_in_an_account_are_no_more_evidence(rows):
    """Every lead four times over, as an account: the intervals of one each, nearly."""
    plain = rows.drop(columns="account")
    once = swap_set(count_pairs(plain), threshold=50)
    copied = plain.loc[plain.index.repeat(4)].assign(account=np.repeat(np.arange(len(plain)), 4))
    four = swap_set(count_pairs(copied), threshold=50)
    assert four.difference == pytest.approx(once.difference)
    assert four.low == pytest.approx(once.low, abs=2e-3)
    assert four.high == pytest.approx(once.high, abs=2e-3)
    assert four.recall.statistic == pytest.approx(once.recall.statistic, rel=1e-9)
    assert four.precision.relative == pytest.approx(once.precision.relative)
    assert four.precision.low == pytest.approx(once.precision.low, rel=1e-3)


def test_accounts_with_leads_on_both_sides_narrow_the_difference():
    """Each account sends one lead in and one out, and both share their fate: no difference at all."""
    one = pd.DataFrame(
        {"state": ["converted"] * 30 + ["not_converted"] * 70, "account": range(100)}
    )
    come, go = one.assign(champion=0, challenger=1), one.assign(champion=1, challenger=0)
    together = swapped(count_pairs(pd.concat([come, go], ignore_index=True)))
    apart = swapped(
        count_pairs(pd.concat([come, go.assign(account=go["account"] + 100)], ignore_index=True))
    )
    assert together.difference == apart.difference == 0
    assert together.high - together.low < 0.15 * (apart.high - apart.low)


COUNTS = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 10))


@settings(max_examples=60, deadline=None)
@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_nothing_is_infinite_and_bounds_hold_the_estimate(swap_in, swap_out, both, neither):
    pairs = sides(swap_in, swap_out, both, neither)
    if not len(pairs.frame):
        return
    found = swapped(pairs)
    numbers = [found.difference, found.low, found.high, found.p_fisher, found.precision.p]
    assert not np.isinf(numbers).any()
    if not np.isnan(found.difference):
        assert found.low - 1e-12 <= found.difference <= found.high + 1e-12
    assert found.answer != "Yes" or found.low > 0
    assert found.because


@pytest.mark.property_of("swap_set")
@settings(max_examples=30, deadline=None)
@given(COUNTS, COUNTS, COUNTS)
def test_exchanging_the_models_turns_the_signs(swap_in, swap_out, both):
    one, two = (
        swapped(sides(a[:2], b[:2], both[:2], (3, 3)))
        for a, b in ((swap_in, swap_out), (swap_out, swap_in))
    )
    assert one.difference == pytest.approx(-two.difference, nan_ok=True)
    assert one.low == pytest.approx(-two.high, nan_ok=True)
    assert one.recall.p == pytest.approx(two.recall.p, nan_ok=True)
    assert one.precision.statistic == pytest.approx(two.precision.statistic, nan_ok=True)


def test_states_that_do_not_exist_are_refused():
    pairs = sides((1, 1), (1, 1))
    frame = pairs.frame.assign(state="maybe")
    with pytest.raises(DataError, match="unknown state"):
        swapped(type(pairs)(frame, pairs.provenance, "x"))


def test_mcnemar_compares_no_precision(rows):
    """Selecting more leads wins recall whatever becomes of precision."""
    choices = read_choices(count_pairs(rows.drop(columns="account")))
    one, two = select_from(choices.champion, 50), select_from(choices.champion, 20)
    assert mcnemar(choices, one, two, converted=True).p < 1e-6
    assert compare_precision(choices, one, two).relative < 1


def test_pandas_frames_are_left_as_they_were(rows):
    pairs = count_pairs(rows)
    before = pairs.frame.copy()
    swap_set(pairs, threshold=50)
    pd.testing.assert_frame_equal(pairs.frame, before)


def test_of_no_lead_at_all_no_lead_changes_sides():
    empty = sides((1, 1), (1, 1))
    found = swap_set(replace(empty, frame=empty.frame.iloc[:0]), threshold=50)
    assert found.text == "Not enough evidence: no lead changes sides."
    assert found.challenger_threshold == 50
    assert np.isnan([found.difference, found.low, found.p_fisher]).all()


def test_a_million_million_leads_are_tested_by_pearsons_statistic():
    """30% of 10^12 against 20%: beyond doubt. 3 more of 10^12: z = 3 / sqrt(2e12 x 0.25) by hand."""
    n = 10**12
    assert swapped(sides((3 * n, 7 * n), (2 * n, 8 * n))).p_fisher == 0
    near = swapped(sides((n // 2 + 10**6, n // 2 - 10**6), (n // 2, n // 2))).p_fisher
    z = 1e6 / sqrt(2e12 * 0.25)
    assert near == pytest.approx(2 * norm.sf(z), rel=1e-5)


def test_pearsons_test_is_fishers_where_both_can_be_had():
    cells = np.array([[300_400, 699_600], [300_000, 700_000]])
    exact = swapped(sides(*cells.tolist())).p_fisher
    assert _pearson_p(cells.astype(float)) == pytest.approx(exact, rel=2e-3)
