"""Reports as files: executed by papermill, self-contained, the same bytes, all or nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from toolkit.crm.demo import make_demo
from toolkit.errors import QuestionError, ReportError
from toolkit.report import run as running
from toolkit.report import run_report
from toolkit.report.run import ReportResult, report_names

NASTY = "<script>alert(1)</script>"
DAY = "2026-10-05"


@pytest.fixture(scope="module")
def crm_report(tmp_path_factory: pytest.TempPathFactory) -> ReportResult:
    """The audit of a small demo CRM."""
    folder = tmp_path_factory.mktemp("crm")
    make_demo(folder / "demo", leads=3000)
    return run_report(
        crm=folder / "demo",
        model=folder / "demo" / "model.yaml",
        prepared_on=DAY,
        output=folder / "out" / "audit.html",
    )


@pytest.fixture(scope="module")
def flat_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flat file whose every text is hostile."""
    rows = [
        {"points": points, f"won {NASTY}": outcome, "region": f"{NASTY} $x_{{1}}$ {points % 3}"}
        for points in range(30)
        for outcome in [1] * points + [0] * (40 - points)
    ]
    path = tmp_path_factory.mktemp("flat") / "leads of ann@example.com.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def flat(path: Path, output: Path) -> ReportResult:
    return run_report(
        scored=path,
        score="points",
        outcome=f"won {NASTY}",
        segment="region",
        scored_before_outcome=True,
        prepared_on=DAY,
        output=output,
    )


@pytest.fixture(scope="module")
def flat_reports(flat_file: Path, tmp_path_factory: pytest.TempPathFactory) -> list[ReportResult]:
    """The same audit twice, into different places."""
    return [flat(flat_file, tmp_path_factory.mktemp(name)) for name in ("one", "other")]


@pytest.fixture(params=["crm", "flat"])
def page(request: pytest.FixtureRequest) -> str:
    """The HTML of either report."""
    if request.param == "crm":
        result = request.getfixturevalue("crm_report")
    else:
        result = request.getfixturevalue("flat_reports")[0]
    return str(result.html.read_text(encoding="utf-8"))


def test_the_page_holds_no_code_script_or_address(page: str) -> None:
    assert "<script" not in page
    assert not re.search(r"https?:|//[a-z0-9]+\.[a-z]", page)
    assert "report.show_" not in page
    assert not re.search(r"\son[a-z]+=", re.sub(r">[^<]*<", "><", page))
    assert re.search(
        r"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'", page
    )


def test_the_page_has_one_title_a_language_and_a_contents_list(page: str) -> None:
    assert page.startswith("<!DOCTYPE html>")
    assert '<html lang="en">' in page
    assert page.count("<h1") == 1
    entries = re.findall(r'<li><a href="#([^"]+)">', page)
    assert len(entries) == 14
    assert [page.count(f'id="{entry}"') for entry in entries] == [1] * 14


def test_every_figure_has_an_alternative_text(page: str) -> None:
    drawn = re.findall(r"<svg [^>]*>", page)
    assert len(drawn) >= 3
    assert all(re.search(r"role='img' aria-label='[^']{40,}'", figure) for figure in drawn)


def test_no_two_elements_share_an_id(page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_hostile_text_is_shown_as_text(flat_reports: list[ReportResult]) -> None:
    page = flat_reports[0].html.read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    book = flat_reports[0].notebook.read_text(encoding="utf-8")
    assert "<script" not in "".join(
        output.data["text/html"] for output in outputs(book) if "text/html" in output.data
    )


def outputs(book: str) -> list[nbformat.NotebookNode]:
    notebook = nbformat.reads(book, as_version=4)
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def test_the_same_inputs_give_the_same_bytes(flat_reports: list[ReportResult]) -> None:
    one, other = flat_reports
    for name in ("html", "notebook", "facts"):
        assert getattr(one, name).read_bytes() == getattr(other, name).read_bytes(), name


def test_no_file_tells_of_the_machine(crm_report: ReportResult) -> None:
    here = str(crm_report.html.parents[1])
    for path in (crm_report.html, crm_report.notebook, crm_report.facts):
        text = path.read_text(encoding="utf-8")
        assert here not in text
        assert str(Path.home()) + "/" not in text
        assert not re.search(r"\b0x[0-9a-f]{7,}", text)


def test_the_executed_notebook_is_valid_and_keeps_its_ids(crm_report: ReportResult) -> None:
    notebook = nbformat.read(crm_report.notebook, as_version=4)
    nbformat.validate(notebook)
    source = nbformat.read(running._notebook("quarterly_audit"), as_version=4)
    kept = [cell.id for cell in notebook.cells if cell.id != "injected-parameters"]
    assert kept == [cell.id for cell in source.cells]
    assert not any(output.output_type == "error" for output in outputs(nbformat.writes(notebook)))


def test_the_source_notebook_is_committed_without_outputs() -> None:
    source = nbformat.read(running._notebook("quarterly_audit"), as_version=4)
    code = [cell for cell in source.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    # One call a cell, but for the parameters.
    assert all(cell.source.count("report.") <= 1 for cell in code)
    assert source.metadata.kernelspec.name == "python3"


def test_every_number_of_the_headline_is_a_fact(crm_report: ReportResult) -> None:
    facts = json.loads(crm_report.facts.read_text(encoding="utf-8"))
    assert facts["report.headline"] == crm_report.headline
    spoken = crm_report.headline.replace("\N{MINUS SIGN}", "-").replace(",", "")
    spoken = spoken.replace(str(facts["handoff.quarter"]), "").replace("95% interval", "")
    spoken = spoken.replace(str(facts.get("verdict.expected")), "")
    numbers = {abs(float(text)) for text in re.findall(r"\d+(?:\.\d+)?", spoken)}
    known = [abs(value) for value in facts.values() if isinstance(value, int | float)]
    mature = facts["flow.judged"] + facts["flow.never_worked"]
    known.append(facts["flow.never_worked"] / mature)
    known.append(facts["handoff.rate"] / facts["year_before.rate"] - 1)
    stated = {
        round(scale * value, digits) for value in known for scale in (1, 100) for digits in (0, 1)
    }
    unexplained = {n for n in numbers if not any(abs(n - one) < 1e-9 for one in stated)} - {50.0}
    assert unexplained == set()


def test_the_page_shows_the_facts(crm_report: ReportResult) -> None:
    facts = json.loads(crm_report.facts.read_text(encoding="utf-8"))
    page = crm_report.html.read_text(encoding="utf-8")
    assert f"{facts['handoff.positives']:,} of {facts['handoff.n']:,}" in page
    assert str(facts["verdict.answer"]) in page
    assert str(facts["method.fingerprint"]) in page


def test_a_failing_section_leaves_the_last_report_and_says_why(tmp_path: Path) -> None:
    old = tmp_path / "quarterly_audit.html"
    old.write_text("last quarter", encoding="utf-8")
    bad = tmp_path / "bad.csv"
    bad.write_text("points,won\n10,maybe\n", encoding="utf-8")
    with pytest.raises(ReportError, match=r"column 'won': expected 1/0.*found 'maybe'") as caught:
        run_report(scored=bad, score="points", outcome="won", output=tmp_path)
    assert "Traceback" not in str(caught.value)
    assert "in the section" not in str(caught.value)  # the file is wrong, not a section
    assert old.read_text(encoding="utf-8") == "last quarter"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "quarterly_audit.html"]


def test_an_unknown_report_is_refused_with_the_known_ones() -> None:
    assert "quarterly_audit" in report_names()
    with pytest.raises(QuestionError, match="did you mean 'quarterly_audit'"):
        run_report("quartely_audit")
    with pytest.raises(QuestionError, match=r"there is no report '\.\./secrets'"):
        run_report("../secrets")


def test_files_appear_together_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    real = running._beside

    def breaks(path: Path, text: str) -> Path:
        if made:
            raise OSError(28, "No space left on device")
        made.append(real(path, text))
        return made[0]

    monkeypatch.setattr(running, "_beside", breaks)
    with pytest.raises(ReportError, match="No space left on device"):
        running._write_all({tmp_path / "a.html": "new", tmp_path / "a.ipynb": "new"})
    assert list(tmp_path.iterdir()) == []
