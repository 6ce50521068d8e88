"""A real log of 262,200 activities, replayed in full inside PostgreSQL: the rows of DuckDB."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.backtest.engines.places import Postgres
from tests.backtest.engines.servers import postgres
from tests.real.test_bpi2012 import ACTIVATED, HERE, MODEL, load_frames_mapping
from toolkit.backtest import (
    AtAge,
    AtCrossing,
    count_pairs,
    count_patterns,
    count_scores,
    run_backtest,
    threshold_crossings,
)
from toolkit.counts import fingerprint
from toolkit.crm import Crm, connect

__all__ = ["postgres"]

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def here(real_data: Path) -> Crm:
    return connect(real_data, mapping=HERE / "crm.yaml")


@pytest.fixture(scope="module")
def there(real_data: Path, postgres: Postgres) -> Crm:
    cases = pd.read_csv(real_data / "bpi2012_cases.csv.gz", dtype="string")
    events = pd.read_csv(real_data / "bpi2012_events.csv.gz", dtype="string")
    cases["REG_DATE"] = pd.to_datetime(cases["REG_DATE"], format="ISO8601", utc=True)
    cases["AMOUNT_REQ"] = cases["AMOUNT_REQ"].astype("Int64")
    when = pd.to_datetime(events["time:timestamp"], format="ISO8601", utc=True)
    events["time:timestamp"] = when
    assert len(events) == 262_200
    frames = {"leads": cases, "activities": events, "stage_changes": events}
    return postgres.open(frames, mapping=load_frames_mapping())


@pytest.mark.parametrize("moment", [AtAge(7), pytest.param(AtCrossing(30), marks=pytest.mark.slow)])
def test_postgres_gives_the_rows_and_the_counts_of_duckdb(
    here: Crm, there: Crm, moment: AtAge | AtCrossing
) -> None:
    one, other = (
        run_backtest(MODEL, crm, moment=moment, outcome=ACTIVATED) for crm in (here, there)
    )
    pd.testing.assert_frame_equal(one.rows(), other.rows())
    for count in (count_scores, count_patterns, lambda b: count_pairs(b, MODEL)):
        assert fingerprint(count(one)) == fingerprint(count(other))


@pytest.mark.slow
def test_every_crossing_is_the_same(here: Crm, there: Crm) -> None:
    found = threshold_crossings(MODEL, there)
    pd.testing.assert_frame_equal(found, threshold_crossings(MODEL, here))
    assert len(found) > 10_000
