"""The command that makes any report there is a notebook of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from toolkit.report import ReportResult

__all__ = ["commands", "show_result"]

commands = typer.Typer()
_out = Console(highlight=False, markup=False)
_OPTIONS = ("crm", "model", "output")


@commands.command()
def report(
    name: Annotated[
        str | None,
        typer.Argument(
            help="The report, or the beginning of its name; without one all are listed."
        ),
    ] = None,
    crm: Annotated[
        Path | None,
        typer.Option(
            exists=True, help="crm.yaml, a folder of CSV or Parquet files, or a .duckdb file."
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(exists=True, help="The model file (YAML).")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A further parameter, e.g. --set quarter=2026Q2; repeat it."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the report, or its .html file.")
    ] = Path("reports"),
) -> None:
    """Make a report for a review meeting (without a name: list them, with what each takes)."""
    from toolkit.report import run_report

    if name is None:
        _list_reports()
        return
    given = {"crm": crm, "model": model, **_settings(settings or ())}
    for key in given:
        if key in {"name", "progress"}:
            raise typer.BadParameter(f"--set {key}: that is no parameter of a report")
    show_result(run_report(name, output=output, **given))


def _list_reports() -> None:
    from toolkit.report import report_names, report_parameters

    for name in report_names():
        _out.print(Text(name, style="bold"))
        for parameter, default in report_parameters(name).items():
            _out.print(f"  {parameter} = {default}", soft_wrap=True)


def _settings(texts: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise typer.BadParameter(f"--set {text}: expected name=value, e.g. quarter=2026Q2")
        if key.strip() in _OPTIONS:
            raise typer.BadParameter(f"--set {text}: give it as --{key.strip()}")
        if key.strip() in found:
            raise typer.BadParameter(f"--set {key.strip()} is given twice")
        found[key.strip()] = _value(value.strip())
    return found


def _value(text: str) -> str | float | bool | list[str]:
    """Read a number, true or false, a list in brackets; anything else is a text."""
    if text.casefold() in {"true", "false"}:
        return text.casefold() == "true"
    if text.startswith("[") and text.endswith("]"):
        return [part.strip() for part in text[1:-1].split(",") if part.strip()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def show_result(result: ReportResult) -> None:
    """Print the sentence of a report, and where it was written."""
    _out.print(Text(result.headline, style="bold"))
    for what, path in (
        ("Report", result.html),
        ("Facts", result.facts),
        ("Notebook", result.notebook),
        *(("Beside", path) for path in result.files),
    ):
        # Unbroken, so that it can be copied.
        _out.print(f"{what + ':':9} {path}", soft_wrap=True)
