"""Texts of refusals that a user meets seldom: each in full, with the input that brings it up."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from tests.model.formats.test_hubspot import MODEL, read
from tests.model.formats.test_schema import FULL
from tests.model.sheets import TINY, with_criterion
from toolkit.cli import app
from toolkit.errors import ExportError, ModelError, SourceError
from toolkit.export import export_sql
from toolkit.model import parse_model, save_model
from toolkit.model.formats.hubspot import hubspot_draft
from toolkit.model.formats.sheet import build_sheet, read_build_sheet, save_sheet
from toolkit.yamlfile import read_yaml

# --- model files ----------------------------------------------------------------------------------

LONG = "x" * 1_001
FILES = {
    "when: {n: {gt: 1, gte: 2}}, points: 1": "'gt' and 'gte' clash: keep one of them",
    f"field: f, per_value: {{{LONG}: 1}}": "this value is longer than 1000 characters; shorten it",
    f"when: {{n: {LONG}}}, points: 1": "this text is longer than 1000 characters; shorten it",
    f"label: {LONG}, ledger: a": "this text is longer than 1000 characters; shorten it",
    f"when: {{n: {{matches: {'a' * 501}}}}}, points: 1": "it is longer than 500 characters; shorten",
    "when: {n: {matches: '((a{200}){200}){200}'}}, points: 1": "it is too large (more than 5000 "
    "steps); shorten it",
}


@pytest.mark.parametrize("text", FILES, ids=range(len(FILES)))
def test_a_criterion_is_refused_in_these_words(text):
    with pytest.raises(ModelError) as refused:
        parse_model(with_criterion(text), "f.yaml")
    assert FILES[text] in str(refused.value)
    assert refused.value.line == 8


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("bands: [{name: a, from: 1, active: {to: 2026-01-01}}]\n",
         "'active' is not supported by this version: keep one model file per period"),
        ("active: {to: 2026-01-01}\n", "keep one model file per period, each with 'valid_from'"),
        ("calendar: true\n", ("'calendar' is not supported by this version: a month is 30 days and a "
         "year 365 days of 86,400 seconds, so that a window is as long for every lead and ends when "
         "it should; write the number of days, as in 31d or 366d")),
    ],
)  # fmt: skip
def test_a_model_is_refused_in_these_words(more, said):
    with pytest.raises(ModelError) as refused:
        parse_model(TINY + more)
    assert said in str(refused.value)


def test_files_that_cannot_be_opened_say_what_to_do(tmp_path):
    model = parse_model(TINY)
    with pytest.raises(SourceError, match=r"cannot read no\.yaml: .*; check the path"):
        read_yaml(tmp_path / "no.yaml", error=ModelError)
    with pytest.raises(SourceError, match=r"cannot write m\.yaml: .*; check folder and rights"):
        save_model(model, tmp_path / "no" / "m.yaml")
    with pytest.raises(SourceError, match=r"cannot write s\.csv: .*; check folder and rights"):
        save_sheet(build_sheet(model), tmp_path / "no" / "s.csv")
    with pytest.raises(SourceError, match=r"cannot read s\.csv: .*; check the path"):
        read_build_sheet(tmp_path / "s.csv")
    (tmp_path / "s.xlsx").write_bytes(b"no workbook")
    with pytest.raises(SourceError, match=r"s\.xlsx is no XLSX workbook: "):
        read_build_sheet(tmp_path / "s.xlsx")
    (tmp_path / "s.csv").write_text(f"{HEADS}\n{'x' * 140_000},y\n", "utf-8")
    with pytest.raises(SourceError, match=r"s\.csv is no CSV file: field larger than"):
        read_build_sheet(tmp_path / "s.csv")


# --- sheets ---------------------------------------------------------------------------------------

HEADS = "criterion,id,kind,group,group_id,dimension,field,activity,test,value,at_least,points,scale,max,settings"
ROW = "a,,,,,,f,,is,1,,5,,,"
SHEETS = [
    ("a,,,,,,f,,is,x; y,,5,,,", 2, "value",
     "'equals' takes one value, and here are several: write the test 'in'"),
    ("a,,inactivity,,,,,,,,,5,,,", 2, "inactivity", "say after how long, as in 30d"),
    ("a,,cases,,,,,,,,,5,,,", 2, "field",
     "a case needs field, test and value, or the test 'otherwise'"),
    ("a,,,,,,f,,each value,x,,5,,,\na,,,,,,g,,each value,y,,5,,,", 3, "field",
     "row 2 of this criterion has another field"),
    ("a,,tiers,,,,,form,,,3,5,,,\na,,tiers,,,,,visit,,,1,2,,,", 3, "activity",
     "row 2 of this criterion counts other activities"),
    ("a,,,One,g,,f,,is,1,,5,,,\nb,,,Two,g,,f,,is,1,,5,,,", 3, "group",
     "the group 'g' is called 'One' elsewhere"),
    (",,,,,,f,,is,1,,5,,,", 2, "criterion", "this row has no criterion: name it"),
    ("a,,,,,,f,,is,1,,5,3,,\nb,,,,,,f,,is,1,,5,4,,", 3, "scale",
     "row 2 has another scale; all must have one"),
    (f"{ROW}\n,,model,,,,,,,,,,,,{{name: a}}\n,,model,,,,,,,,,,,,{{name: b}}", 4, "kind",
     "row 3 is of this kind too; delete one"),
    (f"{ROW}\n,,group,,h,,,,,,,,,9,", 3, "group_id",
     "no criterion has this group; there are: fit"),
    (f"{ROW}\n,,model,,,,,,,,,,,,{{groups: []}}", 3, "settings",
     "'groups' is nothing that this row can set"),
    (f"{ROW}\n,,dimension,,,fit,,,,,,,,9,\n,,dimension,,,fit,,,,,,,,8,", 4, "kind",
     "'fit' is set twice; delete one of the rows"),
    (f"{ROW}\n,,dimension,,,,,,,,,,,9,", 3, "dimension",
     "a row of kind 'dimension' needs this column"),
    ((f"{ROW}\n,,account_score,,,,,,,,,,,9,{{roll_up: max}}\n,,account_score,,,,,,,,,,,,"
     "{roll_up: sum}"), 4, "kind", "'account_score' is set twice; delete one of the rows"),
    (f"{ROW}\n,,account_score,,,,,,,,,,,9,{{roll_up: mean}}", 3, "settings",
     "'roll_up' must be one of max, sum, mean_top, count_from"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "row", "column", "said"), SHEETS, ids=range(len(SHEETS)))
def test_a_sheet_is_refused_in_these_words_at_its_cell(tmp_path, rows, row, column, said):
    (tmp_path / "s.csv").write_text(f"{HEADS},inactivity\n{rows}\n", "utf-8")
    with pytest.raises(ModelError) as refused:
        read_build_sheet(tmp_path / "s.csv")
    assert said in str(refused.value)
    assert f"row {row}, column '{column}'" in str(refused.value)


def test_a_sheet_without_criteria_is_refused(tmp_path):
    (tmp_path / "s.csv").write_text(f"{HEADS}\n,,model,,,,,,,,,,,,{{name: b}}\n", "utf-8")
    with pytest.raises(ModelError, match=r"s\.csv has no criterion: write one a row, below the he"):
        read_build_sheet(tmp_path / "s.csv")


# --- HubSpot drafts -------------------------------------------------------------------------------

RULE = ("request", "groupConfigs", 0, "ruleConfigurations", 0)
FILTERS = (*RULE, "configuration", "filterBranch", "filterBranches", 0, "filters")
TWICE = {
    "filterType": "PROPERTY",
    "property": "employees",
    "operation": {"operationType": "ALL_PROPERTY", "operator": "IS_KNOWN"},
}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("request",), [], "request: expected a mapping"),
        (("request", "objectTypeId"), "0-2", "request.objectTypeId: only contacts (0-1) are unders"),
        (("request", "groupConfigs", 0, "groupCategory"), "X",
         "request.groupConfigs[0].groupCategory: expected FIT or ENGAGEMENT"),
        (("toolkit", "groups", 0, "criteria"), [],
         "request.groupConfigs[0]: toolkit names 0 criteria for its rules"),
        ((*RULE, "enabled"), False, ".enabled: this rule is switched off; take it out of the draft"),
        ((*FILTERS, 0, "operation"), [], ".filters[0].operation: expected a mapping"),
        (FILTERS, [TWICE, TWICE], ": two filters of 'employees' cannot be one test"),
    ],
)  # fmt: skip
def test_a_draft_is_refused_in_these_words(tmp_path, path, value, said):
    draft = hubspot_draft(parse_model(MODEL))
    target = draft
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(ModelError) as refused:
        read(draft, tmp_path)
    assert said in str(refused.value)


def test_a_draft_and_a_scorecard_say_nothing_of_accounts():
    from toolkit.model.formats.pmml import pmml_text

    rule = "account_score: {roll_up: max}\n"
    with pytest.raises(ModelError, match="a HubSpot draft cannot say an account score"):
        hubspot_draft(parse_model(MODEL + rule))
    with pytest.raises(ModelError, match="an account score needs all leads of an account: take"):
        pmml_text(parse_model(TINY + rule))


# --- SQL ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letter", "dialect", "said"),
    [
        ("\0", "duckdb", "holds a character that SQL text cannot hold; remove it from the model"),
        ("\U000e0001", "snowflake", "holds an invisible character that snowflake cannot spell"),
    ],
)
def test_a_letter_that_sql_cannot_hold_is_refused(letter, dialect, said):
    text = FULL.replace("rival.example", f'"a\\U{ord(letter):08x}b"')
    with pytest.raises(ExportError) as refused:
        export_sql(parse_model(text), dialect=dialect)
    assert said in str(refused.value)


# --- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["export", "--to", "pmml"], "--model is missing: which model should be written?"),
        (["import", "d.json", "-o", "x.yaml", "--name", "a"],
         "--name goes with a sheet; a draft has a name"),
    ],
)  # fmt: skip
def test_a_command_is_refused_in_these_words(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert found.exit_code == 2
    assert said in found.output
