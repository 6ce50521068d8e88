from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis import strategies
from tests.analysis.rows import count_rows, lead_rows
from toolkit.analysis import (
    ScoreBand,
    band_table,
    clopper_pearson_interval,
    equal_bands,
    jeffreys_interval,
    level_table,
    rate,
    threshold_table,
    wilson_interval,
)
from toolkit.errors import QuestionError

COLUMNS = [
    "band", "start", "stop", "leads", "n", "positives", "rate", "low", "high",
    "immature", "unworked", "reason",
]  # fmt: skip
BANDS = (ScoreBand("A", 80, handoff=True), ScoreBand("B", 40), ScoreBand("C", None))


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "score": [80, 95, 95, 79, 40, 40, 39, -10, 10],
            "state": [
                "converted", "not_converted", "immature", "converted", "converted",
                "not_converted", "unworked", "not_converted", "not_converted",
            ],
        }
    )  # fmt: skip


def test_columns_are_those_of_the_docstring(rows):
    for table in (band_table(count_rows(rows), BANDS), level_table(count_rows(rows))):
        assert list(table.columns) == COLUMNS
    for name in COLUMNS:
        assert f"`{name}`" in str(band_table.__doc__)


@pytest.mark.by_hand("band_table")
def test_bands_by_hand(rows):
    table = band_table(count_rows(rows), BANDS).set_index("band")
    assert table["leads"].tolist() == [3, 3, 3]
    assert table["n"].tolist() == [2, 3, 2]
    assert table["positives"].tolist() == [1, 2, 0]
    assert table["rate"].tolist() == [1 / 2, 2 / 3, 0]
    assert table["immature"].tolist() == [1, 0, 0]
    assert table["unworked"].tolist() == [0, 0, 1]
    assert table.loc["B", ["start", "stop"]].tolist() == [40, 80]
    assert pd.isna(table.loc["A", "stop"])
    assert pd.isna(table.loc["C", "start"])
    low, high = wilson_interval([1, 2, 0], [2, 3, 2])
    assert table["low"].to_numpy() == pytest.approx(low)
    assert table["high"].to_numpy() == pytest.approx(high)


def test_the_order_of_bands_does_not_matter(rows):
    counts = count_rows(rows)
    pd.testing.assert_frame_equal(band_table(counts, BANDS), band_table(counts, BANDS[::-1]))


def test_leads_below_all_bands_are_not_lost(rows):
    table = band_table(count_rows(rows), BANDS[:2])
    assert table["band"].tolist() == ["A", "B", "below all bands"]
    assert table["leads"].sum() == 9
    assert table["stop"].tolist()[1:] == [80, 40]


def test_a_band_of_mostly_unworked_leads_says_so_beside_its_rate(rows):
    unworked = pd.DataFrame({"score": [10] * 6, "state": ["unworked"] * 6})
    table = band_table(count_rows(pd.concat([rows, unworked])), BANDS).set_index("band")
    assert table["n"].tolist() == [2, 3, 2]  # 7 of the 9 mature leads of band C: not worked
    assert table["reason"].tolist() == [
        None,
        None,
        "judged leads only: 78% of the leads old enough to judge were never worked",
    ]


def test_an_empty_band_is_nan_with_a_reason(rows):
    table = band_table(count_rows(rows), (ScoreBand("S", 200), *BANDS))
    assert pd.isna(table["rate"][0])
    worked = "judged leads only: 33% of the leads old enough to judge were never worked"
    assert table["reason"].tolist() == ["no judged leads", None, None, worked]


def test_no_bands_and_equal_bands_are_refused(rows):
    with pytest.raises(QuestionError, match=r"no bands were given.*use equal_bands or level_table"):
        band_table(count_rows(rows), ())
    with pytest.raises(
        QuestionError, match="two bands start at the same score: A from 80, Z from 80"
    ):
        band_table(count_rows(rows), (BANDS[0], ScoreBand("Z", 80)))


@pytest.mark.by_hand("level_table")
def test_levels_by_hand(rows):
    table = level_table(count_rows(rows))
    assert table["band"].tolist() == ["95", "80", "79", "40", "39", "10", "-10"]
    assert table["leads"].tolist() == [2, 1, 1, 2, 1, 1, 1]
    assert table["stop"].tolist() == [96, 81, 80, 41, 40, 11, -9]


@pytest.mark.by_hand("equal_bands")
def test_equal_bands_by_hand():
    counts = count_rows(lead_rows([1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1]))
    assert equal_bands(counts, groups=3) == (
        ScoreBand("5 or more", 5),
        ScoreBand("3 to 4", 3),
        ScoreBand("under 3", None),
    )
    assert [band.name for band in equal_bands(counts, groups=6)] == [
        "6 or more", "5", "4", "3", "2", "under 2",
    ]  # fmt: skip


def test_leads_of_one_score_share_a_band():
    assert equal_bands(count_rows(lead_rows([7] * 50, [1, 0] * 25))) == (
        ScoreBand("all scores", None),
    )
    lumpy = equal_bands(count_rows(lead_rows([0] * 90 + [5] * 10, [0] * 90 + [1] * 10)))
    assert [band.name for band in lumpy] == ["5 or more", "under 5"]


def test_equal_bands_need_a_group():
    with pytest.raises(QuestionError, match="expected at least 1 band"):
        equal_bands(count_rows(lead_rows([7], [1])), groups=0)


@pytest.mark.property_of("band_table", "equal_bands", "level_table")
@given(strategies.leads(), st.integers(1, 8))
def test_bands_lose_no_lead(rows, groups):
    counts = count_rows(rows)
    bands = equal_bands(counts, groups=groups)
    assert len(bands) <= groups
    if not bands:
        assert counts.n == 0
        assert level_table(counts).empty
        return
    for table in (band_table(counts, bands), level_table(counts)):
        assert table["leads"].sum() == counts.n
        assert table["positives"].sum() == counts.total("converted")
        assert (table["n"] + table["immature"] + table["unworked"] == table["leads"]).all()
        known = table[table["n"] > 0]
        assert ((known["low"] <= known["rate"]) & (known["rate"] <= known["high"])).all()


KINDS = {"jeffreys": jeffreys_interval, "clopper_pearson": clopper_pearson_interval}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("account", [None, [1, 1, 2, 3, 4, 5, 6, 7, 7, 8]])
def test_other_intervals_rest_on_the_same_effective_number_of_leads(kind, account):
    counts = count_rows(lead_rows([60] * 5 + [40] * 5, [1, 0, 1, 0, 1, 0, 1, 1, 0, 0], account))
    row = band_table(counts, [ScoreBand("hot", 60), ScoreBand("cold", None)], interval=kind).iloc[0]
    n = rate(counts, at_least=60).n_effective
    low, high = KINDS[kind](3 / 5 * n, n)
    assert (row["low"], row["high"]) == pytest.approx((float(low), float(high)))
    table = threshold_table(counts, interval=kind).set_index("threshold")
    ends = table.loc[60, ["precision_low", "precision_high"]].tolist()
    assert ends == pytest.approx([float(low), float(high)])
    assert level_table(counts, interval=kind)["low"].iloc[0] == pytest.approx(float(low))


def test_every_kind_of_interval_holds_a_rate_of_nothing_and_of_all():
    # None of 30, all of 30: Jeffreys' ends are closed there; Clopper-Pearson's are 1 - 0.025^(1/30).
    counts = count_rows(lead_rows([60] * 30 + [40] * 30, [1] * 30 + [0] * 30))
    for kind in ("wilson", *KINDS):
        table = level_table(counts, interval=kind)
        assert (table["high"].iloc[0], table["low"].iloc[1]) == (1, 0)
    exact = level_table(counts, interval="clopper_pearson")
    assert exact["high"].iloc[1] == pytest.approx(1 - 0.025 ** (1 / 30))


def test_an_unknown_kind_of_interval_is_named():
    counts = count_rows(lead_rows([1, 2], [0, 1]))
    with pytest.raises(QuestionError, match="interval is 'Wald': expected wilson, jeffreys or"):
        level_table(counts, interval="Wald")
