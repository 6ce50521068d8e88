"""The exported statement gives the accounts the scores of the toolkit, on every engine here."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backtest.any_model import START, account_rules, models, read
from tests.backtest.any_model import tests as conditions
from tests.export.test_scores import OTHERS, frames_of, known
from toolkit.backtest import account_scores, score_leads
from toolkit.errors import ExportError, QuestionError
from toolkit.export import DIALECTS, Tables, export_account_sql, export_sql
from toolkit.model import example_text, parse_model

HEAD = "lead_score_model: 1\nname: m\nversion: '1'\n"
PLAIN = HEAD + (
    'account_score: {roll_up: mean_top, top: 2, bands: [{name: "it\'s hot", from: 5}, '
    "{name: in, from: -1}]}\n"
    "gates: [{when: {rival: true}, then: disqualified}]\n"
    "groups: [{id: g, dimension: fit, criteria: [{id: c, field: tags, per_value: {a: 1, b: 2, "
    "c: 8, d: -20}}]}]\n"
)


def told(rows: list[dict]) -> dict:
    return {
        row["account_id"]: (row["n"], row["n_disqualified"], row["score"], row.get("band"))
        for row in rows
    }


def expected(model, crm, instant) -> dict:
    found = account_scores(score_leads(model, crm, as_of=instant))
    plain = found.astype(object).where(found.notna(), None)
    return told(plain.to_dict("records"))


def compare(customer, raw: dict, seed: int, quarter: int) -> None:
    instant = START + timedelta(hours=6 * quarter)
    rows, crm = known(seed)
    customer.load(**frames_of(rows, 0))
    tables = Tables(other_types=OTHERS)
    sql = export_account_sql(read(raw), dialect=customer.name, tables=tables, as_of=instant)
    assert told(customer.rows(sql)) == expected(read(raw), crm, instant)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(models(), account_rules, conditions, st.integers(8, 160))
def test_accounts_have_the_scores_of_the_toolkit(customer, raw, rule, when, quarter):
    gates = [{"when": when, "then": "disqualified"}]
    compare(customer, {**raw, "account_score": rule, "gates": gates}, quarter % 2, quarter)


def leads_of(*rows: tuple) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["account_id", "tags", "rival"])
    return made.assign(lead_id=[f"L{i}" for i in range(len(made))], created_at=START)


def test_a_customer_reads_the_accounts_worked_out_by_hand(customer):
    leads = leads_of(
        (" A ", "c", False), ("A", "a", False), ("A", "d", False),  # (8 + 1) / 2 = 4.5
        ("B", "d", False),  # -20, below all bands
        ("C", "c", True), ("-", "c", False), (None, "a", False), ("D", "c", False),
    )  # fmt: skip
    customer.load(leads=leads)
    tables = Tables(missing=("-",))
    sql = export_account_sql(parse_model(PLAIN), dialect=customer.name, tables=tables, as_of=START)
    assert told(customer.rows(sql)) == {
        "A": (3, 0, 5, "it's hot"), "B": (1, 0, -20, None), "C": (0, 1, None, None),
        None: (2, 0, None, None), "D": (1, 0, 8, "it's hot"),
    }  # fmt: skip


def test_the_account_has_the_customers_own_column(customer):
    leads = leads_of(("A", "c", False)).rename(columns={"account_id": "company"})
    customer.load(leads=leads)
    tables = Tables(account_id="company")
    sql = export_account_sql(parse_model(PLAIN), dialect=customer.name, tables=tables, as_of=START)
    assert told(customer.rows(sql)) == {"A": (1, 0, 8, "it's hot")}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_parses(dialect):
    sqlglot = pytest.importorskip("sqlglot")
    text = export_account_sql(parse_model(example_text("enterprise")), dialect=dialect)
    assert len(sqlglot.parse(text, read=dialect)) == 1
    assert "-- account score: the mean of the 3 highest scores of its leads" in text


def test_the_statement_of_leads_says_that_accounts_are_not_in_it():
    text = export_sql(parse_model(example_text("enterprise")))
    assert "-- The account score of the model is not here" in text
    assert "account score" not in export_sql(parse_model(example_text("glossary")))


def test_what_cannot_be_rolled_up_is_refused():
    with pytest.raises(ExportError, match="the model has no account score; add a line"):
        export_account_sql(parse_model(example_text("glossary")))
    with pytest.raises(QuestionError, match="'mql_at' gives each lead a moment of its own"):
        export_account_sql(parse_model(PLAIN), tables=Tables(moment="mql_at"))
