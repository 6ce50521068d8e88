"""The share that agrees, and what explains the rest, by hand."""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis import naive
from toolkit.analysis import agreement, cause_table, reconciliation, wilson_interval
from toolkit.counts import DifferenceCounts


def counts_of(frame, *, accounts=None, hypotheses=(), patterns=(), looked_at=None, known=False):
    made = pd.DataFrame(frame, columns=["difference", "n"])
    total = int(made["n"].sum())
    same = int(made.loc[made["difference"] == 0, "n"].sum())
    spread = accounts or [(1, 1, same), (1, 0, total - same)]
    return DifferenceCounts(
        frame=made,
        accounts=pd.DataFrame(spread, columns=["rows", "matched", "accounts"]),
        hypotheses=pd.DataFrame(hypotheses, columns=["code", "criterion", "label", "contradicted"]),
        patterns=pd.DataFrame(patterns, columns=["explained_by", "difference", "n"]),
        looked_at=looked_at or (total - same, same),
        leads=total,
        differing_leads=total - same,
        score="score",
        model="m 1",
        source="by hand",
        accounts_known=known,
    )


def test_scores_of_single_leads_have_the_interval_of_independent_ones():
    found = agreement(counts_of([(0, 62), (15, 38)]))
    low, high = wilson_interval(62, 100)
    assert (found.positives, found.n, found.estimate) == (62, 100, 0.62)
    # G/(G-1) widens by half a percent.
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), abs=2e-3)


def test_scores_of_one_lead_share_their_fate():
    # 50 leads of ten scores each: 31 agree always, 19 never. As many as 50 observations.
    found = agreement(counts_of([(0, 310), (15, 190)], accounts=[(10, 10, 31), (10, 0, 19)]))
    low, high = wilson_interval(31, 50)
    assert found.n_effective == pytest.approx(49, abs=3)
    assert found.low == pytest.approx(float(low), abs=0.01)
    assert found.high == pytest.approx(float(high), abs=0.01)


@pytest.mark.property_of("agreement")
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), min_size=2, max_size=30))
def test_the_variance_is_that_of_sums_by_account(drawn):
    """Var = G/(G-1) * sum (m - theta n)^2 / N^2, the ratio estimator, account by account."""
    groups = [(n, min(m, n)) for n, m in drawn]
    total, met = sum(n for n, _ in groups), sum(m for _, m in groups)
    spread = pd.Series(groups).value_counts()
    accounts = [(*key, int(count)) for key, count in spread.items()]
    found = agreement(counts_of([(0, met), (5, total - met)], accounts=accounts))
    theta, g = met / total, len(groups)
    variance = g / (g - 1) * sum((m - theta * n) ** 2 for n, m in groups) / total**2
    if 0 < theta < 1 and variance > 1e-12:
        equal = total**2 / sum(n * n for n, _ in groups)
        expected = naive.effective_n(theta, total, variance, equal)
        assert found.n_effective == pytest.approx(expected, rel=1e-6)
    assert found.estimate == pytest.approx(theta)


HYPOTHESES = [
    ("twice", "pricing", "Pricing page visited", 40),
    ("once_more", "pricing", "Pricing page visited", 60),
    ("missing", "webinar", "Webinar attended", 0),
]


@pytest.mark.by_hand("cause_table", "reconciliation")
def test_the_change_that_explains_most_takes_its_scores_first():
    counts = counts_of(
        [(0, 400), (15, 60), (30, 20), (-20, 15), (7, 5)],
        hypotheses=HYPOTHESES,
        patterns=[((0, 1), 15, 60), ((0,), 30, 20), ((2,), -20, 15), ((), 7, 5)],
    )
    found = cause_table(counts)
    assert found["code"].tolist() == ["twice", "missing"]
    assert found["n"].tolist() == [80, 15]
    assert found["share"].tolist() == pytest.approx([80 / 500, 15 / 500])
    assert found["contradicted"].tolist() == pytest.approx([40 / 400, 0])
    assert found["text"].tolist() == [
        (
            "16.0% differ, mostly by +15 points: Pricing page visited: counted twice in the"
            " platform (in some leads only)."
        ),
        "3.0% differ, by -20 points: Webinar attended: the platform does not pay for it.",
    ]
    result = reconciliation(counts)
    assert result.unexplained_share == pytest.approx(5 / 500)
    assert not result.agrees
    assert result.text.startswith(
        "Replayed and recorded scores agree for 400 of 500 recorded scores: 80.0% ("
    )
    assert result.text.endswith("1.0% differ in a way that no single change of the model explains.")
    assert result.differences["share"].sum() == pytest.approx(1)


def test_of_two_changes_that_explain_the_same_the_less_contradicted_is_named():
    patterns = [((0, 1), 15, 60)]
    counts = counts_of([(0, 400), (15, 60)], hypotheses=HYPOTHESES, patterns=patterns)
    assert cause_table(counts)["code"].tolist() == ["twice"]
    swapped = [(*HYPOTHESES[0][:3], 90), *HYPOTHESES[1:]]
    counts = counts_of([(0, 400), (15, 60)], hypotheses=swapped, patterns=patterns)
    assert cause_table(counts)["code"].tolist() == ["once_more"]


def test_two_scores_out_of_hundreds_name_no_cause():
    counts = counts_of(
        [(0, 400), (15, 2), (7, 300)], hypotheses=HYPOTHESES, patterns=[((0,), 15, 2), ((), 7, 300)]
    )
    assert cause_table(counts).empty
    assert reconciliation(counts).unexplained_share == pytest.approx(302 / 702)


def test_a_sample_is_projected_to_all_recorded_scores():
    counts = counts_of(
        [(0, 4_000), (15, 4_000)],
        hypotheses=HYPOTHESES,
        patterns=[((0,), 15, 100)],
        looked_at=(100, 100),
    )
    found = cause_table(counts)
    assert found["share"].tolist() == pytest.approx([0.5])
    assert found["contradicted"].tolist() == pytest.approx([0.4])


def test_full_agreement_says_so_and_explains_nothing():
    found = reconciliation(counts_of([(0, 1_000)]))
    assert found.agrees
    assert found.causes.empty
    assert found.unexplained_share == 0
    low, _ = wilson_interval(1_000, 1_000)
    assert found.agreement.low == pytest.approx(float(low), abs=1e-3)
    assert found.text.startswith(
        "Replayed and recorded scores agree for 1,000 of 1,000 recorded scores: 100% ("
    )


def test_without_an_agreeing_score_nothing_is_known_to_contradict():
    counts = counts_of([(15, 60)], hypotheses=HYPOTHESES, patterns=[((0,), 15, 60)])
    assert isnan(cause_table(counts)["contradicted"][0])
    assert not reconciliation(counts).agrees
    assert np.isfinite(reconciliation(counts).agreement.high)


@pytest.mark.by_hand("agreement")
def test_leads_of_two_scores_by_hand():
    # 25 leads whose two scores agree, 25 whose two do not: variance 50/49 x 50 / 100^2 = 1/196, so
    # as many observations as (1/4) / (1/196).
    found = agreement(counts_of([(0, 50), (15, 50)], accounts=[(2, 2, 25), (2, 0, 25)]))
    assert (found.estimate, found.n_effective) == (1 / 2, pytest.approx(49))
    low, high = wilson_interval(49 / 2, 49)
    assert (found.low, found.high) == pytest.approx((float(low), float(high)))


TRIED = [("twice", "a", "A", 5), ("missing", "b", "B", 1), ("once_more", "c", "C", 3)]


@st.composite
def explained(draw):
    """Agreeing scores, and others with the changes that would explain each (of three, or none)."""
    sets = st.sets(st.integers(0, 2)).map(lambda found: tuple(sorted(found)))
    pattern = st.tuples(sets, st.sampled_from([-5, 7, 15]), st.integers(3, 40))
    patterns = draw(st.lists(pattern, min_size=1, max_size=6, unique_by=lambda each: each[:2]))
    return draw(st.integers(1, 200)), patterns


def with_patterns(same, patterns, tried=TRIED, times=1):
    differences = pd.DataFrame(patterns, columns=["by", "difference", "n"])
    summed = differences.groupby("difference")["n"].sum() * times
    tried = [(*each[:3], each[3] * times) for each in tried]
    patterns = [(*each[:2], each[2] * times) for each in patterns]
    return counts_of([(0, same * times), *summed.items()], hypotheses=tried, patterns=patterns)


@pytest.mark.property_of("cause_table", "reconciliation")
@given(explained(), st.permutations(range(3)), st.integers(2, 5), st.randoms())
def test_causes_share_out_what_differs_whatever_the_order_and_the_number(
    drawn, names, times, random
):
    same, patterns = drawn
    first = with_patterns(same, patterns)
    found, whole = cause_table(first), reconciliation(first)
    total = same + sum(n for *_, n in patterns)
    # No score has two causes, and none is without one but for lack of any (or of enough of them).
    assert found["share"].sum() + whole.unexplained_share == pytest.approx(1 - same / total)
    nothing = sum(n for by, _, n in patterns if not by)
    assert whole.unexplained_share >= nothing / total - 1e-12
    assert found["n"].is_monotonic_decreasing
    assert whole.differences["share"].sum() == pytest.approx(1)
    # Patterns in another order, changes under other numbers.
    place = {old: new for new, old in enumerate(names)}
    mixed = [(tuple(place[i] for i in by), *rest) for by, *rest in patterns]
    random.shuffle(mixed)
    again = with_patterns(same, mixed, [TRIED[old] for old in names])
    pd.testing.assert_frame_equal(cause_table(again), found)
    assert reconciliation(again).text == whole.text
    # So many times all counts: the same shares.
    more = cause_table(with_patterns(same, patterns, times=times))
    assert more["code"].tolist()[: len(found)] == found["code"].tolist()
    for name in ("share", "contradicted"):
        assert more[name].tolist()[: len(found)] == pytest.approx(found[name].tolist())
