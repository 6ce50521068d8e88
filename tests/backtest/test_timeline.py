"""The exact path of every score: the book at every change, one second before and one after."""

from __future__ import annotations

import doctest
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backtest import by_the_book, reference
from tests.backtest.any_model import (
    START,
    crm_of_rows,
    engine_scores,
    for_the_book,
    models,
    random_rows,
    read,
    with_histories,
)
from tests.backtest.tables import UNTIL as SMALL_UNTIL
from tests.backtest.tables import activity, at, change, crms, histories, lead, merge
from tests.backtest.tables import crm_of as small_crm
from toolkit.backtest import score_timeline, threshold_crossings
from toolkit.backtest.kernel import chunk, ranked
from toolkit.backtest.timeline import crossings, known, persons
from toolkit.backtest.timeline import paths as paths_module
from toolkit.backtest.timeline.paths import opened
from toolkit.errors import DataError, QuestionError
from toolkit.model import parse_model

SECOND = timedelta(seconds=1)
UNTIL = START + timedelta(days=90)
POOL = range(4)
CRMS = {}


def crm_of(seed: int, leads: int = 40):
    """Random leads; of even seeds fields change and leads are merged."""
    if (seed, leads) not in CRMS:
        rows = random_rows(seed, leads)
        rows = rows if seed % 2 else with_histories(rows, seed)
        CRMS[seed, leads] = rows, crm_of_rows(rows)
    return CRMS[seed, leads]


def ends_of(rows: dict) -> dict[str, datetime]:
    """When leads were merged into others."""
    return {each["loser_id"]: each["merged_at"] for each in rows.get("merges", [])}


def paths_of(frame) -> dict[str, list[tuple[datetime, int]]]:
    found: dict[str, list[tuple[datetime, int]]] = {}
    for name, when, score in zip(
        frame["lead_id"], frame["changed_at"].dt.to_pydatetime(), frame["score"], strict=True
    ):
        found.setdefault(name, []).append((when, int(score)))
    return found


def on_path(path: list[tuple[datetime, int]], when: datetime) -> int:
    return [score for since, score in path if since <= when][-1]


def instants_of(path: list, created: datetime, draw: Random, most: int) -> list[datetime]:
    """Changes with a second before and after, and instants that a missed change would betray."""
    changes = [since for since, _ in path]
    changes = draw.sample(changes, min(most, len(changes)))
    near = [since + step * SECOND for since in changes for step in (-1, 0, 1)]
    grid = [START + timedelta(hours=6 * draw.randint(0, 4 * 90)) for _ in range(most)]
    grid += [when + draw.choice([-1, 1]) * SECOND for when in grid]
    return [when for when in [*near, *grid] if created <= when <= UNTIL]


def compare(raw: dict, rows: dict, crm, draw: Random, *, most: int, share: float) -> int:
    book, checked, ends = for_the_book(raw), 0, ends_of(rows)
    own: dict[str, list[dict]] = {}
    for a in rows["activities"]:
        own.setdefault(a["lead_id"], []).append(a)
    changes, merges = rows.get("changes", []), rows.get("merges", [])
    frame = score_timeline(read(raw), crm)
    paths = paths_of(frame)
    held = dict(zip(frame["lead_id"], frame["held_until"], strict=True))  # of the last row of each
    for one in rows["leads"]:
        name, end = one["lead_id"], ends.get(one["lead_id"], UNTIL + SECOND)
        if end <= one["created_at"]:
            assert name not in paths
            continue
        path = paths[name]
        assert path[0][0] == one["created_at"]
        assert path[-1][0] < end
        assert (held[name] == end) if name in ends else pd.isna(held[name])
        assert all(a[0] < b[0] and a[1] != b[1] for a, b in pairwise(path))
        if draw.random() >= share:
            continue
        near = [t for c in changes if c["lead_id"] == name for t in (c["valid_from"],)]
        near += [m["merged_at"] for m in merges if m["winner_id"] == name]
        for when in instants_of(path, one["created_at"], draw, most) + near:
            if not one["created_at"] <= when < end:
                continue
            known = by_the_book.known(one, changes, when)
            acts = [a for i in by_the_book.own_ids(name, merges, when) for a in own.get(i, [])]
            expected = by_the_book.score(book, known, acts, when)
            assert on_path(path, when) == expected["score"], (name, when)
            checked += 1
    return checked


@settings(max_examples=25)
@given(models(), st.sampled_from(POOL), st.integers(0, 1_000))
def test_the_timeline_is_the_book_at_every_change(raw: dict, seed: int, luck: int) -> None:
    rows, crm = crm_of(seed)
    compare(raw, rows, crm, Random(luck), most=3, share=0.3)


@pytest.mark.slow
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(models(), st.integers(100, 104), st.integers(0, 1_000))
def test_the_timeline_is_the_book_on_many_models(raw: dict, seed: int, luck: int) -> None:
    rows, crm = crm_of(seed, 200)
    compare(raw, rows, crm, Random(luck), most=4, share=0.2)


def test_two_thousand_leads_agree_with_the_definitions_at_every_change() -> None:
    draw = Random(5)
    titles = [None, "VP, Sales", "SVP", "Chief of Staff", "Intern", ""]
    leads = [
        lead(i, draw.randint(0, 120) / 4, title=draw.choice(titles),
             employees=draw.choice([None, 0, 49, 50, 199, 200]),
             domain=draw.choice([None, " Mail.Example ", "acme.example"]))
        for i in range(2_000)
    ]  # fmt: skip
    kinds = ["demo", "page_view", "page_view", "email_open", "email_click", "other"]
    acts = [
        activity(i, draw.choice(kinds), draw.randint(0, 200) / 4,
                 draw.choice([None, "/pricing", "/Pricing/plans", "/blog"]))
        for i in range(2_000)
        for _ in range(draw.choice([0, 1, 3, 6, 12]))
    ]  # fmt: skip
    own: dict[str, list[dict]] = {}
    for a in acts:
        own.setdefault(a["lead_id"], []).append(a)
    paths = paths_of(score_timeline(parse_model(reference.MODEL), small_crm(leads, acts)))
    checked = 0
    for one in leads:
        path, last = paths[one["lead_id"]], None
        for since, score in path:
            for when in (since - SECOND, since, since + SECOND):
                if one["created_at"] <= when <= SMALL_UNTIL:
                    expected = reference.score(one, own.get(one["lead_id"], []), when)
                    assert on_path(path, when) == expected, (one["lead_id"], when)
                    checked += 1
            assert score != last
            last = score
    assert checked > 40_000


@settings(max_examples=15)
@given(models(), st.sampled_from(POOL))
def test_the_timeline_at_a_moment_is_the_score_as_of_it(raw: dict, seed: int) -> None:
    rows, crm = crm_of(seed)
    model = read(raw)
    paths = paths_of(score_timeline(model, crm))
    scored = engine_scores(model, crm, rows)
    ends = ends_of(rows)
    for asked, row in zip(rows["moments"], scored, strict=True):
        if asked["at"] <= UNTIL and asked["at"] < ends.get(asked["lead_id"], UNTIL + SECOND):
            assert on_path(paths[asked["lead_id"]], asked["at"]) == row["score"]


@settings(max_examples=10)
@given(models(), st.sampled_from(POOL), st.integers(60, 150))
def test_deleting_the_future_changes_nothing_of_the_past(raw: dict, seed: int, day: int) -> None:
    rows, crm = crm_of(seed)
    end = START + timedelta(hours=6 * day)
    model = read(raw)
    whole = score_timeline(model, crm)
    cut = score_timeline(model, crm_of_rows(known_until(rows, end)))
    pd.testing.assert_frame_equal(seen_until(cut, end), seen_until(whole, end))


def known_until(rows: dict, end: datetime) -> dict:
    """The tables as an export of that second would have them: fields with the values of then."""
    past = {**rows, "activities": [a for a in rows["activities"] if a["occurred_at"] <= end]}
    if "changes" in rows:
        past["leads"] = [by_the_book.known(one, rows["changes"], end) for one in rows["leads"]]
        past["changes"] = [c for c in rows["changes"] if by_the_book.since(c) <= end]
        past["merges"] = [m for m in rows["merges"] if m["merged_at"] <= end]
    return past


def seen_until(path: pd.DataFrame, end: datetime) -> pd.DataFrame:
    """The changes until then; whether a score held on after it was not known."""
    seen = path[path["changed_at"] <= end].reset_index(drop=True)
    return seen.assign(held_until=seen["held_until"].where(seen["held_until"] <= end))


@settings(max_examples=15)
@given(models(), st.sampled_from(POOL), st.integers(1, 400), st.integers(1, 3))
def test_neither_chunks_nor_threads_change_a_path(raw, seed, size, threads) -> None:
    _, crm = crm_of(seed)

    def keep(points, score) -> tuple:
        return points.lead, points.time, score

    with opened(read(raw), crm) as paths:
        one = list(replace(paths, threads=1, size=1_000_000).each(keep))
        many = list(replace(paths, threads=threads, size=size).each(keep))
    assert len(one) <= 2  # all in one piece; the last lead may be held back
    assert len({name for part in many for name in np.unique(part[0])}) == sum(
        len(np.unique(part[0])) for part in many
    )
    for j in range(3):
        found, expected = (np.concatenate([part[j] for part in parts]) for parts in (many, one))
        np.testing.assert_array_equal(found, expected)


def test_only_some_leads_have_the_paths_they_have_among_all() -> None:
    _, crm = crm_of(0)
    model = parse_model(MODEL)
    whole = score_timeline(model, crm)
    names = [str(name) for name in whole["lead_id"].unique()[[3, 11, 20]]]
    some = score_timeline(model, crm, leads=names)
    assert sorted(set(some["lead_id"])) == names
    expected = whole[whole["lead_id"].isin(names)].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, expected)


def test_a_lead_that_is_not_there_is_an_error_that_names_the_nearest() -> None:
    _, crm = crm_of(0)
    with pytest.raises(QuestionError, match=r"no lead 'L00x2' can be scored: .*L0002"):
        score_timeline(parse_model(MODEL), crm, leads=["L0001", "L00x2"])


@pytest.mark.parametrize("module", [chunk, crossings, known, paths_module, persons, ranked])
def test_the_examples_in_docstrings_are_right(module) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


# --- crossings ----------------------------------------------------------------------------------

MODEL = """
lead_score_model: 1
name: m
version: "1"
groups:
- id: who
  dimension: fit
  criteria: [{id: vp, when: {title: vp}, points: 10}]
- id: web
  dimension: behavior
  criteria: [{id: view, activity: view, points: 5, within: 4d, max: 10}]
bands: [{name: hot, from: 15, handoff: true}, {name: warm, from: 10}, {name: none}]
"""


def test_a_cap_that_is_no_multiple_of_the_points_by_hand() -> None:
    # 5 points, at most 8, for 4 days: 5; 5 + 3; 5 + 3 again on day 3 (nothing changes); the units
    # of days 1, 2 and 3 expire on days 5, 6 and 7.
    model = parse_model(MODEL.replace("max: 10", "max: 8"))
    crm = small_crm([lead(1)], [activity(1, "view", d) for d in (1, 2, 3)])
    path = [(at(0), 0), (at(1), 5), (at(2), 8), (at(6), 5), (at(7), 0)]
    assert paths_of(score_timeline(model, crm)) == {"L1": path}


def test_crossings_by_hand() -> None:
    # Lead 1: 5 at day 1, 10 at day 2, 5 at day 5, 10 at day 5.5, 5 at day 6, 0 at day 9.5.
    # Lead 2, a VP: 10 at its creation, 15 at day 58, still so at the end.
    crm = small_crm(
        [lead(1), lead(2, 3, title="VP"), lead(3)],
        [activity(1, "view", d) for d in (1, 2, 5.5)] + [activity(2, "view", 58)],
    )
    found = threshold_crossings(parse_model(MODEL), crm)
    assert list(found.columns) == [
        "lead_id", "threshold", "episode", "crossed_at", "score", "left_at",
    ]  # fmt: skip
    rows = [tuple(row) for row in found.astype(object).itertuples(index=False)]
    expected = [
        ("L1", 10, 1, at(2), 10, at(5)),
        ("L1", 10, 2, at(5.5), 10, at(6)),
        ("L2", 10, 1, at(3), 10, pd.NaT),
        ("L2", 15, 1, at(58), 15, pd.NaT),
    ]
    assert [tuple(map(str, row)) for row in rows] == [tuple(map(str, row)) for row in expected]


@settings(max_examples=20)
@given(crms() | histories(), st.lists(st.integers(-20, 60), min_size=1, max_size=4))
def test_crossings_are_those_of_the_timeline(rows: dict, thresholds: list[int]) -> None:
    model, crm = parse_model(reference.MODEL), small_crm(**rows)
    found = threshold_crossings(model, crm, thresholds)
    frame = score_timeline(model, crm)
    ends = dict(zip(frame["lead_id"], map(str, frame["held_until"]), strict=True))
    expected = []
    for threshold in sorted(set(thresholds)):
        for name, path in sorted(paths_of(frame).items()):
            episode, open_ = 0, None
            for since, score in path:
                if open_ is None and score >= threshold:
                    episode += 1
                    open_ = [name, threshold, episode, str(since), score, ends[name]]
                    expected.append(open_)
                elif open_ is not None and score < threshold:
                    open_[5], open_ = str(since), None
    times = {name: [str(t) for t in found[name]] for name in ("crossed_at", "left_at")}
    assert found.assign(**times).to_numpy().tolist() == expected


def test_without_a_threshold_there_is_no_crossing_to_look_for() -> None:
    _, crm = crm_of(0)
    plain = parse_model(MODEL.split("bands:", maxsplit=1)[0])
    with pytest.raises(QuestionError, match="there is no threshold"):
        threshold_crossings(plain, crm)
    with pytest.raises(QuestionError, match=r"whole numbers of points, found 1\.5"):
        threshold_crossings(plain, crm, [1.5])


# --- histories ----------------------------------------------------------------------------------


def test_a_path_follows_fields_and_merges_by_hand() -> None:
    # L1 views on days 1 and 2 (5 points each, for 4 days) and goes into L2 on day 3; L2 is a VP
    # (10 points) from day 4 on. The windows run on from the days of the views: days 5 and 6.
    crm = small_crm(
        [lead(1), lead(2, title="VP")],
        [activity(1, "view", 1), activity(1, "view", 2)],
        changes=[change(2, "title", "VP", 4, "Intern")],
        merges=[merge(1, 2, 3)],
    )
    found = score_timeline(parse_model(MODEL), crm)
    assert paths_of(found) == {
        "L1": [(at(0), 0), (at(1), 5), (at(2), 10)],
        "L2": [(at(0), 0), (at(3), 10), (at(4), 20), (at(5), 15), (at(6), 10)],
    }
    held = found["held_until"].astype(object).where(found["held_until"].notna(), None).tolist()
    assert held == [at(1), at(2), at(3), at(3), at(4), at(5), at(6), None]


def test_a_change_that_changes_no_points_is_no_row() -> None:
    same = [change(1, "title", "Clerk", 2, "Intern"), change(1, "title", "Intern", 3, "Clerk")]
    crm = small_crm([lead(1, title="Intern")], [activity(1, "view", 1)], changes=same)
    path = [(at(0), 0), (at(1), 5), (at(5), 0)]
    assert paths_of(score_timeline(parse_model(MODEL), crm)) == {"L1": path}


def test_a_lead_merged_into_one_that_is_not_in_the_table_ends_all_the_same() -> None:
    crm = small_crm([lead(1), lead(2)], [activity(1, "view", 9)], merges=[merge(1, 7, 3)])
    found = score_timeline(parse_model(MODEL), crm)
    assert paths_of(found) == {"L1": [(at(0), 0)], "L2": [(at(0), 0)]}
    assert found["held_until"].iloc[0] == pd.Timestamp(at(3))


def test_what_happens_in_the_second_of_a_change_is_one_row() -> None:
    # The view of day 2 comes, and that of day 1 expires, in the very second of a change.
    promoted, left = change(1, "title", "VP", 2, "Intern"), change(1, "title", "Clerk", 5, "VP")
    views = [activity(1, "view", d) for d in (1, 2)]
    crm = small_crm([lead(1, title="Clerk")], views, changes=[promoted, left])
    path = [(at(0), 0), (at(1), 5), (at(2), 20), (at(5), 5), (at(6), 0)]
    assert paths_of(score_timeline(parse_model(MODEL), crm)) == {"L1": path}


def test_leads_that_were_merged_before_they_were_created_leave_nothing_to_score() -> None:
    crm = small_crm([lead(1, 5)], [activity(1, "view", 6)], merges=[merge(1, 2, 3)])
    with pytest.raises(DataError, match="no lead is left to score"):
        score_timeline(parse_model(MODEL), crm)


def test_machines_and_late_records_are_on_the_path_as_they_were_known() -> None:
    # The view of day 1 was a machine's; that of day 2 was recorded on day 3, and counts from then;
    # the title of day 1 was looked up on day 4.
    crm = small_crm(
        [lead(1, title="VP")],
        [
            activity(1, "view", 1, is_machine=True),
            activity(1, "view", 2, recorded_at=at(3)),
        ],
        changes=[change(1, "title", "VP", 1, recorded_at=at(4))],
    )
    path = [(at(0), 0), (at(3), 5), (at(4), 15), (at(7), 10)]
    assert paths_of(score_timeline(parse_model(MODEL), crm)) == {"L1": path}
