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
    assert "  within_days = 90" in text


def test_the_beginning_of_a_name_is_enough_in_singular_or_plural() -> None:
    assert _chosen("quarterly") == "quarterly_audit"
    assert _chosen("quarterly_audits") == "quarterly_audit"
    assert _chosen("") == ""
    assert report_parameters("quarterly")["outcome"] == "'sql'"


def test_settings_are_numbers_truths_lists_or_texts() -> None:
    given = ["a=3", "b=0.5", "c=true", "d=[x, y]", "e=2026Q2", "f=a=b"]
    expected = {"a": 3, "b": 0.5, "c": True, "d": ["x", "y"], "e": "2026Q2", "f": "a=b"}
    assert _settings(given) == expected


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("quarter", "expected name=value"),
        ("=3", "expected name=value"),
        ("crm=x", "give it as --crm"),
        ("progress=true", "no parameter of a report"),
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


def test_an_unknown_setting_is_named(tmp_path: Path) -> None:
    words = ["report", "quarterly", "--set", "quartr=2026Q2", "-o", str(tmp_path)]
    with pytest.raises(QuestionError, match="did you mean 'quarter'"):
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []
