"""What must hold of scores and counts, in every engine."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st

from tests.backtest.any_model import crm_of_rows, engine_scores, models, random_rows, read
from tests.backtest.engines.test_rows import EVERY, MODEL, few
from tests.backtest.tables import activity, at, crm_of, crms, entry, lead
from toolkit.backtest import (
    AtAge,
    AtMoments,
    Outcome,
    count_scores,
    run_backtest,
    score_timeline,
)
from toolkit.errors import DataError

OUTCOME = Outcome("sql", 15)


def scores(place, rows: dict) -> pd.DataFrame:
    crm = crm_of(**rows, opened=place.open)
    return run_backtest(MODEL, crm, moment=AtAge(10), outcome=OUTCOME).rows()


TYPED = {
    "leads": [lead(i, i, account_id="A", title="VP", employees=50) for i in range(6)],
    "activities": [
        activity(i, "page_view", i + day, "/pricing") for i in range(6) for day in (2, 9, 10.25, 12)
    ],
    "stages": [entry(0, "mql", 0.25), *(entry(i, "sql", i + 15) for i in range(0, 6, 2))],
}
"""Six leads with an activity before the moment (10 days), and two soon after it."""


@few
@given(crms())
@example(TYPED)
def test_the_future_changes_no_score(place, rows: dict) -> None:
    """Activities after each lead's moment are deleted."""
    moments = {lead["lead_id"]: lead["created_at"] + timedelta(days=10) for lead in rows["leads"]}
    past = [a for a in rows["activities"] if a["occurred_at"] <= moments[a["lead_id"]]]
    try:
        expected = scores(place, rows)
    except DataError:
        return
    stranger = {**rows["activities"][-1], "lead_id": "?"}  # the table keeps its types
    pd.testing.assert_frame_equal(
        scores(place, {**rows, "activities": [*past, stranger]}), expected
    )


@few
@given(crms(), st.randoms(use_true_random=False))
@example(TYPED, Random(1))
def test_order_of_rows_and_names_of_leads_change_nothing(place, rows: dict, draw) -> None:
    shuffled = {name: draw.sample(part, len(part)) for name, part in rows.items()}
    renamed = {
        name: [{**row, "lead_id": f"é{row['lead_id']}"} for row in part]
        for name, part in shuffled.items()
    }
    try:
        expected = scores(place, rows)
    except DataError:
        return
    pd.testing.assert_frame_equal(scores(place, shuffled), expected)
    found = scores(place, renamed)
    found["lead_id"] = found["lead_id"].str.removeprefix("é")
    pd.testing.assert_frame_equal(found, expected)


@few
@given(models(), st.integers(0, 3))
@example(EVERY, 0)
def test_the_path_at_a_moment_is_the_score_as_of_it(place, raw: dict, seed: int) -> None:
    """The path is that of the kernel; the scores at all its changes are those of the engine."""
    rows, model = random_rows(seed, 6), read(raw)
    path = score_timeline(model, crm_of_rows(rows))
    asked = path.rename(columns={"changed_at": "at"}).to_dict("records")
    found = engine_scores(model, crm_of_rows(rows, opened=place.open), {**rows, "moments": asked})
    assert [row["score"] for row in found] == path["score"].tolist()


@few
@given(crms())
@example(TYPED)
def test_counts_of_disjoint_periods_add_up(place, rows: dict) -> None:
    """Moments before and after day 5, counted apart and together."""
    crm = crm_of(**rows, opened=place.open)
    moments = pd.DataFrame({
        "lead_id": [lead["lead_id"] for lead in rows["leads"]],
        "moment": [lead["created_at"] + timedelta(days=2) for lead in rows["leads"]],
    })  # fmt: skip
    early = moments["moment"] < at(5)
    parts = [moments, moments[early], moments[~early]]
    if not early.any() or early.all():
        return
    try:
        whole, first, second = (
            count_scores(run_backtest(MODEL, crm, moment=AtMoments(part), outcome=OUTCOME)).frame
            for part in parts
        )
    except DataError:
        return
    added = pd.concat([first, second]).groupby(["score", "state"], as_index=False)["n"].sum()
    pd.testing.assert_frame_equal(
        added.sort_values(["score", "state"], ignore_index=True),
        whole.sort_values(["score", "state"], ignore_index=True),
    )
