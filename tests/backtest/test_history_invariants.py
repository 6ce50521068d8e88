"""What must hold of any tables, with changes of fields, late records and merges in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest import reference
from tests.backtest.tables import UNTIL, at, crm_of, histories
from toolkit.backtest import (
    AtAge,
    AtCrossing,
    AtHandoff,
    AtPeriodEnd,
    Backtest,
    Outcome,
    count_scores,
    run_backtest,
    score_timeline,
    threshold_crossings,
)
from toolkit.crm import Crm, connect
from toolkit.errors import DataError
from toolkit.model import parse_model

MODEL = parse_model(reference.MODEL)
SQL = Outcome("sql", within_days=10)
MOMENTS = st.sampled_from([AtAge(0), AtAge(7), AtHandoff(), AtCrossing(20), AtPeriodEnd("month")])
TABLES = ("leads", "activities", "stage_changes", "sales_feedback", "lead_changes", "lead_merges")


def backtest(crm: Crm, moment: object) -> Backtest | None:
    try:
        return run_backtest(MODEL, crm, moment=moment, outcome=SQL)
    except DataError:
        return None  # nobody is left to score


def timeline(crm: Crm) -> pd.DataFrame | None:
    try:
        return score_timeline(MODEL, crm)
    except DataError:
        return None


def same(one: pd.DataFrame | None, other: pd.DataFrame | None) -> None:
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        pd.testing.assert_frame_equal(one, other)


def frames_of(crm: Crm) -> dict[str, pd.DataFrame]:
    """The canonical tables that the CRM has, as an export would hold them."""
    frames = {
        name: crm.connection.execute(f"select * from {name}").df()
        for name in TABLES
        if name in crm.tables
    }
    return {
        name: frame.drop(columns=[c for c in ("row_id", "role") if c in frame])
        for name, frame in frames.items()
    }


@settings(max_examples=10)
@given(histories(), MOMENTS)
def test_the_flow_adds_up_to_the_rows(rows: dict, moment: object) -> None:
    made = backtest(crm_of(**rows), moment)
    if made is None:
        return
    remaining, scored = 0, 0
    for step in made.provenance.flow:
        if step.kind == "start":
            remaining = step.n
        elif step.kind == "excluded":
            remaining -= step.n
        else:
            scored += step.n
    assert made.provenance.flow[0].n == len(rows["leads"])
    assert scored == count_scores(made).n == len(made.rows())
    if not isinstance(moment, AtPeriodEnd):  # there a lead has several rows
        assert remaining == scored


@settings(max_examples=6)
@given(histories(), MOMENTS, st.randoms())
def test_renaming_leads_changes_their_names_only(rows: dict, moment: object, luck: Random) -> None:
    names = [row["lead_id"] for row in rows["leads"]]
    others = [f"P{i:03d}" for i in range(len(names))]
    luck.shuffle(others)  # another order as well
    new = dict(zip(names, others, strict=True))
    keys = ("lead_id", "loser_id", "winner_id")
    renamed = {
        table: [
            {**row, **{key: new.get(row[key], row[key]) for key in keys if key in row}}
            for row in listed
        ]
        for table, listed in rows.items()
    }
    one, other = crm_of(**rows), crm_of(**renamed)
    first, second = backtest(one, moment), backtest(other, moment)
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        said = first.rows().assign(lead_id=lambda frame: frame["lead_id"].map(new))
        order = ["lead_id", "moment"]
        same(
            said.sort_values(order, ignore_index=True).astype({"lead_id": "str"}),
            second.rows().sort_values(order, ignore_index=True).astype({"lead_id": "str"}),
        )
        assert first.provenance.flow == second.provenance.flow
    paths, again = timeline(one), timeline(other)
    if paths is not None and again is not None:
        moved = paths.assign(lead_id=paths["lead_id"].map(new).astype("str"))
        order = ["lead_id", "changed_at"]
        same(moved.sort_values(order, ignore_index=True), again.astype({"lead_id": "str"}))


@settings(max_examples=4)
@given(histories(), MOMENTS, st.integers(0, 99))
def test_splitting_and_shuffling_files_changes_nothing(
    rows: dict, moment: object, seed: int
) -> None:
    whole = crm_of(**rows)
    with TemporaryDirectory() as place:
        split = connect(_written(frames_of(whole), Path(place), seed))
        first, second = backtest(whole, moment), backtest(split, moment)
        same(*(None if made is None else made.rows() for made in (first, second)))
        if first is not None and second is not None:
            assert first.provenance.flow == second.provenance.flow
        same(timeline(whole), timeline(split))


def _written(frames: dict[str, pd.DataFrame], folder: Path, seed: int) -> Path:
    """Write each table in two files, its rows in another order."""
    said = ["crm_mapping: 1", f"observed_until: {UNTIL.isoformat()}Z", "time_zone: UTC", "tables:"]
    for name, frame in frames.items():
        mixed = frame.sample(frac=1, random_state=seed)
        middle = len(mixed) // 2
        for i, part in enumerate((mixed.iloc[:middle], mixed.iloc[middle:])):
            part.to_parquet(folder / f"{name}_{i}.parquet", index=False)
        said.append(f'  {name}: {{file: "{name}_*.parquet"}}')
    (folder / "crm.yaml").write_text("\n".join(said), encoding="utf-8")
    return folder


@settings(max_examples=6)
@given(histories(), st.integers(0, 200))
def test_what_is_recorded_later_changes_no_path_until_then(rows: dict, quarter: int) -> None:
    end = at(quarter / 4)
    past = {
        **rows,
        "leads": [reference.known_lead(row, rows["changes"], end) for row in rows["leads"]],
        "activities": [a for a in rows["activities"] if reference.counts_from(a) <= end]
        or [{**rows["activities"][0], "activity_type": "other", "occurred_at": at(59.75),
             "recorded_at": None}],
        "changes": [c for c in rows["changes"] if reference.counts_from(c) <= end],
        "merges": [m for m in rows["merges"] if m["merged_at"] <= end],
    }  # fmt: skip
    whole, then = timeline(crm_of(**rows)), timeline(crm_of(**past))
    if whole is None or then is None:
        return
    columns = ["lead_id", "changed_at", "score"]
    seen = [
        frame.loc[frame["changed_at"] <= end, columns].reset_index(drop=True)
        for frame in (whole, then)
    ]
    same(*seen)
    crossed = [
        found.loc[found["crossed_at"] <= end, ["lead_id", "crossed_at", "score", "episode"]]
        for found in (threshold_crossings(MODEL, crm_of(**each), [20]) for each in (rows, past))
    ]
    same(*(found.reset_index(drop=True) for found in crossed))


@settings(max_examples=10)
@given(histories(), st.integers(-10, 40))
def test_the_score_at_a_crossing_reaches_the_threshold_and_not_a_second_earlier(
    rows: dict, threshold: int
) -> None:
    try:
        crossings = threshold_crossings(MODEL, crm_of(**rows), [threshold])
    except DataError:
        return  # every lead was merged away before it was created
    leads = {each["lead_id"]: each for each in rows["leads"]}

    def score_of(name: str, when: datetime) -> int:
        known = reference.known_lead(leads[name], rows["changes"], when)
        acts = reference.known_activities(name, rows["activities"], rows["merges"], when)
        return reference.score(known, acts, when)

    for row in crossings.to_dict("records"):
        name, when = row["lead_id"], row["crossed_at"].to_pydatetime()
        assert score_of(name, when) == row["score"] >= threshold
        before = when - timedelta(seconds=1)
        created = leads[name]["created_at"]
        assert when == created or score_of(name, before) < threshold
