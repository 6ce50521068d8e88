"""A real vendor score in a flat file: 9,240 leads, 5,022 of them scored, no dates."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.analysis import auc, level_table, monotonicity
from toolkit.backtest import Backtest, count_scores, read_scored

pytestmark = pytest.mark.real_data

ACTIVITY, PROFILE = "Asymmetrique Activity Score", "Asymmetrique Profile Score"


def read(folder: Path, score: str | list[str]) -> Backtest:
    return read_scored(folder / "x_education_leads.csv", score=score, outcome="Converted")


@pytest.mark.parametrize("score", [ACTIVITY, [ACTIVITY, PROFILE]])
def test_every_lead_is_scored_or_counted_as_unscored(
    real_data: Path, score: str | list[str]
) -> None:
    flow = read(real_data, score).flow.set_index("step")["n"]
    assert flow["rows imported"] == 9_240
    assert flow["no score"] == 9_240 - 5_022
    assert flow["converted"] + flow["not_converted"] == 5_022


@pytest.mark.parametrize(("score", "value"), [(ACTIVITY, 0.625), ([ACTIVITY, PROFILE], 0.663)])
def test_the_vendor_score_ranks_as_independent_software_says(
    real_data: Path, score: str | list[str], value: float
) -> None:
    assert round(auc(count_scores(read(real_data, score))).estimate, 3) == value


def test_sixteen_and_seventeen_points_convert_worse_than_fifteen(real_data: Path) -> None:
    counts = count_scores(read(real_data, ACTIVITY))
    rates = level_table(counts).set_index("band")["rate"].round(3)
    assert (rates["15"], rates["16"], rates["17"]) == (0.636, 0.488, 0.049)
    found = monotonicity(counts)
    assert found.refuted
    pairs = set(zip(found.pairs["lower_score"], found.pairs["higher_score"], strict=True))
    assert {(15, 16), (15, 17)} <= pairs


def test_nothing_in_it_is_called_point_in_time(real_data: Path) -> None:
    provenance = read(real_data, ACTIVITY).provenance
    assert not provenance.point_in_time
    assert "no dates" in provenance.caveats[0]
