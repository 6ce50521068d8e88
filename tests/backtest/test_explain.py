"""The points of one lead, each with its date."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from tests.backtest import reference
from tests.backtest.tables import activity, at, crm_of, entry, lead
from toolkit.backtest import explain_lead
from toolkit.errors import QuestionError
from toolkit.model import parse_model

MODEL = parse_model(reference.MODEL)


def crm() -> object:
    views = [activity(1, "page_view", day, "/pricing") for day in (3, 4, 4.5, 5)]
    return crm_of(
        [lead(1, title="VP", employees=60), lead(2, created=9), lead(3), lead(3, title="VP")],
        [*views, activity(1, "demo", 1)],
        [entry(1, "sql", 59)],
    )


def test_each_point_has_its_date_and_the_limit_cuts_the_oldest() -> None:
    why = explain_lead(MODEL, crm(), "L1", as_of=at(5.5))
    lines = [
        (r.criterion, r.why, None if pd.isna(r.date) else r.date, r.points)
        for r in why.table.itertuples()
    ]
    assert lines == [
        ("vp", "field", None, 20),
        ("size", "field", None, 5),
        ("free", "not met", None, 0),
        ("demo", "activity", at(1), 30),
        ("pricing", "activity", at(5), 15),
        ("pricing", "activity", at(4.5), 15),
        ("pricing", "activity", at(4), 10),
        ("pricing", "over the limit", at(3), 0),
        ("open", "not met", None, 0),
        ("quiet", "not met", None, 0),
        ("intent", "limit", None, -10),
        ("base", "base", None, 2),
    ]
    assert why.score == 20 + 5 + 60 + 2 == why.table["points"].sum()
    assert why.table.loc[4, "until"] == at(8)


def test_silence_says_since_when() -> None:
    why = explain_lead(MODEL, crm(), "L1", as_of="2026-02-01T00:00:00")
    quiet = why.table.set_index("criterion").loc["quiet"]
    assert (quiet["why"], quiet["date"], quiet["points"]) == ("silence", at(9), -10)


def test_a_date_means_its_end() -> None:
    assert explain_lead(MODEL, crm(), "L1", as_of=date(2026, 1, 5)).score == 20 + 5 + 60 + 2
    assert explain_lead(MODEL, crm(), "L1", as_of="2026-01-01").as_of == at(1 - 1 / 86_400)


@pytest.mark.parametrize(
    ("lead_id", "as_of", "text"),
    [
        ("L11", None, "there is no lead 'L11': the nearest of "),
        ("L2", "2026-01-02", "was created at 2026-01-10 00:00:00 UTC, after the moment"),
        ("L3", None, "is in the table but cannot be scored"),
        ("L1", "yesterday", "cannot read the moment 'yesterday'"),
    ],
)
def test_questions_without_an_answer_say_why(lead_id: str, as_of: str | None, text: str) -> None:
    with pytest.raises(QuestionError, match=text):
        explain_lead(MODEL, crm(), lead_id, as_of=as_of)
