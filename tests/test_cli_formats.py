"""The commands that begin, write and read models."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from toolkit.cli import app
from toolkit.crm.mapping import load_mapping
from toolkit.errors import QuestionError, SourceError
from toolkit.model import list_examples, load_model, save_model
from toolkit.model.formats.schema import model_schema


def run(*words, code=0):
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def model(tmp_path):
    run("init", "-o", tmp_path / "model.yaml")
    return tmp_path / "model.yaml"


@pytest.mark.parametrize("example", list_examples())
def test_init_writes_a_model_and_a_mapping_that_can_be_read(tmp_path, example):
    run("init", "--example", example, "-o", tmp_path / "m.yaml")
    load_model(tmp_path / "m.yaml")
    mapping = load_mapping(tmp_path / "crm.yaml").mapping
    assert mapping.handoff_stage in mapping.stages


@pytest.mark.parametrize("example", list_examples())
def test_the_mapping_names_every_activity_of_every_example(tmp_path, example):
    run("init", "--example", example, "-o", tmp_path / "m.yaml")
    roles = load_mapping(tmp_path / "crm.yaml").mapping.activity_roles
    known = {name for names in roles.values() for name in names}
    criteria = [placed.criterion for placed in load_model(tmp_path / "m.yaml").criteria]
    used = {
        name for c in criteria for name in getattr(c, "activity", ()) or getattr(c, "ledger", ())
    }
    assert used <= known


def test_init_lists_the_examples():
    assert run("init", "--list").split() == list(list_examples())


def test_init_names_the_nearest_example_and_writes_nothing(tmp_path):
    with pytest.raises(QuestionError, match="did you mean 'pardot'"):
        run("init", "--example", "pardo", "-o", tmp_path / "m.yaml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["m.yaml", "crm.yaml"])
def test_init_overwrites_nothing(tmp_path, there):
    (tmp_path / there).write_text("mine", "utf-8")
    with pytest.raises(SourceError, match="is there already"):
        run("init", "-o", tmp_path / "m.yaml")
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text("utf-8") == "mine"


def test_the_schema_is_printed_without_a_model():
    assert json.loads(run("export", "--to", "json-schema")) == model_schema()


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_sheet_goes_out_and_comes_back(model, tmp_path, suffix):
    sheet = tmp_path / f"sheet.{suffix}"
    run("export", "--to", "build-sheet", "--model", model, "-o", sheet, "--old", model)
    run("import", sheet, "-o", tmp_path / "again.yaml")
    assert load_model(tmp_path / "again.yaml") == load_model(model)
    with pytest.raises(SourceError, match="is there already"):
        run("import", sheet, "-o", model)


def test_pmml_and_hubspot_are_written_to_the_terminal_or_a_file(tmp_path):
    text = """{lead_score_model: 1, name: m, version: v, groups: [{id: g, dimension: fit, criteria:
      [{id: c, when: {region: north}, points: 5}]}]}"""
    (tmp_path / "m.yaml").write_text(text, "utf-8")
    assert "<Scorecard" in run("export", "--to", "pmml", "--model", tmp_path / "m.yaml")
    run("export", "--to", "hubspot", "--model", tmp_path / "m.yaml", "-o", tmp_path / "d.json")
    run("import", tmp_path / "d.json", "-o", tmp_path / "again.yaml")
    assert load_model(tmp_path / "again.yaml") == load_model(tmp_path / "m.yaml")


def test_a_question_without_sense_is_refused(model, tmp_path):
    assert "there are" in run("export", "--to", "excel", code=2).lower()
    assert "--model" in run("export", "--to", "pmml", code=2)
    assert "needs a file" in run("export", "--to", "build-sheet", "--model", model, code=2)
    assert "--old" in run("export", "--to", "pmml", "--model", model, "--old", model, code=2)
    save_model(load_model(model), tmp_path / "d.json")
    assert "--name" in run(
        "import", tmp_path / "d.json", "-o", tmp_path / "x", "--name", "a", code=2
    )
