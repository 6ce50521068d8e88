from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom, chi2_contingency, norm
from scipy.stats import t as student
from statsmodels.stats.oneway import anova_generic

from tests.analysis import naive
from tests.analysis.rows import count_rows, lead_rows
from tests.analysis.segment_rows import count_segments, segments
from toolkit.analysis import (
    area_test,
    auc,
    funnel_limits,
    jeffreys_interval,
    partial_pooling,
    rate_difference,
    segment_areas,
    segment_table,
    segment_test,
    threshold_table,
)
from toolkit.analysis.rates import Rate
from toolkit.analysis.segments.areas import _welch_p
from toolkit.analysis.segments.cells import read_segments
from toolkit.errors import DataError, QuestionError


@st.composite
def split(draw, *, most=60):
    lead = st.tuples(
        st.integers(0, 4), st.integers(0, 1), st.integers(0, 9), st.sampled_from("abc")
    )
    rows = draw(st.lists(lead, min_size=12, max_size=most))
    frame = pd.DataFrame(rows, columns=["score", "hit", "account", "segment"])
    return lead_rows(frame["score"], frame["hit"], frame["account"]).assign(
        segment=frame["segment"]
    )


def test_columns_are_those_of_the_docstrings(sim):
    counts = count_segments(
        lead_rows(sim["score"], sim["y"], sim["account_id"]).assign(
            segment=sim["source"].astype(str)
        )
    )
    for function in (segment_table, segment_areas):
        for name in function(counts).columns:
            assert f"`{name}`" in str(function.__doc__), name


def test_pooling_is_that_of_r(oracle):
    value = oracle.value("betabinom.example")
    found = partial_pooling(value["x"], value["n"])
    assert found.alpha == pytest.approx(value["alpha"], rel=1e-5)
    assert found.beta == pytest.approx(value["beta"], rel=1e-5)
    assert found.log_likelihood == pytest.approx(value["loglik"], rel=1e-9)
    assert found.shrunk == pytest.approx(value["shrunk"], rel=1e-5)


@pytest.mark.property_of("partial_pooling")
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=6))
@settings(max_examples=12)
def test_no_other_beta_is_likelier(cells):
    x, n = np.array([a for a, _ in cells]), np.array([a + b for a, b in cells])
    assume(n.sum() > 0)
    found = partial_pooling(x, n)
    for mean in (0.1, 0.3, 0.5, x.sum() / n.sum()):
        for total in (0.5, 3, 30, 3000):
            if 0 < mean < 1:
                other = betabinom.logpmf(x, n, mean * total, (1 - mean) * total).sum()
                assert found.log_likelihood >= other - 1e-6
    assert ((found.low <= found.shrunk) & (found.shrunk <= found.high)).all() or found.reason


@pytest.mark.by_hand("partial_pooling")
def test_equal_segments_are_pooled():
    found = partial_pooling([5, 10, 15], [50, 100, 150])
    assert found.pooled
    assert (found.alpha, found.beta) == (np.inf, np.inf)
    assert found.shrunk.tolist() == [0.1, 0.1, 0.1]
    low, high = jeffreys_interval(30, 300)
    assert [found.low[0], found.high[0]] == pytest.approx([float(low), float(high)])
    assert found.log_likelihood == pytest.approx(
        binom.logpmf([5, 10, 15], [50, 100, 150], 0.1).sum()
    )


@pytest.mark.parametrize("positives", [[0, 0, 0], [20, 30, 40]])
def test_one_rate_of_nothing_or_all_lies_in_its_own_interval(positives):
    found = partial_pooling(positives, [20, 30, 40])
    assert (found.low <= found.shrunk).all()
    assert (found.shrunk <= found.high).all()


def test_segments_with_nothing_in_common_keep_their_own_intervals():
    found = partial_pooling([0, 10], [10, 10])
    low, high = jeffreys_interval([0, 10], [10, 10])
    assert found.low == pytest.approx([0, low[1]])  # closed at rates of 0 and 1, which it holds
    assert found.high == pytest.approx([high[0], 1])
    assert "next to nothing in common" in str(found.reason)


def test_pooling_of_nothing_and_of_the_impossible():
    none = partial_pooling([0, 0], [0, 0])
    assert np.isnan(none.shrunk).all()
    assert none.reason == "no leads"
    with pytest.raises(DataError, match="between 0 and n"):
        partial_pooling([3], [2])


@pytest.mark.property_of("funnel_limits")
@given(st.floats(0.01, 0.99), st.integers(1, 300), st.sampled_from([0.5, 0.95, 0.998]))
def test_beyond_a_funnel_limit_the_tail_is_small(rate, n, confidence):
    low, high = (float(end[0]) * n for end in funnel_limits(rate, [n], confidence=confidence))
    side = (1 - confidence) / 2
    below, above = np.ceil(low - 1e-9) - 1, np.floor(high + 1e-9) + 1
    assert binom.cdf(below, n, rate) <= side + 1e-9
    assert binom.sf(above - 1, n, rate) <= side + 1e-9
    # And not wider than whole leads need.
    assert binom.cdf(below + 1, n, rate) >= side - 1e-9


@pytest.mark.property_of("segment_test")
@given(split())
@settings(max_examples=12)
def test_without_accounts_the_test_is_pearsons(rows):
    counts = count_segments(rows.drop(columns="account"))
    table = pd.crosstab(rows["segment"], rows["state"])
    table = table[table.sum(axis=1) >= 5]
    found = segment_test(counts)
    if len(table) < 2 or table.shape[1] < 2 or (table.sum() == 0).any():
        assert np.isnan(found.p_value)
        assert found.reason
        return
    expected = chi2_contingency(table, correction=False)
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)


@given(split())
@settings(max_examples=12)
def test_products_over_accounts_are_those_of_the_rows(rows):
    cells = read_segments(count_segments(rows), rate="recall", threshold=2)
    converted = rows[rows["state"] == "converted"]
    above = converted["score"] >= 2
    for matrix, one, two in (
        (cells.hits_hits, above, above), (cells.hits_misses, above, ~above),
        (cells.misses_misses, ~above, ~above),
    ):  # fmt: skip
        sums = [
            pd.crosstab(converted.loc[part, "account"], converted.loc[part, "segment"])
            .reindex(index=range(10), columns=list(cells.names), fill_value=0)
            .to_numpy()
            for part in (one, two)
        ]
        assert matrix == pytest.approx(sums[0].T @ sums[1])


@pytest.mark.by_hand("segment_test")
def test_the_rao_scott_test_by_hand():
    """Two segments, each account with two leads of one fate: every design effect is 2 G/(G-1)."""
    rows = segments({"a": (6, 20), "b": (12, 20)})
    rows["account"] = np.arange(40) // 2
    found = segment_test(count_segments(rows))
    p = 18 / 40
    # Pearson: (6 - 9)^2 and (12 - 9)^2 over 20 p (1-p).
    assert found.statistic == pytest.approx(2 * 9 / (20 * p * (1 - p)))
    # Sum over accounts of (sum of (y - p) * (1{b} - 1/2))^2 = 4 * sum over 20 accounts of (y-p)^2/4.
    ones, zeros = 9 * (2 * (1 - p) / 2) ** 2, 11 * (2 * p / 2) ** 2
    spread = 20 / 19 * (ones + zeros)
    # U_b - U_a has that variance four times; the eigenvalue: spread * 2 / (20 p (1-p)).
    assert found.design_effect == pytest.approx(spread * 2 / (20 * p * (1 - p)))
    assert found.p_value > found.p_leads


def test_accounts_in_all_segments_make_the_test_sharper():
    """Every account has a lead in both segments; their shared fate cancels."""
    fate = ([1] * 2 + [0] * 3) * 20
    extra = [0] * 100
    extra[:8] = [1] * 8
    first = lead_rows([1] * 100, fate, range(100)).assign(segment="a")
    second = lead_rows([1] * 100, [max(f, e) for f, e in zip(fate, extra, strict=True)], range(100))
    counts = count_segments(pd.concat([first, second.assign(segment="b")]))
    found = segment_test(counts)
    assert found.p_value < found.p_leads
    apart = segment_test(replace(counts, accounts_across=None))
    assert apart.p_value > found.p_value
    assert apart.reason == (
        "accounts with leads in several segments were taken as different accounts"
    )


@pytest.mark.by_hand("segment_table")
def test_a_table_by_hand():
    table = segment_table(count_segments(segments({"a": (10, 40), "b": (4, 40), "c": (1, 3)})))
    a, b, c = (table.iloc[i] for i in range(3))
    assert (a["n"], a["positives"], a["rate"]) == (40, 10, 0.25)
    assert a["difference"] == pytest.approx(0.25 - 0.1)
    one, two = (
        Rate(r["rate"], r["low"], r["high"], r["positives"], 40, 40, "", None) for r in (a, b)
    )
    expected = rate_difference(one, two)
    assert [a["difference_low"], a["difference_high"]] == pytest.approx(
        [expected.low, expected.high]
    )
    chi2 = chi2_contingency([[10, 30], [4, 36]], correction=False)
    assert a["p_value"] == pytest.approx(chi2.pvalue)
    assert a["p_holm"] == pytest.approx(min(2 * chi2.pvalue, 1))
    low, high = funnel_limits(14 / 80, [40])
    assert [a["funnel_low"], a["funnel_high"]] == pytest.approx([low[0], high[0]])
    assert pd.isna(c[["leads", "n", "positives", "rate", "shrunk", "p_value"]]).all()
    assert c["reason"] == "fewer than 5 leads: not shown"


def test_leads_that_come_in_pairs_are_half_the_evidence():
    once = segments({"a": (10, 40), "b": (4, 40)})
    twice = pd.concat([once.assign(account=range(80))] * 2)
    z = [
        norm.isf(segment_table(count_segments(rows))["p_value"].iloc[0] / 2)
        for rows in (once, twice)
    ]
    # The variance over accounts is twice that over leads, times 80/79.
    assert z[1] == pytest.approx(z[0] * (79 / 80) ** 0.5)


def test_accounts_on_both_sides_narrow_the_difference():
    """Each account has one lead in each segment, of one fate."""
    fate = [1, 0, 0, 0] * 25
    rows = [lead_rows([1] * 100, fate, range(100)).assign(segment=name) for name in "ab"]
    counts = count_segments(pd.concat(rows))
    row = segment_table(counts).iloc[0]
    apart = segment_table(replace(counts, accounts_across=None)).iloc[0]
    wide = [each["difference_high"] - each["difference_low"] for each in (row, apart)]
    assert wide[0] < 0.2 * wide[1]


def test_a_segment_that_differs_is_called_so_and_an_equal_one_is_not():
    wide = segments({"a": (300, 1000), "b": (100, 1000), "c": (104, 1000)})
    assert segment_table(count_segments(wide), margin=0.05)["answer"].tolist() == ["Yes"] * 3
    same = segments({"a": (1000, 10_000), "b": (1010, 10_000)})
    assert segment_table(count_segments(same), margin=0.05)["answer"].tolist() == ["No"] * 2
    assert segment_table(count_segments(same))["answer"].tolist() == ["Not enough evidence"] * 2


def test_false_positive_rate_by_segment_is_that_of_the_table(sim):
    rows = lead_rows(sim["score"], sim["y"], sim["account_id"]).assign(
        segment=sim["size"].astype(str)
    )
    table = segment_table(count_segments(rows), rate="false_positive_rate", threshold=50)
    for row in table.itertuples():
        own = count_rows(rows[rows["segment"] == row.segment])
        expected = threshold_table(own, thresholds=[50]).iloc[0]
        assert row.rate == pytest.approx(expected["false_positive_rate"])


def test_unworked_leads_of_a_segment_are_said():
    rows = segments({"a": (10, 40), "b": (4, 40)})
    more = pd.DataFrame({"score": [50] * 10, "state": ["unworked"] * 10, "segment": ["b"] * 10})
    table = segment_table(count_segments(pd.concat([rows, more])))
    assert table["answer"].tolist()[1] == "Cannot be told from this data"
    assert table["reason"].tolist()[1] == (
        "20% of the mature leads were never worked: judged leads only"
    )


@pytest.mark.property_of("segment_areas")
@given(split())
@settings(max_examples=10)
def test_areas_are_those_of_each_segment(rows):
    table = segment_areas(count_segments(rows)).set_index("segment")
    for name, row in table.iterrows():
        own = auc(count_rows(rows[rows["segment"] == name]))
        if len(rows[rows["segment"] == name]) >= 5:
            assert row["auc"] == pytest.approx(own.estimate, nan_ok=True)
            assert row["low"] == pytest.approx(own.low, nan_ok=True)
        else:
            assert np.isnan(row["auc"])


def test_the_covariance_of_areas_is_a_sum_over_accounts(sim):
    from toolkit.analysis.segments.areas import _areas

    part = sim[sim["source"].isin([0, 1])]
    rows = lead_rows(part["score"], part["y"], part["account_id"]).assign(
        segment=part["source"].astype(str)
    )
    found = _areas(count_segments(rows), 0.95)
    sums = []
    for source in (0, 1):
        own = part[part["source"] == source]
        score, hit = own["score"].to_numpy(), own["y"].to_numpy()
        v10, v01 = naive.placements(score, hit)
        u, area = np.zeros(len(own)), naive.area(score, hit)
        u[hit == 1], u[hit == 0] = (v10 - area) / len(v10), (v01 - area) / len(v01)
        sums.append(pd.Series(u).groupby(own["account_id"].to_numpy()).sum())
    together = pd.concat(sums, axis=1).fillna(0.0)
    g = part["account_id"].nunique()
    expected = g / (g - 1) * (together[0] * together[1]).sum()
    assert found.covariance[0, 1] == pytest.approx(expected, rel=1e-9)
    assert found.covariance[0, 0] == pytest.approx(
        naive.obuchowski_variance(
            *(part.loc[part["source"] == 0, c].to_numpy() for c in ("score", "y", "account_id"))
        )
    )


def test_areas_that_differ_and_areas_that_do_not():
    rng = np.random.default_rng(2)
    parts = []
    for name, slope in (("good", 2.0), ("none", 0.0), ("also", 2.0)):
        score = rng.integers(0, 10, 600)
        hit = (rng.random(600) < 1 / (1 + np.exp(-slope * (score - 5) / 3))).astype(int)
        parts.append(lead_rows(score, hit).assign(segment=name))
    every = pd.concat(parts, ignore_index=True)
    assert area_test(count_segments(every)).p_value < 1e-6
    table = segment_areas(count_segments(every)).set_index("segment")
    assert table.loc["none", "p_holm"] < 1e-6
    same = every[every["segment"] != "none"]
    assert area_test(count_segments(same)).p_value > 0.01


def test_the_law_of_the_area_test_is_that_of_welch():
    value, variance, n = np.array([0.6, 0.7, 0.75]), np.array([0.01, 0.002, 0.004]), [4, 9, 31]
    expected = anova_generic(value, variance * n, np.array(n), use_var="unequal")
    weight = 1 / variance
    wald = (weight * (value - np.average(value, weights=weight)) ** 2).sum()
    found = _welch_p(wald, variance, np.array(n) - 1.0)
    assert found == pytest.approx(expected.pvalue, rel=1e-9)


def test_the_law_of_two_areas_is_student_by_hand():
    # k = 2, equal variances of 4 and 4 degrees: L = 2 (1/2)^2 / 4 = 1/8, F on 1 and 3 / (3/8) = 8.
    assert _welch_p(2.0, np.ones(2), np.array([4.0, 4.0])) == pytest.approx(
        2 * student.sf(2**0.5, 8)
    )


def test_a_segment_of_one_account_takes_no_part_in_the_test():
    rng = np.random.default_rng(4)
    rows = lead_rows(rng.integers(0, 9, 300), rng.integers(0, 2, 300), np.arange(300))
    segment = np.repeat(["a", "b", "c"], 100)
    rows["account"] = np.where(segment == "c", 999, rows["account"])
    assert area_test(count_segments(rows.assign(segment=segment))).segments == 2
    row = segment_areas(count_segments(rows.assign(segment=segment))).iloc[2]
    assert np.isnan(row["p_value"])
    assert row["reason"]


@pytest.mark.parametrize(
    "rows", [{}, {"a": (3, 10)}, {"a": (0, 9), "b": (0, 9)}, {"a": (1, 2), "b": (1, 2)}]
)
def test_nothing_to_compare_is_a_reason_not_an_error(rows):
    frame = segments(rows) if rows else pd.DataFrame({"score": [], "state": [], "segment": []})
    counts = count_segments(frame.astype({"score": "int64"}))
    for test in (segment_test(counts), area_test(counts)):
        assert np.isnan(test.p_value)
        assert test.reason
    assert len(segment_table(counts)) == len(rows)
    assert len(segment_areas(counts)) == len(rows)


def test_questions_that_make_no_sense_are_refused():
    counts = count_segments(segments({"a": (3, 10), "b": (4, 10)}))
    with pytest.raises(QuestionError, match="split by nothing: expected one axis"):
        segment_test(count_rows(segments({"a": (3, 10)})))
    with pytest.raises(QuestionError, match="recall needs a threshold"):
        segment_table(counts, rate="recall")
    with pytest.raises(QuestionError, match="rate is 'odds'"):
        segment_table(counts, rate="odds")
    with pytest.raises(QuestionError, match="split by nothing"):
        segment_areas(count_rows(segments({"a": (3, 10)})))


@pytest.mark.by_hand("funnel_limits")
def test_limits_of_four_leads_by_hand():
    # Of 4 at 1/2: none in 1/16, at most one in 5/16. A quarter is 1/4 of the way back from one to
    # none: 3/4 of a lead.
    low, high = funnel_limits(1 / 2, [4], confidence=0.5)
    assert (low[0], high[0]) == pytest.approx((3 / 4 / 4, 1 - 3 / 4 / 4))
