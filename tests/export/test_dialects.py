"""Every dialect parses, spells the core the same, and refuses what it cannot say."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.backtest.any_model import models, read
from toolkit.errors import ExportError, QuestionError, ToolkitError
from toolkit.export import DIALECTS, Tables, export_fit_case, export_sql
from toolkit.export.sql.dialects import dialect_of
from toolkit.model import example_text, list_examples, load_model, parse_model

sqlglot = pytest.importorskip("sqlglot")
GOLDEN = Path(__file__).parent / "golden"

HOSTILE = [
    "'",
    "\\",
    "\\'",
    "''; drop table x; --",
    '"',
    "`",
    "\n",
    "/*",
    "*/",
    "--",
    "é",
    "ß",
    "\\\\'",
]


def model_of(*criteria: dict, **more: object):
    group = {"id": "g", "dimension": "fit", "criteria": list(criteria)}
    head = {"lead_score_model": 1, "name": "n", "version": "1", "groups": [group], **more}
    return parse_model(json.dumps(head))


def when(**test: object):
    return model_of({"id": "a", "when": {"f": test}, "points": 1})


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", list_examples())
def test_the_published_sheets_parse_in_every_dialect(name, dialect):
    sql = export_sql(parse_model(example_text(name)), dialect=dialect)
    assert len(sqlglot.parse(sql, read=dialect)) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=15)
@given(models())
def test_models_of_every_kind_parse_as_one_statement(dialect, raw):
    (tree,) = sqlglot.parse(export_sql(read(raw), dialect=dialect), read=dialect)
    assert isinstance(tree, sqlglot.exp.Select)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_literal_is_one_literal_with_its_own_text(dialect, text):
    spoken = dialect_of(dialect).literal(f"a{text}b")
    (tree,) = sqlglot.parse(f"select {spoken} as x", read=dialect)
    found = tree.expressions[0].this.unnest()
    if not isinstance(found, sqlglot.exp.DPipe):  # DuckDB puts line ends together from numbers
        assert isinstance(found, sqlglot.exp.Literal | sqlglot.exp.ByteString), repr(found)
    if text != "\n" and not spoken.startswith("E'"):
        assert found.this == f"a{text}b"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ['a"b', "a`b", "a'b", "a;b", "select", "Größe", "a b", "a\\b"])
def test_a_name_is_one_name(dialect, name):
    spoken = dialect_of(dialect).identifier(name)
    (tree,) = sqlglot.parse(f"select {spoken} from t", read=dialect)
    column = tree.expressions[0]
    assert isinstance(column, sqlglot.exp.Column)
    if not (dialect == "bigquery" and "\\" in spoken):  # the parser leaves backslashes in names
        assert column.name == (name.upper() if (dialect, name) == ("snowflake", "select") else name)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_text_of_a_small_model_is_as_it_was_read_by_a_person(dialect):
    model = load_model(GOLDEN / "small.yaml")
    tables = Tables(leads="crm.leads", activities="crm.acts", other_types=("call",),
                    lead_columns={"size": "staff"}, missing=("select",))  # fmt: skip
    found = export_sql(model, dialect=dialect, tables=tables, as_of=date(2026, 6, 30))
    assert found == (GOLDEN / f"{dialect}.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_fit_expression_parses_in_a_select(dialect):
    model = parse_model(example_text("eloqua"))
    sql = f"select x, (\n{export_fit_case(model, dialect)}) as fit from leads"
    assert len(sqlglot.parse(sql, read=dialect)) == 1
    assert "/ 100e0" in sql


@pytest.mark.parametrize("dialect", DIALECTS)
def test_engines_that_are_not_run_say_so(dialect):
    sql = export_sql(when(equals="a"), dialect=dialect)
    assert ("do not run it" in sql) is (dialect not in ("duckdb", "postgres"))
    assert ("Unicode form NFC" in sql) is (dialect in ("snowflake", "spark"))


def test_a_moment_is_written_in_whole_seconds():
    def sql(as_of):
        return export_sql(when(gte=1), as_of=as_of)

    second = int(datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC).timestamp())
    west = timezone(timedelta(hours=-4))
    assert f"cast({second} as bigint) as s" in sql(date(2026, 6, 30))
    assert sql(datetime(2026, 6, 30, 19, 59, 59, 999_999, tzinfo=west)) == sql(date(2026, 6, 30))
    assert "-- moment: 2026-06-30 23:59:59 UTC\n" in sql(date(2026, 6, 30))
    assert "-- moment: the time of the run\n" in sql(None)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: export_sql(when(matches="^vp")), ExportError, "matches '\\^vp': regular expressions"),
        (lambda: export_sql(when(gte=2**53)), ExportError, "the number 9007199254740992, which"),
        (lambda: export_sql(when(equals=1e-300)), ExportError, "the number 1e-300, which"),
        (lambda: export_sql(when(contains="\u0301a")), ExportError, "U\\+0301.*joins the letter"),
        (lambda: export_sql(when(equals="a"), dialect="oracle"), QuestionError, "no dialect 'oracle'"),
        (lambda: export_sql(when(equals="a"), as_of=date(2026, 1, 1), tables=Tables(moment="m")),
         QuestionError, "both 'as_of' and a column of moments"),
        (lambda: Tables(leads="crm."), QuestionError, "'crm.' is no name of a table"),
        (lambda: export_sql(model_of({"id": "v", "activity": "Call", "points": 1}),
                            tables=Tables(other_types=("call",))),
         ExportError, "criterion 'v' pays for the activity 'Call', which is listed"),
        (lambda: export_fit_case(model_of({"id": "v", "activity": "call", "points": 1})),
         ExportError, "the criterion 'v' of the fit dimension depends on more"),
        (lambda: export_fit_case(model_of({"id": "v", "when": {"f": 1}, "points": 1,
                                           "active": {"from": "2026-01-01"}})),
         ExportError, "depends on more than the lead's fields"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_exactly_is_refused(make, error, text):
    assert issubclass(error, ToolkitError)
    with pytest.raises(error, match=text):
        make()
