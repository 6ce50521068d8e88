"""The gain of a proposal on later leads, whatever a conversion is worth."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from tests.report.weights import flat
from toolkit.backtest import Outcome
from toolkit.crm import connect
from toolkit.model import parse_model
from toolkit.report import weights as report
from toolkit.report.weights import Asked, Review, prepare_review
from toolkit.report.weights.choices import _chances, _without

TRUE = {"a": 60.0, "b": 15.0, "c": -10.0, "d": 30.0}
STARTS = pd.to_datetime(["2025-10-06", "2026-01-12"])


@pytest.fixture(scope="module")
def found() -> Review:
    """Leads of two quarters, all worked; `a` is paid 20 and worth 60."""
    rows = flat.drawn(TRUE, n=6000)
    ids = pd.Series([f"L{i}" for i in range(len(rows))])
    created = pd.Series(STARTS.to_numpy()[np.arange(len(rows)) % 2])
    won = rows["won"] == 1
    tables = {
        "leads": rows.drop(columns="won").assign(lead_id=ids, created_at=created),
        "stage_changes": pd.DataFrame(
            {"lead_id": ids, "stage": "sql", "entered_at": created + pd.Timedelta("30D")}
        )[won],
    }
    mapping = {"crm_mapping": 1, "observed_until": "2026-08-30", "time_zone": "UTC", "worked_by": "all"}  # fmt: skip
    return prepare_review(
        crm=connect(tables, mapping=mapping),
        model=parse_model(flat.model_text(flat.POINTS)),
        outcome=Outcome("sql", within_days=90),
        asked=Asked(cost_ratio=0.5),
        prepared_on=flat.DAY,
    )


def test_a_proposal_that_is_better_is_seen_to_be_worth_more(found: Review) -> None:
    section = report.show_comparison(found)
    assert found.choices is not None
    known = found.choices.dropna(subset=["difference"])
    assert (known["low"] > 0).any()
    assert not (known["high"] < 0).any()
    assert "the challenger is worth more where a call pays from" in section.plain().casefold()
    # The gain is that of the leads on which the two choices differ.
    row = known.iloc[len(known) // 2]
    misses_in = row["swap_in"] - row["swap_in_positives"]
    misses_out = row["swap_out"] - row["swap_out_positives"]
    hits = row["swap_in_positives"] - row["swap_out_positives"]
    judged = found.comparison.swap.table["judged"].sum()
    gain = (hits - row["cost_ratio"] * (misses_in - misses_out)) / judged
    assert row["difference"] == pytest.approx(gain, abs=1e-12)


def test_where_nothing_can_be_told_no_figure_is_drawn(found: Review) -> None:
    unknown = found.choices.assign(difference=np.nan)
    for choices in (None, unknown):
        said = report.show_comparison(replace(found, choices=choices)).plain()
        assert "challenger is worth more" not in said
        assert "cannot be told from these leads" not in said


def test_earlier_leads_are_all_without_the_later_ones() -> None:
    every = pd.DataFrame(
        {"champion": [10, 10, 20], "challenger": [10, 20, 20], "state": "converted", "n": [5, 7, 2]}
    )
    later = every.assign(n=[1, 7, 0])
    left = _without(every, later)
    assert left[["champion", "challenger", "n"]].to_numpy().tolist() == [[10, 10, 4], [20, 20, 2]]


def test_the_chance_of_a_score_is_that_of_the_line() -> None:
    line = SimpleNamespace(intercept=float(logit(0.2)), slope=0.0)
    assert _chances(line, pd.Series([10, 10, 30])).round(12).to_dict() == {10: 0.2, 30: 0.2}
