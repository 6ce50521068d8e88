"""The command `leadscore export --to sql`."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from toolkit.cli import app
from toolkit.errors import QuestionError, SourceError
from toolkit.export import (
    DIALECTS,
    Tables,
    export_account_sql,
    export_fit_case,
    export_sql,
    tables_of,
)
from toolkit.model import example_text, parse_model


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "model.yaml"
    path.write_text(example_text("glossary"), encoding="utf-8")
    return path


def run(model: object, *words: object):
    return CliRunner().invoke(
        app, ["export", "--to", "sql", "--model", str(model), *map(str, words)]
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_command_prints_what_the_function_writes(sheet, dialect):
    found = run(sheet, "--dialect", dialect)
    assert found.exit_code == 0
    assert found.output == export_sql(parse_model(example_text("glossary")), dialect=dialect)


def test_it_writes_a_file(sheet, tmp_path):
    found = run(sheet, "-o", tmp_path / "score.sql", "--leads", "crm.leads")
    assert found.exit_code == 0
    text = (tmp_path / "score.sql").read_text(encoding="utf-8")
    assert 'from "crm"."leads"' in text
    assert isinstance(run(sheet, "-o", tmp_path / "no" / "x.sql").exception, SourceError)


def test_only_the_fit_points(sheet):
    model = parse_model(example_text("glossary"))
    assert run(sheet, "--fit-only").output == export_fit_case(model)
    refused = run(sheet, "--fit-only", "--as-of", "2026-01-01").exception
    assert isinstance(refused, QuestionError)


def test_columns_are_told_in_pairs():
    found = tables_of(
        columns=["title=Job = Title", "activities.page=url", "created_at=made",
                 "activities.occurred_at=at", "activities.lead_id=who"],
        other_types=["call"], missing=["-"],
    )  # fmt: skip
    assert found == Tables(
        created_at="made", occurred_at="at", activity_lead_id="who", missing=("-",),
        lead_columns={"title": "Job = Title"}, activity_columns={"page": "url"},
        other_types=("call",),
    )  # fmt: skip
    with pytest.raises(QuestionError, match="'title' is no pair; expected <field>=<your column>"):
        tables_of(columns=["title"])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--dialect", "postgre"], "there is no dialect 'postgre': did you mean 'postgres'"),
        (["--as-of", "soon"], "'soon' is no moment; expected a date or a time"),
    ],
)
def test_wrong_words_are_named(sheet, words, text):
    error = run(sheet, *words).exception
    assert isinstance(error, QuestionError)
    assert text in str(error)


def test_a_moment_is_a_date_or_a_time(sheet):
    day = run(sheet, "--as-of", "2026-06-30").output
    assert day == run(sheet, "--as-of", "2026-06-30T23:59:59").output
    assert "-- moment: 2026-06-30 23:59:59 UTC" in day


def test_scores_of_accounts(tmp_path):
    path = tmp_path / "model.yaml"
    path.write_text(example_text("enterprise"), encoding="utf-8")
    model = parse_model(example_text("enterprise"))
    tables = Tables(account_id="company")
    assert run(path, "--accounts", "--column", "account_id=company").output == (
        export_account_sql(model, tables=tables)
    )
    refused = run(path, "--accounts", "--fit-only").exception
    assert isinstance(refused, QuestionError)
    assert "an account score needs the whole scores" in str(refused)


@pytest.mark.parametrize(
    ("to", "words", "said"),
    [
        ("pmml", ["--dialect", "spark"], "--dialect goes with --to sql only"),
        ("hubspot", ["--leads", "x"], "--leads goes with --to sql only"),
        ("build-sheet", ["--activities", "x"], "--activities goes with --to sql only"),
        ("pmml", ["--column", "a=b"], "--column goes with --to sql only"),
        ("pmml", ["--other-type", "a"], "--other-type goes with --to sql only"),
        ("pmml", ["--missing", "-"], "--missing goes with --to sql only"),
        ("pmml", ["--as-of", "2026-01-01"], "--as-of goes with --to sql only"),
        ("pmml", ["--fit-only"], "--fit-only goes with --to sql only"),
        ("json-schema", ["--accounts"], "--accounts goes with --to sql only"),
        ("sql", ["--old", "x.yaml"], "--old goes with --to build-sheet only"),
        ("json-schema", [], "json-schema is of any model: leave --model out"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(sheet, to, words, said):
    words = ["export", "--to", to, "--model", str(sheet), "-o", str(sheet.parent / "x.csv"), *words]
    found = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert found.exit_code == 2
    assert said in found.output
    assert not (sheet.parent / "x.csv").exists()
