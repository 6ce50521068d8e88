"""Areas of two segments compared: by hand, over accounts, and how often the interval is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from tests.analysis.rows import lead_rows
from tests.analysis.segment_rows import count_segments, segments
from toolkit.analysis import area_difference, area_test, auc, segment_areas
from toolkit.errors import QuestionError


def test_two_areas_without_shared_accounts_differ_by_their_own_intervals(sim):
    rows = lead_rows(sim["score"], sim["y"]).assign(segment=sim["source"].astype(str))
    counts = count_segments(rows)
    (one,), (two,) = (labels for labels, _ in list(counts.groups())[:2])
    a, b = (auc(counts.group(name)) for name in (one, two))
    found = area_difference(counts, one, two)
    middle = a.estimate - b.estimate
    low = middle - np.hypot(a.estimate - a.low, b.high - b.estimate)
    high = middle + np.hypot(a.high - a.estimate, b.estimate - b.low)
    assert [found.estimate, found.low, found.high] == pytest.approx([middle, low, high])


def test_the_difference_of_two_areas_agrees_with_their_test(sim):
    rows = lead_rows(sim["score"], sim["y"], sim["account_id"])
    counts = count_segments(rows.assign(segment=np.where(np.arange(len(rows)) % 2, "a", "b")))
    found, turned = area_difference(counts, "a", "b"), area_difference(counts, "b", "a")
    assert [turned.estimate, turned.low, turned.high] == pytest.approx(
        [-found.estimate, -found.high, -found.low]
    )
    # Wald of two areas is the square of the difference over its standard error; the logit scale
    # and Student's t move the interval by a few percent.
    z = found.estimate / ((found.high - found.low) / 2 / norm.ppf(0.975))
    assert z**2 == pytest.approx(area_test(counts).statistic, rel=0.1)


def few_accounts(seed, *, accounts):
    """Two segments that every account is in, ranked alike; an account shares its fate."""
    rng = np.random.default_rng(seed)
    account = np.repeat(np.arange(accounts), 8)
    score = rng.integers(0, 10, len(account))
    chance = 1 / (1 + np.exp(3 - 0.5 * score - rng.normal(0, 1, accounts)[account]))
    rows = lead_rows(score, (rng.random(len(account)) < chance).astype(int), account)
    return count_segments(rows.assign(segment=np.where(np.arange(len(rows)) % 2, "a", "b")))


@pytest.mark.parametrize("runs", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_the_difference_of_two_areas_covers_nothing_with_few_accounts(runs):
    inside, told = 0, 0
    for seed in range(runs):
        found = area_difference(few_accounts(seed, accounts=15), "a", "b")
        inside += found.low <= 0 <= found.high or np.isnan(found.low)
        told += "a: few cases" in (found.reason or "")
    assert inside / runs > 0.95 - 4 * np.sqrt(0.95 * 0.05 / runs)
    assert told == runs


def test_an_area_that_is_not_known_has_no_difference():
    counts = count_segments(segments({"a": (3, 10), "b": (0, 10)}))
    found = area_difference(counts, "a", "b")
    assert np.isnan([found.estimate, found.low, found.high]).all()
    assert found.reason
    with pytest.raises(QuestionError, match="no leads counted for 'c'"):
        area_difference(counts, "a", "c")


@pytest.mark.by_hand("area_difference", "area_test", "segment_areas")
def test_two_areas_by_hand():
    # a: converted 3, 2, others 2, 1, 1: area 11/12, variance (1/72)/2 + (1/48)/3 = 2/144.
    # b: converted 3, 1, others 2, 1, 1: area (3 + 0 + 1/2 + 1/2)/6 = 2/3. The converted beat 1 and
    # 1/3 of the others, these lose to 1/2, 3/4, 3/4: variance (2/9)/2 + (1/48)/3 = 17/144.
    rows = lead_rows([3, 2, 2, 1, 1, 3, 1, 2, 1, 1], [1, 1, 0, 0, 0] * 2)
    counts = count_segments(rows.assign(segment=["a"] * 5 + ["b"] * 5))
    found = area_difference(counts, "a", "b")
    assert found.estimate == pytest.approx(11 / 12 - 2 / 3)
    # Two converted leads in each: t with one degree of freedom, which is 12.7062.
    ends = {}
    for name, area, variance in (("a", 11 / 12, 2 / 144), ("b", 2 / 3, 17 / 144)):
        step = 12.706204736 * variance**0.5 / (area * (1 - area))
        ends[name] = [1 / (1 + (1 - area) / area * np.exp(side * step)) for side in (1, -1)]
    down = (11 / 12 - ends["a"][0]) ** 2 + (ends["b"][1] - 2 / 3) ** 2
    up = (ends["a"][1] - 11 / 12) ** 2 + (2 / 3 - ends["b"][0]) ** 2
    assert (found.low, found.high) == pytest.approx((1 / 4 - down**0.5, 1 / 4 + up**0.5), rel=1e-6)
    test = area_test(counts)
    assert (test.statistic, test.df) == (pytest.approx((1 / 4) ** 2 / (19 / 144)), 1)
    # Weighted by 144/2 and 144/17, the mean is 2/19 nearer to a.
    table = segment_areas(counts)
    assert table["difference"].tolist() == pytest.approx([2 / 19 / 4, -17 / 19 / 4])
    assert table["p_value"].tolist() == pytest.approx([test.p_value] * 2)
