"""Hand-offs of the demo against an evaluator that knows nothing of the generator."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from tests.crm.demo_oracle import first_at_bar, lead_of, score
from toolkit.crm.demo import demo_frames
from toolkit.crm.demo.behavior import DEMO, PRICING, Log
from toolkit.crm.demo.changes import Changes
from toolkit.crm.demo.people import draw_people
from toolkit.crm.demo.plan import CRITERIA, DAY, NEVER, stream
from toolkit.crm.demo.scoring import Scorer, score_paths, score_units
from toolkit.crm.demo.texts import MODEL_YAML
from toolkit.model import load_model

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def frames():
    return demo_frames(leads=4_000, seed=11)


def some(frames, way, n):
    of_way = frames.lead_truth[frames.lead_truth["way"] == way]
    return of_way.sample(n, random_state=3)


def test_every_hand_off_is_the_first_instant_at_or_above_fifty(frames):
    for row in some(frames, "handed_over", 200).itertuples():
        lead = lead_of(frames, row.lead_id)
        assert first_at_bar(lead) == row.moment.to_pydatetime(), row.lead_id
        assert score(lead, row.moment.to_pydatetime()) == row.score >= 50
        if row.moment > lead.created:
            assert score(lead, row.moment.to_pydatetime() - SECOND) < 50


def test_the_stage_mql_is_entered_at_the_hand_off_and_only_then(frames):
    entered = frames.stage_changes.query("stage == 'MQL'").set_index("lead_id")["entered_at"]
    handed_over = frames.lead_truth.query("way == 'handed_over'").set_index("lead_id")["moment"]
    pd.testing.assert_series_equal(
        entered.sort_index(), handed_over.sort_index(), check_names=False
    )


def test_whoever_is_left_alone_never_reaches_the_bar(frames):
    rivals = frames.leads.set_index("lead_id")["email_domain"].isin(
        ["rival.example", "othervendor.example"]
    )
    for lead_id in some(frames, "left_alone", 100)["lead_id"]:
        assert rivals[lead_id] or first_at_bar(lead_of(frames, lead_id)) is None


def test_scores_below_the_bar_agree_with_the_model_file(frames):
    for way in ("hand_raiser", "exploration"):
        for row in some(frames, way, 50).itertuples():
            lead = lead_of(frames, row.lead_id)
            assert score(lead, row.moment.to_pydatetime()) == row.score < 50


def test_quiet_counts_from_thirty_days_to_the_second():
    people = draw_people(1, stream(1, 1))
    visit = int(people.created[0]) + 5 * DAY
    scorer = Scorer(
        people, Log(np.array([0]), np.array([visit]), np.array([DEMO])), Changes.none(1)
    )
    ask = np.array([visit + 30 * DAY - 1, visit + 30 * DAY])
    assert scorer.units(np.zeros(2, dtype=int), ask)["quiet"].tolist() == [0, 1]


def test_a_window_loses_an_activity_at_its_exact_end():
    people = draw_people(1, stream(1, 1))
    visit = int(people.created[0]) - 5 * DAY
    scorer = Scorer(
        people, Log(np.array([0]), np.array([visit]), np.array([PRICING])), Changes.none(1)
    )
    ask = visit + np.array([-1, 0, 90 * DAY - 1, 90 * DAY])
    assert scorer.units(np.zeros(4, dtype=int), ask)["pricing"].tolist() == [0, 1, 1, 0]


def test_nobody_crosses_before_being_created():
    people = draw_people(300, stream(2, 1))
    at = np.repeat(people.created - 3 * DAY, 4)
    kind = np.tile([PRICING, PRICING, PRICING, DEMO], 300)
    scorer = Scorer(people, Log(np.repeat(np.arange(300), 4), at, kind), Changes.none(300))
    crossing = score_paths(scorer).crossing
    crossed = crossing < NEVER
    assert crossed.sum() > 200
    assert (crossing[crossed] == people.created[crossed]).all()


def test_content_points_stop_at_the_group_limit():
    units = {planted.id: np.array([0]) for planted in CRITERIA}
    points = {planted.id: planted.points for planted in CRITERIA}
    units |= {"webinar": np.array([2]), "white_paper": np.array([2]), "email_click": np.array([3])}
    assert score_units(units, points).tolist() == [50]  # 40 + 20 + 9, at most 50
    units |= {"demo": np.array([1]), "pricing": np.array([3])}
    assert score_units(units, points).tolist() == [100]  # 50 + 30 + 45, at most 100


def test_the_model_file_is_a_model_and_pays_the_planted_points(tmp_path):
    path = tmp_path / "model.yaml"
    path.write_text(MODEL_YAML, encoding="utf-8")
    model = load_model(path)
    pays = {
        placed.criterion.id: (placed.dimension, getattr(placed.criterion, "points", None))
        for placed in model.criteria
    }
    assert list(pays) == [planted.id for planted in CRITERIA]
    assert model.handoff_threshold == 50
    for planted in CRITERIA:
        dimension, points = pays[planted.id]
        assert dimension == planted.dimension
        assert points in (planted.points, None)  # a bare `when` keeps its points in its case
