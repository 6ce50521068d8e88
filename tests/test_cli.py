"""The command line as its user meets it: reports made, and one readable message for a mistake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import toolkit.report
from toolkit.cli import app, main
from toolkit.crm.demo import make_demo
from toolkit.errors import ToolkitError

ROOT = Path(__file__).resolve().parents[1]
FLAT = "Fit,Web,Won,Firm\n" + "".join(
    f"{10 * (i % 3)},{5 * (i % 4)},{'yes' if i % 12 > 8 else 'no'},f{i % 40}\n" for i in range(240)
)


def leadscore(*words: object, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a shell would."""
    code = "import sys; sys.argv[0] = 'leadscore'; from toolkit.cli import main; main()"
    place = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "COLUMNS": "100"}
    return subprocess.run(  # noqa: S603 - this interpreter, our own words
        [sys.executable, "-c", code, *map(str, words)],
        cwd=folder, env={**place, **variables}, capture_output=True, text=True, encoding="utf-8",
        check=False,
    )  # fmt: skip


def runs(*words: object):
    """Run the command in this process; errors of the toolkit come through as they are."""
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def one_line(text: str) -> str:
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "crm"
    make_demo(folder, leads=1_500, seed=3)
    return folder


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    path = tmp_path_factory.mktemp("flat") / "leads [2026].csv"
    path.write_text(FLAT, encoding="utf-8")
    return path


# --- what is made ---------------------------------------------------------------------------------


def test_the_demo_makes_a_crm_and_its_report(tmp_path):
    done = leadscore("demo", "--leads", 2_000, "-o", "my [demo]", "--parquet", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    page = tmp_path / "my [demo]" / "quarterly_audit.html"
    facts = json.loads(page.with_suffix(".facts.json").read_text("utf-8"))
    assert one_line(facts["report.headline"]) in one_line(done.stdout)
    assert f"Report:   {page.relative_to(tmp_path)}" in done.stdout
    assert page.with_suffix(".ipynb").is_file()
    assert (tmp_path / "my [demo]" / "crm" / "leads.parquet").is_file()
    assert re.fullmatch(r"The demo CRM is in .*\n?", done.stderr), done.stderr


def test_a_crm_is_audited_with_what_was_agreed(demo, tmp_path):
    words = ("--crm", demo / "crm.yaml", "--model", demo / "model.yaml", "-o", tmp_path)
    agreed = ("--cost-ratio", 0.11, "--capacity", 5, "--within", 60, "--age", 7, "--threshold", 40)
    result = runs("audit", *words, *agreed)
    assert result.exit_code == 0, result.output
    book = (tmp_path / "quarterly_audit.ipynb").read_text("utf-8")
    for line in (
        "cost_ratio = 0.11",
        "capacity_per_week = 5.0",
        "within_days = 60",
        "age_days = 7",
    ):
        assert line in book
    assert "threshold = 40" in book


def test_a_flat_file_with_two_scores_is_audited(flat, tmp_path):
    words = ("--scored", flat, "--score", "Fit", "--score", "Web", "--outcome", "Won")
    result = runs("audit", *words, "--account", "Firm", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "out" / "quarterly_audit.html").read_text("utf-8")
    assert "The score is the sum of Fit and Web." in page


def test_a_check_names_what_is_odd_and_ends_well(demo):
    result = runs("check", "--crm", demo, "--model", demo / "model.yaml")
    assert result.exit_code == 0
    assert "Seen until 2026-10-01 00:00:00 UTC." in result.output
    assert result.output.endswith("The model fits these tables.\n")


def test_a_check_that_finds_an_error_ends_with_one(tmp_path):
    (tmp_path / "leads.csv").write_text("lead_id,created_at\n1,2026-01-01T00:00:00Z\n")
    (tmp_path / "stage_changes.csv").write_text(
        "lead_id,stage,entered_at\n001,SQL,2026-02-01T00:00:00Z\n"
    )
    mapping = "crm_mapping: 1\nobserved_until: 2026-10-01T00:00:00Z\n"
    (tmp_path / "crm.yaml").write_text(mapping, encoding="utf-8")
    result = runs("check", "--crm", tmp_path)
    assert result.exit_code == 1
    assert re.search(r"^error +stage_changes: ", result.output, re.MULTILINE)


STRICT = """\
lead_score_model: 1
name: strict
version: '1'
groups:
- id: who
  dimension: fit
  criteria:
  - id: size
    cases:
    - {when: {employees: {gte: 50}}, points: 3}
    - {when: {employees: {gte: 0, lte: 15}}, points: 1}
"""


def test_a_strict_check_shows_lints_with_lines_and_leads(tmp_path):
    rows = "".join(f"{i},2026-01-01T00:00:00Z,{10 * i}\n" for i in range(1, 8))
    (tmp_path / "leads.csv").write_text(f"lead_id,created_at,employees\n{rows}")
    mapping = "crm_mapping: 1\nobserved_until: 2026-10-01T00:00:00Z\n"
    (tmp_path / "crm.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "model.yaml").write_text(STRICT, encoding="utf-8")
    words = ("check", "--crm", tmp_path, "--model", tmp_path / "model.yaml")
    result = runs(*words, "--strict")
    assert result.exit_code == 1
    assert (
        "model.yaml:10,11: gap: employees 16 to 49 pays nothing in 'Size', though numbers below "
        "and above do; move an end, or add a case for it (3 of 7 leads).\n"
        "Not an error, but perhaps not meant: 1 lint.\n"
        "The model fits these tables.\n"
    ) in result.output
    loose = runs(*words)
    assert loose.exit_code == 0
    assert "perhaps not meant: 1 lint (--strict shows it).\n" in loose.output
    assert "gap" not in loose.output
    (tmp_path / "model.yaml").write_text(STRICT.replace("lte: 15", "lt: 50"), encoding="utf-8")
    sound = runs(*words, "--strict")
    assert sound.exit_code == 0
    assert "lint" not in sound.output


def test_a_difference_is_said_in_words_or_as_a_table(tmp_path):
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(STRICT, encoding="utf-8")
    new.write_text(STRICT.replace("points: 3", "points: 4"), encoding="utf-8")
    said = "Size: employees is 50 or more: 3 -> 4 points"
    result = runs("diff", old, new)
    assert (result.exit_code, result.output) == (0, f"strict 1 -> strict 1\n{said}\n")
    assert runs("diff", old, old).output == "strict 1 -> strict 1\nNo difference.\n"
    table = runs("diff", old, new, "--markdown").output
    assert table.splitlines()[2:] == [
        "| part | change | can change scores |",
        "|---|---|---|",
        "| Size | employees is 50 or more: 3 → 4 points | yes |",
    ]


def test_an_explanation_adds_up(demo):
    words = ("--crm", demo, "--model", demo / "model.yaml", "--as-of", "2026-06-30")
    result = runs("explain", "L000036", *words)
    assert result.exit_code == 0
    assert "Lead L000036 at 2026-06-30 23:59:59 UTC" in result.output
    points = [int(each) for each in re.findall(r"(-?\d+) │$", result.output, re.MULTILINE)]
    (score,) = re.findall(r"^Score (-?\d+) ", result.output, re.MULTILINE)
    assert sum(points) == int(score)


# --- what goes wrong ------------------------------------------------------------------------------

CRM = ("--crm", "{demo}/crm.yaml", "--model", "{demo}/model.yaml")
SCORED = ("--scored", "{flat}", "--score", "Fit", "--outcome", "Won")
MISTAKES = [
    (("audit",), "give either --crm with --model, or --scored with --score"),
    (("audit", *CRM, *SCORED), "give either --crm with --model, or --scored with --score"),
    (("audit", *CRM[:2]), "--crm needs --model"),
    (("audit", *SCORED[:2]), "--scored needs --score"),
    (("audit", *SCORED[:4]), "--scored needs --outcome"),
    (("audit", *SCORED, "--age", "0"), "--age does not go with --scored"),
    (("audit", *SCORED, "--quarter", "2026Q1"), "--quarter does not go with --scored"),
    (("audit", *CRM, "--account", "x"), "--account does not go with --crm"),
    (("audit", *CRM, "--scored-before-outcome"), "--scored-before-outcome does not go with --crm"),
    (("audit", *CRM, "--cost-ratio", "-1"), "--cost-ratio"),
    (("check",), "give either --crm, or a flat file with --outcome"),
    (("check", *CRM[:2], "--strict"), "--strict needs --model"),
    (("explain", *CRM), "Missing argument"),
    (("audit", "--crm", "nothing", *CRM[2:]), "path 'nothing' does not exist"),
    (("audit", *CRM[:2], "--model", "modle.yaml"), "path 'modle.yaml' does not exist"),
    (("audit", "--scored", "gone.csv", *SCORED[2:]), "path 'gone.csv' does not exist"),
    (("diff", "{demo}/model.yaml"), "Missing argument"),
    (("demo", "--leads", "5"), "--leads"),
    (("reprot",), "No such command 'reprot'"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES)
def test_a_mistake_in_the_options_is_one_message(demo, flat, words, message):
    result = runs(*(word.format(demo=demo, flat=flat) for word in words))
    assert result.exit_code == 2
    assert message in one_line(result.output)
    assert "Traceback" not in result.output


WRONG_INPUTS = [
    (("check", "--crm", "crm.yml"), "SourceError: there is no file or folder 'crm.yml'"),
    (("explain", "L1", *CRM[:2], "--model", "modle.yaml"), "SourceError: cannot read modle.yaml"),
    (("diff", "{demo}/model.yaml", "modle.yaml"), "SourceError: cannot read modle.yaml"),
    (("explain", "nobody", *CRM), "QuestionError: there is no lead 'nobody'"),
    (("audit", *CRM, "--outcome", "sqll"), "no lead ever entered a stage 'sqll': did you mean 'sql'?"),
    (("audit", "--scored", "{flat}", "--score", "Fitt", "--outcome", "Won"),
     "has no column 'Fitt': did you mean 'Fit'?"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "message"), WRONG_INPUTS)
def test_wrong_input_is_one_message_and_leaves_the_last_report(
    demo, flat, tmp_path, words, message
):
    page = tmp_path / "reports" / "audit" / "quarterly_audit.html"
    page.parent.mkdir(parents=True)
    page.write_text("the last report", encoding="utf-8")
    done = leadscore(
        *(word.format(demo=demo, flat=flat) for word in words), folder=tmp_path, COLUMNS="500"
    )
    assert done.returncode == 2
    assert message in one_line(done.stderr)
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stdout == ""
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [page]
    assert page.read_text("utf-8") == "the last report"


def test_a_misspelt_column_in_the_mapping_is_named_with_its_line(demo, tmp_path):
    text = (
        (demo / "crm.yaml")
        .read_text("utf-8")
        .replace("account_id: account_id", "account_id: acc_id")
    )
    (tmp_path / "crm.yaml").write_text(
        text.replace("source: .", f"source: {demo}"), encoding="utf-8"
    )
    done = leadscore("check", "--crm", "crm.yaml", folder=tmp_path, COLUMNS="500")
    assert done.returncode == 2
    assert re.match(r"MappingError: crm\.yaml:\d+:\d+: .*acc_id", done.stderr), done.stderr
    assert "did you mean 'account_id'?" in done.stderr


def test_a_misspelt_key_in_the_model_is_named_with_its_line(demo, tmp_path):
    text = (demo / "model.yaml").read_text("utf-8").replace("max_units", "max_unit", 1)
    (tmp_path / "model.yaml").write_text(text, encoding="utf-8")
    done = leadscore(
        "check", "--crm", demo, "--model", "model.yaml", folder=tmp_path, COLUMNS="500"
    )
    assert done.returncode == 2
    assert re.match(r"ModelError: model\.yaml:\d+:\d+: .*max_unit", done.stderr), done.stderr
    assert "did you mean 'max_units'?" in done.stderr


def test_a_console_without_a_minus_sign_is_no_failure(demo, tmp_path):
    words = ("explain", "L000036", "--crm", demo, "--model", demo / "model.yaml")
    done = leadscore(*words, folder=tmp_path, PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "Score" in done.stdout


# --- the last resort ------------------------------------------------------------------------------


def ends_with(monkeypatch, capsys, error: Exception) -> tuple[int, str]:
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(toolkit.report, "run_report", fails, raising=False)
    words = ("audit", "--scored", __file__, "--score", "s", "--outcome", "o")
    monkeypatch.setattr(sys, "argv", ["leadscore", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), one_line(capsys.readouterr().err)


def test_an_error_of_the_toolkit_is_its_text(monkeypatch, capsys):
    found = ends_with(monkeypatch, capsys, ToolkitError("the column [x] is not there"))
    assert found == (2, "ToolkitError: the column [x] is not there")


def test_a_fault_of_the_toolkit_is_called_one(monkeypatch, capsys):
    code, said = ends_with(monkeypatch, capsys, ZeroDivisionError("secret of a lead"))
    assert code == 70
    assert "This is a fault of the toolkit" in said
    assert "secret" not in said


def test_a_fault_shows_its_details_when_asked(monkeypatch, capsys):
    monkeypatch.setenv("LEADSCORE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        ends_with(monkeypatch, capsys, ZeroDivisionError("details"))


# --- help -----------------------------------------------------------------------------------------

HELP = {
    (): ("demo", "audit", "check", "diff", "explain", "Backtest, measure and recalibrate"),
    ("demo",): ("--output", "--leads", "20000", "--seed", "--parquet"),
    ("audit",): ("--crm", "--model", "--scored", "--score", "--outcome", "--account",
                 "--scored-before-outcome", "--quarter", "--within", "default: 90", "--age",
                 "default: 14", "--threshold", "--cost-ratio", "--capacity", "--output"),
    ("check",): ("--crm", "--model", "--strict"),
    ("diff",): ("as it was", "as it is", "--markdown"),
    ("explain",): ("--crm", "--model", "--as-of", "lead_id"),
}  # fmt: skip


@pytest.mark.parametrize("command", HELP, ids=" ".join)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_help_names_what_there_is(command, flag):
    result = runs(*command, flag)
    assert result.exit_code == 0
    assert [word for word in HELP[command] if word not in result.output] == []


def test_without_a_command_the_help_is_shown():
    result = runs()
    assert "Usage: leadscore" in result.output
