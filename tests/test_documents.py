"""Documents that run: what README and docs show is what the toolkit does."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import get_args

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient
from typer.main import get_command
from typer.testing import CliRunner

import toolkit
from toolkit import analysis
from toolkit.backtest import (
    AtAge,
    Explanation,
    Outcome,
    account_scores,
    explain_lead,
    run_backtest,
    score_leads,
)
from toolkit.cli import app
from toolkit.crm import check_tables, connect, load_mapping
from toolkit.crm.mapping import Mapping, TableMapping
from toolkit.model import (
    AccountBand,
    AccountScore,
    Active,
    ActivityCriterion,
    Band,
    BandException,
    Case,
    CasesCriterion,
    Decay,
    Derived,
    Dimension,
    Gate,
    Grade,
    Group,
    InactivityCriterion,
    LedgerCriterion,
    Model,
    Per,
    PerValueCriterion,
    Reset,
    Silence,
    Test,
    Tier,
    TiersCriterion,
    load_model,
    parse_model,
)
from toolkit.model.lint import LintCode

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    *(
        ROOT / name
        for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "reports/README.md")
    ),
    *sorted((ROOT / "docs").rglob("*.md")),
]
README = ROOT / "README.md"
MODEL_FILE = ROOT / "docs" / "model-file.md"
MODEL_PAGES = [MODEL_FILE, *sorted((ROOT / "docs" / "model-file").glob("*.md"))]
NOT_SHOWN: set[str] = set()


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def run_python(code: str, folder: Path) -> str:
    """Standard output of a program in a folder of its own; any warning is an error."""
    place = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    done = subprocess.run(  # noqa: S603 - this interpreter, our own text
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder, env=place, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- README ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The README's example, run as one cell of a notebook in an empty folder."""
    folder = tmp_path_factory.mktemp("readme")
    cell = nbformat.v4.new_code_cell(blocks(README, "python")[0])
    book = nbformat.v4.new_notebook(cells=[cell])
    client = NotebookClient(
        book, kernel_name="python3", timeout=300, resources={"metadata": {"path": str(folder)}}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        client.execute()
    return folder, book.cells[0].outputs


def test_the_example_of_the_readme_prints_what_the_readme_shows(example):
    _, outputs = example
    printed = "".join(out.text for out in outputs if out.get("name") == "stdout")
    assert printed == blocks(README, "text")[0]


def test_the_example_of_the_readme_ends_with_a_figure(example):
    _, outputs = example
    assert [out.output_type for out in outputs][-1] == "execute_result"
    assert outputs[-1].data["image/svg+xml"].lstrip().startswith(("<?xml", "<svg"))
    assert not [out.text for out in outputs if out.get("name") == "stderr"]


def test_the_example_of_the_readme_has_twenty_lines():
    code = blocks(README, "python")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 20


def test_the_verdict_in_the_readme_is_that_of_the_report(example):
    folder, _ = example
    facts = json.loads((folder / "reports/quarterly_audit.facts.json").read_text("utf-8"))
    quoted = re.findall(r"^> (.*)$", README.read_text("utf-8"), re.MULTILINE)
    assert " ".join(quoted) == facts["report.headline"]


def readme_files():
    """The files that the README's mapping names, with one lead that became SQL after a call."""
    return {
        "contacts.csv": "Record ID,Create Date,Company ID\n7,2026-03-02 10:00,c1\n",
        "activities.csv": "Record ID,Type,Timestamp\n7,call,2026-03-20 09:00\n7,page view,2026-03-03 09:00\n",
        "stages.csv": "Record ID,Stage,Entered\n7,Sales Qualified Lead,2026-04-01 12:00\n",
    }


def test_the_mapping_of_the_readme_connects(tmp_path):
    write(tmp_path, {**readme_files(), "crm.yaml": blocks(README, "yaml")[0]})
    crm = connect(tmp_path / "crm.yaml")
    assert not [finding for finding in check_tables(crm) if finding.level == "error"]
    assert states(crm) == {"7": "converted"}


# --- commands, names, links -----------------------------------------------------------------------


@cache
def help_of(*command: str) -> str:
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0
    return result.output


def commands():
    """Every line of a console block, and every command named in the text."""
    for path in DOCUMENTS:
        text = path.read_text("utf-8")
        shown = re.findall(r"^\$ (leadscore .*)$", text, re.MULTILINE)
        inline = re.findall(r"`(leadscore [a-z][^`]*)`", text)
        yield from ((path, line) for line in {*shown, *inline})


@pytest.mark.parametrize(("path", "line"), sorted(commands()), ids=str)
def test_every_command_and_option_shown_exists(path, line):
    del path
    _, command, *words = line.split()
    known = set(re.findall(r"--[a-z-]+", help_of(command)))
    assert {word for word in words if word.startswith("--")} <= known


def test_the_readme_lists_every_command():
    listed = set(
        re.findall(r"^\| `leadscore ([a-z-]+)` \|", README.read_text("utf-8"), re.MULTILINE)
    )
    assert listed == set(get_command(app).commands)


def test_every_public_name_in_the_documents_exists():
    for path in DOCUMENTS:
        used = set(re.findall(r"\btk\.([A-Za-z_]+)", path.read_text("utf-8")))
        assert used <= set(toolkit.__all__), named(path)


@pytest.mark.parametrize("package", [toolkit, analysis], ids=lambda each: each.__name__)
def test_every_public_name_is_importable_and_listed_once(package):
    assert package.__all__ == sorted(set(package.__all__))
    stub = ast.parse(Path(package.__file__).with_suffix(".pyi").read_text("utf-8")).body
    rooms = {name.name: node.module for node in stub if isinstance(node, ast.ImportFrom)
             for name in node.names if node.module != "collections.abc"}  # fmt: skip
    assert rooms == package._ROOM_OF
    for name in package.__all__:
        assert getattr(package, name) is not None
    assert set(dir(package)) == set(package.__all__)


def test_a_name_that_is_not_public_is_refused():
    with pytest.raises(AttributeError, match="module 'toolkit' has no attribute 'load'"):
        toolkit.load  # noqa: B018


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_relative_link_resolves(path):
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_every_document_is_reachable_from_the_readme():
    seen, todo = set(), [README]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        found = re.findall(r"\]\(([^)#]+\.md)[^)]*\)", path.read_text("utf-8"))
        todo += [(path.parent / file).resolve() for file in found if "://" not in file]
    decisions = set((ROOT / "docs" / "decisions").glob("*.md"))
    assert set((ROOT / "docs").rglob("*.md")) - decisions <= seen


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_no_document_names_a_place_on_a_machine(path):
    assert not re.findall(r"(?<![\w.])/(?:work|tmp|home|root|Users)\b", path.read_text("utf-8"))


def test_the_changelog_has_this_version_and_its_heading():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## [{toolkit.__version__}]" in text
    assert "### Statistics changed" in text


# --- crm.yaml -------------------------------------------------------------------------------------


def mappings():
    for path in DOCUMENTS:
        shown = [text for text in blocks(path, "yaml") if text.startswith("crm_mapping")]
        yield from (pytest.param(text, id=f"{named(path)}-{i}") for i, text in enumerate(shown))


@pytest.mark.parametrize("text", list(mappings()))
def test_every_mapping_shown_is_read(text, tmp_path):
    write(tmp_path, {"crm.yaml": text})
    assert load_mapping(tmp_path / "crm.yaml").mapping.observed_until is not None


def test_every_key_of_the_mapping_is_documented_and_shown():
    text = (ROOT / "docs" / "crm-yaml.md").read_text("utf-8")
    examples = "\n".join(blocks(ROOT / "docs" / "crm-yaml.md", "yaml"))
    for key in {*Mapping.model_fields, *TableMapping.model_fields}:
        assert f"`{key}`" in text, key
        assert re.search(rf"\b{key}:", examples), key


def test_the_python_example_of_the_mapping_runs(tmp_path):
    printed = run_python(blocks(ROOT / "docs" / "crm-yaml.md", "python")[0], tmp_path)
    assert "warning no sales feedback and no sales activity" in printed


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


HUBSPOT = {
    "contacts.csv": """\
Record ID,Create Date,Associated Company IDs,Job Title,Industry,Became a Marketing Qualified Lead Date,Became a Sales Qualified Lead Date,Became a Customer Date
101,2026-03-02 10:15,9001,VP Sales,Software,2026-03-10 08:00,2026-04-02 16:30,
102,2026-03-05 11:00,9001,Analyst,Software,,,
""",
    "form_submissions.csv": "contact_id,timestamp,title\n101,2026-03-03 09:00,Demo\n102,2026-03-06 09:00,Guide\n",
    "email_events.csv": "recipient_contact_id,type,created,filtered_event\n"
    "101,CLICK,2026-03-04 09:00,false\n101,CLICK,2026-03-04 09:01,true\n",
    "engagements.csv": "contact_id,type,timestamp\n101,CALL,2026-03-11 09:00\n",
}
SALESFORCE = {
    "Lead.csv": """\
Id,CreatedDate,Company,Title,Industry,NumberOfEmployees,LeadSource,ConvertedDate
00Q1,2026-03-02T10:15:00.000+0000,Acme,VP Sales,Software,500,Web,2026-04-02
00Q2,2026-03-05T11:00:00.000+0000,Acme,Analyst,Software,500,Web,
""",
    "LeadHistory.csv": "LeadId,NewValue,CreatedDate\n"
    "00Q1,Marketing Qualified,2026-03-10T08:00:00.000+0000\n"
    "00Q1,Working - Contacted,2026-03-12T08:00:00.000+0000\n",
    "CampaignMember.csv": "LeadId,Status,CreatedDate,FirstRespondedDate\n"
    "00Q1,Responded,2026-03-03T09:00:00.000+0000,2026-03-03\n",
    "Task.csv": "WhoId,Type,CreatedDate\n00Q1,Call,2026-03-11T09:00:00.000+0000\n",
    "Event.csv": "WhoId,Type,CreatedDate\n00Q2,Meeting,2026-03-20T09:00:00.000+0000\n",
}
# By hand: one marketing activity pays 5 points; the machine's click and the work of sales pay none.
HUBSPOT_POINTS = ["activity: FORM, points: 5", "activity: CLICK, points: 1"]
SALESFORCE_POINTS = ["activity: campaign response, where: {Status: Responded}, points: 5"]


def small_model(*criteria: str):
    numbered = "".join(f"  - {{id: c{i}, {each}}}\n" for i, each in enumerate(criteria))
    head = "lead_score_model: 1\nname: small\nversion: '1'\ngroups:\n"
    return parse_model(f"{head}- id: group\n  dimension: behavior\n  criteria:\n{numbered}")


def states(crm, *criteria: str) -> dict[str, str]:
    model = small_model(*criteria or ["activity: page view, points: 1"])
    found = run_backtest(model, crm, moment=AtAge(14), outcome=Outcome("sql", within_days=90))
    rows = found.rows().set_index("lead_id")
    return {str(lead): str(state) for lead, state in rows["state"].items()}


@pytest.mark.parametrize(
    ("name", "files", "criteria", "scores", "expected"),
    [
        ("hubspot", HUBSPOT, HUBSPOT_POINTS, {"101": 6, "102": 5}, {"101": "converted", "102": "unworked"}),
        ("salesforce", SALESFORCE, SALESFORCE_POINTS, {"00Q1": 5, "00Q2": 0},
         {"00Q1": "converted", "00Q2": "not_converted"}),
    ],
)  # fmt: skip
def test_a_recipe_turns_an_export_into_states(  # noqa: PLR0917 - a row of the table above
    tmp_path, name, files, criteria, scores, expected
):
    page = ROOT / "docs" / "recipes" / f"{name}.md"
    write(tmp_path, {**files, "crm.yaml": blocks(page, "yaml")[0]})
    run_python(blocks(page, "python")[0], tmp_path)
    crm = connect(tmp_path / "crm.yaml")
    assert not [finding for finding in check_tables(crm) if finding.level == "error"]
    assert states(crm, *criteria) == expected
    model = small_model(*criteria)
    assert {lead: explain_lead(model, crm, lead).score for lead in scores} == scores


def test_the_recipe_of_a_flat_file_runs(tmp_path):
    page = ROOT / "docs" / "recipes" / "flat-file.md"
    write(tmp_path, {"leads.csv": blocks(page, "csv")[0]})
    printed = run_python(blocks(page, "python")[0], tmp_path)
    assert re.search(r"excluded +no score +1 +3", printed)
    assert re.search(r"state +converted +2", printed)


# --- the model file -------------------------------------------------------------------------------


def tables(text: str) -> list[pd.DataFrame]:
    """The Markdown tables of a text; an empty cell is missing."""
    found = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    return [_table(each) for each in found]


def _table(text: str) -> pd.DataFrame:
    lines = [line.strip("|\n") for line in text.splitlines() if not line.startswith("|-")]
    cells = "\n".join("|".join(cell.strip() for cell in line.split("|")) for line in lines)
    return pd.read_csv(io.StringIO(cells), sep="|", dtype=str)


@cache
def sample_leads(page: Path):
    """The leads and activities of a page: its first two tables with a `lead_id`."""
    shown = [table for table in tables(page.read_text("utf-8")) if table.columns[0] == "lead_id"]
    leads, activities = shown[:2]
    roles = {"system": ["score change"], "sales": ["recycled"]}
    return connect(
        {"leads": leads, "activities": activities},
        mapping={"activity_roles": roles},
        observed_until="2026-07-01T00:00:00Z",
    )


def scored_examples():
    """Each example with the table that follows it: what the toolkit must say of each lead."""
    for page in MODEL_PAGES:
        found = re.findall(
            r"^```yaml\n((?:(?!```).*\n)+)```\n\n(\| lead \|(?:.*\|)? points \|.*\n(?:\|.*\|\n)+)",
            page.read_text("utf-8"),
            re.MULTILINE,
        )
        for number, (code, table) in enumerate(found, start=1):
            yield pytest.param(page, code, _table(table), id=f"{named(page)}-{number}")


def account_examples():
    """Each example with a table of accounts after it."""
    for page in MODEL_PAGES:
        found = re.findall(
            r"^```yaml\n((?:(?!```).*\n)+)```\n\n(\| account \|.*\n(?:\|.*\|\n)+)",
            page.read_text("utf-8"),
            re.MULTILINE,
        )
        for code, table in found:
            yield pytest.param(page, code, _table(table))


@pytest.mark.parametrize(("page", "code", "expected"), list(account_examples()))
def test_every_example_of_an_account_score_scores_as_stated(page, code, expected):
    scored = score_leads(parse_model(whole_model(code)), sample_leads(page), as_of="2026-06-30")
    found = account_scores(scored).rename(columns={"account_id": "account"})
    told = found[list(expected.columns)].astype("string").fillna("")
    assert told.to_numpy().tolist() == expected.fillna("").to_numpy().tolist()


def whole_model(code: str) -> str:
    """Add what an example leaves out: the head, and for a lone criterion its group."""
    if code.startswith("lead_score_model"):
        return code
    head = "lead_score_model: 1\nname: example\nversion: '1'\n"
    if not code.startswith("- id:"):
        return head + code
    behavior = re.search(r"^  (activity|inactivity|ledger):", code, re.MULTILINE)
    criteria = "".join(f"  {line}\n" for line in code.splitlines())
    dimension = "behavior" if behavior else "fit"
    return f"{head}groups:\n- id: group\n  dimension: {dimension}\n  criteria:\n{criteria}"


def told(found: Explanation, column: str) -> object:
    """What an explanation says under the heading of a table."""
    if column in {"fit", "behavior"}:
        return Fraction(getattr(found, column))
    return getattr(found, "score" if column == "points" else column)


def shown(cell: str | float, column: str) -> object:
    """A cell of such a table; an empty one is None."""
    if pd.isna(cell):
        return None
    return cell if column in {"grade", "band"} else Fraction(cell)


@pytest.mark.parametrize(("page", "code", "expected"), list(scored_examples()))
def test_every_example_of_the_model_file_scores_as_stated(page, code, expected, tmp_path):
    write(tmp_path, {"model.yaml": whole_model(code)})
    model = load_model(tmp_path / "model.yaml")
    columns = [name for name in expected.columns if name not in {"lead", "as of"}]
    for row in expected.to_dict("records"):
        found = explain_lead(model, sample_leads(page), row["lead"], as_of=row.get("as of"))
        said = {name: told(found, name) for name in columns}
        assert said == {name: shown(row[name], name) for name in columns}, row
        assert sum(found.table["points"]) == found.score


def test_every_example_of_the_model_file_is_scored():
    shown = sum(len(blocks(page, "yaml")) for page in MODEL_PAGES)
    assert len(list(scored_examples())) + len(list(account_examples())) == shown


def test_every_key_of_a_model_is_documented_and_shown():
    text = "\n".join(page.read_text("utf-8") for page in MODEL_PAGES)
    examples = "\n".join(code for page in MODEL_PAGES for code in blocks(page, "yaml"))
    types = [
        AccountBand, AccountScore, ActivityCriterion, Active, Band, BandException, Case, CasesCriterion, Decay, Derived,
        Dimension, Gate, Grade, Group, InactivityCriterion, LedgerCriterion, Model, Per,
        PerValueCriterion, Reset, Silence, Tier, TiersCriterion,
    ]  # fmt: skip
    for key in frozenset[str]().union(*(kind.known_keys() for kind in types)):
        assert f"`{key}`" in text or f"`{key}:" in text or f" {key}:" in text, key
        assert re.search(rf"\b{key}: ?", examples) or key in NOT_SHOWN, key


def test_the_python_example_of_the_model_file_prints_what_is_shown(tmp_path):
    page = ROOT / "docs" / "model-file" / "other-tools.md"
    assert run_python(blocks(page, "python")[0], tmp_path) == blocks(page, "text")[0]


def test_every_test_on_a_value_is_documented():
    text = MODEL_FILE.read_text("utf-8")
    for key in Test.known_keys():
        assert f"`{key}`" in text or f"`{key}:" in text, key


def test_the_python_examples_of_the_model_file_print_what_is_shown(tmp_path):
    codes, shown = blocks(MODEL_FILE, "python"), blocks(MODEL_FILE, "text")
    assert len(codes) == len(shown) == 2
    assert [run_python(code, tmp_path) for code in codes] == shown


def test_every_lint_is_documented():
    listed = re.findall(r"^\| `([a-z_]+)` \| [a-z]", MODEL_FILE.read_text("utf-8"), re.MULTILINE)
    assert set(get_args(LintCode)) <= set(listed)
