"""What the documents of the formats show is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from toolkit.model.formats.sheet import COLUMNS, MINIMAL, read_build_sheet
from toolkit.model.formats.sheet.columns import HIDDEN, TESTS
from toolkit.model.formats.sheet.files import normal_heading

DOCS = Path(__file__).resolve().parents[3] / "docs" / "exports"
SHEET = (DOCS / "build-sheet.md").read_text("utf-8")
EXAMPLE = re.search(r"```csv\n(.*?)```", SHEET, re.DOTALL)[1]


def rows_of(table):
    lines = [
        line
        for line in SHEET.split(f"| {table} |")[1].split("\n\n")[0].splitlines()
        if line.startswith("| ")
    ]
    return [line.split("|")[1] for line in lines]


def test_the_sheet_in_the_document_is_a_model(tmp_path):
    (tmp_path / "team.csv").write_text(EXAMPLE, "utf-8")
    model = read_build_sheet(tmp_path / "team.csv")
    assert [placed.criterion.id for placed in model.criteria] == [
        "vp_or_above", "company_size", "no_e_mail", "interests", "pricing_page", "demo",
    ]  # fmt: skip


def test_the_document_names_the_columns_of_a_minimal_sheet():
    assert tuple(EXAMPLE.split("\n")[0].split(",")) == (*MINIMAL, "notes")


def test_the_document_explains_every_column_that_is_shown():
    told = {name.strip() for cell in rows_of("column | what it is") for name in cell.split(",")}
    assert told == set(COLUMNS) - set(HIDDEN)


def test_the_document_names_tests_that_exist():
    words = [re.split(r"[,;()]", cell) for cell in rows_of("test | means")]
    told = {normal_heading(word) for cell in words for word in cell if word.strip()}
    assert told <= TESTS.keys()
    assert {TESTS[word] for word in told} >= set(TESTS.values()) - {"missing"}


@pytest.mark.parametrize("name", ["json-schema", "build-sheet", "pmml", "hubspot", "sql"])
def test_every_format_of_the_command_line_has_its_document(name):
    from toolkit.cli_models import _EXPORTERS

    assert f"leadscore export --to {name}" in (DOCS / f"{name}.md").read_text("utf-8")
    assert name in _EXPORTERS


def test_the_error_in_the_document_is_the_error_that_is_raised(tmp_path):
    from toolkit.errors import ModelError

    text = EXAMPLE.replace(",20,", ",twenty,")
    (tmp_path / "team.csv").write_text(text, "utf-8")
    with pytest.raises(ModelError) as refused:
        read_build_sheet(tmp_path / "team.csv")
    assert str(refused.value) in SHEET.replace("\n", " ")
