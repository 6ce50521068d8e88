"""The SQL text holds integers only, whatever the model says."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given

from tests.backtest import reference
from tests.backtest.any_model import models, read
from toolkit.backtest.core import Plan, as_of_sql, path_sql
from toolkit.backtest.staging.plan import make_plan
from toolkit.model import parse_model

WORDS = {
    "and", "as", "b", "behavior", "bigint", "by", "c", "case", "cast", "coalesce", "d", "e", "else",
    "end", "ev", "fit", "from", "group", "join", "k", "l", "ld", "left", "mo", "on", "p", "q", "s",
    "score", "select", "sum", "t", "then", "when", "with",
}  # fmt: skip


def test_nothing_of_a_model_file_becomes_sql() -> None:
    evil = reference.MODEL.replace("id: vp", "id: drop_table").replace(
        "name: reference", 'name: "x\'); drop table leads; --"'
    )
    text = as_of_sql(make_plan(parse_model(evil)))
    words = set(re.findall(r"[A-Za-z_]+", re.sub(r"\b[fprn]\d+\b", "", text)))
    assert words <= WORDS
    assert "'" not in text
    assert ";" not in text


MORE_WORDS = WORDS | {
    "a", "all", "behavior", "g", "count", "is", "lead", "max", "mod", "n", "nt", "null", "o", "or",
    "cross", "not", "order", "over", "partition", "row_number", "t", "total", "union", "where", "x",
    "z",
}  # fmt: skip


@pytest.mark.parametrize("sql", [as_of_sql, path_sql])
@given(models())
def test_nothing_of_a_model_of_any_kind_becomes_sql(sql: Callable[[Plan], str], raw: dict) -> None:
    text = sql(make_plan(read({**raw, "name": "x'); drop table leads; --"})))
    words = set(re.findall(r"[A-Za-z_]+", re.sub(r"\b([fprngzu]\d+|n\d+_\d+)\b", "", text)))
    assert words <= MORE_WORDS
    assert not set("'\";") & set(text)


def test_what_needs_no_order_is_one_aggregate_without_a_window() -> None:
    text = as_of_sql(make_plan(parse_model(reference.MODEL)))
    assert "over (" not in text
    assert text.count("from ev") == 1
    fading = reference.MODEL.replace("max_units: 1}", "decay: {percent: 50, every: 1d}}")
    text = as_of_sql(make_plan(parse_model(fading)))
    assert "over (" not in text
    assert text.count("from ev") == 1


def test_the_text_is_plain_sql_that_ends_in_whole_numbers() -> None:
    text = as_of_sql(make_plan(parse_model(reference.MODEL)))
    assert "/" not in text
    assert "least" not in text
    assert "cast(" in text
