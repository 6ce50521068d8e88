"""What must hold of scores and counts, in every engine; `test_rows` holds property 2."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pandas as pd
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.backtest import reference
from tests.backtest.any_model import (
    crm_of_rows,
    engine_scores,
    models,
    random_rows,
    read,
)
from tests.backtest.engines.examples import EVERY, MODEL, NO_RESETS, few
from tests.backtest.tables import (
    activity,
    at,
    change,
    crm_of,
    crms,
    entry,
    frames_of,
    histories,
    lead,
    merge,
)
from toolkit.backtest import (
    AtMoments,
    Backtest,
    Outcome,
    count_scores,
    run_backtest,
    score_timeline,
    threshold_crossings,
)
from toolkit.errors import DataError

OUTCOME = Outcome("sql", 15)

TYPED = {
    "leads": [lead(i, i, account_id="A", title="VP", employees=50) for i in range(6)],
    "activities": [
        activity(0, "page_view", 5, "/pricing"),
        *(
            activity(i, "page_view", i + day, "/pricing")
            for i in range(6)
            for day in (2, 9, 10.25, 12)
        ),
    ],
    "stages": [entry(0, "mql", 0.25), *(entry(i, "sql", i + 15) for i in range(0, 6, 2))],
    "changes": [
        change(0, "title", "VP", 12, "Intern"),
        change(1, "employees", 50, 5, 0, recorded_at=at(11)),
        change(2, "title", "VP", 4, "Intern"),
    ],
    "merges": [merge(5, 4, 8), merge(3, 4, 11)],
}
"""Six leads with an activity before the moment (day 10), two soon after it, and changes around it."""


def moments_of(rows: dict, moment: datetime) -> AtMoments:
    """One moment for all leads that are there by then."""
    ids = [lead["lead_id"] for lead in rows["leads"] if lead["created_at"] <= moment]
    return AtMoments(pd.DataFrame({"lead_id": ids, "moment": [moment] * len(ids)}))


def backtest(place, rows: dict, moment: AtMoments) -> Backtest:
    """Where nobody is left to score there is nothing to compare."""
    try:
        return run_backtest(
            MODEL, crm_of(**rows, opened=place.open), moment=moment, outcome=OUTCOME
        )
    except DataError:
        assume(False)
        raise


@few
@given(histories(), st.integers(20, 200).map(lambda quarter: quarter / 4))
@example(TYPED, 10)
def test_the_future_changes_no_score(place, rows: dict, day: float) -> None:
    """Property 1. What happened, or was recorded, after a moment is deleted from all tables."""
    moment = at(day)
    stranger = {**rows["activities"][0], "lead_id": "?"}  # the table keeps its types
    past = {
        **rows,
        "leads": [reference.known_lead(row, rows["changes"], moment) for row in rows["leads"]],
        "activities": [
            *(row for row in rows["activities"] if reference.counts_from(row) <= moment), stranger,
        ],
        "changes": [row for row in rows["changes"] if reference.counts_from(row) <= moment],
        "merges": [row for row in rows["merges"] if row["merged_at"] <= moment],
    }  # fmt: skip
    shown = ["lead_id", "moment", "score", "fit", "behavior"]
    asked = moments_of(rows, moment)
    pd.testing.assert_frame_equal(
        backtest(place, past, asked).rows()[shown], backtest(place, rows, asked).rows()[shown]
    )


@few
@given(histories(), st.randoms(use_true_random=False))
@example(TYPED, Random(1))
def test_order_split_and_names_of_leads_change_nothing(place, rows: dict, draw) -> None:
    """Property 3. Rows in another order, tables in two parts, every lead under another name."""

    def renamed(row: dict) -> dict:
        keys = [key for key in ("lead_id", "loser_id", "winner_id") if key in row]
        return {**row, **{key: f"é{row[key]}" for key in keys}}

    moment = at(30)
    expected = backtest(place, rows, moments_of(rows, moment)).rows()
    other = {
        name: [renamed(row) for row in draw.sample(part, len(part))] for name, part in rows.items()
    }
    frames, mapping = frames_of(**other)
    parts = [{n: frame.iloc[i::2] for n, frame in frames.items()} for i in range(2)]
    crm = place.open_split(*parts, mapping=mapping)
    found = run_backtest(MODEL, crm, moment=moments_of(other, moment), outcome=OUTCOME).rows()
    found["lead_id"] = found["lead_id"].str.removeprefix("é")
    pd.testing.assert_frame_equal(found, expected)


@few
@given(models(), st.integers(0, 3))
@example(EVERY, 0)
def test_the_path_at_a_moment_is_the_score_as_of_it(place, raw: dict, seed: int) -> None:
    """Property 6. The path is that of the kernel; the scores at all its changes, the engine's."""
    rows, model = random_rows(seed, 6), read(raw)
    path = score_timeline(model, crm_of_rows(rows))
    asked = path.rename(columns={"changed_at": "at"}).to_dict("records")
    found = engine_scores(model, crm_of_rows(rows, opened=place.open), {**rows, "moments": asked})
    assert [row["score"] for row in found] == path["score"].tolist()


@few
@given(models(), st.integers(0, 3))
@example(EVERY, 0)
@example(NO_RESETS, 0)
def test_a_crossing_is_where_the_score_as_of_it_passes_the_threshold(
    place, raw: dict, seed: int
) -> None:
    """Property 6, of the engine's own path: at the second it reaches, a second earlier it does not."""
    rows, model, second = random_rows(seed, 6), read(raw), timedelta(seconds=1)
    crm = crm_of_rows(rows, opened=place.open)
    crossed = threshold_crossings(model, crm, [3]).to_dict("records")
    created = {lead["lead_id"]: lead["created_at"] for lead in rows["leads"]}
    asked = [
        {"lead_id": row["lead_id"], "at": moment, "above": above, "score": score}
        for row in crossed
        for moment, above, score in (
            (row["crossed_at"] - second, False, None),
            (row["crossed_at"], True, row["score"]),
            (row["left_at"] - second, True, None),
            (row["left_at"], False, None),
        )
        if pd.notna(moment) and moment >= created[row["lead_id"]]
    ]
    found = engine_scores(model, crm, {"moments": asked}) if asked else []
    for expected, row in zip(asked, found, strict=True):
        assert (row["score"] >= 3) == expected["above"]
        assert expected["score"] in (None, row["score"])


@few
@given(crms())
@example({name: TYPED[name] for name in ("leads", "activities", "stages")})
def test_counts_of_disjoint_periods_add_up(place, rows: dict) -> None:
    """Property 7. Moments before and after day 5, counted apart and together."""
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
