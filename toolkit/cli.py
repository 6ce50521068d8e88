"""The command `leadscore`: thin, and no traceback ever reaches its user."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from toolkit.cli_checks import commands as check_commands
from toolkit.cli_models import commands
from toolkit.cli_reports import commands as report_commands
from toolkit.cli_reports import show_result
from toolkit.cli_scores import commands as score_commands
from toolkit.errors import ToolkitError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["app", "main"]

app = typer.Typer(
    name="leadscore",
    help="Backtest, measure and recalibrate a point-based lead-scoring model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(check_commands)  # check, reconcile
app.add_typer(commands)  # init, export, import
app.add_typer(report_commands)
app.add_typer(score_commands)  # score
# No markup: a path or a lead id may hold brackets.
_out = Console(highlight=False, markup=False)
_err = Console(stderr=True, highlight=False, markup=False)

CrmOption = Annotated[
    Path,
    typer.Option("--crm", help="crm.yaml, a folder of CSV or Parquet files, or a .duckdb file."),
]
ModelOption = Annotated[Path, typer.Option("--model", help="The model file (YAML).")]
OutputOption = Annotated[Path, typer.Option("--output", "-o", help="Folder for the report.")]


@app.command()
def demo(
    output: OutputOption = Path("reports/demo"),
    leads: Annotated[int, typer.Option(min=1_000, help="Leads to draw.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 20260701,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write Parquet, not CSV.")] = False,
) -> None:
    """Draw a synthetic CRM with planted truth, and audit it."""
    from toolkit.crm.demo import DemoPlan, make_demo
    from toolkit.report import run_report

    folder = output / "crm"
    with _err.status(f"Drawing {leads:,} leads with their activities and outcomes"):
        make_demo(
            folder,
            leads=leads,
            seed=seed,
            format="parquet" if parquet else "csv",
            plan=DemoPlan(recorded="faithful"),
        )
    _err.print(f"The demo CRM is in {folder} (planted truth: truth.json)")
    show_result(
        run_report(
            "quarterly_audit",
            crm=folder / "crm.yaml",
            model=folder / "model.yaml",
            hand_raisers="demo",
            output=output,
        )
    )


@app.command()
def audit(
    crm: Annotated[
        Path | None,
        typer.Option(
            exists=True, help="crm.yaml, a folder of CSV or Parquet files, or a .duckdb file."
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(exists=True, help="The model file (YAML).")] = None,
    scored: Annotated[
        Path | None,
        typer.Option(
            exists=True, help="A flat file with a score and an outcome, instead of a CRM."
        ),
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option(help="Column with the score; give it twice to add two columns."),
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option(help="The stage to reach (default: sql); with --scored the outcome column."),
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="With --scored: the column that names the account.")
    ] = None,
    scored_before_outcome: Annotated[
        bool,
        typer.Option(
            "--scored-before-outcome",
            help="With --scored: you declare that scores were recorded before outcomes.",
        ),
    ] = False,
    quarter: Annotated[
        str | None,
        typer.Option(help="E.g. 2026Q2; default: the latest whose outcome window has closed."),
    ] = None,
    within: Annotated[
        int | None, typer.Option(min=1, help="Days in which the outcome must come; default: 90.")
    ] = None,
    age: Annotated[
        int | None, typer.Option(min=0, help="Days after creation at which to score; default: 14.")
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(help="Hand-off threshold; default: the model's.")
    ] = None,
    segment: Annotated[
        str | None, typer.Option(help="A column by which rates are shown, e.g. region.")
    ] = None,
    hand_raiser: Annotated[
        list[str] | None,
        typer.Option(help="Criterion (id) by which a lead asks to be called, e.g. demo_request."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(min=0, max=0.5, help="By how much a score must beat chance (share of pairs)."),
    ] = None,
    cost_ratio: Annotated[
        float | None,
        typer.Option(min=0, help="Cost of working a lead in vain / gain from one that converts."),
    ] = None,
    capacity: Annotated[
        float | None, typer.Option(min=0, help="Leads that sales can work in a week.")
    ] = None,
    accept_mismatch: Annotated[
        bool,
        typer.Option(
            "--accept-mismatch",
            help="Audit although recorded and replayed scores differ; page one says so.",
        ),
    ] = False,
    output: OutputOption = Path("reports/audit"),
) -> None:
    """Audit a model against history: does it rank, is an MQL worth the call, what can't be told."""
    from toolkit.report import run_report

    declared = scored_before_outcome or None
    dated = {"--model": model, "--quarter": quarter, "--within": within, "--age": age,
             "--accept-mismatch": accept_mismatch or None, "--hand-raiser": hand_raiser}  # fmt: skip
    flat = {"--score": score, "--account": account, "--scored-before-outcome": declared}
    _one_source(crm, scored, dated, {**flat, "--outcome": outcome})
    show_result(
        run_report(
            "quarterly_audit",
            crm=crm,
            model=model,
            quarter=quarter,
            within_days=within,
            age_days=age,
            scored=scored,
            score=score or None,
            account=account,
            scored_before_outcome=declared,
            outcome=outcome,
            segment=segment,
            hand_raisers=hand_raiser or None,
            threshold=threshold,
            margin=margin,
            cost_ratio=cost_ratio,
            capacity_per_week=capacity,
            accept_mismatch=accept_mismatch or None,
            output=output,
        )
    )


def _one_source(
    crm: Path | None, scored: Path | None, dated: Mapping[str, object], flat: Mapping[str, object]
) -> None:
    """Refuse a missing option, and one that would change nothing."""
    if (crm is None) == (scored is None):
        raise typer.BadParameter("give either --crm with --model, or --scored with --score")
    if crm is not None and dated["--model"] is None:
        raise typer.BadParameter("--crm needs --model: which points should be audited?")
    if scored is not None and not flat["--score"]:
        raise typer.BadParameter("--scored needs --score: which column holds the score?")
    if scored is not None and flat["--outcome"] is None:
        raise typer.BadParameter("--scored needs --outcome: which column says who converted?")
    source, others = ("--crm", flat) if scored is None else ("--scored", dated)
    for name, value in others.items():
        if value is not None and value != [] and name != "--outcome":
            raise typer.BadParameter(f"{name} does not go with {source}: leave it out")


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The model file as it was.")],
    new: Annotated[Path, typer.Argument(help="The model file as it is.")],
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Write a Markdown table, for a pull request.")
    ] = False,
) -> None:
    """Say in words what differs between two versions of a model."""
    from toolkit.model import diff_models, load_model

    found = diff_models(load_model(old), load_model(new))
    _out.print(Text(found.markdown.rstrip() if markdown else found.text), soft_wrap=True)


@app.command()
def explain(
    lead: Annotated[str, typer.Argument(help="The lead_id.")],
    crm: CrmOption,
    model: ModelOption,
    as_of: Annotated[
        str | None,
        typer.Option(help="A date (its end) or a UTC time; default: the end of the export."),
    ] = None,
) -> None:
    """Show the points of one lead, each with its date."""
    from toolkit.backtest import explain_lead
    from toolkit.crm import connect
    from toolkit.model import load_model

    why = explain_lead(load_model(model), connect(crm), lead, as_of=as_of)
    table = why.table.assign(
        date=why.table["date"].dt.strftime("%Y-%m-%d %H:%M").fillna(""),
        until=why.table["until"].dt.strftime("%Y-%m-%d %H:%M").fillna(""),
    )
    _show(
        table[["label", "why", "date", "until", "points"]],
        f"Lead {lead} at {why.as_of:%Y-%m-%d %H:%M:%S} UTC",
    )
    _out.print(f"Score {why.score} (fit {why.fit}, behavior {why.behavior})")
    if why.gate is not None:
        _out.print(f"A gate decides this lead whatever its score: {why.gate}")


def _show(table: pd.DataFrame, title: str) -> None:
    shown = Table(title=title, title_justify="left")
    for name in table.columns:
        number = table[name].dtype.kind in "iuf"
        shown.add_column(str(name), justify="right" if number else "left", overflow="fold")
    for row in table.astype(str).to_numpy().tolist():
        shown.add_row(*(Text(cell) for cell in row))
    _out.print(shown)


def main() -> None:
    """Run the command line; errors are one readable message and a non-zero exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal without a sign for minus gets a question mark, not a failure.
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="leadscore")
    except ToolkitError as error:
        _err.print(Text(f"{type(error).__name__}: {error}", style="red"))
        sys.exit(2)
    except Exception as error:
        if os.environ.get("LEADSCORE_DEBUG"):
            raise
        _err.print(
            Text(
                f"Unexpected {type(error).__name__}. This is a fault of the toolkit; set "
                "LEADSCORE_DEBUG=1 and run again for the details to report.",
                style="red",
            )
        )
        sys.exit(70)
