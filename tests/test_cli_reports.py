from pathlib import Path

import pytest
from typer.testing import CliRunner

from toolkit.cli import app
from toolkit.cli_reports import _settings
from toolkit.errors import QuestionError
from toolkit.report import report_parameters
from toolkit.report.run import _chosen


def _run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["report", *words], env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_without_a_name_every_report_is_listed_with_what_it_takes() -> None:
    code, text = _run()
    assert code == 0
    assert "quarterly_audit" in text
    assert "  within_days = 90: days within which a lead must reach the outcome (a whole" in text
    assert "  capacity_per_week = None: leads that sales can work in a week (a number)" in text


def test_the_beginning_of_a_name_is_enough_in_singular_or_plural() -> None:
    assert _chosen("quarterly") == "quarterly_audit"
    assert _chosen("quarterly_audits") == "quarterly_audit"
    assert _chosen("") == ""
    assert report_parameters("quarterly")["outcome"].default == "'sql'"


def test_settings_are_read_as_what_the_report_takes() -> None:
    given = ["within_days=30", "cost_ratio=0.5", "scored_before_outcome=true", "score=[17, 18]"]
    given += ["quarter=2026", "outcome=a=b"]
    expected = {
        "within_days": 30,
        "cost_ratio": 0.5,
        "scored_before_outcome": True,
        "score": ["17", "18"],
        "quarter": "2026",
        "outcome": "a=b",
    }
    assert _settings(given, report_parameters("quarterly")) == expected


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("quarter", "expected name=value"),
        ("=3", "expected name=value"),
        ("crm=x", "give it as --crm"),
        ("progress=true", "has no such parameter"),
        ("quartr=2026Q2", "did you mean 'quarter'"),
    ],
)
def test_a_setting_that_is_none_is_refused(setting: str, said: str) -> None:
    code, text = _run("quarterly", "--set", setting)
    assert code == 2
    assert said in text


def test_a_setting_given_twice_is_refused() -> None:
    code, text = _run("quarterly", "--set", "quarter=2026Q1", "--set", "quarter=2026Q2")
    assert code == 2
    assert "given twice" in text


def test_a_text_for_a_number_is_refused_before_anything_runs(tmp_path: Path) -> None:
    words = ["report", "threshold", "--set", "cost_ratio=a tenth", "-o", str(tmp_path)]
    said = r"'cost_ratio' of report 'threshold_review' is 'a tenth': expected a number \(a wasted"
    with pytest.raises(QuestionError, match=said):
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []
