from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta
from sklearn.isotonic import IsotonicRegression

from tests.analysis import strategies
from tests.analysis.rows import PROVENANCE, count_rows, lead_rows
from toolkit.analysis import calibration_table, isotonic_rates, monotonicity
from toolkit.analysis.calibration import runs as all_runs
from toolkit.analysis.cells import read_cells
from toolkit.analysis.intervals import design_effect, precision_family
from toolkit.counts import ScoreCounts

COLUMNS = ["score", "n", "positives", "rate", "low", "high", "isotonic", "band_low", "band_high"]


def level_counts(positives, n, scores=None):
    scores = range(len(n)) if scores is None else scores
    cells = [
        (score, state, count)
        for score, k, size in zip(scores, positives, n, strict=True)
        for state, count in (("converted", k), ("not_converted", size - k))
        if count
    ]
    return ScoreCounts(pd.DataFrame(cells, columns=["score", "state", "n"]), PROVENANCE)


def plain_band(positives, n, confidence=0.95):
    """Dimitriadis et al. (2023), equation by equation."""
    m = len(n)
    delta = (1 - confidence) / (m * (m + 1))
    low, high = np.zeros(m), np.ones(m)
    for start in range(m):
        for stop in range(start, m):
            k, size = sum(positives[start : stop + 1]), sum(n[start : stop + 1])
            lower = beta.ppf(delta, k, size - k + 1) if k else 0.0
            upper = beta.ppf(1 - delta, k + 1, size - k) if k < size else 1.0
            for at in range(m):
                if at >= stop:
                    low[at] = max(low[at], lower)
                if at <= start:
                    high[at] = min(high[at], upper)
    return low, high


levels = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20)).filter(any), min_size=1, max_size=9
)


def test_columns_are_those_of_the_docstring(sim_counts):
    assert list(calibration_table(sim_counts).columns) == COLUMNS
    for name in COLUMNS:
        assert f"`{name}`" in str(calibration_table.__doc__)


@pytest.mark.real_data
def test_rising_curve_on_real_leads_is_that_of_r(oracle, oracle_rows):
    rows = pd.read_csv(oracle_rows / "calib_xedu.csv")
    table = calibration_table(count_rows(lead_rows(rows["score"], rows["y"])))
    expected = {int(score): rate for score, rate in oracle.value("pava.xedu").items()}
    assert table["score"].tolist() == sorted(expected)
    assert table["isotonic"].tolist() == pytest.approx(
        [expected[score] for score in sorted(expected)], rel=1e-9
    )


@pytest.mark.by_hand("isotonic_rates")
def test_rising_curve_by_hand():
    # 1/2, 1/4 fall: 2/6; then 1/3 = 2/6 does not fall and stays; 3/4 rises.
    found = isotonic_rates(np.array([1, 1, 1, 3]), np.array([2, 4, 3, 4]))
    assert found.tolist() == [2 / 6, 2 / 6, 1 / 3, 3 / 4]


@pytest.mark.property_of("isotonic_rates")
@given(levels)
def test_rising_curve_is_that_of_scikit_learn(drawn):
    k = np.array([hits for hits, _ in drawn])
    n = np.array([hits + misses for hits, misses in drawn])
    expected = IsotonicRegression().fit_transform(np.arange(len(n)), k / n, sample_weight=n)
    assert isotonic_rates(k, n) == pytest.approx(expected, abs=1e-12)


def test_rising_curve_is_exact_at_ten_thousand_million_leads():
    big = 10**10
    # 1/3 against (big - 1)/(3 big): a fall of 1 in 3e10, seen only by exact products of 1e20.
    falling = isotonic_rates(np.array([big, big - 1]), np.array([3 * big, 3 * big]))
    assert falling[0] == falling[1] == (2 * big - 1) / (6 * big)
    rising = isotonic_rates(np.array([big - 1, big]), np.array([3 * big, 3 * big]))
    assert rising.tolist() == [(big - 1) / (3 * big), 1 / 3]


@pytest.mark.property_of("calibration_table")
@given(levels, st.sampled_from([0.9, 0.95]))
def test_band_is_that_of_the_paper(drawn, confidence):
    k = [hits for hits, _ in drawn]
    n = [hits + misses for hits, misses in drawn]
    table = calibration_table(level_counts(k, n), confidence=confidence)
    low, high = plain_band(k, n, confidence)
    assert table["band_low"].to_numpy() == pytest.approx(low, rel=1e-9, abs=1e-12)
    assert table["band_high"].to_numpy() == pytest.approx(high, rel=1e-9, abs=1e-12)


@given(levels, st.integers(1, 4))
def test_band_from_fewer_runs_is_valid_at_every_score(drawn, blocks):
    """With more scores than blocks, runs start and end at some scores only."""
    k = [hits for hits, _ in drawn]
    n = [hits + misses for hits, misses in drawn]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(all_runs, "MOST_BLOCKS", blocks)
        table = calibration_table(level_counts(k, n))
    first = np.unique(np.floor(np.arange(min(blocks, len(n))) * len(n) / min(blocks, len(n))))
    first = first.astype(int)
    last = np.append(first[1:], len(n)) - 1
    m = len(first)
    delta = 0.05 / (m * (m + 1))
    for at in range(len(n)):
        low, high = 0.0, 1.0
        for start in first:
            for stop in last[last >= start]:
                hits, size = sum(k[start : stop + 1]), sum(n[start : stop + 1])
                if at >= stop and hits:
                    low = max(low, beta.ppf(delta, hits, size - hits + 1))
                if at <= start and hits < size:
                    high = min(high, beta.ppf(1 - delta, hits + 1, size - hits))
        assert table["band_low"][at] == pytest.approx(low, rel=1e-9, abs=1e-12)
        assert table["band_high"][at] == pytest.approx(high, rel=1e-9, abs=1e-12)


def every_bound(runs, *how):
    """No run left out: the same arguments, of which only the one that gives bounds is used."""
    found = np.full(runs.shape, np.inf)
    found[runs] = how[2](runs)
    return found


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, 3, 40, 1000, 10**6, 10**10]),
            st.sampled_from([0, 1, 3, 40, 1000, 10**6, 10**10]),
        ).filter(any),
        min_size=1,
        max_size=9,
    )
    | levels,
    st.sampled_from([0.5, 0.95, 0.999]),
)
def test_runs_that_are_left_out_change_not_one_bit(drawn, confidence):
    counts = level_counts([hits for hits, _ in drawn], [sum(pair) for pair in drawn])
    table = calibration_table(counts, confidence=confidence)
    fall = monotonicity(counts, confidence=confidence)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(all_runs, "_least", every_bound)
        pd.testing.assert_frame_equal(
            table, calibration_table(counts, confidence=confidence), check_exact=True
        )
        slow = monotonicity(counts, confidence=confidence)
    assert (fall.refuted, fall.text) == (slow.refuted, slow.text)
    pd.testing.assert_frame_equal(fall.pairs, slow.pairs, check_exact=True)


def test_most_runs_are_left_out(sim_counts):
    cells = read_cells(sim_counts)
    runs = all_runs.bounded_runs(cells, np.flatnonzero(cells.judged > 0), 0.95)
    for bounds in (runs.lower, runs.upper):
        assert np.isfinite(bounds).sum() < 0.25 * len(bounds) * (len(bounds) + 1) / 2


def test_band_of_accounts_divides_by_the_design_effect(sim_counts, sim_accounts):
    effect = design_effect(precision_family(read_cells(sim_accounts)), 0.025)
    assert effect > 1
    plain, wider = calibration_table(sim_counts), calibration_table(sim_accounts)
    widths = [(t["band_high"] - t["band_low"]).sum() for t in (plain, wider)]
    assert widths[1] > widths[0]
    # A single score: the exact interval of k / effect of n / effect at confidence 95%.
    hit = np.repeat([1] * 20 + [0] * 80, 5)
    counts = count_rows(lead_rows(np.full(500, 7), hit, np.repeat(range(100), 5)))
    effect = design_effect(precision_family(read_cells(counts)), 0.025)
    assert effect == pytest.approx(500 / 99)
    row = calibration_table(counts).iloc[0]
    assert row["band_low"] == pytest.approx(beta.ppf(0.025, 100 / effect, 400 / effect + 1))
    assert row["band_high"] == pytest.approx(beta.ppf(0.975, 100 / effect + 1, 400 / effect))


def test_rates_and_intervals_of_each_score_are_those_of_its_leads():
    table = calibration_table(count_rows(lead_rows([1, 1, 2, 2, 2], [0, 1, 1, 1, 0])))
    assert table["n"].tolist() == [2, 3]
    assert table["positives"].tolist() == [1, 2]
    assert table["rate"].tolist() == [1 / 2, 2 / 3]
    assert ((table["low"] < table["rate"]) & (table["rate"] < table["high"])).all()


def test_scores_without_judged_leads_are_left_out():
    rows = pd.DataFrame({"score": [1, 2, 3], "state": ["converted", "immature", "not_converted"]})
    assert calibration_table(count_rows(rows))["score"].tolist() == [1, 3]


@pytest.mark.by_hand("monotonicity")
def test_a_fall_is_found_and_said():
    found = monotonicity(level_counts([10, 90, 20, 60], [100, 300, 300, 100], [0, 10, 20, 30]))
    assert found.refuted
    best = found.pairs.iloc[0]
    assert (best["lower_score"], best["higher_score"]) == (10, 20)
    assert (best["lower_rate"], best["higher_rate"]) == (90 / 300, 20 / 300)
    assert best["lower_bound"] > best["higher_bound"]
    assert found.text == (
        "Higher scores do not convert better everywhere: scores of 10 convert 30.0% of the time, "
        "scores of 20 only 6.7%."
    )


def test_a_rise_is_not_refuted(sim_accounts):
    found = monotonicity(sim_accounts)
    assert not found.refuted
    assert found.pairs.empty
    assert found.text == "The data do not refute that conversion rises with the score."
    assert list(found.pairs.columns) == [
        "lower_score", "lower_score_to", "lower_n", "lower_rate", "lower_bound",
        "higher_score", "higher_score_to", "higher_n", "higher_rate", "higher_bound",
    ]  # fmt: skip
    for name in found.pairs.columns:
        assert f"`{name}`" in str(monotonicity.__doc__)


@pytest.mark.property_of("monotonicity")
@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 300)).filter(any), min_size=2, max_size=7
    )
)
def test_refuted_is_an_empty_band(drawn):
    k = [hits for hits, _ in drawn]
    n = [hits + misses for hits, misses in drawn]
    low, high = plain_band(k, n)
    crossed = any(low[i] > high[j] for i in range(len(n)) for j in range(i + 1, len(n)))
    found = monotonicity(level_counts(k, n))
    assert found.refuted == crossed == (len(found.pairs) > 0)
    assert (found.pairs["lower_score_to"] < found.pairs["higher_score"]).all()
    assert found.pairs["lower_bound"].is_monotonic_decreasing or len(found.pairs) != 1


@pytest.mark.parametrize("rows", [([], []), ([5], [1])])
def test_fewer_than_two_scores_cannot_fall(rows):
    counts = count_rows(lead_rows(*rows).astype({"score": "int64"}))
    found = monotonicity(counts)
    assert not found.refuted
    assert found.reason == "fewer than two scores have judged leads"
    assert len(calibration_table(counts)) == len(rows[0])
    assert list(calibration_table(counts).columns) == COLUMNS


@given(strategies.leads())
def test_the_rising_curve_keeps_the_conversions(rows):
    table = calibration_table(count_rows(rows))
    assert (table["isotonic"] * table["n"]).sum() == pytest.approx(table["positives"].sum())
    assert table["isotonic"].is_monotonic_increasing


@pytest.mark.by_hand("calibration_table")
def test_a_table_by_hand():
    # 1/2 and 1/4 fall: (1 + 1) of (2 + 4).
    table = calibration_table(level_counts([1, 1, 3], [2, 4, 4]))
    assert table["rate"].tolist() == [1 / 2, 1 / 4, 3 / 4]
    assert table["isotonic"].tolist() == [1 / 3, 1 / 3, 3 / 4]
    # One score is one run: delta = 0.05 / (1 x 2); nobody of ten: 1 - delta^(1/10).
    row = calibration_table(level_counts([0], [10])).iloc[0]
    assert (row["band_low"], row["band_high"]) == (0, pytest.approx(1 - 0.025 ** (1 / 10)))
