"""Where engines differ, and where they must not: typed by hand, in sessions far from UTC."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import sleep

import pandas as pd
import pytest

from tests.backtest.tables import UNTIL, at, crm_of, entry, lead
from toolkit.backtest import AtAge, AtHandoff, Outcome, count_scores, run_backtest, score_leads
from toolkit.crm import Mapping
from toolkit.errors import DataError, QuestionError
from toolkit.model import parse_model

VIEWS = """
lead_score_model: 1
name: m
version: "1"
groups:
- id: web
  dimension: behavior
  criteria:
  - {{id: view, activity: view, points: 7, within: 1d{more}}}
- id: who
  dimension: fit
  criteria:
  - {{id: title, when: {{title: {test}}}, points: 100}}
"""


WHO = parse_model("""
lead_score_model: 1
name: m
version: "1"
groups:
- id: who
  dimension: fit
  criteria:
  - {id: known, when: {lead_id: {missing: false}}, points: 3}
""")
"""A model that asks of leads alone."""


def model_of(more: str = "", test: str = "{contains_word: vp}"):
    return parse_model(VIEWS.format(more=more, test=test))


def tables(**changed: pd.DataFrame) -> dict[str, pd.DataFrame]:
    leads = pd.DataFrame({"lead_id": ["L1", "L2"], "created_at": [at(0), at(0)],
                          "title": pd.array(["ÉVP", None], dtype="string")})  # fmt: skip
    acts = pd.DataFrame({"lead_id": ["L1", "L2"], "activity_type": ["view", "view"],
                         "occurred_at": [at(1), at(1)], "page": pd.array([None, "/a"], dtype="string")})  # fmt: skip
    return {"leads": leads, "activities": acts, **changed}


def opened(place, frames: dict[str, pd.DataFrame], **more: object):
    settings = {"observed_until": UNTIL, "time_zone": "UTC", **more}
    return place.open(frames, mapping=Mapping(**settings))


def score_at(
    place, frames: dict[str, pd.DataFrame], instant: datetime, model=None, **more
) -> list[int]:
    settings = {"observed_until": instant, "time_zone": "UTC", **more}
    crm = place.open(frames, mapping=Mapping(**settings))
    return score_leads(model or model_of(), crm).rows()["score"].tolist()


def test_sub_seconds_are_floored_never_rounded(place) -> None:
    """An activity at ...00.7 is of second 00, so its day has passed at second 00 of the next."""
    acts = tables()["activities"].assign(occurred_at=at(1) + timedelta(microseconds=700_000))
    frames = tables(activities=acts)
    assert score_at(place, frames, at(1)) == [7, 7]
    assert score_at(place, frames, at(2) - timedelta(seconds=1)) == [7, 7]
    assert score_at(place, frames, at(2)) == [0, 0]


def test_times_before_1970_are_floored_too(place) -> None:
    leads = tables()["leads"].assign(created_at=datetime(1969, 12, 31, 23, 59, 58, 500_000))  # noqa: DTZ001
    crm = opened(place, tables(leads=leads))
    asked = crm.connection.execute(
        "select distinct cast(floor(epoch_us(created_at) / 1000000) as bigint) from leads"
    )
    assert asked.fetchall() == [(-2,)]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_times_with_a_zone_are_instants_whatever_the_session(place, zone: str) -> None:
    acts = tables()["activities"]
    acts["occurred_at"] = acts["occurred_at"].dt.tz_localize("UTC").dt.tz_convert(zone)
    leads = tables()["leads"]
    leads["created_at"] = leads["created_at"].dt.tz_localize(zone).dt.tz_convert("UTC")
    frames = tables(activities=acts, leads=leads)
    assert score_at(place, frames, at(2) - timedelta(seconds=1)) == [7, 7]
    assert score_at(place, frames, at(2)) == [0, 0]


def test_dates_are_the_end_of_their_day(place) -> None:
    acts = tables()["activities"]
    acts["occurred_at"] = acts["occurred_at"].dt.date
    frames = tables(activities=acts)
    assert score_at(place, frames, at(2) - timedelta(seconds=2)) == [0, 0]
    assert score_at(place, frames, at(2) - timedelta(seconds=1)) == [7, 7]


def test_words_end_where_python_says(place) -> None:
    r"""`\b` of RE2 and of PostgreSQL would find VP in ÉVP."""
    assert score_at(place, tables(), at(0)) == [0, 0]
    assert score_at(place, tables(), at(0), model_of(test="{contains_word: évp}")) == [100, 0]


def test_a_missing_page_meets_its_own_test_only(place) -> None:
    for test, expected in (("{missing: true}", [7, 0]), ("{contains: a}", [0, 7])):
        model = model_of(more=f", where: {{page: {test}}}")
        assert score_at(place, tables(), at(1), model) == expected


def test_points_are_divided_exactly(place) -> None:
    """7 points on a scale of 2 are 3.5: half away from zero is 4, rounding down 3."""
    for rounding, expected in (("half_up", 4), ("floor", 3)):
        text = (
            VIEWS.format(more="", test="{contains_word: vp}") + f"scale: 2\nrounding: {rounding}\n"
        )
        assert score_at(place, tables(), at(1), parse_model(text)) == [expected, expected]


def test_hostile_texts_are_texts(place) -> None:
    hostile = ["O'Neil\\", 'a"b', "%s :x ? {0}", "'; drop table leads; --", "é\\n$1"]
    odd = 'we\'re "one"'
    leads = pd.DataFrame(
        {"lead_id": hostile, "created_at": at(0), odd: pd.array(hostile, "string")}
    )
    stages = pd.DataFrame([{**entry(0, hostile[0], 2), "lead_id": name} for name in hostile])
    crm = opened(place, {"leads": leads, "stage_changes": stages}, stages={"sql": [hostile[0]]},
                 missing=(hostile[1],))  # fmt: skip
    found = run_backtest(WHO, crm, moment=AtAge(1), outcome=Outcome("sql", 3), segments=[odd])
    counts = count_scores(found, by=odd).frame
    assert sorted(counts[odd]) == sorted({*hostile} - {hostile[1]})
    assert set(counts["state"]) == {"converted"}


def test_texts_are_in_the_order_of_their_bytes(place) -> None:
    """Any other order would number leads and accounts differently from engine to engine."""
    names = ["a", "B", "é", "Z", "_", "z"]
    leads = pd.DataFrame({"lead_id": names, "created_at": at(0)})
    crm = opened(place, {"leads": leads})
    found = crm.connection.execute("select lead_id from leads order by lead_id").fetchall()
    assert [row[0] for row in found] == sorted(names)


def test_texts_where_times_belong_are_refused(place) -> None:
    leads = tables()["leads"].assign(created_at="2026-01-01")
    with pytest.raises(DataError, match=r"column 'created_at' .* holds texts, expected times"):
        opened(place, tables(leads=leads))


def test_what_has_no_tested_wording_is_refused(place) -> None:
    crm = opened(place, tables())
    for question in ("select soundex(lead_id) from leads", "select sqrt(2) from leads",
                     "select cast(lead_id as uuid) from leads"):  # fmt: skip
        with pytest.raises(QuestionError, match="no wording is known that gives the same result"):
            crm.connection.execute(question)


def test_rows_in_great_number_never_travel(place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.crm.engines.session.MOST_ROWS", 1)
    crm = opened(place, tables())
    assert crm.connection.execute("select count(*) from leads").fetchall() == [(2,)]
    with pytest.raises(DataError, match=r"more than 1 rows would leave (PostgreSQL|Spark)"):
        crm.connection.execute("select lead_id from leads")


def test_nothing_is_left_in_the_database(postgres) -> None:
    crm = crm_of(
        [lead(1), lead(2)], stages=[entry(1, "mql", 3), entry(1, "sql", 9)], opened=postgres.open
    )
    run_backtest(WHO, crm, moment=AtHandoff(), outcome=Outcome("sql", 10))
    crm.connection.close()
    left = "select count(*) from pg_class where relname like 'leadscore%'"
    for _ in range(1_000):  # the server tidies up after a session has ended
        if postgres.connection.execute(left).fetchone() == (0,):
            break
        sleep(0.01)
    assert postgres.connection.execute(left).fetchall() == [(0,)]


def test_tables_are_seen_as_they_were_when_connecting(postgres) -> None:
    crm = opened(postgres, tables())
    schema = f"crm{postgres.made}"
    postgres.sql(f"delete from {schema}.leads", f"truncate {schema}.activities")
    assert score_leads(model_of(), crm).rows()["score"].tolist() == [0, 0]


def test_infinite_times_are_no_times(postgres) -> None:
    postgres.sql(
        "create schema if not exists odd", "drop table if exists odd.leads",
        "create table odd.leads (lead_id text, created_at timestamptz, seen json)",
        "insert into odd.leads values ('L1', 'infinity', '{}'), ('L2', '2026-01-01Z', null)",
    )  # fmt: skip
    from toolkit.crm import connect

    mapping = {"tables": {"leads": {"table": "odd.leads"}}}
    crm = connect(postgres.url, mapping=mapping, observed_until="2026-03-01", time_zone="UTC")
    found = crm.connection.execute("select lead_id, created_at from leads order by 1").fetchall()
    assert found == [("L1", None), ("L2", datetime(2026, 1, 1))]  # noqa: DTZ001
    assert "column 'seen' is left out" in crm.findings[0].text
    crm.connection.close()


def test_the_report_names_the_engine(place) -> None:
    crm = crm_of(
        [lead(1), lead(2)], stages=[entry(1, "mql", 3), entry(1, "sql", 9)], opened=place.open
    )
    found = run_backtest(WHO, crm, moment=AtHandoff(), outcome=Outcome("sql", 10))
    assert count_scores(found).provenance.engine.split()[0] in ("PostgreSQL", "Spark")
