"""Scores of all leads at one instant are those that each lead's explanation adds up to."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.any_model import START, crm_of_rows, models, random_rows, read
from tests.backtest.tables import UNTIL, activity, at, crm_of, lead
from toolkit.backtest import explain_lead, score_leads
from toolkit.errors import QuestionError
from toolkit.model import parse_model

HEAD = "lead_score_model: 1\nname: m\nversion: '1'\n"
FORM = "groups: [{id: g, dimension: behavior, criteria: [{id: f, activity: form, points: 10}]}]\n"
ROWS = random_rows(11, 12)
CRM = crm_of_rows(ROWS)


def small():
    leads = [lead(0, account_id="A"), lead(1, domain="rival.example"), lead(2, 9)]
    return crm_of(leads, [activity(0, "form", 1), activity(1, "form", 2), activity(0, "form", 20)])


def test_each_lead_has_the_score_of_the_instant_the_end_of_the_day_included():
    found = score_leads(parse_model(HEAD + FORM), small(), as_of="2026-01-03").rows()
    assert list(found.columns) == ["lead_id", "account_id", "moment", "score", "fit", "behavior"]
    assert found["lead_id"].tolist() == ["L0", "L1"]
    assert found["score"].tolist() == [10, 10]
    assert found["account_id"].fillna("none").tolist() == ["A", "none"]
    assert set(found["moment"]) == {pd.Timestamp("2026-01-03 23:59:59")}


def test_without_an_instant_it_is_the_end_of_the_tables():
    scored = score_leads(parse_model(HEAD + FORM), small())
    assert scored.as_of == UNTIL
    assert scored.rows()["score"].tolist() == [20, 10, 0]


def test_the_band_is_what_a_gate_decides_else_that_of_the_score():
    gates = "gates: [{when: {domain: rival.example}, then: disqualified}]\n"
    bands = "bands: [{name: mql, from: 20}, {name: none}]\n"
    for more, expected in (
        (gates + bands, ["mql", "disqualified", "none"]),
        (bands, ["mql", "none", "none"]),
        (gates, [None, "disqualified", None]),
    ):
        found = score_leads(parse_model(HEAD + more + FORM), small()).rows()["band"]
        assert found.astype(object).where(found.notna(), None).tolist() == expected


def test_a_moment_after_the_tables_is_refused():
    with pytest.raises(QuestionError, match=r"seen until 2026-03-02 00:00:00 UTC.*ask for an earl"):
        score_leads(parse_model(HEAD + FORM), small(), as_of=UNTIL + timedelta(seconds=1))
    with pytest.raises(QuestionError, match="cannot read the moment 'soon'"):
        score_leads(parse_model(HEAD + FORM), small(), as_of="soon")


def test_before_the_first_lead_there_is_no_row():
    scored = score_leads(parse_model(HEAD + FORM), small(), as_of=at(-1))
    assert scored.rows().empty
    assert scored.steps[-1].n == 3


@settings(max_examples=8, deadline=None)
@given(models(), st.integers(20, 160))
def test_every_score_is_that_of_the_leads_explanation(raw, quarter):
    instant = START + timedelta(hours=6 * quarter)
    model = read(raw)
    for row in score_leads(model, CRM, as_of=instant).rows().to_dict("records"):
        why = explain_lead(model, CRM, row["lead_id"], as_of=instant)
        assert (row["score"], row["fit"], row["behavior"]) == (
            why.score, pytest.approx(float(why.fit)), pytest.approx(float(why.behavior)),
        )  # fmt: skip
        for name in ("band", "grade"):
            said = row.get(name)
            assert (None if pd.isna(said) else said) == getattr(why, name)
