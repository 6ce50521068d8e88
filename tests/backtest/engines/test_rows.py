"""The same rows and the same counts in every engine, on random models and random tables."""

from __future__ import annotations

import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st

from tests.backtest.any_model import (
    crm_of_rows,
    engine_scores,
    models,
    random_rows,
    read,
    with_histories,
)
from tests.backtest.engines.examples import CHALLENGER, EVERY, MODEL, NO_RESETS, few
from tests.backtest.tables import activity, crm_of, crms, entry, histories, lead
from toolkit.backtest import (
    AtAge,
    AtHandoff,
    AtPeriodEnd,
    Backtest,
    Moment,
    Outcome,
    count_pairs,
    count_patterns,
    count_replicates,
    count_scores,
    run_backtest,
    threshold_crossings,
)
from toolkit.counts import fingerprint
from toolkit.crm import Crm
from toolkit.errors import DataError

ACCOUNTS = {
    "leads": [
        lead(i, 0, account_id="AB"[i % 2], domain=("x.example", "y.example")[i // 3], title="VP")
        for i in range(6)
    ],
    "activities": [activity(i, "page_view", i, "/pricing") for i in range(6)],
    "stages": [entry(0, "mql", 3), entry(0, "sql", 40), entry(1, "sql", 20), entry(5, "sql", 12)],
}
"""Two accounts, each with leads of two domains, three of them converted."""

MOMENTS = [AtAge(10), AtHandoff(), AtHandoff(episodes="all"), AtPeriodEnd("month")]


def backtests(place, rows: dict, moment: Moment) -> tuple[Backtest | str, Backtest | str]:
    """Of the same rows here and there; where nobody is left to score, what is said of it."""
    return tuple(
        _backtest(crm, moment) for crm in (crm_of(**rows), crm_of(**rows, opened=place.open))
    )


def _backtest(crm: Crm, moment: Moment) -> Backtest | str:
    further = [Outcome("mql", 5, entry="next")]
    try:
        return run_backtest(MODEL, crm, moment=moment, outcome=Outcome("sql", 15),
                            segments=["domain"], further=further)  # fmt: skip
    except DataError as reason:
        return str(reason)


@few
@given(models(), st.integers(0, 3))
@example(EVERY, 0)
def test_every_criterion_scores_alike_in_every_engine(place, raw: dict, seed: int) -> None:
    rows = with_histories(random_rows(seed, 30), seed)
    model = read(raw)
    here, there = (
        pd.DataFrame(engine_scores(model, crm, rows)).astype("int64")
        for crm in (crm_of_rows(rows), crm_of_rows(rows, opened=place.open))
    )
    pd.testing.assert_frame_equal(here, there)


@few
@given(histories(), st.sampled_from(MOMENTS))
def test_rows_and_flow_are_the_same_in_every_engine(place, rows: dict, moment: Moment) -> None:
    here, there = backtests(place, rows, moment)
    if isinstance(here, str):
        assert here == there
        return
    for one, other in ((here, there), (here.of("mql"), there.of("mql"))):
        pd.testing.assert_frame_equal(one.rows(), other.rows())
        pd.testing.assert_frame_equal(one.flow, other.flow)
        assert one.provenance.caveats == other.provenance.caveats


@few
@given(crms(), st.sampled_from(MOMENTS))
@example(ACCOUNTS, AtAge(10))
def test_counts_are_those_of_the_rows_in_every_engine(place, rows: dict, moment: Moment) -> None:
    here, there = backtests(place, rows, moment)
    if isinstance(here, str):
        assert here == there
        return
    counted = there.rows().groupby(["score", "state"]).size().reset_index(name="n")
    found = count_scores(there).frame.sort_values(["score", "state"], ignore_index=True)
    pd.testing.assert_frame_equal(found, counted, check_dtype=False)
    for count in (
        count_scores,
        lambda b: count_scores(b, by="quarter"),
        lambda b: count_scores(b, by="domain", at_least=5),
        lambda b: count_pairs(b, CHALLENGER),
        lambda b: count_patterns(b, by="domain", folds=3),
        lambda b: count_replicates(b, replicates=3),
    ):
        assert fingerprint(count(here)) == fingerprint(count(there))


@few
@given(models(), st.integers(0, 3))
@example(EVERY, 0)
@example(NO_RESETS, 0)
def test_crossings_are_the_same_in_every_engine(place, raw: dict, seed: int) -> None:
    rows, model = with_histories(random_rows(seed, 8), seed), read(raw)
    here, there = (
        threshold_crossings(model, crm, [3, 10])
        for crm in (crm_of_rows(rows), crm_of_rows(rows, opened=place.open))
    )
    pd.testing.assert_frame_equal(here, there)
