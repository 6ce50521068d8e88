"""The exact path of every score: the book at every change, one second before and one after."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backtest import by_the_book
from tests.backtest.any_model import (
    DAYS,
    START,
    crm_of_rows,
    engine_scores,
    for_the_book,
    models,
    random_rows,
    read,
)
from toolkit.backtest import score_timeline

SECOND = timedelta(seconds=1)
UNTIL = START + timedelta(days=90)
POOL = {seed: random_rows(seed, 40) for seed in range(4)}
CRMS = {}


def crm_of(seed: int, leads: int = 40):
    if (seed, leads) not in CRMS:
        rows = POOL[seed] if leads == 40 else random_rows(seed, leads)
        CRMS[seed, leads] = rows, crm_of_rows(rows)
    return CRMS[seed, leads]


def paths_of(frame) -> dict[str, list[tuple[datetime, int]]]:
    found: dict[str, list[tuple[datetime, int]]] = {}
    for name, at, score in zip(
        frame["lead_id"], frame["changed_at"].dt.to_pydatetime(), frame["score"], strict=True
    ):
        found.setdefault(name, []).append((at, int(score)))
    return found


def on_path(path: list[tuple[datetime, int]], at: datetime) -> int:
    return [score for since, score in path if since <= at][-1]


def instants_of(path: list, created: datetime, draw: Random, most: int) -> list[datetime]:
    """Changes with a second before and after, and instants that a missed change would betray."""
    changes = [since for since, _ in path]
    changes = draw.sample(changes, min(most, len(changes)))
    near = [since + step * SECOND for since in changes for step in (-1, 0, 1)]
    grid = [START + timedelta(hours=6 * draw.randint(0, 4 * 90)) for _ in range(most)]
    grid += [at + draw.choice([-1, 1]) * SECOND for at in grid]
    return [at for at in [*near, *grid] if created <= at <= UNTIL]


def compare(raw: dict, rows: dict, crm, draw: Random, most: int, share: float = 1) -> int:
    book, checked = for_the_book(raw), 0
    own: dict[str, list[dict]] = {}
    for a in rows["activities"]:
        own.setdefault(a["lead_id"], []).append(a)
    paths = paths_of(score_timeline(read(raw), crm))
    assert set(paths) == {lead["lead_id"] for lead in rows["leads"]}
    for lead in rows["leads"]:
        if draw.random() >= share:
            continue
        path = paths[lead["lead_id"]]
        assert path[0][0] == lead["created_at"]
        assert all(one[0] < other[0] and one[1] != other[1] for one, other in zip(path, path[1:]))
        for at in instants_of(path, lead["created_at"], draw, most):
            expected = by_the_book.score(book, lead, own.get(lead["lead_id"], []), at)
            assert on_path(path, at) == expected["score"], (lead["lead_id"], at)
            checked += 1
    return checked


@settings(max_examples=25)
@given(models(), st.sampled_from(sorted(POOL)), st.integers(0, 1_000))
def test_the_timeline_is_the_book_at_every_change(raw: dict, seed: int, luck: int) -> None:
    rows, crm = crm_of(seed)
    compare(raw, rows, crm, Random(luck), most=3, share=0.3)


@pytest.mark.slow
@settings(max_examples=1_000, suppress_health_check=list(HealthCheck))
@given(models(), st.integers(100, 104), st.integers(0, 1_000))
def test_the_timeline_is_the_book_on_many_models(raw: dict, seed: int, luck: int) -> None:
    rows, crm = crm_of(seed, 200)
    compare(raw, rows, crm, Random(luck), most=4, share=0.2)
