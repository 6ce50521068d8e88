"""Several models over one history: as each of them alone, and by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.any_model import crm_of_rows, models, random_rows, read, with_histories
from tests.backtest.tables import activity, at, change, crm_of, lead, merge
from toolkit.backtest import replay_models, score_timeline, threshold_crossings
from toolkit.backtest.timeline.paths import opened
from toolkit.backtest.whatif import _plans, _together
from toolkit.errors import QuestionError
from toolkit.model import parse_model

MODEL = """
lead_score_model: 1
name: m
version: "1"
groups:
- id: web
  dimension: behavior
  criteria: [{id: view, activity: view, points: 5, within: 4d}]
bands: [{name: mql, from: 10, handoff: true}, {name: none}]
"""
OTHER = MODEL.replace('version: "1"', 'version: "2"').replace("points: 5", "points: 10")
CRM = crm_of_rows(with_histories(random_rows(11, 40), 11))


def test_two_models_by_hand() -> None:
    # START is Thursday 2026-01-01. Lead 1 views at days 1 and 3: at 10 points on day 3 (model 1),
    # on day 1 (model 2): two days earlier. Lead 2 views once: only model 2. Lead 3: never.
    crm = crm_of(
        [lead(1), lead(2), lead(3)],
        [activity(1, "view", 1), activity(1, "view", 3), activity(2, "view", 10),
         activity(2, "view", 20)],
    )  # fmt: skip
    found = replay_models([parse_model(MODEL), parse_model(OTHER)], crm, period="2026-01")
    assert found.models == ("m 1", "m 2")
    assert found.thresholds == (10, 10)
    assert (found.start, found.stop) == (at(0), at(31))
    expected = pd.DataFrame({
        "lead_id": ["L1", "L2"],
        "model": ["m 2", "m 2"],
        "champion_crossed_at": pd.DatetimeIndex([at(3), pd.NaT]).as_unit("us"),
        "crossed_at": pd.DatetimeIndex([at(1), at(10)]).as_unit("us"),
        "score": pd.array([10, 10], dtype="Int64"),
        "days_earlier": [2.0, np.nan],
        "change": ["both", "swap_in"],
    })  # fmt: skip
    pd.testing.assert_frame_equal(found.crossings, expected, check_dtype=False)
    volume = found.volume
    assert list(volume.columns) == ["model", "week", "days", "n", "n_again"]
    assert list(volume["week"].astype(str).unique()) == [
        "2025-12-29", "2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26",
    ]  # fmt: skip
    assert volume["days"].tolist() == [4, 7, 7, 7, 6] * 2
    # Lead 2 crosses at day 10 (Sunday 11th) and again at day 20 (Wednesday 21st).
    assert volume["n"].tolist() == [1, 0, 0, 0, 0, 1, 1, 0, 0, 0]
    assert volume["n_again"].tolist() == [0] * 8 + [1, 0]


def test_a_lead_that_only_the_first_model_hands_over_is_swapped_out() -> None:
    crm = crm_of([lead(1)], [activity(1, "view", 1)])
    found = replay_models([parse_model(OTHER), parse_model(MODEL)], crm).crossings
    assert found["change"].tolist() == ["swap_out"]
    assert found["score"].isna().all()
    assert found["crossed_at"].isna().all()


def test_both_models_follow_fields_and_merges() -> None:
    # Lead 1 views on day 1 and goes into lead 2 on day 3, which views on day 4: 10 points (model 1).
    # Model 2 pays 10 a view: lead 1 on day 1, and lead 2 from the merge on. Lead 3: a field that
    # model 2 alone reads is set on day 6.
    paid = OTHER.replace("groups:", "groups:\n- id: who\n  dimension: fit\n  criteria: "
                         "[{id: vp, when: {title: vp}, points: 10}]")  # fmt: skip
    crm = crm_of(
        [lead(1), lead(2), lead(3, title="vp")],
        [activity(1, "view", 1), activity(2, "view", 4)],
        changes=[change(3, "title", "vp", 6)],
        merges=[merge(1, 2, 3)],
    )
    found = replay_models([parse_model(MODEL), parse_model(paid)], crm).crossings
    assert found["lead_id"].tolist() == ["L1", "L2", "L3"]
    assert found["crossed_at"].tolist() == [at(1), at(3), at(6)]
    assert found["champion_crossed_at"].tolist()[1] == at(4)
    assert found["change"].tolist() == ["swap_in", "both", "swap_in"]


def test_crossings_outside_the_period_are_left_out() -> None:
    crm = crm_of([lead(1)], [activity(1, "view", 1), activity(1, "view", 3)])
    pair = [parse_model(MODEL), parse_model(OTHER)]
    assert len(replay_models(pair, crm, period=(date(2026, 1, 4), date(2026, 1, 4))).crossings) == 1
    late = replay_models(pair, crm, period=(date(2026, 1, 5), date(2026, 1, 11)))
    assert late.crossings.empty
    assert late.volume["n"].tolist() == [0, 0]
    assert late.volume["days"].tolist() == [7, 7]


@settings(max_examples=8)
@given(st.lists(models(), min_size=2, max_size=3))
def test_each_model_has_the_paths_it_has_alone(raws: list[dict]) -> None:
    read_models = [read(raw) for raw in raws]
    with opened(_together(read_models), CRM) as paths:
        for model, plan in zip(read_models, _plans(read_models), strict=True):
            parts = list(paths.each(lambda points, score: (points, score), plan=plan))
            alone = score_timeline(model, CRM)
            lead_of = np.concatenate([points.lead for points, _ in parts])
            assert paths.ids[lead_of].tolist() == alone["lead_id"].tolist()
            assert np.concatenate([s for _, s in parts]).tolist() == alone["score"].tolist()


def test_the_weeks_add_up_to_the_crossings() -> None:
    crm = crm_of(
        [lead(i, i / 7) for i in range(60)],
        [activity(i, "view", d) for i in range(60) for d in range(i % 5, 55, 3 + i % 7)],
    )
    pair = [parse_model(MODEL), parse_model(OTHER)]
    found = replay_models(pair, crm)
    for model, name in zip(pair, found.models, strict=True):
        own = found.volume[found.volume["model"] == name]
        crossed = threshold_crossings(model, crm)
        assert own["n"].sum() == (crossed["episode"] == 1).sum()
        assert own["n_again"].sum() == (crossed["episode"] > 1).sum() > 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda a, _b, crm: replay_models([a], crm), "at least one to try; found 1"),
        (lambda a, _b, crm: replay_models([a, a], crm), "two of the models are called 'm 1'"),
        (lambda a, b, crm: replay_models([a, b], crm, period="2026Q5"), "expected a quarter"),
        (lambda a, b, crm: replay_models([a, b], crm, period="2019Q1"), "holds nothing"),
        (lambda a, _b, crm: replay_models([a, bandless()], crm), "no band with 'handoff: true'"),
    ],
)
def test_what_cannot_be_asked_is_refused(wrong, words: str) -> None:
    crm = crm_of([lead(1)], [activity(1, "view", 1)])
    with pytest.raises(QuestionError, match=words):
        wrong(parse_model(MODEL), parse_model(OTHER), crm)


def bandless():
    return parse_model(OTHER.split("bands:", maxsplit=1)[0])
