"""The command that makes any report there is a notebook of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from toolkit.errors import nearest_first

if TYPE_CHECKING:
    from toolkit.report import ReportParameter, ReportResult

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
    from toolkit.report import report_parameters, run_report

    if name is None:
        _list_reports()
        return
    given = {"crm": crm, "model": model, **_settings(settings or (), report_parameters(name))}
    show_result(run_report(name, output=output, **given))


def _list_reports() -> None:
    from toolkit.report import report_names, report_parameters

    for name in report_names():
        _out.print(Text(name, style="bold"))
        for parameter, found in report_parameters(name).items():
            meaning = f": {found.meaning}" if found.meaning else ""
            _out.print(
                f"  {parameter} = {found.default}{meaning} ({found.expected})", soft_wrap=True
            )


def _settings(texts: Sequence[str], known: Mapping[str, ReportParameter]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise typer.BadParameter(f"--set {text}: expected name=value, e.g. quarter=2026Q2")
        if key.strip() in _OPTIONS:
            raise typer.BadParameter(f"--set {text}: give it as --{key.strip()}")
        if key.strip() in found:
            raise typer.BadParameter(f"--set {key.strip()} is given twice")
        if key.strip() not in known:
            near = nearest_first(key.strip(), tuple(known))
            raise typer.BadParameter(
                f"--set {key.strip()}: the report has no such parameter: {near}"
            )
        found[key.strip()] = known[key.strip()].read(value.strip())
    return found


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
