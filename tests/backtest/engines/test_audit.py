"""Everything that an audit counts, on the demo: the counts of DuckDB, in every engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from toolkit.analysis import leak_table
from toolkit.backtest import (
    AtAge,
    AtHandoff,
    AtPeriodEnd,
    Backtest,
    Moment,
    Outcome,
    count_days,
    count_delays,
    count_pairs,
    count_patterns,
    count_replicates,
    count_responses,
    count_scores,
    count_stages,
    count_stays,
    count_weeks,
    run_backtest,
    score_leads,
)
from toolkit.backtest.leaks import count_fields_and_timing
from toolkit.counts import fingerprint
from toolkit.crm import Crm, check_tables, connect, load_mapping
from toolkit.crm.demo import make_demo
from toolkit.model import Model, load_model

COUNTS: dict[str, Callable[[Backtest, Crm], object]] = {
    "scores": lambda b, _: count_scores(b),
    "scores by quarter": lambda b, _: count_scores(b, by="quarter"),
    "scores over the bar": lambda b, _: count_scores(b, by="decision", at_least=50),
    "scores of a further outcome": lambda b, _: count_scores(b, by="industry", outcome="won"),
    "pairs": lambda b, _: count_pairs(b, b.model),
    "patterns": lambda b, _: count_patterns(b, by="quarter", folds=5),
    "replicates": lambda b, _: count_replicates(b, replicates=10),
    "days": count_days,
    "stages": count_stages,
    "stays": count_stays,
    "responses": count_responses,
    "delays": lambda b, _: count_delays(b),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    make_demo(folder, leads=400, format="parquet")
    return folder


@pytest.fixture(scope="module")
def demo(folder: Path) -> tuple[Model, Crm]:
    return load_model(folder / "model.yaml"), connect(folder / "crm.yaml")


@pytest.fixture(scope="module")
def there(place, folder: Path) -> Crm:
    frames = {
        name: pd.read_parquet(folder / f"{name}.parquet")
        for name in ("leads", "activities", "stage_changes", "sales_feedback")
    }
    return place.open(frames, mapping=load_mapping(folder / "crm.yaml").mapping)


@pytest.mark.parametrize(
    "moment",
    [
        AtHandoff(),
        pytest.param(AtHandoff(episodes="all"), marks=pytest.mark.slow),
        pytest.param(AtAge(14), marks=pytest.mark.slow),
        pytest.param(AtPeriodEnd("quarter"), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_everything_counted_of_a_backtest_is_the_same(demo, there: Crm, moment: Moment) -> None:
    model, here = demo
    one, other = (
        run_backtest(model, crm, moment=moment, outcome=Outcome("sql", 90),
                     further=[Outcome("won", 180)], segments=["industry"])
        for crm in (here, there)
    )  # fmt: skip
    pd.testing.assert_frame_equal(one.rows(), other.rows())
    for name, count in COUNTS.items():
        assert fingerprint(count(one, here)) == fingerprint(count(other, there)), name
    if not isinstance(moment, AtPeriodEnd):
        assert fingerprint(count_weeks(one)) == fingerprint(count_weeks(other))


def test_everything_counted_of_the_tables_is_the_same(demo, there: Crm) -> None:
    model, here = demo
    fields, others = (
        leak_table(*count_fields_and_timing(crm, outcome=Outcome("sql", 90))).table
        for crm in (here, there)
    )
    pd.testing.assert_frame_equal(fields, others)
    assert [(f.level, f.code, f.text, f.n) for f in check_tables(here)] == [
        (f.level, f.code, f.text, f.n) for f in check_tables(there)
    ]
    pd.testing.assert_frame_equal(score_leads(model, here).rows(), score_leads(model, there).rows())
