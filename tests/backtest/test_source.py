"""Reading the customer's own columns gives what reading the cleaned tables gives."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pandas as pd
import pytest

from tests.backtest.tables import START, UNTIL
from toolkit.backtest import AtAge, Outcome, run_backtest, score_timeline
from toolkit.backtest.staging.source import activities_of
from toolkit.crm import Mapping, connect
from toolkit.errors import ModelError
from toolkit.model import parse_model

MODEL = """
lead_score_model: 1
name: m
version: "1"
groups:
- id: web
  dimension: behavior
  criteria:
  - {id: view, activity: page view, where: {page: {in: [/pricing]}}, points: 7, within: 20d}
  - {id: none, activity: page view, where: {page: {missing: true}}, points: 1, within: 20d}
  - {id: big, activity: order, where: {value: {gte: 100}}, points: 30, within: 20d}
  - {id: quiet, inactivity: {after: 9d}, points: -5}
"""
TYPES = ["page view", " Page View", "PAGE VIEW\t", "order", "call", None, "  "]
PAGES = ["/pricing", " /Pricing ", "/PRICING", "/blog", "", None, "\xa0"]


def tables(ids: list) -> dict[str, pd.DataFrame]:
    kinds = list(product(TYPES, PAGES))
    acts = pd.DataFrame({
        "lead_id": [ids[i % len(ids)] for i in range(len(kinds))],
        "activity_type": pd.array([kind for kind, _ in kinds], dtype="string"),
        "occurred_at": [START + timedelta(hours=17 * i) for i in range(len(kinds))],
        "page": pd.array([page for _, page in kinds], dtype="string"),
        "value": pd.array([None if i % 3 == 0 else 40 * i for i in range(len(kinds))], "Int64"),
        "role": "theirs",
    })  # fmt: skip
    leads = pd.DataFrame({"lead_id": ids, "created_at": [START] * len(ids)})
    stages = pd.DataFrame({"lead_id": ids[:1], "stage": ["sql"], "entered_at": [UNTIL]})
    return {"leads": leads, "activities": acts, "stage_changes": stages}


def mapping() -> Mapping:
    return Mapping(observed_until=UNTIL, time_zone="UTC", activity_roles={"sales": ("call",)})


def both(frames: dict[str, pd.DataFrame], folder):
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    return connect(frames, mapping=mapping()), connect(folder, mapping=mapping())


@pytest.mark.parametrize(
    ("ids", "numbers"),
    [
        ([3, 40, 500], True),
        (["a", "b", "c"], False),
        (["7", "007", "8"], False),
        ([" a", "b ", "c"], False),
    ],
)
def test_files_give_what_frames_give(ids: list, numbers: bool, tmp_path) -> None:
    model = parse_model(MODEL)
    frames, files = both(tables(ids), tmp_path)
    assert activities_of(files).numbers is numbers
    one, other = score_timeline(model, frames), score_timeline(model, files)
    pd.testing.assert_frame_equal(one, other)
    assert one["score"].nunique() > 3
    scored = [
        run_backtest(model, crm, moment=AtAge(days=14), outcome=Outcome("sql", 30)).rows()
        for crm in (frames, files)
    ]
    pd.testing.assert_frame_equal(*scored)


def test_a_text_is_the_id_of_no_number(tmp_path) -> None:
    frames = tables([3, 40])
    frames["leads"] = pd.DataFrame({"lead_id": ["3", "040"], "created_at": [START] * 2})
    one, other = (score_timeline(parse_model(MODEL), crm) for crm in both(frames, tmp_path))
    pd.testing.assert_frame_equal(one, other)
    # Lead 040 is not lead 40: nothing is known of it but its silence.
    assert set(other[other["lead_id"] == "040"]["score"]) == {0, -5}


def test_copies_of_an_activity_are_left_out_whatever_is_read(tmp_path) -> None:
    frames = tables([3, 40])
    numbered = frames["activities"].assign(activity_id=range(len(frames["activities"])))
    frames["activities"] = pd.concat([numbered, numbered.head(20)], ignore_index=True)
    one, other = (score_timeline(parse_model(MODEL), crm) for crm in both(frames, tmp_path))
    pd.testing.assert_frame_equal(one, other)
    alone = score_timeline(parse_model(MODEL), connect(tables([3, 40]), mapping=mapping()))
    pd.testing.assert_frame_equal(one, alone)


def test_activities_of_sales_are_refused_in_files_too(tmp_path) -> None:
    model = parse_model(
        MODEL.replace("activity: order, where: {value: {gte: 100}}", "activity: call")
    )
    for crm in both(tables([3]), tmp_path):
        with pytest.raises(ModelError, match="whose role in"):
            score_timeline(model, crm)
