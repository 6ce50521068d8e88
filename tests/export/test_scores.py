"""The exported statement gives the scores of the backtest, on every engine that runs here."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backtest.any_model import START, crm_of_rows, engine_scores, models, random_rows, read
from toolkit.backtest import AtAge, AtPeriodEnd, Outcome, run_backtest
from toolkit.backtest.core import as_of_sql
from toolkit.backtest.staging import make_plan
from toolkit.crm import Mapping, connect
from toolkit.crm.demo import make_demo
from toolkit.export import Tables, export_fit_case, export_sql
from toolkit.model import (
    band_of,
    exception_conditions,
    grade_of,
    load_model,
    parse_model,
    score_unit,
)

OTHERS = ("recycled", "adjust", "import")


@cache
def known(seed: int, leads: int = 40):
    """Random rows, with text where a list stood: an export reads no lists."""
    rows = random_rows(seed, leads)
    for lead in rows["leads"]:
        tags = lead["tags"]
        lead["tags"] = None if tags is None else ";".join(tags)
    return rows, crm_of_rows(rows)


def frames_of(rows: dict, turn: int) -> dict[str, pd.DataFrame]:
    """The customer's tables; of two moments of each lead, one goes with it."""
    asked = {a["lead_id"]: a["at"] for a in rows["moments"][turn::2]}
    leads = pd.DataFrame(rows["leads"]).astype({"size": "Int64"})
    leads["asked_at"] = leads["lead_id"].map(asked)
    acts = pd.DataFrame(rows["activities"]).astype({"delta": "Int64"})
    return {"leads": leads, "activities": acts}


def compare(customer, raw: dict, seed: int, turn: int) -> None:
    rows, crm = known(seed)
    model = read(raw)
    tables = Tables(moment="asked_at", other_types=OTHERS)
    customer.load(**frames_of(rows, turn))
    sql = export_sql(model, dialect=customer.name, tables=tables)
    found = {row["lead_id"]: row for row in customer.rows(sql)}
    unit, finer = score_unit(model), score_unit(model) // model.scale
    expected = engine_scores(model, crm, rows)[turn::2]
    assert len(found) == len(expected)
    for asked, row in zip(rows["moments"][turn::2], expected, strict=True):
        mine = found[asked["lead_id"]]
        assert (mine["score"], mine["moment"]) == (row["score"], row["s"])
        assert (float(mine["fit"]), float(mine["behavior"])) == pytest.approx(
            (row["fit"] / unit, row["behavior"] / unit), abs=1e-9
        )
        holds = [bool(row["profile"] >> i & 1) for i, _ in enumerate(exception_conditions(model))]
        if model.bands:
            assert mine["band"] == band_of(model, int(row["score"]), holds)
        if "grade" in mine:
            parts = row["fit"] // finer, row["behavior"] // finer
            assert mine["grade"] == grade_of(model, *map(int, parts))


@settings(max_examples=25)
@given(models(), st.integers(0, 3), st.integers(0, 1))
def test_the_statement_equals_the_engine_for_models_of_every_kind(customer, raw, seed, turn):
    compare(customer, raw, seed, turn)


@pytest.mark.slow
@settings(max_examples=600, suppress_health_check=list(HealthCheck))
@given(models(), st.integers(0, 3), st.integers(0, 1))
def test_the_statement_equals_the_engine_for_hundreds_of_models(customer, raw, seed, turn):
    compare(customer, raw, seed, turn)


# --- the demo -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    make_demo(folder, leads=1_000, seed=7, format="parquet")
    crm = connect(folder / "crm.yaml")
    crm.connection.execute("set TimeZone = 'UTC'")
    frames = {
        "leads": crm.connection.execute("select * exclude row_id from leads").df(),
        "activities": crm.connection.execute("select * from activities").df(),
    }
    return crm, load_model(folder / "model.yaml"), frames


def others_of(frames: dict) -> tuple[str, ...]:
    acts = frames["activities"]
    return tuple(sorted(acts.loc[acts["role"] != "marketing", "activity_type"].unique()))


def test_the_demo_at_the_end_of_each_quarter(customer, demo):
    crm, model, frames = demo
    rows = run_backtest(
        model, crm, moment=AtPeriodEnd("quarter"), outcome=Outcome("sql", within_days=90)
    ).rows()
    customer.load(**frames)
    tables = Tables(is_machine="is_machine", other_types=others_of(frames))
    assert rows["moment"].nunique() >= 3
    for moment, part in rows.groupby("moment"):
        sql = export_sql(model, dialect=customer.name, tables=tables, as_of=moment.to_pydatetime())
        found = {row["lead_id"]: row["score"] for row in customer.rows(sql)}
        assert part["score"].tolist() == [found[name] for name in part["lead_id"]]


def test_the_demo_fourteen_days_after_creation(customer, demo):
    crm, model, frames = demo
    rows = run_backtest(model, crm, moment=AtAge(14), outcome=Outcome("sql", within_days=90)).rows()
    leads = frames["leads"].assign(at=frames["leads"]["created_at"] + timedelta(days=14))
    customer.load(leads=leads, activities=frames["activities"])
    tables = Tables(is_machine="is_machine", other_types=others_of(frames), moment="at")
    found = {
        row["lead_id"]: row
        for row in customer.rows(export_sql(model, dialect=customer.name, tables=tables))
    }
    assert len(rows) > 500
    assert rows["score"].tolist() == [found[name]["score"] for name in rows["lead_id"]]
    assert rows["fit"].tolist() == [found[name]["fit"] for name in rows["lead_id"]]


def test_the_fit_expression_equals_the_fit_of_the_statement(customer, demo):
    _, model, frames = demo
    customer.load(**frames)
    sql = export_sql(model, dialect=customer.name, tables=Tables(other_types=others_of(frames)))
    whole = {row["lead_id"]: row["fit"] for row in customer.rows(sql)}
    fit = export_fit_case(model, customer.name)
    alone = {
        row["lead_id"]: row["fit"]
        for row in customer.rows(f"select lead_id, (\n{fit}) as fit from leads")
    }
    assert {name: alone[name] for name in whole} == whole
    assert len(set(whole.values())) > 3


# --- what random models rarely meet -------------------------------------------------------------

BEST = """
lead_score_model: 1
name: best
version: "1"
groups:
- id: g
  dimension: fit
  criteria:
  - {id: a, match: max, cases: [{when: {size: {gte: 10}}, points: 1}, {when: {size: {gte: 20}}, points: 7}, {when: {size: {gte: 30}}, points: -2}, {points: 4}]}
  - {id: b, match: sum, cases: [{when: {size: {gte: 10}}, points: 10}, {when: {size: {gte: 20}}, points: 70}, {points: 40}]}
bands:
- {name: hot, from: 60, exceptions: [{when: {size: 50}, from: 11}]}
- {name: warm, from: 20, exceptions: [{when: {size: {in: [11, 50]}}, from: 11}, {when: {size: 11}, from: 99}]}
"""


def test_the_best_case_pays_and_of_two_bands_with_one_beginning_the_first_counts(customer):
    sizes = {None: (44, "warm"), 5: (44, "warm"), 10: (11, None), 11: (11, "warm"),
             20: (87, "hot"), 30: (87, "hot"), 50: (87, "hot")}  # fmt: skip
    leads = pd.DataFrame({
        "lead_id": [str(size) for size in sizes], "created_at": NOON,
        "size": pd.Series(list(sizes), dtype="Int64"),
    })  # fmt: skip
    customer.load(leads=leads)
    rows = customer.rows(export_sql(parse_model(BEST), dialect=customer.name))
    found = {row["lead_id"]: (row["score"], row["band"]) for row in rows}
    assert found == {str(size): expected for size, expected in sizes.items()}


# --- what the statement is made of --------------------------------------------------------------

PLAIN = """
lead_score_model: 1
name: plain
version: "1"
groups:
- {id: g, dimension: fit, criteria: [{id: a, when: {size: {gte: 10}}, points: 1}]}
- {id: h, dimension: behavior, criteria: [{id: b, activity: view, points: 10, within: 1d}]}
"""
NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - naive UTC, as in the tables


def test_the_core_stands_in_the_statement_as_it_is():
    model = parse_model(PLAIN)
    assert as_of_sql(make_plan(model)).rstrip() in export_sql(model)


def acts_of(*times: datetime, **more) -> pd.DataFrame:
    made = {"lead_id": ["L"] * len(times), "activity_type": [" View"] * len(times)}
    return pd.DataFrame({**made, "occurred_at": list(times), **more})


def leads_of(**columns) -> pd.DataFrame:
    return pd.DataFrame({"lead_id": ["L"], "created_at": [NOON - timedelta(days=9)],
                         "size": [50], **columns})  # fmt: skip


def scores(customer, sql: str) -> dict[str, int]:
    return {row["lead_id"]: row["score"] for row in customer.rows(sql)}


def test_a_window_ends_and_a_moment_begins_to_the_second(customer):
    second, day = timedelta(seconds=1), timedelta(days=1)
    model, expected = parse_model(PLAIN), {
        NOON: 11, NOON + second: 1, NOON - day: 1, NOON - day + second: 11,
        NOON + timedelta(microseconds=999_999): 11,
    }  # fmt: skip
    for at, points in expected.items():
        customer.load(leads=leads_of(), activities=acts_of(at))
        assert scores(customer, export_sql(model, dialect=customer.name, as_of=NOON)) == {
            "L": points
        }, at


def test_rows_that_contradict_one_another_are_left_out_and_copies_count_once(customer):
    leads = pd.concat([
        leads_of(), leads_of(), leads_of(lead_id=["M"]), leads_of(lead_id=["M"], size=[5]),
        leads_of(lead_id=["N"], created_at=[NOON + timedelta(days=1)]),
        leads_of(lead_id=[None]), leads_of(lead_id=["O"], created_at=[pd.NaT]),
        leads_of(lead_id=["P"], size=[None]),
    ])  # fmt: skip
    customer.load(leads=leads.astype({"size": "Int64"}), activities=acts_of(NOON))
    sql = export_sql(parse_model(PLAIN), dialect=customer.name, as_of=NOON)
    assert scores(customer, sql) == {"L": 11, "P": 0}


def test_recorded_later_counts_later_and_machines_do_not_count(customer):
    day = timedelta(days=1)
    acts = acts_of(NOON, NOON, NOON - 3 * day, NOON, recorded=[NOON, NOON + day, NOON, pd.NaT],
                   robot=[False, False, None, True])  # fmt: skip
    acts["robot"] = acts["robot"].astype("boolean")
    customer.load(leads=leads_of(), activities=acts)
    tables = Tables(recorded_at="recorded", is_machine="robot")
    sql = export_sql(parse_model(PLAIN), dialect=customer.name, tables=tables, as_of=NOON)
    assert scores(customer, sql) == {"L": 21}


def test_a_repeated_activity_counts_once_and_one_without_an_id_always(customer):
    names = ["a", "a ", None, None, "", "b", "b"]
    times = [NOON] * 5 + [NOON - timedelta(days=2), NOON]
    customer.load(leads=leads_of(), activities=acts_of(*times, name=names))
    model = parse_model(PLAIN)
    once = export_sql(model, dialect=customer.name, tables=Tables(activity_id="name"), as_of=NOON)
    assert scores(customer, once) == {"L": 41}  # of the two b the earlier stays, out of the window
    assert scores(customer, export_sql(model, dialect=customer.name, as_of=NOON)) == {"L": 61}


def test_a_repeated_activity_counts_once_as_in_the_backtest(customer):
    rows, _ = known(1)
    copied = [dict(a, activity_id=f"A{i % 150}") for i, a in enumerate(rows["activities"])]
    twice = {**rows, "activities": [*copied, *copied[:90]]}
    model = parse_model(PLAIN.replace("within: 1d", "within: 9d"))
    frames = frames_of(twice, 0)
    mapping = Mapping(observed_until=START + timedelta(days=90), time_zone="UTC",
                      activity_roles={"sales": ("recycled",), "system": ("adjust", "import")})  # fmt: skip
    crm = connect({"leads": frames["leads"].drop(columns="asked_at"),
                   "activities": frames["activities"]}, mapping=mapping)  # fmt: skip
    expected = {a["lead_id"]: row["score"] for a, row in
                zip(rows["moments"], engine_scores(model, crm, rows), strict=True)
                if a in rows["moments"][0::2]}  # fmt: skip
    customer.load(**frames)
    tables = Tables(moment="asked_at", other_types=OTHERS, activity_id="activity_id")
    assert scores(customer, export_sql(model, dialect=customer.name, tables=tables)) == expected


def test_without_a_moment_it_is_now(customer):
    customer.load(leads=leads_of(), activities=acts_of(datetime.now() - timedelta(hours=30)))  # noqa: DTZ005
    assert scores(customer, export_sql(parse_model(PLAIN), dialect=customer.name)) == {"L": 1}
    customer.load(activities=acts_of(datetime.now() - timedelta(hours=12)))  # noqa: DTZ005
    assert scores(customer, export_sql(parse_model(PLAIN), dialect=customer.name)) == {"L": 11}


def test_tables_and_columns_have_the_customers_names(customer):
    leads = leads_of().rename(
        columns={"lead_id": 'Id "x"', "size": "No. of; staff", "created_at": "order"}
    )
    acts = acts_of(NOON).rename(columns={"lead_id": "who", "activity_type": "select"})
    customer.load(**{"My 'leads'": leads, "act": acts.rename(columns={"occurred_at": "when"})})
    tables = Tables(
        leads="My 'leads'", activities="act", lead_id='Id "x"', created_at="order",
        activity_lead_id="who", activity_type="select", occurred_at="when",
        lead_columns={"size": "No. of; staff"},
    )  # fmt: skip
    sql = export_sql(parse_model(PLAIN), dialect=customer.name, tables=tables, as_of=NOON)
    assert scores(customer, sql) == {"L": 11}
