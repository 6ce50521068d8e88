"""The kernel gives the rows of the SQL text, however the leads are cut and shared out."""

from __future__ import annotations

import doctest
from datetime import datetime, timedelta
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backtest.any_model import START, _staged, crm_of_rows, models, random_rows, read
from toolkit.backtest.core import as_of_sql
from toolkit.backtest.kernel import (
    Chunk,
    Points,
    cut,
    kernel_scores,
    places,
    read_activities,
    run,
    scan,
    scores,
    spread,
    threads,
)
from toolkit.backtest.timeline import score_timeline

POOL = {seed: random_rows(seed, 40) for seed in range(4)}
CRMS = {}


def crm_of(seed: int, leads: int = 40):
    if (seed, leads) not in CRMS:
        rows = POOL[seed] if leads == 40 else random_rows(seed, leads)
        CRMS[seed, leads] = rows, crm_of_rows(rows)
    return CRMS[seed, leads]


def both(raw: dict, rows: dict, crm, size: int, threads: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    schema, plan = _staged(read(raw), crm, rows)
    text = crm.connection.execute(f"""
        with ld as (select * from {schema}.ld), ev as (select * from {schema}.ev),
          mo as (select * from {schema}.mo), score as ({as_of_sql(plan)})
        select * from score order by l, s, k""").df()
    found = kernel_scores(crm.connection, schema, plan, size=size, threads=threads)
    crm.connection.execute(f"drop schema {schema} cascade")
    return text.astype(np.int64), pd.DataFrame(found).astype(np.int64)


sizes = st.sampled_from([1, 7, 60, 10_000])
ranges = st.sampled_from([0, 3, 12])


@settings(max_examples=25)
@given(models(), st.sampled_from(sorted(POOL)), sizes, st.integers(1, 3), ranges)
def test_the_kernel_gives_the_rows_of_the_text(raw, seed, size, workers, bits) -> None:
    rows, crm = crm_of(seed)
    with patch.object(scan, "LEAST_RANGE_BITS", bits):
        text, found = both(raw, rows, crm, size, workers)
    pd.testing.assert_frame_equal(found, text, check_like=False)


def numbered(seed: int, first: int, gap: int) -> dict:
    """Random rows whose ids are whole numbers."""
    rows = random_rows(seed, 40)

    def number(lead_id: str) -> int:
        return first + gap * int(lead_id[1:])

    return {
        "leads": [one | {"lead_id": number(one["lead_id"])} for one in rows["leads"]],
        "activities": [one | {"lead_id": number(one["lead_id"])} for one in rows["activities"]],
        "moments": [one | {"lead_id": str(number(one["lead_id"]))} for one in rows["moments"]],
    }


# Dense, negative, far from zero, and more than an array may have room for.
NUMBERS = [(0, 1), (-70, 3), (10**15, 5), (1, 10**9)]


@pytest.fixture(scope="module")
def numbers(tmp_path_factory) -> dict:
    """Files whose ids are whole numbers, by the first and the gap between two."""
    made = {}
    for first, gap in NUMBERS:
        rows = numbered(3, first, gap)
        folder = tmp_path_factory.mktemp("numbers")
        made[first, gap] = rows, crm_of_rows(rows, stranger=987_654_321, folder=folder)
    return made


@settings(max_examples=20)
@given(models(), st.sampled_from(NUMBERS), sizes, ranges)
def test_ids_that_are_numbers_give_the_rows_of_the_text(numbers, raw, ids, size, bits) -> None:
    rows, crm = numbers[ids]
    with patch.object(scan, "LEAST_RANGE_BITS", bits):
        text, found = both(raw, rows, crm, size, 2)
    pd.testing.assert_frame_equal(found, text)


@pytest.mark.parametrize(("first", "gap"), NUMBERS)
def test_numbers_are_their_own_key_only_where_they_are_dense(numbers, first, gap) -> None:
    rows, crm = numbers[first, gap]
    schema, _ = _staged(read(FOREVER), crm, rows)
    found = crm.connection.execute(f"select min(key), max(key) from {schema}.id_key").fetchall()
    assert found == [(first, first + 39 * gap) if gap < 10 else (1, 40)]
    crm.connection.execute(f"drop schema {schema} cascade")


def model(criterion: dict) -> dict:
    group = {"id": "g", "dimension": "behavior", "criteria": [{"id": "c", **criterion}]}
    return {"lead_score_model": 1, "name": "m", "version": "1", "groups": [group]}


FOREVER = model({"activity": "view", "points": 3, "max": 10})


def test_an_activity_of_three_centuries_ago_is_read_in_separate_columns() -> None:
    # Seconds have 33 bits: 272 years. The view of 1700 counts as any other.
    rows = random_rows(5, 40)
    old = {"activity_type": "view", "occurred_at": datetime(1700, 5, 17)}  # noqa: DTZ001 - naive UTC
    rows["activities"] += [old | {"lead_id": f"L{i:04d}"} for i in range(0, 40, 3)]
    crm = crm_of_rows(rows)
    text, found = both(FOREVER, rows, crm, 60, 2)
    pd.testing.assert_frame_equal(found, text)
    schema, plan = _staged(read(FOREVER), crm, rows)
    until = int((START - datetime(1970, 1, 1)).total_seconds()) + 90 * 86_400  # noqa: DTZ001 - naive UTC
    parts = read_activities(crm.connection, schema, plan, until=until).parts
    assert [sorted(part) for part in parts] == [["code", "l", "t"]]
    crm.connection.execute(f"drop schema {schema} cascade")
    # Out of every window it is never asked for, and nothing is lost by packing.
    recent = model({"activity": "view", "points": 3, "within": "30d"})
    text, found = both(recent, rows, crm, 60, 2)
    pd.testing.assert_frame_equal(found, text)


@settings(max_examples=15)
@given(models(), st.sampled_from(sorted(POOL)), st.integers(20, 29))
def test_a_chunk_too_large_for_one_number_is_halved(raw, seed, budget) -> None:
    # 40 leads need 6 bits, and 130 days 24.
    _, crm = crm_of(seed)
    whole = score_timeline(read(raw), crm)
    halving = patch.object(scores, "_in_halves", wraps=scores._in_halves)
    with patch.object(scores, "BITS", budget), halving as halved:
        cut_up = score_timeline(read(raw), crm)
    assert halved.called
    pd.testing.assert_frame_equal(cut_up, whole)


def at_ends(rows: dict, days: list[float]) -> dict:
    """The same rows, every lead asked for at the same few instants."""
    ends = [START + timedelta(days=day, seconds=-1) for day in days]
    asked = [
        {"lead_id": lead["lead_id"], "at": end}
        for lead in rows["leads"]
        for end in ends
        if end >= lead["created_at"]
    ]
    return {**rows, "moments": asked}


few = st.lists(st.integers(9, 89), min_size=1, max_size=5, unique=True)


@settings(max_examples=20)
@given(models(), st.sampled_from(sorted(POOL)), sizes, few)
def test_few_instants_of_all_leads_are_looked_up_with_the_same_result(raw, seed, size, days):
    rows, crm = crm_of(seed)
    with patch.object(places, "following_by_search", side_effect=AssertionError):
        text, found = both(raw, at_ends(rows, days), crm, size, 2)
    pd.testing.assert_frame_equal(found, text, check_like=False)


@given(st.data())
def test_a_table_of_instants_says_what_a_search_says(data) -> None:
    start = 1_000_000
    seconds = np.array(sorted(data.draw(st.sets(st.integers(0, 900), min_size=1, max_size=6))))
    asked = data.draw(st.sets(st.tuples(st.integers(0, 3), st.sampled_from(seconds.tolist()))))
    instants = np.array(sorted(asked), dtype=np.int64).reshape(-1, 2)
    points = Points(instants[:, 0], instants[:, 1] + start, seconds + start)
    none = np.zeros(0, dtype=np.int64)
    lives = np.full(4, start - data.draw(st.integers(0, 500)))
    piece = Chunk(lives, (), none, none, none, {}, start + 900, {})
    lead, time = np.repeat(np.arange(4), 903), np.tile(np.arange(start, start + 903), 4)
    table, search = (
        make(points, piece) for make in (places.following_among, places.following_by_search)
    )
    assert table is not None
    assert table(lead, time).tolist() == search(lead, time).tolist()


def test_instants_too_many_or_too_close_are_searched_for() -> None:
    year = 365 * 86_400
    none, lives = np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64)
    piece = Chunk(lives, (), none, none, none, {}, year, {})
    close = np.array([0, 1, year])
    assert places.following_among(Points(none, none, close), piece) is None
    assert places.following_among(Points(none, none), piece) is None


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 2**40), st.integers(-9, 0))))
def test_moments_are_put_in_order_with_and_without_room_in_one_number(rows) -> None:
    columns = [np.array([row[i] for row in rows], dtype=np.int64) for i in range(3)]
    for bits in (63, 10):
        with patch.object(run, "BITS", bits):
            found = run._in_order(*columns)
            assert list(zip(*(column.tolist() for column in found), strict=True)) == sorted(rows)


def test_work_is_given_back_in_order_and_an_error_comes_out() -> None:
    for workers in (1, 2, 3):
        assert list(spread(iter(range(50)), lambda n: n * n, threads=workers)) == [
            n * n for n in range(50)
        ]
    with pytest.raises(ZeroDivisionError):
        list(spread(iter([1, 0]), lambda n: 1 // n))


@pytest.mark.parametrize("module", [cut, run, threads])
def test_the_examples_in_docstrings_are_right(module) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(models(), st.integers(100, 104), sizes, st.integers(1, 3))
def test_the_kernel_gives_the_rows_of_the_text_on_many_models(raw, seed, size, workers) -> None:
    rows, crm = crm_of(seed, 200)
    text, found = both(raw, rows, crm, size, workers)
    pd.testing.assert_frame_equal(found, text)
