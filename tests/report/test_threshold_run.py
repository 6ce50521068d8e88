"""The threshold review as files: on the demo and on a flat file."""

from __future__ import annotations

import json
import re

import nbformat
import pandas as pd
import pytest

from toolkit.crm.demo import make_demo
from toolkit.report import run as running
from toolkit.report import run_report
from toolkit.report.run import ReportResult

NASTY = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def crm_report(tmp_path_factory: pytest.TempPathFactory) -> ReportResult:
    """The review of a small demo CRM."""
    folder = tmp_path_factory.mktemp("crm")
    make_demo(folder / "demo", leads=3000)
    return run_report(
        "threshold",
        crm=folder / "demo",
        model=folder / "demo" / "model.yaml",
        value_per_positive=2000,
        cost_per_lead=150,
        currency=NASTY,
        hours_per_lead=1.5,
        capacity_per_week=5,
        prepared_on="2026-10-05",
        output=folder / "out",
    )


@pytest.fixture(scope="module")
def flat_reports(tmp_path_factory: pytest.TempPathFactory) -> list[ReportResult]:
    """The review of one flat file twice, into different places."""
    path = tmp_path_factory.mktemp("flat") / "leads.csv"
    rows = [(p, o) for p in range(30) for o in [1] * p + [0] * (40 - p)]
    pd.DataFrame(rows, columns=["points", "won"]).to_csv(path, index=False)
    return [
        run_report(
            "threshold",
            scored=path,
            score="points",
            outcome="won",
            scored_before_outcome=True,
            threshold=15,
            cost_ratio=0.5,
            prepared_on="2026-10-05",
            output=tmp_path_factory.mktemp(name),
        )
        for name in ("one", "other")
    ]


def facts(result: ReportResult) -> dict[str, object]:
    return dict(json.loads(result.facts.read_text(encoding="utf-8")))


def test_the_demo_is_answered_as_far_as_it_can_be(crm_report: ReportResult) -> None:
    found = facts(crm_report)
    assert found["verdict.answer"] == "Cannot be told from this data"
    assert found["threshold.today"] == 50
    assert "Contact a random" in crm_report.html.read_text(encoding="utf-8")
    assert found["report.headline"] == crm_report.headline


def test_a_declared_flat_file_is_answered_from_its_rows(flat_reports: list[ReportResult]) -> None:
    found = facts(flat_reports[0])
    # At 15: 15 + ... + 29 = 330 of 15 * 40 leads.
    assert found["today.positives"] == sum(range(15, 30))
    assert found["today.n"] == 15 * 40
    assert found["verdict.answer"] in {"Yes", "No"}


def test_the_same_inputs_give_the_same_bytes(flat_reports: list[ReportResult]) -> None:
    one, other = flat_reports
    for name in ("html", "notebook", "facts"):
        assert getattr(one, name).read_bytes() == getattr(other, name).read_bytes(), name


@pytest.mark.parametrize("kind", ["crm", "flat"])
def test_the_page_holds_no_code_script_or_address(
    kind: str, request: pytest.FixtureRequest
) -> None:
    made = request.getfixturevalue("crm_report" if kind == "crm" else "flat_reports")
    page = (made if kind == "crm" else made[0]).html.read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"https?:|//[a-z0-9]+\.[a-z]", page)
    assert "report.show_" not in page
    assert page.count("<h1") == 1
    drawn = re.findall(r"<svg [^>]*>", page)
    assert len(drawn) >= 3
    assert all(re.search(r"role='img' aria-label='[^']{40,}'", figure) for figure in drawn)


def test_the_source_notebook_is_committed_without_outputs() -> None:
    source = nbformat.read(running._notebook("threshold_review"), as_version=4)
    code = [cell for cell in source.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert all(cell.source.count("report.") <= 1 for cell in code)
