"""`leadscore check` and `leadscore reconcile` as their user meets them."""

from __future__ import annotations

import doctest
import importlib

import pytest
from typer.testing import CliRunner

from toolkit.cli import app
from toolkit.crm.demo import DemoPlan, make_demo
from toolkit.errors import DataError, ReportError
from toolkit.report import audit as report


def runs(*words):
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty") / "crm"
    plan = DemoPlan(recorded="double_count", recorded_fault_share=1, leaking_field=True)
    make_demo(folder, leads=1_500, seed=3, plan=plan)
    return folder


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    path = tmp_path_factory.mktemp("flat") / "leads.csv"
    rows = [
        f"{'yes' if i % 5 == 0 else 'no'},{'done' if i % 5 == 0 else 'open'},{i % 3}"
        for i in range(300)
    ]
    path.write_text("\n".join(["Won,Stage Now,Size", *rows]), encoding="utf-8")
    return path


def test_the_example_of_the_docstring_is_true():
    assert doctest.testmod(importlib.import_module("toolkit.checks.leaks")).failed == 0


def test_a_flat_file_is_looked_through(flat):
    result = runs("check", flat, "--outcome", "Won")
    assert result.exit_code == 0
    assert "alarm    field Stage Now: 'done': 60 of 60 leads convert (100%), 0%" in result.output
    assert result.output.endswith(
        "May know the outcome (column 'Won'; 300 judged leads, 60 converted): 1 alarm: Stage Now; 0 "
        "suspects. --known-before answers for a column.\n"
    )


def test_an_answer_on_the_command_line_is_printed(flat):
    result = runs("check", flat, "--outcome", "Won", "--known-before", "Stage Now")
    assert "answered field Stage Now [known_before]: 'done': 60 of 60" in result.output
    assert "Nothing else seems to know the outcome (column 'Won'; 300 judged leads" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("check", "{flat}"), "a flat file needs --outcome"),
        (("check", "{flat}", "--crm", "{flat}"), "give either --crm, or a flat file"),
    ],
)
def test_a_mistake_is_one_message(flat, words, message):
    result = runs(*(word.format(flat=flat) for word in words))
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_a_check_names_the_field_that_knows_the_outcome(faulty):
    result = runs("check", "--crm", faulty, "--model", faulty / "model.yaml")
    assert result.exit_code == 0  # the model does not pay for it
    assert "alarm    field project_fit: " in result.output
    assert "answered activity call [sales]: " in result.output


def test_a_model_that_pays_for_what_sales_sets_fails_the_check(faulty, tmp_path):
    mapping = (faulty / "crm.yaml").read_text("utf-8") + "field_roles: {sales: [title]}\n"
    (tmp_path / "crm.yaml").write_text(mapping.replace("source: .", f"source: {faulty}"), "utf-8")
    result = runs("check", "--crm", tmp_path / "crm.yaml", "--model", faulty / "model.yaml")
    assert result.exit_code == 1
    assert "alarm    field title (paid by vp_or_above, student): crm.yaml says" in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    last = result.output.strip().splitlines()[-1]
    assert last.startswith(
        "The model cannot be used on these tables: model.yaml:18: criterion 'vp_or_above' pays for "
        "'title', whose role in crm.yaml is 'sales'"
    )


def test_a_model_that_pays_for_what_knows_the_outcome_does_not_simply_fit(faulty, tmp_path):
    rules = (faulty / "model.yaml").read_text("utf-8")
    paid = "  - {id: told, when: {project_fit: confirmed}, points: 20}\n"
    (tmp_path / "model.yaml").write_text(rules.replace("  - id: vp_or_above\n", paid
                                         + "  - id: vp_or_above\n"), "utf-8")  # fmt: skip
    result = runs("check", "--crm", faulty, "--model", tmp_path / "model.yaml")
    assert result.exit_code == 1
    assert "alarm    field project_fit (paid by told): " in result.output
    assert result.output.endswith(
        "The model can be scored on these tables, but it pays for what may know the outcome: "
        "project_fit. Take that out of the model, or answer known_before in crm.yaml if it stood "
        "before the outcome.\n"
    )


def test_a_model_that_does_not_fit_fails_the_check_in_one_sentence(faulty, tmp_path):
    rules = (faulty / "model.yaml").read_text("utf-8").replace("region: {in", "territory: {in")
    (tmp_path / "model.yaml").write_text(rules, "utf-8")
    result = runs("check", "--crm", faulty, "--model", tmp_path / "model.yaml")
    assert result.exit_code == 1
    assert "The model cannot be used on these tables: criterion 'priority_region'" in result.output


def test_a_check_without_the_outcome_says_why_it_looked_for_nothing(faulty):
    result = runs("check", "--crm", faulty, "--outcome", "sqll")
    assert result.exit_code == 0
    assert (
        "Not looked for fields that know the outcome: no lead ever entered a stage 'sqll'"
        in result.output
    )


def test_a_reconciliation_names_the_criterion_and_ends_with_one(faulty):
    result = runs("reconcile", "--crm", faulty, "--model", faulty / "model.yaml")
    assert result.exit_code == 1
    assert result.output.startswith("Replayed and recorded scores agree for ")
    assert "Pricing page visited: counted twice in the platform" in result.output
    assert "+15 points" in result.output


# --- the audit --------------------------------------------------------------------------------------


def prepared(faulty, **more):
    return report.prepare(
        crm=str(faulty / "crm.yaml"),
        model=str(faulty / "model.yaml"),
        prepared_on="2026-10-05",
        **more,
    )


def test_an_audit_of_other_scores_stops(faulty):
    with pytest.raises(DataError) as error:
        prepared(faulty)
    assert str(error.value).startswith("ScoreMismatch: replayed and recorded scores agree for ")
    assert "need 95%" in str(error.value)
    assert "--accept-mismatch" in str(error.value)


def test_an_accepted_mismatch_and_a_leak_stand_on_page_one(faulty):
    audit = prepared(faulty, accept_mismatch=True)
    front = report.show_verdict(audit).plain()
    assert "Recorded scores do not match. Replayed and recorded scores agree for " in front
    assert "The outcome may be in a field. 'project_fit' seems to know the outcome." in front
    page = report.show_evidence(audit)
    facts = dict(page.facts)
    assert facts["reconcile.agrees"] is False
    assert facts["reconcile.share"] == pytest.approx(audit.reconciliation.agreement.estimate)
    assert facts["reconcile.causes"] == ["twice pricing"]
    assert facts["leaks.alarms"] == ["project_fit"]
    text = page.plain()
    assert "counted twice in the platform" in text
    assert "sales" in text


@pytest.mark.slow
def test_the_command_stops_too_and_writes_nothing(faulty, tmp_path):
    words = ("audit", "--crm", faulty, "--model", faulty / "model.yaml", "-o", tmp_path / "out")
    result = runs(*words)
    assert isinstance(result.exception, ReportError)
    assert "ScoreMismatch" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_a_flat_audit_names_a_column_that_knows_the_outcome(flat):
    audit = report.prepare(scored=str(flat), score="Size", outcome="Won", prepared_on="2026-10-05")
    assert "'Stage Now' seems to know the outcome" in report.show_verdict(audit).plain()
    assert dict(report.show_evidence(audit).facts)["leaks.alarms"] == ["Stage Now"]
