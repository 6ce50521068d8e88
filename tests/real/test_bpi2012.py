"""A real, timestamped log with outcomes: 13,087 applications, 262,200 events."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from toolkit.analysis import auc
from toolkit.backtest import AtAge, Backtest, Outcome, count_scores, run_backtest
from toolkit.crm import Crm, connect
from toolkit.model import load_model

HERE = Path(__file__).parent / "bpi2012"
MODEL = load_model(HERE / "model.yaml")
ACTIVATED = Outcome("a_activated", within_days=35)

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def crm(real_data: Path) -> Crm:
    return connect(real_data, mapping=HERE / "crm.yaml")


@pytest.fixture(scope="module")
def backtest(crm: Crm) -> Backtest:
    return run_backtest(MODEL, crm, moment=AtAge(days=7), outcome=ACTIVATED)


def test_the_flow_adds_up_to_every_application(backtest: Backtest) -> None:
    flow = backtest.flow
    states = flow[flow["kind"] == "state"]["n"].sum()
    assert flow["n"].iloc[0] == 13_087
    assert flow[flow["kind"] == "excluded"]["n"].sum() + states == 13_087


def test_no_event_after_day_seven_is_used(backtest: Backtest, real_data: Path) -> None:
    """The log cut after each lead's seventh day gives every lead the same score."""
    cases = pd.read_csv(real_data / "bpi2012_cases.csv.gz", dtype=str)
    events = pd.read_csv(real_data / "bpi2012_events.csv.gz", dtype=str)
    started = pd.to_datetime(cases.set_index("concept:name")["REG_DATE"], format="ISO8601")
    limit = events["case_id"].map(started).dt.floor("s") + pd.Timedelta(days=7)
    when = pd.to_datetime(events["time:timestamp"], format="ISO8601").dt.floor("s")
    past = events[when <= limit]
    assert len(past) < len(events) == 262_200
    frames = {"leads": cases, "activities": past, "stage_changes": events}
    mapping = load_frames_mapping()
    cut = run_backtest(MODEL, connect(frames, mapping=mapping), moment=AtAge(7), outcome=ACTIVATED)
    pd.testing.assert_frame_equal(cut.rows(), backtest.rows())


def load_frames_mapping() -> object:
    """The same mapping without its files, for frames."""
    from toolkit.crm import load_mapping

    mapping = load_mapping(HERE / "crm.yaml").mapping
    tables = {
        name: table.model_copy(update={"file": None}) for name, table in mapping.tables.items()
    }
    return mapping.model_copy(update={"tables": tables})


def test_progress_in_the_first_week_ranks_applications(backtest: Backtest) -> None:
    found = auc(count_scores(backtest))
    assert found.low > 0.6
    assert found.positives > 1_000
